import Wire

enum UTPFeeds {
    /// The consolidated tape C over MoldUDP64 (others.md §4).
    static let all = ["uqdf", "utdf"].map { name in
        FeedDefinition(
            name: name, venue: "UTP", timeZone: "America/New_York",
            transport: MoldUDP64.transport, ticksPerMessageMax: UTPDecoder.ticksPerMessageMax,
            description: { .utp }
        ) { UTPDecoder($0) }
    }
}
