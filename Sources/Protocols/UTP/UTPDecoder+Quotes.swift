import Ticks

/// A market centre's quote, and what its indicators say about what stands behind it.
private struct UTPQuote {
    var bid: ConsolidatedSide
    var ask: ConsolidatedSide
    var nbbo: UInt8
    var nbboLuld: UInt8
    /// Behind the fixed part.
    var parts: UnsafeRawPointer
}

/// Indicators of odd lots, where a message has them.
private struct UTPOddLots {
    var bolo: UInt8
    var form: UInt8
    var count: Int
}

extension UTPDecoder {
    private static let millionths = ConsolidatedEmitter.millionths
    private static let short = UInt8(ascii: "2")
    private static let long = UInt8(ascii: "3")
    private static let withMember = UInt8(ascii: "5")

    @inline(__always)
    func quote(
        _ key: Int, _ message: UnsafeRawPointer, _ length: Int, _ out: inout ConsolidatedEmitter
    ) -> Bool {
        switch key {
        case UtpMessage.shortQuote:
            guard UtpShortQuote.isWhole(message, length: length) else { return false }
            var quote = shortQuote(message, parts: 48, &out)
            emit(&quote, adf: 0, nil, &out)
        case UtpMessage.longQuote:
            guard UtpLongQuote.isWhole(message, length: length) else { return false }
            var quote = longQuote(message, parts: 79, &out)
            emit(&quote, adf: UtpLongQuote(message).adfMpidIndicator, nil, &out)
        case UtpMessage.shortCombinedQuote:
            let whole = UtpShortCombinedQuote(message)
            let odd = UTPOddLots(
                bolo: whole.bolo, form: whole.oddLotForm, count: Int(whole.oddLotCount))
            guard odd.count <= Self.oddLotMax,
                UtpShortCombinedQuote.isWhole(message, length: length)
            else { return false }
            // The shorter messages' fields stand in the same places.
            var quote = shortQuote(message, parts: 52, &out)
            emit(&quote, adf: 0, odd, &out)
        default:
            let whole = UtpLongCombinedQuote(message)
            let odd = UTPOddLots(
                bolo: whole.bolo, form: whole.oddLotForm, count: Int(whole.oddLotCount))
            guard odd.count <= Self.oddLotMax,
                UtpLongCombinedQuote.isWhole(message, length: length)
            else { return false }
            var quote = longQuote(message, parts: 83, &out)
            emit(&quote, adf: whole.adfMpidIndicator, odd, &out)
        }
        return true
    }

    @inline(__always)
    private func shortQuote(
        _ message: UnsafeRawPointer, parts: Int, _ out: inout ConsolidatedEmitter
    ) -> UTPQuote {
        let quote = UtpShortQuote(message)
        out.ticks.instrument = symbols.find5(message + 29)
        let letters = ConsolidatedEmitter.letters(
            quote.marketCenter, quote.condition, quote.retailInterest, quote.luld)
        return UTPQuote(
            bid: ConsolidatedSide(
                price: quote.bidPriceBillionths,
                quantity: Int64(quote.bidSize) &* Self.millionths, letters: letters),
            ask: ConsolidatedSide(
                price: quote.askPriceBillionths,
                quantity: Int64(quote.askSize) &* Self.millionths, letters: letters),
            nbbo: quote.nbbo, nbboLuld: quote.nbboLuld, parts: message + parts)
    }

    @inline(__always)
    private func longQuote(
        _ message: UnsafeRawPointer, parts: Int, _ out: inout ConsolidatedEmitter
    ) -> UTPQuote {
        let quote = UtpLongQuote(message)
        out.ticks.instrument = symbols.find11(message + 37)
        let letters = ConsolidatedEmitter.letters(
            quote.marketCenter, quote.condition, quote.retailInterest, quote.luld)
        return UTPQuote(
            bid: ConsolidatedSide(
                price: quote.bidPriceBillionths,
                quantity: Int64(quote.bidSize) &* Self.millionths, letters: letters),
            ask: ConsolidatedSide(
                price: quote.askPriceBillionths,
                quantity: Int64(quote.askSize) &* Self.millionths, letters: letters),
            nbbo: quote.nbbo, nbboLuld: quote.nbboLuld, parts: message + parts)
    }

    /// The market centre's quote, odd lots, and last the national best: its tick completes the
    /// message. On the wire the national best stands first.
    @inline(__always)
    private func emit(
        _ quote: inout UTPQuote, adf: UInt8, _ odd: UTPOddLots?, _ out: inout ConsolidatedEmitter
    ) {
        let appendage = quote.parts
        var part = appendage
        if quote.nbbo == Self.short { part += 11 }
        if quote.nbbo == Self.long { part += 27 }
        if adf == Self.short {
            let members = UtpLongQuoteAdfMpidEntry(part)
            quote.bid.member = members.bidMpidLetters
            quote.ask.member = members.askMpidLetters
            part += 8
        }
        out.quote(.participant, .bid, quote.bid)
        out.quote(.participant, .ask, quote.ask)
        if let odd { oddLots(odd, part, &out) }
        national(quote, appendage, &out)
    }

    @inline(__always)
    private func national(
        _ quote: UTPQuote, _ appendage: UnsafeRawPointer, _ out: inout ConsolidatedEmitter
    ) {
        var bid = ConsolidatedSide.none
        var ask = ConsolidatedSide.none
        func letters(_ center: UInt8, _ condition: UInt8) -> UInt32 {
            ConsolidatedEmitter.letters(center, condition, 0, quote.nbboLuld)
        }
        switch quote.nbbo {
        case UInt8(ascii: "1"): break
        case Self.short:
            let best = UtpLongQuoteNbboShortEntry(appendage)
            bid = Self.side(best.bidPriceBillionths, UInt32(best.bidSize))
            ask = Self.side(best.askPriceBillionths, UInt32(best.askSize))
            bid.letters = letters(best.bidCenter, best.condition)
            ask.letters = letters(best.askCenter, best.condition)
        case Self.long:
            let best = UtpLongQuoteNbboLongEntry(appendage)
            bid = Self.side(best.bidPriceBillionths, best.bidSize)
            ask = Self.side(best.askPriceBillionths, best.askSize)
            bid.letters = letters(best.bidCenter, best.condition)
            ask.letters = letters(best.askCenter, best.condition)
        case UInt8(ascii: "4"):
            bid = quote.bid
            ask = quote.ask
            // The letter of the national best, not that of the quote.
            bid.letters = bid.letters & 0x00FF_FFFF | UInt32(quote.nbboLuld) << 24
            ask.letters = ask.letters & 0x00FF_FFFF | UInt32(quote.nbboLuld) << 24
        default: return
        }
        out.quote(.national, .bid, bid)
        out.quote(.national, .ask, ask)
    }

    @inline(__always)
    private static func side(_ price: Int64?, _ size: UInt32) -> ConsolidatedSide {
        ConsolidatedSide(price: price, quantity: Int64(size) &* millionths, letters: 0)
    }

    // MARK: Odd lots

    func oddLotQuote(
        _ key: Int, _ message: UnsafeRawPointer, _ length: Int, _ out: inout ConsolidatedEmitter
    ) -> Bool {
        if key == UtpMessage.shortOddLotQuote {
            let quote = UtpShortOddLotQuote(message)
            guard Int(quote.oddLotCount) <= Self.oddLotMax,
                UtpShortOddLotQuote.isWhole(message, length: length)
            else { return false }
            out.ticks.instrument = symbols.find5(message + 29)
            oddLots(
                UTPOddLots(
                    bolo: quote.bolo, form: quote.oddLotForm, count: Int(quote.oddLotCount)),
                message + 39, &out)
        } else {
            let quote = UtpLongOddLotQuote(message)
            guard Int(quote.oddLotCount) <= Self.oddLotMax,
                UtpLongOddLotQuote.isWhole(message, length: length)
            else { return false }
            out.ticks.instrument = symbols.find11(message + 37)
            oddLots(
                UTPOddLots(
                    bolo: quote.bolo, form: quote.oddLotForm, count: Int(quote.oddLotCount)),
                message + 53, &out)
        }
        return true
    }

    @inline(never)
    private func oddLots(
        _ odd: UTPOddLots, _ parts: UnsafeRawPointer, _ out: inout ConsolidatedEmitter
    ) {
        var part = parts
        var bid = ConsolidatedSide.none
        var ask = ConsolidatedSide.none
        switch odd.bolo {
        case Self.short:
            let best = UtpLongCombinedQuoteBoloShortEntry(part)
            bid = Self.side(best.bidPriceBillionths, UInt32(best.bidSize))
            ask = Self.side(best.askPriceBillionths, UInt32(best.askSize))
            bid.letters = UInt32(best.bidCenter)
            ask.letters = UInt32(best.askCenter)
            part += 10
        case Self.long, Self.withMember:
            // The form with member letters has them behind both sides.
            let best = UtpLongCombinedQuoteBoloMpidEntry(part)
            bid = Self.side(best.bidPriceBillionths, UInt32(best.bidSize))
            ask = Self.side(best.askPriceBillionths, UInt32(best.askSize))
            bid.letters = UInt32(best.bidCenter)
            ask.letters = UInt32(best.askCenter)
            part += 22
            if odd.bolo == Self.withMember {
                bid.member = best.bidMpidLetters
                ask.member = best.askMpidLetters
                part += 8
            }
        default: break
        }
        if odd.bolo != UInt8(ascii: "0"), odd.bolo != UInt8(ascii: " ") {
            out.quote(.oddLotBest, .bid, bid)
            out.quote(.oddLotBest, .ask, ask)
        }
        oddLotLevels(odd, part, &out)
    }

    private func oddLotLevels(
        _ odd: UTPOddLots, _ levels: UnsafeRawPointer, _ out: inout ConsolidatedEmitter
    ) {
        let size: Int
        switch odd.form {
        case Self.short: size = 6
        case Self.long: size = 12
        case Self.withMember: size = 16
        default: return
        }
        for index in 0..<odd.count {
            let at = levels + index &* size
            var level: ConsolidatedSide
            // All forms begin with market centre and side.
            let head = UtpLongCombinedQuoteOddLotShortEntry(at)
            if odd.form == Self.short {
                level = Self.side(head.priceBillionths, UInt32(head.size))
            } else {
                let long = UtpLongCombinedQuoteOddLotLongEntry(at)
                level = Self.side(long.priceBillionths, UInt32(long.size))
            }
            if odd.form == Self.withMember {
                level.member = UtpLongCombinedQuoteOddLotMpidEntry(at).mpidLetters
            }
            level.letters = UInt32(head.center)
            out.quote(.oddLotLevel, head.side == UInt8(ascii: "B") ? .bid : .ask, level)
        }
    }

    /// The quote of one member of FINRA's facility.
    func adfQuote(_ quote: UtpAdfQuote, _ out: inout ConsolidatedEmitter) {
        out.ticks.instrument = symbols.find11(quote.base + 37)
        let letters = ConsolidatedEmitter.letters(quote.marketCenter, quote.condition)
        var bid = Self.side(quote.bidPriceBillionths, quote.bidSize)
        var ask = Self.side(quote.askPriceBillionths, quote.askSize)
        bid.letters = letters
        ask.letters = letters
        bid.member = quote.mpidLetters
        ask.member = quote.mpidLetters
        out.quote(.finra, .bid, bid)
        out.quote(.finra, .ask, ask)
    }
}
