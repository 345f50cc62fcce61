import Ticks

/// Price levels in order: finding, inserting and removing rungs.
extension BookStorage {
    @inline(__always)
    func ladder(_ book: UnsafeMutablePointer<Book>, ask: Bool) -> UnsafeMutablePointer<Ladder> {
        // Bids stand first in the book, asks right behind them.
        UnsafeMutableRawPointer(book).assumingMemoryBound(to: Ladder.self) + (ask ? 1 : 0)
    }

    @inline(__always)
    func impliedLadder(_ instrument: UInt32, ask: Bool) -> UnsafeMutablePointer<Ladder> {
        impliedLadders.base + (2 * Int(instrument) + (ask ? 1 : 0))
    }

    /// Number of rungs below `rank`. Most changes are near the touch, which stands last: a short
    /// look backward, then bisection.
    @inline(__always)
    func position(of rank: Int64, in ladder: Ladder) -> Int {
        let run = rungs[ladder.base]
        var high = Int(ladder.count)
        let near = max(high - 8, 0)
        while high > near {
            if run[high - 1].rank < rank { return high }
            high -= 1
        }
        var low = 0
        while low < high {
            let middle = (low + high) / 2
            if run[middle].rank < rank { low = middle + 1 } else { high = middle }
        }
        return low
    }

    @inline(__always)
    static func rank(_ price: Int64, ask: Bool) -> Int64 { ask ? ~price : price }

    /// The level at `price`, `noNode` if there is none.
    @inline(__always)
    func findLevel(_ price: Int64, in ladder: Ladder, ask: Bool) -> (level: UInt32, at: Int) {
        let rank = Self.rank(price, ask: ask)
        let at = position(of: rank, in: ladder)
        guard at < Int(ladder.count) else { return (noNode, at) }
        let rung = rungs[ladder.base][at]
        return (rung.rank == rank ? rung.level : noNode, at)
    }

    /// A new empty level at `price`, whose place `at` is; `noNode` if there is no room.
    @inline(__always)
    mutating func insertLevel(
        _ price: Int64, at: Int, in ladder: UnsafeMutablePointer<Ladder>, ask: Bool
    ) -> UInt32 {
        if ladder.pointee.count == ladder.pointee.capacity, !growLadder(ladder) { return noNode }
        let level = takeLevel()
        guard level != noNode else { return noNode }
        levels[level].pointee = LevelNode(
            price: price, quantity: 0, head: noNode, tail: noNode, orderCount: 0, reserved: 0)
        let run = rungs[ladder.pointee.base]
        let count = Int(ladder.pointee.count)
        if at < count { (run + at + 1).update(from: run + at, count: count - at) }
        run[at] = Rung(rank: Self.rank(price, ask: ask), level: level, reserved: 0)
        ladder.pointee.count += 1
        return level
    }

    /// Takes out the rung at `at` and frees its level.
    @inline(__always)
    mutating func removeRung(_ at: Int, from ladder: UnsafeMutablePointer<Ladder>) {
        let run = rungs[ladder.pointee.base]
        let count = Int(ladder.pointee.count)
        giveLevel(run[at].level)
        if at + 1 < count { (run + at).update(from: run + at + 1, count: count - at - 1) }
        ladder.pointee.count -= 1
    }

    @inline(__always)
    func isBest(_ level: UInt32, in ladder: Ladder) -> Bool {
        ladder.count > 0 && rungs[ladder.base][Int(ladder.count) - 1].level == level
    }

    /// The best price of a side: outright and implied levels together.
    @inline(__always)
    func best(_ instrument: UInt32, _ book: UnsafeMutablePointer<Book>, ask: Bool) -> BestPrice {
        let outright = best(ladder(book, ask: ask).pointee)
        if book.pointee.flags & Book.hasImplied == 0 { return outright }
        let implied = best(impliedLadder(instrument, ask: ask).pointee)
        return Self.consolidated(outright, implied, ask: ask)
    }

    /// The better of two; at the same price the sum, with the outright level's number of orders.
    static func consolidated(_ outright: BestPrice, _ implied: BestPrice, ask: Bool) -> BestPrice {
        if implied.price == Price.none { return outright }
        if outright.price == Price.none { return implied }
        let ranks = (rank(outright.price, ask: ask), rank(implied.price, ask: ask))
        if ranks.0 != ranks.1 { return ranks.0 > ranks.1 ? outright : implied }
        return BestPrice(
            price: outright.price, quantity: outright.quantity &+ implied.quantity,
            orders: outright.orders)
    }

    @inline(__always)
    func best(_ ladder: Ladder) -> BestPrice {
        guard ladder.count > 0 else { return .empty }
        let level = levels[rungs[ladder.base][Int(ladder.count) - 1].level].pointee
        return BestPrice(price: level.price, quantity: level.quantity, orders: level.orderCount)
    }
}
