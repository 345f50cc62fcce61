import Ticks

/// MIAX MACH packets (others.md §2): little-endian, a 12-byte header in front of every message, and
/// several packets in one datagram.
///
/// A datagram is taken as one packet of as many messages as MACH data packets follow each other in
/// it; a block is a MACH packet with its header. Idle packets carry the last number sent.
public enum MACHPacket {
    /// Sequence, length, type, session number.
    public static let headerSize = 12
    static let sequenceLimit: UInt64 = 1 << 62

    enum PacketType: UInt8 {
        case heartbeat = 0
        case startOfSession = 1
        case endOfSession = 2
        case data = 3
    }

    /// How messages lie in the packet.
    @inlinable
    public static var framing: BlockFraming { .inclusive(at: 8, width: 2, bigEndian: false) }

    public static let transport = TransportDefinition(
        name: "mach", framing: framing,
        parse: { payload, _ in parse(payload) }, encode: encode)

    /// Reads the first header, and those of the data packets behind it.
    public static func parse(_ payload: UnsafeRawBufferPointer) -> TransportOutcome {
        guard payload.count >= headerSize, let base = payload.baseAddress else {
            return .rejected(.headerCut)
        }
        guard let type = PacketType(rawValue: base.load(fromByteOffset: 10, as: UInt8.self)) else {
            return .rejected(.wrongProtocol)
        }
        let sequence = sequence(base)
        guard sequence < sequenceLimit else { return .rejected(.sequenceOutOfRange) }
        let length = length(base)
        guard length >= headerSize else { return .rejected(.badLength) }
        let number = base.load(fromByteOffset: 11, as: UInt8.self)
        var packet = TransportPacket(
            session: SessionIdentifier(high: UInt64(number), low: 0), firstSequence: sequence + 1,
            messageCount: 0, announcedCount: 0, kind: .heartbeat, blocks: payload)
        switch type {
        case .data:
            packet.kind = .data
            packet.firstSequence = sequence
            walk(payload, session: number, into: &packet)
        case .heartbeat, .startOfSession, .endOfSession:
            // Alone in its datagram: what follows belongs to no message.
            if type == .endOfSession { packet.kind = .endOfSession }
            packet.trailingBytes = payload.count - headerSize
        }
        return .packet(packet)
    }

    /// Counts the data packets of one session whose sequences follow each other. One that the
    /// datagram's end cuts is announced, what follows a jump is not.
    private static func walk(
        _ payload: UnsafeRawBufferPointer, session: UInt8, into packet: inout TransportPacket
    ) {
        var offset = 0
        while offset + headerSize <= payload.count, let base = payload.baseAddress {
            let header = base + offset
            let expected = packet.firstSequence &+ UInt64(packet.announcedCount)
            let length = length(header)
            guard sequence(header) == expected, length >= headerSize,
                header.load(fromByteOffset: 10, as: UInt8.self) == PacketType.data.rawValue,
                header.load(fromByteOffset: 11, as: UInt8.self) == session
            else { break }
            packet.announcedCount += 1
            guard length <= payload.count - offset else { break }
            packet.messageCount += 1
            offset += length
        }
        packet.blocks = UnsafeRawBufferPointer(rebasing: payload[..<offset])
        packet.trailingBytes = payload.count - offset
    }

    private static func sequence(_ header: UnsafeRawPointer) -> UInt64 {
        UInt64(littleEndian: header.loadUnaligned(as: UInt64.self))
    }

    private static func length(_ header: UnsafeRawPointer) -> Int {
        Int(UInt16(littleEndian: header.loadUnaligned(fromByteOffset: 8, as: UInt16.self)))
    }

    /// The messages of `contents` carry space for their MACH headers, which are written here.
    public static func encode(_ contents: PacketContents) -> [UInt8] {
        var bytes: [UInt8] = []
        let number = UInt8(truncatingIfNeeded: contents.session)
        if contents.isHeartbeat {
            appendHeader(contents.sequence &- 1, headerSize, .heartbeat, number, to: &bytes)
        }
        for (index, message) in contents.messages.enumerated() {
            appendHeader(
                contents.sequence &+ UInt64(index), max(message.count, headerSize), .data, number,
                to: &bytes)
            bytes += message.dropFirst(headerSize)
        }
        return bytes
    }

    private static func appendHeader(
        _ sequence: UInt64, _ length: Int, _ type: PacketType, _ session: UInt8,
        to bytes: inout [UInt8]
    ) {
        bytes.appendFields(byteCount: headerSize) {
            $0.little(sequence)
            $0.little(UInt16(length))
            $0.little(type.rawValue)
            $0.little(session)
        }
    }
}
