import Ticks

/// Aggregated levels, quotes, and emptying books.
extension BookStorage {
    mutating func setLevel(
        _ tick: UnsafeMutablePointer<Tick>, _ book: UnsafeMutablePointer<Book>
    ) {
        let price = tick.pointee.price
        let quantity = tick.pointee.quantity
        guard price != Price.none, tick.pointee.side != 0, quantity >= 0 else {
            counters.impossibleValue += 1
            return damage(book)
        }
        if book.pointee.flags & Book.levelFed == 0 { becomeLevelBook(book) }
        let ask = tick.pointee.side == Side.ask.rawValue
        var ladder = ladder(book, ask: ask)
        if tick.pointee.has(.implied) {
            ladder = impliedLadder(tick.pointee.instrument, ask: ask)
            book.pointee.flags |= Book.hasImplied
        }
        let found = findLevel(price, in: ladder.pointee, ask: ask)
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

    /// Orders and levels do not mix in one book, and where a feed sends both, the levels are the
    /// venue's own word: what stood there as orders goes.
    @inline(never)
    private mutating func becomeLevelBook(_ book: UnsafeMutablePointer<Book>) {
        let before = liveOrders
        emptyLadder(ladder(book, ask: false))
        emptyLadder(ladder(book, ask: true))
        if before > liveOrders {
            counters.ordersOfLevelBooks += UInt64(before - liveOrders)
            book.pointee.flags |= Book.touchedBid | Book.touchedAsk
        }
        book.pointee.flags |= Book.levelFed
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
        emptySide(book, ask: ask)
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

    mutating func emptySide(_ book: UnsafeMutablePointer<Book>, ask: Bool) {
        book.pointee.flags |= ask ? Book.touchedAsk : Book.touchedBid
        emptyLadder(ladder(book, ask: ask))
        if book.pointee.flags & Book.hasImplied != 0 {
            emptyLadder(impliedLadder(UInt32(book - books.base), ask: ask))
        }
    }

    private mutating func emptyLadder(_ ladder: UnsafeMutablePointer<Ladder>) {
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
        emptySide(book, ask: false)
        emptySide(book, ask: true)
        book.pointee.flags &= ~(Book.damaged | Book.eventOpen | Book.eventSuspect)
        book.pointee.imageEnd = 0
    }

    /// Makes the book another channel's, by whose references its orders are known from now on.
    mutating func move(_ book: UnsafeMutablePointer<Book>, to channel: UInt16) {
        let change =
            channels.base[Int(book.pointee.channel)].salt ^ channels.base[Int(channel)].salt
        book.pointee.channel = channel
        for ask in [false, true] {
            let ladder = ladder(book, ask: ask).pointee
            for place in stride(from: Int(ladder.count) - 1, through: 0, by: -1) {
                rename(queue: levels[rungs[ladder.base][place].level].pointee.head, change, book)
            }
        }
    }

    private mutating func rename(
        queue head: UInt32, _ change: UInt64, _ book: UnsafeMutablePointer<Book>
    ) {
        var node = head
        while node != noNode {
            let order = orders[node].pointee
            if index.find(order.key ^ change, in: orders) == noNode {
                index.remove(order.key, node)
                orders[node].pointee.key = order.key ^ change
                index.insert(order.key ^ change, node)
            } else {
                counters.duplicateOrder += 1
                damage(book)
                removeOrder(node, book)
            }
            node = order.next
        }
    }
}
