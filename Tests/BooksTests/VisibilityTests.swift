import Books
import CTapeline
import Testing
import Ticks

/// What readers see and when: events, suspicion, and what the list of tops says.
@Suite struct VisibilityTests {
    private let configuration = BooksConfiguration(
        instrumentCapacity: 8, orderCapacity: 100, levelCapacity: 100, channelCapacity: 2)

    private func tick(
        _ kind: TickKind, _ instrument: UInt32 = 1, side: Side = .bid, price: Int64 = 100,
        quantity: Int64 = 10, id: UInt64 = 0, sequence: UInt64 = 1, time: UInt64 = 1,
        capture: UInt64 = 1000, flags: TickFlags = .lastOfEvent, detail: UInt8 = 0,
        channel: UInt16 = 0
    ) -> Tick {
        Tick(
            exchangeTime: time, captureTime: capture, sequence: sequence, orderID: id,
            price: price, quantity: quantity, instrument: instrument, channel: channel,
            kind: kind.rawValue, side: side.rawValue, flags: flags.rawValue, line: 0,
            detail: detail, extra: 0)
    }

    @discardableResult
    private func apply(_ books: Books, _ ticks: [Tick], at position: UInt64 = 0) -> [Tick] {
        var ticks = ticks
        ticks.withUnsafeMutableBufferPointer {
            books.complete($0.baseAddress!, count: $0.count, position: position)
        }
        return ticks
    }

    private func tops(_ books: Books) -> [(instrument: UInt32, top: tapeline_top, moved: Bool)] {
        var all: [(UInt32, tapeline_top, Bool)] = []
        books.takeTops { all.append(($0, $1, $2)) }
        return all
    }

    // MARK: Quotes

    /// A participant's own quote is told, and the best price stays the nation's.
    @Test func quotesOffTheBookAreNotApplied() {
        let books = Books(configuration)
        apply(
            books,
            [
                tick(.quote, price: 90, flags: .offBook),
                tick(.quote, side: .ask, price: 120, flags: [.offBook, .lastOfEvent]),
            ])
        #expect(books.best(1, .bid) == .empty && books.best(1, .ask) == .empty)
        let ticks = apply(
            books,
            [
                tick(.quote, price: 95, sequence: 2, flags: .offBook),
                tick(.quote, price: 100, sequence: 2, flags: []),
                tick(.quote, side: .ask, price: 101, sequence: 2),
            ])
        #expect(books.best(1, .bid) == BestPrice(price: 100, quantity: 10, orders: 0))
        #expect(books.best(1, .ask) == BestPrice(price: 101, quantity: 10, orders: 0))
        #expect(ticks.map { $0.has(.topChanged) } == [false, false, true])
        // A late one of a participant harms nothing either.
        apply(books, [tick(.quote, price: 1, sequence: 1, flags: [.offBook, .recovered])])
        #expect(!books.isSuspect(1) && books.best(1, .bid).price == 100)
        #expect(books.counters.lateNotApplied == 0)
    }

    // MARK: Events

    @Test func eventIsShownAtItsFlag() {
        let books = Books(configuration)
        let open = apply(books, [tick(.level, flags: [])])
        #expect(books.best(1, .bid) == .empty)
        #expect(!open[0].has(.topChanged))
        #expect(books.watchesEvents)
        let closed = apply(books, [tick(.level, price: 99)])
        #expect(books.best(1, .bid) == BestPrice(price: 100, quantity: 10, orders: 0))
        #expect(closed[0].has(.topChanged))
        #expect(tops(books).map(\.moved) == [true])
        #expect(!books.isSuspect(1))
    }

    @Test(arguments: [TickKind.level, .trade, .status, .definition])
    func eventEndsAtAnotherTimestamp(kind: TickKind) {
        let books = Books(configuration)
        apply(books, [tick(.level, time: 5, flags: [])])
        apply(books, [tick(kind, price: 90, time: 5, flags: [])])
        #expect(books.best(1, .bid) == .empty)
        apply(books, [tick(kind, 2, price: 90, time: 6, flags: [])])
        #expect(books.best(1, .bid) == .empty, "another instrument's message says nothing")
        let next = apply(books, [tick(kind, price: 90, time: 6, flags: [])])
        #expect(books.best(1, .bid).price == 100)
        #expect(next[0].has(.topChanged))
        #expect(!books.isSuspect(1))
    }

    /// The end of an event and the message behind it may leave the top as it was.
    @Test func whatIsMovedBackAtOnceIsNoChange() {
        let books = Books(configuration)
        apply(books, [tick(.level, price: 100), tick(.level, price: 101, time: 2, flags: [])])
        _ = tops(books)
        let next = apply(books, [tick(.level, price: 101, quantity: 0, time: 3)])
        #expect(!next[0].has(.topChanged))
        #expect(tops(books).allSatisfy { !$0.moved })
        #expect(books.best(1, .bid).price == 100)
    }

    @Test(arguments: [TickKind.gap, .epoch])
    func eventEndsAtAGapOrAnEpoch(kind: TickKind) {
        let books = Books(configuration)
        apply(books, [tick(.level, price: 100)])
        apply(books, [tick(.level, price: 101, time: 2, flags: [])])
        apply(books, [tick(kind, 0, sequence: 7, detail: 1)])
        #expect(books.best(1, .bid).price == (kind == .gap ? 101 : Price.none))
        #expect(books.isSuspect(1))
        #expect(tops(books).last?.top.flags == UInt32(TAPELINE_TOP_SUSPECT))
    }

    @Test func eventIsGivenUpAfterItsTime() {
        let books = Books(configuration)
        apply(books, [tick(.level, capture: 1000, flags: [])])
        apply(books, [tick(.level, 2, time: 3, capture: 500_000, flags: [])])
        var alerts = [Tick](repeating: tick(.status), count: 4)
        func expire(_ now: UInt64) -> Int {
            alerts.withUnsafeMutableBufferPointer {
                books.expireEvents(now: now, into: $0.baseAddress!, capacity: 4)
            }
        }
        #expect(expire(1_000_999) == 0)
        #expect(expire(1_001_000) == 1)
        #expect(alerts[0].tickKind == .alert && alerts[0].instrument == 1)
        #expect(alerts[0].detail == AlertCause.eventTimedOut.rawValue)
        #expect(alerts[0].captureTime == 1_001_000 && alerts[0].exchangeTime == 1)
        #expect(books.best(1, .bid) == .empty, "not before the alert is applied")
        let alert = apply(books, [alerts[0]])[0]
        #expect(alert.has(.topChanged) && alert.has(.bookSuspect))
        #expect(books.best(1, .bid).price == 100 && books.isSuspect(1))
        #expect(tops(books).map(\.top.flags) == [UInt32(TAPELINE_TOP_SUSPECT)])
        // The rest of the event completes the book; its top says so even though it did not move.
        let rest = apply(books, [tick(.level, price: 90)])
        #expect(!books.isSuspect(1) && !rest[0].has(.bookSuspect))
        let after = tops(books)
        #expect(after.map(\.top.flags) == [0] && after.map(\.moved) == [false])
        #expect(expire(1_500_000) == 1)
        #expect(books.counters.eventsTimedOut == 1)
    }

    @Test func eventThatEndedIsNotGivenUp() {
        let books = Books(configuration)
        apply(books, [tick(.level, flags: []), tick(.level, price: 99)])
        var alerts = [tick(.status)]
        let count = alerts.withUnsafeMutableBufferPointer {
            books.expireEvents(now: .max / 2, into: $0.baseAddress!, capacity: 1)
        }
        #expect(count == 0 && !books.watchesEvents)
    }

    // MARK: Suspicion

    @Test func topSaysThatItsBookIsSuspect() {
        let books = Books(configuration)
        apply(books, [tick(.add, id: 1)])
        #expect(tops(books).map(\.top.flags) == [0])
        // Nothing of the top moves: only what is known about it.
        apply(books, [tick(.cancel, id: 99, sequence: 2)], at: 7)
        let after = tops(books)
        #expect(after.map(\.top.flags) == [UInt32(TAPELINE_TOP_SUSPECT)])
        #expect(after.map(\.top.position) == [7])
        #expect(after.map(\.moved) == [false])
        #expect(books.counters.unknownOrder == 1)
        apply(books, [tick(.clear, side: .none, sequence: 3)])
        #expect(tops(books).map(\.top.flags) == [0])
    }

    @Test func gapMakesTheChannelsBooksSuspectUntilItIsFilled() {
        let books = Books(configuration)
        apply(books, [tick(.add, id: 1), tick(.add, 2, id: 2, channel: 1)])
        _ = tops(books)
        apply(books, [tick(.gap, 0, quantity: 3, sequence: 2)])
        #expect(books.isSuspect(1) && !books.isSuspect(2))
        #expect(tops(books).map(\.instrument) == [1])
        let late = apply(
            books, [tick(.add, id: 3, sequence: 3, flags: [.lastOfEvent, .recovered])])
        #expect(late[0].has(.bookSuspect))
        apply(books, [tick(.gapFilled, 0, sequence: 4)])
        #expect(!books.isSuspect(1))
        #expect(books.best(1, .bid).quantity == 20)
        #expect(tops(books).map(\.top.flags) == [0])
    }

    /// A late `add` whose `delete` has passed would live for ever.
    @Test func lateMessageIsAppliedOnlyIfNothingNewerWas() {
        let books = Books(configuration)
        apply(
            books,
            [
                tick(.add, id: 1), tick(.add, 2, id: 2),
                tick(.gap, 0, quantity: 5, sequence: 2), tick(.add, id: 3, sequence: 8),
            ])
        let late: TickFlags = [.lastOfEvent, .recovered]
        let kept = apply(
            books,
            [
                tick(.add, id: 4, sequence: 3, flags: late),
                tick(.add, 2, id: 5, sequence: 4, flags: late),
                tick(.gapFilled, 0, sequence: 6),
            ])
        #expect(books.counters.lateNotApplied == 1)
        #expect(books.orderViews(1, .bid).map(\.id) == [1, 3])
        #expect(books.orderViews(2, .bid).map(\.id) == [2, 5])
        #expect(kept[0].has(.bookSuspect))
        #expect(books.isSuspect(1), "until clear, snapshot or epoch")
        #expect(!books.isSuspect(2))
        apply(books, [tick(.epoch, 0, sequence: 1, detail: EpochCause.session.rawValue)])
        #expect(!books.isSuspect(1) && books.liveOrders == 0)
    }

    /// The trade of a late fill that is kept out is no bid's and no ask's.
    @Test func lateFillThatIsKeptOutLeavesItsTradeAlone() {
        let books = Books(configuration)
        apply(books, [tick(.add, id: 1, sequence: 9)])
        let late = apply(
            books,
            [
                tick(
                    .trade, side: .none, price: Price.none, id: 77, sequence: 5, flags: .recovered),
                tick(
                    .fill, side: .none, price: Price.none, id: 1, sequence: 5,
                    flags: [.recovered, .lastOfEvent]),
            ])
        #expect(late[0].side == 0 && late[0].has(.bookSuspect))
        #expect(books.orderViews(1, .bid).first?.quantity == 10)
    }

    @Test func quotesAreWholeInEveryMessage() {
        let books = Books(configuration)
        func quote(_ bid: Int64, _ ask: Int64, _ sequence: UInt64) -> [Tick] {
            [
                tick(.quote, price: bid, quantity: bid / 10, sequence: sequence, flags: []),
                tick(.quote, side: .ask, price: ask, quantity: ask / 10, sequence: sequence),
            ]
        }
        apply(books, quote(100, 110, 1))
        #expect(books.best(1, .bid) == BestPrice(price: 100, quantity: 10, orders: 0))
        apply(books, [tick(.gap, 0, quantity: 4, sequence: 2)])
        #expect(books.isSuspect(1))
        let next = apply(books, quote(0, 120, 6))
        #expect(!books.isSuspect(1), "newer than the gap")
        #expect(!next[1].has(.bookSuspect))
        #expect(books.best(1, .bid) == .empty && books.best(1, .ask).price == 120)
    }

    // MARK: What does not fit

    @Test func ticksOutOfBoundsChangeNothing() {
        let books = Books(configuration)
        apply(books, [tick(.add, id: 1)])
        apply(
            books,
            [
                tick(.clear, 9), tick(.add, 500_000, id: 2), tick(.add, id: 3, channel: 2),
                tick(.clear, 0, channel: 9),
            ])
        #expect(books.orderViews(1, .bid).map(\.id) == [1])
        #expect(books.liveOrders == 1)
        #expect(books.levels(9, .bid).isEmpty && !books.isSuspect(9))
    }

    /// Where a feed sends both, or two feeds were given one venue's name, levels win.
    @Test func ordersAndLevelsDoNotMix() {
        let books = Books(configuration)
        apply(books, [tick(.add, id: 1), tick(.add, 2, id: 7)])
        let first = apply(books, [tick(.level, price: 99), tick(.add, price: 200, id: 2)])
        #expect(first[0].has(.topChanged), "the order is gone")
        #expect(books.best(1, .bid) == BestPrice(price: 99, quantity: 10, orders: 0))
        let after = apply(books, [tick(.delete, price: 100, id: 1), tick(.fill, price: 99, id: 2)])
        #expect(after.allSatisfy { !$0.has(.topChanged) && !$0.has(.bookSuspect) })
        #expect(books.counters.ordersOfLevelBooks == 4)
        #expect(books.counters.unknownOrder == 0 && !books.isSuspect(1))
        #expect(books.orderViews(2, .bid).map(\.id) == [7], "another instrument's stay")
        books.checkInvariants()
    }

    @Test func bestIsThatOfOutrightAndImpliedLevels() {
        let books = Books(configuration)
        func level(_ side: Side, _ price: Int64, _ quantity: Int64, implied: Bool) -> Tick {
            var level = tick(.level, side: side, price: price, quantity: quantity)
            level.extra = implied ? 0 : 3
            if implied { level.tickFlags.insert(.implied) }
            return level
        }
        apply(books, [level(.bid, 100, 10, implied: false), level(.ask, 105, 1, implied: true)])
        #expect(books.best(1, .ask) == BestPrice(price: 105, quantity: 1, orders: 0))
        let same = apply(books, [level(.bid, 100, 4, implied: true)])
        #expect(same[0].has(.topChanged))
        #expect(books.best(1, .bid) == BestPrice(price: 100, quantity: 14, orders: 3))
        apply(books, [level(.bid, 101, 2, implied: true), level(.ask, 104, 5, implied: false)])
        #expect(books.best(1, .bid) == BestPrice(price: 101, quantity: 2, orders: 0))
        #expect(books.best(1, .ask) == BestPrice(price: 104, quantity: 5, orders: 3))
        #expect(books.levelViews(1, .bid).map(\.price) == [100])
        #expect(books.levelViews(1, .bid, .implied).map(\.quantity) == [2, 4])
        #expect(books.levelViews(1, .bid, .consolidated).map(\.quantity) == [2, 14])
        apply(books, [tick(.clear, side: .none)])
        #expect(books.best(1, .bid) == .empty && books.best(1, .ask) == .empty)
    }

    /// An image on a channel of its own makes a book whole that its channel's gap had left suspect,
    /// unless the gap reaches beyond it.
    @Test func imageMakesABookWhole() {
        let books = Books(configuration)
        apply(books, [tick(.level, sequence: 5), tick(.gap, 0, quantity: 3, sequence: 6)])
        #expect(books.isSuspect(1))
        func image(upTo sequence: Int64) -> [Tick] {
            var ticks = [
                tick(.clear, quantity: sequence, sequence: 900, channel: 1),
                tick(.level, price: 90, sequence: 900, channel: 1),
            ]
            for place in ticks.indices { ticks[place].tickFlags.insert(.snapshot) }
            return ticks
        }
        apply(books, image(upTo: 7))
        #expect(books.isSuspect(1), "8 is missing from book and image")
        apply(books, image(upTo: 8))
        #expect(!books.isSuspect(1) && books.best(1, .bid).price == 90)
        // The image's own numbers do not count: what comes late is still known as late.
        var late = tick(.level, price: 80, sequence: 9)
        apply(books, [late])
        #expect(books.best(1, .bid).price == 90 && !books.isSuspect(1))
        late.sequence = 7
        late.tickFlags.insert(.recovered)
        apply(books, [late])
        #expect(books.counters.lateNotApplied == 1)
        apply(books, image(upTo: 9) + [tick(.gap, 0, quantity: 1, sequence: 10)])
        #expect(books.isSuspect(1), "another gap")
    }

    @Test func priceOfZeroIsAPrice() {
        let books = Books(configuration)
        apply(
            books,
            [tick(.level, price: 0), tick(.level, side: .ask, price: 1), tick(.level, price: -1)])
        #expect(books.levelViews(1, .bid).map(\.price) == [0, -1])
        #expect(books.best(1, .bid).price == 0 && books.counters.impossibleValue == 0)
    }

    /// The venue's event ended, and its last message was about another instrument.
    @Test func eventEndsWithATickOfItsOwn() {
        let books = Books(configuration)
        apply(books, [tick(.level, flags: []), tick(.level, 2, flags: [])])
        apply(books, [tick(.level, 2, price: 99)])
        #expect(books.best(1, .bid) == .empty && books.best(2, .bid).price == 100)
        let end = apply(books, [tick(.status, detail: StatusDetail.eventEnd.rawValue)])
        #expect(end[0].has(.topChanged) && books.best(1, .bid).price == 100)
        #expect(!books.isSuspect(1))
    }

    /// The evicted order's book is another one: its top moves with this tick.
    @Test func duplicateReferenceInAnotherBook() {
        let books = Books(configuration)
        apply(books, [tick(.add, id: 1)], at: 5)
        _ = tops(books)
        apply(books, [tick(.add, 2, id: 1, sequence: 2, time: 9)], at: 6)
        let after = tops(books)
        #expect(Set(after.map(\.instrument)) == [1, 2])
        #expect(after.allSatisfy { $0.top.position == 6 && $0.top.exchangeTime == 9 })
        #expect(after.allSatisfy { $0.top.flags == UInt32(TAPELINE_TOP_SUSPECT) })
        #expect(books.best(1, .bid) == .empty)
        #expect(books.counters.duplicateOrder == 1 && books.liveOrders == 1)
    }
}
