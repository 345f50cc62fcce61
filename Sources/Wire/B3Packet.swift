import Ticks

/// Datagrams of B3 Binary UMDF (others.md §7): a packet header and SBE messages behind it.
///
/// `blocks` is all that follows the header. The sequence version is the session.
public enum B3Packet {
    public static let headerSize = 16
    /// Bytes in front of a message's block: framing header and SBE header.
    static let messageHeaderSize = 12
    /// `50 EB` in front of every SBE header.
    static let encodingType: UInt16 = 0xEB50
    static let schemaID: UInt16 = 2
    static let schemaVersion: UInt16 = 16
    private static let sequenceResetTemplate: UInt16 = 1
    private static let sequenceTemplate: UInt16 = 2

    public static let transport = TransportDefinition(
        name: "b3", framing: .packet, unit: .packets, parse: parse, encode: encode)

    /// Reads the header. `options.channel` is the channel number.
    ///
    /// Packets with number 0 are outside of the order: a heartbeat gives the next number in its
    /// message, a sequence reset says that number 1 comes next, and anything else is unsequenced.
    public static func parse(
        _ payload: UnsafeRawBufferPointer, _ options: TransportOptions
    ) -> TransportOutcome {
        guard payload.count >= headerSize, let base = payload.baseAddress else {
            return .rejected(.headerCut)
        }
        let channel = UInt32(base.load(fromByteOffset: 0, as: UInt8.self))
        guard options.channel == 0 || options.channel == channel else {
            return .rejected(.wrongChannel)
        }
        let version = UInt16(littleEndian: base.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
        let sequence = UInt32(littleEndian: base.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
        let body = UnsafeRawBufferPointer(rebasing: payload[headerSize...])
        var packet = TransportPacket(
            session: SessionIdentifier(high: UInt64(version) << 48, low: 0),
            firstSequence: UInt64(sequence), messageCount: 1, announcedCount: 1, kind: .data,
            sendTime: UInt64(littleEndian: base.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
            blocks: body)
        if sequence == 0 { readUnnumbered(&packet) }
        return .packet(packet)
    }

    private static func readUnnumbered(_ packet: inout TransportPacket) {
        packet.kind = .unsequenced
        let body = packet.blocks
        guard body.count >= messageHeaderSize, let base = body.baseAddress else { return }
        let template = UInt16(littleEndian: base.loadUnaligned(fromByteOffset: 6, as: UInt16.self))
        switch template {
        case sequenceTemplate where body.count >= messageHeaderSize + 4:
            let next = base.loadUnaligned(fromByteOffset: messageHeaderSize, as: UInt32.self)
            packet.firstSequence = UInt64(UInt32(littleEndian: next))
        case sequenceResetTemplate:
            packet.firstSequence = 1
            packet.resetsSequence = true
        default: return
        }
        packet.kind = .heartbeat
        packet.messageCount = 0
        packet.announcedCount = 0
    }

    static func encode(_ contents: PacketContents) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: headerSize)
        bytes[0] = UInt8(truncatingIfNeeded: contents.channel)
        bytes.putWire(UInt16(truncatingIfNeeded: contents.session), at: 2)
        bytes.putWire(contents.sendTime, at: 8)
        guard contents.isHeartbeat else {
            bytes.putWire(UInt32(truncatingIfNeeded: contents.sequence), at: 4)
            for message in contents.messages { bytes.append(contentsOf: message) }
            return bytes
        }
        bytes[1] = 1
        let start = bytes.appendWire(messageHeaderSize + 4)
        bytes.putWire(UInt16(messageHeaderSize + 4), at: start)
        bytes.putWire(encodingType, at: start + 2)
        bytes.putWire(4 as UInt16, at: start + 4)
        bytes.putWire(sequenceTemplate, at: start + 6)
        bytes.putWire(schemaID, at: start + 8)
        bytes.putWire(schemaVersion, at: start + 10)
        bytes.putWire(
            UInt32(truncatingIfNeeded: contents.sequence), at: start + messageHeaderSize)
        return bytes
    }
}
