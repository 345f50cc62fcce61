import Ticks

/// Definitions of instruments, and what a futures day ends with.
extension PitchDecoder {
    func decodeReference(
        _ type: Int, _ message: UnsafeRawPointer, _ length: Int, _ emitter: inout TickEmitter
    ) {
        switch type {
        case PitchMessage.symbolMapping:
            // No time stands in it.
            emitter.exchangeTime = 0
            defineOption(PitchSymbolMapping(message), quotationID: nil, 38, &emitter)
        case PitchMessage.constituentSymbolMapping:
            emitter.exchangeTime = 0
            let mapping = PitchConstituentSymbolMapping(message)
            defineOption(
                PitchSymbolMapping(message), quotationID: mapping.quotationIDText, 58, &emitter)
        case PitchMessage.quotationStrikeRange:
            let range = PitchQuotationStrikeRange(message)
            emitter.instrument = instrument(named: range.quotationIDText)
            limits(price(range.lowStrike), .lower, price(range.highStrike), .upper, &emitter)
        case PitchMessage.complexDefinitionExpanded:
            guard PitchComplexDefinitionExpanded.isWhole(message, length: length) else {
                return retract(type)
            }
            defineComplex(PitchComplexDefinitionExpanded(message), length, &emitter)
        case PitchMessage.futureDefinition:
            guard PitchFutureDefinition.isWhole(message, length: length) else {
                return retract(type)
            }
            defineFuture(PitchFutureDefinition(message), length, &emitter)
        case PitchMessage.priceLimits:
            let bounds = PitchPriceLimits(message)
            emitter.instrument = instrument(bounds.symbolKey)
            limits(
                signedPrice(bounds.upper), .upper, signedPrice(bounds.lower), .lower, &emitter)
        case PitchMessage.settlement:
            let settlement = PitchSettlement(message)
            emitter.instrument = instrument(settlement.symbolKey)
            emitter.emit(
                .statistic, orderID: UInt64(settlement.tradeDate),
                price: signedPrice(settlement.price),
                detail: StatisticDetail.settlement.rawValue, extra: UInt32(settlement.issue))
        case PitchMessage.openInterest:
            let interest = PitchOpenInterest(message)
            emitter.instrument = instrument(interest.symbolKey)
            emitter.emit(
                .statistic, orderID: UInt64(interest.tradeDate),
                quantity: Int64(interest.openInterest),
                detail: StatisticDetail.openInterest.rawValue)
        case PitchMessage.endOfDaySummary:
            endOfDay(PitchEndOfDaySummary(message), &emitter)
        default:
            if layout == .europe { decodeEurope(type, message, &emitter) }
        }
    }

    private func instrument(named text: String) -> UInt32 {
        let id = directory.findOrAdd(text: text, venue: venue, code: 0, channel: channel)
        if id == 0 { counters.directoryFull &+= 1 }
        return id
    }

    private func signedPrice(_ raw: Int64) -> Int64 { price(UInt64(bitPattern: raw)) }

    private func limits(
        _ first: Int64, _ firstDetail: LimitsDetail, _ second: Int64,
        _ secondDetail: LimitsDetail, _ emitter: inout TickEmitter
    ) {
        emitter.emit(.limits, price: first, flags: [], detail: firstDetail.rawValue)
        emitter.emit(.limits, price: second, detail: secondDetail.rawValue)
    }

    private func endOfDay(_ summary: PitchEndOfDaySummary, _ emitter: inout TickEmitter) {
        emitter.instrument = instrument(summary.symbolKey)
        let first = emitter.count
        func value(
            _ detail: StatisticDetail, price: Int64 = Price.none, quantity: Int64 = Quantity.none
        ) {
            emitter.emit(
                .statistic, orderID: UInt64(summary.tradeDate), price: price, quantity: quantity,
                flags: [], detail: detail.rawValue)
        }
        value(.openInterest, quantity: Int64(summary.openInterest))
        value(.high, price: signedPrice(summary.high))
        value(.low, price: signedPrice(summary.low))
        value(.open, price: signedPrice(summary.open))
        value(.close, price: signedPrice(summary.close))
        value(.volume, quantity: Int64(summary.volume))
        value(.blockVolume, quantity: Int64(summary.blockVolume))
        value(.exchangeRelatedVolume, quantity: Int64(summary.exchangeRelatedVolume))
        emitter.endEvent(since: first)
    }

    // MARK: Directory

    /// True if the definition says something new of the instrument: venues repeat theirs all day.
    /// `bytes` are those that make the definition, without times.
    private func isNews(_ instrument: UInt32, _ bytes: UnsafeRawBufferPointer) -> Bool {
        var digest: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { digest = (digest ^ UInt64(byte)) &* 0x100_0000_01B3 }
        let place = Int(instrument)
        if place >= definitionDigests.count {
            let missing = place + 1 - definitionDigests.count
            definitionDigests.append(contentsOf: repeatElement(0, count: missing))
        }
        if definitionDigests[place] == digest { return false }
        definitionDigests[place] = digest
        return true
    }

    private func define(
        _ instrument: UInt32, tickSize: Int64 = 0, _ details: InstrumentDetails,
        _ emitter: inout TickEmitter
    ) {
        directory.update(instrument) { entry in
            entry.channel = channel
            entry.tickSize = tickSize
            entry.currency = "USD"
            entry.details = details.text
        }
        emitter.instrument = instrument
        emitter.emit(.definition)
    }

    private func defineOption(
        _ mapping: PitchSymbolMapping, quotationID: String?, _ length: Int,
        _ emitter: inout TickEmitter
    ) {
        let id = instrument(mapping.feedSymbolKey)
        let bytes = UnsafeRawBufferPointer(start: mapping.base + 8, count: length - 8)
        guard id != 0, isNews(id, bytes) else { return }
        var details = InstrumentDetails()
        details.set(type: .option)
        details.set(underlying: mapping.underlyingText)
        Self.setOSI(mapping.osiSymbolBytes, &details)
        details.set("osi", mapping.osiSymbolText)
        details.set("condition", String(Unicode.Scalar(mapping.condition)))
        if let quotationID { details.set("soq", quotationID) }
        define(id, details, &emitter)
    }

    /// Root of six letters, YYMMDD, C or P, strike in thousandths with eight digits.
    private static func setOSI(
        _ symbol: UnsafeRawBufferPointer, _ details: inout InstrumentDetails
    ) {
        func number(_ range: Range<Int>) -> Int? {
            var value = 0
            for place in range {
                let digit = Int(symbol[place]) - 0x30
                guard (0...9).contains(digit) else { return nil }
                value = value * 10 + digit
            }
            return value
        }
        guard let date = number(6..<12), let strike = number(13..<21) else { return }
        switch symbol[12] {
        case UInt8(ascii: "C"): details.set(putCall: .call)
        case UInt8(ascii: "P"): details.set(putCall: .put)
        default: return
        }
        details.set(expiry: 20_000_000 + date)
        details.set(strike: Int64(strike), exponent: -3)
    }

    private func defineComplex(
        _ definition: PitchComplexDefinitionExpanded, _ length: Int,
        _ emitter: inout TickEmitter
    ) {
        let id = instrument(definition.symbolKey)
        let bytes = UnsafeRawBufferPointer(start: definition.base + 12, count: length - 12)
        guard id != 0, isNews(id, bytes) else { return }
        var details = InstrumentDetails()
        details.set(type: .spread)
        details.set(underlying: definition.underlyingText)
        var legs: [String] = []
        for index in 0..<definition.legs.count {
            let leg = definition.legs[index]
            legs.append("\(leg.ratio)*\(leg.symbolText)/\(Unicode.Scalar(leg.kind))")
        }
        details.set("legs", legs.joined(separator: " "))
        define(id, details, &emitter)
    }

    private func defineFuture(
        _ definition: PitchFutureDefinition, _ length: Int, _ emitter: inout TickEmitter
    ) {
        emitter.exchangeTime =
            UInt64(definition.unitTime) &* 1_000_000_000 &+ UInt64(definition.timeOffset)
        let id = instrument(definition.symbolKey)
        let bytes = UnsafeRawBufferPointer(start: definition.base + 16, count: length - 16)
        guard id != 0, isNews(id, bytes) else { return }
        var details = InstrumentDetails()
        details.set(type: definition.legCount == 0 ? .future : .spread)
        details.set(expiry: Int(definition.expiry))
        details.set(multiplier: Int64(definition.contractSize))
        details.set("report_symbol", definition.reportSymbolText)
        details.set("listing_state", String(Unicode.Scalar(definition.listingState)))
        if definition.contract.count == 1 {
            details.set("contract_date", String(definition.contract[0].contractDate))
        }
        var legs: [String] = []
        for index in 0..<definition.legs.count {
            let leg = definition.legs[index]
            legs.append("\(leg.ratio)*\(leg.symbolText)")
        }
        details.set("legs", legs.joined(separator: " "))
        let increment = signedPrice(definition.increment)
        define(id, tickSize: increment == Price.none ? 0 : increment, details, &emitter)
    }
}
