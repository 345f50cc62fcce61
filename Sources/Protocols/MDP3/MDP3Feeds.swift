import Wire

/// CME's feeds. The venue is Globex; configuration names the market (XCBT, XNYM, XCEC, …) where a
/// channel is of one.
public enum MDP3Feeds {
    static let loopName = "mdp3-loop"

    public static let all: [FeedDefinition] = [
        definition("mdp3", MDP3Packet.transport),
        definition(loopName, MDP3Packet.loopTransport),
        definition("mdp3-tcp", MDP3Packet.conflatedTransport),
    ]

    private static func definition(
        _ name: String, _ transport: TransportDefinition
    ) -> FeedDefinition {
        FeedDefinition(
            name: name, venue: "XCME", timeZone: "America/Chicago", transport: transport,
            ticksPerMessageMax: MDP3Decoder.roomMin, hasOpenEvents: true,
            description: { .mdP3 }, makeDecoder: { MDP3Decoder($0) })
    }
}
