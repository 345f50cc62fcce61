import Wire

enum MitchFeeds {
    static let all = [
        FeedDefinition(
            name: "mitch", venue: "XLON", timeZone: "Europe/London",
            transport: MITCHUnit.transport,
            ticksPerMessageMax: MitchDecoder.ticksPerMessageMax, description: { .mitch }
        ) { MitchDecoder($0) }
    ]
}
