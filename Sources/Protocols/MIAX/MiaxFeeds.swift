import Wire

enum MiaxFeeds {
    static let futuresName = "miax-tom"

    static let all = [
        FeedDefinition(
            name: "miax-dom", venue: "EPRL", timeZone: "America/New_York",
            transport: MACHPacket.transport,
            ticksPerMessageMax: MiaxDepthDecoder.ticksPerMessageMax,
            description: { .miax }
        ) { MiaxDepthDecoder($0) },
        top(futuresName, venue: "MIFX", timeZone: "America/Chicago"),
        top("miax-ctom", venue: "XMIO", timeZone: "America/New_York"),
    ]

    private static func top(_ name: String, venue: String, timeZone: String) -> FeedDefinition {
        FeedDefinition(
            name: name, venue: venue, timeZone: timeZone, transport: MACHPacket.transport,
            ticksPerMessageMax: MiaxTopDecoder.ticksPerMessageMax, description: { .miax }
        ) { MiaxTopDecoder($0) }
    }
}
