import Ticks

/// Packets of the NYSE Pillar and XDP feeds (nyse-xdp.md §1): a 16-byte header, then messages that
/// begin with their own 16-bit size. Sequence numbers count messages; there is no session.
public enum PillarPacket {
    /// Size, delivery flag, number of messages, sequence, send time.
    public static let headerSize = 16

    /// What a packet is for; its third byte.
    public enum DeliveryFlag {
        public static let heartbeat: UInt8 = 1
        public static let failover: UInt8 = 10
        public static let original: UInt8 = 11
        public static let sequenceReset: UInt8 = 12
        /// Refresh packets have numbers of their own: 17 … 20.
        public static let refresh: ClosedRange<UInt8> = 17...20
        /// Answers a request that cannot be served; carries no number of the channel.
        public static let messageUnavailable: UInt8 = 21
    }

    /// The one message type that the transport must know: a reset after a failover has the
    /// failover's flag (nyse-xdp.md §4, type 1).
    private static let sequenceResetType: UInt16 = 1

    /// How messages lie in the packet.
    @inlinable
    public static var framing: BlockFraming { .inclusive(at: 0, width: 2, bigEndian: false) }

    public static let transport = TransportDefinition(
        name: "pillar", framing: framing, unit: .messages,
        isTimed: false, parse: { payload, _ in parse(payload) }, encode: encode)

    /// Reads the header and checks that the messages lie inside the packet.
    ///
    /// The packet's size must not exceed the datagram; bytes behind it are counted as trailing.
    public static func parse(_ payload: UnsafeRawBufferPointer) -> TransportOutcome {
        guard payload.count >= headerSize, let base = payload.baseAddress else {
            return .rejected(.headerCut)
        }
        let size = Int(little(base, 0, UInt16.self))
        guard size >= headerSize, size <= payload.count else { return .rejected(.badLength) }
        let flag = base.load(fromByteOffset: 2, as: UInt8.self)
        let count = Int(base.load(fromByteOffset: 3, as: UInt8.self))
        let seconds = UInt64(little(base, 8, UInt32.self))
        let nanoseconds = UInt64(little(base, 12, UInt32.self))
        let body = UnsafeRawBufferPointer(rebasing: payload[headerSize..<size])
        var packet = TransportPacket(
            session: SessionIdentifier(high: 0, low: 0),
            firstSequence: UInt64(little(base, 4, UInt32.self)), messageCount: 0,
            announcedCount: 0, kind: .heartbeat,
            sendTime: seconds &* 1_000_000_000 &+ nanoseconds, blocks: body,
            trailingBytes: payload.count - headerSize)
        if flag == DeliveryFlag.heartbeat || count == 0 { return .packet(packet) }
        let whole = wholeBlocks(in: body, announced: count, framing: framing)
        packet.announcedCount = count
        packet.messageCount = whole.count
        packet.blocks = UnsafeRawBufferPointer(rebasing: body[..<whole.bytes])
        packet.trailingBytes = payload.count - headerSize - whole.bytes
        if DeliveryFlag.refresh.contains(flag) || flag == DeliveryFlag.messageUnavailable {
            packet.kind = .unsequenced
            packet.firstSequence = 0
        } else {
            // Numbers begin with 1.
            guard packet.firstSequence > 0 else { return .rejected(.sequenceOutOfRange) }
            packet.kind = .data
            packet.resetsSequence =
                flag == DeliveryFlag.sequenceReset
                || flag == DeliveryFlag.failover && whole.count > 0
                    && little(base, headerSize + 2, UInt16.self) == sequenceResetType
        }
        return .packet(packet)
    }

    /// A whole packet. Messages begin with their own size; a packet whose first one is a sequence
    /// number reset gets that flag.
    public static func encode(_ contents: PacketContents) -> [UInt8] {
        let size = headerSize + contents.messages.reduce(0) { $0 + $1.count }
        let resets = contents.messages.first.map { $0.count >= 4 && $0[2] == 1 && $0[3] == 0 }
        let flag =
            contents.isHeartbeat
            ? DeliveryFlag.heartbeat
            : resets == true ? DeliveryFlag.sequenceReset : DeliveryFlag.original
        var bytes: [UInt8] = []
        bytes.appendFields(byteCount: headerSize) {
            $0.little(UInt16(truncatingIfNeeded: size))
            $0.little(flag)
            $0.little(UInt8(truncatingIfNeeded: contents.messages.count))
            $0.little(UInt32(truncatingIfNeeded: contents.sequence))
            $0.little(UInt32(truncatingIfNeeded: contents.sendTime / 1_000_000_000))
            $0.little(UInt32(contents.sendTime % 1_000_000_000))
        }
        for message in contents.messages { bytes.append(contentsOf: message) }
        return bytes
    }

    @inline(__always)
    private static func little<Value: FixedWidthInteger & BitwiseCopyable>(
        _ base: UnsafeRawPointer, _ offset: Int, _ type: Value.Type
    ) -> Value {
        Value(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: type))
    }
}
