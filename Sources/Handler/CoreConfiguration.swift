import Ticks

/// One channel: what it carries and how patient arbitration is.
public struct ChannelConfiguration: Sendable, Codable, Equatable {
    public var name: String
    public var feedProtocol: FeedProtocol
    public var venue: String
    /// The transport's own number of the channel (IEX-TP channel, PITCH unit): packets of others are
    /// rejected. 0 takes any.
    public var transportChannel: UInt32
    /// Names of the lines, in the order of their ids.
    public var lines: [String]
    public var windowNanoseconds: UInt64
    public var windowPackets: Int
    public var windowBytes: Int

    public init(
        name: String, feedProtocol: FeedProtocol, venue: String? = nil,
        transportChannel: UInt32? = nil, lines: [String] = ["A", "B"],
        windowNanoseconds: UInt64 = 10_000_000, windowPackets: Int = 4096,
        windowBytes: Int = 8 << 20
    ) {
        self.name = name
        self.feedProtocol = feedProtocol
        self.venue = venue ?? feedProtocol.defaultVenue
        self.transportChannel =
            transportChannel ?? feedProtocol.definition.transport.defaultChannel
        self.lines = lines
        self.windowNanoseconds = windowNanoseconds
        self.windowPackets = windowPackets
        self.windowBytes = windowBytes
    }

    /// See `CoreConfiguration.isSound`.
    var isSound: Bool {
        lines.count <= 250 && (1...1_000_000).contains(windowPackets)
            && (1...(1 << 30)).contains(windowBytes)
    }
}

/// Everything that the core's results depend on besides its input: recorded with the input log, so
/// that the log alone reproduces the run.
public struct CoreConfiguration: Sendable, Codable, Equatable {
    /// Channel i has id i on the tape.
    public var channels: [ChannelConfiguration]
    public var tradingDay: String
    public var instrumentCapacity: Int
    public var orderCapacity: Int
    public var levelCapacity: Int
    /// A line without packets for so long, while its channel has some, is reported; 0 for never.
    public var lineSilenceNanoseconds: UInt64
    /// Books are what most of the work goes into; a recorder of ticks may do without.
    public var buildsBooks: Bool

    public init(
        channels: [ChannelConfiguration], tradingDay: String, instrumentCapacity: Int = 65_536,
        orderCapacity: Int = 1 << 22, levelCapacity: Int = 1 << 21,
        lineSilenceNanoseconds: UInt64 = 5_000_000_000, buildsBooks: Bool = true
    ) {
        self.channels = channels
        self.tradingDay = tradingDay
        self.instrumentCapacity = instrumentCapacity
        self.orderCapacity = orderCapacity
        self.levelCapacity = levelCapacity
        self.lineSilenceNanoseconds = lineSilenceNanoseconds
        self.buildsBooks = buildsBooks
    }

    /// False if the core would refuse it. Configuration files are checked as they are read; an input
    /// log brings what it likes.
    var isSound: Bool {
        (1...4096).contains(channels.count) && channels.allSatisfy(\.isSound)
            && (1...1_000_000).contains(instrumentCapacity)
            && (1...(1 << 28)).contains(orderCapacity) && (1...(1 << 26)).contains(levelCapacity)
    }

    public var channelDescriptions: [ChannelDescription] {
        channels.enumerated().map { index, channel in
            ChannelDescription(
                id: UInt16(index), name: channel.name, venue: channel.venue,
                protocolName: channel.feedProtocol.rawValue,
                unit: channel.feedProtocol.definition.transport.unit)
        }
    }
}

/// Where an earlier run of the same trading day stopped: input of the core like any packet.
public struct ResumeState: Sendable, Codable, Equatable {
    public struct Channel: Sendable, Codable, Equatable {
        public var id: UInt16
        public var epoch: UInt32
        public var session: SessionIdentifier
        public var nextSequence: UInt64
        /// Newest capture time of the channel, UTC ns.
        public var captureTime: UInt64

        public init(
            id: UInt16, epoch: UInt32, session: SessionIdentifier, nextSequence: UInt64,
            captureTime: UInt64
        ) {
            self.id = id
            self.epoch = epoch
            self.session = session
            self.nextSequence = nextSequence
            self.captureTime = captureTime
        }

        /// No venue numbers messages up to 2^62, no day has 2^31 epochs.
        var isSound: Bool { (1..<(1 << 31)).contains(epoch) && nextSequence < 1 << 62 }
    }

    public var channels: [Channel]
    public var instruments: [Instrument]

    public init(channels: [Channel], instruments: [Instrument]) {
        self.channels = channels
        self.instruments = instruments
    }
}
