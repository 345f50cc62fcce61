import Wire

enum EobiFeeds {
    /// Eurex T7 EOBI: releases with 64-bit quantities, with 32-bit ones, and those of 2014.
    static let all = ["eobi", "eobi-6", "eobi-3"].map { name in
        FeedDefinition(
            name: name, venue: "XEUR", timeZone: "Europe/Berlin",
            transport: EOBIPacket.transport,
            ticksPerMessageMax: EobiDecoder.ticksPerMessageMax,
            description: { .eobi }
        ) { EobiDecoder($0) }
    }
}
