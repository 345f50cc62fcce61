import Ticks

/// States, prices of the day and definitions.
extension B3Decoder {
    private func statistic(
        _ detail: StatisticDetail, price: Int64 = Price.none, quantity: Int64 = Quantity.none,
        orderID: UInt64 = 0, side: Side = .none, flags: TickFlags = .lastOfEvent,
        extra: UInt32 = 0, _ emitter: inout TickEmitter
    ) {
        emitter.emit(
            .statistic, orderID: orderID, price: price, quantity: quantity, side: side,
            flags: flags, detail: detail.rawValue, extra: extra)
    }

    @inline(never)
    func decodeValue(
        _ key: Int, _ base: UnsafeRawPointer, _ block: Int, _ emitter: inout TickEmitter
    ) {
        switch key {
        case B3Message.securityStatus:
            let message = B3SecurityStatus(base)
            emitter.instrument = instrument(message.securityID)
            emitter.exchangeTime = message.transactTime
            emitter.status(
                .trading,
                packed(message.tradingStatus, message.tradingSessionID, message.tradingEvent))
        case B3Message.securityGroupPhase:
            let message = B3SecurityGroupPhase(base)
            emitter.instrument = groupInstrument(
                message.securityGroupKey, message.securityGroupText)
            emitter.exchangeTime = message.transactTime
            emitter.status(
                .trading,
                packed(message.tradingSessionSubID, message.tradingSessionID, message.tradingEvent))
        case B3Message.forwardTrade: forwardTrade(B3ForwardTrade(base), &emitter)
        case B3Message.executionSummary:
            total(B3ExecutionSummary(base, blockLength: block), &emitter)
        case B3Message.tradeBust:
            let message = B3TradeBust(base)
            emitter.instrument = instrument(message.securityID)
            emitter.exchangeTime = message.transactTime
            emitter.emit(
                .tradeBreak, orderID: UInt64(message.tradeID),
                price: feed.price(message.priceBillionths), quantity: message.size)
        case B3Message.priceBand:
            let message = B3PriceBand(base)
            band(
                message,
                reference: feed.price(
                    message.tradingReferencePriceBillionths,
                    isNull: message.tradingReferencePriceIsNull), &emitter)
        case B3Message.priceBandOfVersion5:
            // Up to its reference price the layout is the newer template's.
            band(B3PriceBand(base), reference: Price.none, &emitter)
        case B3Message.theoreticalOpeningPrice:
            theoretical(B3TheoreticalOpeningPrice(base), &emitter)
        case B3Message.auctionImbalance:
            imbalance(B3AuctionImbalance(base), &emitter)
        default: decodePrice(key, base, block, &emitter)
        }
    }

    private func decodePrice(
        _ key: Int, _ base: UnsafeRawPointer, _ block: Int, _ emitter: inout TickEmitter
    ) {
        switch key {
        case B3Message.openingPrice:
            let message = B3OpeningPrice(base)
            emitter.instrument = instrument(message.securityID)
            emitter.exchangeTime = message.entryTimestamp
            // 5: a theoretical price.
            statistic(
                message.openCloseSettlFlag == 5 ? .indicativeOpen : .officialOpen,
                price: feed.price(message.priceBillionths),
                extra: packed(message.updateAction, message.openCloseSettlFlag), &emitter)
        case B3Message.closingPrice:
            let message = B3ClosingPrice(base)
            emitter.instrument = instrument(message.securityID)
            emitter.exchangeTime = message.entryTimestamp
            statistic(
                .officialClose, price: feed.price(message.priceBillionths),
                extra: packed(0, message.openCloseSettlFlag), &emitter)
        case B3Message.highPrice:
            let message = B3HighPrice(base)
            emitter.instrument = instrument(message.securityID)
            emitter.exchangeTime = message.entryTimestamp
            statistic(
                .high, price: feed.price(message.priceBillionths),
                extra: packed(message.updateAction), &emitter)
        case B3Message.lowPrice:
            let message = B3LowPrice(base)
            emitter.instrument = instrument(message.securityID)
            emitter.exchangeTime = message.entryTimestamp
            statistic(
                .low, price: feed.price(message.priceBillionths),
                extra: packed(message.updateAction), &emitter)
        case B3Message.lastTradePrice:
            let message = B3LastTradePrice(base)
            emitter.instrument = instrument(message.securityID)
            emitter.exchangeTime = message.entryTimestamp
            statistic(
                .last, price: feed.price(message.priceBillionths), quantity: message.size,
                orderID: UInt64(message.tradeID), extra: UInt32(message.tradeCondition), &emitter)
        case B3Message.settlementPrice:
            let message = B3SettlementPrice(base)
            emitter.instrument = instrument(message.securityID)
            emitter.exchangeTime = message.entryTimestamp
            statistic(
                .settlement, price: feed.price(message.priceBillionths),
                extra: packed(
                    0, message.openCloseSettlFlag, message.priceType, message.settlPriceType),
                &emitter)
        case B3Message.openInterest:
            let message = B3OpenInterest(base)
            emitter.instrument = instrument(message.securityID)
            emitter.exchangeTime = message.entryTimestamp
            statistic(.openInterest, quantity: message.size, &emitter)
        case B3Message.executionStatistics:
            let message = B3ExecutionStatistics(base)
            emitter.instrument = instrument(message.securityID)
            emitter.exchangeTime = message.entryTimestamp
            statistic(.volume, quantity: message.tradeVolume, flags: [], &emitter)
            statistic(
                .averagePrice,
                price: feed.price(message.vwapPxBillionths, isNull: message.vwapPxIsNull),
                flags: [], &emitter)
            statistic(.tradeCount, quantity: Int64(message.numberOfTrades), &emitter)
        default: break
        }
    }

    private func forwardTrade(_ message: B3ForwardTrade, _ emitter: inout TickEmitter) {
        emitter.instrument = instrument(message.securityID)
        emitter.exchangeTime = message.transactTime
        emitter.emit(
            .trade, orderID: UInt64(message.tradeID), price: feed.price(message.priceBillionths),
            quantity: message.size, flags: [.offBook, .lastOfEvent],
            extra: UInt32(message.tradeCondition))
    }

    private func total(_ message: B3ExecutionSummary, _ emitter: inout TickEmitter) {
        emitter.instrument = instrument(message.securityID)
        let time = message.transactTime
        emitter.exchangeTime = time != 0 ? time : message.aggressorTime
        let price = feed.price(message.lastPxBillionths)
        let side = Side(buySell: message.aggressorSide)
        let hidden = message.tradedHiddenQty
        statistic(
            .executionTotal, price: price, quantity: message.fillQty, side: side,
            flags: hidden > 0 ? [] : .lastOfEvent, &emitter)
        if hidden > 0 {
            statistic(.hiddenVolume, price: price, quantity: hidden, side: side, &emitter)
        }
    }

    /// Bands in other units than prices are told by their kind alone.
    private func band(
        _ message: B3PriceBand, reference: Int64, _ emitter: inout TickEmitter
    ) {
        let first = emitter.count
        emitter.instrument = instrument(message.securityID)
        emitter.exchangeTime = message.entryTimestamp
        let extra = packed(
            message.priceBandType, message.priceLimitType, message.midpointPriceType)
        func limit(_ detail: LimitsDetail, _ price: Int64) {
            emitter.emit(
                .limits, price: price, flags: [], detail: detail.rawValue, extra: extra)
        }
        if message.priceLimitType == 0 {
            limit(
                .lower,
                feed.price(message.lowLimitPriceBillionths, isNull: message.lowLimitPriceIsNull))
            limit(
                .upper,
                feed.price(message.highLimitPriceBillionths, isNull: message.highLimitPriceIsNull))
        } else {
            emitter.status(.priceBand, extra, flags: [])
        }
        if reference != Price.none { limit(.reference, reference) }
        emitter.endEvent(since: first)
    }

    private func theoretical(
        _ message: B3TheoreticalOpeningPrice, _ emitter: inout TickEmitter
    ) {
        emitter.instrument = instrument(message.securityID)
        emitter.exchangeTime = message.entryTimestamp
        let extra = packed(message.updateAction)
        emitter.emit(
            .imbalance,
            price: feed.price(message.priceBillionths, isNull: message.priceIsNull),
            flags: .auction, detail: ImbalanceDetail.indicativeClearing.rawValue, extra: extra)
        emitter.emit(
            .imbalance, quantity: message.size, flags: [.auction, .lastOfEvent],
            detail: ImbalanceDetail.paired.rawValue, extra: extra)
    }

    private func imbalance(_ message: B3AuctionImbalance, _ emitter: inout TickEmitter) {
        emitter.instrument = instrument(message.securityID)
        emitter.exchangeTime = message.entryTimestamp
        // Bits 8 and 9: more buyers, more sellers.
        let side: Side =
            switch message.imbalanceCondition >> 8 & 3 {
            case 1: .bid
            case 2: .ask
            default: .none
            }
        emitter.emit(
            .imbalance, quantity: message.size, side: side, flags: [.auction, .lastOfEvent],
            detail: ImbalanceDetail.imbalance.rawValue, extra: packed(message.updateAction))
    }

    // MARK: Definitions

    func define(_ message: B3SecurityDefinition, _ emitter: inout TickEmitter) {
        emitter.instrument = instrument(message.securityID)
        emitter.exchangeTime = 0
        if emitter.instrument != 0 {
            let details = details(of: message)
            let tick = feed.price(
                message.minPriceIncrementBillionths, isNull: message.minPriceIncrementIsNull)
            feed.directory.update(emitter.instrument) { entry in
                entry.details = details.text
                entry.tickSize = tick == Price.none ? 0 : tick
                entry.lotSize = message.minLotSizeIsNull ? 0 : message.minLotSize
                entry.currency = message.currencyText
            }
        }
        emitter.emit(.definition)
    }

    private func details(of message: B3SecurityDefinition) -> InstrumentDetails {
        var details = InstrumentDetails()
        details.set(type: type(message.securityType))
        details.set("symbol", message.symbolText)
        details.set("exchange", message.securityExchangeText)
        details.set("group", message.securityGroupText)
        details.set("security_sub_type", String(message.securitySubType))
        details.set("cfi", message.cfiCodeText)
        details.set(isin: message.isinNumberText)
        details.set(underlying: message.assetText)
        if !message.maturityDateIsNull {
            details.set(expiry: CalendarDate(daysSince1970: Int(message.maturityDate)))
        }
        if !message.strikePriceIsNull {
            details.set(strike: message.strikePrice, exponent: -4)
        }
        if !message.contractMultiplierIsNull {
            details.set(multiplier: message.contractMultiplier, exponent: -8)
        }
        if !message.priceDivisorIsNull {
            details.set("price_divisor", message.priceDivisor, exponent: -8)
        }
        if message.putOrCall <= 1 { details.set(putCall: message.putOrCall == 1 ? .call : .put) }
        let underlyings = message.underlyings
        if underlyings.count > 0 {
            details.set("underlying_id", String(underlyings[0].underlyingSecurityID))
        }
        let legs = message.legs
        let texts = (0..<legs.count).map { index in
            let leg = legs[index]
            let ratio = InstrumentDetails.decimal(leg.legRatioQty, exponent: -7)
            return "\(leg.legSide == 2 ? "-" : "+")\(ratio) \(leg.legSecurityID)"
        }
        details.set("legs", texts.joined(separator: ","))
        return details
    }

    /// By the venue's security types (FIX names: CS, ETF, FUT, INDEX, OPT …).
    private func type(_ number: UInt8) -> InstrumentDetails.InstrumentType {
        switch number {
        case 3, 14: .equity
        case 5: .etf
        case 2: .bond
        case 7, 8: .future
        case 9: .index
        case 6, 10, 12, 16: .option
        case 11: .spread
        case 17: .fx
        default: .other
        }
    }
}
