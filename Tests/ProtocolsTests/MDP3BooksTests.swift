import Books
import Foundation
import Protocols
import TestSupport
import Testing
import Ticks

/// A side of a market in full, of which the venue's feed shows the best levels by number.
private struct FullSide {
    struct Level: Equatable {
        var price: Int64
        var quantity: Int64
        var orders: UInt32
    }

    let isAsk: Bool
    let depth: Int
    /// Best first.
    private(set) var levels: [Level] = []

    var shown: ArraySlice<Level> { levels.prefix(depth) }

    /// What an operation makes the venue send: action, level (from 1) and the level itself.
    typealias Entry = (action: UInt8, level: Int, value: Level)

    private func isBetter(_ price: Int64, _ other: Int64) -> Bool {
        isAsk ? price < other : price > other
    }

    mutating func set(_ level: Level) -> [Entry] {
        let at = levels.firstIndex { !isBetter($0.price, level.price) } ?? levels.count
        let action: UInt8
        if at < levels.count, levels[at].price == level.price {
            levels[at] = level
            action = 1
        } else {
            levels.insert(level, at: at)
            action = 0
        }
        return at < depth ? [(action, at + 1, level)] : []
    }

    mutating func remove(at: Int) -> [Entry] {
        let gone = levels.remove(at: at)
        guard at < depth else { return [] }
        return [(2, at + 1, gone)] + refill(from: depth)
    }

    /// Another price at the same rank.
    mutating func move(at: Int, to level: Level) -> [Entry] {
        guard at < min(depth, levels.count), at == 0 || isBetter(levels[at - 1].price, level.price),
            at + 1 == levels.count || isBetter(level.price, levels[at + 1].price)
        else { return [] }
        levels[at] = level
        return [(5, at + 1, level)]
    }

    mutating func removeBest(_ count: Int) -> [Entry] {
        let count = min(count, shown.count)
        guard count > 0 else { return [] }
        let last = levels[count - 1]
        levels.removeFirst(count)
        return [(4, count, last)] + refill(from: depth - count + 1)
    }

    mutating func removeAll() -> [Entry] {
        guard let best = levels.first else { return [] }
        levels.removeAll()
        return [(3, 1, best)]
    }

    mutating func clear() { levels.removeAll() }

    /// Levels that come into sight at the end of the depth.
    private func refill(from level: Int) -> [Entry] {
        guard level <= min(levels.count, depth) else { return [] }
        return (level...min(levels.count, depth)).map { (0, $0, levels[$0 - 1]) }
    }
}

/// Books of MDP 3.0 against full markets, level by level after every event: outright, implied and
/// consolidated. `TAPELINE_MDP3_EVENTS` says how many events a seed has.
@Suite struct MDP3BooksTests {
    static let events =
        ProcessInfo.processInfo.environment["TAPELINE_MDP3_EVENTS"].flatMap { Int($0) } ?? 6_000

    private final class Market {
        let security: Int32
        /// Bids, asks, implied bids, implied asks.
        var sides: [FullSide]
        let middle: Int64
        var rptSeq: UInt32 = 0

        init(_ security: Int32, depth: Int, middle: Int64) {
            self.security = security
            self.middle = middle
            sides = [(false, depth), (true, depth), (false, 2), (true, 2)].map {
                FullSide(isAsk: $0, depth: $1)
            }
        }
    }

    private var random: SeededGenerator
    private let bench = MDP3Bench(instruments: 8)
    private let books = Books(
        BooksConfiguration(
            instrumentCapacity: 8, orderCapacity: 100, levelCapacity: 1000, channelCapacity: 1))
    private var markets: [Market] = []
    private var time: UInt64 = 1
    private var position: UInt64 = 0

    init() { random = SeededGenerator(seed: 0) }

    @Test(arguments: UInt64(1)...4)
    func everyLevelAfterEveryEvent(seed: UInt64) {
        var run = self
        run.random = SeededGenerator(seed: seed)
        run.define()
        for event in 0..<Self.events {
            run.event()
            guard run.compare(event) else { return }
        }
        run.books.checkInvariants()
        #expect(run.books.counters == BookCounters())
        #expect(run.bench.decoder.impossibleEntries == 0)
    }

    /// Instruments with depths of their own; the second trades around a price of 0.
    private mutating func define() {
        for (index, depth) in [10, 10, 5, 3, 10].enumerated() {
            let market = Market(
                Int32(index + 1), depth: depth, middle: index == 1 ? 0 : 1_000_000)
            markets.append(market)
            apply(
                MDP3Bench.message {
                    MDP3Encoder.mdInstrumentDefinitionFuture54(
                        schemaId: 1, version: 9, symbol: "F\(index)", securityID: market.security,
                        noMDFeedTypes: [
                            .init(mdFeedType: "GBX", marketDepth: Int8(depth)),
                            .init(mdFeedType: "GBI", marketDepth: 2),
                        ], to: &$0)
                })
        }
    }

    private mutating func apply(_ packet: [UInt8]) {
        var ticks = bench.decode(packet, room: [24, 64, 4096][random.below(3)])
        ticks.withUnsafeMutableBufferPointer {
            guard let base = $0.baseAddress else { return }
            books.complete(base, count: $0.count, position: position)
        }
        position += UInt64(ticks.count)
    }

    /// One event of the venue: some changes, in one or several messages and packets.
    private mutating func event() {
        time += 1
        var packet: [UInt8] = []
        let messages = 1 + random.below(3)
        for message in 0..<messages {
            var entries: [MDP3Bench.Level] = []
            for _ in 0..<(1 + random.below(4)) {
                let market = markets[random.below(markets.count)]
                entries += random.chance(3) ? empty(market) : change(market)
            }
            let isLast = message == messages - 1
            let endsEmpty = isLast && random.chance(500)
            packet += MDP3Bench.book(
                entries, time: time, indicator: isLast && !endsEmpty ? 0x84 : 0x04)
            if endsEmpty, random.chance(500) {
                apply(packet)
                packet = []
            }
            if endsEmpty { packet += MDP3Bench.book([], time: time, indicator: 0x80) }
            if random.chance(300) {
                apply(packet)
                packet = []
            }
        }
        apply(packet)
    }

    private mutating func change(_ market: Market) -> [MDP3Bench.Level] {
        let side = random.below(4)
        let steps = Int64(random.below(side < 2 ? 24 : 5))
        let price =
            (market.middle + (market.sides[side].isAsk ? steps : -steps)) * 250_000_000
        let level = FullSide.Level(
            price: price, quantity: Int64(1 + random.below(500)),
            orders: side < 2 ? UInt32(1 + random.below(9)) : 0)
        let count = market.sides[side].levels.count
        var entries: [FullSide.Entry]
        switch random.below(100) {
        case 0..<30 where count > 0: entries = market.sides[side].remove(at: random.below(count))
        case 30..<36 where count > 0:
            entries = market.sides[side].move(at: random.below(count), to: level)
        case 36: entries = market.sides[side].removeBest(1 + random.below(4))
        case 37: entries = market.sides[side].removeAll()
        default: entries = market.sides[side].set(level)
        }
        let type: Character = ["0", "1", "E", "F"][side]
        return entries.map { entry in
            market.rptSeq += 1
            return MDP3Bench.level(
                market.security, type, entry.action, UInt8(entry.level), entry.value.price,
                Int32(entry.value.quantity), orders: Int32(entry.value.orders),
                rptSeq: market.rptSeq)
        }
    }

    private mutating func empty(_ market: Market) -> [MDP3Bench.Level] {
        for side in market.sides.indices { market.sides[side].clear() }
        market.rptSeq += 1
        return [MDP3Bench.level(market.security, "J", 0, 0, .max, rptSeq: market.rptSeq)]
    }

    // MARK: Comparing

    private func compare(_ event: Int) -> Bool {
        for (index, market) in markets.enumerated() {
            let instrument = UInt32(index + 1)
            for (ask, side) in [Side.bid, .ask].enumerated() {
                let outright = Array(market.sides[ask].shown)
                let implied = Array(market.sides[2 + ask].shown)
                let both = merged(outright, implied, side)
                let best = both.first.map {
                    BestPrice(price: $0.price, quantity: $0.quantity, orders: $0.orders)
                }
                guard views(instrument, side, .outright) == outright,
                    views(instrument, side, .implied) == implied,
                    views(instrument, side, .consolidated) == both,
                    books.best(instrument, side) == best ?? .empty
                else {
                    Issue.record(
                        """
                        event \(event), instrument \(instrument), \(side): \
                        \(views(instrument, side, .outright)) and \
                        \(views(instrument, side, .implied)), best \
                        \(books.best(instrument, side)), instead of \(outright) and \(implied)
                        """)
                    return false
                }
            }
            guard !books.isSuspect(instrument) else {
                Issue.record("event \(event): instrument \(instrument) is suspect")
                return false
            }
        }
        return true
    }

    private func views(
        _ instrument: UInt32, _ side: Side, _ depth: Books.Depth
    ) -> [FullSide.Level] {
        books.levels(instrument, side, depth).map {
            FullSide.Level(price: $0.price, quantity: $0.quantity, orders: $0.orders)
        }
    }

    private func merged(
        _ outright: [FullSide.Level], _ implied: [FullSide.Level], _ side: Side
    ) -> [FullSide.Level] {
        var table: [Int64: FullSide.Level] = [:]
        for level in outright { table[level.price] = level }
        for level in implied {
            table[level.price, default: .init(price: level.price, quantity: 0, orders: 0)]
                .quantity += level.quantity
        }
        return table.values.sorted { side == .bid ? $0.price > $1.price : $0.price < $1.price }
    }
}
