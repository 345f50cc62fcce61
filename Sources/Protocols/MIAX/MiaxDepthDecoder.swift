import Ticks
import Wire

/// MIAX Pearl Equities Depth of Market messages to ticks (others.md §2; `MAPPING.md`).
final class MiaxDepthDecoder: FeedDecoding {
    static let ticksPerMessageMax = 2

    private let feed: NumberedFeed
    /// ns of the last System Time, 0 before the first.
    @exclusivity(unchecked) private var second: UInt64 = 0

    init(_ setup: DecoderSetup) {
        feed = NumberedFeed(
            setup, .miax,
            ticksPerMessageMax: Self.ticksPerMessageMax)
    }

    /// Symbol ids are valid for one session (others.md §2).
    func beginEpoch() {
        feed.forgetNumbers()
        second = 0
    }

    func snapshotCounters() -> DecoderCounters { feed.snapshotCounters() }

    func decode(
        _ blocks: UnsafeRawBufferPointer, cursor: inout BlockCursor, context: DeliveryContext,
        into ticks: UnsafeMutablePointer<Tick>, capacity: Int
    ) -> Int {
        feed.decode(
            blocks, MACHPacket.framing, cursor: &cursor, context: context, into: ticks,
            capacity: capacity
        ) { message, length, emitter in
            let key = length > MACHPacket.headerSize ? Int(message.byte(12)) : -1
            guard feed.table.accept(key, length: length) else { return }
            decodeMessage(key, message, &emitter)
        }
    }

    @inline(__always)
    private func decodeMessage(
        _ key: Int, _ base: UnsafeRawPointer, _ emitter: inout TickEmitter
    ) {
        if key == MiaxMessage.systemTime {
            second = UInt64(MiaxSystemTime(base).seconds) &* 1_000_000_000
            return
        }
        emitter.exchangeTime = second == 0 ? 0 : second &+ UInt64(base.little32(13))
        if key != MiaxMessage.systemState {
            emitter.instrument = feed.instrument(UInt64(base.little32(17)))
        }
        switch key {
        case MiaxMessage.addOrder:
            let order = MiaxAddOrder(base)
            emitter.emit(
                .add, orderID: order.orderID, price: feed.price(order.priceBillionths),
                quantity: Int64(order.size), side: Side(letter: order.side),
                extra: order.attributionLetters == blankLetters ? 0 : order.attributionLetters)
        case MiaxMessage.modifyOrder: modify(MiaxModifyOrder(base), &emitter)
        case MiaxMessage.deleteOrder:
            emitter.emit(.delete, orderID: MiaxDeleteOrder(base).orderID)
        case MiaxMessage.execution:
            let execution = MiaxExecution(base)
            emitter.emit(
                .trade, orderID: execution.tradeID, price: feed.price(execution.priceBillionths),
                quantity: Int64(execution.size), flags: [], extra: UInt32(execution.flags))
            emitter.emit(.fill, orderID: execution.orderID, quantity: Int64(execution.size))
        default: decodeRare(key, base, &emitter)
        }
    }

    /// Four spaces, as letters.
    private var blankLetters: UInt32 { 0x2020_2020 }

    /// A modification that costs the place in the queue is a new order of the same id.
    @inline(__always)
    private func modify(_ order: MiaxModifyOrder, _ emitter: inout TickEmitter) {
        let price = feed.price(order.priceBillionths)
        if order.flags & 1 == 0 {
            emitter.emit(
                .modify, orderID: order.orderID, price: price, quantity: Int64(order.size))
            return
        }
        emitter.emit(.delete, orderID: order.orderID, flags: .replaced)
        emitter.emit(
            .add, orderID: order.orderID, price: price, quantity: Int64(order.size),
            flags: [.replaced, .lastOfEvent])
    }

    /// Everything that is not order flow; out of line to keep the hot loop small.
    @inline(never)
    private func decodeRare(
        _ key: Int, _ base: UnsafeRawPointer, _ emitter: inout TickEmitter
    ) {
        switch key {
        case MiaxMessage.trade:
            let trade = MiaxTrade(base)
            emitter.emit(
                trade.correctionNumber == 0 ? .trade : .tradeCorrect, orderID: trade.tradeID,
                price: feed.price(trade.priceBillionths), quantity: Int64(trade.size),
                flags: [.offBook, .lastOfEvent], extra: UInt32(trade.flags))
        case MiaxMessage.tradeCancel:
            let trade = MiaxTradeCancel(base)
            emitter.emit(
                .tradeBreak, orderID: trade.tradeID, price: feed.price(trade.priceBillionths),
                quantity: Int64(trade.size), extra: UInt32(trade.correctionNumber))
        case MiaxMessage.symbolClear: emitter.clearBook()
        case MiaxMessage.systemState:
            emitter.status(.systemEvent, UInt32(MiaxSystemState(base).status))
        case MiaxMessage.tradingStatusUpdate:
            let message = MiaxTradingStatusUpdate(base)
            emitter.status(
                .trading, UInt32(message.tradingStatus) | UInt32(message.marketState) << 8,
                flags: [])
            emitter.status(.shortSaleRestriction, UInt32(message.shortSaleRestriction))
        case MiaxMessage.symbolUpdate: define(MiaxSymbolUpdate(base), &emitter)
        default: break
        }
    }

    private func define(_ message: MiaxSymbolUpdate, _ emitter: inout TickEmitter) {
        let code = UInt64(message.symbolID)
        emitter.instrument = feed.define(code, symbol: message.symbolText)
        var details = InstrumentDetails()
        details.set(type: .equity)
        if message.isTest == UInt8(ascii: "Y") { details.set("test", "1") }
        details.set("opening_time", message.openingTimeText)
        details.set("closing_time", message.closingTimeText)
        details.set("primary_market", String(UnicodeScalar(message.primaryMarket)))
        feed.describe(
            emitter.instrument, code: code, lotSize: Int64(message.lotSize), currency: "USD",
            details: details)
        emitter.emit(.definition)
    }
}
