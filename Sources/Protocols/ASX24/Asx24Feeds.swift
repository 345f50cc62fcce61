import Wire

enum Asx24Feeds {
    static let all = [
        FeedDefinition(
            name: "asx24", venue: "XSFE", timeZone: "Australia/Sydney",
            transport: MoldUDP64.transport,
            ticksPerMessageMax: Asx24Decoder.ticksPerMessageMax, description: { .asx24 }
        ) { Asx24Decoder($0) }
    ]
}
