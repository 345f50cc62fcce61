import Ticks

/// MEMX multicast packets (others.md §1): big-endian, 18 bytes of header, 20 with messages.
///
/// Idle packets carry the last number published; the session distinguishes runs of numbers.
public enum MEMXPacket {
    /// Type, header length, session, sequence.
    public static let headerSize = 18
    static let dataHeaderSize = 20
    static let sequenceLimit: UInt64 = 1 << 62

    enum PacketType: UInt8 {
        case heartbeat = 0
        case shutdown = 1
        case data = 2
    }

    public static let transport = TransportDefinition(
        name: "memx", framing: .mold,
        parse: { payload, _ in parse(payload) }, encode: encode)

    /// Reads the header and checks that the message blocks lie inside the payload.
    public static func parse(_ payload: UnsafeRawBufferPointer) -> TransportOutcome {
        guard payload.count >= headerSize, let base = payload.baseAddress else {
            return .rejected(.headerCut)
        }
        guard let type = PacketType(rawValue: base.load(as: UInt8.self)) else {
            return .rejected(.wrongProtocol)
        }
        guard base.load(fromByteOffset: 1, as: UInt8.self) == headerSize else {
            return .rejected(.badLength)
        }
        let session = UInt64(bigEndian: base.loadUnaligned(fromByteOffset: 2, as: UInt64.self))
        let sequence = UInt64(bigEndian: base.loadUnaligned(fromByteOffset: 10, as: UInt64.self))
        guard sequence < sequenceLimit else { return .rejected(.sequenceOutOfRange) }
        var packet = TransportPacket(
            session: SessionIdentifier(high: session, low: 0), firstSequence: sequence + 1,
            messageCount: 0, announcedCount: 0, kind: .heartbeat,
            blocks: UnsafeRawBufferPointer(rebasing: payload[headerSize...]))
        guard type == .data else {
            if type == .shutdown { packet.kind = .endOfSession }
            packet.trailingBytes = payload.count - headerSize
            return .packet(packet)
        }
        guard payload.count >= dataHeaderSize else { return .rejected(.headerCut) }
        let count = Int(UInt16(bigEndian: base.loadUnaligned(fromByteOffset: 18, as: UInt16.self)))
        let body = UnsafeRawBufferPointer(rebasing: payload[dataHeaderSize...])
        let whole = wholeBlocks(in: body, announced: count, framing: .mold)
        packet.kind = count == 0 ? .heartbeat : .data
        packet.firstSequence = sequence
        packet.announcedCount = count
        packet.messageCount = whole.count
        packet.blocks = UnsafeRawBufferPointer(rebasing: body[..<whole.bytes])
        packet.trailingBytes = body.count - whole.bytes
        return .packet(packet)
    }

    /// A packet with the messages of `contents`, at most 65,535, each of at most 65,535 bytes.
    public static func encode(_ contents: PacketContents) -> [UInt8] {
        let isData = !contents.isHeartbeat
        var bytes: [UInt8] = []
        bytes.appendFields(byteCount: headerSize) {
            $0.big((isData ? PacketType.data : .heartbeat).rawValue)
            $0.big(UInt8(headerSize))
            $0.big(contents.session)
            $0.big(isData ? contents.sequence : contents.sequence &- 1)
        }
        guard isData else { return bytes }
        bytes.appendFields(byteCount: 2) { $0.big(UInt16(contents.messages.count)) }
        for message in contents.messages {
            bytes.appendFields(byteCount: 2) { $0.big(UInt16(message.count)) }
            bytes += message
        }
        return bytes
    }
}
