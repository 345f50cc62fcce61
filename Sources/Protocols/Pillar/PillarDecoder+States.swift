import Ticks
import Wire

/// States, auctions and statistics.
extension PillarDecoder {
    func symbolClear(_ message: PillarSymbolClear, _ emitter: inout TickEmitter) {
        let symbol = symbol(message.symbolIndex)
        guard
            begin(
                symbol, seconds: message.sourceTime, nanoseconds: message.sourceTimeNanoseconds,
                &emitter)
        else { return }
        // The levels of the markets that it does not name may stand on: these are not told apart.
        let isPart = sumsMarkets && message.hasMarketID
        emitter.clearBook(
            flags: isPart ? [.snapshot, .bookSuspect, .lastOfEvent] : .lastOfEvent)
    }

    func securityStatus(_ message: PillarSecurityStatus, _ emitter: inout TickEmitter) {
        let symbol = symbol(message.symbolIndex)
        guard
            begin(
                symbol, seconds: message.sourceTime, nanoseconds: message.sourceTimeNanoseconds,
                &emitter)
        else { return }
        let letter = UInt32(message.securityStatus)
        let condition = UInt32(message.haltCondition)
        let state = PillarSecurityState(rawValue: message.securityStatus)
        switch state {
        case .shortSaleRestricted, .shortSaleRestrictionContinued, .shortSaleRestrictionOff:
            emitter.emit(
                .status, quantity: Int64(message.triggeringVolume), flags: [],
                detail: StatusDetail.shortSaleRestriction.rawValue,
                extra: letter | UInt32(message.triggeringExchange) << 8)
        case .haltPriceIndication, .openingPriceIndication:
            emitter.status(.priceIndication, letter | condition << 8, flags: [])
        default:
            emitter.status(.trading, letter, flags: [])
            emitter.status(.tradingReason, condition, flags: [])
        }
        limit(.statusPrice1, message.price1, symbol, &emitter)
        limit(.statusPrice2, message.price2, symbol, &emitter)
        // Orders that outlive the last session vanish without a message (nyse-xdp.md §6).
        if state == .closed, keepsOrders { emitter.clearBook(flags: []) }
        emitter.status(
            .marketState, UInt32(message.marketState) | UInt32(message.shortSaleState) << 8)
    }

    private func limit(
        _ detail: LimitsDetail, _ raw: Int32, _ symbol: PillarSymbol,
        _ emitter: inout TickEmitter
    ) {
        if raw == 0 { return }
        emitter.emit(
            .limits, price: price(raw, symbol), flags: [], detail: detail.rawValue)
    }

    func retailInterest(_ message: PillarRetailPriceImprovement, _ emitter: inout TickEmitter) {
        let symbol = symbol(message.symbolIndex)
        guard begin(symbol, nanoseconds: message.sourceTimeNanoseconds, &emitter) else { return }
        emitter.status(.retailInterest, UInt32(message.indicator))
    }

    func requestForQuote(_ message: PillarSeriesRequestForQuote, _ emitter: inout TickEmitter) {
        let symbol = seriesSymbol(message.seriesIndex)
        guard
            begin(
                symbol, seconds: message.sourceTime, nanoseconds: message.sourceTimeNanoseconds,
                &emitter)
        else { return }
        emitter.emit(
            .status, orderID: message.auctionID, price: price(message.workingPrice, symbol),
            quantity: Int64(message.totalQuantity), side: side(message.side),
            detail: StatusDetail.requestForQuote.rawValue,
            extra: UInt32(message.requestStatus) | UInt32(message.auctionType) << 8
                | UInt32(message.capacity) << 16)
    }

    // MARK: Auctions

    /// What an imbalance message's ticks have in common.
    private struct Auction {
        var symbol: PillarSymbol
        var extra: UInt32
        var side: Side
    }

    private func emit(
        _ detail: ImbalanceDetail, price raw: Int32, _ auction: Auction,
        _ emitter: inout TickEmitter
    ) {
        emitter.emit(
            .imbalance, price: price(raw, auction.symbol), flags: .auction,
            detail: detail.rawValue, extra: auction.extra)
    }

    private func emit(
        _ detail: ImbalanceDetail, quantity: UInt32, side: Side = .none, _ auction: Auction,
        _ emitter: inout TickEmitter
    ) {
        emitter.emit(
            .imbalance, quantity: Int64(quantity), side: side, flags: .auction,
            detail: detail.rawValue, extra: auction.extra)
    }

    func imbalance(_ message: PillarImbalance, _ emitter: inout TickEmitter) {
        let symbol = symbol(message.symbolIndex)
        let first = emitter.count
        guard
            begin(
                symbol, seconds: message.sourceTime, nanoseconds: message.sourceTimeNanoseconds,
                &emitter)
        else { return }
        let auction = Auction(
            symbol: symbol,
            extra: UInt32(message.auctionType) | UInt32(message.auctionStatus) << 8
                | UInt32(message.freezeStatus) << 16 | UInt32(message.extensions) << 24,
            side: side(message.imbalanceSide))
        emit(.reference, price: message.referencePrice, auction, &emitter)
        emit(.paired, quantity: message.pairedQuantity, auction, &emitter)
        emit(
            .imbalance, quantity: message.imbalanceQuantity, side: auction.side, auction, &emitter)
        emit(
            .marketImbalance, quantity: message.marketImbalanceQuantity, side: auction.side,
            auction, &emitter)
        executionTime(message.auctionTime, auction, &emitter)
        emit(.bookClearing, price: message.continuousBookClearingPrice, auction, &emitter)
        emit(
            .auctionInterestClearing, price: message.auctionInterestClearingPrice, auction,
            &emitter)
        emit(.shortSaleFiling, price: message.shortSaleFilingPrice, auction, &emitter)
        emit(.indicativeClearing, price: message.indicativeMatchPrice, auction, &emitter)
        emit(.collarUpper, price: message.upperCollar, auction, &emitter)
        emit(.collarLower, price: message.lowerCollar, auction, &emitter)
        if message.hasUnpairedSide {
            emit(
                .unpaired, quantity: message.unpairedQuantity, side: side(message.unpairedSide),
                auction, &emitter)
        }
        emitter.endEvent(since: first)
    }

    /// `time` is hhmm in New York; 0 and what no clock shows makes no tick.
    private func executionTime(
        _ time: UInt16, _ auction: Auction, _ emitter: inout TickEmitter
    ) {
        let hours = UInt64(time / 100)
        let minutes = UInt64(time % 100)
        guard time != 0, hours < 24, minutes < 60 else { return }
        let nanoseconds = midnight &+ (hours * 60 + minutes) * 60 * 1_000_000_000
        emitter.emit(
            .imbalance, quantity: Int64(truncatingIfNeeded: nanoseconds), flags: .auction,
            detail: ImbalanceDetail.executionTime.rawValue, extra: auction.extra)
    }

    func imbalance(_ message: PillarSeriesImbalance, _ emitter: inout TickEmitter) {
        let symbol = seriesSymbol(message.seriesIndex)
        let first = emitter.count
        guard
            begin(
                symbol, seconds: message.sourceTime, nanoseconds: message.sourceTimeNanoseconds,
                &emitter)
        else { return }
        let auction = Auction(
            symbol: symbol,
            extra: UInt32(message.auctionType) | UInt32(message.auctionStatus) << 8,
            side: side(message.imbalanceSide))
        emit(.paired, quantity: message.pairedQuantity, auction, &emitter)
        emit(
            .imbalance, quantity: message.imbalanceQuantity, side: auction.side, auction, &emitter)
        emit(
            .marketImbalance, quantity: message.marketImbalanceQuantity, side: auction.side,
            auction, &emitter)
        emit(.bookClearing, price: message.continuousBookClearingPrice, auction, &emitter)
        emit(
            .auctionInterestClearing, price: message.auctionInterestClearingPrice, auction,
            &emitter)
        emit(.indicativeClearing, price: message.indicativeMatchPrice, auction, &emitter)
        emit(.collarUpper, price: message.upperCollar, auction, &emitter)
        emit(.collarLower, price: message.lowerCollar, auction, &emitter)
        emitter.endEvent(since: first)
    }

    // MARK: Statistics

    private func statistic(
        _ detail: StatisticDetail, _ raw: Int32, _ symbol: PillarSymbol,
        _ emitter: inout TickEmitter
    ) {
        if raw == 0 { return }
        emitter.emit(
            .statistic, price: price(raw, symbol), flags: [], detail: detail.rawValue)
    }

    /// Of a stock, or of an options series, whose message has the same fields.
    func summary(
        _ message: PillarStockSummary, _ symbol: PillarSymbol, _ emitter: inout TickEmitter
    ) {
        guard
            begin(
                symbol, seconds: message.sourceTime, nanoseconds: message.sourceTimeNanoseconds,
                &emitter)
        else { return }
        statistic(.high, message.highPrice, symbol, &emitter)
        statistic(.low, message.lowPrice, symbol, &emitter)
        statistic(.open, message.openPrice, symbol, &emitter)
        statistic(.close, message.closePrice, symbol, &emitter)
        emitter.emit(
            .statistic, quantity: Int64(message.totalVolume),
            detail: StatisticDetail.volume.rawValue)
    }
}
