import Books
import Testing
import Ticks

/// Order events that say a new total, and those that name nothing but the order.
@Suite struct OrderReferenceTests {
    private let books = Books(
        BooksConfiguration(
            instrumentCapacity: 8, orderCapacity: 100, levelCapacity: 100, channelCapacity: 2))

    private func tick(
        _ kind: TickKind, _ instrument: UInt32 = 0, id: UInt64, side: Side = .none,
        price: Int64 = Price.none, quantity: Int64 = Quantity.none, sequence: UInt64 = 1,
        flags: TickFlags = .lastOfEvent, channel: UInt16 = 0
    ) -> Tick {
        Tick(
            exchangeTime: 1, captureTime: 1000, sequence: sequence, orderID: id, price: price,
            quantity: quantity, instrument: instrument, channel: channel, kind: kind.rawValue,
            side: side.rawValue, flags: flags.rawValue, line: 0, detail: 0, extra: 0)
    }

    @discardableResult
    private func apply(_ ticks: [Tick]) -> [Tick] {
        var ticks = ticks
        ticks.withUnsafeMutableBufferPointer {
            books.complete($0.baseAddress!, count: $0.count, position: 0)
        }
        books.checkInvariants()
        return ticks
    }

    private func queue(_ instrument: UInt32 = 1, _ side: Side = .bid) -> [UInt64] {
        books.orders(instrument, side).map(\.orderID)
    }

    /// Three bids at 100.
    private func addThree() {
        for id in UInt64(1)...3 {
            apply([tick(.add, 1, id: id, side: .bid, price: 100, quantity: 10)])
        }
    }

    // MARK: Modify

    @Test(arguments: [Price.none, 100])
    func modifyKeepsThePlaceAtThePrice(price: Int64) {
        addThree()
        let done = apply([tick(.modify, 1, id: 1, price: price, quantity: 25)])[0]
        #expect(queue() == [1, 2, 3])
        #expect(done.price == 100 && done.tickSide == .bid && done.quantity == 25)
        #expect(done.has(.topChanged))
        #expect(books.best(1, .bid) == BestPrice(price: 100, quantity: 45, orders: 3))
    }

    @Test func modifyToAnotherPriceQueuesAtTheTail() {
        addThree()
        apply([tick(.add, 1, id: 4, side: .bid, price: 99, quantity: 10)])
        let done = apply([tick(.modify, 1, id: 1, price: 99, quantity: 7)])[0]
        #expect(queue() == [2, 3, 4, 1])
        #expect(done.price == 99 && done.tickSide == .bid)
        apply([tick(.modify, 1, id: 1, price: 100, quantity: 8)])
        #expect(queue() == [2, 3, 1, 4])
        #expect(
            books.levelViews(1, .bid) == [
                LevelView(price: 100, quantity: 28, orders: 3),
                LevelView(price: 99, quantity: 10, orders: 1),
            ])
    }

    @Test func modifyOfALoneOrderMovesItsLevel() {
        apply([tick(.add, 1, id: 1, side: .ask, price: 100, quantity: 10)])
        apply([tick(.modify, 1, id: 1, price: 101, quantity: 3)])
        #expect(books.levelViews(1, .ask) == [LevelView(price: 101, quantity: 3, orders: 1)])
        #expect(books.liveOrders == 1 && !books.isSuspect(1))
    }

    @Test func modifyOfAnUnknownOrderDamagesItsBook() {
        addThree()
        let done = apply([tick(.modify, 1, id: 9, price: 100, quantity: 10)])[0]
        #expect(done.has(.bookSuspect) && books.isSuspect(1))
        #expect(books.counters.unknownOrder == 1)
    }

    @Test(arguments: [0, -1, Quantity.none])
    func impossibleModifyChangesNothing(quantity: Int64) {
        addThree()
        apply([tick(.modify, 1, id: 1, price: 100, quantity: quantity)])
        #expect(queue() == [1, 2, 3] && books.counters.impossibleValue == 1)
        #expect(books.best(1, .bid).quantity == 30 && books.isSuspect(1))
    }

    /// Spreads trade at zero and below.
    @Test func ordersMayHaveAPriceOfZero() {
        apply([
            tick(.add, 1, id: 1, side: .bid, price: 0, quantity: 10),
            tick(.add, 1, id: 2, side: .ask, price: 5, quantity: 10),
        ])
        apply([tick(.modify, 1, id: 1, price: -5, quantity: 10)])
        apply([tick(.modify, 1, id: 2, price: 0, quantity: 10)])
        #expect(books.best(1, .bid).price == -5 && books.best(1, .ask).price == 0)
        #expect(books.counters == BookCounters() && !books.isSuspect(1))
    }

    // MARK: Instrument 0

    @Test(arguments: [TickKind.cancel, .modify, .delete, .fill])
    func referenceTellsTheInstrument(kind: TickKind) {
        apply([tick(.add, 3, id: 7, side: .ask, price: 100, quantity: 10)])
        let done = apply([tick(kind, id: 7, quantity: 4, sequence: 2)])[0]
        #expect(done.instrument == 3 && done.tickSide == .ask && done.price == 100)
        let left: [TickKind: Int64] = [.cancel: 6, .modify: 4, .delete: 0, .fill: 6]
        #expect(books.best(3, .ask).quantity == left[kind])
        #expect(!done.has(.bookSuspect))
    }

    @Test func tradeBeforeAFillIsOfItsInstrument() {
        apply([tick(.add, 3, id: 7, side: .ask, price: 100, quantity: 10)])
        let done = apply([
            tick(.trade, id: 55, quantity: 4, sequence: 2, flags: []),
            tick(.fill, id: 7, quantity: 4, sequence: 2),
        ])
        #expect(done.map(\.instrument) == [3, 3])
        #expect(done[0].price == 100 && done[0].tickSide == .bid && !done[0].has(.bookSuspect))
    }

    @Test func replacementIsOfTheOldOrdersInstrument() {
        apply([tick(.add, 3, id: 7, side: .ask, price: 100, quantity: 10)])
        let done = apply([
            tick(.delete, id: 7, sequence: 2, flags: .replaced),
            tick(
                .add, id: 7, price: 101, quantity: 4, sequence: 2,
                flags: [.replaced, .lastOfEvent]),
        ])
        #expect(done.map(\.instrument) == [3, 3])
        #expect(done[0].price == 100 && done[0].quantity == 10)
        #expect(done[1].tickSide == .ask)
        #expect(books.levelViews(3, .ask) == [LevelView(price: 101, quantity: 4, orders: 1)])
    }

    @Test func referencesOfChannelsAreApart() {
        apply([
            tick(.add, 3, id: 7, side: .ask, price: 100, quantity: 10),
            tick(.add, 4, id: 7, side: .bid, price: 100, quantity: 10, channel: 1),
        ])
        let done = apply([tick(.delete, id: 7, channel: 1)])[0]
        #expect(done.instrument == 4 && done.tickSide == .bid)
        #expect(queue(3, .ask) == [7])
    }

    /// Nobody knows which book misses the order: all of the channel's are suspect.
    @Test func unknownReferenceMakesTheChannelSuspect() {
        apply([
            tick(.add, 3, id: 7, side: .ask, price: 100, quantity: 10),
            tick(.add, 4, id: 8, side: .bid, price: 100, quantity: 10, channel: 1),
        ])
        let done = apply([
            tick(.trade, id: 55, quantity: 4, sequence: 2, flags: []),
            tick(.fill, id: 9, quantity: 4, sequence: 2),
        ])
        #expect(done.map(\.instrument) == [0, 0] && done.allSatisfy { $0.has(.bookSuspect) })
        #expect(books.isSuspect(3) && !books.isSuspect(4))
        #expect(books.counters.unknownOrder == 1)
        var listed: [UInt32] = []
        books.takeTops { instrument, top, _ in if top.flags != 0 { listed.append(instrument) } }
        #expect(listed == [3])
        apply([tick(.clear, id: 0)])
        #expect(!books.isSuspect(3))
    }

    @Test func unknownReplacementIsNotBooked() {
        apply([tick(.add, 3, id: 7, side: .ask, price: 100, quantity: 10)])
        let done = apply([
            tick(.delete, id: 9, sequence: 2, flags: .replaced),
            tick(
                .add, id: 9, side: .bid, price: 101, quantity: 4, sequence: 2,
                flags: [.replaced, .lastOfEvent]),
        ])
        #expect(done.map(\.instrument) == [0, 0])
        #expect(books.liveOrders == 1 && books.isSuspect(3))
        #expect(books.counters.unknownOrder == 1 && books.counters.unknownReplace == 1)
    }

    /// An observer reads what the ticks say and looks for nothing.
    @Test func observerDoesNotLookForOrders() {
        let add = apply([tick(.add, 3, id: 7, side: .ask, price: 100, quantity: 10)])
        let observer = Books(books.configuration)
        let ticks = add + [tick(.delete, id: 7, sequence: 2)]
        ticks.withUnsafeBufferPointer {
            observer.observe($0.baseAddress!, count: $0.count, position: 0)
        }
        #expect(observer.liveOrders == 1 && observer.isSuspect(3))
        #expect(observer.counters.unknownOrder == 1)
    }
}
