import Foundation
import Protocols
import Simulation
import Tape
import Ticks
import Wire

extension Benchmark {
    /// What every feed tells of its markets, made from its description; what one field read costs,
    /// beside ITCH in the same run.
    static let protocols = Benchmark(
        name: "protocols", summary: "every feed's messages in memory to ticks, and ns a field read",
        table: protocolTable
    ) { settings in
        let rounds = settings.size(full: 400, quick: 40) / slices
        let reference = try FeedPath(feed("itch50"), seed: settings.seed)
        return try feeds(settings.feeds).map { feed in
            let path = try FeedPath(feed, seed: settings.seed)
            let subjects = [
                Subject(name: path.feed.name) { path.run(rounds) },
                Subject(name: "itch50") { reference.run(rounds) },
            ]
            let series = try interleave(
                subjects, repetitions: settings.repetitions * slices)
            var outcome = Outcome(
                "protocols", "\(path.feed.name) in memory to ticks", unit: "message",
                parameters: [
                    ("messages", grouped(path.messages)),
                    ("fields a message", short(path.fieldsPerMessage)),
                    ("ticks a message", short(path.ticksPerMessage)),
                    ("ticks with a price", short(path.pricedShare)),
                ], series)
            let ours = outcome.ours.median / path.fieldsPerMessage
            let theirs = series[1].median / reference.fieldsPerMessage
            outcome.targets = [.atMost(1.5, ours / theirs, "times ITCH's ns a field")]
            return outcome
        }
    }

    /// Parts of a repetition: the host's speed changes within a second, and a ratio is of two
    /// feeds that ran at the same speed.
    private static let slices = 8

    private static func feed(_ name: String) throws -> FeedDefinition {
        guard let feed = FeedRegistry.find(name) else {
            throw BenchmarkError.differs("there is no feed \(name): see tapeline protocols")
        }
        return feed
    }

    /// The feeds of these names, or all.
    private static func feeds(_ names: [String]) throws -> [FeedDefinition] {
        try names.isEmpty ? FeedRegistry.feeds : names.map { try feed($0) }
    }

    private static func protocolTable(_ outcomes: [Outcome]) -> [[String]] {
        var rows = [["feed", "ns a message", "fields a message", "ns a field", "of ITCH's"]]
        for outcome in outcomes {
            let fields = outcome.ours.figures["fieldsPerMessage"] ?? 1
            rows.append([
                outcome.ours.name, short(outcome.ours.median), short(fields),
                short(outcome.ours.median / fields), short(outcome.targets[0].reached),
            ])
        }
        return rows
    }
}

/// Packets of one feed in memory, and its decoder.
final class FeedPath {
    let feed: FeedDefinition
    /// Messages in all packets, those inside numbered packets counted singly.
    let messages: Int
    /// Fields that the description has for them, on the average.
    let fieldsPerMessage: Double
    private(set) var ticksPerMessage = 0.0
    /// Share of its ticks that have a price.
    private(set) var pricedShare = 0.0
    private var payloads: [[UInt8]] = []
    /// Definitions, which come before.
    private var definitions: [[UInt8]] = []
    private let ticks: UnsafeMutablePointer<Tick>
    private static let room = 8192
    private static let packets = 256

    /// - Throws: `BenchmarkError.differs` if the feed has no messages to measure, the decoder refuses
    ///   some of them, or tells too little.
    init(_ feed: FeedDefinition, seed: UInt64) throws {
        self.feed = feed
        var flow = try FeedFlow(feed, seed: seed)
        ticks = .allocate(capacity: Self.room)
        var sequence: UInt64 = 1
        while definitions.count < Self.packets, let messages = flow.definitions() {
            let session = flow.session(packet: 0)
            definitions.append(Self.packet(feed, messages, session: session, &sequence))
        }
        var fields = 0
        var count = 0
        let dissector = FeedDissector(feed)
        for packet in 0..<Self.packets {
            let session = flow.session(packet: packet)
            let payload = Self.packet(feed, flow.messages(), session: session, &sequence)
            let packet = payload.withUnsafeBytes { dissector.dissect($0) }
            count += packet.messages.count
            fields += flow.fields(packet)
            payloads.append(payload)
        }
        messages = count
        fieldsPerMessage = Double(fields) / Double(max(count, 1))
        try check()
    }

    private static func packet(
        _ feed: FeedDefinition, _ messages: [[UInt8]], session: UInt64, _ sequence: inout UInt64
    ) -> [UInt8] {
        defer { sequence += feed.transport.unit == .packets ? 1 : UInt64(messages.count) }
        return feed.transport.encode(
            PacketContents(
                session: session, sequence: sequence,
                sendTime: 1_577_716_200_000_000_000 + sequence,
                channel: max(feed.transport.defaultChannel, 1), messages: messages))
    }

    /// Every message is to be decoded and to tell something: refusing is quick.
    private func check() throws {
        let decoder = makeDecoder()
        pass(definitions, decoder) { _ in }
        let before = decoder.snapshotCounters()
        var told = 0
        var priced = 0
        pass(payloads, decoder) { ticks in
            told += ticks.count
            priced += ticks.count { $0.price != Price.none }
        }
        let after = decoder.snapshotCounters()
        let refused =
            after.unknownType + after.unexpectedLength - before.unknownType
            - before.unexpectedLength
        let decoded = after.messageTotal - before.messageTotal
        ticksPerMessage = Double(told) / Double(max(messages, 1))
        pricedShare = Double(priced) / Double(max(told, 1))
        guard refused == 0, decoded == UInt64(messages), told > messages / 4 else {
            throw BenchmarkError.differs(
                "\(feed.name): \(decoded) of \(messages) messages decoded, \(refused) refused, "
                    + "\(told) ticks")
        }
    }

    deinit { ticks.deallocate() }

    private func makeDecoder() -> any FeedDecoding {
        feed.makeDecoder(
            DecoderSetup(
                directory: InstrumentDirectory(capacity: 16_384), venue: feed.venue, channel: 0,
                midnight: 1_577_682_000_000_000_000, feed: feed.name))
    }

    func run(_ rounds: Int) -> Sample {
        let decoder = makeDecoder()
        pass(definitions, decoder) { _ in }
        var digest = TickDigest()
        pass(payloads, decoder) { digest.add($0) }
        var sample = timed(count: rounds, units: rounds * messages) { range in
            for _ in range { pass(payloads, decoder) { _ in } }
        }
        sample.hash = digest.value
        sample.figures["fieldsPerMessage"] = fieldsPerMessage
        return sample
    }

    @inline(__always)
    private func pass(
        _ payloads: [[UInt8]], _ decoder: any FeedDecoding,
        _ body: (UnsafeBufferPointer<Tick>) -> Void
    ) {
        let context = DeliveryContext(
            captureTime: 1, channel: 0, line: 0, flags: TimeSource.file.flags)
        for payload in payloads {
            payload.withUnsafeBytes { bytes in
                guard case .packet(let packet) = feed.transport.parse(bytes, TransportOptions())
                else { return }
                var cursor = BlockCursor(
                    offset: 0, remaining: packet.messageCount, sequence: packet.firstSequence)
                while cursor.remaining > 0 {
                    let count = decoder.decode(
                        packet.blocks, cursor: &cursor, context: context, into: ticks,
                        capacity: Self.room)
                    body(UnsafeBufferPointer(start: ticks, count: count))
                }
            }
        }
    }
}
