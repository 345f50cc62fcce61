import Ticks

/// The four directory messages.
extension Asx24Decoder {
    func decodeDirectory(
        _ key: Int, _ base: UnsafeRawPointer, _ length: Int, _ emitter: inout TickEmitter
    ) {
        switch key {
        case Asx24Message.futureDirectory: define(Asx24FutureDirectory(base), &emitter)
        case Asx24Message.optionDirectory: define(Asx24OptionDirectory(base), &emitter)
        case Asx24Message.combinationDirectory, Asx24Message.bundleDirectory:
            // Both have the same fields in the same places.
            guard Asx24CombinationDirectory.isWhole(base, length: length) else {
                return feed.table.retract(key)
            }
            define(Asx24CombinationDirectory(base), &emitter)
        default: break
        }
    }

    private func define(_ message: Asx24FutureDirectory, _ emitter: inout TickEmitter) {
        var details = InstrumentDetails()
        details.set(type: .future)
        details.set(underlying: message.productText)
        details.set(isin: message.isinText)
        setExpiry(message.expiryYear, message.expiryMonth, &details)
        details.set("cfi", message.cfiCodeText)
        details.set("name", message.longNameText)
        details.set("lot_size_or_face_value", String(message.lotSizeOrFaceValue))
        enter(
            message.instrumentID, message.symbolText, message.priceDenominator,
            message.minimumTick, message.currencyText, details, &emitter)
        settle(message.priorSettlement, &emitter)
    }

    private func define(_ message: Asx24OptionDirectory, _ emitter: inout TickEmitter) {
        var details = InstrumentDetails()
        details.set(type: .option)
        details.set(underlying: message.productText)
        details.set("underlying_code", String(message.underlyingID))
        details.set(isin: message.isinText)
        setExpiry(message.expiryYear, message.expiryMonth, &details)
        if let strike = PriceScales.billionths(message.strike, over: message.strikeDenominator) {
            details.set(strike: strike, exponent: -9)
        }
        if message.optionType == Self.call { details.set(putCall: .call) }
        if message.optionType == Self.put { details.set(putCall: .put) }
        details.set("cfi", message.cfiCodeText)
        details.set("name", message.longNameText)
        details.set("lot_size_or_face_value", String(message.lotSizeOrFaceValue))
        details.set("basis", message.basisOfQuotationText)
        enter(
            message.instrumentID, message.symbolText, message.priceDenominator,
            message.minimumTick, message.currencyText, details, &emitter)
        settle(message.priorSettlement, &emitter)
    }

    private static let call = UInt8(ascii: "C")
    private static let put = UInt8(ascii: "P")

    private func define(_ message: Asx24CombinationDirectory, _ emitter: inout TickEmitter) {
        var details = InstrumentDetails()
        details.set(type: .spread)
        details.set("cfi", message.cfiCodeText)
        details.set("name", message.longNameText)
        details.set("price_method", String(message.priceMethod))
        let legs = message.legs
        details.set(
            "legs",
            (0..<legs.count).map {
                let sign = Side(letter: legs[$0].side) == .ask ? "-" : ""
                return "\(legs[$0].instrumentID):\(sign)\(legs[$0].ratio)"
            }.joined(separator: ","))
        enter(
            message.instrumentID, message.symbolText, message.priceDenominator,
            message.minimumTick, "", details, &emitter)
        emitter.emit(.definition)
    }

    /// The day is not told in a documented form.
    private func setExpiry(_ year: UInt16, _ month: UInt8, _ details: inout InstrumentDetails) {
        guard (1...12).contains(month) else { return }
        details.set("expiry_month", "\(year)-\(month < 10 ? "0" : "")\(month)")
    }

    private func enter(
        _ number: UInt32, _ symbol: String, _ denominator: UInt32, _ minimumTick: UInt32,
        _ currency: String, _ details: InstrumentDetails, _ emitter: inout TickEmitter
    ) {
        var details = details
        details.set(PriceScales.detailKey, String(denominator))
        emitter.instrument = feed.define(UInt64(number), symbol: symbol)
        scales.set(denominator, instrument: emitter.instrument)
        feed.describe(
            emitter.instrument, code: UInt64(number),
            tickSize: PriceScales.billionths(Int64(minimumTick), over: denominator) ?? 0,
            currency: currency, details: details)
    }

    private func settle(_ settlement: Int64, _ emitter: inout TickEmitter) {
        emitter.emit(.definition, flags: [])
        emitter.emit(
            .statistic, price: price(settlement, &emitter),
            detail: StatisticDetail.settlement.rawValue)
    }
}
