public import Ticks
public import Wire

/// Messages of one feed to ticks, for the core: a call a packet, whatever the protocol.
public protocol FeedDecoding: AnyObject {
    /// Decodes messages from `cursor` on until none remain or `capacity` might not hold the ticks
    /// of one more, and returns the number of ticks written. The blocks must lie whole in `blocks`.
    func decode(
        _ blocks: UnsafeRawBufferPointer, cursor: inout BlockCursor, context: DeliveryContext,
        into ticks: UnsafeMutablePointer<Tick>, capacity: Int
    ) -> Int

    /// Forgets what holds within one run of sequence numbers only.
    func beginEpoch()

    /// The counters so far; not for the hot path.
    func snapshotCounters() -> DecoderCounters
}

/// What a decoder is made from.
public struct DecoderSetup {
    public var directory: InstrumentDirectory
    /// Market identifier of the instruments.
    public var venue: String
    /// The channel's id on the tape.
    public var channel: UInt16
    /// UTC ns of the trading day's midnight in the feed's time zone.
    public var midnight: UInt64
    /// Name of the feed, for decoders that serve several.
    public var feed: String

    public init(
        directory: InstrumentDirectory, venue: String, channel: UInt16, midnight: UInt64,
        feed: String
    ) {
        self.directory = directory
        self.venue = venue
        self.channel = channel
        self.midnight = midnight
        self.feed = feed
    }
}

/// A feed that the handler knows: one protocol over one transport, as configuration names it.
public struct FeedDefinition: Sendable {
    /// What configuration and command line say, such as `itch50`; at most 15 bytes.
    public let name: String
    /// Market identifier where the configuration gives none.
    public let venue: String
    /// Zone of the trading day's midnight, such as `America/New_York`.
    public let timeZone: String
    public let transport: TransportDefinition
    /// The most ticks that one message becomes, at most 1000; of one message inside the packet where
    /// the channel numbers packets.
    public let ticksPerMessageMax: Int
    /// Levels may leave an event open at the end of a packet: core time matters before each of them.
    public let hasOpenEvents: Bool
    /// What its messages look like.
    public let description: @Sendable () -> ProtocolDescription
    public let makeDecoder: @Sendable (DecoderSetup) -> any FeedDecoding

    public init(
        name: String, venue: String, timeZone: String, transport: TransportDefinition,
        ticksPerMessageMax: Int, hasOpenEvents: Bool = false,
        description: @escaping @Sendable () -> ProtocolDescription,
        makeDecoder: @escaping @Sendable (DecoderSetup) -> any FeedDecoding
    ) {
        precondition((1...15).contains(name.utf8.count), "names of 1 to 15 bytes")
        precondition((1...1000).contains(ticksPerMessageMax), "1 to 1000 ticks a message")
        self.name = name
        self.venue = venue
        self.timeZone = timeZone
        self.transport = transport
        self.ticksPerMessageMax = ticksPerMessageMax
        self.hasOpenEvents = hasOpenEvents
        self.description = description
        self.makeDecoder = makeDecoder
    }
}
