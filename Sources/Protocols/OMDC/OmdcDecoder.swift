import Ticks
import Wire

/// HKEX OMD-C messages to ticks (others.md §8; `MAPPING.md`).
final class OmdcDecoder: FeedDecoding {
    /// Of an aggregate book: 255 entries, each of which may end a level that an earlier one began,
    /// and ten levels a side from before.
    static let ticksPerMessageMax = 2 * 255 + 2 * NumberedLevels.depth
    private static let prefixSize = 4

    let feed: NumberedFeed
    private let levels: NumberedLevels
    private let marketOrders = MarketOrders()

    init(_ setup: DecoderSetup) {
        feed = NumberedFeed(
            setup, .omdc,
            ticksPerMessageMax: Self.ticksPerMessageMax
        ) { code in
            // As people write it: 00700.
            let digits = String(code)
            return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
        }
        levels = NumberedLevels(capacity: setup.directory.capacity)
    }

    deinit { levels.free() }

    func beginEpoch() {
        levels.removeAll()
        marketOrders.removeAll()
    }

    func snapshotCounters() -> DecoderCounters { feed.snapshotCounters() }

    func decode(
        _ blocks: UnsafeRawBufferPointer, cursor: inout BlockCursor, context: DeliveryContext,
        into ticks: UnsafeMutablePointer<Tick>, capacity: Int
    ) -> Int {
        feed.decode(
            blocks, OMDPacket.framing, cursor: &cursor, context: context, into: ticks,
            capacity: capacity
        ) { message, length, emitter in
            let key = length < Self.prefixSize ? -1 : Int(OmdcAddOrder(message).messageType)
            guard feed.table.accept(key, length: length) else { return }
            decodeMessage(key, message, length, &emitter)
        }
    }

    @inline(__always)
    private func decodeMessage(
        _ key: Int, _ base: UnsafeRawPointer, _ length: Int, _ emitter: inout TickEmitter
    ) {
        switch key {
        case OmdcMessage.addOrder: add(OmdcAddOrder(base), &emitter)
        case OmdcMessage.modifyOrder: modify(OmdcModifyOrder(base), &emitter)
        case OmdcMessage.deleteOrder: delete(OmdcDeleteOrder(base), &emitter)
        case OmdcMessage.aggregateBook:
            guard OmdcAggregateBook.isWhole(base, length: length) else {
                return feed.table.retract(key)
            }
            aggregate(OmdcAggregateBook(base), &emitter)
        case OmdcMessage.trade:
            let trade = OmdcTrade(base)
            emitter.instrument = feed.instrument(UInt64(trade.securityCode))
            emitter.exchangeTime = trade.tradeTime
            emitter.emit(
                .trade, orderID: UInt64(trade.tradeID), price: trade.priceBillionths,
                quantity: Int64(trade.quantity), flags: tradeFlags(trade.tradeType),
                extra: UInt32(trade.tradeType))
        case OmdcMessage.tradeTicker: tick(OmdcTradeTicker(base), &emitter)
        default: decodeRare(key, base, length, &emitter)
        }
    }

    private func tick(_ trade: OmdcTradeTicker, _ emitter: inout TickEmitter) {
        emitter.instrument = feed.instrument(UInt64(trade.securityCode))
        emitter.exchangeTime = trade.tradeTime
        emitter.emit(
            trade.cancelFlag == UInt8(ascii: "Y") ? .tradeBreak : .trade,
            orderID: UInt64(trade.tickerID), price: trade.priceBillionths,
            quantity: feed.quantity(trade.quantity), flags: tradeFlags(trade.tradeType),
            extra: UInt32(trade.tradeType))
    }

    private func tradeFlags(_ type: UInt16) -> TickFlags {
        switch OmdcTradeType(rawValue: type) {
        case .auction: [.auction, .lastOfEvent]
        // Of the day before.
        case .late: [.offBook, .nonPrintable, .lastOfEvent]
        case .nonDirect, .direct, .oddLot, .overseas: [.offBook, .lastOfEvent]
        default: .lastOfEvent
        }
    }
}

/// Books.
extension OmdcDecoder {
    /// Order ids are unique in a security only (`MAPPING.md`).
    @inline(__always)
    private func reference(_ orderID: UInt64, _ securityCode: UInt32) -> UInt64 {
        orderID ^ UInt64(securityCode) << 47
    }

    @inline(__always)
    private func side(_ raw: UInt16) -> Side {
        raw == OmdcSide.bid.rawValue ? .bid : raw == OmdcSide.offer.rawValue ? .ask : .none
    }

    @inline(__always)
    private func add(_ order: OmdcAddOrder, _ emitter: inout TickEmitter) {
        emitter.instrument = feed.instrument(UInt64(order.securityCode))
        let reference = reference(order.orderID, order.securityCode)
        let side = side(order.side)
        if order.orderType == OmdcOrderType.market.rawValue {
            keep(reference, side, Int64(order.quantity), &emitter)
        } else {
            emitter.emit(
                .add, orderID: reference, price: order.priceBillionths,
                quantity: Int64(order.quantity), side: side)
        }
    }

    @inline(__always)
    private func modify(_ order: OmdcModifyOrder, _ emitter: inout TickEmitter) {
        emitter.instrument = feed.instrument(UInt64(order.securityCode))
        let reference = reference(order.orderID, order.securityCode)
        if let known = marketOrders.find(reference) {
            keep(reference, known.side, Int64(order.quantity), &emitter)
        } else {
            emitter.emit(
                .modify, orderID: reference, quantity: Int64(order.quantity),
                side: side(order.side))
        }
    }

    @inline(__always)
    private func delete(_ order: OmdcDeleteOrder, _ emitter: inout TickEmitter) {
        emitter.instrument = feed.instrument(UInt64(order.securityCode))
        let reference = reference(order.orderID, order.securityCode)
        if let known = marketOrders.find(reference) {
            keep(reference, known.side, 0, &emitter)
        } else {
            emitter.emit(.delete, orderID: reference, side: side(order.side))
        }
    }

    private func keep(
        _ reference: UInt64, _ side: Side, _ quantity: Int64, _ emitter: inout TickEmitter
    ) {
        if !marketOrders.set(reference, side: side, quantity: quantity, &emitter) {
            feed.unrepresentable &+= 1
        }
    }

    private func aggregate(_ message: OmdcAggregateBook, _ emitter: inout TickEmitter) {
        emitter.instrument = feed.instrument(UInt64(message.securityCode))
        let first = emitter.count
        let entries = message.entries
        for index in 0..<entries.count { apply(entries[index], &emitter) }
        emitter.endEvent(since: first)
    }

    private func apply(_ entry: OmdcAggregateBookEntriesEntry, _ emitter: inout TickEmitter) {
        let instrument = emitter.instrument
        if entry.action == OmdcUpdateAction.clear.rawValue {
            levels.removeAll(instrument)
            return emitter.clearBook(flags: [])
        }
        let side = side(entry.side)
        let place = Int(entry.level) - 1
        guard side != .none, (0..<NumberedLevels.depth).contains(place),
            let action = OmdcUpdateAction(rawValue: entry.action)
        else {
            feed.unrepresentable &+= 1
            return
        }
        let isAsk = side == .ask
        func gone(_ price: Int32) {
            emitter.emit(
                .level, price: Int64(price) &* Self.priceScale, quantity: 0, side: side,
                flags: [])
        }
        if action == .delete {
            let price = levels.remove(entry.price, at: place, instrument, isAsk: isAsk)
            if let price { gone(price) }
            return
        }
        if action == .new || !levels.confirm(entry.price, at: place, instrument, isAsk: isAsk) {
            if action == .change,
                let price = levels.remove(nil, at: place, instrument, isAsk: isAsk)
            {
                gone(price)
            }
            levels.insert(entry.price, at: place, instrument, isAsk: isAsk, gone: gone)
        }
        emitter.emit(
            .level, price: entry.priceBillionths, quantity: feed.quantity(entry.quantity),
            side: side, flags: [], extra: entry.orderCount)
    }

    /// Billionths in one unit of the wire.
    private static let priceScale: Int64 = 1_000_000
}
