import Wire

/// The kinds of PITCH feeds, by their names.
enum PitchLayout: String {
    case equities = "pitch-us"
    case options = "pitch-options"
    case complexOptions = "pitch-complex"
    case futures = "pitch-cfe"
    case europe = "pitch-europe"
    case australia = "pitch-cxa"

    var isAmerican: Bool { self != .europe && self != .australia }
}

enum PitchFeeds {
    /// Cboe Multicast PITCH, one unit a channel.
    static let all = [
        feed(.equities, venue: "BATS", timeZone: "America/New_York"),
        feed(.options, venue: "XCBO", timeZone: "America/New_York"),
        feed(.complexOptions, venue: "XCBO", timeZone: "America/New_York"),
        feed(.futures, venue: "XCBF", timeZone: "America/Chicago"),
        feed(.europe, venue: "CHIX", timeZone: "Europe/London"),
        feed(.australia, venue: "CHIA", timeZone: "Australia/Sydney"),
    ]

    private static func feed(
        _ layout: PitchLayout, venue: String, timeZone: String
    ) -> FeedDefinition {
        FeedDefinition(
            name: layout.rawValue, venue: venue, timeZone: timeZone, transport: PITCHUnit.transport,
            ticksPerMessageMax: PitchDecoder.ticksPerMessageMax, description: { .pitch }
        ) { PitchDecoder($0) }
    }
}
