import Ticks

/// CME MDP 3.0 packets (cme-mdp3.md §1): a channel numbers packets, each holds messages that carry
/// their own size.
public enum MDP3Packet {
    /// In front of a packet in a TCP stream (§1.4).
    static let encodingType: UInt16 = 0xCAFE
    static let encodingTypeSize = 2
    public static let headerSize = 12
    /// Size and SBE header in front of a message's root block.
    public static let messagePrefixSize = 10

    /// Incremental channels. The numbers begin again each week and may do so after a channel reset;
    /// nothing in a packet proves it.
    public static let transport = TransportDefinition(
        name: "mdp3", framing: .packet, unit: .packets,
        parse: { payload, _ in parse(payload, isLoop: false) }, encode: encode)

    /// Market recovery and definition channels: loops that begin at 1 again and again (§6), so that
    /// their numbers order nothing.
    public static let loopTransport = TransportDefinition(
        name: "mdp3-loop", framing: .packet, unit: .packets,
        parse: { payload, _ in parse(payload, isLoop: true) }, encode: encode)

    /// Conflated market data over TCP (§1.4): the packets of §1.1 behind two bytes that say so. Either
    /// end numbers its own.
    public static let conflatedTransport = TransportDefinition(
        name: "mdp3-tcp", framing: .packet, unit: .packets,
        parse: { payload, _ in parseConflated(payload) },
        encode: { contents in
            var bytes: [UInt8] = []
            bytes.putWire(encodingType, at: bytes.appendWire(encodingTypeSize))
            return bytes + encode(contents)
        },
        streamPacketLength: conflatedLength)

    private static func parseConflated(_ payload: UnsafeRawBufferPointer) -> TransportOutcome {
        guard payload.count >= encodingTypeSize + headerSize else { return .rejected(.headerCut) }
        guard payload.loadUnaligned(as: UInt16.self) == encodingType.littleEndian else {
            return .rejected(.wrongProtocol)
        }
        return parse(UnsafeRawBufferPointer(rebasing: payload[encodingTypeSize...]))
    }

    /// Nothing says how many messages a packet has: the next one begins with the two bytes that no
    /// message begins with, being longer than TCP's largest segment if they were its size.
    private static func conflatedLength(_ bytes: UnsafeRawBufferPointer) -> Int? {
        let header = encodingTypeSize + headerSize
        func word(_ offset: Int) -> UInt16 {
            UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
        }
        guard bytes.count >= header, word(0) == encodingType else { return nil }
        var offset = header
        while offset + 2 <= bytes.count, word(offset) != encodingType {
            guard word(offset) >= messagePrefixSize else { return bytes.count }
            offset += Int(word(offset))
        }
        return min(offset, bytes.count)
    }

    /// Reads the header and checks that the messages' sizes fill the payload: of a damaged packet
    /// another line may have a whole copy. `blocks` is everything behind the header.
    public static func parse(
        _ payload: UnsafeRawBufferPointer, isLoop: Bool = false
    ) -> TransportOutcome {
        guard payload.count >= headerSize, let base = payload.baseAddress else {
            return .rejected(.headerCut)
        }
        let sequence = UInt32(littleEndian: base.loadUnaligned(as: UInt32.self))
        let sendTime = UInt64(
            littleEndian: base.loadUnaligned(fromByteOffset: 4, as: UInt64.self))
        var offset = headerSize
        while offset < payload.count {
            guard payload.count - offset >= messagePrefixSize else { return .rejected(.badLength) }
            let size = Int(
                UInt16(
                    littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt16.self)))
            guard size >= messagePrefixSize, size <= payload.count - offset else {
                return .rejected(.badLength)
            }
            offset += size
        }
        return .packet(
            TransportPacket(
                session: SessionIdentifier(high: 0, low: 0),
                firstSequence: isLoop ? 0 : UInt64(sequence), messageCount: 1, announcedCount: 1,
                kind: isLoop ? .unsequenced : .data, sendTime: sendTime,
                blocks: UnsafeRawBufferPointer(rebasing: payload[headerSize...])))
    }

    /// Messages begin with their size, as the protocol's encoder writes them.
    public static func encode(_ contents: PacketContents) -> [UInt8] {
        var bytes: [UInt8] = []
        let header = bytes.appendWire(headerSize)
        bytes.putWire(UInt32(truncatingIfNeeded: contents.sequence), at: header)
        bytes.putWire(contents.sendTime, at: header + 4)
        for message in contents.messages { bytes += message }
        return bytes
    }
}
