import Ticks
import Wire

/// Index mappings and the directory.
extension PillarDecoder {
    /// Takes over what an earlier run of the trading day had learned: indexes are those of the
    /// market, whichever of its channels brought the mapping.
    func restoreSymbols(venue name: String) {
        for entry in directory.entries where entry.venue == name {
            guard let index = UInt32(exactly: entry.code) else { continue }
            var symbol = PillarSymbol(index: index, instrument: entry.id)
            symbol.isUnnamed = entry.symbol.isEmpty
            if symbol.isUnnamed, entry.channel != channel { continue }
            var isSeries = false
            for line in entry.details.split(separator: "\n") {
                let parts = line.split(separator: "=", maxSplits: 1)
                guard parts.count == 2 else { continue }
                switch parts[0] {
                case "price_scale":
                    symbol.priceScale = UInt8(parts[1]).map(PillarSymbol.priceScale) ?? 0
                case "system":
                    symbol.system = UInt8(parts[1]).map(UInt16.init) ?? PillarSymbol.unknownSystem
                case "series_type": isSeries = true
                default: break
                }
            }
            let known = isSeries ? series.find(index) : symbols.find(index)
            if symbol.isUnnamed, known.instrument != 0 { continue }
            if isSeries { series.insert(symbol) } else { symbols.insert(symbol) }
        }
    }

    /// A symbol that messages name before its mapping: it has an entry by its index alone.
    @inline(never)
    func addUnnamed(_ index: UInt32, isSeries: Bool) -> PillarSymbol {
        let id = directory.addUnnamed(venue: venue, code: UInt64(index), channel: channel)
        if id == 0 {
            counters.directoryFull &+= 1
            return PillarSymbol(index: index)
        }
        var symbol = PillarSymbol(index: index, instrument: id)
        symbol.isUnnamed = true
        if isSeries {
            series.insert(symbol)
            directory.update(id) { $0.details = "series_type=unknown" }
        } else {
            symbols.insert(symbol)
        }
        return symbol
    }

    /// The id of the symbol that an index means from now on; 0, and counted, if there is no place.
    private func enter(_ index: UInt32, _ text: String, known: PillarSymbol) -> UInt32 {
        if known.instrument != 0, known.isUnnamed,
            directory.name(known.instrument, text: text, venue: venue)
        {
            return known.instrument
        }
        let id = directory.findOrAdd(
            text: text, venue: venue, code: UInt64(index), channel: channel)
        if id == 0 { counters.directoryFull &+= 1 }
        return id
    }

    func define(_ message: PillarSymbolIndexMapping, _ emitter: inout TickEmitter) {
        let index = message.symbolIndex
        let id = enter(index, message.symbolText, known: symbols.find(index))
        guard id != 0 else { return }
        symbols.insert(
            PillarSymbol(
                index: index, instrument: id,
                priceScale: PillarSymbol.priceScale(code: message.priceScaleCode),
                system: UInt16(message.systemID)))
        let isOptions = isOptions
        let channel = channel
        directory.update(id) { entry in
            entry.code = UInt64(index)
            entry.channel = channel
            entry.lotSize = Int64(message.lotSize)
            entry.currency = "USD"
            // 1/100 of a cent (nyse-xdp.md §4, type 3).
            entry.tickSize = isOptions ? 0 : Int64(message.minimumPriceVariation) * 100_000
            entry.details = Self.details(message, isOptions: isOptions)
        }
        emitter.instrument = id
        emitter.exchangeTime = 0
        emitter.emit(.definition)
    }

    private static func details(
        _ message: PillarSymbolIndexMapping, isOptions: Bool
    ) -> String {
        var details = InstrumentDetails()
        details.set(type: type(of: message.securityType))
        details.set("security_type", letter(message.securityType))
        details.set("listing", letter(message.listingExchange))
        details.set("market", market(message.marketID))
        details.set("system", String(message.systemID))
        details.set("price_scale", String(message.priceScaleCode))
        if message.previousClosePrice != 0, message.priceScaleCode <= 18 {
            details.set(
                "previous_close", Int64(message.previousClosePrice),
                exponent: -Int(message.priceScaleCode))
        }
        if message.previousCloseVolume != 0 {
            details.set("previous_volume", String(message.previousCloseVolume))
        }
        details.set("price_resolution", String(message.priceResolution))
        details.set("round_lots", letter(message.roundLots))
        if !isOptions { details.set("unit_of_trade", String(message.unitOfTrade)) }
        return details.text
    }

    /// The venue's letter is kept beside it; these are plain by their names.
    private static func type(of letter: UInt8) -> InstrumentDetails.InstrumentType {
        switch letter {
        case UInt8(ascii: "E"): .etf
        case UInt8(ascii: "D"): .bond
        case UInt8(ascii: "W"): .warrant
        case UInt8(ascii: "X"): .index
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): .equity
        default: .other
        }
    }

    private static func market(_ number: UInt16) -> String {
        PillarMarketID(rawValue: number).map { "\($0)" } ?? String(number)
    }

    private static func letter(_ letter: UInt8) -> String {
        String(Unicode.Scalar(letter))
    }

    // MARK: Options series

    func define(_ message: PillarSeriesIndexMapping, _ emitter: inout TickEmitter) {
        let index = message.seriesIndex
        let strike = Self.strike(message.strikePriceText)
        let id = enter(
            index, Self.symbol(message, strike: strike), known: series.find(index))
        guard id != 0 else { return }
        series.insert(
            PillarSymbol(
                index: index, instrument: id,
                priceScale: PillarSymbol.priceScale(code: message.priceScaleCode),
                system: UInt16(message.systemID)))
        let channel = channel
        directory.update(id) { entry in
            entry.code = UInt64(index)
            entry.channel = channel
            entry.currency = "USD"
            entry.details = Self.details(message, strike: strike)
        }
        emitter.instrument = id
        emitter.exchangeTime = 0
        emitter.emit(.definition)
    }

    private static func details(
        _ message: PillarSeriesIndexMapping, strike: Int64?
    ) -> String {
        var details = InstrumentDetails()
        details.set(type: .option)
        details.set(underlying: message.underlyingText)
        details.set("underlying_code", String(message.underlyingIndex))
        if let date = Int(message.maturityDateText) { details.set(expiry: 20_000_000 + date) }
        if let strike { details.set(strike: strike, exponent: -3) }
        switch PillarPutOrCall(rawValue: message.putOrCall) {
        case .put: details.set(putCall: .put)
        case .call: details.set(putCall: .call)
        case nil: break
        }
        details.set(multiplier: Int64(message.contractMultiplier))
        details.set("series_type", String(message.seriesType))
        details.set("closing_only", letter(message.closingOnly))
        details.set("market", market(message.marketID))
        details.set("system", String(message.systemID))
        details.set("price_scale", String(message.priceScaleCode))
        return details.text
    }

    /// Root, date, C or P and the strike in thousandths, such as `SPXW 240315C05100000`; the strike
    /// as it stands there if it is no such number.
    private static func symbol(_ message: PillarSeriesIndexMapping, strike: Int64?) -> String {
        var strikeText = message.strikePriceText
        if let strike {
            let digits = String(strike)
            strikeText = String(repeating: "0", count: max(0, 8 - digits.count)) + digits
        }
        let putCall: String
        switch PillarPutOrCall(rawValue: message.putOrCall) {
        case .put: putCall = "P"
        case .call: putCall = "C"
        case nil: putCall = "?"
        }
        return message.optionRootText + " " + message.maturityDateText + putCall + strikeText
    }

    /// A decimal number of at most ten digits in thousandths; nil for anything else.
    static func strike(_ text: String) -> Int64? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, whole.count <= 10, let dollars = Int64(whole), dollars >= 0
        else { return nil }
        guard parts.count == 2 else { return dollars * 1000 }
        var decimals = parts[1]
        while decimals.last == "0" { decimals.removeLast() }
        guard decimals.count <= 3, decimals.allSatisfy(\.isNumber) else { return nil }
        let padded = decimals + String(repeating: "0", count: 3 - decimals.count)
        return Int64(padded).map { dollars * 1000 + $0 }
    }
}
