import Ticks

/// HKEX OMD packets (others.md §8): little-endian, 16 bytes of header.
///
/// Heartbeats carry the number of the last message. A Sequence Reset message (100), alone in its
/// packet, begins a new run: its own number says nothing, and it takes the place before the number
/// that it announces.
public enum OMDPacket {
    /// Packet size, message count, filler, sequence, send time.
    public static let headerSize = 16
    static let sequenceResetType: UInt16 = 100
    static let sequenceResetSize = 8

    /// How messages lie in the packet.
    @inlinable
    public static var framing: BlockFraming { .inclusive(at: 0, width: 2, bigEndian: false) }

    public static let transport = TransportDefinition(
        name: "omd", framing: framing,
        parse: { payload, _ in parse(payload) }, encode: encode)

    /// Reads the header and checks that the messages lie inside the packet.
    ///
    /// The packet's size must not exceed the datagram; bytes behind it are counted as trailing.
    public static func parse(_ payload: UnsafeRawBufferPointer) -> TransportOutcome {
        guard payload.count >= headerSize, let base = payload.baseAddress else {
            return .rejected(.headerCut)
        }
        let size = Int(UInt16(littleEndian: base.loadUnaligned(as: UInt16.self)))
        guard size >= headerSize, size <= payload.count else { return .rejected(.badLength) }
        let count = Int(base.load(fromByteOffset: 2, as: UInt8.self))
        let sequence = UInt64(
            UInt32(littleEndian: base.loadUnaligned(fromByteOffset: 4, as: UInt32.self)))
        let body = UnsafeRawBufferPointer(rebasing: payload[headerSize..<size])
        let whole = wholeBlocks(in: body, announced: count, framing: framing)
        var packet = TransportPacket(
            session: SessionIdentifier(high: 0, low: 0),
            firstSequence: count == 0 ? sequence + 1 : sequence, messageCount: whole.count,
            announcedCount: count, kind: count == 0 ? .heartbeat : .data,
            sendTime: UInt64(
                littleEndian: base.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
            blocks: UnsafeRawBufferPointer(rebasing: body[..<whole.bytes]),
            trailingBytes: payload.count - headerSize - whole.bytes)
        if count == 1, let next = announcedSequence(packet.blocks) {
            packet.resetsSequence = true
            packet.firstSequence = next == 0 ? 0 : UInt64(next) - 1
        }
        return .packet(packet)
    }

    /// The number that a Sequence Reset message announces; nil for any other message.
    private static func announcedSequence(_ blocks: UnsafeRawBufferPointer) -> UInt32? {
        guard blocks.count == sequenceResetSize, let base = blocks.baseAddress else { return nil }
        let type = UInt16(littleEndian: base.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
        guard type == sequenceResetType else { return nil }
        return UInt32(littleEndian: base.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
    }

    /// A packet with the messages of `contents`, at most 255, together at most 65,519 bytes.
    public static func encode(_ contents: PacketContents) -> [UInt8] {
        var bytes: [UInt8] = []
        let length = contents.messages.reduce(headerSize) { $0 + $1.count }
        let isIdle = contents.messages.isEmpty
        bytes.appendFields(byteCount: headerSize) {
            $0.little(UInt16(length))
            $0.little(UInt8(contents.messages.count))
            $0.zeros(1)
            $0.little(
                UInt32(truncatingIfNeeded: isIdle ? contents.sequence &- 1 : contents.sequence))
            $0.little(contents.sendTime)
        }
        for message in contents.messages { bytes += message }
        return bytes
    }
}
