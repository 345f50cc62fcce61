import Ticks
import Wire

/// MEMX MEMOIR Depth messages to ticks (others.md §1; `MAPPING.md`).
final class MemxDecoder: FeedDecoding {
    static let ticksPerMessageMax = 2
    /// Block length, template, schema, version (others.md §1).
    private static let prefixSize = 6

    private let feed: NumberedFeed

    init(_ setup: DecoderSetup) {
        feed = NumberedFeed(
            setup, ProtocolDescription.memx,
            ticksPerMessageMax: Self.ticksPerMessageMax)
    }

    /// Security ids are valid for one day (others.md §1).
    func beginEpoch() { feed.forgetNumbers() }

    func snapshotCounters() -> DecoderCounters { feed.snapshotCounters() }

    func decode(
        _ blocks: UnsafeRawBufferPointer, cursor: inout BlockCursor, context: DeliveryContext,
        into ticks: UnsafeMutablePointer<Tick>, capacity: Int
    ) -> Int {
        feed.decode(
            blocks, .mold, cursor: &cursor, context: context, into: ticks, capacity: capacity
        ) { message, length, emitter in
            let isCut = length < Self.prefixSize
            let block = isCut ? 0 : Int(message.big16(0))
            let key = isCut ? -1 : Int(message.byte(2))
            // No block is empty: one that lies about its length is refused as one.
            let isWhole = block <= length &- Self.prefixSize
            guard feed.table.accept(key, length: isWhole ? block : 0) else { return }
            decodeMessage(key, message + Self.prefixSize, &emitter)
        }
    }

    @inline(__always)
    private func decodeMessage(
        _ key: Int, _ base: UnsafeRawPointer, _ emitter: inout TickEmitter
    ) {
        emitter.exchangeTime = base.big64(0)
        if key != MemxMessage.tradingSessionStatus, key != MemxMessage.snapshotComplete {
            emitter.instrument = feed.instrument(UInt64(base.big16(8)))
        }
        switch key {
        case MemxMessage.orderAdded:
            let order = MemxOrderAdded(base)
            emitter.emit(
                .add, orderID: order.orderID, price: feed.price(order.priceBillionths),
                quantity: Int64(order.quantity), side: Side(letter: order.side))
        case MemxMessage.orderDeleted:
            emitter.emit(.delete, orderID: MemxOrderDeleted(base).orderID)
        case MemxMessage.orderReduced:
            let order = MemxOrderReduced(base)
            emitter.emit(
                .cancel, orderID: order.orderID, quantity: Int64(order.quantityRemoved))
        case MemxMessage.orderExecuted:
            let execution = MemxOrderExecuted(base)
            emitter.emit(
                .trade, orderID: execution.tradeID, price: feed.price(execution.priceBillionths),
                quantity: Int64(execution.quantity), flags: [])
            emitter.emit(
                .fill, orderID: execution.orderID, quantity: Int64(execution.quantity))
        default: decodeRare(key, base, &emitter)
        }
    }

    /// Everything that is not order flow; out of line to keep the hot loop small.
    @inline(never)
    private func decodeRare(
        _ key: Int, _ base: UnsafeRawPointer, _ emitter: inout TickEmitter
    ) {
        switch key {
        case MemxMessage.trade:
            let trade = MemxTrade(base)
            emitter.emit(
                .trade, orderID: trade.tradeID, price: feed.price(trade.priceBillionths),
                quantity: Int64(trade.quantity), flags: [.offBook, .lastOfEvent])
        case MemxMessage.brokenTrade:
            let trade = MemxBrokenTrade(base)
            emitter.emit(
                .tradeBreak, orderID: trade.tradeID,
                price: feed.price(trade.originalPriceBillionths),
                quantity: Int64(trade.originalQuantity))
        case MemxMessage.correctedTrade:
            let trade = MemxCorrectedTrade(base)
            emitter.emit(
                .tradeCorrect, orderID: trade.tradeID,
                price: feed.price(trade.correctedPriceBillionths),
                quantity: Int64(trade.correctedQuantity))
        case MemxMessage.clearBook: emitter.clearBook()
        case MemxMessage.instrumentDirectory: define(MemxInstrumentDirectory(base), &emitter)
        case MemxMessage.regShoRestriction:
            emitter.status(
                .shortSaleRestriction, UInt32(MemxRegShoRestriction(base).restriction))
        case MemxMessage.securityTradingStatus:
            let message = MemxSecurityTradingStatus(base)
            emitter.status(.trading, UInt32(message.status), flags: [])
            emitter.status(.tradingReason, UInt32(message.reason))
        case MemxMessage.tradingSessionStatus:
            emitter.status(.systemEvent, UInt32(MemxTradingSessionStatus(base).session))
        case MemxMessage.snapshotComplete:
            emitter.emit(
                .status, orderID: MemxSnapshotComplete(base).asOfSequence,
                detail: StatusDetail.snapshotComplete.rawValue)
        default: break
        }
    }

    private func define(_ message: MemxInstrumentDirectory, _ emitter: inout TickEmitter) {
        let suffix = message.suffixText
        let symbol = message.symbolText + (suffix.isEmpty ? "" : "." + suffix)
        let code = UInt64(message.securityID)
        emitter.instrument = feed.define(code, symbol: symbol)
        var details = InstrumentDetails()
        details.set(type: .equity)
        if message.isTest != 0 { details.set("test", "1") }
        feed.describe(
            emitter.instrument, code: code,
            tickSize: message.minimumPriceVariationBillionths ?? 0,
            lotSize: Int64(message.roundLot), currency: "USD", details: details)
        emitter.emit(.definition)
    }
}
