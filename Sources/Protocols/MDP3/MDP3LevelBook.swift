import Ticks

/// One side of a book by the venue's level numbers: what each operation means for prices
/// (cme-mdp3.md §5.1). Every change is told as a `level` tick.
struct MDP3LevelBook {
    /// The most ticks of one operation.
    static let ticksMax = MDP3Instruments.outrightMax + 3
    /// Most levels of a side that one definition takes away: both sides' outright and implied ones, a
    /// definition and a state are to fit into a step.
    static let cutMax = 8

    let levels: UnsafeMutablePointer<MDP3Instruments.Level>
    let depth: Int
    let side: Side
    /// `implied`, `snapshot`, or nothing.
    let flags: TickFlags

    private var isAsk: Bool { side == .ask }

    /// True if `price` would be matched before `other`.
    private func isBetter(_ price: Int64, than other: Int64) -> Bool {
        isAsk ? price < other : price > other
    }

    @inline(__always)
    private func tell(
        _ price: Int64, _ quantity: Int64, _ orders: UInt32, _ emitter: inout TickEmitter
    ) {
        emitter.emit(
            .level, price: price, quantity: quantity, side: side, flags: flags, extra: orders)
    }

    /// Tells that what stood at a place is gone, unless the place was not known.
    private func forget(_ place: Int, keeping price: Int64, _ emitter: inout TickEmitter) {
        let old = levels[place].price
        levels[place] = .none
        if old != Price.none, old != price { tell(old, 0, 0, &emitter) }
    }

    /// New at `place` (0 is the best): what stood there and below moves down, the last one falls off.
    func insert(
        _ price: Int64, _ quantity: Int64, _ orders: UInt32, at place: Int,
        _ emitter: inout TickEmitter
    ) {
        forget(depth - 1, keeping: price, &emitter)
        var to = depth - 1
        while to > place {
            levels[to] = levels[to - 1]
            to -= 1
        }
        levels[place] = .none
        put(price, quantity, orders, at: place, &emitter)
    }

    /// Change or overlay: the level at `place` is now this, whatever stood there.
    func put(
        _ price: Int64, _ quantity: Int64, _ orders: UInt32, at place: Int,
        _ emitter: inout TickEmitter
    ) {
        if levels[place].price != price {
            forget(place, keeping: price, &emitter)
            forgetContradictions(to: price, at: place, &emitter)
        }
        levels[place] = MDP3Instruments.Level(price: price, quantity: quantity)
        tell(price, quantity, orders, &emitter)
    }

    /// Levels that do not fit a new one's price by their order are left from before a hole.
    private func forgetContradictions(
        to price: Int64, at place: Int, _ emitter: inout TickEmitter
    ) {
        for other in 0..<depth where other != place && levels[other].price != Price.none {
            let fits =
                other < place
                ? isBetter(levels[other].price, than: price)
                : isBetter(price, than: levels[other].price)
            if !fits { forget(other, keeping: price, &emitter) }
        }
    }

    /// Delete: deeper levels move up. `price` is what the entry says, which counts where the level is
    /// not known.
    func remove(_ place: Int, price: Int64, _ emitter: inout TickEmitter) {
        let known = levels[place].price
        levels[place] = .none
        if price != Price.none, price != known {
            for other in 0..<depth where levels[other].price == price { levels[other] = .none }
            if known != Price.none { tell(known, 0, 0, &emitter) }
            tell(price, 0, 0, &emitter)
        } else if known != Price.none {
            tell(known, 0, 0, &emitter)
        }
        moveUp(by: 1, onto: place)
    }

    /// DeleteFrom: the best `count` levels go.
    func removeBest(_ count: Int, _ emitter: inout TickEmitter) {
        for place in 0..<count { forget(place, keeping: Price.none, &emitter) }
        moveUp(by: count, onto: 0)
    }

    /// The levels from `depth` on go, as many at a time as a step has ticks for; returns the depth that
    /// is reached.
    func cut(to depth: Int, _ emitter: inout TickEmitter) -> Int {
        var place = self.depth
        var room = MDP3LevelBook.cutMax
        while place > depth {
            if levels[place - 1].price != Price.none {
                guard room > 0 else { return place }
                room -= 1
                forget(place - 1, keeping: Price.none, &emitter)
            }
            place -= 1
        }
        return depth
    }

    private func moveUp(by count: Int, onto place: Int) {
        for to in place..<depth {
            levels[to] = to + count < depth ? levels[to + count] : .none
        }
    }
}
