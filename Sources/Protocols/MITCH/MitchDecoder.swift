import Ticks
import Wire

/// LSE Millennium MITCH messages to ticks (others.md §12; `MAPPING.md`).
final class MitchDecoder: FeedDecoding {
    static let ticksPerMessageMax = 3

    private let feed: NumberedFeed
    private let marketOrders = MarketOrders()
    /// ns of the last Time message, 0 before the first.
    @exclusivity(unchecked) private var second: UInt64 = 0

    init(_ setup: DecoderSetup) {
        feed = NumberedFeed(
            setup, .mitch,
            ticksPerMessageMax: Self.ticksPerMessageMax
        ) { String($0) }
    }

    func beginEpoch() {
        marketOrders.removeAll()
        second = 0
    }

    func snapshotCounters() -> DecoderCounters { feed.snapshotCounters() }

    func decode(
        _ blocks: UnsafeRawBufferPointer, cursor: inout BlockCursor, context: DeliveryContext,
        into ticks: UnsafeMutablePointer<Tick>, capacity: Int
    ) -> Int {
        feed.decode(
            blocks, MITCHUnit.framing, cursor: &cursor, context: context, into: ticks,
            capacity: capacity
        ) { message, length, emitter in
            let key = length < 2 ? -1 : Int(message.byte(1))
            guard feed.table.accept(key, length: length) else { return }
            decodeMessage(key, message, &emitter)
        }
    }

    @inline(__always)
    private func decodeMessage(
        _ key: Int, _ base: UnsafeRawPointer, _ emitter: inout TickEmitter
    ) {
        if key == MitchMessage.time {
            second = feed.midnight &+ UInt64(MitchTime(base).seconds) &* 1_000_000_000
            return
        }
        emitter.exchangeTime = second == 0 ? 0 : second &+ UInt64(base.little32(2))
        switch key {
        case MitchMessage.addOrder:
            let order = MitchAddOrder(base)
            add(order, flags: order.flags, extra: 0, &emitter)
        case MitchMessage.addAttributedOrder:
            // The same fields in the same places up to the price.
            let order = MitchAddAttributedOrder(base)
            add(MitchAddOrder(base), flags: order.flags, extra: base.letters4(33), &emitter)
        case MitchMessage.orderDeleted: delete(MitchOrderDeleted(base), &emitter)
        case MitchMessage.orderModified: modify(MitchOrderModified(base), &emitter)
        case MitchMessage.orderExecuted: execute(MitchOrderExecuted(base), &emitter)
        case MitchMessage.orderExecutedWithPrice:
            execute(MitchOrderExecutedWithPrice(base), &emitter)
        default: decodeRare(key, base, &emitter)
        }
    }

    /// Bit 4 of an order's flags.
    private static let marketOrder: UInt8 = 1 << 4

    @inline(__always)
    private func add(
        _ order: MitchAddOrder, flags: UInt8, extra: UInt32, _ emitter: inout TickEmitter
    ) {
        emitter.instrument = feed.instrument(UInt64(order.instrumentID))
        let side = Side(letter: order.side)
        if flags & Self.marketOrder != 0 {
            keep(order.orderID, side, Int64(order.quantity), &emitter)
        } else {
            emitter.emit(
                .add, orderID: order.orderID, price: feed.price(order.priceBillionths),
                quantity: Int64(order.quantity), side: side, extra: extra)
        }
    }

    private func keep(
        _ reference: UInt64, _ side: Side, _ quantity: Int64, _ emitter: inout TickEmitter
    ) {
        if !marketOrders.set(reference, side: side, quantity: quantity, &emitter) {
            feed.unrepresentable &+= 1
        }
    }

    @inline(__always)
    private func delete(_ order: MitchOrderDeleted, _ emitter: inout TickEmitter) {
        emitter.instrument = feed.instrument(UInt64(order.instrumentID))
        if let known = marketOrders.find(order.orderID) {
            keep(order.orderID, known.side, 0, &emitter)
        } else {
            emitter.emit(.delete, orderID: order.orderID)
        }
    }

    /// A modification that costs the place in the queue is a new order of the same id.
    @inline(__always)
    private func modify(_ order: MitchOrderModified, _ emitter: inout TickEmitter) {
        if let known = marketOrders.find(order.orderID) {
            emitter.instrument = known.instrument
            return keep(order.orderID, known.side, Int64(order.quantity), &emitter)
        }
        let price = feed.price(order.priceBillionths)
        if order.flags & 1 != 0 {
            emitter.emit(
                .modify, orderID: order.orderID, price: price, quantity: Int64(order.quantity))
        } else {
            emitter.emit(.delete, orderID: order.orderID, flags: .replaced)
            emitter.emit(
                .add, orderID: order.orderID, price: price, quantity: Int64(order.quantity),
                flags: [.replaced, .lastOfEvent])
        }
    }

    @inline(__always)
    private func execute(_ execution: MitchOrderExecuted, _ emitter: inout TickEmitter) {
        let quantity = Int64(execution.quantity)
        let known = marketOrders.find(execution.orderID)
        emitter.instrument = known?.instrument ?? 0
        emitter.emit(.trade, orderID: execution.tradeID, quantity: quantity, flags: [])
        if let known {
            keep(execution.orderID, known.side, max(0, known.quantity - quantity), &emitter)
        } else {
            emitter.emit(.fill, orderID: execution.orderID, quantity: quantity)
        }
    }

    /// What is left to see may be more than the book's rest: hidden quantity came to light. So the
    /// order is first made what both sum up to.
    private func execute(
        _ execution: MitchOrderExecutedWithPrice, _ emitter: inout TickEmitter
    ) {
        let quantity = Int64(execution.quantity)
        let left = Int64(execution.displayQuantity)
        let isPrintable = execution.printable != UInt8(ascii: "N")
        let known = marketOrders.find(execution.orderID)
        emitter.instrument = known?.instrument ?? 0
        if known == nil {
            emitter.emit(
                .modify, orderID: execution.orderID, quantity: quantity + left, flags: [])
        }
        if isPrintable {
            emitter.emit(
                .trade, orderID: execution.tradeID, price: feed.price(execution.priceBillionths),
                quantity: quantity, flags: [])
        }
        if let known { return keep(execution.orderID, known.side, left, &emitter) }
        emitter.emit(
            .fill, orderID: execution.orderID, quantity: quantity,
            flags: isPrintable ? .lastOfEvent : [.nonPrintable, .lastOfEvent])
    }
}

/// Messages that change no order.
extension MitchDecoder {
    @inline(never)
    private func decodeRare(
        _ key: Int, _ base: UnsafeRawPointer, _ emitter: inout TickEmitter
    ) {
        switch key {
        case MitchMessage.systemEvent:
            emitter.status(.systemEvent, UInt32(MitchSystemEvent(base).event))
        case MitchMessage.symbolDirectory: define(MitchSymbolDirectory(base), &emitter)
        case MitchMessage.symbolStatus:
            let message = MitchSymbolStatus(base)
            emitter.instrument = feed.instrument(UInt64(message.instrumentID))
            emitter.status(
                .trading,
                UInt32(message.tradingStatus) | UInt32(message.sessionChangeReason) << 8
                    | UInt32(message.bookType) << 16, flags: [])
            emitter.status(.tradingReason, message.reasonLetters)
        case MitchMessage.orderBookClear:
            emitter.instrument = feed.instrument(
                UInt64(MitchOrderBookClear(base).instrumentID))
            marketOrders.removeAll(of: emitter.instrument)
            emitter.clearBook()
        case MitchMessage.trade:
            let trade = MitchTrade(base)
            emitter.instrument = feed.instrument(UInt64(trade.instrumentID))
            emitter.emit(
                tradeKind(trade.flags), orderID: trade.tradeID,
                price: feed.price(trade.priceBillionths), quantity: Int64(trade.quantity),
                flags: [.offBook, .lastOfEvent],
                extra: UInt32(trade.crossType) | UInt32(trade.subBook) << 8)
        case MitchMessage.auctionTrade:
            let trade = MitchAuctionTrade(base)
            emitter.instrument = feed.instrument(UInt64(trade.instrumentID))
            emitter.emit(
                tradeKind(trade.flags), orderID: trade.tradeID,
                price: feed.price(trade.priceBillionths), quantity: Int64(trade.quantity),
                flags: [.auction, .lastOfEvent], extra: UInt32(trade.auctionType))
        case MitchMessage.auctionInfo: auction(MitchAuctionInfo(base), &emitter)
        case MitchMessage.statistics:
            let message = MitchStatistics(base)
            emitter.instrument = feed.instrument(UInt64(message.instrumentID))
            let detail: StatisticDetail =
                message.statisticType == UInt8(ascii: "O") ? .officialOpen : .officialClose
            emitter.emit(
                .statistic, price: feed.price(message.priceBillionths), detail: detail.rawValue,
                extra: UInt32(message.priceIndicator))
        default: break
        }
    }

    private func tradeKind(_ flags: UInt8) -> TickKind {
        flags & 1 != 0 ? .tradeBreak : flags & 2 != 0 ? .tradeCorrect : .trade
    }

    private func auction(_ message: MitchAuctionInfo, _ emitter: inout TickEmitter) {
        emitter.instrument = feed.instrument(UInt64(message.instrumentID))
        emitter.emit(
            .imbalance, price: feed.price(message.priceBillionths), flags: .auction,
            detail: ImbalanceDetail.indicativeClearing.rawValue,
            extra: UInt32(message.auctionType))
        emitter.emit(
            .imbalance, quantity: Int64(message.pairedQuantity), flags: [.auction, .lastOfEvent],
            detail: ImbalanceDetail.paired.rawValue, extra: UInt32(message.auctionType))
    }

    private func define(_ message: MitchSymbolDirectory, _ emitter: inout TickEmitter) {
        let code = UInt64(message.instrumentID)
        emitter.instrument = feed.instrument(code)
        var details = InstrumentDetails()
        details.set(isin: message.isinText)
        details.set("sedol", message.sedolText)
        details.set("segment", message.segmentText)
        details.set(underlying: message.underlyingText)
        details.set("status", String(UnicodeScalar(message.symbolStatus)))
        feed.describe(
            emitter.instrument, code: code, currency: message.currencyText, details: details)
        emitter.emit(.definition, flags: [])
        emitter.emit(
            .statistic, price: feed.price(message.previousCloseBillionths),
            detail: StatisticDetail.previousClose.rawValue)
    }
}
