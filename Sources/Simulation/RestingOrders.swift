import Ticks

/// The simulated venue's resting orders: per instrument and side, price levels in order, each with
/// its orders in time priority.
///
/// Deliberately not the `Books` module: what checks books must not be made by them. All of it lives
/// in three flat arrays, so that a step touches few cache lines and allocates nothing once warm.
struct RestingOrders: Sendable {
    /// Levels that one side of an instrument holds at most; an order for a further one rests at the
    /// nearest that exists.
    static let levelCapacity = 64
    static let none: Int32 = -1

    struct Order: Sendable {
        var reference: UInt64
        var shares: UInt32
        /// Sign and size of the level's key: the price in cents, negative on the ask side.
        var key: Int32
        var book: Int32
        var next: Int32
        var previous: Int32

        var ticks: Int { Int(abs(key)) }
        var side: Side { key > 0 ? .bid : .ask }
    }

    private struct Level: Sendable {
        var key: Int32
        var head: Int32
        var tail: Int32
    }

    private(set) var orders: [Order] = []
    private(set) var liveCount = 0
    private var free: [Int32] = []
    /// `levelCapacity` of them per book, best last; a greater key is a better price.
    private var levels: [Level]
    private var levelCounts: [Int32]

    init(instrumentCount: Int) {
        let books = instrumentCount * 2
        levels = Array(
            repeating: Level(key: 0, head: Self.none, tail: Self.none),
            count: books * Self.levelCapacity)
        levelCounts = Array(repeating: 0, count: books)
    }

    static func book(_ instrument: Int, _ side: Side) -> Int {
        instrument * 2 + (side == .ask ? 1 : 0)
    }

    func levelCount(_ instrument: Int, _ side: Side) -> Int {
        Int(levelCounts[Self.book(instrument, side)])
    }

    /// The best price in cents, nil if the side is empty.
    func best(_ instrument: Int, _ side: Side) -> Int? {
        let book = Self.book(instrument, side)
        let count = Int(levelCounts[book])
        guard count > 0 else { return nil }
        return Int(abs(levels[book * Self.levelCapacity + count - 1].key))
    }

    /// The order that is first in time at the best price.
    func front(_ instrument: Int, _ side: Side) -> Int? {
        slot(instrument, side, depth: 0, newest: false)
    }

    /// The oldest or newest order of the level that is `depth` levels below the best.
    func slot(_ instrument: Int, _ side: Side, depth: Int, newest: Bool) -> Int? {
        let book = Self.book(instrument, side)
        let count = Int(levelCounts[book])
        guard depth < count else { return nil }
        let level = levels[book * Self.levelCapacity + count - 1 - depth]
        return Int(newest ? level.tail : level.head)
    }

    /// Whether `slot` still holds the order `reference`.
    func holds(_ reference: UInt64, at slot: Int) -> Bool {
        slot < orders.count && orders[slot].reference == reference
    }

    /// Lets an order rest at the end of its level's queue.
    /// - Returns: its slot; the order there has the price that it really rests at.
    mutating func place(
        _ instrument: Int, _ side: Side, ticks: Int, shares: UInt32, reference: UInt64
    ) -> Int {
        let book = Self.book(instrument, side)
        let level = findOrMakeLevel(book, key: side == .ask ? Int32(-ticks) : Int32(ticks))
        let order = Order(
            reference: reference, shares: shares, key: levels[level].key, book: Int32(book),
            next: Self.none, previous: levels[level].tail)
        let slot: Int
        if let reused = free.popLast() {
            slot = Int(reused)
            orders[slot] = order
        } else {
            slot = orders.count
            orders.append(order)
        }
        if order.previous == Self.none {
            levels[level].head = Int32(slot)
        } else {
            orders[Int(order.previous)].next = Int32(slot)
        }
        levels[level].tail = Int32(slot)
        liveCount += 1
        return slot
    }

    /// Takes `shares` off an order, and the order away when nothing is left.
    /// - Returns: whether it is gone.
    @discardableResult
    mutating func reduce(_ slot: Int, by shares: UInt32) -> Bool {
        orders[slot].shares -= shares
        guard orders[slot].shares == 0 else { return false }
        remove(slot)
        return true
    }

    mutating func remove(_ slot: Int) {
        let order = orders[slot]
        if order.previous != Self.none { orders[Int(order.previous)].next = order.next }
        if order.next != Self.none { orders[Int(order.next)].previous = order.previous }
        if order.previous == Self.none || order.next == Self.none { unlinkEnd(order) }
        orders[slot].reference = 0
        free.append(Int32(slot))
        liveCount -= 1
    }

    private mutating func unlinkEnd(_ order: Order) {
        let book = Int(order.book)
        let base = book * Self.levelCapacity
        let count = Int(levelCounts[book])
        var index = base + count - 1
        while levels[index].key != order.key { index -= 1 }
        if order.previous == Self.none { levels[index].head = order.next }
        if order.next == Self.none { levels[index].tail = order.previous }
        guard levels[index].head == Self.none else { return }
        while index < base + count - 1 {
            levels[index] = levels[index + 1]
            index += 1
        }
        levelCounts[book] -= 1
    }

    private mutating func findOrMakeLevel(_ book: Int, key: Int32) -> Int {
        let base = book * Self.levelCapacity
        let count = Int(levelCounts[book])
        var index = base + count - 1
        while index >= base, levels[index].key > key { index -= 1 }
        if index >= base, levels[index].key == key { return index }
        if count == Self.levelCapacity { return max(index, base) }
        var hole = base + count
        while hole > index + 1 {
            levels[hole] = levels[hole - 1]
            hole -= 1
        }
        levels[hole] = Level(key: key, head: Self.none, tail: Self.none)
        levelCounts[book] += 1
        return hole
    }
}
