import Ticks

/// Datagrams of Euronext Optiq MDG (others.md §11): a packet header and SBE messages behind it.
///
/// `blocks` is all that follows the header. The restart counter of the day is the session. Bodies may
/// be LZ4 blocks; there is no LZ4 here, and such packets are rejected as compressed.
public enum OptiqPacket {
    public static let headerSize = 16
    private static let compressed: UInt16 = 1

    public static let transport = TransportDefinition(
        name: "optiq", framing: .packet, unit: .packets, parse: parse, encode: encode)

    /// Reads the header. `options.channel` is the channel id. The packet sequence number has 35 bits:
    /// three of them stand in the flags.
    public static func parse(
        _ payload: UnsafeRawBufferPointer, _ options: TransportOptions
    ) -> TransportOutcome {
        guard payload.count >= headerSize, let base = payload.baseAddress else {
            return .rejected(.headerCut)
        }
        let channel = UInt16(littleEndian: base.loadUnaligned(fromByteOffset: 14, as: UInt16.self))
        guard options.channel == 0 || options.channel == UInt32(channel) else {
            return .rejected(.wrongChannel)
        }
        let flags = UInt16(littleEndian: base.loadUnaligned(fromByteOffset: 12, as: UInt16.self))
        guard flags & compressed == 0 else { return .rejected(.compressed) }
        let low = UInt32(littleEndian: base.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
        return .packet(
            TransportPacket(
                session: SessionIdentifier(high: UInt64(flags >> 1 & 7), low: 0),
                firstSequence: UInt64(flags >> 4 & 7) << 32 | UInt64(low), messageCount: 1,
                announcedCount: 1, kind: .data,
                sendTime: UInt64(
                    littleEndian: base.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                blocks: UnsafeRawBufferPointer(rebasing: payload[headerSize...])))
    }

    /// `session` is the restart counter. Heartbeats are health status messages and use numbers up
    /// like others: they come as messages.
    static func encode(_ contents: PacketContents) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: headerSize)
        bytes.putWire(contents.sendTime, at: 0)
        bytes.putWire(UInt32(truncatingIfNeeded: contents.sequence), at: 8)
        let flags = (contents.session & 7) << 1 | (contents.sequence >> 32 & 7) << 4
        bytes.putWire(UInt16(flags), at: 12)
        bytes.putWire(UInt16(truncatingIfNeeded: contents.channel), at: 14)
        for message in contents.messages { bytes.append(contentsOf: message) }
        return bytes
    }
}
