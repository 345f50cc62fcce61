import Ticks

/// Directory, status, limits and statistics.
extension UTPDecoder {
    /// The reason has six letters: `extra` holds four of them, `order_id` all.
    func tradingAction(_ message: UtpTradingAction, _ out: inout ConsolidatedEmitter) {
        out.ticks.instrument = symbols.find11(message.base + 29)
        out.ticks.emit(
            .status, quantity: out.quantity(message.actionTime, scale: 1), flags: [],
            detail: StatusDetail.trading.rawValue, extra: UInt32(message.action))
        let reason = message.base.wireLittle(53, bytes: 6)
        out.ticks.emit(
            .status, orderID: reason, flags: [], detail: StatusDetail.tradingReason.rawValue,
            extra: UInt32(truncatingIfNeeded: reason))
    }

    func marketCenterAction(_ message: UtpMarketCenterAction, _ out: inout ConsolidatedEmitter) {
        out.ticks.instrument = symbols.find11(message.base + 29)
        out.ticks.emit(
            .status, quantity: out.quantity(message.actionTime, scale: 1), flags: [],
            detail: StatusDetail.operationalHalt.rawValue,
            extra: ConsolidatedEmitter.letters(message.action, message.actionCenter))
    }

    func symbolDirectory(_ message: UtpSymbolDirectory, _ out: inout ConsolidatedEmitter) {
        let instrument = symbols.find11(message.base + 29)
        out.ticks.instrument = instrument
        symbols.describe(instrument, lotSize: Int64(message.roundLot), tickSize: 0) { details in
            details.set("name", message.nameText)
            details.set("prior_symbol", message.oldSymbolText)
            details.set("issue_subtype", message.issueSubtypeText)
            for (key, letter) in [
                ("issue_classification", message.issueType),
                ("market_category", message.marketTier),
                ("authenticity", message.authenticity),
                ("short_sale_threshold", message.shortSaleThreshold),
                ("financial_status", message.financialStatus),
            ] {
                details.set(key, String(Unicode.Scalar(letter)))
            }
        }
        out.ticks.emit(.definition, flags: [])
    }

    func priceBand(_ message: UtpPriceBand, _ out: inout ConsolidatedEmitter) {
        out.ticks.instrument = symbols.find11(message.base + 29)
        let letter = UInt32(message.indicator)
        out.limits(.bandLower, message.lowerPriceBillionths, extra: letter)
        out.limits(.bandUpper, message.upperPriceBillionths, extra: letter)
    }

    func breakerLevels(_ message: UtpBreakerLevels, _ out: inout ConsolidatedEmitter) {
        out.ticks.instrument = 0
        out.limits(.breakerLevel1, message.level1Billionths)
        out.limits(.breakerLevel2, message.level2Billionths)
        out.limits(.breakerLevel3, message.level3Billionths)
    }

    func auctionCollar(_ message: UtpAuctionCollar, _ out: inout ConsolidatedEmitter) {
        out.ticks.instrument = symbols.find11(message.base + 29)
        out.collar(
            message.referencePriceBillionths, message.upperPriceBillionths,
            message.lowerPriceBillionths, extra: UInt32(message.extensions))
    }

    func closingSummary(_ message: UtpClosingSummary, _ out: inout ConsolidatedEmitter) {
        out.ticks.instrument = symbols.find11(message.base + 29)
        let all = ConsolidatedEmitter.consolidated
        out.figure(.last, price: message.closeBillionths, message.lastCenter, all)
        out.figure(.high, price: message.highBillionths, 0, all)
        out.figure(.low, price: message.lowBillionths, 0, all)
        out.figure(.volume, units: message.volume, scale: 1, 0, all)
    }

    func totalVolume(_ message: UtpTotalVolume, _ out: inout ConsolidatedEmitter) {
        out.ticks.instrument = 0
        out.statistic(
            .volume, quantity: out.quantity(message.volume, scale: 1),
            extra: ConsolidatedEmitter.letters(0, ConsolidatedEmitter.consolidated))
    }
}
