/// A directory entry: what `Tick.instrument` stands for.
public struct Instrument: Hashable, Sendable, Codable {
    /// Dense, from 1, stable within a trading day across restarts.
    public var id: UInt32
    /// At most 31 bytes of UTF-8; empty while the venue has not named it yet.
    public var symbol: String
    /// At most 15 bytes of UTF-8.
    public var venue: String
    /// The venue's own number (stock locate, security id); 0 if none.
    public var code: UInt64
    /// Billionths of the price unit; 0 if unknown.
    public var tickSize: Int64
    /// Round lot in quantity units; 0 if unknown.
    public var lotSize: Int64
    /// Channel that defined it.
    public var channel: UInt16
    /// At most 3 letters.
    public var currency: String
    /// Venue details, one `key=value` a line.
    public var details: String

    public init(
        id: UInt32, symbol: String, venue: String, code: UInt64 = 0, tickSize: Int64 = 0,
        lotSize: Int64 = 0, channel: UInt16 = 0, currency: String = "", details: String = ""
    ) {
        self.id = id
        self.symbol = symbol
        self.venue = venue
        self.code = code
        self.tickSize = tickSize
        self.lotSize = lotSize
        self.channel = channel
        self.currency = currency
        self.details = details
    }
}

/// What a channel's sequence numbers count.
public enum SequenceUnit: UInt8, Sendable, Codable {
    case messages = 0
    case packets = 1
}

/// One independently sequenced stream, as tape and journal describe it.
public struct ChannelDescription: Hashable, Sendable, Codable {
    public var id: UInt16
    /// At most 31 bytes of UTF-8.
    public var name: String
    /// At most 15 bytes of UTF-8.
    public var venue: String
    /// At most 15 bytes of UTF-8, as the configuration spells it.
    public var protocolName: String
    public var unit: SequenceUnit

    public init(
        id: UInt16, name: String, venue: String, protocolName: String, unit: SequenceUnit
    ) {
        self.id = id
        self.name = name
        self.venue = venue
        self.protocolName = protocolName
        self.unit = unit
    }
}
