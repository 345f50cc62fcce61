import Ticks

/// What becomes of one side of the national best.
private enum NationalSide {
    case unchanged, quote, short, long, none

    /// The bid's part of an NBBO indicator (others.md §3).
    @inline(__always)
    init(bidOf nbbo: UInt8) {
        switch nbbo {
        case UInt8(ascii: "F")...UInt8(ascii: "J"): self = .quote
        case UInt8(ascii: "K")...UInt8(ascii: "O"): self = .none
        case UInt8(ascii: "P"), UInt8(ascii: "R"), UInt8(ascii: "T"), UInt8(ascii: "V"):
            self = .short
        case UInt8(ascii: "Q"), UInt8(ascii: "S"), UInt8(ascii: "U"), UInt8(ascii: "W"):
            self = .long
        default: self = .unchanged
        }
    }

    /// The offer's part.
    @inline(__always)
    init(offerOf nbbo: UInt8) {
        switch nbbo {
        case UInt8(ascii: "B"), UInt8(ascii: "G"), UInt8(ascii: "L"), UInt8(ascii: "R"),
            UInt8(ascii: "S"):
            self = .quote
        case UInt8(ascii: "C"), UInt8(ascii: "H"), UInt8(ascii: "M"), UInt8(ascii: "T"):
            self = .short
        case UInt8(ascii: "D"), UInt8(ascii: "I"), UInt8(ascii: "N"), UInt8(ascii: "U"):
            self = .long
        case UInt8(ascii: "E"), UInt8(ascii: "J"), UInt8(ascii: "O"), UInt8(ascii: "V"),
            UInt8(ascii: "W"):
            self = .none
        default: self = .unchanged
        }
    }
}

extension CTADecoder {
    @inline(__always)
    private static func side(_ price: Int64?, _ size: UInt32, _ letters: UInt32, _ member: UInt32)
        -> ConsolidatedSide
    {
        ConsolidatedSide(
            price: price, quantity: Int64(size) &* ConsolidatedEmitter.millionths,
            letters: letters, member: member)
    }

    @inline(__always)
    func shortQuote(_ message: UnsafeRawPointer, _ length: Int, _ out: inout ConsolidatedEmitter)
        -> Bool
    {
        guard CtaShortQuote.isWhole(message, length: length) else { return false }
        let quote = CtaShortQuote(message)
        let letters = UInt32(quote.participant)
        let bid = Self.side(quote.bidPriceBillionths, UInt32(quote.bidSize), letters, 0)
        let offer = Self.side(quote.offerPriceBillionths, UInt32(quote.offerSize), letters, 0)
        out.ticks.instrument = symbols.find5(message + 26)
        out.quote(.participant, .bid, bid)
        out.quote(.participant, .ask, offer)
        national(quote.nbbo, luld: 0, bid: bid, offer: offer, parts: message + 41, &out)
        return true
    }

    @inline(__always)
    func longQuote(_ message: UnsafeRawPointer, _ length: Int, _ out: inout ConsolidatedEmitter)
        -> Bool
    {
        guard CtaLongQuote.isWhole(message, length: length) else { return false }
        let quote = CtaLongQuote(message)
        let sides = ownSides(quote, luld: quote.luld, &out)
        national(
            quote.nbbo, luld: quote.nbboLuld, bid: sides?.bid, offer: sides?.offer,
            parts: message + 87, &out)
        return true
    }

    /// The quote of a member of FINRA's facility, and the facility's best.
    func specialLongQuote(
        _ message: UnsafeRawPointer, _ length: Int, _ out: inout ConsolidatedEmitter
    ) -> Bool {
        guard CtaSpecialLongQuote.isWhole(message, length: length) else { return false }
        let quote = CtaSpecialLongQuote(message)
        // Both messages begin alike, up to the FINRA member's letters.
        let sides = ownSides(CtaLongQuote(message), luld: 0, &out)
        let bidLetters = ConsolidatedEmitter.letters(
            quote.participant, quote.finraBidCondition, 0, quote.finraLuld)
        let offerLetters = ConsolidatedEmitter.letters(
            quote.participant, quote.finraOfferCondition, 0, quote.finraLuld)
        out.quote(
            .finra, .bid,
            Self.side(
                quote.finraBidPriceBillionths, quote.finraBidSize, bidLetters,
                quote.finraBidMpidLetters))
        out.quote(
            .finra, .ask,
            Self.side(
                quote.finraOfferPriceBillionths, quote.finraOfferSize, offerLetters,
                quote.finraOfferMpidLetters))
        national(
            quote.nbbo, luld: quote.nbboLuld, bid: sides?.bid, offer: sides?.offer,
            parts: message + 120, &out)
        return true
    }

    /// The participant's own quote, or the band that the message tells instead.
    @inline(__always)
    private func ownSides(_ quote: CtaLongQuote, luld: UInt8, _ out: inout ConsolidatedEmitter)
        -> (bid: ConsolidatedSide, offer: ConsolidatedSide)?
    {
        out.ticks.instrument = symbols.find11(quote.base + 26)
        let status = quote.securityStatus
        // The prices are a limit-up-limit-down band, new or repeated.
        if status == UInt8(ascii: "0") || status == UInt8(ascii: "9") {
            out.limits(.bandLower, quote.bidPriceBillionths, extra: UInt32(status))
            out.limits(.bandUpper, quote.offerPriceBillionths, extra: UInt32(status))
            return nil
        }
        out.statusUnlessBlank(.trading, status)
        let letters = ConsolidatedEmitter.letters(
            quote.participant, quote.condition, quote.retailInterest, luld)
        let bid = Self.side(
            quote.bidPriceBillionths, quote.bidSize, letters, quote.mpidLetters)
        let offer = Self.side(
            quote.offerPriceBillionths, quote.offerSize, letters, quote.mpidLetters)
        out.quote(.participant, .bid, bid)
        out.quote(.participant, .ask, offer)
        return (bid, offer)
    }

    /// The national best as far as it changes. Comes last: its tick completes the message.
    @inline(__always)
    private func national(
        _ nbbo: UInt8, luld: UInt8, bid: ConsolidatedSide?, offer: ConsolidatedSide?,
        parts: UnsafeRawPointer, _ out: inout ConsolidatedEmitter
    ) {
        // No change and not eligible: nearly all messages.
        if nbbo == UInt8(ascii: "A") || nbbo == UInt8(ascii: " ") { return }
        var part = parts
        nationalSide(NationalSide(bidOf: nbbo), .bid, bid, luld, &part, &out)
        nationalSide(NationalSide(offerOf: nbbo), .ask, offer, luld, &part, &out)
    }

    @inline(__always)
    private func nationalSide(
        _ change: NationalSide, _ side: Side, _ own: ConsolidatedSide?, _ luld: UInt8,
        _ part: inout UnsafeRawPointer, _ out: inout ConsolidatedEmitter
    ) {
        var quote = ConsolidatedSide.none
        switch change {
        case .unchanged: return
        case .none: break
        case .quote:
            // A band is no quote, and cannot be the best.
            guard let own else { return }
            quote = own
            // The letter of the national best, not that of the participant's quote.
            quote.letters = own.letters & 0x00FF_FFFF | UInt32(luld) << 24
        case .short:
            let entry = CtaLongQuoteBidShortEntry(part)
            quote = Self.side(
                entry.priceBillionths, UInt32(entry.size),
                ConsolidatedEmitter.letters(entry.participant, 0, 0, luld), 0)
            part += 5
        case .long:
            let entry = CtaLongQuoteBidLongEntry(part)
            quote = Self.side(
                entry.priceBillionths, entry.size,
                ConsolidatedEmitter.letters(entry.participant, entry.condition, 0, luld),
                entry.mpidLetters)
            part += 18
        }
        out.quote(.national, side, quote)
    }
}
