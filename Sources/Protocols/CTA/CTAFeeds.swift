import Wire

enum CTAFeeds {
    /// The consolidated tapes A and B (others.md §3).
    static let all = [feed("cqs", CTABlock.quotes), feed("cts", CTABlock.trades)]

    private static func feed(_ name: String, _ transport: TransportDefinition) -> FeedDefinition {
        FeedDefinition(
            name: name, venue: "CTA", timeZone: "America/New_York", transport: transport,
            ticksPerMessageMax: CTADecoder.ticksPerMessageMax,
            description: { .cta }
        ) { CTADecoder($0) }
    }
}
