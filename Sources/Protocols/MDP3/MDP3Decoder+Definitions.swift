import Ticks

/// Instrument definitions (54 to 58, 63; 27, 29, 41 with seven decimals): read by the description,
/// for they come rarely, and ten templates say mostly the same.
extension MDP3Decoder {
    func define(_ message: Message, _ emitter: inout TickEmitter) {
        guard let template = Self.definitions[message.template] else { return }
        var reader = MDP3DefinitionReader(block: message.blockLength)
        reader.read(template, message.base)
        let index = instruments.define(reader.code, symbol: reader.symbol, channel: channel)
        emitter.exchangeTime = reader.lastUpdateTime
        guard index != 0 else {
            counters.directoryFull += 1
            return
        }
        let state = instruments.states + index
        emitter.instrument = state.pointee.instrument
        if let depth = reader.depth { setDepth(index, depth, implied: false, &emitter) }
        if let depth = reader.impliedDepth { setDepth(index, depth, implied: true, &emitter) }
        let details = reader.finish(Self.types[message.template] ?? .other)
        instruments.directory.update(state.pointee.instrument) { entry in
            entry.code = MDP3Instruments.key(reader.code)
            entry.channel = channel
            entry.tickSize = reader.tickSize
            entry.lotSize = reader.lotSize
            entry.currency = reader.currency
            entry.details = details
        }
        emitter.emit(
            .definition, flags: reader.status == nil ? .lastOfEvent : [],
            extra: UInt32(reader.action))
        if let status = reader.status { emitter.status(.trading, UInt32(status)) }
    }

    /// Levels below the depth were kept although the venue had dropped them, and go. What the venue
    /// has spoken of proves a definition wrong.
    private func setDepth(
        _ index: Int, _ depth: Int, implied: Bool, _ emitter: inout TickEmitter
    ) {
        let state = instruments.states + index
        let most = implied ? MDP3Instruments.impliedMax : MDP3Instruments.outrightMax
        let proven = implied ? state.pointee.impliedProven : state.pointee.outrightProven
        var depth = min(max(depth, Int(proven), 1), most)
        // Out of a loop, a tick tells what stands in a book of another channel's.
        var flags: TickFlags = isLoop ? [.snapshot, .lastOfEvent] : .lastOfEvent
        if implied { flags.insert(.implied) }
        for side in [Side.bid, .ask] {
            let book = MDP3LevelBook(
                levels: instruments.levels(index, ask: side == .ask, implied: implied),
                depth: most, side: side, flags: flags)
            depth = max(depth, book.cut(to: depth, &emitter))
        }
        if implied {
            state.pointee.impliedDepth = UInt8(depth)
        } else {
            state.pointee.outrightDepth = UInt8(depth)
        }
    }

    private static let types: [Int: InstrumentDetails.InstrumentType] = [
        27: .future, 54: .future, 41: .option, 55: .option, 29: .spread, 56: .spread, 57: .bond,
        58: .other, 63: .fx,
    ]

    private static let definitions: [Int: ProtocolDescription.Message] =
        ProtocolDescription.mdP3.messages.reduce(into: [:]) { table, message in
            if types[message.key] != nil { table[message.key] = message }
        }
}

/// What one definition says, gathered field by field.
struct MDP3DefinitionReader {
    private(set) var code: Int32 = 0
    private(set) var symbol = ""
    private(set) var lastUpdateTime: UInt64 = 0
    private(set) var action: UInt8 = 0
    private(set) var status: UInt8?
    private(set) var tickSize: Int64 = 0
    private(set) var lotSize: Int64 = 0
    private(set) var currency = ""
    private(set) var depth: Int?
    private(set) var impliedDepth: Int?

    private let block: Int
    private var details = InstrumentDetails()
    private var maturity: (year: Int, month: Int, day: Int, week: Int) = (0, 0, 0, 0)
    private var lastTrade: Int64 = 0
    private var endDate = 0
    private var legs: [String] = []
    private var isISIN = false
    private var alternativeID = ""
    /// Of the group entry being read.
    private var entry: [String: Value] = [:]

    private enum Value {
        case number(Int128, exponent: Int)
        case text(String)

        var integer: Int {
            if case .number(let value, _) = self { return Int(clamping: value) }
            return 0
        }
        var text: String {
            if case .text(let text) = self { return text }
            return ""
        }
    }

    init(block: Int) { self.block = block }

    mutating func read(_ message: ProtocolDescription.Message, _ base: UnsafeRawPointer) {
        for field in message.fields where field.end <= block {
            if let value = Self.value(field, base) { take(field.name, value) }
        }
        var at = base + block
        for part in message.parts {
            // `isWhole` has walked the groups already; those that an older version does not have
            // tell nothing that is kept.
            if part.isOptional { return }
            guard let lengthField = part.dimension.first(where: { $0.name == "blockLength" }),
                let countField = part.dimension.first(where: { $0.name == "count" })
            else { return }
            let stride = Int(at.wireLittle(lengthField.offset, bytes: 2))
            let count = Int(at.wireLittle(countField.offset, bytes: 1))
            at += part.dimensionSize
            for _ in 0..<count {
                entry.removeAll(keepingCapacity: true)
                for field in part.fields where field.end <= stride {
                    entry[field.name] = Self.value(field, at)
                }
                takeEntry(part.name)
                at += stride
            }
        }
    }

    /// nil for the null value and for blank text.
    private static func value(_ field: ProtocolDescription.Field, _ base: UnsafeRawPointer)
        -> Value?
    {
        let raw: Int128
        switch field.form {
        case .unsigned(let bytes, _):
            raw = Int128(base.wireLittle(field.offset, bytes: bytes))
        case .signed(let bytes, _):
            let shift = UInt64(64 - 8 * bytes)
            raw = Int128(
                Int64(bitPattern: base.wireLittle(field.offset, bytes: bytes) << shift)
                    >> Int64(shift))
        case .character:
            let letter = base.byte(field.offset)
            guard (0x21...0x7E).contains(letter) else { return nil }
            return .text(String(UnicodeScalar(letter)))
        case .text(let bytes):
            let text = base.wireText(field.offset, bytes: bytes)
            return text.isEmpty ? nil : .text(text)
        case .bytes:
            return nil
        }
        return raw == field.null ? nil : .number(raw, exponent: field.exponent ?? 0)
    }

    private mutating func take(_ name: String, _ value: Value) {
        switch name {
        case "securityID": code = Int32(truncatingIfNeeded: value.integer)
        case "symbol": symbol = value.text
        case "lastUpdateTime": lastUpdateTime = UInt64(max(value.integer, 0))
        case "securityUpdateAction": action = value.text.utf8.first ?? 0
        case "mdSecurityTradingStatus": status = UInt8(truncatingIfNeeded: value.integer)
        case "currency": currency = value.text
        case "minPriceIncrement": tickSize = Self.billionths(value) ?? 0
        case "maturityMonthYearYear": maturity.year = value.integer
        case "maturityMonthYearMonth": maturity.month = value.integer
        case "maturityMonthYearDay": maturity.day = value.integer
        case "maturityMonthYearWeek": maturity.week = value.integer
        case "maturityDate", "endDate": endDate = value.integer
        case "putOrCall": details.set(putCall: value.integer == 1 ? .call : .put)
        case "securityAltID": alternativeID = value.text
        case "securityAltIDSource": isISIN = value.integer == 4
        default:
            if let key = Self.keys[name] { set(key, value) }
        }
    }

    private mutating func set(_ key: String, _ value: Value) {
        switch value {
        case .text(let text): details.set(key, text)
        case .number(let number, let exponent):
            guard let mantissa = Int64(exactly: number) else {
                details.set(key, "\(number)")
                return
            }
            details.set(key, mantissa, exponent: exponent)
        }
    }

    private static func billionths(_ value: Value) -> Int64? {
        guard case .number(let number, let exponent) = value, exponent >= -9 else { return nil }
        var scaled = number
        for _ in 0..<(9 + exponent) { scaled *= 10 }
        return Int64(exactly: scaled)
    }

    private mutating func takeEntry(_ group: String) {
        func number(_ name: String) -> Int { entry[name]?.integer ?? 0 }
        switch group {
        case "noEvents":
            if number("eventType") == 7 { lastTrade = Int64(number("eventTime")) }
            if number("eventType") == 5 {
                details.set("activation", Int64(number("eventTime")), exponent: 0)
            }
        case "noMDFeedTypes":
            let depth = number("marketDepth")
            if entry["mdFeedType"]?.text == "GBX" { self.depth = depth }
            if entry["mdFeedType"]?.text == "GBI" { impliedDepth = depth }
        case "noInstAttrib":
            details.set("attributes", Int64(number("instAttribValue")), exponent: 0)
        case "noLotTypeRules": takeLot(type: number("lotType"))
        case "noUnderlyings":
            details.set(underlying: entry["underlyingSymbol"]?.text ?? "")
            details.set("underlying_code", Int64(number("underlyingSecurityID")), exponent: 0)
        case "noLegs":
            let side = number("legSide") == 2 ? "-" : "+"
            legs.append("\(number("legSecurityID")):\(side)\(number("legRatioQty"))")
        default: break
        }
    }

    /// FIX's lot type 2 is the round lot.
    private mutating func takeLot(type: Int) {
        guard case .number(let mantissa, let exponent) = entry["minLotSize"],
            let size = Int64(exactly: mantissa)
        else { return }
        let divisor = exponent < 0 ? [1, 10, 100, 1_000, 10_000][min(-exponent, 4)] : 1
        if type == 2, size % Int64(divisor) == 0 {
            lotSize = size / Int64(divisor)
        } else {
            details.set("lot_\(type)", size, exponent: exponent)
        }
    }

    /// The directory's text for the instrument.
    mutating func finish(_ type: InstrumentDetails.InstrumentType) -> String {
        details.set(type: type)
        if let depth { details.set("depth", Int64(depth), exponent: 0) }
        if let impliedDepth { details.set("implied_depth", Int64(impliedDepth), exponent: 0) }
        setExpiry()
        details.set("legs", legs.joined(separator: ","))
        if isISIN { details.set(isin: alternativeID) } else { details.set("cusip", alternativeID) }
        return details.text
    }

    /// The day that the maturity names, else the day of the last trade, else that of the end.
    private mutating func setExpiry() {
        if maturity.year > 0, maturity.month > 0 {
            let week = maturity.week > 0 ? "w\(maturity.week)" : ""
            let month = maturity.month < 10 ? "0\(maturity.month)" : "\(maturity.month)"
            details.set("maturity", "\(maturity.year)-\(month)\(week)")
        }
        if lastTrade > 0 { details.set("last_trade", lastTrade, exponent: 0) }
        let day = lastTrade > 0 ? Int(lastTrade / 86_400_000_000_000) : endDate
        if maturity.year > 0, maturity.day > 0 {
            details.set(expiry: maturity.year, maturity.month, maturity.day)
        } else if day > 0 {
            let date = Self.date(day)
            details.set(expiry: date.year, date.month, date.day)
        }
    }

    /// Day of the Gregorian calendar, `days` after 1970-01-01, which is in an era of 400 years that
    /// begins in March of 1600.
    private static func date(_ days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 135_080
        let (era, dayOfEra) = shifted.quotientAndRemainder(dividingBy: 146_097)
        let yearOfEra =
            (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (1600 + era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, day)
    }

    /// Fields that become details as they are.
    private static let keys: [String: String] = [
        "applID": "appl_id", "marketSegmentID": "market_segment", "underlyingProduct": "product",
        "securityExchange": "exchange", "securityGroup": "group", "asset": "asset",
        "securityType": "security_type", "cfiCode": "cfi", "settlCurrency": "settlement_currency",
        "matchAlgorithm": "match_algorithm", "minTradeVol": "trade_min",
        "maxTradeVol": "trade_max", "displayFactor": "display_factor",
        "mainFraction": "main_fraction", "subFraction": "sub_fraction",
        "priceDisplayFormat": "price_display_format", "unitOfMeasure": "unit",
        "unitOfMeasureQty": "multiplier", "tradingReferencePrice": "reference_price",
        "tradingReferenceDate": "reference_date", "settlPriceType": "settlement_type_bits",
        "openInterestQty": "open_interest", "clearedVolume": "cleared_volume",
        "highLimitPrice": "limit_high", "lowLimitPrice": "limit_low",
        "maxPriceVariation": "price_variation", "originalContractSize": "original_size",
        "contractMultiplier": "contract_multiplier", "minPriceIncrementAmount": "tick_value",
        "userDefinedInstrument": "user_defined", "instrumentGUID": "guid",
        "strikePrice": "strike", "strikeCurrency": "strike_currency",
        "minCabPrice": "cabinet_price", "tickRule": "tick_table", "securitySubType": "sub_type",
        "priceRatio": "price_ratio", "priceQuoteMethod": "quote_method",
        "financialInstrumentFullName": "name", "issueDate": "issue_date", "couponRate": "coupon",
        "parValue": "par", "countryOfIssue": "country", "issuer": "issuer", "startDate": "start",
        "terminationType": "termination", "termCode": "term",
        "priceQuoteCurrency": "quote_currency", "pricePrecision": "price_precision",
        "fxCurrencySymbol": "fx_symbol", "settlType": "settlement_type",
        "altMinPriceIncrement": "alternative_tick",
    ]
}
