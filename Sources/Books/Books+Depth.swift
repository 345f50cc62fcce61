import Ticks

/// Looking into books; off the hot path.
extension Books {
    /// One price level.
    public struct Level: Equatable, Sendable {
        public var price: Int64
        public var quantity: Int64
        public var orders: UInt32
    }

    /// Which levels of an instrument: venues hold those that resting orders of other instruments
    /// imply apart from those of its own orders.
    public enum Depth: CaseIterable, Sendable {
        case outright
        case implied
        /// Both by price. `orders` counts the outright ones: implied levels have none of their own.
        case consolidated
    }

    /// One resting order.
    public struct Order: Equatable, Sendable {
        public var orderID: UInt64
        public var price: Int64
        public var quantity: Int64
    }

    /// The instrument's levels of one side, best first.
    public func levels(
        _ instrument: UInt32, _ side: Side, _ depth: Depth = .outright
    ) -> [Level] {
        if depth == .consolidated {
            return Self.merged(
                levels(instrument, side, .outright), levels(instrument, side, .implied), side)
        }
        return read { storage in
            let run = storage.run(of: instrument, side, implied: depth == .implied)
            return (run.map { $0.reversed() } ?? []).map { rung in
                let level = storage.levels[rung.level].pointee
                return Level(
                    price: level.price, quantity: level.quantity, orders: level.orderCount)
            }
        }
    }

    private static func merged(_ outright: [Level], _ implied: [Level], _ side: Side) -> [Level] {
        var levels = outright
        for level in implied {
            if let at = levels.firstIndex(where: { $0.price == level.price }) {
                levels[at].quantity &+= level.quantity
            } else {
                levels.append(level)
            }
        }
        return levels.sorted { side == .bid ? $0.price > $1.price : $0.price < $1.price }
    }

    /// The instrument's resting orders of one side, best price first, oldest first at a price.
    public func orders(_ instrument: UInt32, _ side: Side) -> [Order] {
        read { storage in
            guard let run = storage.run(of: instrument, side) else { return [] }
            var orders: [Order] = []
            for rung in run.reversed() {
                let level = storage.levels[rung.level].pointee
                var node = level.head
                while node != noNode {
                    let order = storage.orders[node].pointee
                    orders.append(
                        Order(
                            orderID: storage.orderID(order), price: level.price,
                            quantity: order.quantity))
                    node = order.next
                }
            }
            return orders
        }
    }

    /// Writes the books as ticks flagged *snapshot*, one instrument after the other: orders in
    /// queue order for order feeds, levels or quotes for the others. Applied to empty books they
    /// give these books again.
    public func image(_ body: (Tick) -> Void) {
        for instrument in 1...UInt32(configuration.instrumentCapacity) {
            let book = read { $0.books[instrument].pointee }
            guard book.flags & Book.inUse != 0 else { continue }
            for side in [Side.bid, .ask] { image(instrument, side, book, body) }
        }
    }

    /// An empty book has nothing to tell but this: it is one of levels, not of orders.
    private func isBareLevelBook(_ instrument: UInt32, _ book: Book) -> Bool {
        book.flags & Book.levelFed != 0
            && [Side.bid, .ask].allSatisfy { levels(instrument, $0, .consolidated).isEmpty }
    }

    private func image(
        _ instrument: UInt32, _ side: Side, _ book: Book, _ body: (Tick) -> Void
    ) {
        let resting = orders(instrument, side)
        var base: TickFlags = [.snapshot, .lastOfEvent]
        if isSuspect(instrument) { base.insert(.bookSuspect) }
        func tick(
            _ kind: TickKind, orderID: UInt64 = 0, price: Int64, quantity: Int64,
            extra: UInt32 = 0, implied: Bool = false
        ) -> Tick {
            let flags = implied ? base.union(.implied) : base
            return Tick(
                exchangeTime: 0, captureTime: 0, sequence: book.lastSequence, orderID: orderID,
                price: price, quantity: quantity, instrument: instrument, channel: book.channel,
                kind: kind.rawValue, side: side.rawValue,
                flags: flags.rawValue, line: Tick.lineSnapshot,
                detail: 0, extra: extra)
        }
        if side == .bid, isBareLevelBook(instrument, book) {
            return body(tick(.level, price: 0, quantity: 0))
        }
        if !resting.isEmpty {
            for order in resting {
                body(
                    tick(
                        .add, orderID: order.orderID, price: order.price,
                        quantity: order.quantity))
            }
            return
        }
        let kind: TickKind = book.flags & Book.selfContained != 0 ? .quote : .level
        for level in levels(instrument, side) {
            body(
                tick(kind, price: level.price, quantity: level.quantity, extra: level.orders))
        }
        for level in levels(instrument, side, .implied) {
            body(
                tick(
                    .level, price: level.price, quantity: level.quantity, extra: level.orders,
                    implied: true))
        }
    }

    /// Stops the program if the books contradict themselves. Simulation and tests call it.
    public func checkInvariants() {
        read { storage in
            var seen = 0
            for instrument in 1...UInt32(configuration.instrumentCapacity) {
                for side in [Side.bid, .ask] {
                    seen += storage.checkSide(instrument, side, implied: false)
                    let implied = storage.checkSide(instrument, side, implied: true)
                    precondition(implied == 0, "implied levels have no orders of their own")
                }
            }
            precondition(seen == storage.liveOrders, "orders in queues: all live ones, once")
        }
    }
}

extension BookStorage {
    func orderID(_ order: OrderNode) -> UInt64 {
        let channel = books[order.place >> 1].pointee.channel
        return order.key ^ channels.base[Int(channel)].salt
    }

    func run(
        of instrument: UInt32, _ side: Side, implied: Bool = false
    ) -> UnsafeBufferPointer<Rung>? {
        guard instrument > 0, Int(instrument) < books.capacity, side != .none else { return nil }
        let ladder =
            implied
            ? impliedLadder(instrument, ask: side == .ask).pointee
            : ladder(books[instrument], ask: side == .ask).pointee
        return UnsafeBufferPointer(start: rungs[ladder.base], count: Int(ladder.count))
    }

    /// Returns the number of orders on this side.
    fileprivate func checkSide(_ instrument: UInt32, _ side: Side, implied: Bool) -> Int {
        guard let run = run(of: instrument, side, implied: implied) else { return 0 }
        var count = 0
        var lastRank = Int64.min
        for (place, rung) in run.enumerated() {
            precondition(place == 0 || rung.rank > lastRank, "rungs ascend")
            lastRank = rung.rank
            let level = levels[rung.level].pointee
            precondition(Self.rank(level.price, ask: side == .ask) == rung.rank)
            var node = level.head
            var previous = noNode
            var quantity: Int64 = 0
            var orderCount: UInt32 = 0
            while node != noNode {
                let order = orders[node].pointee
                precondition(order.previous == previous && order.level == rung.level)
                precondition(order.quantity > 0, "an order without quantity is gone")
                precondition(order.place == instrument << 1 | (side == .ask ? 1 : 0))
                precondition(index.find(order.key, in: orders) == node, "every order is indexed")
                quantity &+= order.quantity
                orderCount += 1
                previous = node
                node = order.next
            }
            if level.head != noNode {
                precondition(level.tail == previous)
                precondition(level.quantity == quantity && level.orderCount == orderCount)
            }
            // Levels of level feeds have no queue; their order count is the venue's word.
            count += Int(orderCount)
        }
        return count
    }
}
