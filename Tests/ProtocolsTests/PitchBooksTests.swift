import Books
import Foundation
import Protocols
import TestSupport
import Testing
import Ticks

/// Books of random PITCH order flow against the naive book, after every event.
///
/// TAPELINE_FLOW_EVENTS says how many events a seed has: 10,000 unless it is given.
@Suite struct PitchBooksTests {
    private static let events =
        ProcessInfo.processInfo.environment["TAPELINE_FLOW_EVENTS"].flatMap { Int($0) } ?? 10_000
    private static let instruments = 4

    @Test(arguments: [1, 2, 3] as [UInt64])
    func equities(seed: UInt64) {
        var mix = OrderFlow.Mix()
        mix.clearsPerMillion = 0
        mix.replacesInPlace = 600
        compare(seed, mix, PitchVenue(feed: "pitch-us", tick: 1, origin: 0))
    }

    /// Signed prices on either side of zero; no modification keeps its place, and executions have no
    /// price of their own.
    @Test(arguments: [4, 5, 6] as [UInt64])
    func futures(seed: UInt64) {
        var mix = OrderFlow.Mix()
        mix.clearsPerMillion = 0
        mix.replace = 200
        mix.replacesInPlace = 700
        mix.shrink = 0
        mix.grow = 0
        // A new price that is the old one would keep the place.
        mix.reprice = 0
        mix.executionsElsewhere = 0
        compare(seed, mix, PitchVenue(feed: "pitch-cfe", tick: 3, origin: 10_000))
    }

    private func compare(_ seed: UInt64, _ mix: OrderFlow.Mix, _ venue: PitchVenue) {
        // Identifiers of a unit are far apart, as base-36 digits of the day are.
        var flow = OrderFlow(
            seed: seed, instruments: Self.instruments, mix: mix,
            identify: { $0 &* 36 &+ 4_108_605_069_095_453_401 })
        let run = PitchRun(venue, instruments: Self.instruments)
        for number in 0..<Self.events {
            let event = flow.next()
            run.apply(venue.messages(event, number: number), event)
            let levels = flow.book.levels(event.instrument, isAsk: event.isAsk)
            guard run.hasLevels(levels, event) else {
                Issue.record("seed \(seed), event \(number), \(event): other levels")
                return
            }
            if number % 500 == 0 || number == Self.events - 1 {
                run.compareQueues(flow.book)
            }
        }
        #expect(run.books.counters == BookCounters())
        #expect(run.books.liveOrders > 0)
    }
}

/// Decoder and books of one unit.
private final class PitchRun {
    let books: Books
    private let venue: PitchVenue
    private let decoder: PitchDecoder
    private let ids: [UInt32]
    private var sequence: UInt64 = 1
    private var position: UInt64 = 0
    private let ticks = UnsafeMutablePointer<Tick>.allocate(capacity: 64)

    init(_ venue: PitchVenue, instruments: Int) {
        self.venue = venue
        let directory = InstrumentDirectory(capacity: instruments)
        decoder = PitchDecoder(
            DecoderSetup(
                directory: directory, venue: "BATS", channel: 1, midnight: 0, feed: venue.feed))
        books = Books(
            BooksConfiguration(
                instrumentCapacity: instruments, orderCapacity: 1000, levelCapacity: 1000,
                channelCapacity: 2))
        let venueIndex = directory.venueIndex("BATS")
        ids = (0..<instruments).map {
            directory.findOrAdd(
                text: PitchVenue.symbol($0), venue: venueIndex, code: 0, channel: 1)
        }
    }

    deinit { ticks.deallocate() }

    func apply(_ messages: [[UInt8]], _ event: OrderEvent) {
        let blocks = messages.flatMap { $0 }
        var cursor = BlockCursor(offset: 0, remaining: messages.count, sequence: sequence)
        let context = DeliveryContext(captureTime: 1, channel: 1, line: 0, flags: [])
        let count = blocks.withUnsafeBytes {
            decoder.decode($0, cursor: &cursor, context: context, into: ticks, capacity: 64)
        }
        books.complete(ticks, count: count, position: position)
        position += UInt64(count)
        sequence = cursor.sequence
        for tick in UnsafeBufferPointer(start: ticks, count: count) {
            let isComplete =
                tick.instrument == ids[event.instrument] && tick.price != Price.none
                && tick.side != 0 && tick.quantity > 0 && !tick.has(.bookSuspect)
            if !isComplete { Issue.record("\(event): \(tick)") }
        }
        if case .execute(_, let quantity, let price) = event.change, let before = event.before {
            let trade = ticks[count - 2]
            let fill = ticks[count - 1]
            #expect(trade.tickKind == .trade && fill.tickKind == .fill)
            #expect(trade.quantity == Int64(quantity) && fill.quantity == Int64(quantity))
            #expect(trade.price == venue.billionths(price ?? before.price))
            #expect(fill.price == venue.billionths(before.price))
            #expect(trade.tickSide == fill.tickSide.opposite)
        }
    }

    func hasLevels(_ expected: [NaiveLevel], _ event: OrderEvent) -> Bool {
        let levels = books.levels(ids[event.instrument], event.isAsk ? .ask : .bid)
        guard levels.count == expected.count else { return false }
        return zip(levels, expected).allSatisfy {
            $0.price == venue.billionths($1.price) && $0.quantity == Int64($1.quantity)
                && $0.orders == UInt32($1.orders)
        }
    }

    func compareQueues(_ book: NaiveBook) {
        books.checkInvariants()
        for instrument in 0..<ids.count {
            for isAsk in [false, true] {
                let orders = books.orders(ids[instrument], isAsk ? .ask : .bid)
                let expected = book.orders(instrument, isAsk: isAsk)
                #expect(orders.map(\.orderID) == expected.map(\.id))
                #expect(orders.map(\.quantity) == expected.map { Int64($0.quantity) })
            }
            #expect(!books.isSuspect(ids[instrument]))
        }
    }
}

/// How a PITCH feed says what happens: forms alternate by the event's number.
private struct PitchVenue {
    let feed: String
    /// Cents of one tick of the flow, and the flow's price that is zero.
    let tick: Int64
    let origin: Int64

    static func symbol(_ instrument: Int) -> String { "SYM\(instrument)" }

    func cents(_ price: Int64) -> Int64 { (price - origin) * tick }
    func billionths(_ price: Int64) -> Int64 { cents(price) * 10_000_000 }

    func messages(_ event: OrderEvent, number: Int) -> [[UInt8]] {
        let offset = UInt32(number % 1_000_000_000)
        switch event.change {
        case .add(let id, let instrument, let isAsk, let price, let quantity):
            return [add(id, instrument, isAsk, price, quantity, form: number % 3)]
        case .reduce(let id, let quantity):
            return [
                message {
                    if number % 2 == 0 {
                        PitchEncoder.reduceSizeShort(
                            timeOffset: offset, orderID: id, quantity: UInt16(quantity), to: &$0)
                    } else {
                        PitchEncoder.reduceSizeLong(
                            timeOffset: offset, orderID: id, quantity: UInt32(quantity), to: &$0)
                    }
                }
            ]
        case .execute(let id, let quantity, let price):
            return [execute(id, quantity, price, event.before!, number: number)]
        case .modify(let id, let price, let quantity):
            return [modify(id, price, quantity, keepsPriority: true, number: number)]
        case .replace(let old, let new, let price, let quantity):
            if old == new {
                return [modify(old, price, quantity, keepsPriority: false, number: number)]
            }
            return [
                message { PitchEncoder.deleteOrder(timeOffset: offset, orderID: old, to: &$0) },
                add(new, event.instrument, event.isAsk, price, quantity, form: number % 3),
            ]
        case .delete(let id):
            return [
                message { PitchEncoder.deleteOrder(timeOffset: offset, orderID: id, to: &$0) }
            ]
        case .clear:
            preconditionFailure("PITCH clears units, not instruments")
        }
    }

    private func message(_ encode: (inout [UInt8]) -> Void) -> [UInt8] {
        var bytes: [UInt8] = []
        encode(&bytes)
        return bytes
    }

    private func add(
        _ id: UInt64, _ instrument: Int, _ isAsk: Bool, _ price: Int64, _ quantity: UInt64,
        form: Int
    ) -> [UInt8] {
        let side = UInt8(ascii: isAsk ? "S" : "B")
        let symbol = Self.symbol(instrument)
        let cents = cents(price)
        return message {
            switch (feed, form) {
            case ("pitch-cfe", 0):
                PitchEncoder.futureAddOrderLong(
                    orderID: id, side: side, quantity: UInt32(quantity), symbol: symbol,
                    price: cents * 100, to: &$0)
            case ("pitch-cfe", _):
                PitchEncoder.futureAddOrderShort(
                    orderID: id, side: side, quantity: UInt16(quantity), symbol: symbol,
                    price: Int16(cents), to: &$0)
            case (_, 0):
                PitchEncoder.addOrderLong(
                    orderID: id, side: side, quantity: UInt32(quantity), symbol: symbol,
                    price: UInt64(cents * 100), flags: 1, to: &$0)
            case (_, 1):
                PitchEncoder.addOrderExpanded(
                    orderID: id, side: side, quantity: UInt32(quantity), symbol: symbol,
                    price: UInt64(cents * 100), flags: 1, to: &$0)
            default:
                PitchEncoder.addOrderShort(
                    orderID: id, side: side, quantity: UInt16(quantity), symbol: symbol,
                    price: UInt16(cents), flags: 1, to: &$0)
            }
        }
    }

    /// At another price than its own, the message says what remains; every fourth execution says so
    /// too, and a wrong executed quantity cannot hurt it then.
    private func execute(
        _ id: UInt64, _ quantity: UInt64, _ price: Int64?, _ before: NaiveOrder, number: Int
    ) -> [UInt8] {
        message {
            guard feed != "pitch-cfe", price != nil || number % 4 == 0 else {
                return PitchEncoder.orderExecuted(
                    orderID: id, quantity: UInt32(quantity), executionID: UInt64(number),
                    to: &$0)
            }
            PitchEncoder.orderExecutedAtPrice(
                orderID: id, quantity: UInt32(quantity),
                remaining: UInt32(before.quantity - quantity), executionID: UInt64(number),
                price: UInt64(cents(price ?? before.price) * 100), to: &$0)
        }
    }

    private func modify(
        _ id: UInt64, _ price: Int64, _ quantity: UInt64, keepsPriority: Bool, number: Int
    ) -> [UInt8] {
        let cents = cents(price)
        let flags: UInt8 = keepsPriority ? 3 : 1
        return message {
            switch (feed, number % 2) {
            case ("pitch-cfe", 0):
                PitchEncoder.futureModifyOrderLong(
                    orderID: id, quantity: UInt32(quantity), price: cents * 100, to: &$0)
            case ("pitch-cfe", _):
                PitchEncoder.futureModifyOrderShort(
                    orderID: id, quantity: UInt16(quantity), price: Int16(cents), to: &$0)
            case (_, 0):
                PitchEncoder.modifyOrderLong(
                    orderID: id, quantity: UInt32(quantity), price: UInt64(cents * 100),
                    flags: flags, to: &$0)
            default:
                PitchEncoder.modifyOrderShort(
                    orderID: id, quantity: UInt16(quantity), price: UInt16(cents), flags: flags,
                    to: &$0)
            }
        }
    }
}
