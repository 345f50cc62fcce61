/// Every feed that the handler knows.
public enum FeedRegistry {
    public static let feeds: [FeedDefinition] =
        ITCH50Feeds.all
        + IEXFeeds.all
        + MDP3Feeds.all
        + PillarFeeds.all
        + MemxFeeds.all + MiaxFeeds.all + Asx24Feeds.all + OmdcFeeds.all + MitchFeeds.all
        + JnxFeeds.all
        + PitchFeeds.all
        + CTAFeeds.all
        + UTPFeeds.all
        + OPRAFeeds.all
        + EobiFeeds.all
        + B3Feeds.all
        + CoinbaseFeeds.all
        + OptiqFeeds.all

    /// The feed that configuration calls so.
    public static func find(_ name: String) -> FeedDefinition? {
        feeds.first { $0.name == name }
    }
}
