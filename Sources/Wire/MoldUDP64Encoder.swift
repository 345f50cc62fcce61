public import Ticks

/// Writes MoldUDP64 downstream packets (moldudp64.md §1.1): a 20-byte header, then blocks of a
/// 16-bit length and a message.
public enum MoldUDP64Encoder {
    public static let headerByteCount = 20
    /// Bytes that a message needs beyond its own.
    public static let blockOverheadByteCount = 2
    /// The count that marks the end of a session (moldudp64.md §1.2).
    public static let endOfSessionCount: UInt16 = 0xFFFF

    /// A session of at most ten ASCII letters, padded with spaces on the right.
    public static func session(_ name: String) -> SessionIdentifier {
        let letters = Array(name.utf8)
        precondition(letters.count <= 10, "a MoldUDP64 session has at most ten letters")
        let padded = letters + Array(repeating: 0x20, count: 10 - letters.count)
        return SessionIdentifier(
            high: padded[..<8].reduce(0) { $0 << 8 | UInt64($1) },
            low: UInt64(padded[8]) << 56 | UInt64(padded[9]) << 48)
    }

    /// `sequence` is that of the first message, or, with a `count` of 0 or `endOfSessionCount`,
    /// the next one expected.
    public static func appendHeader(
        session: SessionIdentifier, sequence: UInt64, count: UInt16, to bytes: inout [UInt8]
    ) {
        bytes.appendFields(byteCount: headerByteCount) {
            $0.big(session.high)
            $0.big(UInt16(truncatingIfNeeded: session.low >> 48))
            $0.big(sequence)
            $0.big(count)
        }
    }

    /// Changes the count of the packet that starts at `offset`, for packets that are filled while
    /// their length is unknown.
    public static func setCount(_ count: UInt16, ofPacketAt offset: Int, in bytes: inout [UInt8]) {
        bytes[offset + 18] = UInt8(truncatingIfNeeded: count >> 8)
        bytes[offset + 19] = UInt8(truncatingIfNeeded: count)
    }

    /// `message` holds at most 65,535 bytes.
    public static func appendBlock(_ message: some Collection<UInt8>, to bytes: inout [UInt8]) {
        bytes.appendFields(byteCount: 2) { $0.big(UInt16(message.count)) }
        bytes.append(contentsOf: message)
    }

    /// A whole packet. `messages` holds at most 65,534 messages.
    public static func appendPacket(
        session: SessionIdentifier, sequence: UInt64, messages: [[UInt8]], to bytes: inout [UInt8]
    ) {
        precondition(messages.count < Int(endOfSessionCount), "too many messages for one packet")
        appendHeader(
            session: session, sequence: sequence, count: UInt16(messages.count), to: &bytes)
        for message in messages { appendBlock(message, to: &bytes) }
    }

    public static func appendHeartbeat(
        session: SessionIdentifier, nextSequence: UInt64, to bytes: inout [UInt8]
    ) {
        appendHeader(session: session, sequence: nextSequence, count: 0, to: &bytes)
    }

    public static func appendEndOfSession(
        session: SessionIdentifier, nextSequence: UInt64, to bytes: inout [UInt8]
    ) {
        appendHeader(
            session: session, sequence: nextSequence, count: endOfSessionCount, to: &bytes)
    }
}
