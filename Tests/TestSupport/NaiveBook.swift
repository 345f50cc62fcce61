/// A resting order of `NaiveBook`.
public struct NaiveOrder: Equatable, Sendable {
    public var id: UInt64
    /// In ticks: what a protocol's price units are is its test's business.
    public var price: Int64
    public var quantity: UInt64
}

/// One price of one side, summed up.
public struct NaiveLevel: Equatable, Sendable {
    public var price: Int64
    public var quantity: UInt64
    public var orders: Int

    public init(price: Int64, quantity: UInt64, orders: Int) {
        self.price = price
        self.quantity = quantity
        self.orders = orders
    }
}

/// Order books kept so plainly that they are right by inspection: for each instrument and side the
/// levels from the best, each an array of its orders in queue order. Bad events trap.
public struct NaiveBook: Sendable {
    private struct Queue {
        var price: Int64
        var orders: [NaiveOrder]
    }
    private struct Place {
        var side: Int
        var price: Int64
    }

    /// Bids of instrument n at 2n, asks at 2n + 1.
    private var sides: [[Queue]]
    private var places: [UInt64: Place] = [:]
    private var counts: [Int]

    /// - Parameter instruments: events name them from 0.
    public init(instruments: Int) {
        sides = Array(repeating: [], count: instruments * 2)
        counts = Array(repeating: 0, count: instruments)
    }

    public var instruments: Int { counts.count }

    /// Resting orders of an instrument.
    public func orderCount(_ instrument: Int) -> Int { counts[instrument] }

    /// Levels from the best on, at most `most`.
    public func levels(_ instrument: Int, isAsk: Bool, most: Int = .max) -> [NaiveLevel] {
        sides[instrument * 2 + (isAsk ? 1 : 0)].prefix(most).map { queue in
            var quantity: UInt64 = 0
            for order in queue.orders { quantity += order.quantity }
            return NaiveLevel(price: queue.price, quantity: quantity, orders: queue.orders.count)
        }
    }

    /// Number of price levels.
    public func levelCount(_ instrument: Int, isAsk: Bool) -> Int {
        sides[instrument * 2 + (isAsk ? 1 : 0)].count
    }

    /// The best price, nil for an empty side.
    public func best(_ instrument: Int, isAsk: Bool) -> Int64? {
        sides[instrument * 2 + (isAsk ? 1 : 0)].first?.price
    }

    /// Orders of one level in queue order; `level` counts from 0 at the best.
    public func orders(_ instrument: Int, isAsk: Bool, level: Int) -> [NaiveOrder] {
        sides[instrument * 2 + (isAsk ? 1 : 0)][level].orders
    }

    /// Orders of a side, best price first, in queue order within a price.
    public func orders(_ instrument: Int, isAsk: Bool) -> [NaiveOrder] {
        sides[instrument * 2 + (isAsk ? 1 : 0)].flatMap(\.orders)
    }

    /// A resting order and where it rests.
    public func find(_ id: UInt64) -> (order: NaiveOrder, instrument: Int, isAsk: Bool)? {
        guard let place = places[id] else { return nil }
        let (level, index) = position(id, place)
        return (sides[place.side][level].orders[index], place.side / 2, place.side % 2 == 1)
    }

    /// Applies an event as venues mean it: see `OrderChange`.
    public mutating func apply(_ change: OrderChange) {
        switch change {
        case .add(let id, let instrument, let isAsk, let price, let quantity):
            insert(
                NaiveOrder(id: id, price: price, quantity: quantity),
                side: instrument * 2 + (isAsk ? 1 : 0))
        case .reduce(let id, let quantity), .execute(let id, let quantity, _):
            reduce(id, by: quantity)
        case .modify(let id, let price, let quantity):
            modify(id, price: price, quantity: quantity)
        case .replace(let old, let new, let price, let quantity):
            let side = remove(old)
            insert(NaiveOrder(id: new, price: price, quantity: quantity), side: side)
        case .delete(let id):
            _ = remove(id)
        case .clear(let instrument):
            clear(instrument)
        }
    }

    private mutating func insert(_ order: NaiveOrder, side: Int) {
        precondition(places[order.id] == nil && order.quantity > 0)
        places[order.id] = Place(side: side, price: order.price)
        counts[side / 2] += 1
        let isAsk = side % 2 == 1
        let level = sides[side].firstIndex {
            isAsk ? $0.price >= order.price : $0.price <= order.price
        }
        guard let level else {
            sides[side].append(Queue(price: order.price, orders: [order]))
            return
        }
        if sides[side][level].price == order.price {
            sides[side][level].orders.append(order)
        } else {
            sides[side].insert(Queue(price: order.price, orders: [order]), at: level)
        }
    }

    private mutating func reduce(_ id: UInt64, by quantity: UInt64) {
        let place = places[id]!
        let (level, index) = position(id, place)
        let left = sides[place.side][level].orders[index].quantity - quantity
        if left == 0 {
            _ = remove(id)
        } else {
            sides[place.side][level].orders[index].quantity = left
        }
    }

    private mutating func modify(_ id: UInt64, price: Int64, quantity: UInt64) {
        let place = places[id]!
        if price == place.price {
            let (level, index) = position(id, place)
            sides[place.side][level].orders[index].quantity = quantity
        } else {
            let side = remove(id)
            insert(NaiveOrder(id: id, price: price, quantity: quantity), side: side)
        }
    }

    /// Returns the side that the order was on.
    private mutating func remove(_ id: UInt64) -> Int {
        let place = places.removeValue(forKey: id)!
        let (level, index) = position(id, place)
        sides[place.side][level].orders.remove(at: index)
        if sides[place.side][level].orders.isEmpty { sides[place.side].remove(at: level) }
        counts[place.side / 2] -= 1
        return place.side
    }

    private mutating func clear(_ instrument: Int) {
        for side in [instrument * 2, instrument * 2 + 1] {
            for queue in sides[side] {
                for order in queue.orders { places[order.id] = nil }
            }
            sides[side] = []
        }
        counts[instrument] = 0
    }

    private func position(_ id: UInt64, _ place: Place) -> (level: Int, index: Int) {
        let level = sides[place.side].firstIndex { $0.price == place.price }!
        return (level, sides[place.side][level].orders.firstIndex { $0.id == id }!)
    }
}
