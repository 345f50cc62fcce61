import Wire

enum IEXFeeds {
    /// IEX TOPS 1.5 and 1.6, DEEP 1.0 and DEEP+ 1.0 over IEX-TP.
    static let all = [
        feed("tops15", .tops15), feed("tops16", .tops16), feed("deep10", .deep10),
        feed("deepplus", .deepPlus),
    ]

    private static func feed(
        _ name: String, _ messageProtocol: IEXTP.MessageProtocol
    ) -> FeedDefinition {
        FeedDefinition(
            name: name, venue: "IEXG", timeZone: "America/New_York",
            transport: IEXTP.transport(for: messageProtocol),
            ticksPerMessageMax: IEXDecoder.ticksPerMessageMax,
            hasOpenEvents: messageProtocol == .deep10, description: { .iex }
        ) { IEXDecoder($0) }
    }
}
