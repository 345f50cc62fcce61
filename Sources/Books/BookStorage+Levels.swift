import Ticks

/// Aggregated levels, quotes, and emptying books.
extension BookStorage {
    mutating func setLevel(
        _ tick: UnsafeMutablePointer<Tick>, _ book: UnsafeMutablePointer<Book>
    ) {
        let price = tick.pointee.price
        let quantity = tick.pointee.quantity
        guard price != Price.none, tick.pointee.side != 0, quantity >= 0,
            price != 0 || quantity == 0
        else {
            counters.impossibleValue += 1
            return damage(book)
        }
        let ask = tick.pointee.side == Side.ask.rawValue
        let ladder = ladder(book, ask: ask)
        let found = findLevel(price, in: ladder.pointee, ask: ask)
        // Its orders say what it holds; orders and levels do not mix in one book.
        guard levels[found.level].pointee.head == noNode else {
            counters.impossibleValue += 1
            return damage(book)
        }
        // Removing a level that is not there changes nothing: venues do so after a join.
        if found.level == noNode && quantity == 0 { return }
        if found.at >= Int(ladder.pointee.count) - 1 {
            book.pointee.flags |= ask ? Book.touchedAsk : Book.touchedBid
        }
        if quantity == 0 { return removeRung(found.at, from: ladder) }
        var level = found.level
        if level == noNode { level = insertLevel(price, at: found.at, in: ladder, ask: ask) }
        guard level != noNode else {
            counters.capacityExceeded += 1
            return damage(book)
        }
        levels[level].pointee.quantity = quantity
        levels[level].pointee.orderCount = tick.pointee.extra
    }

    /// A quote says the whole side: its one level replaces whatever was there.
    mutating func setQuote(
        _ tick: UnsafeMutablePointer<Tick>, _ book: UnsafeMutablePointer<Book>
    ) {
        book.pointee.flags |= Book.selfContained
        guard tick.pointee.side != 0 else {
            counters.impossibleValue += 1
            return damage(book)
        }
        book.pointee.flags &= ~Book.damaged
        let ask = tick.pointee.side == Side.ask.rawValue
        emptyLadder(book, ask: ask)
        let empty =
            tick.pointee.quantity <= 0 || tick.pointee.price == 0
            || tick.pointee.price == Price.none
        if empty { return }
        let ladder = ladder(book, ask: ask)
        let level = insertLevel(tick.pointee.price, at: 0, in: ladder, ask: ask)
        guard level != noNode else {
            counters.capacityExceeded += 1
            return damage(book)
        }
        levels[level].pointee.quantity = tick.pointee.quantity
    }

    private mutating func emptyLadder(_ book: UnsafeMutablePointer<Book>, ask: Bool) {
        let ladder = ladder(book, ask: ask)
        book.pointee.flags |= ask ? Book.touchedAsk : Book.touchedBid
        while ladder.pointee.count > 0 {
            let last = Int(ladder.pointee.count) - 1
            var node = levels[rungs[ladder.pointee.base][last].level].pointee.head
            while node != noNode {
                let order = orders[node].pointee
                index.remove(order.key, node)
                giveOrder(node)
                liveOrders -= 1
                node = order.next
            }
            removeRung(last, from: ladder)
        }
    }

    /// Empties a book; what was wrong with it is gone with what was in it.
    mutating func clear(_ book: UnsafeMutablePointer<Book>) {
        emptyLadder(book, ask: false)
        emptyLadder(book, ask: true)
        book.pointee.flags &= ~(Book.damaged | Book.eventOpen | Book.eventSuspect)
    }
}
