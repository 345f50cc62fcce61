import Ticks

/// Datagrams of Coinbase Derivatives UDP market data (others.md §14): a packet header and SBE
/// messages, each of which begins with its frame length.
///
/// Incremental and retransmitted packets number messages. Snapshot packets carry under the same
/// field the number that a snapshot goes up to, and the instrument in their header alone: they have a
/// transport of their own, in which the whole datagram is one block.
public enum CoinbasePacket {
    public static let headerSize = 24
    /// Bits of the flags at 18.
    private static let incremental: UInt8 = 1
    private static let snapshot: UInt8 = 2
    /// How messages lie in the packet.
    @inlinable
    public static var framing: BlockFraming { .inclusive(at: 0, width: 2, bigEndian: false) }

    public static let transport = TransportDefinition(
        name: "coinbase", framing: framing, parse: parse, encode: encode)

    /// Snapshot packets: `blocks` is the whole datagram with its header, delivered outside of any
    /// order.
    public static let snapshotTransport = TransportDefinition(
        name: "coinbase-snap", framing: .packet, unit: .packets,
        parse: parseSnapshot, encode: encodeSnapshot)

    /// Reads the header of an incremental or retransmitted packet. `options.channel` is the channel
    /// id. A packet without messages is a heartbeat and gives the next number.
    public static func parse(
        _ payload: UnsafeRawBufferPointer, _ options: TransportOptions
    ) -> TransportOutcome {
        guard payload.count >= headerSize, let base = payload.baseAddress else {
            return .rejected(.headerCut)
        }
        if let reason = reject(base, options, isSnapshot: false) { return .rejected(reason) }
        let sequence = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        guard sequence < MoldUDP64.sequenceLimit else { return .rejected(.sequenceOutOfRange) }
        let count = Int(base.load(fromByteOffset: 19, as: UInt8.self))
        let body = UnsafeRawBufferPointer(rebasing: payload[headerSize...])
        let whole = wholeBlocks(in: body, announced: count, framing: framing)
        return .packet(
            TransportPacket(
                session: SessionIdentifier(high: 0, low: 0), firstSequence: sequence,
                messageCount: whole.count, announcedCount: count,
                kind: count == 0 ? .heartbeat : .data, sendTime: sendTime(base),
                blocks: UnsafeRawBufferPointer(rebasing: body[..<whole.bytes]),
                trailingBytes: body.count - whole.bytes))
    }

    /// Reads the header of a snapshot packet.
    public static func parseSnapshot(
        _ payload: UnsafeRawBufferPointer, _ options: TransportOptions
    ) -> TransportOutcome {
        guard payload.count >= headerSize, let base = payload.baseAddress else {
            return .rejected(.headerCut)
        }
        if let reason = reject(base, options, isSnapshot: true) { return .rejected(reason) }
        return .packet(
            TransportPacket(
                session: SessionIdentifier(high: 0, low: 0), firstSequence: 0, messageCount: 1,
                announcedCount: 1, kind: .unsequenced, sendTime: sendTime(base), blocks: payload))
    }

    private static func reject(
        _ base: UnsafeRawPointer, _ options: TransportOptions, isSnapshot: Bool
    ) -> TransportRejection? {
        let channel = UInt16(littleEndian: base.loadUnaligned(fromByteOffset: 16, as: UInt16.self))
        guard options.channel == 0 || options.channel == UInt32(channel) else {
            return .wrongChannel
        }
        let flags = base.load(fromByteOffset: 18, as: UInt8.self)
        return (flags & snapshot != 0) == isSnapshot ? nil : .wrongProtocol
    }

    private static func sendTime(_ base: UnsafeRawPointer) -> UInt64 {
        UInt64(littleEndian: base.loadUnaligned(fromByteOffset: 0, as: UInt64.self))
    }

    static func encode(_ contents: PacketContents) -> [UInt8] {
        encode(contents, flags: incremental, instrument: 0)
    }

    /// `session` is the instrument, `sequence` the last incremental message that is included.
    static func encodeSnapshot(_ contents: PacketContents) -> [UInt8] {
        encode(
            contents, flags: snapshot, instrument: UInt32(truncatingIfNeeded: contents.session))
    }

    private static func encode(
        _ contents: PacketContents, flags: UInt8, instrument: UInt32
    ) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: headerSize)
        bytes.putWire(contents.sendTime, at: 0)
        bytes.putWire(contents.sequence, at: 8)
        bytes.putWire(UInt16(truncatingIfNeeded: contents.channel), at: 16)
        bytes[18] = flags
        bytes[19] = UInt8(truncatingIfNeeded: contents.messages.count)
        bytes.putWire(instrument, at: 20)
        for message in contents.messages { bytes.append(contentsOf: message) }
        return bytes
    }
}
