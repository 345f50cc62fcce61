import Ticks

/// What trades, cancels and prior day messages of the long form have in common.
private protocol CTASale {
    associatedtype Volume: FixedWidthInteger
    var base: UnsafeRawPointer { get }
    var participant: UInt8 { get }
    var reference: Int64 { get }
    var saleConditionLetters: UInt32 { get }
    var priceBillionths: Int64? { get }
    var volume: Volume { get }
}

extension CtaLongTrade: CTASale {}
extension CtaFractionalLongTrade: CTASale {}
extension CtaPriorDayTrade: CTASale {}
extension CtaFractionalPriorDayTrade: CTASale {}
extension CtaPriorDayCancel: CTASale {}
extension CtaFractionalPriorDayCancel: CTASale {}
extension CtaTradeCancel: CTASale {}
extension CtaFractionalTradeCancel: CTASale {}

/// Figures of the day that stand behind a cancel or a correction.
private protocol CTATotals {
    associatedtype Volume: FixedWidthInteger
    var participant: UInt8 { get }
    var consolidatedLastParticipant: UInt8 { get }
    var consolidatedLastBillionths: Int64? { get }
    var consolidatedHighBillionths: Int64? { get }
    var consolidatedLowBillionths: Int64? { get }
    var consolidatedVolume: Volume { get }
    var participantLastBillionths: Int64? { get }
    var participantHighBillionths: Int64? { get }
    var participantLowBillionths: Int64? { get }
    var participantOpenBillionths: Int64? { get }
    var participantVolume: Volume { get }
}

extension CtaTradeCancel: CTATotals {}
extension CtaFractionalTradeCancel: CTATotals {}
extension CtaTradeCorrection: CTATotals {}
extension CtaFractionalTradeCorrection: CTATotals {}

/// A trade that is corrected, and what it becomes.
private protocol CTACorrection {
    associatedtype Volume: FixedWidthInteger
    var base: UnsafeRawPointer { get }
    var participant: UInt8 { get }
    var reference: Int64 { get }
    var originalReference: Int64 { get }
    var originalConditionLetters: UInt32 { get }
    var originalPriceBillionths: Int64? { get }
    var originalVolume: Volume { get }
    var correctedConditionLetters: UInt32 { get }
    var correctedPriceBillionths: Int64? { get }
    var correctedVolume: Volume { get }
}

extension CtaTradeCorrection: CTACorrection {}
extension CtaFractionalTradeCorrection: CTACorrection {}

/// A trade in a few words: an event on it is one tick.
private struct SaleTick {
    var orderID: Int64
    var price: Int64?
    var quantity: Int64
    var conditions: UInt32
    var participant: UInt8
}

extension CTADecoder {
    /// Units of a tick in one of the field's: fields of 8 bytes, and those of short trades that say
    /// so, count millionths already.
    @inline(__always)
    private static func scale<Volume: FixedWidthInteger>(_ type: Volume.Type) -> Int64 {
        Volume.bitWidth == 64 ? 1 : ConsolidatedEmitter.millionths
    }

    /// Openings, reopenings, closings and crosses (others.md §3, fields 2, 3 and 4).
    @inline(__always)
    private static func flags(_ conditions: UInt32) -> TickFlags {
        let reason = UInt8(truncatingIfNeeded: conditions >> 8)
        let hours = UInt8(truncatingIfNeeded: conditions >> 16)
        let detail = UInt8(truncatingIfNeeded: conditions >> 24)
        let isAuction =
            reason == UInt8(ascii: "5") || reason == UInt8(ascii: "6")
            || hours == UInt8(ascii: "O") || detail == UInt8(ascii: "X")
        let volume = ConsolidatedEmitter.volumeFlags(conditions)
        return isAuction ? volume.union(.auction) : volume
    }

    @inline(__always)
    private func emit(
        _ kind: TickKind, _ sale: SaleTick, flags: TickFlags, _ out: inout ConsolidatedEmitter
    ) {
        out.ticks.emit(
            kind, orderID: UInt64(bitPattern: sale.orderID), price: out.price(sale.price),
            quantity: sale.quantity, flags: flags, detail: sale.participant,
            extra: sale.conditions)
    }

    @inline(__always)
    private func read<Sale: CTASale>(_ sale: Sale, _ out: inout ConsolidatedEmitter) -> SaleTick {
        out.ticks.instrument = symbols.find11(sale.base + 26)
        return SaleTick(
            orderID: sale.reference, price: sale.priceBillionths,
            quantity: out.quantity(sale.volume, scale: Self.scale(Sale.Volume.self)),
            conditions: sale.saleConditionLetters, participant: sale.participant)
    }

    // MARK: Trades

    @inline(__always)
    func trade(_ key: Int, _ message: UnsafeRawPointer, _ out: inout ConsolidatedEmitter) -> Bool {
        let sale: SaleTick
        switch key {
        case CtaMessage.longTrade: sale = read(CtaLongTrade(message), &out)
        case CtaMessage.fractionalLongTrade: sale = read(CtaFractionalLongTrade(message), &out)
        case CtaMessage.shortTrade:
            let volume = Int64(CtaShortTrade(message).volume) &* ConsolidatedEmitter.millionths
            sale = shortSale(message, volume: volume, &out)
        default:
            let volume = Int64(CtaFractionalShortTrade(message).volume)
            sale = shortSale(message, volume: volume, &out)
        }
        emit(.trade, sale, flags: Self.flags(sale.conditions), &out)
        return true
    }

    /// Short trades have the same layout up to their volume.
    @inline(__always)
    private func shortSale(
        _ message: UnsafeRawPointer, volume: Int64, _ out: inout ConsolidatedEmitter
    ) -> SaleTick {
        let trade = CtaShortTrade(message)
        out.ticks.instrument = symbols.find5(message + 26)
        // The one condition goes where the long form has it.
        let place = trade.conditionCategory &- UInt8(ascii: "1")
        let shift = place < 4 ? 8 * UInt32(place) : 0
        let blanks: UInt32 = 0x2020_2020
        let conditions = blanks & ~(0xFF << shift) | UInt32(trade.saleCondition) << shift
        return SaleTick(
            orderID: trade.reference, price: trade.priceBillionths, quantity: volume,
            conditions: conditions, participant: trade.participant)
    }

    // MARK: Cancels, corrections, prior days, summaries

    func correction(_ key: Int, _ message: UnsafeRawPointer, _ out: inout ConsolidatedEmitter) {
        switch key {
        case CtaMessage.tradeCancel: cancel(CtaTradeCancel(message), &out)
        case CtaMessage.fractionalTradeCancel: cancel(CtaFractionalTradeCancel(message), &out)
        case CtaMessage.tradeCorrection: correct(CtaTradeCorrection(message), &out)
        case CtaMessage.fractionalTradeCorrection:
            correct(CtaFractionalTradeCorrection(message), &out)
        case CtaMessage.priorDayTrade:
            let sale = CtaPriorDayTrade(message)
            priorDay(.trade, sale, sale.priorSeconds, sale.priorNanoseconds, &out)
        case CtaMessage.fractionalPriorDayTrade:
            let sale = CtaFractionalPriorDayTrade(message)
            priorDay(.trade, sale, sale.priorSeconds, sale.priorNanoseconds, &out)
        case CtaMessage.priorDayCancel:
            let sale = CtaPriorDayCancel(message)
            priorDay(.tradeBreak, sale, sale.priorSeconds, sale.priorNanoseconds, &out)
        case CtaMessage.fractionalPriorDayCancel:
            let sale = CtaFractionalPriorDayCancel(message)
            priorDay(.tradeBreak, sale, sale.priorSeconds, sale.priorNanoseconds, &out)
        case CtaMessage.priorDayCorrection:
            let sale = CtaPriorDayCorrection(message)
            priorDayCorrection(
                sale.base, sale.correctedPriceBillionths, sale.correctedVolume,
                sale.correctedConditionLetters, &out)
        case CtaMessage.fractionalPriorDayCorrection:
            let sale = CtaFractionalPriorDayCorrection(message)
            priorDayCorrection(
                sale.base, sale.correctedPriceBillionths, sale.correctedVolume,
                sale.correctedConditionLetters, &out)
        default: summary(key, message, &out)
        }
    }

    private func cancel<Cancel: CTASale & CTATotals>(
        _ cancel: Cancel, originalReference: Int64, _ out: inout ConsolidatedEmitter
    ) {
        var sale = read(cancel, &out)
        sale.orderID = originalReference
        emit(.tradeBreak, sale, flags: [], &out)
        totals(cancel, &out)
    }

    private func cancel(_ message: CtaTradeCancel, _ out: inout ConsolidatedEmitter) {
        cancel(message, originalReference: message.originalReference, &out)
    }

    private func cancel(_ message: CtaFractionalTradeCancel, _ out: inout ConsolidatedEmitter) {
        cancel(message, originalReference: message.originalReference, &out)
    }

    private func correct<Correction: CTACorrection & CTATotals>(
        _ correction: Correction, _ out: inout ConsolidatedEmitter
    ) where Correction.Volume: FixedWidthInteger {
        out.ticks.instrument = symbols.find11(correction.base + 26)
        let scale = Correction.originalScale
        let original = SaleTick(
            orderID: correction.originalReference, price: correction.originalPriceBillionths,
            quantity: out.quantity(correction.originalVolume, scale: scale),
            conditions: correction.originalConditionLetters, participant: correction.participant)
        let corrected = SaleTick(
            orderID: correction.reference, price: correction.correctedPriceBillionths,
            quantity: out.quantity(correction.correctedVolume, scale: scale),
            conditions: correction.correctedConditionLetters, participant: correction.participant)
        emit(.tradeCorrect, original, flags: .replaced, &out)
        emit(.tradeCorrect, corrected, flags: Self.flags(corrected.conditions), &out)
        totals(correction, &out)
    }

    private func totals<Totals: CTATotals>(_ totals: Totals, _ out: inout ConsolidatedEmitter) {
        let scale = Self.scale(Totals.Volume.self)
        let all = ConsolidatedEmitter.consolidated
        out.figure(
            .last, price: totals.consolidatedLastBillionths, totals.consolidatedLastParticipant,
            all)
        out.figure(.high, price: totals.consolidatedHighBillionths, 0, all)
        out.figure(.low, price: totals.consolidatedLowBillionths, 0, all)
        out.figure(.volume, units: totals.consolidatedVolume, scale: scale, 0, all)
        let own = totals.participant
        let one = ConsolidatedEmitter.oneMarket
        out.figure(.last, price: totals.participantLastBillionths, own, one)
        out.figure(.high, price: totals.participantHighBillionths, own, one)
        out.figure(.low, price: totals.participantLowBillionths, own, one)
        out.figure(.open, price: totals.participantOpenBillionths, own, one)
        out.figure(.volume, units: totals.participantVolume, scale: scale, own, one)
    }

    private func priorDay(
        _ kind: TickKind, _ message: some CTASale, _ seconds: UInt32, _ nanoseconds: UInt32,
        _ out: inout ConsolidatedEmitter
    ) {
        let sale = read(message, &out)
        emit(kind, sale, flags: .nonPrintable, &out)
        out.statistic(
            .tradeTime, quantity: Int64(seconds) * 1_000_000_000 + Int64(nanoseconds))
    }

    private func priorDayCorrection<Volume: FixedWidthInteger>(
        _ message: UnsafeRawPointer, _ price: Int64?, _ volume: Volume, _ conditions: UInt32,
        _ out: inout ConsolidatedEmitter
    ) {
        let head = CtaPriorDayCorrection(message)
        out.ticks.instrument = symbols.find11(message + 26)
        let sale = SaleTick(
            orderID: head.reference, price: price,
            quantity: out.quantity(volume, scale: Self.scale(Volume.self)),
            conditions: conditions, participant: head.participant)
        emit(.tradeCorrect, sale, flags: .nonPrintable, &out)
    }
}

extension CTACorrection {
    /// Units of a tick in one of the message's volumes.
    fileprivate static var originalScale: Int64 {
        Volume.bitWidth == 64 ? 1 : ConsolidatedEmitter.millionths
    }
}
