import Ticks

/// Packets of NYSE OpenBook Ultra (nyse-xdp.md §8): a 16-byte big-endian header that names the
/// type of everything behind it. Sequence numbers are taken as counting packets.
///
/// The one block of a packet is the packet itself, header included: the decoder needs the type.
public enum OpenBookPacket {
    /// Size (without itself), type, sequence, time, product, retransmission flag, count, link flag.
    public static let headerSize = 16

    private static let sequenceResetType: UInt16 = 1
    private static let heartbeatType: UInt16 = 2
    /// Live packets, and packets sent again under their own numbers: 1 and 2, as public client
    /// libraries agree. Refreshes and replays (3 and above) are not of the channel's order.
    private static let originalFlag: UInt8 = 1
    private static let retransmittedFlag: UInt8 = 2

    public static let transport = TransportDefinition(
        name: "openbook-ultra", framing: .packet, unit: .packets, isTimed: false,
        parse: { payload, _ in parse(payload) }, encode: encode)

    /// Reads the header. Refreshed and replayed packets are rejected as another channel's.
    public static func parse(_ payload: UnsafeRawBufferPointer) -> TransportOutcome {
        guard payload.count >= headerSize, let base = payload.baseAddress else {
            return .rejected(.headerCut)
        }
        let size = 2 + Int(big(base, 0, UInt16.self))
        guard size >= headerSize, size <= payload.count else { return .rejected(.badLength) }
        let flag = base.load(fromByteOffset: 13, as: UInt8.self)
        guard flag == originalFlag || flag == retransmittedFlag else {
            return .rejected(.wrongChannel)
        }
        let type = big(base, 2, UInt16.self)
        var packet = TransportPacket(
            session: SessionIdentifier(high: 0, low: 0),
            firstSequence: UInt64(big(base, 4, UInt32.self)), messageCount: 1, announcedCount: 1,
            kind: .data, blocks: UnsafeRawBufferPointer(rebasing: payload[..<size]),
            trailingBytes: payload.count - size)
        packet.resetsSequence = type == sequenceResetType
        if type == heartbeatType {
            // Seen with the number 0 in front of the first packet: neither the last nor the next.
            packet.kind = .unsequenced
            packet.firstSequence = 0
        }
        return .packet(packet)
    }

    /// A whole packet: the messages, of which the first begins with a packet header, one behind the
    /// other. Size, sequence and retransmission flag are written into the header.
    public static func encode(_ contents: PacketContents) -> [UInt8] {
        var bytes = Array(contents.messages.joined())
        while bytes.count < headerSize { bytes.append(0) }
        let type = UInt16(bytes[2]) << 8 | UInt16(bytes[3])
        var header: [UInt8] = []
        header.appendFields(byteCount: 8) {
            $0.big(UInt16(truncatingIfNeeded: bytes.count - 2))
            $0.big(contents.isHeartbeat ? heartbeatType : type)
            $0.big(UInt32(truncatingIfNeeded: contents.sequence))
        }
        bytes.replaceSubrange(0..<8, with: header)
        bytes[13] = originalFlag
        return bytes
    }

    @inline(__always)
    private static func big<Value: FixedWidthInteger & BitwiseCopyable>(
        _ base: UnsafeRawPointer, _ offset: Int, _ type: Value.Type
    ) -> Value {
        Value(bigEndian: base.loadUnaligned(fromByteOffset: offset, as: type))
    }
}
