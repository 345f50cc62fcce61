import Books
import Foundation
import Protocols
import TestSupport
import Testing
import Ticks
import Wire

/// One feed of IEX through its decoder into books.
private final class FeedBooks {
    let books = Books(BooksConfiguration(instrumentCapacity: 64, orderCapacity: 4096))
    private let decoder: IEXDecoder
    private let directory = InstrumentDirectory(capacity: 64)
    private let ticks = UnsafeMutablePointer<Tick>.allocate(capacity: 64)
    private var position: UInt64 = 0
    private var sequence: UInt64 = 1

    init(_ feed: String) { decoder = iexDecoder(feed, directory) }
    deinit { ticks.deallocate() }

    /// Decodes the messages, each in a call of its own, and applies their ticks.
    func take(_ messages: [[UInt8]]) {
        for message in messages {
            let block = [UInt8(message.count), 0] + message
            var cursor = BlockCursor(offset: 0, remaining: 1, sequence: sequence)
            let context = DeliveryContext(captureTime: 1, channel: 0, line: 0, flags: [])
            let count = block.withUnsafeBytes {
                decoder.decode($0, cursor: &cursor, context: context, into: ticks, capacity: 64)
            }
            books.complete(ticks, count: count, position: position)
            position += UInt64(count)
            sequence += 1
        }
    }

    func levels(_ symbol: String, _ side: Side) -> [NaiveLevel] {
        let padded = Array(symbol.utf8) + repeatElement(0x20, count: 8 - symbol.utf8.count)
        let key = padded.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let id = directory.find(symbol: key, venue: 0)
        guard id != 0 else { return [] }
        return books.levels(id, side).map {
            NaiveLevel(
                price: $0.price / 1_000_000, quantity: UInt64($0.quantity), orders: Int($0.orders))
        }
    }

    var undecoded: UInt64 {
        let counters = decoder.snapshotCounters()
        return counters.unknownType + counters.unexpectedLength + counters.unrepresentable
    }
}

/// The same order flow as DEEP+ says it, order by order, and as DEEP says it, level by level, both
/// against a book so plain that it is right by inspection.
@Suite struct DEEPPlusBookTests {
    private static let symbols = ["ZIEXT", "ZXIET", "ZWZZT"]
    /// A tick of the flow is ten of the wire's: price * 100 of 1/10,000.
    private static let scale: Int64 = 10

    private static var events: Int {
        ProcessInfo.processInfo.environment["TAPELINE_BOOK_EVENTS"].flatMap { Int($0) } ?? 40_000
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func bothFeedsGiveTheSameBook(seed: UInt64) {
        let plus = FeedBooks("deepplus")
        let deep = FeedBooks("deep10")
        var flow = OrderFlow(seed: seed, instruments: Self.symbols.count)
        for number in 0..<Self.events {
            let before = flow.book
            let event = flow.next()
            let symbol = Self.symbols[event.instrument]
            let sides = isClear(event.change) ? [false, true] : [event.isAsk]
            plus.take(orderMessages(event, symbol))
            deep.take(levelMessages(event, before, flow.book, sides))
            for isAsk in sides {
                let expected = flow.book.levels(event.instrument, isAsk: isAsk)
                let side: Side = isAsk ? .ask : .bid
                guard plus.levels(symbol, side) == expected else {
                    Issue.record("DEEP+ event \(number) of seed \(seed): \(event.change)")
                    return
                }
                // DEEP does not tell how many orders a level has.
                let withoutOrders = expected.map {
                    NaiveLevel(price: $0.price, quantity: $0.quantity, orders: 0)
                }
                guard deep.levels(symbol, side) == withoutOrders else {
                    Issue.record("DEEP event \(number) of seed \(seed): \(event.change)")
                    return
                }
            }
        }
        #expect(plus.undecoded == 0 && deep.undecoded == 0)
        let counters = plus.books.counters
        #expect(counters.unknownOrder == 0 && counters.impossibleValue == 0)
        plus.books.checkInvariants()
        deep.books.checkInvariants()
    }

    private func isClear(_ change: OrderChange) -> Bool {
        if case .clear = change { return true }
        return false
    }

    // MARK: Encoding

    private func encoded(_ append: (inout [UInt8]) -> Void) -> [UInt8] {
        var bytes: [UInt8] = []
        append(&bytes)
        return bytes
    }

    private func orderMessages(_ event: OrderEvent, _ symbol: String) -> [[UInt8]] {
        func add(_ id: UInt64, _ isAsk: Bool, _ price: Int64, _ quantity: UInt64) -> [UInt8] {
            encoded {
                IEXEncoder.addOrder(
                    side: (isAsk ? IEXOrderSide.ask : .bid).rawValue, timestamp: 1,
                    symbol: symbol, orderID: Int64(id), size: UInt32(quantity),
                    price: price * Self.scale, to: &$0)
            }
        }
        func modify(_ id: UInt64, _ price: Int64, _ quantity: UInt64, keeps: Bool) -> [UInt8] {
            encoded {
                IEXEncoder.orderModify(
                    flags: keeps ? 1 : 0, timestamp: 1, symbol: symbol, orderID: Int64(id),
                    size: UInt32(quantity), price: price * Self.scale, to: &$0)
            }
        }
        func delete(_ id: UInt64) -> [UInt8] {
            encoded {
                IEXEncoder.orderDelete(
                    timestamp: 1, symbol: symbol, orderID: Int64(id), to: &$0)
            }
        }
        let oldPrice = event.before?.price ?? 0
        let oldQuantity = event.before?.quantity ?? 0
        switch event.change {
        case .add(let id, _, let isAsk, let price, let quantity):
            return [add(id, isAsk, price, quantity)]
        case .reduce(let id, let part):
            return part == oldQuantity
                ? [delete(id)] : [modify(id, oldPrice, oldQuantity - part, keeps: true)]
        case .execute(let id, let quantity, let price):
            return [
                encoded {
                    IEXEncoder.orderExecuted(
                        timestamp: 1, symbol: symbol, orderID: Int64(id), size: UInt32(quantity),
                        price: (price ?? oldPrice) * Self.scale, tradeID: 5, to: &$0)
                }
            ]
        case .modify(let id, let price, let quantity):
            return [modify(id, price, quantity, keeps: price == oldPrice)]
        case .replace(let old, let new, let price, let quantity):
            return [delete(old), add(new, event.isAsk, price, quantity)]
        case .delete(let id): return [delete(id)]
        case .clear:
            return [encoded { IEXEncoder.clearBook(timestamp: 1, symbol: symbol, to: &$0) }]
        }
    }

    /// Every level that the event changed, as DEEP sends it: the last one completes the event.
    private func levelMessages(
        _ event: OrderEvent, _ before: NaiveBook, _ after: NaiveBook, _ sides: [Bool]
    ) -> [[UInt8]] {
        var changes: [(isAsk: Bool, price: Int64, quantity: UInt64)] = []
        for isAsk in sides {
            let old = before.levels(event.instrument, isAsk: isAsk)
            let new = after.levels(event.instrument, isAsk: isAsk)
            for level in new where !old.contains(where: { same($0, level) }) {
                changes.append((isAsk, level.price, level.quantity))
            }
            for level in old where !new.contains(where: { $0.price == level.price }) {
                changes.append((isAsk, level.price, 0))
            }
        }
        return changes.enumerated().map { index, change in
            let flags: UInt8 = index == changes.count - 1 ? 1 : 0
            let symbol = Self.symbols[event.instrument]
            let price = change.price * Self.scale
            let size = UInt32(change.quantity)
            return encoded {
                if change.isAsk {
                    IEXEncoder.priceLevelSell(
                        eventFlags: flags, timestamp: 1, symbol: symbol, size: size, price: price,
                        to: &$0)
                } else {
                    IEXEncoder.priceLevelBuy(
                        eventFlags: flags, timestamp: 1, symbol: symbol, size: size, price: price,
                        to: &$0)
                }
            }
        }
    }

    private func same(_ left: NaiveLevel, _ right: NaiveLevel) -> Bool {
        left.price == right.price && left.quantity == right.quantity
    }
}
