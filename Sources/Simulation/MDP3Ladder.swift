/// One side of a market in full, of which a feed by level numbers shows the best levels
/// (cme-mdp3.md §5.1): every operation changes the side and says what the venue sends for it.
///
/// A sorted array, on purpose: it is what tests hold books against.
public struct MDP3Ladder: Hashable, Sendable {
    public struct Level: Hashable, Sendable {
        /// Billionths.
        public var price: Int64
        public var quantity: Int64
        public var orders: UInt32

        public init(price: Int64, quantity: Int64, orders: UInt32) {
            self.price = price
            self.quantity = quantity
            self.orders = orders
        }
    }

    /// What the venue sends: MDUpdateAction, level number from 1, and the level it speaks of.
    public struct Entry: Hashable, Sendable {
        public var action: UInt8
        public var number: Int
        public var level: Level
    }

    public let isAsk: Bool
    /// Levels that are shown.
    public let depth: Int
    /// Best first.
    public private(set) var levels: [Level] = []

    public init(isAsk: Bool, depth: Int) {
        self.isAsk = isAsk
        self.depth = depth
    }

    public var shown: [Level] { Array(levels.prefix(depth)) }

    private func isBetter(_ price: Int64, than other: Int64) -> Bool {
        isAsk ? price < other : price > other
    }

    /// New or changed: the level at this price is now so.
    public mutating func set(_ level: Level) -> [Entry] {
        let at = levels.firstIndex { !isBetter($0.price, than: level.price) } ?? levels.count
        let action: UInt8
        if at < levels.count, levels[at].price == level.price {
            levels[at] = level
            action = 1
        } else {
            levels.insert(level, at: at)
            action = 0
        }
        return at < depth ? [Entry(action: action, number: at + 1, level: level)] : []
    }

    /// The level at this place goes, and another one comes into sight.
    public mutating func remove(at place: Int) -> [Entry] {
        let gone = levels.remove(at: place)
        guard place < depth else { return [] }
        return [Entry(action: 2, number: place + 1, level: gone)] + comingIntoSight(from: depth)
    }

    /// Overlay: another price at the same place; nothing happens where it would not fit there.
    public mutating func replace(at place: Int, by level: Level) -> [Entry] {
        guard place < min(depth, levels.count),
            place == 0 || isBetter(levels[place - 1].price, than: level.price),
            place + 1 == levels.count || isBetter(level.price, than: levels[place + 1].price)
        else { return [] }
        levels[place] = level
        return [Entry(action: 5, number: place + 1, level: level)]
    }

    /// DeleteFrom: the best levels go.
    public mutating func removeBest(_ count: Int) -> [Entry] {
        let count = min(count, depth, levels.count)
        guard count > 0 else { return [] }
        let last = levels[count - 1]
        levels.removeFirst(count)
        return [Entry(action: 4, number: count, level: last)]
            + comingIntoSight(from: depth - count + 1)
    }

    /// DeleteThru: the side is empty.
    public mutating func removeAll() -> [Entry] {
        guard let best = levels.first else { return [] }
        levels.removeAll()
        return [Entry(action: 3, number: 1, level: best)]
    }

    /// Empties the side without a word.
    public mutating func clear() { levels.removeAll() }

    private func comingIntoSight(from number: Int) -> [Entry] {
        guard number <= min(levels.count, depth) else { return [] }
        return (number...min(levels.count, depth)).map {
            Entry(action: 0, number: $0, level: levels[$0 - 1])
        }
    }
}
