import Wire

enum OmdcFeeds {
    static let all = [
        FeedDefinition(
            name: "omd-c", venue: "XHKG", timeZone: "Asia/Hong_Kong",
            transport: OMDPacket.transport,
            ticksPerMessageMax: OmdcDecoder.ticksPerMessageMax, description: { .omdc }
        ) { OmdcDecoder($0) }
    ]
}
