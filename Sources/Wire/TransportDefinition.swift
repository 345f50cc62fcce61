public import Ticks

/// What configuration says about a channel's transport.
public struct TransportOptions: Equatable, Sendable {
    /// The transport's own number of the channel (IEX-TP channel, PITCH unit); packets of others are
    /// rejected. 0 takes any, and where the transport has no such number it says nothing.
    public var channel: UInt32

    public init(channel: UInt32 = 0) { self.channel = channel }
}

/// A packet as encoders take it: for simulators, tests and fuzzing.
public struct PacketContents: Equatable, Sendable {
    /// What distinguishes runs of sequence numbers, as the transport writes it.
    public var session: UInt64
    /// Of the first message; in a heartbeat the next one to be sent.
    public var sequence: UInt64
    /// ns since the Unix epoch, UTC.
    public var sendTime: UInt64
    /// Byte offset of the blocks in the session's stream, for transports that count bytes.
    public var streamOffset: UInt64
    public var channel: UInt32
    /// `messages` is empty then.
    public var isHeartbeat: Bool
    /// Without lengths that do not count themselves; with those that are fields of the message.
    public var messages: [[UInt8]]

    public init(
        session: UInt64 = 0, sequence: UInt64, sendTime: UInt64 = 0, streamOffset: UInt64 = 0,
        channel: UInt32 = 0, isHeartbeat: Bool = false, messages: [[UInt8]] = []
    ) {
        self.session = session
        self.sequence = sequence
        self.sendTime = sendTime
        self.streamOffset = streamOffset
        self.channel = channel
        self.isHeartbeat = isHeartbeat
        self.messages = messages
    }
}

/// A transport: how packets of a channel are read and written, and what their numbers count.
public struct TransportDefinition: Sendable {
    /// Lower case, such as `moldudp64`.
    public var name: String
    public var framing: BlockFraming
    /// What sequence numbers count.
    public var unit: SequenceUnit
    /// Packets carry send times and stream offsets, which prove restarts (IEX-TP).
    public var isTimed: Bool
    /// `TransportOptions.channel` where configuration gives none.
    public var defaultChannel: UInt32
    public var parse: @Sendable (UnsafeRawBufferPointer, TransportOptions) -> TransportOutcome
    public var encode: @Sendable (PacketContents) -> [UInt8]
    /// For transports that flow through TCP: how many of the bytes the packet at their beginning
    /// takes; nil if they are none of its packets. A datagram is one packet.
    public var streamPacketLength: (@Sendable (UnsafeRawBufferPointer) -> Int?)?

    public init(
        name: String, framing: BlockFraming, unit: SequenceUnit = .messages,
        isTimed: Bool = false, defaultChannel: UInt32 = 0,
        parse: @escaping @Sendable (UnsafeRawBufferPointer, TransportOptions) -> TransportOutcome,
        encode: @escaping @Sendable (PacketContents) -> [UInt8],
        streamPacketLength: (@Sendable (UnsafeRawBufferPointer) -> Int?)? = nil
    ) {
        self.name = name
        self.framing = framing
        self.unit = unit
        self.isTimed = isTimed
        self.defaultChannel = defaultChannel
        self.parse = parse
        self.encode = encode
        self.streamPacketLength = streamPacketLength
    }
}
