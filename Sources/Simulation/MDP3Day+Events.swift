import Protocols
import Ticks

/// What happens on the simulated channel after its opening.
extension MDP3Day {
    typealias BookEntry = MDP3MDIncrementalRefreshBook46NoMDEntriesValues
    typealias OrderEntry = MDP3MDIncrementalRefreshBook46NoOrderIDEntriesValues

    /// One event of the venue: its messages in the order of cme-mdp3.md §3, trades first, then
    /// outright levels, statistics, implied levels; the last one ends it.
    mutating func event() {
        time += 1_000 + UInt64(random.below(200_000))
        var messages: [[UInt8]] = []
        var outright: [BookEntry] = []
        let market = random.below(markets.count)
        if random.chance(0.15), let trade = trade(market, &outright) {
            messages += trade
        } else {
            for _ in 0..<random.halving(atMost: 6) {
                outright += change(random.below(markets.count), implied: false)
            }
        }
        var implied: [BookEntry] = []
        for _ in 0..<(random.chance(0.4) ? random.halving(atMost: 5) : 0) {
            implied += change(random.below(markets.count), implied: true)
        }
        if configuration.hasRareOperations, random.chance(0.004) { outright += empty(market) }
        if random.chance(0.1) { markets[market].middle += Int64(random.below(3)) - 1 }
        // An event may be one message, or end with one that has no entries.
        let hasStatistics = random.chance(0.05)
        let isAlone = implied.isEmpty && !hasStatistics && random.chance(0.3)
        for part in parts(outright) {
            messages.append(book(part, isAlone && part.count < Self.entriesMax ? 0x84 : 0x04))
        }
        if hasStatistics { messages.append(statistics(market)) }
        if !isAlone || messages.last.map({ $0[18] & 0x80 == 0 }) ?? true {
            messages.append(book(implied, implied.isEmpty ? 0x80 : 0x90))
        }
        send(messages)
    }

    static let entriesMax = 20

    private func parts(_ entries: [BookEntry]) -> [[BookEntry]] {
        stride(from: 0, to: entries.count, by: Self.entriesMax).map {
            Array(entries[$0..<min($0 + Self.entriesMax, entries.count)])
        }
    }

    // MARK: Levels

    /// A level where the market is: near the middle most of the time.
    mutating func level(_ market: Int, _ side: Int) -> MDP3Ladder.Level {
        let steps = Int64(1 + random.below(side < 2 ? 24 : 5))
        let price = markets[market].middle + (side % 2 == 1 ? steps : -steps)
        return MDP3Ladder.Level(
            price: price * MDP3Market.tick, quantity: Int64(1 + random.below(500)),
            orders: side < 2 ? UInt32(1 + random.below(9)) : 0)
    }

    private mutating func change(_ market: Int, implied: Bool) -> [BookEntry] {
        let side = (implied ? 2 : 0) + random.below(2)
        let level = level(market, side)
        let count = markets[market].sides[side].levels.count
        let draw = random.below(100)
        let entries: [MDP3Ladder.Entry]
        if draw < 30, count > 0 {
            entries = markets[market].sides[side].remove(at: random.below(count))
        } else if markets[market].crosses(level.price, side: side) {
            entries = count > 0 ? markets[market].sides[side].remove(at: 0) : []
        } else if draw < 36, count > 0 {
            entries = markets[market].sides[side].replace(at: random.below(count), by: level)
        } else if draw < 38, configuration.hasRareOperations {
            entries =
                draw == 36
                ? markets[market].sides[side].removeBest(1 + random.below(4))
                : markets[market].sides[side].removeAll()
        } else {
            entries = markets[market].sides[side].set(level)
        }
        return entries.map { bookEntry(market, side, $0) }
    }

    private mutating func bookEntry(
        _ market: Int, _ side: Int, _ entry: MDP3Ladder.Entry
    ) -> BookEntry {
        BookEntry(
            mdEntryPx: entry.level.price, mdEntrySize: Int32(entry.level.quantity),
            securityID: markets[market].security, rptSeq: markets[market].nextRptSeq(),
            numberOfOrders: side < 2 ? Int32(entry.level.orders) : .max,
            mdPriceLevel: UInt8(entry.number), mdUpdateAction: entry.action,
            mdEntryType: MDP3Market.types[side])
    }

    private mutating func empty(_ market: Int) -> [BookEntry] {
        for side in 0..<4 { markets[market].sides[side].clear() }
        return [
            BookEntry(
                securityID: markets[market].security, rptSeq: markets[market].nextRptSeq(),
                mdEntryType: UInt8(ascii: "J"))
        ]
    }

    /// Levels, and for each new outright one the order that made it.
    private mutating func book(_ entries: [BookEntry], _ indicator: UInt8) -> [UInt8] {
        var orders: [OrderEntry] = []
        for (place, entry) in entries.enumerated()
        where entry.mdUpdateAction == 0 && MDP3Market.types[..<2].contains(entry.mdEntryType) {
            orders.append(
                OrderEntry(
                    orderID: nextOrderID, mdOrderPriority: nextOrderID,
                    mdDisplayQty: entry.mdEntrySize, referenceID: UInt8(place + 1)))
            nextOrderID += 1
        }
        var bytes: [UInt8] = []
        MDP3Encoder.mdIncrementalRefreshBook46(
            schemaId: 1, version: Self.version, transactTime: time,
            matchEventIndicator: indicator, noMDEntries: entries, noOrderIDEntries: orders,
            to: &bytes)
        return bytes
    }

    // MARK: Trades and statistics

    /// An aggressor takes from the best level: trade, volume, and the level that is left.
    private mutating func trade(
        _ market: Int, _ entries: inout [BookEntry]
    ) -> [[UInt8]]? {
        let side = random.below(2)
        guard var best = markets[market].sides[side].levels.first else { return nil }
        let quantity = min(Int64(1 + random.below(200)), best.quantity)
        best.quantity -= quantity
        let resting = 1 + random.below(Int(min(quantity, 3)))
        var orders: [MDP3MDIncrementalRefreshTradeSummary48NoOrderIDEntriesValues] = [
            .init(orderID: nextOrderID, lastQty: Int32(quantity))
        ]
        var left = quantity
        for order in 0..<resting {
            let share = order == resting - 1 ? left : 1
            orders.append(.init(orderID: nextOrderID + UInt64(order) + 1, lastQty: Int32(share)))
            left -= share
        }
        nextOrderID += UInt64(resting) + 1
        var summary: [UInt8] = []
        MDP3Encoder.mdIncrementalRefreshTradeSummary48(
            schemaId: 1, version: Self.version, transactTime: time, matchEventIndicator: 0x01,
            noMDEntries: [
                .init(
                    mdEntryPx: best.price, mdEntrySize: Int32(quantity),
                    securityID: markets[market].security, rptSeq: markets[market].nextRptSeq(),
                    numberOfOrders: Int32(resting + 1), aggressorSide: side == 0 ? 2 : 1,
                    mdTradeEntryID: nextTradeID)
            ],
            noOrderIDEntries: orders, to: &summary)
        nextTradeID += 1
        markets[market].volume += quantity
        var volume: [UInt8] = []
        MDP3Encoder.mdIncrementalRefreshVolume37(
            schemaId: 1, version: Self.version, transactTime: time, matchEventIndicator: 0x02,
            noMDEntries: [
                .init(
                    mdEntrySize: Int32(truncatingIfNeeded: markets[market].volume),
                    securityID: markets[market].security, rptSeq: markets[market].nextRptSeq(),
                    mdUpdateAction: 1)
            ], to: &volume)
        best.orders = best.quantity > 0 ? max(1, best.orders) : 0
        let changes =
            best.quantity > 0
            ? markets[market].sides[side].set(best) : markets[market].sides[side].remove(at: 0)
        entries += changes.map { bookEntry(market, side, $0) }
        return [summary, volume]
    }

    private mutating func statistics(_ market: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        let price = (markets[market].middle + 5) * MDP3Market.tick
        MDP3Encoder.mdIncrementalRefreshSessionStatistics51(
            schemaId: 1, version: Self.version, transactTime: time, matchEventIndicator: 0x08,
            noMDEntries: [
                .init(
                    mdEntryPx: price, securityID: markets[market].security,
                    rptSeq: markets[market].nextRptSeq(), mdEntryType: UInt8(ascii: "7"))
            ], to: &bytes)
        return bytes
    }
}
