import Ticks

/// Messages that change no book.
extension OmdcDecoder {
    @inline(never)
    func decodeRare(
        _ key: Int, _ base: UnsafeRawPointer, _ length: Int, _ emitter: inout TickEmitter
    ) {
        switch key {
        case OmdcMessage.securityDefinition:
            guard OmdcSecurityDefinition.isWhole(base, length: length) else {
                return feed.table.retract(key)
            }
            define(OmdcSecurityDefinition(base), &emitter)
        case OmdcMessage.indexDefinition:
            let message = OmdcIndexDefinition(base)
            emitter.instrument = feed.instrument(symbol: message.indexCodeText)
            var details = InstrumentDetails()
            details.set(type: .index)
            details.set("source", String(UnicodeScalar(message.source)))
            feed.describe(
                emitter.instrument, code: 0, currency: message.currencyText, details: details)
            emitter.emit(.definition)
        case OmdcMessage.indexData: index(OmdcIndexData(base), &emitter)
        case OmdcMessage.tradingSession:
            let message = OmdcTradingSession(base)
            emitter.exchangeTime = message.startTime
            emitter.emit(
                .status, orderID: UInt64(message.marketCodeLetters),
                detail: StatusDetail.marketSession.rawValue,
                extra: UInt32(message.subSession) | UInt32(message.sessionStatus) << 8
                    | UInt32(message.controlFlag) << 16)
        case OmdcMessage.disasterRecovery:
            emitter.status(.systemEvent, OmdcDisasterRecovery(base).recoveryStatus)
        case OmdcMessage.refreshComplete:
            emitter.emit(
                .status, orderID: UInt64(OmdcRefreshComplete(base).lastSequence),
                detail: StatusDetail.snapshotComplete.rawValue)
        case OmdcMessage.sequenceReset: emitter.emit(.clear)
        default: decodeSecurity(key, base, &emitter)
        }
    }

    /// Messages of one security, whose code is their first field.
    private func decodeSecurity(
        _ key: Int, _ base: UnsafeRawPointer, _ emitter: inout TickEmitter
    ) {
        func code() { emitter.instrument = feed.instrument(UInt64(base.little32(4))) }
        switch key {
        case OmdcMessage.securityStatus:
            code()
            emitter.status(.trading, UInt32(OmdcSecurityStatus(base).suspension))
        case OmdcMessage.volatilityControl:
            code()
            limit(OmdcVolatilityControl(base), &emitter)
        case OmdcMessage.referencePrice:
            code()
            let message = OmdcReferencePrice(base)
            limits(
                message.referencePriceBillionths, message.lowerPriceBillionths,
                message.upperPriceBillionths, .lastOfEvent, &emitter)
        case OmdcMessage.nominalPrice:
            code()
            statistic(.nominal, OmdcNominalPrice(base).priceBillionths, &emitter)
        case OmdcMessage.indicativePrice:
            code()
            let message = OmdcIndicativePrice(base)
            emitter.emit(
                .imbalance, price: message.priceBillionths, flags: .auction,
                detail: ImbalanceDetail.indicativeClearing.rawValue)
            emitter.emit(
                .imbalance, quantity: feed.quantity(message.quantity),
                flags: [.auction, .lastOfEvent], detail: ImbalanceDetail.paired.rawValue)
        case OmdcMessage.orderImbalance:
            code()
            imbalance(OmdcOrderImbalance(base), &emitter)
        case OmdcMessage.tradeCancel:
            code()
            emitter.emit(.tradeBreak, orderID: UInt64(OmdcTradeCancel(base).tradeID))
        case OmdcMessage.statistics:
            code()
            statistics(OmdcStatistics(base), &emitter)
        case OmdcMessage.closingPrice:
            code()
            let message = OmdcClosingPrice(base)
            emitter.emit(
                .statistic, price: message.priceBillionths,
                detail: StatisticDetail.officialClose.rawValue, extra: message.tradeCount)
        default: break
        }
    }

    private func statistic(
        _ detail: StatisticDetail, _ price: Int64, _ emitter: inout TickEmitter,
        flags: TickFlags = .lastOfEvent
    ) {
        emitter.emit(.statistic, price: price, flags: flags, detail: detail.rawValue)
    }

    private func limits(
        _ reference: Int64, _ lower: Int64, _ upper: Int64, _ flags: TickFlags,
        _ emitter: inout TickEmitter
    ) {
        emitter.emit(
            .limits, price: reference, flags: [], detail: LimitsDetail.reference.rawValue)
        emitter.emit(.limits, price: lower, flags: [], detail: LimitsDetail.lower.rawValue)
        emitter.emit(.limits, price: upper, flags: flags, detail: LimitsDetail.upper.rawValue)
    }

    private func limit(_ message: OmdcVolatilityControl, _ emitter: inout TickEmitter) {
        emitter.exchangeTime = message.startTime
        limits(
            message.referencePriceBillionths, message.lowerPriceBillionths,
            message.upperPriceBillionths, [], &emitter)
        emitter.emit(
            .status, quantity: feed.quantity(message.endTime),
            detail: StatusDetail.coolingOff.rawValue, extra: 1)
    }

    private func imbalance(_ message: OmdcOrderImbalance, _ emitter: inout TickEmitter) {
        let side: Side
        switch message.direction {
        case UInt8(ascii: "B"): side = .bid
        case UInt8(ascii: "S"): side = .ask
        default: side = .none
        }
        let isBlank = message.direction == UInt8(ascii: " ")
        emitter.emit(
            .imbalance, quantity: isBlank ? Quantity.none : feed.quantity(message.quantity),
            side: side, flags: [.auction, .lastOfEvent],
            detail: ImbalanceDetail.imbalance.rawValue, extra: UInt32(message.direction))
    }

    private func statistics(_ message: OmdcStatistics, _ emitter: inout TickEmitter) {
        emitter.emit(
            .statistic, quantity: feed.quantity(message.sharesTraded), flags: [],
            detail: StatisticDetail.volume.rawValue)
        statistic(.high, message.highPriceBillionths, &emitter, flags: [])
        statistic(.low, message.lowPriceBillionths, &emitter, flags: [])
        statistic(.last, message.lastPriceBillionths, &emitter, flags: [])
        statistic(.averagePrice, message.vwapBillionths, &emitter)
    }

    private func index(_ message: OmdcIndexData, _ emitter: inout TickEmitter) {
        emitter.instrument = feed.instrument(symbol: message.indexCodeText)
        if !message.indexTimeIsNull { emitter.exchangeTime = UInt64(bitPattern: message.indexTime) }
        let first = emitter.count
        func value(_ detail: StatisticDetail, _ isNull: Bool, _ price: Int64?) {
            if isNull { return }
            emitter.emit(
                .statistic, price: feed.price(price), flags: [], detail: detail.rawValue,
                extra: UInt32(message.indexStatus))
        }
        value(.last, message.valueIsNull, message.valueBillionths)
        value(.high, message.highIsNull, message.highBillionths)
        value(.low, message.lowIsNull, message.lowBillionths)
        value(.open, message.openingIsNull, message.openingBillionths)
        value(.officialClose, message.closingIsNull, message.closingBillionths)
        emitter.endEvent(since: first)
    }

    private func define(_ message: OmdcSecurityDefinition, _ emitter: inout TickEmitter) {
        let code = UInt64(message.securityCode)
        emitter.instrument = feed.instrument(code)
        var details = InstrumentDetails()
        details.set(type: type(message.productType))
        details.set("instrument_type", message.instrumentTypeText)
        details.set("product_type", String(message.productType))
        details.set("market", message.marketCodeText)
        details.set(isin: message.isinText)
        details.set("name", message.shortNameText)
        details.set("tick_table", message.spreadTableText)
        if message.warrantMaturity != 0 { details.set(expiry: Int(message.warrantMaturity)) }
        if message.bondMaturity != 0, message.warrantMaturity == 0 {
            details.set(expiry: Int(message.bondMaturity))
        }
        if message.strike > 0 { details.set(strike: Int64(message.strike), exponent: -3) }
        if message.upperStrike > 0 {
            details.set("upper_strike", Int64(message.upperStrike), exponent: -3)
        }
        if message.putCall == UInt8(ascii: "C") { details.set(putCall: .call) }
        if message.putCall == UInt8(ascii: "P") { details.set(putCall: .put) }
        if message.underlyings.count > 0 {
            details.set(underlying: String(message.underlyings[0].securityCode))
        }
        details.set("vcm", String(UnicodeScalar(message.volatilityControl)))
        details.set("short_sell", String(UnicodeScalar(message.shortSell)))
        details.set("closing_auction", String(UnicodeScalar(message.closingAuction)))
        details.set("pre_opening", String(UnicodeScalar(message.preOpening)))
        if message.dummy == UInt8(ascii: "Y") { details.set("test", "1") }
        feed.describe(
            emitter.instrument, code: code, lotSize: Int64(message.lotSize),
            currency: message.currencyText, details: details)
        emitter.emit(.definition, flags: [])
        statistic(.previousClose, message.previousCloseBillionths, &emitter)
    }

    /// Product types as their numbers group them.
    private func type(_ product: UInt8) -> InstrumentDetails.InstrumentType {
        switch product {
        case 1, 2, 6, 7, 12, 24: .equity
        case 3, 11, 13, 15, 21: .warrant
        case 4: .bond
        case 8, 9, 10: .fund
        case 16, 17, 18: .etf
        default: .other
        }
    }
}
