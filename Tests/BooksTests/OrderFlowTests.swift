import TestSupport
import Testing

@Suite("Random order flow and the naive book of the protocol tests")
struct OrderFlowTests {
    @Test("The same seed gives the same events, another seed others")
    func isDeterministic() {
        func changes(_ seed: UInt64) -> [OrderChange] {
            var flow = OrderFlow(seed: seed, instruments: 3)
            return (0..<2000).map { _ in flow.next().change }
        }
        #expect(changes(7) == changes(7))
        #expect(changes(7) != changes(8))
    }

    @Test("Books stay sorted, uncrossed and bounded, and every kind of event comes")
    func keepsItsPromises() {
        var mix = OrderFlow.Mix()
        mix.clearsPerMillion = 500
        mix.replacesInPlace = 300
        var flow = OrderFlow(seed: 1, instruments: 3, mix: mix, liveOrdersMax: 40)
        var kinds: Set<String> = []
        for _ in 0..<30_000 {
            let event = flow.next()
            kinds.insert(String("\(event.change)".prefix { $0 != "(" }))
            let bids = flow.book.levels(event.instrument, isAsk: false)
            let asks = flow.book.levels(event.instrument, isAsk: true)
            #expect(zip(bids, bids.dropFirst()).allSatisfy { $0.price > $1.price })
            #expect(zip(asks, asks.dropFirst()).allSatisfy { $0.price < $1.price })
            if let bid = bids.first, let ask = asks.first { #expect(bid.price < ask.price) }
            #expect((bids + asks).allSatisfy { $0.price > 0 && $0.quantity > 0 && $0.orders > 0 })
            let orders = (bids + asks).reduce(0) { $0 + $1.orders }
            #expect(orders == flow.book.orderCount(event.instrument) && orders <= 40)
        }
        #expect(kinds == ["add", "reduce", "execute", "modify", "replace", "delete", "clear"])
    }

    @Test("An event says how its order was before")
    func saysWhatWas() {
        var flow = OrderFlow(seed: 2, instruments: 2)
        var book = NaiveBook(instruments: 2)
        for _ in 0..<5000 {
            let event = flow.next()
            if let before = event.before {
                let found = book.find(before.id)
                #expect(found?.order == before)
                #expect(found?.instrument == event.instrument && found?.isAsk == event.isAsk)
            }
            book.apply(event.change)
        }
    }

    @Test("Queues: an order keeps its place at its price and loses it at another")
    func queues() {
        var book = NaiveBook(instruments: 1)
        for id in 1...3 {
            book.apply(
                .add(id: UInt64(id), instrument: 0, isAsk: false, price: 100, quantity: 10))
        }
        book.apply(.modify(id: 1, price: 100, quantity: 25))
        #expect(book.orders(0, isAsk: false).map(\.id) == [1, 2, 3])
        book.apply(.modify(id: 1, price: 99, quantity: 25))
        book.apply(.modify(id: 1, price: 100, quantity: 25))
        #expect(book.orders(0, isAsk: false).map(\.id) == [2, 3, 1])
        book.apply(.replace(old: 2, new: 2, price: 100, quantity: 5))
        #expect(book.orders(0, isAsk: false).map(\.id) == [3, 1, 2])
        book.apply(.execute(id: 3, quantity: 10, price: nil))
        book.apply(.reduce(id: 1, by: 5))
        #expect(
            book.levels(0, isAsk: false) == [NaiveLevel(price: 100, quantity: 25, orders: 2)])
        book.apply(.clear(instrument: 0))
        #expect(book.orderCount(0) == 0 && book.find(1) == nil)
    }
}
