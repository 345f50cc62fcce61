import Wire

enum MemxFeeds {
    static let all = [
        FeedDefinition(
            name: "memx", venue: "MEMX", timeZone: "America/New_York",
            transport: MEMXPacket.transport,
            ticksPerMessageMax: MemxDecoder.ticksPerMessageMax,
            description: { .memx }
        ) { MemxDecoder($0) }
    ]
}
