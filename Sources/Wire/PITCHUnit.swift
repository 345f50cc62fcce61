import Ticks

/// Cboe sequenced unit headers (cboe-pitch.md §1.1): one a datagram, in front of its messages.
///
/// Numbers wrap from 2^32 - 1 to 1, which no unit reaches in a day: that would be another epoch.
public enum PITCHUnit {
    /// Length, count, unit, sequence.
    public static let headerSize = 8

    /// How messages lie in the packet.
    @inlinable
    public static var framing: BlockFraming { .inclusive(at: 0, width: 1, bigEndian: false) }

    /// A message's first byte is its length, which counts itself. The channel is the unit.
    public static let transport = TransportDefinition(
        name: "pitch-unit", framing: framing,
        parse: { payload, options in parse(payload, unit: options.channel) },
        encode: encode)

    /// Reads the header and checks that the message blocks lie inside the payload. `unit` 0 takes any.
    ///
    /// The header's length must not exceed the datagram; bytes behind it are counted as trailing. A
    /// heartbeat carries the next number, or 0 out of hours and on recovery feeds: the latter tells
    /// that the line lives, like an unsequenced packet without messages.
    public static func parse(
        _ payload: UnsafeRawBufferPointer, unit: UInt32 = 0
    ) -> TransportOutcome {
        guard payload.count >= headerSize, let base = payload.baseAddress else {
            return .rejected(.headerCut)
        }
        let length = Int(UInt16(littleEndian: base.loadUnaligned(as: UInt16.self)))
        guard length >= headerSize, length <= payload.count else { return .rejected(.badLength) }
        guard unit == 0 || UInt32(base.load(fromByteOffset: 3, as: UInt8.self)) == unit else {
            return .rejected(.wrongChannel)
        }
        let count = Int(base.load(fromByteOffset: 2, as: UInt8.self))
        let sequence = UInt32(
            littleEndian: base.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
        let body = UnsafeRawBufferPointer(rebasing: payload[headerSize..<length])
        let whole = wholeBlocks(in: body, announced: count, framing: framing)
        return .packet(
            TransportPacket(
                session: SessionIdentifier(high: 0, low: 0), firstSequence: UInt64(sequence),
                messageCount: whole.count, announcedCount: count,
                kind: sequence == 0 ? .unsequenced : count == 0 ? .heartbeat : .data,
                blocks: UnsafeRawBufferPointer(rebasing: body[..<whole.bytes]),
                trailingBytes: payload.count - headerSize - whole.bytes))
    }

    /// At most 255 messages and 65,535 bytes; a sequence of 0 makes the packet unsequenced.
    public static func encode(_ contents: PacketContents) -> [UInt8] {
        let length = contents.messages.reduce(headerSize) { $0 + $1.count }
        precondition(contents.messages.count <= 255 && length <= 65_535, "more than a unit holds")
        var bytes: [UInt8] = []
        bytes.reserveCapacity(length)
        bytes.appendFields(byteCount: headerSize) { fields in
            fields.little(UInt16(length))
            fields.little(UInt8(contents.messages.count))
            fields.little(UInt8(truncatingIfNeeded: contents.channel))
            fields.little(UInt32(truncatingIfNeeded: contents.sequence))
        }
        for message in contents.messages { bytes += message }
        return bytes
    }
}
