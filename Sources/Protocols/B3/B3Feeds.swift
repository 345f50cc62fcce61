import Wire

enum B3Feeds {
    /// B3 Binary UMDF: derivatives and equities alike.
    static let all = [
        FeedDefinition(
            name: "b3-umdf", venue: "BVMF", timeZone: "America/Sao_Paulo",
            transport: B3Packet.transport, ticksPerMessageMax: B3Decoder.ticksPerMessageMax,
            description: { .b3 }
        ) { B3Decoder($0) }
    ]
}
