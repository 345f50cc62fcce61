/// A stream of messages in the order in which a venue sends them.
public protocol MessageSource: Sendable {
    /// Appends the next message, without framing; false at the end of the stream.
    mutating func next(into bytes: inout [UInt8]) -> Bool

    /// When the venue stamped the message appended last: ns since the Unix epoch, UTC. Never
    /// decreases.
    var time: UInt64 { get }
}

/// A stream of packets in the order in which a venue sends them.
public protocol PacketSource: Sendable {
    /// The next packet, in order of time; nil at the end.
    mutating func next() -> LinePacket?
}
