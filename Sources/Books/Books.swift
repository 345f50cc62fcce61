import CLinux
import CTapeline
import Ticks

/// Full-depth books of many instruments, built from ticks alone.
///
/// The handler completes ticks in place with it; the journal, the formatters and a strategy's own
/// process run the same code over finished ticks (`observe`). What is visible is a pure function of
/// the ticks. Not thread-safe: one thread owns an instance.
public final class Books {
    private let storage: UnsafeMutablePointer<BookStorage>
    public let configuration: BooksConfiguration

    /// How many ticks ahead each stage of the look-ahead runs: index, then order, then level.
    static let stage = 6

    public init(_ configuration: BooksConfiguration = BooksConfiguration()) {
        precondition(configuration.instrumentCapacity < 1 << 24)
        precondition(configuration.levelCapacity < 1 << 28)
        self.configuration = configuration
        storage = .allocate(capacity: 1)
        storage.initialize(to: BookStorage(configuration))
    }

    deinit {
        storage.pointee.free()
        storage.deinitialize(count: 1)
        storage.deallocate()
    }

    public var counters: BookCounters { storage.pointee.counters }
    public var liveOrders: Int { storage.pointee.liveOrders }

    /// Applies `count` ticks and completes them in place: price and side where the venue sent only
    /// an order reference, the instrument where an order event has instrument 0, `topChanged`,
    /// `bookSuspect`. `position` is the first tick's on the tape.
    ///
    /// All ticks of one message must come in one call.
    public func complete(_ ticks: UnsafeMutablePointer<Tick>, count: Int, position: UInt64) {
        storage.pointee.run(ticks, count: count, position: position, completing: true)
    }

    /// Ticks were missed: every channel's books are suspect until its next epoch or clear.
    public func markIncomplete() {
        let channels = storage.pointee.channels
        for channel in 0..<channels.capacity { channels.base[channel].incomplete = true }
        for instrument in 0...storage.pointee.lastUsedBook {
            storage.pointee.books[instrument].pointee.imageEnd = 0
        }
    }

    /// Applies finished ticks; writes nothing to them.
    public func observe(_ ticks: UnsafePointer<Tick>, count: Int, position: UInt64) {
        storage.pointee.run(
            UnsafeMutablePointer(mutating: ticks), count: count, position: position,
            completing: false)
    }

    /// Best price of a side as readers may see it: without the open event's part.
    public func best(_ instrument: UInt32, _ side: Side) -> BestPrice {
        guard instrument > 0, Int(instrument) <= configuration.instrumentCapacity else {
            return .empty
        }
        let top = storage.pointee.tops[instrument].pointee
        return side == .bid
            ? BestPrice(price: top.bidPrice, quantity: top.bidQuantity, orders: top.bidOrders)
            : BestPrice(price: top.askPrice, quantity: top.askQuantity, orders: top.askOrders)
    }

    /// True if something was missed or contradictory since the book was last known to be whole.
    public func isSuspect(_ instrument: UInt32) -> Bool {
        guard Int(instrument) <= configuration.instrumentCapacity else { return false }
        let book = storage.pointee.books[instrument].pointee
        return book.flags & Book.inUse != 0 && storage.pointee.isSuspect(book)
    }

    /// Hands out the tops that changed since the last call, each once, and forgets the list.
    /// `moved` is false where only the suspicion changed. `body` must not call these books.
    @inline(__always)
    public func takeTops(
        _ body: (_ instrument: UInt32, _ top: tapeline_top, _ moved: Bool) -> Void
    ) {
        let count = storage.pointee.listedCount
        if count == 0 { return }
        storage.pointee.listedCount = 0
        for place in 0..<count {
            let instrument = storage.pointee.listedTops.base[place]
            let book = storage.pointee.books[instrument]
            let moved = book.pointee.flags & Book.topMoved != 0
            book.pointee.flags &= ~(Book.topListed | Book.topMoved)
            body(instrument, storage.pointee.tops[instrument].pointee, moved)
        }
    }

    /// True if some event might have to be given up; cheap, for every packet.
    public var watchesEvents: Bool { storage.pointee.watchedCount > 0 }

    /// Sets the time of what is applied next: `now`, ns, by a clock that never steps and is `offset`
    /// ahead of capture times. Without it, deadlines of events are in capture time.
    public func setClock(now: UInt64, offset: UInt64) {
        storage.pointee.now = now
        storage.pointee.clockOffset = offset
    }

    /// Writes an `alert` tick (not yet applied) for each event that is over its time at `now`, at
    /// most `capacity`, and returns how many. Apply them with `complete` before anything else.
    public func expireEvents(
        now: UInt64, into ticks: UnsafeMutablePointer<Tick>, capacity: Int
    ) -> Int {
        var count = 0
        while count < capacity {
            let instrument = storage.pointee.nextExpired(now: now)
            if instrument == 0 { break }
            let book = storage.pointee.books[instrument].pointee
            ticks[count] = Tick(
                exchangeTime: book.eventTime, captureTime: now &- storage.pointee.clockOffset,
                sequence: book.lastSequence, orderID: 0, price: Price.none, quantity: Quantity.none,
                instrument: instrument,
                channel: book.channel, kind: TickKind.alert.rawValue, side: 0,
                flags: TickFlags.lastOfEvent.rawValue, line: 0,
                detail: AlertCause.eventTimedOut.rawValue, extra: 0)
            count += 1
        }
        return count
    }

    /// Gives read access to the storage for the parts of this type in other files.
    func read<Result>(_ body: (borrowing BookStorage) -> Result) -> Result {
        body(storage.pointee)
    }
}

extension BookStorage {
    /// The hot loop: while one tick is applied, the index entries, orders and levels of the ticks
    /// behind it are on their way into the cache.
    mutating func run(
        _ ticks: UnsafeMutablePointer<Tick>, count: Int, position: UInt64, completing: Bool
    ) {
        let stage = Books.stage
        for ahead in 0..<min(3 * stage, count) { prefetchIndex(ticks + ahead) }
        for ahead in 0..<min(2 * stage, count) { prefetchOrder(ticks + ahead) }
        for ahead in 0..<min(stage, count) { prefetchLevel(ticks + ahead) }
        for at in 0..<count {
            if at + 3 * stage < count { prefetchIndex(ticks + (at + 3 * stage)) }
            if at + 2 * stage < count { prefetchOrder(ticks + (at + 2 * stage)) }
            if at + stage < count { prefetchLevel(ticks + (at + stage)) }
            apply(
                ticks + at, position: position &+ UInt64(at), first: at == 0,
                completing: completing)
        }
    }

    @inline(__always)
    private func namesOrder(_ tick: UnsafeMutablePointer<Tick>) -> Bool {
        let kind = tick.pointee.kind
        return kind >= TickKind.add.rawValue && kind <= TickKind.fill.rawValue
            && Int(tick.pointee.channel) < channels.capacity
            && Int(tick.pointee.instrument) < books.capacity
    }

    @inline(__always)
    private func prefetchIndex(_ tick: UnsafeMutablePointer<Tick>) {
        guard namesOrder(tick) else { return }
        index.prefetch(key(tick))
        clinux_prefetch_write(books[tick.pointee.instrument])
    }

    @inline(__always)
    private func prefetchOrder(_ tick: UnsafeMutablePointer<Tick>) {
        guard namesOrder(tick) else { return }
        clinux_prefetch_write(tops[tick.pointee.instrument])
        if tick.pointee.kind == TickKind.add.rawValue {
            let book = books[tick.pointee.instrument]
            prefetchTouch(ladder(book, ask: tick.pointee.side == Side.ask.rawValue).pointee)
        } else {
            clinux_prefetch_write(orders[index.guess(key(tick))])
        }
    }

    @inline(__always)
    private func prefetchTouch(_ ladder: Ladder) {
        let last = Int(ladder.base) + max(Int(ladder.count) - 1, 0)
        clinux_prefetch_write(rungs.base + last)
    }

    @inline(__always)
    private func prefetchLevel(_ tick: UnsafeMutablePointer<Tick>) {
        guard namesOrder(tick) else { return }
        if tick.pointee.kind == TickKind.add.rawValue {
            let book = books[tick.pointee.instrument]
            let ask = tick.pointee.side == Side.ask.rawValue
            let found = findLevel(
                tick.pointee.price, in: ladder(book, ask: ask).pointee, ask: ask)
            clinux_prefetch_write(levels[found.level])
        } else {
            let order = orders[index.guess(key(tick))].pointee
            clinux_prefetch_write(levels[order.level])
            if tick.pointee.kind == TickKind.delete.rawValue {
                clinux_prefetch_write(orders[order.previous])
                clinux_prefetch_write(orders[order.next])
            }
            let named = tick.pointee.instrument
            let instrument = named != 0 ? named : order.place >> 1
            prefetchTouch(ladder(books[instrument], ask: order.place & 1 == 1).pointee)
        }
    }
}
