import Wire

enum ITCH50Feeds {
    /// Nasdaq TotalView-ITCH 5.0 over MoldUDP64, or as a message file.
    static let all = [
        FeedDefinition(
            name: "itch50", venue: "XNAS", timeZone: "America/New_York",
            transport: MoldUDP64.transport, ticksPerMessageMax: ITCH50.ticksPerMessageMax
        ) { setup in
            ITCH50Decoder(
                directory: setup.directory, venue: setup.venue, channel: setup.channel,
                midnight: setup.midnight)
        }
    ]
}
