import Wire

enum CoinbaseFeeds {
    /// Coinbase Derivatives: incremental channels, and snapshot channels, whose packets lie otherwise.
    static let all = [
        FeedDefinition(
            name: "coinbase", venue: "FCME", timeZone: "America/Chicago",
            transport: CoinbasePacket.transport,
            ticksPerMessageMax: CoinbaseDecoder.ticksPerMessageMax,
            description: { .coinbase }
        ) { CoinbaseDecoder($0) },
        FeedDefinition(
            name: "coinbase-snap", venue: "FCME", timeZone: "America/Chicago",
            transport: CoinbasePacket.snapshotTransport,
            ticksPerMessageMax: CoinbaseSnapshotDecoder.ticksPerMessageMax,
            description: { .coinbaseSnapshot }
        ) { CoinbaseSnapshotDecoder($0) },
    ]
}
