import Simulation
import Ticks
import Wire

/// What the targets' seeds are made of.
enum Seeds {
    /// A small simulated day on two lines with loss, repeats and reordering.
    static func deliveries(messages: Int, seed: UInt64) throws -> [LineDelivery] {
        let day = try day(messages: messages, seed: seed)
        var packing = LinePacketizerConfiguration(session: MoldUDP64Encoder.session("FUZZ"))
        packing.payloadByteLimit = 300
        packing.heartbeatNanoseconds = nil
        packing.endOfSessionCount = 2
        var faults = LineFaults()
        faults.lossProbability = 0.2
        faults.duplicationProbability = 0.1
        faults.reorderProbability = 0.2
        var lines = FaultyLines(
            LinePacketizer(day, configuration: packing), lines: [faults, faults], seed: seed)
        var all: [LineDelivery] = []
        while let delivery = lines.next() { all.append(delivery) }
        return all
    }

    static func day(messages: Int, seed: UInt64) throws -> ITCH50Day {
        try ITCH50Day(
            ITCH50DayConfiguration(
                messages: messages, symbols: 2, seed: seed,
                date: try TradingDay(parsing: "2019-12-30")))
    }

    /// A packet around the delivery's payload; the destination tells the lines apart.
    static func frame(_ delivery: LineDelivery, _ linkType: LinkType) -> [UInt8] {
        var frame: [UInt8] = []
        let builder = FrameBuilder(
            source: IPAddress(v4: 0x0A00_0001), sourcePort: 1,
            destination: IPAddress(v4: 0xEFC0_0101 + UInt32(delivery.line) << 8),
            destinationPort: 26_400, linkType: linkType)
        delivery.payload.withUnsafeBytes { _ = builder?.append(payload: $0, to: &frame) }
        return frame
    }
}
