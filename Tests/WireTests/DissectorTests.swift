import Testing
import Wire

@Suite struct DissectorTests {
    @Test(arguments: [
        ("", "0800"), ("one tag", "8100 0064 0800"), ("two tags", "88a8 00c8 8100 6064 0800"),
        ("old outer tag", "9100 00c8 8100 0064 0800"),
        ("eight tags", String(repeating: "8100 0001", count: 8) + "0800"),
    ])
    func ethernetWithTags(_ name: String, _ types: String) {
        #expect(dissect(Example.macs + hex(types) + Example.ip) == Example.datagram)
    }

    @Test func ninthTagIsTooMany() {
        let types = hex(String(repeating: "8100 0001", count: 9) + "0800")
        #expect(dissect(Example.macs + types + Example.ip) == .rejected(.tooManyHeaders))
    }

    @Test(arguments: [
        (LinkType.linuxSLL, "0002 0001 0006 0200000000010000 0800"),
        (.linuxSLL, "0002 0001 0006 0200000000010000 8100 0064 0800"),
        (.linuxSLL2, "0800 0000 00000007 0001 02 06 0200000000010000"),
        (.linuxSLL2, "8100 0000 00000007 0001 02 06 0200000000010000 0064 0800"),
        (.null, "02000000"), (.null, "00000002"), (.loop, "00000002"), (.raw, ""),
        (.ipv4, ""), (LinkType(rawValue: 12), ""), (LinkType(rawValue: 14), ""),
    ])
    func otherLinkLayers(_ linkType: LinkType, _ header: String) {
        #expect(dissect(hex(header) + Example.ip, linkType: linkType) == Example.datagram)
        // Every header cut short is a runt, and cut by the capture if the wire had more.
        for count in 0..<hex(header).count + 20 {
            let cut = Array((hex(header) + Example.ip).prefix(count))
            #expect(dissect(cut, linkType: linkType) == .rejected(.runt))
            #expect(
                dissect(cut, linkType: linkType, originalLength: 100)
                    == .rejected(.cutBySnapLength))
        }
    }

    @Test func loopTakesNetworkOrderOnly() {
        let swapped = hex("02000000") + Example.ip
        #expect(dissect(swapped, linkType: .loop) == .rejected(.otherProtocol))
    }

    @Test(arguments: [192, 197, 105, 65_535] as [UInt16])
    func unknownLinkLayersAreNotGuessed(_ number: UInt16) {
        let outcome = dissect(Example.frame, linkType: LinkType(rawValue: number))
        #expect(outcome == .rejected(.unsupportedLinkType))
    }

    @Test(arguments: ["0806", "88f7", "0026", "88b5", "d28b"])
    func otherEtherTypes(_ type: String) {
        #expect(dissect(Example.macs + hex(type) + Example.ip) == .rejected(.otherProtocol))
    }

    // MARK: IPv4

    private func dissectIP(
        _ packet: [UInt8], originalLength: Int? = nil, verify: Bool = false
    ) -> Outcome {
        dissect(packet, linkType: .raw, originalLength: originalLength, verifyUDPChecksum: verify)
    }

    @Test func paddingTrailerAndFCSAreNotPayload() {
        let trailer = hex("a85f7967 6553f100 075bcd15 01 002a 07")
        #expect(dissect(Example.frame + [0, 0, 0, 0, 0, 0, 0, 0]) == Example.datagram)
        #expect(dissect(Example.frame + trailer) == Example.datagram)
        #expect(dissect(Example.frame + hex("a85f7967"), fcsLength: 4) == Example.datagram)
        // What is declared as check sequence is cut off, also where it cannot be one.
        #expect(dissect(Example.frame, fcsLength: 4) == .rejected(.contradictoryLengths))
    }

    @Test func headerOptionsAreSkipped() {
        let header = Array(Example.ip[..<20]) + hex("94040000") + Array(Example.ip[20...])
        var packet = header
        packet[0] = 0x46
        packet[3] += 4
        // Router alert adds 0x9404, the longer header 0x0100, the longer packet 0x0004.
        let sum = 0x7fc1 - 0x9404 - 0x0104 + 0xFFFF
        packet[10] = UInt8(sum >> 8)
        packet[11] = UInt8(sum & 0xFF)
        #expect(dissectIP(packet) == Example.datagram)
    }

    @Test func headerChecksumIsVerified() {
        for bit in 0..<160 where bit / 8 != 0 || bit % 8 != 7 {
            var packet = Example.ip
            packet[bit / 8] ^= 1 << UInt8(bit % 8)
            let outcome = dissectIP(packet)
            switch bit / 8 {
            // The version and header length are looked at before the checksum can be.
            case 0: #expect(outcome != Example.datagram)
            default: #expect(outcome == .rejected(.badIPv4Checksum), "bit \(bit)")
            }
        }
    }

    @Test(arguments: [
        (6, "2000", PacketRejection.fragment), (6, "0001", .fragment), (6, "1fff", .fragment),
        (9, "06", .otherProtocol), (9, "02", .otherProtocol),
        (2, "0027", .contradictoryLengths), (2, "ffff", .contradictoryLengths),
        (2, "001b", .contradictoryLengths), (2, "0013", .contradictoryLengths),
        (24, "0013", .contradictoryLengths), (24, "0007", .contradictoryLengths),
        (24, "0000", .contradictoryLengths), (24, "ffff", .contradictoryLengths),
    ])
    func impossibleFieldsAreCounted(_ offset: Int, _ value: String, _ reason: PacketRejection) {
        #expect(dissectIP(Example.ip([offset: hex(value)])) == .rejected(reason))
    }

    @Test func reservedAndDontFragmentBitsAreNoFragments() {
        #expect(dissectIP(Example.ip([6: hex("4000")])) == Example.datagram)
        #expect(dissectIP(Example.ip([6: hex("8000")])) == Example.datagram)
    }

    @Test(arguments: [0x35, 0x65, 0x44, 0x40, 0x05] as [UInt8])
    func impossibleFirstByte(_ byte: UInt8) {
        var packet = Example.ip
        packet[0] = byte
        #expect(dissect(packet, linkType: .ipv4) == .rejected(.badIPHeader))
    }

    @Test func totalLengthZeroMeansAllThatWasCaptured() {
        let packet = Example.ip([2: hex("0000")])
        #expect(dissectIP(packet) == Example.datagram)
        #expect(dissectIP(packet + hex("00000000")) == Example.datagram)
        #expect(dissectIP(Array(packet.dropLast())) == .rejected(.contradictoryLengths))
        let cut = Array(packet.dropLast())
        #expect(dissectIP(cut, originalLength: 38) == .rejected(.cutBySnapLength))
        #expect(dissectIP(Array(packet[..<24])) == .rejected(.runt))
    }

    @Test func captureCutInsideThePayloadIsCounted() {
        for count in 20..<38 {
            let cut = Array(Example.ip[..<count])
            #expect(dissectIP(cut, originalLength: 38) == .rejected(.cutBySnapLength))
            #expect(dissectIP(cut) == .rejected(.contradictoryLengths))
        }
    }

    @Test func shorterUDPLengthIsLegal() {
        guard case .datagram(let datagram) = dissectIP(Example.ip([24: hex("000a")])) else {
            Issue.record("rejected")
            return
        }
        #expect(datagram.payload == [UInt8]("HE".utf8))
        guard case .datagram(let empty) = dissectIP(Example.ip([24: hex("0008")])) else {
            Issue.record("rejected")
            return
        }
        #expect(empty.payload == [])
    }

    @Test func udpChecksumIsVerifiedOnRequest() {
        let wrong = Example.ip([26: hex("1a3c")])
        let absent = Example.ip([26: hex("0000")])
        #expect(dissectIP(Example.ip, verify: true) == Example.datagram)
        #expect(dissectIP(absent, verify: true) == Example.datagram)
        #expect(dissectIP(wrong, verify: true) == .rejected(.badUDPChecksum))
        #expect(dissectIP(wrong) == Example.datagram)
        for index in 28..<38 {
            var packet = Example.ip
            packet[index] ^= 0x20
            #expect(dissectIP(packet, verify: true) == .rejected(.badUDPChecksum))
        }
    }
}
