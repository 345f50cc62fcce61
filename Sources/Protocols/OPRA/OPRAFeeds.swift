import Wire

enum OPRAFeeds {
    /// Options last sale and quotes (others.md §5).
    static let all = [
        FeedDefinition(
            name: "opra", venue: "OPRA", timeZone: "America/New_York",
            transport: OPRABlock.transport, ticksPerMessageMax: OPRADecoder.ticksPerMessageMax,
            description: { .opra }
        ) { OPRADecoder($0) }
    ]
}
