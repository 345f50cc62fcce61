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
    /// When the packet was sent, as its transport says: ns since the Unix epoch, 0 if it does not.
    public var sendTime: UInt64

    @inlinable
    public init(
        captureTime: UInt64, channel: UInt16, line: UInt8, flags: TickFlags, sendTime: UInt64 = 0
    ) {
        self.captureTime = captureTime
        self.channel = channel
        self.line = line
        self.flags = flags
        self.sendTime = sendTime
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
    /// Where decoding goes on inside the next block, 0 at its beginning: only a packet that is one
    /// block may be left between two of its messages.
    public var inner: Int

    @inlinable
    public init(offset: Int, remaining: Int, sequence: UInt64, inner: Int = 0) {
        self.offset = offset
        self.remaining = remaining
        self.sequence = sequence
        self.inner = inner
    }
}

/// How many messages of one kind came.
public struct MessageCount: Hashable, Sendable {
    /// The type byte, the template, or what else tells messages of the protocol apart.
    public var key: UInt32
    /// As reports print it.
    public var name: String
    public var count: UInt64

    public init(key: UInt32, name: String, count: UInt64) {
        self.key = key
        self.name = name
        self.count = count
    }
}

/// What a decoder counted; cheap enough to keep on every message.
public struct DecoderCounters: Sendable {
    /// Decoded messages that came at least once, by ascending key.
    public var messages: [MessageCount] = []
    public var unknownType: UInt64 = 0
    public var unexpectedLength: UInt64 = 0
    /// Values that do not fit a tick and were written as none.
    public var unrepresentable: UInt64 = 0
    /// Instruments that found no place in the directory.
    public var directoryFull: UInt64 = 0

    public init() {}

    /// Decoded messages with this key.
    public func count(_ key: UInt32) -> UInt64 {
        messages.first { $0.key == key }?.count ?? 0
    }

    /// Decoded messages of all kinds.
    public var messageTotal: UInt64 { messages.reduce(0) { $0 + $1.count } }
}
