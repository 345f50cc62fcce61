import CTapeline
import Ticks

/// Order events. `completing` lets them fill in what the venue did not send; a reader of finished
/// ticks passes false and nothing is written to them.
extension BookStorage {
    @inline(__always)
    func key(_ tick: UnsafeMutablePointer<Tick>) -> UInt64 {
        tick.pointee.orderID ^ channels.base[Int(tick.pointee.channel)].salt
    }

    /// The key of a tick of this book: orders of an image are those that the increments speak of,
    /// whichever channel it came on.
    @inline(__always)
    private func key(
        _ tick: UnsafeMutablePointer<Tick>, _ book: UnsafeMutablePointer<Book>
    ) -> UInt64 {
        let channel = tick.pointee.has(.snapshot) ? book.pointee.channel : tick.pointee.channel
        return tick.pointee.orderID ^ channels.base[Int(channel)].salt
    }

    /// The live order that the tick names; `noNode` if there is none in the tick's instrument.
    @inline(__always)
    private func findOrder(
        _ tick: UnsafeMutablePointer<Tick>, _ book: UnsafeMutablePointer<Book>
    ) -> UInt32 {
        let node = index.find(key(tick, book), in: orders)
        return orders[node].pointee.place >> 1 == tick.pointee.instrument ? node : noNode
    }

    @inline(__always)
    private func touch(_ book: UnsafeMutablePointer<Book>, ask: Bool) {
        book.pointee.flags |= ask ? Book.touchedAsk : Book.touchedBid
    }

    @inline(__always)
    mutating func add(
        _ tick: UnsafeMutablePointer<Tick>, _ book: UnsafeMutablePointer<Book>, position: UInt64,
        completing: Bool
    ) {
        if tick.pointee.has(.replaced) {
            if completing, tick.pointee.side == 0 { tick.pointee.side = replacedSide }
            replacedSide = 0
            if tick.pointee.side == 0 {
                counters.unknownReplace += 1
                return damage(book)
            }
        }
        let price = tick.pointee.price
        let quantity = tick.pointee.quantity
        guard quantity > 0, price != Price.none, tick.pointee.side != 0 else {
            counters.impossibleValue += 1
            return damage(book)
        }
        let key = key(tick, book)
        if index.find(key, in: orders) != noNode { evict(key, tick, book, position: position) }
        let ask = tick.pointee.side == Side.ask.rawValue
        let ladder = ladder(book, ask: ask)
        let found = findLevel(price, in: ladder.pointee, ask: ask)
        var level = found.level
        // A level without a queue is the venue's word; orders and levels do not mix in one book.
        guard level == noNode || levels[level].pointee.tail != noNode else {
            counters.impossibleValue += 1
            return damage(book)
        }
        let node = takeOrder()
        if level == noNode && node != noNode {
            level = insertLevel(price, at: found.at, in: ladder, ask: ask)
        }
        guard node != noNode, level != noNode else {
            if node != noNode { giveOrder(node) }
            counters.capacityExceeded += 1
            return damage(book)
        }
        append(
            OrderNode(
                key: key, quantity: quantity, previous: noNode, next: noNode, level: level,
                place: tick.pointee.instrument << 1 | (ask ? 1 : 0)),
            at: node)
        index.insert(key, node)
        liveOrders += 1
        if isBest(level, in: ladder.pointee) { touch(book, ask: ask) }
    }

    /// Puts an order at the tail of its level's queue.
    @inline(__always)
    private func append(_ order: OrderNode, at node: UInt32) {
        let level = levels[order.level]
        let tail = level.pointee.tail
        var order = order
        order.previous = tail
        order.next = noNode
        orders[node].pointee = order
        if tail == noNode { level.pointee.head = node } else { orders[tail].pointee.next = node }
        level.pointee.tail = node
        level.pointee.quantity &+= order.quantity
        level.pointee.orderCount += 1
    }

    /// A reference that is still live was given again: the older order cannot be there any more.
    @inline(never)
    private mutating func evict(
        _ key: UInt64, _ tick: UnsafeMutablePointer<Tick>, _ book: UnsafeMutablePointer<Book>,
        position: UInt64
    ) {
        counters.duplicateOrder += 1
        damage(book)
        let node = index.find(key, in: orders)
        let instrument = orders[node].pointee.place >> 1
        let other = books[instrument]
        damage(other)
        removeOrder(node, other)
        guard other != book else { return }
        let time = tick.pointee.exchangeTime
        if !showTop(instrument, other, exchangeTime: time, position: position) {
            list(instrument, other, exchangeTime: time, position: position)
        }
    }

    /// `cancel` and `fill`: takes the tick's quantity off the order.
    @inline(__always)
    mutating func reduce(
        _ tick: UnsafeMutablePointer<Tick>, _ book: UnsafeMutablePointer<Book>, completing: Bool
    ) -> Bool {
        let node = findOrder(tick, book)
        guard node != noNode else {
            counters.unknownOrder += 1
            damage(book)
            return false
        }
        let order = orders[node]
        let level = levels[order.pointee.level]
        let ask = order.pointee.place & 1 == 1
        if completing {
            tick.pointee.price = level.pointee.price
            tick.pointee.side = ask ? Side.ask.rawValue : Side.bid.rawValue
        }
        var quantity = tick.pointee.quantity
        if quantity <= 0 {
            counters.impossibleValue += 1
            damage(book)
            return true
        }
        if quantity > order.pointee.quantity {
            counters.excessQuantity += 1
            damage(book)
            quantity = order.pointee.quantity
        }
        if quantity == order.pointee.quantity {
            removeOrder(node, book)
        } else {
            order.pointee.quantity -= quantity
            level.pointee.quantity &-= quantity
            if isBest(order.pointee.level, in: ladder(book, ask: ask).pointee) {
                touch(book, ask: ask)
            }
        }
        return true
    }

    @inline(__always)
    mutating func delete(
        _ tick: UnsafeMutablePointer<Tick>, _ book: UnsafeMutablePointer<Book>, completing: Bool
    ) {
        let node = findOrder(tick, book)
        guard node != noNode else {
            if tick.pointee.has(.replaced) { replacedSide = 0 }
            counters.unknownOrder += 1
            return damage(book)
        }
        let order = orders[node]
        let side = order.pointee.place & 1 == 1 ? Side.ask.rawValue : Side.bid.rawValue
        if tick.pointee.has(.replaced) { replacedSide = side }
        if completing {
            tick.pointee.price = levels[order.pointee.level].pointee.price
            tick.pointee.quantity = order.pointee.quantity
            tick.pointee.side = side
        }
        removeOrder(node, book)
    }

    /// `modify`: the order's total is now the tick's. It keeps its place in the queue if the price
    /// is the same or none is given, and goes to the tail of the other price's queue otherwise.
    /// Returns false if the order is not known.
    @inline(never)
    mutating func modify(
        _ tick: UnsafeMutablePointer<Tick>, _ book: UnsafeMutablePointer<Book>, completing: Bool
    ) -> Bool {
        let node = findOrder(tick, book)
        guard node != noNode else {
            counters.unknownOrder += 1
            damage(book)
            return false
        }
        let order = orders[node]
        let level = levels[order.pointee.level]
        let ask = order.pointee.place & 1 == 1
        let price = tick.pointee.price == Price.none ? level.pointee.price : tick.pointee.price
        if completing {
            tick.pointee.price = price
            tick.pointee.side = ask ? Side.ask.rawValue : Side.bid.rawValue
        }
        let quantity = tick.pointee.quantity
        guard quantity > 0 else {
            counters.impossibleValue += 1
            damage(book)
            return true
        }
        guard price == level.pointee.price else {
            move(node, to: price, quantity: quantity, book)
            return true
        }
        level.pointee.quantity &+= quantity &- order.pointee.quantity
        order.pointee.quantity = quantity
        if isBest(order.pointee.level, in: ladder(book, ask: ask).pointee) { touch(book, ask: ask) }
        return true
    }

    /// Puts a live order at the tail of the queue of another price of its side.
    private mutating func move(
        _ node: UInt32, to price: Int64, quantity: Int64, _ book: UnsafeMutablePointer<Book>
    ) {
        unlink(node, book)
        let ask = orders[node].pointee.place & 1 == 1
        let ladder = ladder(book, ask: ask)
        let found = findLevel(price, in: ladder.pointee, ask: ask)
        var level = found.level
        // A level without a queue is the venue's word; orders and levels do not mix in one book.
        guard level == noNode || levels[level].pointee.tail != noNode else {
            counters.impossibleValue += 1
            forget(node)
            return damage(book)
        }
        if level == noNode { level = insertLevel(price, at: found.at, in: ladder, ask: ask) }
        guard level != noNode else {
            counters.capacityExceeded += 1
            forget(node)
            return damage(book)
        }
        var order = orders[node].pointee
        order.quantity = quantity
        order.level = level
        append(order, at: node)
        if isBest(level, in: ladder.pointee) { touch(book, ask: ask) }
    }

    /// Takes a live order out of its queue, its level and the index.
    @inline(__always)
    mutating func removeOrder(_ node: UInt32, _ book: UnsafeMutablePointer<Book>) {
        unlink(node, book)
        forget(node)
    }

    /// Takes an order out of the index and frees its node.
    @inline(__always)
    private mutating func forget(_ node: UInt32) {
        index.remove(orders[node].pointee.key, node)
        giveOrder(node)
        liveOrders -= 1
    }

    /// Takes an order out of its queue, and an emptied level out of its ladder.
    @inline(__always)
    private mutating func unlink(_ node: UInt32, _ book: UnsafeMutablePointer<Book>) {
        let order = orders[node].pointee
        let ask = order.place & 1 == 1
        let level = levels[order.level]
        let ladder = ladder(book, ask: ask)
        if isBest(order.level, in: ladder.pointee) { touch(book, ask: ask) }
        if level.pointee.orderCount == 1 {
            let rank = Self.rank(level.pointee.price, ask: ask)
            removeRung(position(of: rank, in: ladder.pointee), from: ladder)
        } else {
            if order.previous == noNode {
                level.pointee.head = order.next
            } else {
                orders[order.previous].pointee.next = order.next
            }
            if order.next == noNode {
                level.pointee.tail = order.previous
            } else {
                orders[order.next].pointee.previous = order.previous
            }
            level.pointee.orderCount -= 1
            level.pointee.quantity &-= order.quantity
        }
    }

    /// The execution that goes with a fill stands right before it: its price and aggressor come
    /// from the resting order.
    @inline(__always)
    func completeTrade(before fill: UnsafeMutablePointer<Tick>, known: Bool) {
        let trade = fill - 1
        guard trade.pointee.kind == TickKind.trade.rawValue,
            !trade.pointee.has(.lastOfEvent), trade.pointee.sequence == fill.pointee.sequence,
            trade.pointee.channel == fill.pointee.channel
        else { return }
        // Only of a message that names no instrument (`applyUnnamed`).
        if trade.pointee.instrument == 0 {
            trade.pointee.instrument = fill.pointee.instrument
            trade.pointee.flags |= fill.pointee.flags & TickFlags.bookSuspect.rawValue
        }
        if known {
            if trade.pointee.price == Price.none { trade.pointee.price = fill.pointee.price }
            if trade.pointee.side == 0 { trade.pointee.side = 3 - fill.pointee.side }
        } else {
            trade.pointee.flags |= TickFlags.bookSuspect.rawValue
        }
    }

    @inline(__always)
    func damage(_ book: UnsafeMutablePointer<Book>) { book.pointee.flags |= Book.damaged }
}
