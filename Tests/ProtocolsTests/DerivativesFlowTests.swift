import Books
import Foundation
import Protocols
import TestSupport
import Testing
import Ticks
import Wire

/// Random orders of a venue, encoded by it, decoded and put into books, and compared with the naive
/// book after every event.
private struct FlowCheck {
    let bench: DerivativesBench
    /// Directory ids of the flow's instruments.
    var ids: [Int: UInt32] = [:]
    var sequence: UInt64 = 0

    init(_ feed: String) throws { bench = try DerivativesBench(feed) }

    /// Sends the messages of one event, in one or two packets, and compares the side it touched.
    mutating func send(
        _ messages: [[UInt8]], _ event: OrderEvent, _ flow: OrderFlow, priceScale: Int64,
        quantityScale: Int64 = 1
    ) -> Bool {
        sequence += 1
        let ticks = bench.send(messages, sequence: sequence)
        if let tick = ticks.last(where: { $0.instrument != 0 }) {
            ids[event.instrument] = tick.instrument
        }
        guard let id = ids[event.instrument] else { return false }
        let sides =
            event.change == .clear(instrument: event.instrument) ? [false, true] : [event.isAsk]
        for isAsk in sides {
            let side: Side = isAsk ? .ask : .bid
            let levels = bench.books.levels(id, side)
            let expected = flow.book.levels(event.instrument, isAsk: isAsk)
            guard levels.count == expected.count else { return false }
            for (level, wanted) in zip(levels, expected) {
                guard level.price == wanted.price * priceScale,
                    level.quantity == Int64(wanted.quantity) * quantityScale,
                    Int(level.orders) == wanted.orders
                else { return false }
            }
            let best = bench.books.best(id, side)
            guard best.price == (expected.first.map { $0.price * priceScale } ?? Int64.max) else {
                return false
            }
        }
        return true
    }

    /// Queue order, at the end: by quantity and price, for venues whose order ids change.
    func sameQueues(_ flow: OrderFlow, priceScale: Int64, quantityScale: Int64 = 1) -> Bool {
        ids.allSatisfy { instrument, id in
            [false, true].allSatisfy { isAsk in
                let orders = bench.books.orders(id, isAsk ? .ask : .bid)
                let expected = flow.book.orders(instrument, isAsk: isAsk)
                return orders.count == expected.count
                    && zip(orders, expected).allSatisfy {
                        $0.price == $1.price * priceScale
                            && $0.quantity == Int64($1.quantity) * quantityScale
                    }
            }
        }
    }
}

/// How many events: a few in every run, a million a seed where `TAPELINE_FLOW_EVENTS` says so.
private func eventCount(_ few: Int) -> Int {
    ProcessInfo.processInfo.environment["TAPELINE_FLOW_EVENTS"].flatMap(Int.init) ?? few
}

/// The venue's order keys are priority times: an order that loses its place gets another.
private struct EobiVenue {
    private var priorities: [UInt64: UInt64] = [:]
    private var clock: UInt64 = 1_600_000_000_000_000_000
    private var match: UInt32 = 0

    /// Prices are whole units, quantities too.
    static let price: Int64 = 100_000_000
    static let quantity: Int64 = 10_000

    private mutating func newPriority(_ id: UInt64) -> UInt64 {
        clock += 17
        priorities[id] = clock
        return clock
    }

    mutating func messages(_ event: OrderEvent) -> [[UInt8]] {
        let security = Int64(event.instrument) * 7 + 1_000_000
        let side: UInt8 = event.isAsk ? 2 : 1
        var bytes: [UInt8] = []
        switch event.change {
        case .add(let id, _, _, let price, let quantity):
            EobiEncoder.orderAdd(
                securityID: security, timePriority: newPriority(id),
                displayQty: Int64(quantity) * Self.quantity, side: side,
                price: price * Self.price, to: &bytes)
        case .reduce(let id, let quantity):
            reduce(id, quantity, event, security, side, &bytes)
        case .execute(let id, let quantity, let price):
            return [
                summary(security, quantity, side),
                execution(id, quantity, price, event, security, side),
            ]
        case .modify(let id, let price, let quantity):
            modify(id, id, price, quantity, event, security, side, &bytes)
        case .replace(let old, let new, let price, let quantity):
            replace(old, new, price, quantity, event, security, side, &bytes)
        case .delete(let id):
            delete(id, event, security, side, &bytes)
        case .clear:
            EobiEncoder.orderMassDelete(securityID: security, transactTime: clock, to: &bytes)
        }
        return [bytes]
    }

    private mutating func reduce(
        _ id: UInt64, _ by: UInt64, _ event: OrderEvent, _ security: Int64, _ side: UInt8,
        _ bytes: inout [UInt8]
    ) {
        guard let before = event.before, let priority = priorities[id] else { return }
        if by == before.quantity { return delete(id, event, security, side, &bytes) }
        EobiEncoder.orderModifySamePrio(
            prevDisplayQty: Int64(before.quantity) * Self.quantity, securityID: security,
            timePriority: priority, displayQty: Int64(before.quantity - by) * Self.quantity,
            side: side, price: before.price * Self.price, to: &bytes)
    }

    private mutating func delete(
        _ id: UInt64, _ event: OrderEvent, _ security: Int64, _ side: UInt8,
        _ bytes: inout [UInt8]
    ) {
        guard let before = event.before, let priority = priorities.removeValue(forKey: id) else {
            return
        }
        EobiEncoder.orderDelete(
            transactTime: clock, securityID: security, timePriority: priority,
            displayQty: Int64(before.quantity) * Self.quantity, side: side,
            price: before.price * Self.price, to: &bytes)
    }

    /// At its own price an order keeps its priority, at another it gets a new one.
    private mutating func modify(
        _ old: UInt64, _ new: UInt64, _ price: Int64, _ quantity: UInt64, _ event: OrderEvent,
        _ security: Int64, _ side: UInt8, _ bytes: inout [UInt8]
    ) {
        guard let before = event.before, let priority = priorities[old] else { return }
        guard price == before.price else {
            return replace(old, new, price, quantity, event, security, side, &bytes)
        }
        EobiEncoder.orderModifySamePrio(
            prevDisplayQty: Int64(before.quantity) * Self.quantity, securityID: security,
            timePriority: priority, displayQty: Int64(quantity) * Self.quantity, side: side,
            price: price * Self.price, to: &bytes)
    }

    private mutating func replace(
        _ old: UInt64, _ new: UInt64, _ price: Int64, _ quantity: UInt64, _ event: OrderEvent,
        _ security: Int64, _ side: UInt8, _ bytes: inout [UInt8]
    ) {
        guard let before = event.before, let priority = priorities.removeValue(forKey: old) else {
            return
        }
        EobiEncoder.orderModify(
            prevTimePriority: priority, prevPrice: before.price * Self.price,
            prevDisplayQty: Int64(before.quantity) * Self.quantity, securityID: security,
            timePriority: newPriority(new), displayQty: Int64(quantity) * Self.quantity,
            side: side, price: price * Self.price, to: &bytes)
    }

    private func summary(_ security: Int64, _ quantity: UInt64, _ side: UInt8) -> [UInt8] {
        var bytes: [UInt8] = []
        EobiEncoder.executionSummary(
            securityID: security, execID: clock, lastQty: Int64(quantity) * Self.quantity,
            aggressorSide: 3 - side, to: &bytes)
        return bytes
    }

    private mutating func execution(
        _ id: UInt64, _ quantity: UInt64, _ price: Int64?, _ event: OrderEvent,
        _ security: Int64, _ side: UInt8
    ) -> [UInt8] {
        guard let before = event.before, let priority = priorities[id] else { return [] }
        match += 1
        var bytes: [UInt8] = []
        let isFull = quantity == before.quantity
        let write = isFull ? EobiEncoder.fullOrderExecution : EobiEncoder.partialOrderExecution
        write(
            0, side, 255, 255, 0, match, before.price * Self.price, priority, security,
            Int64(quantity) * Self.quantity, (price ?? before.price) * Self.price, &bytes)
        if isFull { priorities[id] = nil }
        return bytes
    }
}

/// Order ids stay; one message says what an order is now.
private struct B3Venue {
    static let price: Int64 = 10_000

    static func framed(_ template: UInt16, _ write: (inout [UInt8]) -> Void) -> [UInt8] {
        var bytes: [UInt8] = []
        write(&bytes)
        return bytes
    }

    func message(_ event: OrderEvent, _ after: NaiveOrder?) -> [[UInt8]] {
        let security = UInt64(event.instrument) + 200_000_000
        let side = UInt8(ascii: event.isAsk ? "1" : "0")
        func order(_ action: B3UpdateAction, _ id: UInt64, _ price: Int64, _ quantity: UInt64)
            -> [UInt8]
        {
            var bytes: [UInt8] = []
            B3Encoder.order(
                securityID: security, updateAction: action.rawValue, entryType: side,
                price: price * Self.price, size: Int64(quantity), secondaryOrderID: id, to: &bytes)
            return bytes
        }
        func delete(_ id: UInt64) -> [UInt8] {
            var bytes: [UInt8] = []
            B3Encoder.deleteOrder(
                securityID: security, entryType: side, size: Int64(event.before?.quantity ?? 0),
                secondaryOrderID: id, to: &bytes)
            return bytes
        }
        switch event.change {
        case .add(let id, _, _, let price, let quantity): return [order(.new, id, price, quantity)]
        case .reduce(let id, _), .execute(let id, _, _):
            guard let after else { return [delete(id)] }
            return [order(.change, id, after.price, after.quantity)]
        case .modify(let id, let price, let quantity):
            return [order(.change, id, price, quantity)]
        case .replace(let old, let new, let price, let quantity):
            return [delete(old), order(.new, new, price, quantity)]
        case .delete(let id): return [delete(id)]
        case .clear:
            var bytes: [UInt8] = []
            B3Encoder.emptyBook(securityID: security, to: &bytes)
            return [bytes]
        }
    }
}

/// A put says what an order is now, whether it is new or not.
private struct CoinbaseVenue {
    static let price: Int64 = 1_000_000_000

    func messages(_ event: OrderEvent, _ after: NaiveOrder?) -> [[UInt8]] {
        let instrument = Int32(event.instrument) + 40
        let side: Int8 = event.isAsk ? -1 : 1
        func put(_ flags: UInt8, _ id: UInt64, _ price: Int64, _ quantity: UInt64) -> [UInt8] {
            var bytes: [UInt8] = []
            CoinbaseEncoder.orderPut(
                transactionFlags: flags, side: side, instrumentID: instrument,
                orderID: Int64(id), price: price * Self.price, quantity: Int32(quantity),
                to: &bytes)
            return bytes
        }
        func delete(_ flags: UInt8, _ id: UInt64) -> [UInt8] {
            var bytes: [UInt8] = []
            CoinbaseEncoder.orderDelete(
                transactionFlags: flags, side: side, instrumentID: instrument, orderID: Int64(id),
                to: &bytes)
            return bytes
        }
        switch event.change {
        case .add(let id, _, _, let price, let quantity): return [put(3, id, price, quantity)]
        case .reduce(let id, _), .execute(let id, _, _):
            guard let after else { return [delete(3, id)] }
            return [put(3, id, after.price, after.quantity)]
        case .modify(let id, let price, let quantity): return [put(3, id, price, quantity)]
        case .replace(let old, let new, let price, let quantity):
            return [delete(1, old), put(2, new, price, quantity)]
        case .delete(let id): return [delete(3, id)]
        case .clear:
            var bytes: [UInt8] = []
            CoinbaseEncoder.tradingStatusUpdate(
                transactionFlags: 7, instrumentID: instrument, to: &bytes)
            return [bytes]
        }
    }
}

/// Order books of three venues against the naive reference, level by level after every event.
/// `TAPELINE_FLOW_EVENTS=1000000` makes it a million events a seed.
@Suite struct DerivativesFlowTests {
    @Test(arguments: [1, 2, 3] as [UInt64])
    func eobi(seed: UInt64) throws {
        var venue = EobiVenue()
        var check = try FlowCheck("eobi")
        var flow = OrderFlow(seed: seed, instruments: 5)
        for number in 0..<eventCount(20_000) {
            let event = flow.next()
            let isSame = check.send(
                venue.messages(event), event, flow, priceScale: 1_000_000_000,
                quantityScale: EobiVenue.quantity)
            try #require(isSame, "seed \(seed), event \(number): \(event)")
        }
        #expect(
            check.sameQueues(flow, priceScale: 1_000_000_000, quantityScale: EobiVenue.quantity))
        #expect(check.bench.books.counters == .init())
        check.bench.books.checkInvariants()
    }

    @Test(arguments: [4, 5] as [UInt64])
    func b3(seed: UInt64) throws {
        let venue = B3Venue()
        var check = try FlowCheck("b3-umdf")
        var flow = OrderFlow(seed: seed, instruments: 5)
        for number in 0..<eventCount(10_000) {
            let event = flow.next()
            let after = event.before.flatMap { flow.book.find($0.id)?.order }
            let isSame = check.send(
                venue.message(event, after), event, flow, priceScale: 1_000_000_000)
            try #require(isSame, "seed \(seed), event \(number): \(event)")
        }
        #expect(check.sameQueues(flow, priceScale: 1_000_000_000))
        #expect(check.bench.books.counters == .init())
    }

    @Test(arguments: [6, 7] as [UInt64])
    func coinbase(seed: UInt64) throws {
        let venue = CoinbaseVenue()
        var check = try FlowCheck("coinbase")
        var flow = OrderFlow(seed: seed, instruments: 5)
        for number in 0..<eventCount(10_000) {
            let event = flow.next()
            let after = event.before.flatMap { flow.book.find($0.id)?.order }
            let isSame = check.send(
                venue.messages(event, after), event, flow, priceScale: 1_000_000_000)
            try #require(isSame, "seed \(seed), event \(number): \(event)")
        }
        #expect(check.sameQueues(flow, priceScale: 1_000_000_000))
        #expect(check.bench.books.counters == .init())
    }
}
