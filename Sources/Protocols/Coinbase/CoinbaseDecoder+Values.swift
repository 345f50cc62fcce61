import Ticks

/// Trades, states, values and definitions of incremental channels.
extension CoinbaseDecoder {
    private func statistic(
        _ detail: StatisticDetail, orderID: UInt64 = 0, price: Int64 = Price.none,
        quantity: Int64 = Quantity.none, side: Side = .none, flags: TickFlags = .lastOfEvent,
        extra: UInt32 = 0, _ emitter: inout TickEmitter
    ) {
        emitter.emit(
            .statistic, orderID: orderID, price: price, quantity: quantity, side: side,
            flags: flags, detail: detail.rawValue, extra: extra)
    }

    private func quantity(_ raw: Int32) -> Int64 {
        raw == Int32.min ? Quantity.none : Int64(raw)
    }

    @inline(never)
    func decodeRare(
        _ key: Int, _ base: UnsafeRawPointer, _ block: Int, _ emitter: inout TickEmitter
    ) {
        switch key {
        case CoinbaseMessage.trade: trade(CoinbaseTrade(base), &emitter)
        case CoinbaseMessage.tradeSummary:
            let message = CoinbaseTradeSummary(base)
            statistic(
                .executionTotal,
                orderID: message.aggressorOrderIDIsNull
                    ? 0 : UInt64(bitPattern: message.aggressorOrderID),
                price: price(message.vwapPriceBillionths, isNull: message.vwapPriceIsNull),
                quantity: Int64(message.quantity), extra: Self.rawSide(message.side), &emitter)
        case CoinbaseMessage.tradeAmend:
            let message = CoinbaseTradeAmend(base)
            emitter.emit(
                .tradeCorrect, orderID: UInt64(bitPattern: message.matchID),
                price: price(message.newPriceBillionths, isNull: message.newPriceIsNull))
        case CoinbaseMessage.spreadTradeAmend:
            let message = CoinbaseSpreadTradeAmend(base)
            emitter.emit(
                .tradeCorrect, orderID: UInt64(bitPattern: message.matchID),
                price: price(message.newPriceBillionths, isNull: message.newPriceIsNull))
        case CoinbaseMessage.tradeBust:
            emitter.emit(
                .tradeBreak, orderID: UInt64(bitPattern: CoinbaseTradeBust(base).matchID))
        case CoinbaseMessage.impliedOrderUpdate:
            implied(CoinbaseImpliedOrderUpdate(base), &emitter)
        case CoinbaseMessage.tradingStatusUpdate:
            changeStatus(CoinbaseTradingStatusUpdate(base), &emitter)
        case CoinbaseMessage.marketStat: marketStat(CoinbaseMarketStat(base), &emitter)
        case CoinbaseMessage.sessionVolume:
            let message = CoinbaseSessionVolume(base)
            statistic(
                .averagePrice,
                price: price(message.vwapPriceBillionths, isNull: message.vwapPriceIsNull),
                flags: [], &emitter)
            statistic(.volume, quantity: quantity(message.tradeVolume), &emitter)
        case CoinbaseMessage.openInterest:
            statistic(
                .openInterest, quantity: quantity(CoinbaseOpenInterest(base).quantity), &emitter)
        case CoinbaseMessage.outrightDefinition, CoinbaseMessage.spreadDefinition,
            CoinbaseMessage.optionDefinition:
            define(key, base, block, &emitter)
        default: break
        }
    }

    private static func rawSide(_ number: Int8) -> UInt32 { UInt32(UInt8(bitPattern: number)) }

    private func trade(_ message: CoinbaseTrade, _ emitter: inout TickEmitter) {
        // Side 0: a fill of the opening.
        let flags: TickFlags = message.side == 0 ? [.auction, .lastOfEvent] : .lastOfEvent
        emitter.emit(
            .trade, orderID: UInt64(bitPattern: message.matchID),
            price: price(message.priceBillionths, isNull: message.priceIsNull),
            quantity: Int64(message.quantity), flags: flags, extra: Self.rawSide(message.side))
    }

    private func implied(_ message: CoinbaseImpliedOrderUpdate, _ emitter: inout TickEmitter) {
        let side = Self.side(message.side)
        statistic(
            .impliedBest,
            price: price(message.bestPriceBillionths, isNull: message.bestPriceIsNull),
            quantity: quantity(message.bestQty), side: side, flags: .implied, &emitter)
        statistic(
            .impliedNext,
            price: price(message.nextPriceBillionths, isNull: message.nextPriceIsNull),
            quantity: quantity(message.nextQty), side: side, flags: [.implied, .lastOfEvent],
            &emitter)
    }

    private func changeStatus(
        _ message: CoinbaseTradingStatusUpdate, _ emitter: inout TickEmitter
    ) {
        emitter.status(.trading, UInt32(message.tradingStatus), flags: [])
        emitter.emit(
            .limits,
            price: price(message.limitDownPriceBillionths, isNull: message.limitDownPriceIsNull),
            flags: [], detail: LimitsDetail.lower.rawValue)
        emitter.emit(
            .limits,
            price: price(message.limitUpPriceBillionths, isNull: message.limitUpPriceIsNull),
            detail: LimitsDetail.upper.rawValue)
    }

    private func marketStat(_ message: CoinbaseMarketStat, _ emitter: inout TickEmitter) {
        let price = price(message.priceBillionths, isNull: message.priceIsNull)
        let extra = UInt32(message.statType)
        switch CoinbaseStatType(rawValue: message.statType) {
        case .dayOpen: statistic(.officialOpen, price: price, extra: extra, &emitter)
        case .closing: statistic(.officialClose, price: price, extra: extra, &emitter)
        case .settlement: statistic(.settlement, price: price, extra: extra, &emitter)
        case .sessionHigh: statistic(.high, price: price, extra: extra, &emitter)
        case .sessionLow: statistic(.low, price: price, extra: extra, &emitter)
        case .indicativeOpen: statistic(.indicativeOpen, price: price, extra: extra, &emitter)
        case .reference:
            emitter.emit(
                .limits, price: price, detail: LimitsDetail.reference.rawValue, extra: extra)
        case nil: statistic(.other, price: price, extra: extra, &emitter)
        }
    }

    // MARK: Definitions

    private func define(
        _ key: Int, _ base: UnsafeRawPointer, _ block: Int, _ emitter: inout TickEmitter
    ) {
        switch key {
        case CoinbaseMessage.outrightDefinition:
            let message = CoinbaseOutrightDefinition(base, blockLength: block)
            instruments.describe(
                emitter.instrument,
                .init(
                    symbol: message.symbolText, product: message.productCodeText,
                    classification: message.cfiCodeText, currency: message.currencyText,
                    tickSize: message.tickSize, lastSession: message.lastSessionDate,
                    contractSize: message.contractSize))
        case CoinbaseMessage.spreadDefinition:
            let message = CoinbaseSpreadDefinition(base, blockLength: block)
            instruments.describe(
                emitter.instrument,
                .init(
                    symbol: message.symbolText, product: message.productCodeText,
                    classification: message.cfiCodeText, currency: message.currencyText,
                    tickSize: message.tickSize, lastSession: message.lastSessionDate,
                    contractSize: message.contractSize)
            ) { details in
                details.set("legs", "\(message.leg1InstrumentID),\(message.leg2InstrumentID)")
                details.set("buy_convention", String(message.spreadBuyConvention))
            }
        default:
            let message = CoinbaseOptionDefinition(base, blockLength: block)
            instruments.describe(
                emitter.instrument,
                .init(
                    symbol: message.symbolText, product: message.productCodeText,
                    classification: message.cfiCodeText, tickSize: message.smallTick,
                    lastSession: message.lastSessionDate)
            ) { details in
                if !message.strikePriceIsNull {
                    details.set(strike: message.strikePrice, exponent: -9)
                }
                details.set(underlying: String(message.underlyingInstrumentID))
                if !message.largeTickIsNull {
                    details.set("large_tick", message.largeTick, exponent: -9)
                }
                if !message.largeTickThresholdIsNull {
                    details.set("large_tick_from", message.largeTickThreshold, exponent: -9)
                }
            }
        }
        emitter.emit(.definition)
    }
}
