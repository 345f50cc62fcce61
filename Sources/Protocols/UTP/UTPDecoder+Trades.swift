import Ticks

/// Figures of the day that stand behind a cancel or a correction.
private protocol UTPTotals {
    var marketCenter: UInt8 { get }
    var lastCenter: UInt8 { get }
    var consolidatedHighBillionths: Int64? { get }
    var consolidatedLowBillionths: Int64? { get }
    var consolidatedLastBillionths: Int64? { get }
    var consolidatedVolume: UInt64 { get }
    var participantHighBillionths: Int64? { get }
    var participantLowBillionths: Int64? { get }
    var participantLastBillionths: Int64? { get }
    var participantVolume: UInt64 { get }
}

extension UtpTradeCancel: UTPTotals {}
extension UtpWholeTradeCancel: UTPTotals {}
extension UtpTradeCorrection: UTPTotals {}
extension UtpWholeTradeCorrection: UTPTotals {}

/// A trade that is void or corrected.
private protocol UTPOriginal: UTPTotals {
    associatedtype Volume: FixedWidthInteger
    var base: UnsafeRawPointer { get }
    var originalId: UInt64 { get }
    var originalPriceBillionths: Int64? { get }
    var originalVolume: Volume { get }
    var originalConditionLetters: UInt32 { get }
}

extension UtpTradeCancel: UTPOriginal {}
extension UtpWholeTradeCancel: UTPOriginal {}
extension UtpTradeCorrection: UTPOriginal {}
extension UtpWholeTradeCorrection: UTPOriginal {}

/// What a corrected trade becomes.
private protocol UTPCorrection: UTPOriginal {
    var correctedId: UInt64 { get }
    var correctedPriceBillionths: Int64? { get }
    var correctedVolume: Volume { get }
    var correctedConditionLetters: UInt32 { get }
}

extension UtpTradeCorrection: UTPCorrection {}
extension UtpWholeTradeCorrection: UTPCorrection {}

/// A trade report, whatever its form.
private protocol UTPSale {
    associatedtype Volume: FixedWidthInteger
    var marketCenter: UInt8 { get }
    var tradeId: UInt64 { get }
    var saleConditionLetters: UInt32 { get }
    var volume: Volume { get }
}

extension UtpShortTrade: UTPSale {}
extension UtpLongTrade: UTPSale {}
extension UtpWholeShortTrade: UTPSale {}
extension UtpWholeLongTrade: UTPSale {}
extension UtpPriorDayTrade: UTPSale {}
extension UtpWholePriorDayTrade: UTPSale {}

extension UTPDecoder {
    /// Units of a tick in one of the field's: those of 8 bytes count millionths already.
    @inline(__always)
    private static func scale<Volume: FixedWidthInteger>(_ type: Volume.Type) -> Int64 {
        Volume.bitWidth == 64 ? 1 : ConsolidatedEmitter.millionths
    }

    @inline(__always)
    private func emit<Sale: UTPSale>(
        _ sale: Sale, as kind: TickKind = .trade, price: Int64?, flags: TickFlags = [],
        _ out: inout ConsolidatedEmitter
    ) {
        let conditions = sale.saleConditionLetters
        out.ticks.emit(
            kind, orderID: sale.tradeId, price: out.price(price),
            quantity: out.quantity(sale.volume, scale: Self.scale(Sale.Volume.self)),
            flags: flags.union(ConsolidatedEmitter.volumeFlags(conditions)),
            detail: sale.marketCenter, extra: conditions)
    }

    @inline(__always)
    func trade(_ key: Int, _ message: UnsafeRawPointer, _ out: inout ConsolidatedEmitter) {
        let isShort = key == UtpMessage.shortTrade || key == UtpMessage.wholeShortTrade
        out.ticks.instrument =
            isShort ? symbols.find5(message + 37) : symbols.find11(message + 37)
        switch key {
        case UtpMessage.shortTrade:
            let trade = UtpShortTrade(message)
            emit(trade, price: trade.priceBillionths, &out)
        case UtpMessage.longTrade:
            let trade = UtpLongTrade(message)
            emit(trade, price: trade.priceBillionths, &out)
        case UtpMessage.wholeShortTrade:
            let trade = UtpWholeShortTrade(message)
            emit(trade, price: trade.priceBillionths, &out)
        default:
            let trade = UtpWholeLongTrade(message)
            emit(trade, price: trade.priceBillionths, &out)
        }
    }

    /// Cancels, corrections, prior days.
    func correction(_ key: Int, _ message: UnsafeRawPointer, _ out: inout ConsolidatedEmitter) {
        switch key {
        case UtpMessage.tradeCancel: cancel(UtpTradeCancel(message), &out)
        case UtpMessage.wholeTradeCancel: cancel(UtpWholeTradeCancel(message), &out)
        case UtpMessage.tradeCorrection: correct(UtpTradeCorrection(message), &out)
        case UtpMessage.wholeTradeCorrection: correct(UtpWholeTradeCorrection(message), &out)
        case UtpMessage.priorDayTrade:
            let trade = UtpPriorDayTrade(message)
            let kind = Self.asOf(trade.asOfAction)
            priorDay(kind, trade, trade.base, trade.priceBillionths, trade.priorTime, &out)
        case UtpMessage.wholePriorDayTrade:
            let trade = UtpWholePriorDayTrade(message)
            let kind = Self.asOf(trade.asOfAction)
            priorDay(kind, trade, trade.base, trade.priceBillionths, trade.priorTime, &out)
        default: break
        }
    }

    /// A late report of an earlier day's trade, or its cancel.
    private static func asOf(_ action: UInt8) -> TickKind {
        action == UtpAsOfAction.cancel.rawValue ? .tradeBreak : .trade
    }

    private func priorDay(
        _ kind: TickKind, _ sale: some UTPSale, _ base: UnsafeRawPointer, _ price: Int64?,
        _ time: UInt64,
        _ out: inout ConsolidatedEmitter
    ) {
        out.ticks.instrument = symbols.find11(base + 37)
        emit(sale, as: kind, price: price, flags: .nonPrintable, &out)
        out.statistic(.tradeTime, quantity: out.quantity(time, scale: 1))
    }

    private func original<Original: UTPOriginal>(
        _ kind: TickKind, _ message: Original, flags: TickFlags,
        _ out: inout ConsolidatedEmitter
    ) {
        out.ticks.instrument = symbols.find11(message.base + 37)
        out.ticks.emit(
            kind, orderID: message.originalId,
            price: out.price(message.originalPriceBillionths),
            quantity: out.quantity(
                message.originalVolume, scale: Self.scale(Original.Volume.self)),
            flags: flags, detail: message.marketCenter,
            extra: message.originalConditionLetters)
    }

    private func cancel(_ message: some UTPOriginal, _ out: inout ConsolidatedEmitter) {
        original(.tradeBreak, message, flags: [], &out)
        totals(message, &out)
    }

    private func correct<Correction: UTPCorrection>(
        _ message: Correction, _ out: inout ConsolidatedEmitter
    ) {
        original(.tradeCorrect, message, flags: .replaced, &out)
        out.ticks.emit(
            .tradeCorrect, orderID: message.correctedId,
            price: out.price(message.correctedPriceBillionths),
            quantity: out.quantity(
                message.correctedVolume, scale: Self.scale(Correction.Volume.self)),
            flags: ConsolidatedEmitter.volumeFlags(message.correctedConditionLetters),
            detail: message.marketCenter, extra: message.correctedConditionLetters)
        totals(message, &out)
    }

    private func totals(_ totals: some UTPTotals, _ out: inout ConsolidatedEmitter) {
        let all = ConsolidatedEmitter.consolidated
        out.figure(.last, price: totals.consolidatedLastBillionths, totals.lastCenter, all)
        out.figure(.high, price: totals.consolidatedHighBillionths, 0, all)
        out.figure(.low, price: totals.consolidatedLowBillionths, 0, all)
        out.figure(.volume, units: totals.consolidatedVolume, scale: 1, 0, all)
        let (own, one) = (totals.marketCenter, ConsolidatedEmitter.oneMarket)
        out.figure(.last, price: totals.participantLastBillionths, own, one)
        out.figure(.high, price: totals.participantHighBillionths, own, one)
        out.figure(.low, price: totals.participantLowBillionths, own, one)
        out.figure(.volume, units: totals.participantVolume, scale: 1, own, one)
    }
}
