import Ticks

/// MoldUDP64 1.00 downstream packets (moldudp64.md §1).
public enum MoldUDP64 {
    /// Session, sequence, count.
    public static let headerSize = 20
    static let endOfSessionCount: UInt16 = 0xFFFF
    /// No venue reaches it; what claims to is damaged.
    static let sequenceLimit: UInt64 = 1 << 62

    /// Sessions of `PacketContents` are the first eight letters; two blanks follow.
    public static let transport = TransportDefinition(
        name: "moldudp64", framing: .mold,
        parse: { payload, _ in parse(payload) },
        encode: { contents in
            var bytes: [UInt8] = []
            MoldUDP64Encoder.appendPacket(
                session: SessionIdentifier(high: contents.session, low: 0x2020 << 48),
                sequence: contents.sequence, messages: contents.messages, to: &bytes)
            return bytes
        })

    /// Reads the header and checks that the message blocks lie inside the payload.
    public static func parse(_ payload: UnsafeRawBufferPointer) -> TransportOutcome {
        guard payload.count >= headerSize, let base = payload.baseAddress else {
            return .rejected(.headerCut)
        }
        let high = UInt64(bigEndian: base.loadUnaligned(fromByteOffset: 0, as: UInt64.self))
        let low = UInt16(bigEndian: base.loadUnaligned(fromByteOffset: 8, as: UInt16.self))
        let sequence = UInt64(bigEndian: base.loadUnaligned(fromByteOffset: 10, as: UInt64.self))
        let count = UInt16(bigEndian: base.loadUnaligned(fromByteOffset: 18, as: UInt16.self))
        guard sequence < sequenceLimit else { return .rejected(.sequenceOutOfRange) }
        let body = UnsafeRawBufferPointer(rebasing: payload[headerSize...])
        var packet = TransportPacket(
            session: SessionIdentifier(high: high, low: UInt64(low) << 48),
            firstSequence: sequence, messageCount: 0, announcedCount: 0, kind: .heartbeat,
            blocks: body)
        switch count {
        case 0:
            packet.trailingBytes = body.count
        case endOfSessionCount:
            packet.kind = .endOfSession
            packet.trailingBytes = body.count
        default:
            packet.kind = .data
            packet.announcedCount = Int(count)
            let whole = wholeBlocks(in: body, announced: Int(count), framing: .mold)
            packet.messageCount = whole.count
            packet.blocks = UnsafeRawBufferPointer(rebasing: body[..<whole.bytes])
            packet.trailingBytes = body.count - whole.bytes
        }
        return .packet(packet)
    }
}
