/// Every feed that the handler knows.
public enum FeedRegistry {
    public static let feeds: [FeedDefinition] =
        ITCH50Feeds.all
        + IEXFeeds.all
        + MDP3Feeds.all

    /// The feed that configuration calls so.
    public static func find(_ name: String) -> FeedDefinition? {
        feeds.first { $0.name == name }
    }
}
