import Ticks

/// Aggregated books whose levels go by their place among the ten best of a side: what the prices at
/// these places are, so that levels can be told by price.
///
/// A new level moves the worse ones down, a deleted one moves them up (others.md §8). What a new
/// price contradicts, because the venue has forgotten it without a word, goes.
struct NumberedLevels {
    static let depth = 10
    /// Prices of the wire, the best first: bids of instrument n at 2n, asks at 2n + 1.
    private let prices: UnsafeMutablePointer<Int32>
    private let counts: UnsafeMutablePointer<UInt8>
    private let sideCount: Int

    /// For instrument ids up to `capacity`.
    init(capacity: Int) {
        sideCount = (capacity + 1) * 2
        prices = .allocate(capacity: sideCount * Self.depth)
        counts = .allocate(capacity: sideCount)
        counts.initialize(repeating: 0, count: sideCount)
    }

    func free() {
        prices.deallocate()
        counts.deallocate()
    }

    func removeAll() { counts.update(repeating: 0, count: sideCount) }

    func removeAll(_ instrument: UInt32) {
        counts[Int(instrument) * 2] = 0
        counts[Int(instrument) * 2 + 1] = 0
    }

    /// Puts a new level at `place` (from 0), or behind the last one if that leaves a hole. Calls
    /// `gone` with each price that is no level any more.
    func insert(
        _ price: Int32, at place: Int, _ instrument: UInt32, isAsk: Bool, gone: (Int32) -> Void
    ) {
        var side = side(instrument, isAsk)
        side.clear(for: price, at: place, isAsk: isAsk, gone: gone)
        if side.count == Self.depth {
            gone(side.prices[Self.depth - 1])
            side.count -= 1
        }
        let place = side.place(of: price, isAsk: isAsk)
        for index in stride(from: side.count, to: place, by: -1) {
            side.prices[index] = side.prices[index - 1]
        }
        side.prices[place] = price
        side.count += 1
        keep(side, instrument, isAsk)
    }

    /// True if the level at `place` has this price.
    func confirm(_ price: Int32, at place: Int, _ instrument: UInt32, isAsk: Bool) -> Bool {
        let side = side(instrument, isAsk)
        return place < side.count && side.prices[place] == price
    }

    /// Takes out the level with this price, where one is given and there, or else the one at `place`.
    /// Returns its price.
    func remove(_ price: Int32?, at place: Int, _ instrument: UInt32, isAsk: Bool) -> Int32? {
        var side = side(instrument, isAsk)
        let found = (0..<side.count).first { side.prices[$0] == price }
        guard let index = found ?? (place < side.count ? place : nil) else { return nil }
        let removed = side.prices[index]
        side.remove(index)
        keep(side, instrument, isAsk)
        return removed
    }

    private struct Ladder {
        let prices: UnsafeMutablePointer<Int32>
        var count: Int

        mutating func remove(_ index: Int) {
            for next in index + 1..<max(count, index + 1) { prices[next - 1] = prices[next] }
            count -= 1
        }

        /// Where a price belongs that is not there.
        func place(of price: Int32, isAsk: Bool) -> Int {
            (0..<count).first { isAsk ? prices[$0] > price : prices[$0] < price } ?? count
        }

        /// Takes out the price itself, what stands in front of `place` and is not better, and what
        /// stands from there on and is not worse.
        mutating func clear(for price: Int32, at place: Int, isAsk: Bool, gone: (Int32) -> Void) {
            var kept = 0
            for index in 0..<count {
                let other = prices[index]
                let isBetter = isAsk ? other < price : other > price
                if other != price, isBetter == (index < place) {
                    prices[kept] = other
                    kept += 1
                } else if other != price {
                    gone(other)
                }
            }
            count = kept
        }
    }

    private func side(_ instrument: UInt32, _ isAsk: Bool) -> Ladder {
        let index = Int(instrument) * 2 + (isAsk ? 1 : 0)
        return Ladder(prices: prices + index * Self.depth, count: Int(counts[index]))
    }

    private func keep(_ side: Ladder, _ instrument: UInt32, _ isAsk: Bool) {
        counts[Int(instrument) * 2 + (isAsk ? 1 : 0)] = UInt8(side.count)
    }
}
