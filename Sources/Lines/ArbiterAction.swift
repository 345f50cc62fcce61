import Ticks

/// What the core has to do next for a channel, in this order.
@frozen
public enum ArbiterAction {
    /// Nothing until the next packet or clock tick.
    case none
    /// Decode these messages; the bytes are valid until the next call of the arbiter.
    case deliver(Delivery)
    /// `count` messages from `first` on are missing.
    case gap(first: UInt64, count: UInt64, id: UInt32, cause: GapCause)
    /// The last missing message of this gap has been delivered.
    case gapFilled(sequence: UInt64, id: UInt32)
    /// A run of sequence numbers begins at `sequence` (or ends there, for cause `end`).
    case epoch(number: UInt32, cause: EpochCause, session: SessionIdentifier, sequence: UInt64)
    /// `line` brought other bytes than were delivered under `sequence`.
    case mismatch(sequence: UInt64, line: UInt8)
}

/// Messages in turn (or recovered), inside a packet's blocks.
@frozen
public struct Delivery {
    public var blocks: UnsafeRawBufferPointer
    /// Blocks to step over before the first message.
    public var skip: Int
    public var count: Int
    /// Sequence of the first message behind the skipped ones.
    public var sequence: UInt64
    public var line: UInt8
    public var captureTime: UInt64
    public var timeSource: TimeSource
    /// ns since the Unix epoch, 0 if the transport has none.
    public var sendTime: UInt64
    public var isRecovered: Bool
    /// Outside of the order: every message has sequence 0.
    public var isUnsequenced: Bool
}
