import CTapeline
import Ticks

/// One tick after the other: dispatch, suspicion, and what becomes visible when.
extension BookStorage {
    /// Applies the tick. `first` tells that no tick stands before it in memory. Returns true if it
    /// made other best prices of its instrument visible.
    @inline(__always)
    mutating func apply(
        _ tick: UnsafeMutablePointer<Tick>, position: UInt64, first: Bool, completing: Bool
    ) {
        var instrument = tick.pointee.instrument
        guard let kind = TickKind(rawValue: tick.pointee.kind),
            Int(tick.pointee.channel) < channels.capacity
        else { return }
        if instrument == 0 {
            instrument = applyUnnamed(
                kind, tick, position: position, first: first, completing: completing)
            if instrument == 0 { return }
        }
        guard Int(instrument) < books.capacity else { return }
        let book = books[instrument]
        if book.pointee.flags & Book.inUse == 0 {
            book.pointee.flags |= Book.inUse
            book.pointee.channel = tick.pointee.channel
            lastUsedBook = max(lastUsedBook, instrument)
        }
        var changed = false
        var shownBefore: (top: tapeline_top, moved: UInt16)?
        if book.pointee.flags & Book.eventOpen != 0,
            book.pointee.eventTime != tick.pointee.exchangeTime, kind != .alert
        {
            // Another timestamp: the event before this tick was complete.
            shownBefore = (tops[instrument].pointee, book.pointee.flags & Book.topMoved)
            book.pointee.flags &= ~(Book.eventOpen | Book.eventSuspect)
            changed = showTop(
                instrument, book, exchangeTime: tick.pointee.exchangeTime, position: position)
        }
        var knownOrder = true
        switch kind {
        // One participant's, not the best; a fill whose effect messages of its own tell.
        case .quote where tick.pointee.has(.offBook), .fill where tick.pointee.has(.offBook): break
        case .add, .modify, .cancel, .delete, .fill, .level, .quote, .clear:
            knownOrder = applyChange(
                kind, tick, instrument, book, position: position, completing: completing,
                topChanged: &changed)
        case .alert:
            if tick.pointee.detail == AlertCause.eventTimedOut.rawValue {
                changed = giveUpEvent(tick, instrument, book, position: position)
            }
        case .status:
            let shown = endEvent(tick, instrument, book, position: position)
            changed = changed || shown
        default:
            break
        }
        if changed, let shownBefore, hasSameBest(shownBefore.top, tops[instrument].pointee) {
            // What the event before had moved, this tick moved back: nobody saw it.
            changed = false
            if shownBefore.moved == 0 { book.pointee.flags &= ~Book.topMoved }
        }
        let suspect = isSuspect(book.pointee)
        if suspect != (book.pointee.flags & Book.shownSuspect != 0) {
            list(
                instrument, book, exchangeTime: tick.pointee.exchangeTime, position: position)
        }
        if completing {
            if changed { tick.pointee.flags |= TickFlags.topChanged.rawValue }
            if suspect { tick.pointee.flags |= TickFlags.bookSuspect.rawValue }
            if kind == .fill, !first, book.pointee.flags & Book.levelFed == 0,
                !tick.pointee.has(.offBook)
            {
                completeTrade(before: tick, known: knownOrder)
            }
        }
    }

    /// A change of the book, or the refusal of one that came too late. Returns false if the order
    /// that the tick names is not known.
    @inline(__always)
    private mutating func applyChange(
        _ kind: TickKind, _ tick: UnsafeMutablePointer<Tick>, _ instrument: UInt32,
        _ book: UnsafeMutablePointer<Book>, position: UInt64, completing: Bool,
        topChanged: inout Bool
    ) -> Bool {
        if tick.pointee.has(.recovered), book.pointee.lastSequence > tick.pointee.sequence {
            counters.lateNotApplied += 1
            if book.pointee.flags & Book.selfContained == 0 { damage(book) }
            return false
        }
        if book.pointee.channel == tick.pointee.channel {
            book.pointee.lastSequence = tick.pointee.sequence
            book.pointee.flags |= tick.pointee.has(.snapshot) ? 0 : Book.isHome
        } else {
            noteOtherChannel(tick, book)
        }
        let knownOrder = change(kind, tick, book, position: position, completing: completing)
        // A book image carries the suspicion of the book that it was taken of.
        if tick.pointee.has(.snapshot), tick.pointee.has(.bookSuspect) { damage(book) }
        let shown = finishChange(kind, tick, instrument, book, position: position)
        topChanged = topChanged || shown
        return knownOrder
    }

    /// The venue says that its event is over for the instrument: shows what it left.
    private mutating func endEvent(
        _ tick: UnsafeMutablePointer<Tick>, _ instrument: UInt32,
        _ book: UnsafeMutablePointer<Book>, position: UInt64
    ) -> Bool {
        guard tick.pointee.detail == StatusDetail.eventEnd.rawValue else { return false }
        book.pointee.flags &= ~(Book.eventOpen | Book.eventSuspect)
        return showTop(
            instrument, book, exchangeTime: tick.pointee.exchangeTime, position: position)
    }

    /// Returns false if the order that the tick names is not known.
    @inline(__always)
    private mutating func change(
        _ kind: TickKind, _ tick: UnsafeMutablePointer<Tick>, _ book: UnsafeMutablePointer<Book>,
        position: UInt64, completing: Bool
    ) -> Bool {
        if book.pointee.flags & Book.levelFed != 0, kind.rawValue <= TickKind.fill.rawValue {
            counters.ordersOfLevelBooks += 1
            return true
        }
        switch kind {
        case .add: add(tick, book, position: position, completing: completing)
        case .cancel, .fill: return reduce(tick, book, completing: completing)
        case .modify: return modify(tick, book, completing: completing)
        case .delete: delete(tick, book, completing: completing)
        case .level: setLevel(tick, book)
        case .quote: setQuote(tick, book)
        default:
            switch tick.pointee.tickSide {
            case .none: clear(book)
            case .bid: emptySide(book, ask: false)
            case .ask: emptySide(book, ask: true)
            }
            // An image begins: it contains its channel's messages up to this number.
            if tick.pointee.has(.snapshot), tick.pointee.quantity >= 0 {
                book.pointee.imageEnd = UInt64(tick.pointee.quantity) + 1
            }
        }
        return true
    }

    /// Shows the top where the event is complete, opens an event where a level leaves it open.
    @inline(__always)
    private mutating func finishChange(
        _ kind: TickKind, _ tick: UnsafeMutablePointer<Tick>, _ instrument: UInt32,
        _ book: UnsafeMutablePointer<Book>, position: UInt64
    ) -> Bool {
        if tick.pointee.has(.lastOfEvent) {
            if kind == .level { book.pointee.flags &= ~(Book.eventOpen | Book.eventSuspect) }
            return showTop(
                instrument, book, exchangeTime: tick.pointee.exchangeTime, position: position)
        }
        if kind == .level { openEvent(tick, instrument, book) }
        return false
    }

    @inline(__always)
    func isSuspect(_ book: Book) -> Bool {
        if book.flags & (Book.damaged | Book.eventSuspect) != 0 { return true }
        let channel = channels.base[Int(book.channel)]
        guard channel.isSuspect else { return false }
        if book.flags & Book.selfContained != 0 { return book.lastSequence < channel.gapEnd }
        return book.imageEnd == 0 || book.imageEnd < channel.gapEnd
    }

    /// Images may come on a channel of their own, whose numbers say nothing about the book: it is its
    /// increments' channel's. Where several change it, a book of orders stays the first one's, whose
    /// orders it knows by that channel's references.
    @inline(never)
    private mutating func noteOtherChannel(
        _ tick: UnsafeMutablePointer<Tick>, _ book: UnsafeMutablePointer<Book>
    ) {
        if tick.pointee.has(.snapshot) { return }
        if book.pointee.flags & Book.isHome == 0 || book.pointee.flags & Book.levelFed != 0 {
            move(book, to: tick.pointee.channel)
            book.pointee.flags |= Book.isHome
        }
        book.pointee.lastSequence = tick.pointee.sequence
    }

    /// Brings what readers see up to date with the book. True if a best price, its quantity or its
    /// number of orders is another.
    @inline(__always)
    mutating func showTop(
        _ instrument: UInt32, _ book: UnsafeMutablePointer<Book>, exchangeTime: UInt64,
        position: UInt64
    ) -> Bool {
        let touched = book.pointee.flags & (Book.touchedBid | Book.touchedAsk)
        if touched == 0 { return false }
        book.pointee.flags &= ~(Book.touchedBid | Book.touchedAsk)
        let top = tops[instrument]
        var changed = false
        if touched & Book.touchedBid != 0 {
            let bid = best(instrument, book, ask: false)
            changed =
                bid.price != top.pointee.bidPrice || bid.quantity != top.pointee.bidQuantity
                || bid.orders != top.pointee.bidOrders
            top.pointee.bidPrice = bid.price
            top.pointee.bidQuantity = bid.quantity
            top.pointee.bidOrders = bid.orders
        }
        if touched & Book.touchedAsk != 0 {
            let ask = best(instrument, book, ask: true)
            changed =
                changed || ask.price != top.pointee.askPrice
                || ask.quantity != top.pointee.askQuantity || ask.orders != top.pointee.askOrders
            top.pointee.askPrice = ask.price
            top.pointee.askQuantity = ask.quantity
            top.pointee.askOrders = ask.orders
        }
        if changed {
            book.pointee.flags |= Book.topMoved
            list(instrument, book, exchangeTime: exchangeTime, position: position)
        }
        return changed
    }

    private func hasSameBest(_ left: tapeline_top, _ right: tapeline_top) -> Bool {
        left.bidPrice == right.bidPrice && left.bidQuantity == right.bidQuantity
            && left.bidOrders == right.bidOrders && left.askPrice == right.askPrice
            && left.askQuantity == right.askQuantity && left.askOrders == right.askOrders
    }

    /// Puts the top on the list of those to publish.
    @inline(__always)
    mutating func list(
        _ instrument: UInt32, _ book: UnsafeMutablePointer<Book>, exchangeTime: UInt64,
        position: UInt64
    ) {
        let top = tops[instrument]
        top.pointee.position = position
        top.pointee.exchangeTime = exchangeTime
        if isSuspect(book.pointee) {
            top.pointee.flags = UInt32(TAPELINE_TOP_SUSPECT)
            book.pointee.flags |= Book.shownSuspect
        } else {
            top.pointee.flags = 0
            book.pointee.flags &= ~Book.shownSuspect
        }
        if book.pointee.flags & Book.topListed == 0 {
            book.pointee.flags |= Book.topListed
            listedTops.base[listedCount] = instrument
            listedCount += 1
        }
    }
}
