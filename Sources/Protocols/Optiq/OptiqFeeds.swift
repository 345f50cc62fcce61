import Wire

enum OptiqFeeds {
    /// Euronext Optiq MDG: states only, see `OptiqDecoder`.
    static let all = [
        FeedDefinition(
            name: "optiq", venue: "XPAR", timeZone: "Europe/Paris",
            transport: OptiqPacket.transport, ticksPerMessageMax: OptiqDecoder.ticksPerMessageMax,
            description: { .optiq }
        ) { OptiqDecoder($0) }
    ]
}
