import Ticks

/// Datagrams of Eurex T7 EOBI (others.md §6): a packet header, which is a message itself, and the
/// messages behind it.
///
/// `blocks` is the whole datagram with its header: the product stands there alone. The header's
/// template id changes with the release and ids are used again (§16), so that it is known by the
/// accepted set, its length and its place.
public enum EOBIPacket {
    public static let headerSize = 32

    public static let transport = TransportDefinition(
        name: "eobi", framing: .packet, unit: .packets,
        parse: { payload, _ in parse(payload) }, encode: encode)

    /// True for the template ids that packet headers have had; 13001 between them is the heartbeat.
    static func isHeader(template: UInt16) -> Bool {
        (13000...13005).contains(template) && template != 13001
    }

    /// Reads the header. ApplSeqNum numbers the channel's packets, heartbeats included.
    ///
    /// The reset indicator stands in the first packets after a start, not in the very first alone.
    public static func parse(_ payload: UnsafeRawBufferPointer) -> TransportOutcome {
        guard payload.count >= headerSize, let base = payload.baseAddress else {
            return .rejected(.headerCut)
        }
        let template = UInt16(littleEndian: base.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
        guard isHeader(template: template) else { return .rejected(.wrongProtocol) }
        let length = UInt16(littleEndian: base.loadUnaligned(fromByteOffset: 0, as: UInt16.self))
        guard length == headerSize else { return .rejected(.badLength) }
        let sequence = UInt32(littleEndian: base.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
        let isReset = base.load(fromByteOffset: 18, as: UInt8.self) == 1
        return .packet(
            TransportPacket(
                session: SessionIdentifier(high: 0, low: 0), firstSequence: UInt64(sequence),
                messageCount: 1, announcedCount: 1, kind: .data,
                sendTime: UInt64(
                    littleEndian: base.loadUnaligned(fromByteOffset: 24, as: UInt64.self)),
                blocks: payload, resetsSequence: isReset))
    }

    /// A datagram of release 14.1's header. `channel` is the product (MarketSegmentID). A heartbeat
    /// is a packet like any other and uses its number up.
    static func encode(_ contents: PacketContents) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: headerSize)
        bytes.putWire(UInt16(headerSize), at: 0)
        bytes.putWire(13002 as UInt16, at: 2)
        bytes.putWire(UInt32.max, at: 4)
        bytes.putWire(UInt32(truncatingIfNeeded: contents.sequence), at: 8)
        bytes.putWire(contents.channel, at: 12)
        bytes[17] = 1
        bytes.putWire(contents.sendTime, at: 24)
        if contents.isHeartbeat {
            let start = bytes.appendWire(16)
            bytes.putWire(16 as UInt16, at: start)
            bytes.putWire(13001 as UInt16, at: start + 2)
            bytes.putWire(UInt32.max, at: start + 4)
        }
        for message in contents.messages { bytes.append(contentsOf: message) }
        return bytes
    }
}
