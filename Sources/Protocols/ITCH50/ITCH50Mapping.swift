import Ticks

/// What each ITCH 5.0 message becomes (`MAPPING.md`); `sequence`, time and instrument are set.
extension TickEmitter {
    @inline(__always)
    private func side(_ letter: UInt8) -> Side {
        switch letter {
        case ITCHSide.bid.rawValue: .bid
        case ITCHSide.ask.rawValue: .ask
        default: .none
        }
    }

    // MARK: Order flow

    @inline(__always)
    mutating func add(_ message: ITCHAddOrder) {
        emit(
            .add, orderID: message.orderReference, price: message.priceBillionths,
            quantity: Int64(message.shares), side: side(message.side))
    }

    @inline(__always)
    mutating func add(_ message: ITCHAddOrderAttributed) {
        emit(
            .add, orderID: message.orderReference, price: message.priceBillionths,
            quantity: Int64(message.shares), side: side(message.side), extra: message.mpidLetters)
    }

    @inline(__always)
    mutating func delete(_ message: ITCHOrderDelete) {
        emit(.delete, orderID: message.orderReference)
    }

    @inline(__always)
    mutating func cancel(_ message: ITCHOrderCancel) {
        emit(
            .cancel, orderID: message.orderReference, quantity: Int64(message.cancelledShares))
    }

    /// Price and aggressor of the trade come from the resting order: the books complete them.
    @inline(__always)
    mutating func execute(_ message: ITCHOrderExecuted) {
        let quantity = Int64(message.executedShares)
        emit(.trade, orderID: message.matchNumber, quantity: quantity, flags: [])
        emit(.fill, orderID: message.orderReference, quantity: quantity)
    }

    @inline(__always)
    mutating func replace(_ message: ITCHOrderReplace) {
        emit(.delete, orderID: message.originalOrderReference, flags: .replaced)
        emit(
            .add, orderID: message.newOrderReference, price: message.newPriceBillionths,
            quantity: Int64(message.newShares), flags: [.replaced, .lastOfEvent])
    }

    mutating func execute(_ message: ITCHOrderExecutedWithPrice) {
        let quantity = Int64(message.executedShares)
        let printable = message.printable == UInt8(ascii: "Y")
        if printable {
            emit(
                .trade, orderID: message.matchNumber, price: message.executionPriceBillionths,
                quantity: quantity, flags: [])
        }
        emit(
            .fill, orderID: message.orderReference, quantity: quantity,
            flags: printable ? .lastOfEvent : [.nonPrintable, .lastOfEvent])
    }

    // MARK: Trades and auctions

    /// The side field has been a constant since 2014 and says nothing (itch50.md §2 P).
    mutating func trade(_ message: ITCHTradeNonCross) {
        emit(
            .trade, orderID: message.matchNumber, price: message.priceBillionths,
            quantity: Int64(message.shares), flags: [.offBook, .lastOfEvent])
    }

    /// Returns 1 if the share count does not fit a tick.
    mutating func crossTrade(_ message: ITCHCrossTrade) -> UInt64 {
        let shares = Int64(exactly: message.shares)
        emit(
            .trade, orderID: message.matchNumber, price: message.crossPriceBillionths,
            quantity: shares ?? Quantity.none, flags: [.auction, .lastOfEvent],
            extra: UInt32(message.crossType))
        return shares == nil ? 1 : 0
    }

    /// Returns how many of the two share counts do not fit a tick.
    mutating func imbalance(_ message: ITCHNetOrderImbalance) -> UInt64 {
        let paired = Int64(exactly: message.pairedShares)
        let imbalance = Int64(exactly: message.imbalanceShares)
        let extra =
            UInt32(message.direction) | UInt32(message.crossType) << 8
            | UInt32(message.priceVariation) << 16
        emit(
            .imbalance, quantity: paired ?? Quantity.none, flags: .auction,
            detail: ImbalanceDetail.paired.rawValue, extra: extra)
        emit(
            .imbalance, quantity: imbalance ?? Quantity.none, side: side(message.direction),
            flags: .auction, detail: ImbalanceDetail.imbalance.rawValue, extra: extra)
        auctionPrice(.far, message.farPriceBillionths, extra)
        auctionPrice(.near, message.nearPriceBillionths, extra)
        auctionPrice(
            .reference, message.currentReferencePriceBillionths, extra,
            flags: [.auction, .lastOfEvent])
        return (paired == nil ? 1 : 0) + (imbalance == nil ? 1 : 0)
    }

    private mutating func auctionPrice(
        _ detail: ImbalanceDetail, _ price: Int64, _ extra: UInt32, flags: TickFlags = .auction
    ) {
        emit(.imbalance, price: price, flags: flags, detail: detail.rawValue, extra: extra)
    }

    private mutating func limit(
        _ detail: LimitsDetail, _ price: Int64, _ extra: UInt32, flags: TickFlags = []
    ) {
        emit(.limits, price: price, flags: flags, detail: detail.rawValue, extra: extra)
    }

    mutating func priceDiscovery(_ message: ITCHPriceDiscovery, midnight: UInt64) {
        let extra = UInt32(message.openEligibility)
        limit(.minimumAllowable, message.minimumAllowablePriceBillionths, extra)
        limit(.maximumAllowable, message.maximumAllowablePriceBillionths, extra)
        auctionPrice(.near, message.nearExecutionPriceBillionths, extra)
        emit(
            .imbalance,
            quantity: Int64(truncatingIfNeeded: midnight &+ message.nearExecutionTime),
            flags: .auction, detail: ImbalanceDetail.executionTime.rawValue, extra: extra)
        limit(.lower, message.lowerPriceRangeCollarBillionths, extra)
        limit(.upper, message.upperPriceRangeCollarBillionths, extra, flags: .lastOfEvent)
    }

    // MARK: Status

    mutating func tradingAction(_ message: ITCHTradingAction) {
        status(.trading, UInt32(message.tradingState), flags: [])
        status(.tradingReason, message.reasonLetters)
    }

    /// The order id carries primary flag, mode and state, the first letter in the low byte.
    mutating func position(_ message: ITCHParticipantPosition) {
        let letters =
            UInt64(message.primaryMarketMaker) | UInt64(message.marketMakerMode) << 8
            | UInt64(message.participantState) << 16
        emit(
            .status, orderID: letters, detail: StatusDetail.participant.rawValue,
            extra: message.mpidLetters)
    }

    mutating func operationalHalt(_ message: ITCHOperationalHalt) {
        status(.operationalHalt, UInt32(message.action) | UInt32(message.market) << 8)
    }

    /// The release time stands in seconds since midnight on the wire; 0 when cancelled.
    mutating func ipoQuotation(_ message: ITCHIPOQuotingPeriod, midnight: UInt64) {
        let seconds = UInt64(message.quotationReleaseTime)
        let release = seconds == 0 ? 0 : midnight &+ seconds &* 1_000_000_000
        emit(
            .status, quantity: Int64(truncatingIfNeeded: release), flags: [],
            detail: StatusDetail.ipoQuotation.rawValue, extra: UInt32(message.qualifier))
        emit(
            .statistic, price: message.ipoPriceBillionths,
            detail: StatisticDetail.ipoPrice.rawValue, extra: UInt32(message.qualifier))
    }

    mutating func auctionCollar(_ message: ITCHAuctionCollar) {
        let extensions = message.extensionCount
        limit(.reference, message.collarReferencePriceBillionths, extensions)
        limit(.upper, message.upperCollarPriceBillionths, extensions)
        limit(.lower, message.lowerCollarPriceBillionths, extensions, flags: .lastOfEvent)
    }

    /// Returns how many of the three levels do not fit a tick (price(8) reaches further).
    mutating func declineLevels(_ message: ITCHDeclineLevels) -> UInt64 {
        let levels = (
            message.level1Billionths, message.level2Billionths, message.level3Billionths
        )
        limit(.breakerLevel1, levels.0 ?? Price.none, 0)
        limit(.breakerLevel2, levels.1 ?? Price.none, 0)
        limit(.breakerLevel3, levels.2 ?? Price.none, 0, flags: .lastOfEvent)
        return (levels.0 == nil ? 1 : 0) + (levels.1 == nil ? 1 : 0) + (levels.2 == nil ? 1 : 0)
    }
}
