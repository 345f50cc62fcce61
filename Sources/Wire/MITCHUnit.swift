import Ticks

/// Units of the LSE Group's Millennium feeds (others.md §12): little-endian, 8 bytes of header.
///
/// Heartbeats carry the next number. Administrative messages and those of the recovery channel
/// have number 0 and stand outside of the order.
public enum MITCHUnit {
    /// Length, message count, market data group, sequence.
    public static let headerSize = 8

    /// How messages lie in the packet.
    @inlinable
    public static var framing: BlockFraming { .inclusive(at: 0, width: 1, bigEndian: false) }

    public static let transport = TransportDefinition(
        name: "mitch-unit", framing: framing,
        parse: parse, encode: encode)

    /// Reads the header and checks that the messages lie inside the unit. `options.channel` is the
    /// market data group, a letter; 0 takes any.
    public static func parse(
        _ payload: UnsafeRawBufferPointer, options: TransportOptions
    ) -> TransportOutcome {
        guard payload.count >= headerSize, let base = payload.baseAddress else {
            return .rejected(.headerCut)
        }
        let length = Int(UInt16(littleEndian: base.loadUnaligned(as: UInt16.self)))
        guard length >= headerSize, length <= payload.count else { return .rejected(.badLength) }
        let group = UInt32(base.load(fromByteOffset: 3, as: UInt8.self))
        guard options.channel == 0 || options.channel == group else {
            return .rejected(.wrongChannel)
        }
        let count = Int(base.load(fromByteOffset: 2, as: UInt8.self))
        let sequence = UInt64(
            UInt32(littleEndian: base.loadUnaligned(fromByteOffset: 4, as: UInt32.self)))
        let body = UnsafeRawBufferPointer(rebasing: payload[headerSize..<length])
        let whole = wholeBlocks(in: body, announced: count, framing: framing)
        return .packet(
            TransportPacket(
                session: SessionIdentifier(high: 0, low: 0), firstSequence: sequence,
                messageCount: whole.count, announcedCount: count,
                kind: count == 0 ? .heartbeat : sequence == 0 ? .unsequenced : .data,
                blocks: UnsafeRawBufferPointer(rebasing: body[..<whole.bytes]),
                trailingBytes: payload.count - headerSize - whole.bytes))
    }

    /// A unit with the messages of `contents`, at most 255.
    public static func encode(_ contents: PacketContents) -> [UInt8] {
        var bytes: [UInt8] = []
        let length = contents.messages.reduce(headerSize) { $0 + $1.count }
        bytes.appendFields(byteCount: headerSize) {
            $0.little(UInt16(length))
            $0.little(UInt8(contents.messages.count))
            $0.little(UInt8(truncatingIfNeeded: contents.channel))
            $0.little(UInt32(truncatingIfNeeded: contents.sequence))
        }
        for message in contents.messages { bytes += message }
        return bytes
    }
}
