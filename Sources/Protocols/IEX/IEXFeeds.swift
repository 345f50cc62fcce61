import Wire

enum IEXFeeds {
    /// IEX TOPS 1.6 and DEEP 1.0 over IEX-TP.
    static let all = [
        feed("tops16", .tops16, .tops16, hasOpenEvents: false),
        feed("deep10", .deep10, .deep10, hasOpenEvents: true),
    ]

    private static func feed(
        _ name: String, _ messageProtocol: IEXTP.MessageProtocol, _ feed: IEXFeed,
        hasOpenEvents: Bool
    ) -> FeedDefinition {
        FeedDefinition(
            name: name, venue: "IEXG", timeZone: "America/New_York",
            transport: IEXTP.transport(for: messageProtocol),
            ticksPerMessageMax: IEXDecoder.ticksPerMessageMax, hasOpenEvents: hasOpenEvents
        ) { setup in
            IEXDecoder(
                feed: feed, directory: setup.directory, venue: setup.venue,
                channel: setup.channel)
        }
    }
}
