import Ticks
import Wire

/// Where and how a packet's messages reached us: what every tick of it carries.
@frozen
public struct DeliveryContext {
    /// ns since the Unix epoch, UTC.
    public var captureTime: UInt64
    public var channel: UInt16
    public var line: UInt8
    /// Capture-time source and, for late messages, `recovered`.
    public var flags: TickFlags

    @inlinable
    public init(captureTime: UInt64, channel: UInt16, line: UInt8, flags: TickFlags) {
        self.captureTime = captureTime
        self.channel = channel
        self.line = line
        self.flags = flags
    }
}

/// Where decoding stands inside a packet's message blocks.
@frozen
public struct BlockCursor {
    /// Byte offset of the next block.
    public var offset: Int
    /// Messages still to be decoded.
    public var remaining: Int
    /// Sequence of the next message.
    public var sequence: UInt64

    @inlinable
    public init(offset: Int, remaining: Int, sequence: UInt64) {
        self.offset = offset
        self.remaining = remaining
        self.sequence = sequence
    }
}

/// What a decoder counted; cheap enough to keep on every message.
public struct DecoderCounters: Sendable {
    /// Messages by their type byte, decoded ones only.
    public var messagesByType = [UInt64](repeating: 0, count: 256)
    public var unknownType: UInt64 = 0
    public var unexpectedLength: UInt64 = 0
    /// Values that do not fit a tick and were written as none.
    public var unrepresentable: UInt64 = 0
    /// Instruments that found no place in the directory.
    public var directoryFull: UInt64 = 0

    public init() {}
}
