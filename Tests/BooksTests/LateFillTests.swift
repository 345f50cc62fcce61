import Books
import Testing
import Ticks

/// An execution that comes after newer messages of its instrument stays out of the book.
@Suite struct LateFillTests {
    private func tick(
        _ kind: TickKind, sequence: UInt64, orderID: UInt64, price: Int64 = Price.none,
        quantity: Int64, side: Side = .none, flags: TickFlags = .lastOfEvent
    ) -> Tick {
        Tick(
            exchangeTime: 1, captureTime: 1, sequence: sequence, orderID: orderID, price: price,
            quantity: quantity, instrument: 1, channel: 0, kind: kind.rawValue,
            side: side.rawValue, flags: flags.rawValue, line: 0, detail: 0, extra: 0)
    }

    @Test func lateExecutionIsNotCompleted() {
        let books = Books(BooksConfiguration(instrumentCapacity: 4, orderCapacity: 64))
        let price = 10 * Price.scale
        var ticks = [
            tick(.add, sequence: 9, orderID: 7, price: price, quantity: 100, side: .bid),
            tick(.trade, sequence: 5, orderID: 1, quantity: 10, flags: .recovered),
            tick(.fill, sequence: 5, orderID: 7, quantity: 10, flags: [.recovered, .lastOfEvent]),
        ]
        ticks.withUnsafeMutableBufferPointer {
            guard let base = $0.baseAddress else { return }
            books.complete(base, count: $0.count, position: 0)
        }
        #expect(books.counters.lateNotApplied == 1)
        #expect(books.best(1, .bid).quantity == 100)
        for tick in ticks[1...] {
            #expect(tick.side == Side.none.rawValue, "\(tick.side) is no side that is known")
            #expect(tick.price == Price.none)
            #expect(tick.has(.bookSuspect))
        }
    }
}
