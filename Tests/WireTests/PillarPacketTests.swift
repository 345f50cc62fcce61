import Testing
import Ticks
import Wire

/// Packet headers of NYSE Pillar and OpenBook Ultra.
@Suite struct PillarPacketTests {
    /// nyse-xdp.md §9: an add of 2022-02-23.
    static let add = hex(
        """
        37000b01b5cf0000af841662009e930a270064000064930a6613000006000000e9a600000001010090bd9800b0\
        04000042202020202000
        """)

    private func parse(
        _ bytes: [UInt8], _ transport: TransportDefinition = PillarPacket.transport,
        _ body: (TransportPacket) -> Void = { _ in Issue.record("not to be parsed") }
    ) -> TransportRejection? {
        bytes.withUnsafeBytes { raw in
            switch transport.parse(raw, TransportOptions()) {
            case .packet(let packet):
                body(packet)
                return nil
            case .rejected(let reason):
                return reason
            }
        }
    }

    /// The live packet with other bytes in its header.
    private func changed(_ change: (inout [UInt8]) -> Void) -> [UInt8] {
        var bytes = Self.add
        change(&bytes)
        return bytes
    }

    @Test func liveBytes() {
        let reason = parse(Self.add) { packet in
            #expect(packet.kind == .data && !packet.resetsSequence)
            #expect(packet.firstSequence == 53173)
            #expect(packet.messageCount == 1 && packet.announcedCount == 1)
            #expect(packet.sendTime == 1_645_642_927_177_446_400)
            #expect(Array(packet.blocks) == Array(Self.add[16...]) && packet.trailingBytes == 0)
            #expect(packet.session == SessionIdentifier(high: 0, low: 0))
        }
        #expect(reason == nil)
    }

    /// Ethernet pads short packets: what is behind the packet's size belongs to no message.
    @Test func heartbeat() {
        let bytes = hex("1000 01 00 02000000 373cb461 003d6603 0000")
        let reason = parse(bytes) { packet in
            #expect(packet.kind == .heartbeat && packet.firstSequence == 2)
            #expect(packet.messageCount == 0 && packet.announcedCount == 0)
            #expect(packet.trailingBytes == 2)
        }
        #expect(reason == nil)
    }

    @Test(arguments: [
        (UInt8(10), TransportPacketKind.data, UInt64(53173)), (11, .data, 53173),
        (13, .data, 53173), (15, .data, 53173), (17, .unsequenced, 0), (18, .unsequenced, 0),
        (19, .unsequenced, 0), (20, .unsequenced, 0), (21, .unsequenced, 0),
    ])
    func deliveryFlags(flag: UInt8, kind: TransportPacketKind, sequence: UInt64) {
        let reason = parse(changed { $0[2] = flag }) { packet in
            #expect(packet.kind == kind && packet.firstSequence == sequence)
            #expect(packet.messageCount == 1 && !packet.resetsSequence)
        }
        #expect(reason == nil)
    }

    /// A reset has its own flag, or after a failover that of the failover.
    @Test(arguments: [UInt8(10), 12])
    func resets(flag: UInt8) {
        let bytes =
            hex("1e000c0101000000") + hex("a756ce59 a1b43805")
            + hex("0e0001007cce56ce59a1b4380b01")
        let reason = parse([UInt8](bytes[..<2]) + [flag] + bytes[3...]) { packet in
            #expect(packet.kind == .data && packet.resetsSequence)
            #expect(packet.firstSequence == 1 && packet.messageCount == 1)
        }
        #expect(reason == nil)
    }

    @Test func damage() {
        for length in 0..<16 { #expect(parse(Array(Self.add[..<length])) == .headerCut) }
        #expect(parse(changed { $0[0] = 15 }) == .badLength)
        #expect(parse(changed { $0[0] = 56 }) == .badLength)
        #expect(
            parse(changed { $0.replaceSubrange(4..<8, with: [0, 0, 0, 0]) }) == .sequenceOutOfRange)
        // Two messages announced, one there; and one whose size is not even its own.
        var reason = parse(changed { $0[3] = 2 }) { packet in
            #expect(packet.messageCount == 1 && packet.announcedCount == 2)
            #expect(packet.blocks.count == 39)
        }
        #expect(reason == nil)
        reason = parse(changed { $0[16] = 1 }) { packet in
            #expect(packet.messageCount == 0 && packet.announcedCount == 1)
            #expect(packet.blocks.isEmpty && packet.trailingBytes == 39)
        }
        #expect(reason == nil)
    }

    @Test func roundTrip() {
        let message = Array(Self.add[16...])
        let contents = PacketContents(
            sequence: 53173, sendTime: 1_645_642_927_177_446_400, messages: [message])
        #expect(PillarPacket.encode(contents) == Self.add)
        let idle = PillarPacket.encode(PacketContents(sequence: 9, isHeartbeat: true))
        #expect(idle == hex("1000 0100 09000000 00000000 00000000"))
        let reset = [14, 0, 1, 0] + [UInt8](repeating: 0, count: 10)
        let packet = PillarPacket.encode(PacketContents(sequence: 1, messages: [reset]))
        #expect(packet[2] == PillarPacket.DeliveryFlag.sequenceReset)
    }

    // MARK: OpenBook Ultra

    private let update =
        [UInt8](repeating: 0, count: 2) + [0, 231] + [UInt8](repeating: 7, count: 36)

    @Test func openBookRoundTrip() {
        let bytes = OpenBookPacket.encode(PacketContents(sequence: 500_233, messages: [update]))
        #expect(bytes.count == 40 && bytes[0] == 0 && bytes[1] == 38)
        var reason = parse(bytes + [0, 0], OpenBookPacket.transport) { packet in
            #expect(packet.kind == .data && packet.firstSequence == 500_233)
            #expect(packet.messageCount == 1 && packet.announcedCount == 1)
            #expect(Array(packet.blocks) == bytes && packet.trailingBytes == 2)
            #expect(!packet.resetsSequence)
        }
        #expect(reason == nil)
        let idle = OpenBookPacket.encode(PacketContents(sequence: 0, isHeartbeat: true))
        reason = parse(idle, OpenBookPacket.transport) { packet in
            #expect(packet.kind == .unsequenced && packet.firstSequence == 0)
            #expect(packet.messageCount == 1 && Array(packet.blocks) == idle)
        }
        #expect(reason == nil)
        let reset = OpenBookPacket.encode(
            PacketContents(sequence: 1, messages: [[0, 0, 0, 1] + Array(repeating: 0, count: 16)]))
        reason = parse(reset, OpenBookPacket.transport) {
            #expect($0.resetsSequence && $0.firstSequence == 1)
        }
        #expect(reason == nil)
    }

    @Test func openBookDamage() {
        let bytes = OpenBookPacket.encode(PacketContents(sequence: 5, messages: [update]))
        let transport = OpenBookPacket.transport
        for length in 0..<16 { #expect(parse(Array(bytes[..<length]), transport) == .headerCut) }
        for length in 16..<40 { #expect(parse(Array(bytes[..<length]), transport) == .badLength) }
        #expect(parse([0, 13] + bytes[2...], transport) == .badLength)
        var refreshed = bytes
        refreshed[13] = 5
        #expect(parse(refreshed, transport) == .wrongChannel)
        // Sent again under its own number.
        refreshed[13] = 2
        let reason = parse(refreshed, transport) { #expect($0.firstSequence == 5) }
        #expect(reason == nil)
    }
}
