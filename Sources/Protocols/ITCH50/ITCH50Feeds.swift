import Wire

enum ITCH50Feeds {
    /// Nasdaq TotalView-ITCH 5.0 over MoldUDP64, or as a message file; BX and PSX send the same.
    static let all = [
        feed("itch50", venue: "XNAS"), feed("itch50-bx", venue: "XBOS"),
        feed("itch50-psx", venue: "XPSX"),
    ]

    private static func feed(_ name: String, venue: String) -> FeedDefinition {
        FeedDefinition(
            name: name, venue: venue, timeZone: "America/New_York",
            transport: MoldUDP64.transport, ticksPerMessageMax: ITCH50Decoder.ticksPerMessageMax,
            description: { .itch }
        ) { ITCH50Decoder($0) }
    }
}
