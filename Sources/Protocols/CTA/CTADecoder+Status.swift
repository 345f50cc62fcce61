import Ticks

/// Directory, status, limits and statistics.
extension CTADecoder {
    /// Billionths of the smallest price step by its letter (others.md §3 names the field only; 1 is
    /// a penny, 2 half a penny).
    private static func tickSize(_ letter: UInt8) -> Int64 {
        switch letter {
        case UInt8(ascii: "1"): 10_000_000
        case UInt8(ascii: "2"): 5_000_000
        default: 0
        }
    }

    private static func type(_ letter: UInt8) -> InstrumentDetails.InstrumentType {
        switch CtaInstrumentType(rawValue: letter) {
        case .corporateBond, .governmentBond: .bond
        case .equity: .equity
        default: .other
        }
    }

    func symbolReference(_ message: CtaSymbolReference, _ out: inout ConsolidatedEmitter) {
        let instrument = symbols.find11(message.base + 26)
        out.ticks.instrument = instrument
        symbols.describe(
            instrument, lotSize: Int64(message.roundLot),
            tickSize: Self.tickSize(message.priceIncrement)
        ) { details in
            details.set(type: Self.type(message.instrumentType))
            details.set("prior_symbol", message.priorSymbolText)
            details.set("leverage", Int64(message.leverage), exponent: -6)
            for (key, letter) in [
                ("primary_listing", message.primaryListing), ("luld_tier", message.luldTier),
                ("test", message.test), ("ipo", message.ipo),
                ("financial_status", message.financialStatus),
            ] {
                details.set(key, String(Unicode.Scalar(letter)))
            }
        }
        out.ticks.emit(.definition, flags: [])
        out.statusUnlessBlank(.shortSaleRestriction, message.shortSaleRestriction)
        out.statusUnlessBlank(.tradingReason, message.haltReason)
        out.figure(
            .previousClose, price: message.previousCloseBillionths, message.primaryListing,
            ConsolidatedEmitter.oneMarket)
        out.figure(
            .previousClose, price: message.consolidatedCloseBillionths, 0,
            ConsolidatedEmitter.consolidated)
    }

    func tradingStatus(_ message: CtaTradingStatus, _ out: inout ConsolidatedEmitter) {
        out.ticks.instrument = symbols.find11(message.base + 26)
        out.status(.trading, UInt32(message.securityStatus))
        out.status(.tradingReason, UInt32(message.haltReason))
        out.statusUnlessBlank(.limitState, message.luld)
        out.statusUnlessBlank(.shortSaleRestriction, message.shortSaleRestriction)
        let isBand = message.luld == UInt8(ascii: "A") || message.luld == UInt8(ascii: "B")
        if isBand {
            out.limits(.bandLower, message.lowPriceBillionths, extra: UInt32(message.luld))
            out.limits(.bandUpper, message.highPriceBillionths, extra: UInt32(message.luld))
        } else {
            let (own, one) = (message.participant, ConsolidatedEmitter.oneMarket)
            out.figure(.indicationLow, price: message.lowPriceBillionths, own, one)
            out.figure(.indicationHigh, price: message.highPriceBillionths, own, one)
        }
        out.figure(
            .last, price: message.lastBillionths, message.participant,
            ConsolidatedEmitter.oneMarket)
        imbalance(.bid, message.buyVolume, message, &out)
        imbalance(.ask, message.sellVolume, message, &out)
    }

    private func imbalance(
        _ side: Side, _ shares: UInt32, _ message: CtaTradingStatus,
        _ out: inout ConsolidatedEmitter
    ) {
        if shares == 0 { return }
        out.ticks.emit(
            .imbalance, quantity: Int64(shares) &* ConsolidatedEmitter.millionths, side: side,
            flags: .auction, detail: ImbalanceDetail.imbalance.rawValue,
            extra: UInt32(message.securityStatus))
    }

    func auctionStatus(_ message: CtaTradeAuctionStatus, _ out: inout ConsolidatedEmitter) {
        out.ticks.instrument = symbols.find11(message.base + 26)
        out.collar(
            message.referencePriceBillionths, message.upperPriceBillionths,
            message.lowerPriceBillionths, extra: UInt32(message.extensions))
    }

    func breakerLevels(_ message: CtaBreakerLevels, _ out: inout ConsolidatedEmitter) {
        out.ticks.instrument = 0
        out.limits(.breakerLevel1, message.level1Billionths)
        out.limits(.breakerLevel2, message.level2Billionths)
        out.limits(.breakerLevel3, message.level3Billionths)
    }

    /// Returns false if the participants do not lie whole in the message, or are too many.
    func marketVolumes(
        _ message: UnsafeRawPointer, _ length: Int, _ out: inout ConsolidatedEmitter
    ) -> Bool {
        let whole = CtaMarketVolumes(message)
        let isFractional = whole.type == UInt8(ascii: "V")
        guard CtaMarketVolumes.isWhole(message, length: length),
            whole.count <= Self.participantMax
        else { return false }
        out.ticks.instrument = 0
        let markets = whole.markets
        for index in 0..<markets.count {
            let market = markets[index]
            let quantity = out.quantity(
                market.volume, scale: isFractional ? 1 : ConsolidatedEmitter.millionths)
            out.statistic(
                .volume, quantity: quantity,
                extra: ConsolidatedEmitter.letters(
                    market.participant, ConsolidatedEmitter.oneMarket))
        }
        return true
    }

    func marketTotals(_ message: CtaMarketTotals, _ out: inout ConsolidatedEmitter) {
        out.ticks.instrument = 0
        let extra = ConsolidatedEmitter.letters(
            message.participant, ConsolidatedEmitter.oneMarket)
        out.statistic(.tradeCount, quantity: Int64(message.trades), extra: extra)
        let dollars = out.quantity(message.dollars, scale: 1)
        out.statistic(.turnover, quantity: dollars, extra: extra)
    }

    func index(_ key: Int, _ message: UnsafeRawPointer, _ out: inout ConsolidatedEmitter) {
        out.ticks.instrument = symbols.find11(message + 26)
        let extra = ConsolidatedEmitter.letters(
            CtaIndex(message).participant, ConsolidatedEmitter.oneMarket)
        if key == CtaMessage.index {
            out.statistic(.indexValue, price: CtaIndex(message).valueBillionths, extra: extra)
        } else {
            let index = CtaBidOfferIndex(message)
            out.statistic(.indexBid, price: index.bidBillionths, extra: extra)
            out.statistic(.indexOffer, price: index.offerBillionths, extra: extra)
        }
    }

    func summary(_ key: Int, _ message: UnsafeRawPointer, _ out: inout ConsolidatedEmitter) {
        out.ticks.instrument = symbols.find11(message + 26)
        switch key {
        case CtaMessage.startOfDaySummary:
            let summary = CtaStartOfDaySummary(message)
            out.statusUnlessBlank(.shortSaleRestriction, summary.shortSaleRestriction)
            out.figure(
                .previousClose, price: summary.previousCloseBillionths,
                summary.summaryParticipant, ConsolidatedEmitter.consolidated)
        case CtaMessage.participantStartOfDaySummary:
            let summary = CtaParticipantStartOfDaySummary(message)
            out.figure(
                .previousClose, price: summary.previousCloseBillionths,
                summary.summaryParticipant, ConsolidatedEmitter.oneMarket)
        case CtaMessage.endOfDaySummary:
            endOfDay(CtaFractionalEndOfDaySummary(message), ConsolidatedEmitter.millionths, &out)
        case CtaMessage.fractionalEndOfDaySummary:
            endOfDay(CtaFractionalEndOfDaySummary(message), 1, &out)
        case CtaMessage.participantEndOfDaySummary:
            participantEndOfDay(
                CtaFractionalParticipantEndOfDaySummary(message), ConsolidatedEmitter.millionths,
                &out)
        case CtaMessage.fractionalParticipantEndOfDaySummary:
            participantEndOfDay(CtaFractionalParticipantEndOfDaySummary(message), 1, &out)
        default: break
        }
    }

    /// Whole and fractional summaries have one layout; `scale` is a tick's units in one of volume.
    private func endOfDay(
        _ summary: CtaFractionalEndOfDaySummary, _ scale: Int64, _ out: inout ConsolidatedEmitter
    ) {
        let all = ConsolidatedEmitter.consolidated
        out.statusUnlessBlank(.shortSaleRestriction, summary.shortSaleRestriction)
        out.figure(.last, price: summary.lastBillionths, summary.lastParticipant, all)
        out.figure(.high, price: summary.highBillionths, 0, all)
        out.figure(.low, price: summary.lowBillionths, 0, all)
        out.figure(.volume, units: summary.volume, scale: scale, 0, all)
    }

    private func participantEndOfDay(
        _ summary: CtaFractionalParticipantEndOfDaySummary, _ scale: Int64,
        _ out: inout ConsolidatedEmitter
    ) {
        let (own, one) = (summary.summaryParticipant, ConsolidatedEmitter.oneMarket)
        out.figure(.last, price: summary.lastBillionths, own, one)
        out.figure(.high, price: summary.highBillionths, own, one)
        out.figure(.low, price: summary.lowBillionths, own, one)
        out.figure(.open, price: summary.openBillionths, own, one)
        out.figure(.volume, units: summary.volume, scale: scale, own, one)
    }
}
