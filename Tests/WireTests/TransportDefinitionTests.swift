import Testing
import Ticks
import Wire

@Suite struct TransportDefinitionTests {
    private func parse(
        _ bytes: [UInt8], _ transport: TransportDefinition, channel: UInt32 = 0,
        _ body: (TransportPacket) -> Void
    ) -> TransportRejection? {
        bytes.withUnsafeBytes { raw in
            switch transport.parse(raw, TransportOptions(channel: channel)) {
            case .packet(let packet):
                body(packet)
                return nil
            case .rejected(let reason):
                return reason
            }
        }
    }

    @Test func moldRoundTrip() {
        let transport = MoldUDP64.transport
        #expect(transport.framing == .mold && transport.unit == .messages && !transport.isTimed)
        let session = MoldUDP64Encoder.session("20240102")
        let bytes = transport.encode(
            PacketContents(session: session.high, sequence: 7, messages: [[1], [], [2, 3]]))
        let reason = parse(bytes, transport) { packet in
            #expect(packet.session == session && packet.firstSequence == 7)
            #expect(packet.messageCount == 3 && packet.announcedCount == 3)
            #expect(packet.kind == .data && !packet.resetsSequence)
            #expect(Array(packet.blocks) == [0, 1, 1, 0, 0, 0, 2, 2, 3])
        }
        #expect(reason == nil)
        let idle = transport.encode(
            PacketContents(session: session.high, sequence: 10, isHeartbeat: true))
        _ = parse(idle, transport) { #expect($0.kind == .heartbeat && $0.firstSequence == 10) }
    }

    @Test func iexRoundTrip() {
        let transport = IEXTP.transport(for: .deep10)
        #expect(transport.framing == .iex && transport.isTimed && transport.defaultChannel == 1)
        let bytes = transport.encode(
            PacketContents(
                session: 5, sequence: 7, sendTime: 99, streamOffset: 1000, channel: 3,
                messages: [[1], [2, 3]]))
        for channel in [UInt32(3), 0] {
            let reason = parse(bytes, transport, channel: channel) { packet in
                #expect(packet.session.high == 5 << 32 && packet.firstSequence == 7)
                #expect(packet.sendTime == 99 && packet.streamOffset == 1000)
                #expect(packet.messageCount == 2 && packet.kind == .data)
            }
            #expect(reason == nil)
        }
        #expect(parse(bytes, transport, channel: 1) { _ in } == .wrongChannel)
        #expect(parse(bytes, IEXTP.transport(for: .tops16)) { _ in } == .wrongProtocol)
    }
}
