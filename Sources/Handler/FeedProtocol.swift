import Protocols

/// A market-data feed as configuration names it: one of those that the registry knows.
public struct FeedProtocol: RawRepresentable, Hashable, Sendable, Codable, CaseIterable {
    public let rawValue: String

    /// Nil for names that the registry does not know.
    public init?(rawValue: String) {
        guard FeedRegistry.find(rawValue) != nil else { return nil }
        self.rawValue = rawValue
    }

    private init(_ definition: FeedDefinition) { rawValue = definition.name }

    public static var allCases: [FeedProtocol] { FeedRegistry.feeds.map(FeedProtocol.init) }

    /// Nasdaq TotalView-ITCH 5.0 over MoldUDP64, or as a message file.
    public static let itch50 = FeedProtocol(rawValue: "itch50")!
    /// IEX TOPS 1.6 over IEX-TP.
    public static let tops16 = FeedProtocol(rawValue: "tops16")!
    /// IEX DEEP 1.0 over IEX-TP.
    public static let deep10 = FeedProtocol(rawValue: "deep10")!

    /// A search among all feeds: not for the hot path.
    public var definition: FeedDefinition {
        guard let definition = FeedRegistry.find(rawValue) else {
            preconditionFailure("\(rawValue) was in the registry when this was made")
        }
        return definition
    }

    /// True for feeds that flow through TCP, which the data path does not take: `dissect` reads them.
    public var isForDissectOnly: Bool { definition.transport.streamPacketLength != nil }

    /// Market identifier used where the configuration gives none.
    public var defaultVenue: String { definition.venue }
}
