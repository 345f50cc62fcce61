import Testing
import Wire

@Suite struct IPv6Tests {
    /// fe80::1 to ff02::1:2, UDP 1000 to 26400.
    private func packet(
        next: String = "11", extensions: String = "", length: Int? = nil, checksum: String
    ) -> [UInt8] {
        let body = hex(extensions) + hex("03e8 6720 0012 \(checksum) 48454c4c4f574f524c44")
        let count = length ?? body.count
        return hex("60000000") + [UInt8(count >> 8), UInt8(count & 0xFF)] + hex(next + "40")
            + hex("fe800000000000000000000000000001 ff020000000000000000000000010002") + body
    }

    private let datagram = Outcome.datagram(
        OwnedDatagram(
            source: "fe80::1", destination: "ff02::1:2", sourcePort: 1000,
            destinationPort: 26_400, payload: [UInt8]("HELLOWORLD".utf8)))

    /// 0x17BB was computed by tshark.
    private let checksum = "17bb"

    @Test func plainOverEveryLinkLayer() {
        let plain = packet(checksum: checksum)
        #expect(dissect(Example.macs + hex("86dd") + plain) == datagram)
        #expect(dissect(plain, linkType: .raw) == datagram)
        #expect(dissect(plain, linkType: .ipv6) == datagram)
        for family in ["18000000", "0000001c", "1e000000"] {
            #expect(dissect(hex(family) + plain, linkType: .null) == datagram)
        }
        #expect(dissect(plain, linkType: .ipv4) == .rejected(.badIPHeader))
    }

    @Test(arguments: [
        ("00", "1100010400000000"), ("3c", "1100010400000000"), ("2b", "1100010400000000"),
        ("87", "1100010400000000"),
        // Authentication header: 2 + 2 words.
        ("33", "11020000 00000001 00000002 00000003"),
        // A fragment header that says "the whole packet".
        ("2c", "1100000000000001"),
        ("00", "3c00010400000000 1101010400000000 0000000000000000"),
    ])
    func extensionHeadersAreSkipped(_ next: String, _ extensions: String) {
        let whole = packet(next: next, extensions: extensions, checksum: checksum)
        #expect(dissect(whole, linkType: .ipv6, verifyUDPChecksum: true) == datagram)
    }

    @Test(arguments: [
        ("2c", "1100000100000001", PacketRejection.fragment),
        ("2c", "1100000800000001", .fragment), ("06", "", .otherProtocol),
        ("32", "", .otherProtocol), ("3b", "", .otherProtocol),
        ("00", "11ff010400000000", .contradictoryLengths),
        (
            "00", String(repeating: "0000010400000000", count: 8) + "1100010400000000",
            .tooManyHeaders
        ),
    ])
    func whatIsNoWholeUDPIsCounted(
        _ next: String, _ extensions: String, _ reason: PacketRejection
    ) {
        let whole = packet(next: next, extensions: extensions, checksum: checksum)
        #expect(dissect(whole, linkType: .ipv6) == .rejected(reason))
    }

    @Test func lengthsMustAgree() {
        let tooLong = packet(length: 19, checksum: checksum)
        #expect(dissect(tooLong, linkType: .ipv6) == .rejected(.contradictoryLengths))
        #expect(
            dissect(tooLong, linkType: .ipv6, originalLength: 59) == .rejected(.cutBySnapLength))
        for length in 0..<18 {
            let tooShort = packet(length: length, checksum: checksum)
            #expect(dissect(tooShort, linkType: .ipv6) == .rejected(.contradictoryLengths))
        }
        let padded = packet(checksum: checksum) + [1, 2, 3]
        #expect(dissect(padded, linkType: .ipv6) == datagram)
    }

    @Test func checksumIsRequired() {
        func verified(_ checksum: String) -> Outcome {
            dissect(packet(checksum: checksum), linkType: .ipv6, verifyUDPChecksum: true)
        }
        #expect(verified(checksum) == datagram)
        #expect(verified("17bc") == .rejected(.badUDPChecksum))
        #expect(verified("0000") == .rejected(.badUDPChecksum))
    }
}

@Suite struct IPAddressTests {
    @Test(
        arguments: [
            ("0.0.0.0", 0), ("10.0.0.1", 0x0A00_0001), ("239.1.2.3", 0xEF01_0203),
            ("255.255.255.255", 0xFFFF_FFFF),
        ] as [(String, UInt32)])
    func v4(_ text: String, _ number: UInt32) {
        let address = IPAddress(text)
        #expect(address == IPAddress(v4: number))
        #expect(address?.v4 == number)
        #expect(address?.description == text)
        #expect(IPAddress("::ffff:\(text)") == address)
    }

    @Test(arguments: ["::", "::1", "fe80::1", "2001:db8::8:800:200c:417a", "ff02::1:2"])
    func v6(_ text: String) {
        #expect(IPAddress(text)?.description == text)
        #expect(IPAddress(text)?.v4 == nil)
    }

    @Test(arguments: [
        "", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", " 1.2.3.4", "1.2.3.4 ",
        "1.2.3.4\0", "fe80::1::2", "fe80::1%eth0", "host",
    ])
    func notAnAddress(_ text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test(arguments: [
        ("223.255.255.255", false), ("224.0.0.0", true), ("239.255.255.255", true),
        ("240.0.0.0", false), ("ff02::1", true), ("fe80::1", false), ("::e000:1", false),
    ])
    func multicast(_ text: String, _ expected: Bool) {
        #expect(IPAddress(text)?.isMulticast == expected)
    }
}
