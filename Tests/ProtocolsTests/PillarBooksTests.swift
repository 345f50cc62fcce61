import Books
import Foundation
import Protocols
import TestSupport
import Testing
import Ticks
import Wire

/// Random order flow as messages of an integrated feed, decoded into books beside the naive ones.
private struct PillarFlow {
    /// Scale codes of the instruments: a tick of the flow is a cent everywhere.
    private static let scaleCodes: [UInt8] = [6, 4, 3, 2]
    private static let indexes: [UInt32] = [88, 44_419, 5, 0xFFFF_FFF0]
    private static let cent: Int64 = 10_000_000

    var flow: OrderFlow
    let isXDP: Bool
    let decoder: any FeedDecoding
    let books: Books
    private var bytes: [UInt8] = []
    private var sequence: UInt64 = 1
    private let ticks = UnsafeMutablePointer<Tick>.allocate(capacity: 64)
    private let context = DeliveryContext(captureTime: 1, channel: 0, line: 0, flags: [])

    init(feed: String, seed: UInt64) {
        flow = OrderFlow(
            seed: seed, instruments: Self.indexes.count,
            // Orders of NYSE markets: matching engine partition and a running number.
            identify: { 0x0101_0000_0000_0000 | $0 &* 3 })
        isXDP = feed == "xdp-integrated"
        decoder = FeedRegistry.find(feed)!.makeDecoder(
            DecoderSetup(
                directory: InstrumentDirectory(capacity: 10), venue: "XNYS", channel: 0,
                midnight: 0, feed: feed))
        books = Books(
            BooksConfiguration(
                instrumentCapacity: 10, orderCapacity: 1000, levelCapacity: 1000,
                channelCapacity: 1))
        PillarEncoder.sourceTimeReference(systemID: 7, sourceTime: 1_645_626_600, to: &bytes)
        _ = apply()
        for (index, code) in zip(Self.indexes, Self.scaleCodes) {
            PillarEncoder.symbolIndexMapping(
                symbolIndex: index, symbol: "S\(code)", systemID: 7, priceScaleCode: code,
                to: &bytes)
            _ = apply()
        }
    }

    func free() { ticks.deallocate() }

    /// Decodes and applies the one message that was written.
    private mutating func apply() -> Int {
        var cursor = BlockCursor(offset: 0, remaining: 1, sequence: sequence)
        sequence += 1
        let count = bytes.withUnsafeBytes {
            decoder.decode($0, cursor: &cursor, context: context, into: ticks, capacity: 64)
        }
        books.complete(ticks, count: count, position: sequence)
        bytes.removeAll(keepingCapacity: true)
        return count
    }

    /// One event more; says what differs, if anything does.
    mutating func step() -> String? {
        let event = flow.next()
        write(event)
        let count = apply()
        guard count > 0 else { return "no tick for \(event.change)" }
        let last = ticks[count - 1]
        guard last.instrument == UInt32(event.instrument + 1), last.has(.lastOfEvent) else {
            return "another instrument for \(event.change)"
        }
        if let difference = completion(event, last, count) { return difference }
        for isAsk in [false, true] where isAsk == event.isAsk || event.before == nil {
            let side: Side = isAsk ? .ask : .bid
            let levels = books.levels(last.instrument, side)
            let expected = flow.book.levels(event.instrument, isAsk: isAsk)
            let same =
                levels.count == expected.count
                && zip(levels, expected).allSatisfy {
                    $0.price == $1.price * Self.cent && $0.quantity == Int64($1.quantity)
                        && $0.orders == UInt32($1.orders)
                }
            if !same { return "\(side) \(levels), not \(expected), after \(event.change)" }
        }
        return nil
    }

    /// What books fill in, against the order as it was.
    private func completion(_ event: OrderEvent, _ last: Tick, _ count: Int) -> String? {
        guard let before = event.before else { return nil }
        let side: Side = event.isAsk ? .ask : .bid
        let price = before.price * Self.cent
        var right = last.tickSide == side
        switch last.tickKind {
        case .fill:
            right = right && last.price == price
            if count == 2 { right = right && ticks[0].tickSide == side.opposite }
        case .delete:
            right = right && last.price == price && last.quantity == Int64(before.quantity)
        case .add:
            right = right && ticks[0].tickKind == .delete && ticks[0].price == price
        default: break
        }
        return right ? nil : "\(last) after \(event.change)"
    }

    /// Queues of all instruments, order by order.
    func queuesDiffer() -> String? {
        for instrument in 0..<Self.indexes.count {
            for isAsk in [false, true] {
                let orders = books.orders(UInt32(instrument + 1), isAsk ? .ask : .bid)
                let expected = flow.book.orders(instrument, isAsk: isAsk)
                let same =
                    orders.count == expected.count
                    && zip(orders, expected).allSatisfy {
                        $0.orderID == $1.id && $0.price == $1.price * Self.cent
                            && $0.quantity == Int64($1.quantity)
                    }
                if !same { return "\(orders), not \(expected)" }
            }
        }
        return nil
    }

    private mutating func write(_ event: OrderEvent) {
        let index = Self.indexes[event.instrument]
        let code = Self.scaleCodes[event.instrument]
        let scale = (2..<code).reduce(Int64(1)) { scale, _ in scale * 10 }
        func raw(_ price: Int64) -> Int32 { Int32(price * scale) }
        switch event.change {
        case .add(let id, _, let isAsk, let price, let quantity):
            PillarEncoder.addOrder(
                symbolIndex: index, orderID: id, price: raw(price), volume: UInt32(quantity),
                side: isAsk ? letter("S") : letter("B"), to: &bytes)
        case .reduce(let id, let quantity):
            let order = event.before!
            if quantity == order.quantity {
                PillarEncoder.deleteOrder(symbolIndex: index, orderID: id, to: &bytes)
            } else {
                modify(index, id, raw(order.price), order.quantity - quantity)
            }
        case .execute(let id, let quantity, let price):
            PillarEncoder.orderExecution(
                symbolIndex: index, orderID: id, tradeID: UInt32(truncatingIfNeeded: id),
                price: raw(price ?? event.before!.price), volume: UInt32(quantity),
                printable: id % 5 == 0 ? 0 : 1, to: &bytes)
        case .modify(let id, let price, let quantity): modify(index, id, raw(price), quantity)
        case .replace(let old, let new, let price, let quantity):
            if isXDP {
                PillarEncoder.replaceOrderXdp(
                    symbolIndex: index, orderID: old, newOrderID: new, price: raw(price),
                    volume: UInt32(quantity), oldPriceParitySplits: 83, to: &bytes)
            } else {
                PillarEncoder.replaceOrder(
                    symbolIndex: index, orderID: old, newOrderID: new, price: raw(price),
                    volume: UInt32(quantity), to: &bytes)
            }
        case .delete(let id):
            PillarEncoder.deleteOrder(symbolIndex: index, orderID: id, to: &bytes)
        case .clear: PillarEncoder.symbolClear(symbolIndex: index, to: &bytes)
        }
    }

    private mutating func modify(_ index: UInt32, _ id: UInt64, _ price: Int32, _ total: UInt64) {
        if isXDP {
            PillarEncoder.modifyOrderXdp(
                symbolIndex: index, orderID: id, price: price, volume: UInt32(total),
                oldPriceParitySplits: 66, to: &bytes)
        } else {
            PillarEncoder.modifyOrder(
                symbolIndex: index, orderID: id, price: price, volume: UInt32(total), to: &bytes)
        }
    }
}

@Suite struct PillarBooksTests {
    /// Events of one run: `TAPELINE_FLOW_EVENTS` asks for more.
    static let events =
        ProcessInfo.processInfo.environment["TAPELINE_FLOW_EVENTS"].flatMap { Int($0) }
        ?? 50_000

    @Test(arguments: ["pillar-integ", "xdp-integrated"], UInt64(1)...2)
    func randomFlow(feed: String, seed: UInt64) {
        var flow = PillarFlow(feed: feed, seed: seed)
        defer { flow.free() }
        for event in 0..<Self.events {
            if let difference = flow.step() {
                Issue.record("event \(event): \(difference)")
                return
            }
            if event % 1000 == 0, let difference = flow.queuesDiffer() {
                Issue.record("event \(event): \(difference)")
                return
            }
        }
        #expect(flow.queuesDiffer() == nil)
        #expect(flow.books.counters == BookCounters())
        flow.books.checkInvariants()
        let counters = flow.decoder.snapshotCounters()
        #expect(counters.messageTotal == UInt64(Self.events + 5))
        #expect(counters.unrepresentable == 0)
    }

    private func apply(_ messages: [[UInt8]], _ decoder: any FeedDecoding, _ books: Books) {
        let bytes = Array(messages.joined())
        var cursor = BlockCursor(offset: 0, remaining: messages.count, sequence: 1)
        withUnsafeTemporaryAllocation(of: Tick.self, capacity: 256) { ticks in
            let count = bytes.withUnsafeBytes {
                decoder.decode(
                    $0, cursor: &cursor,
                    context: DeliveryContext(captureTime: 1, channel: 0, line: 0, flags: []),
                    into: ticks.baseAddress!, capacity: 256)
            }
            books.complete(ticks.baseAddress!, count: count, position: 0)
        }
    }

    /// Orders whose prices cannot be known are not in the book, and the book says so until it is
    /// cleared.
    @Test func ordersBeforeTheMapping() {
        let bench = PillarBench("pillar-integ")
        let books = Books(
            BooksConfiguration(
                instrumentCapacity: 10, orderCapacity: 100, levelCapacity: 100,
                channelCapacity: 4))
        let add = wire {
            PillarEncoder.addOrder(
                symbolIndex: 8, orderID: 1, price: 100, volume: 5, side: letter("B"), to: &$0)
        }
        let modify = wire {
            PillarEncoder.modifyOrder(
                symbolIndex: 8, orderID: 1, price: 101, volume: 4, to: &$0)
        }
        let map = wire {
            PillarEncoder.symbolIndexMapping(
                symbolIndex: 8, symbol: "A", priceScaleCode: 2, to: &$0)
        }
        apply([add, modify], bench.decoder, books)
        #expect(books.isSuspect(1) && books.best(1, .bid) == .empty && books.liveOrders == 0)
        apply([map, modify], bench.decoder, books)
        #expect(books.isSuspect(1) && books.liveOrders == 0)
        let clear = wire { PillarEncoder.symbolClear(symbolIndex: 8, to: &$0) }
        apply([clear, add, modify], bench.decoder, books)
        #expect(!books.isSuspect(1))
        #expect(books.best(1, .bid) == BestPrice(price: 1_010_000_000, quantity: 4, orders: 1))
    }

    /// An order that was routed away comes back under its number (nyse-xdp.md §6).
    @Test func theSameOrderAgain() {
        let bench = PillarBench("pillar-integ")
        let books = Books(
            BooksConfiguration(
                instrumentCapacity: 10, orderCapacity: 100, levelCapacity: 100,
                channelCapacity: 4))
        let add = wire {
            PillarEncoder.addOrder(
                symbolIndex: 8, orderID: 1, price: 100, volume: 5, side: letter("S"), to: &$0)
        }
        let delete = wire { PillarEncoder.deleteOrder(symbolIndex: 8, orderID: 1, to: &$0) }
        let map = wire {
            PillarEncoder.symbolIndexMapping(
                symbolIndex: 8, symbol: "A", priceScaleCode: 2, to: &$0)
        }
        apply([map, add, delete, add], bench.decoder, books)
        #expect(!books.isSuspect(1) && books.counters == BookCounters())
        #expect(books.best(1, .ask) == BestPrice(price: Price.scale, quantity: 5, orders: 1))
    }
}
