import Testing
import Wire

@Suite struct TCPSegmentTests {
    /// 10.0.0.1:9232 → 10.0.0.2:56316, 12 bytes of options, payload "hello".
    private static let tcp = hex(
        """
        2410 dbfc 00000001 00000002 8018 1000 0000 0000 0101080a0000000100000002 68656c6c6f
        """)
    private static let ip4 =
        hex("4500 0039 0001 4000 4006 0000 0a000001 0a000002") + tcp
    private static let ip6 =
        hex(
            """
            60000000 0025 06 40 20010db8000000000000000000000001 20010db8000000000000000000000002
            """) + tcp

    private func payload(_ bytes: [UInt8], _ linkType: LinkType = .ethernet) -> String? {
        bytes.withUnsafeBytes { raw -> String? in
            let packet = CapturedPacket(
                bytes: raw, timeNanoseconds: 0, originalLength: UInt32(raw.count),
                linkType: linkType)
            guard let segment = PacketDissector().tcpSegment(packet) else { return nil }
            return "\(segment.source):\(segment.sourcePort) "
                + "\(segment.destination):\(segment.destinationPort) "
                + String(decoding: segment.payload, as: UTF8.self)
        }
    }

    @Test(arguments: ["0800", "8100 0064 0800", "88a8 00c8 8100 0064 0800"])
    func overIPv4(_ types: String) {
        // Behind it padding, which is no payload.
        let frame = Example.macs + hex(types) + Self.ip4 + [0, 0, 0]
        #expect(payload(frame) == "10.0.0.1:9232 10.0.0.2:56316 hello")
    }

    @Test func overIPv6AndOtherLinks() {
        let expected = "2001:db8::1:9232 2001:db8::2:56316 hello"
        #expect(payload(Example.macs + hex("86dd") + Self.ip6) == expected)
        #expect(payload(Self.ip6, .raw) == expected)
        #expect(
            payload(hex("0002 0001 0006 0200000000010000 86dd") + Self.ip6, .linuxSLL) == expected)
    }

    @Test func otherProtocolsAndCutPacketsHaveNone() {
        #expect(payload(Example.frame) == nil, "UDP")
        let frame = Example.macs + hex("0800") + Self.ip4
        for length in 0..<frame.count { #expect(payload(Array(frame.prefix(length))) == nil) }
        var odd = frame
        // A header longer than the segment, and one shorter than a header.
        odd[14 + 20 + 12] = 0xF0
        #expect(payload(odd) == nil)
        odd[14 + 20 + 12] = 0x40
        #expect(payload(odd) == nil)
    }

    @Test func wrongIPv4ChecksumsAreTakenOnRequestOnly() {
        var frame = Example.frame
        frame[14 + 10] ^= 0xFF
        frame.withUnsafeBytes { raw in
            let packet = CapturedPacket(
                bytes: raw, timeNanoseconds: 0, originalLength: UInt32(raw.count))
            guard case .rejected(.badIPv4Checksum) = PacketDissector().dissect(packet),
                case .datagram = PacketDissector(verifyIPv4Checksum: false).dissect(packet)
            else {
                Issue.record("the checksum decides by default, and by default alone")
                return
            }
        }
    }
}
