import Books
import Foundation
import Protocols
import Simulation
import Testing
import Ticks
import Wire

/// The simulated channel's packets, decoded and built into books, against its markets (plain sorted
/// arrays): outright, implied and consolidated, level by level after every event.
///
/// `TAPELINE_MDP3_EVENTS` says how many events a seed has.
@Suite struct MDP3BooksTests {
    static let events =
        ProcessInfo.processInfo.environment["TAPELINE_MDP3_EVENTS"].flatMap { Int($0) } ?? 5_000

    private final class Receiver {
        let directory = InstrumentDirectory(capacity: 16)
        let decoder: MDP3Decoder
        let books = Books(
            BooksConfiguration(
                instrumentCapacity: 16, orderCapacity: 100, levelCapacity: 2000,
                channelCapacity: 1))
        private let room: Int
        private let ticks: UnsafeMutablePointer<Tick>
        private(set) var position: UInt64 = 0
        private(set) var kinds: [TickKind: Int] = [:]
        private var instruments: [Int32: UInt32] = [:]

        /// `room`: ticks that fit at a time.
        init(room: Int) {
            self.room = room
            ticks = .allocate(capacity: room)
            decoder = MDP3Decoder(
                DecoderSetup(
                    directory: directory, venue: "XCME", channel: 0, midnight: 0, feed: "mdp3"))
        }

        deinit { ticks.deallocate() }

        func take(_ packet: LinePacket) {
            packet.payload.withUnsafeBytes { payload in
                guard case .packet(let parsed) = MDP3Packet.parse(payload) else {
                    Issue.record("a packet of the simulator is rejected")
                    return
                }
                var cursor = BlockCursor(
                    offset: 0, remaining: parsed.messageCount, sequence: parsed.firstSequence)
                let context = DeliveryContext(
                    captureTime: packet.time, channel: 0, line: 0, flags: [])
                while cursor.remaining > 0 {
                    let count = decoder.decode(
                        parsed.blocks, cursor: &cursor, context: context, into: ticks,
                        capacity: room)
                    books.complete(ticks, count: count, position: position)
                    position += UInt64(count)
                    for tick in UnsafeBufferPointer(start: ticks, count: count) {
                        kinds[tick.tickKind ?? .alert, default: 0] += 1
                    }
                }
            }
        }

        func instrument(_ market: MDP3Market) -> UInt32 {
            if let known = instruments[market.security] { return known }
            let entry = directory.entries.first { $0.code == UInt64(market.security) }
            instruments[market.security] = entry?.id
            return entry?.id ?? 0
        }
    }

    @Test(arguments: UInt64(1)...4)
    func everyLevelAfterEveryEvent(seed: UInt64) throws {
        var configuration = MDP3DayConfiguration(
            events: Self.events, futures: 4, seed: seed,
            date: try TradingDay(parsing: "2026-03-16"))
        configuration.hasRareOperations = seed % 2 == 0
        var day = MDP3Day(configuration)
        let receiver = Receiver(room: [4096, 25, 31, 64][Int(seed) % 4])
        var events = -1
        while let packet = day.next() {
            receiver.take(packet)
            guard day.isBetweenEvents else { continue }
            events += 1
            guard compare(day, receiver, events) else { return }
        }
        #expect(events == Self.events)
        let counters = receiver.decoder.snapshotCounters()
        #expect(counters.unknownType + counters.unexpectedLength + counters.unrepresentable == 0)
        #expect(receiver.decoder.impossibleEntries == 0)
        receiver.books.checkInvariants()
        var expected = BookCounters()
        expected.ordersOfLevelBooks = receiver.books.counters.ordersOfLevelBooks
        #expect(receiver.books.counters == expected)
        for kind in [TickKind.level, .trade, .fill, .add, .statistic, .definition] {
            #expect(receiver.kinds[kind, default: 0] > 0, "\(kind)")
        }
    }

    private func compare(_ day: MDP3Day, _ receiver: Receiver, _ event: Int) -> Bool {
        for market in day.markets {
            let instrument = receiver.instrument(market)
            for (ask, side) in [Side.bid, .ask].enumerated() {
                let outright = market.sides[ask].shown
                let implied = market.sides[2 + ask].shown
                let both = merged(outright, implied, side)
                let best = both.first.map {
                    BestPrice(price: $0.price, quantity: $0.quantity, orders: $0.orders)
                }
                let books = receiver.books
                if levels(books, instrument, side, .outright) == outright,
                    levels(books, instrument, side, .implied) == implied,
                    levels(books, instrument, side, .consolidated) == both,
                    books.best(instrument, side) == best ?? .empty, !books.isSuspect(instrument)
                {
                    continue
                }
                Issue.record(
                    """
                    event \(event), \(market.symbol), \(side): \
                    \(levels(books, instrument, side, .outright)) and \
                    \(levels(books, instrument, side, .implied)), best \
                    \(books.best(instrument, side)), instead of \(outright) and \(implied)
                    """)
                return false
            }
        }
        return true
    }

    private func levels(
        _ books: Books, _ instrument: UInt32, _ side: Side, _ depth: Books.Depth
    ) -> [MDP3Ladder.Level] {
        books.levels(instrument, side, depth).map {
            MDP3Ladder.Level(price: $0.price, quantity: $0.quantity, orders: $0.orders)
        }
    }

    private func merged(
        _ outright: [MDP3Ladder.Level], _ implied: [MDP3Ladder.Level], _ side: Side
    ) -> [MDP3Ladder.Level] {
        if implied.isEmpty { return outright }
        var levels = outright
        for level in implied {
            if let at = levels.firstIndex(where: { $0.price == level.price }) {
                levels[at].quantity += level.quantity
            } else {
                levels.append(level)
            }
        }
        return levels.sorted { side == .bid ? $0.price > $1.price : $0.price < $1.price }
    }

    // MARK: Lines

    /// The same seed gives the same packets, and other ones for another seed.
    @Test func seedDecidesEveryByte() throws {
        let date = try TradingDay(parsing: "2026-03-16")
        func packets(_ seed: UInt64) -> [LinePacket] {
            var day = MDP3Day(
                MDP3DayConfiguration(events: 200, futures: 2, seed: seed, date: date))
            var all: [LinePacket] = []
            while let packet = day.next() { all.append(packet) }
            return all
        }
        let first = packets(1)
        #expect(first == packets(1) && first != packets(2))
        #expect(first.map(\.sequences.lowerBound) == Array(1...UInt64(first.count)))
        #expect(zip(first, first.dropFirst()).allSatisfy { $0.time < $1.time })
        #expect(first.allSatisfy { $0.payload.count <= 1_500 })
    }

    /// Faults of lines are those of any other feed.
    @Test func linesLosePackets() throws {
        let day = MDP3Day(
            MDP3DayConfiguration(
                events: 2_000, futures: 2, seed: 3, date: try TradingDay(parsing: "2026-03-16")))
        var faults = LineFaults()
        faults.lossProbability = 0.05
        var lines = FaultyLines(day, lines: [faults, faults], seed: 9)
        var arrived = 0
        while lines.next() != nil { arrived += 1 }
        #expect(lines.truth.lines.allSatisfy { $0.lost > 0 })
        #expect(arrived == lines.truth.lines.reduce(0) { $0 + $1.arrived })
        #expect(lines.truth.lostEverywhereMessages < lines.truth.lines[0].lostMessages)
    }
}
