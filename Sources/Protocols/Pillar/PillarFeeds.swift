import Wire

/// The feeds that `Pillar.protocol` and `OpenBook.protocol` describe.
enum PillarFeeds {
    static let integrated = "pillar-integ"
    static let xdpIntegrated = "xdp-integrated"
    static let depth = "pillar-depth"
    static let options = "pillar-options"

    static let all: [FeedDefinition] = [
        pillar(integrated), pillar(xdpIntegrated), pillar("pillar-bbo"), pillar("xdp-bbo"),
        pillar("pillar-trades"), pillar(depth), pillar("xdp-imbalances"),
        pillar(options, venue: "ARCO"),
        FeedDefinition(
            name: "openbook-ultra", venue: "XNYS", timeZone: "America/New_York",
            transport: OpenBookPacket.transport,
            ticksPerMessageMax: OpenBookDecoder.ticksPerMessageMax,
            description: { .openBook }, makeDecoder: { OpenBookDecoder($0) }),
    ]

    /// An imbalance has 12 values; a depth update as many levels as a byte counts.
    static func ticksPerMessageMax(_ feed: String) -> Int { feed == depth ? 255 : 16 }

    private static func pillar(_ name: String, venue: String = "XNYS") -> FeedDefinition {
        FeedDefinition(
            name: name, venue: venue, timeZone: "America/New_York",
            transport: PillarPacket.transport, ticksPerMessageMax: ticksPerMessageMax(name),
            description: { .pillar }, makeDecoder: { PillarDecoder($0) })
    }
}
