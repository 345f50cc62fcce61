import CTapeline
import Ticks

/// What concerns a channel as a whole: gaps, epochs, and events that stay open.
extension BookStorage {
    @inline(never)
    mutating func applyToChannel(
        _ kind: TickKind, _ tick: UnsafeMutablePointer<Tick>, position: UInt64
    ) {
        let channel = channels.base + Int(tick.pointee.channel)
        switch kind {
        case .gap:
            channel.pointee.openGaps += 1
            channel.pointee.gapEnd = max(
                channel.pointee.gapEnd,
                tick.pointee.sequence &+ UInt64(max(tick.pointee.quantity, 0)))
            refreshTops(tick, position: position)
        case .gapFilled:
            if channel.pointee.openGaps > 0 { channel.pointee.openGaps -= 1 }
            refreshTops(tick, position: position)
        case .epoch:
            guard tick.pointee.detail != EpochCause.end.rawValue else { return }
            forEachBook(of: tick.pointee.channel) { storage, _, book in
                storage.clear(book)
                book.pointee.lastSequence = 0
            }
            channel.pointee.openGaps = 0
            channel.pointee.gapEnd = tick.pointee.sequence
            channel.pointee.incomplete = tick.pointee.sequence > 1
            refreshTops(tick, position: position)
        case .clear:
            forEachBook(of: tick.pointee.channel) { storage, _, book in storage.clear(book) }
            channel.pointee.openGaps = 0
            channel.pointee.incomplete = false
            refreshTops(tick, position: position)
        default:
            break
        }
    }

    private mutating func forEachBook(
        of channel: UInt16,
        _ body: (inout BookStorage, UInt32, UnsafeMutablePointer<Book>) -> Void
    ) {
        var instrument: UInt32 = 0
        while instrument < lastUsedBook {
            instrument += 1
            let book = books[instrument]
            if book.pointee.flags & Book.inUse != 0 && book.pointee.channel == channel {
                body(&self, instrument, book)
            }
        }
    }

    /// Ends the channel's open events and shows every top as it is, with its suspicion.
    mutating func refreshTops(_ tick: UnsafeMutablePointer<Tick>, position: UInt64) {
        forEachBook(of: tick.pointee.channel) { storage, instrument, book in
            book.pointee.flags &= ~Book.eventOpen
            let time = tick.pointee.exchangeTime
            _ = storage.showTop(instrument, book, exchangeTime: time, position: position)
            let wasSuspect = book.pointee.flags & Book.shownSuspect != 0
            if storage.isSuspect(book.pointee) != wasSuspect {
                storage.list(instrument, book, exchangeTime: time, position: position)
            }
        }
    }

    // MARK: Events

    mutating func openEvent(
        _ tick: UnsafeMutablePointer<Tick>, _ instrument: UInt32,
        _ book: UnsafeMutablePointer<Book>
    ) {
        guard book.pointee.flags & Book.eventOpen == 0 else { return }
        // Packets that waited carry older capture times: deadlines must ascend all the same. None is
        // later than now, whatever its stamp says after the clock has stepped.
        let time = min(tick.pointee.captureTime &+ clockOffset, now)
        lastDeadline = max(lastDeadline, time &+ configuration.eventNanosecondsMax)
        book.pointee.flags |= Book.eventOpen
        book.pointee.eventTime = tick.pointee.exchangeTime
        book.pointee.eventDeadline = lastDeadline
        let place = (watchedHead + watchedCount) % watched.capacity
        watched.base[place] = WatchedEvent(deadline: lastDeadline, instrument: instrument)
        // A full ring gives up its oldest events early rather than growing.
        if watchedCount < watched.capacity - 1 { watchedCount += 1 }
    }

    /// The next instrument whose event is over its time at `now`, 0 if there is none.
    mutating func nextExpired(now: UInt64) -> UInt32 {
        while watchedCount > 0 {
            let event = watched.base[watchedHead]
            let full = watchedCount >= watched.capacity - 2
            if event.deadline > now && !full { return 0 }
            watchedHead = (watchedHead + 1) % watched.capacity
            watchedCount -= 1
            let book = books[event.instrument].pointee
            if book.flags & Book.eventOpen != 0, book.eventDeadline == event.deadline {
                return event.instrument
            }
        }
        return 0
    }

    /// The venue's event was not completed in time: shows the book as it is, suspect.
    mutating func giveUpEvent(
        _ tick: UnsafeMutablePointer<Tick>, _ instrument: UInt32,
        _ book: UnsafeMutablePointer<Book>, position: UInt64
    ) -> Bool {
        guard book.pointee.flags & Book.eventOpen != 0 else { return false }
        counters.eventsTimedOut += 1
        book.pointee.flags &= ~Book.eventOpen
        book.pointee.flags |= Book.eventSuspect
        let time = tick.pointee.exchangeTime
        let changed = showTop(instrument, book, exchangeTime: time, position: position)
        if !changed { list(instrument, book, exchangeTime: time, position: position) }
        return changed
    }
}
