import Ticks

/// Trades, auctions, states and summaries, for all releases.
extension EobiDecoder {
    /// A state of the packet's product: the symbol's entry is the product's own.
    func productState(
        _ state: UInt32, _ reason: UInt32, _ flags: TickFlags, _ emitter: inout TickEmitter
    ) {
        emitter.instrument = productInstrument()
        states(state, reason, flags, &emitter)
    }

    func states(
        _ state: UInt32, _ reason: UInt32, _ flags: TickFlags, _ emitter: inout TickEmitter
    ) {
        emitter.status(.trading, state, flags: flags)
        emitter.status(.tradingReason, reason, flags: flags.union(.lastOfEvent))
    }

    // MARK: Trades

    /// What an execution summary says. Raw quantities and prices.
    struct Total {
        var securityID: Int64
        var execution: UInt64
        var quantity: Int64
        var price: Int64
        var aggressorSide: UInt8
        var condition: UInt32
        /// `Quantity.none` if the venue gives none.
        var hidden: Int64
    }

    func total(_ total: Total, _ emitter: inout TickEmitter) {
        emitter.instrument = instrument(total.securityID)
        let side = Side(buySell: total.aggressorSide)
        let hasHidden = total.hidden > 0
        emitter.emit(
            .statistic, orderID: total.execution, price: price(total.price),
            quantity: total.quantity, side: side, flags: hasHidden ? [] : .lastOfEvent,
            detail: StatisticDetail.executionTotal.rawValue, extra: total.condition)
        guard hasHidden else { return }
        emitter.emit(
            .statistic, orderID: total.execution, price: price(total.price),
            quantity: total.hidden, side: side, detail: StatisticDetail.hiddenVolume.rawValue)
    }

    func total(_ message: EobiExecutionSummary, _ emitter: inout TickEmitter) {
        total(
            Total(
                securityID: message.securityID, execution: message.execID,
                quantity: message.lastQty, price: message.lastPx,
                aggressorSide: message.aggressorSide, condition: UInt32(message.tradeCondition),
                hidden: message.restingHiddenQty), &emitter)
    }

    /// A trade that no order message tells of.
    func trade(
        _ securityID: Int64, match: UInt32, price raw: Int64, quantity: Int64, type: UInt8,
        extra: UInt32, _ emitter: inout TickEmitter
    ) {
        emitter.instrument = instrument(securityID)
        let flags: TickFlags =
            switch EobiMatchType(rawValue: type) {
            case .crossAuction, .callAuction, .continuousAuction: [.auction, .lastOfEvent]
            case .confirmedTradeReport: [.offBook, .lastOfEvent]
            default: .lastOfEvent
            }
        emitter.emit(
            .trade, orderID: UInt64(match), price: price(raw), quantity: quantity, flags: flags,
            extra: extra)
    }

    func report(_ message: EobiTradeReport, _ emitter: inout TickEmitter) {
        emitter.exchangeTime = message.transactTime
        let condition = message.hasTradeCondition ? UInt32(message.tradeCondition) : 0xFFFF
        trade(
            message.securityID, match: message.trdMatchID, price: message.lastPx,
            quantity: message.lastQty, type: message.matchType,
            extra: packed(message.matchType, message.matchSubType) | condition << 16, &emitter)
    }

    func breakTrade(
        _ securityID: Int64, match: UInt32, price raw: Int64, quantity: Int64, extra: UInt32,
        isOffBook: Bool, _ emitter: inout TickEmitter
    ) {
        emitter.instrument = instrument(securityID)
        emitter.emit(
            .tradeBreak, orderID: UInt64(match), price: price(raw), quantity: quantity,
            flags: isOffBook ? .offBook : [], extra: extra)
    }

    func reverse(_ message: EobiTradeReversal, _ emitter: inout TickEmitter) {
        let first = emitter.count
        emitter.exchangeTime = message.transactTime
        breakTrade(
            message.securityID, match: message.trdMatchID, price: message.lastPx,
            quantity: message.lastQty, extra: UInt32(message.tradeCondition),
            isOffBook: message.mdOriginType == 1, &emitter)
        let entries = message.entries
        for index in 0..<entries.count {
            let entry = entries[index]
            value(entry.entryType, entry.price, entry.size, 0, [], &emitter)
        }
        emitter.endEvent(since: first)
    }

    /// One of the values that go with a summary or a reversal, by the venue's entry type.
    func value(
        _ type: UInt8, _ raw: Int64, _ size: Int64, _ condition: UInt16, _ flags: TickFlags,
        _ emitter: inout TickEmitter
    ) {
        let detail: StatisticDetail =
            switch EobiEntryType(rawValue: type) {
            case .trade: .last
            case .openingPrice: .open
            case .closingPrice: .officialClose
            case .highPrice: .high
            case .lowPrice: .low
            case .tradeVolume: .volume
            case .previousClosingPrice: .previousClose
            case .openingAuction, .intradayAuction, .circuitBreakerAuction, .closingAuction,
                .ipoAuction, .retailAuction:
                .auctionPrice
            case nil: .other
            }
        emitter.emit(
            .statistic, price: price(raw), quantity: size, flags: flags, detail: detail.rawValue,
            extra: UInt32(type) | UInt32(condition) << 16)
    }

    // MARK: Auctions

    /// What the auction's book would show at its best; a side without price and quantity is empty.
    func auctionBest(
        _ securityID: Int64, _ bid: (price: Int64, quantity: Int64, extra: UInt32),
        _ ask: (price: Int64, quantity: Int64, extra: UInt32), _ emitter: inout TickEmitter
    ) {
        emitter.instrument = instrument(securityID)
        emitter.emit(
            .imbalance, price: price(bid.price), quantity: bid.quantity, side: .bid,
            flags: .auction, detail: ImbalanceDetail.auctionBid.rawValue, extra: bid.extra)
        emitter.emit(
            .imbalance, price: price(ask.price), quantity: ask.quantity, side: .ask,
            flags: [.auction, .lastOfEvent], detail: ImbalanceDetail.auctionAsk.rawValue,
            extra: ask.extra)
    }

    func auctionBest(_ message: EobiAuctionBBO, _ emitter: inout TickEmitter) {
        emitter.exchangeTime = message.transactTime
        let event = message.potentialSecurityTradingEvent
        auctionBest(
            message.securityID,
            (message.bidPx, message.bidSize, packed(event, message.bidOrdType)),
            (message.offerPx, message.offerSize, packed(event, message.offerOrdType)), &emitter)
    }

    /// The price that an auction would give now.
    func clearing(
        _ securityID: Int64, price raw: Int64, paired: Int64, imbalance: Int64, status: UInt8,
        event: UInt8, _ emitter: inout TickEmitter
    ) {
        emitter.instrument = instrument(securityID)
        // 7 market imbalance on the buy side, 8 on the sell side.
        let side: Side = status == 7 ? .bid : status == 8 ? .ask : .none
        let extra = packed(status, event)
        emitter.emit(
            .imbalance, price: price(raw), flags: .auction,
            detail: ImbalanceDetail.indicativeClearing.rawValue, extra: extra)
        emitter.emit(
            .imbalance, quantity: paired, flags: .auction,
            detail: ImbalanceDetail.paired.rawValue, extra: extra)
        emitter.emit(
            .imbalance, quantity: imbalance, side: side, flags: [.auction, .lastOfEvent],
            detail: ImbalanceDetail.imbalance.rawValue, extra: extra)
    }

    func clearing(_ message: EobiAuctionClearingPrice, _ emitter: inout TickEmitter) {
        emitter.exchangeTime = message.transactTime
        clearing(
            message.securityID, price: message.lastPx, paired: message.lastQty,
            imbalance: message.imbalanceQty, status: message.securityTradingStatus,
            event: message.potentialSecurityTradingEvent, &emitter)
    }

    // MARK: Requests and tops

    func announce(
        _ detail: StatusDetail, _ securityID: Int64, price: Int64, quantity: Int64, side: UInt8,
        extra: UInt32, _ emitter: inout TickEmitter
    ) {
        emitter.instrument = instrument(securityID)
        emitter.emit(
            .status, price: price, quantity: quantity, side: Side(buySell: side),
            detail: detail.rawValue, extra: extra)
    }

    func announceCross(_ message: EobiCrossRequest, _ emitter: inout TickEmitter) {
        emitter.exchangeTime = message.transactTime
        announce(
            .crossRequest, message.securityID, price: price(message.lastPx),
            quantity: message.lastQty, side: message.side,
            extra: packed(message.crossRequestType, message.inputSource), &emitter)
    }

    func requestQuote(_ message: EobiQuoteRequest, _ emitter: inout TickEmitter) {
        emitter.exchangeTime = message.transactTime
        announce(
            .quoteRequest, message.securityID, price: Price.none, quantity: message.lastQty,
            side: message.side, extra: 0, &emitter)
    }

    /// The venue's own top of book, beside the orders that books are built from.
    func top(
        _ securityID: Int64, _ bid: (price: Int64, quantity: Int64, orders: UInt32),
        _ ask: (price: Int64, quantity: Int64, orders: UInt32), _ emitter: inout TickEmitter
    ) {
        emitter.instrument = instrument(securityID)
        emitter.emit(
            .statistic, price: price(bid.price), quantity: bid.quantity, side: .bid, flags: [],
            detail: StatisticDetail.bestBid.rawValue, extra: bid.orders)
        emitter.emit(
            .statistic, price: price(ask.price), quantity: ask.quantity, side: .ask,
            detail: StatisticDetail.bestAsk.rawValue, extra: ask.orders)
    }

    func top(_ message: EobiTopOfBook, _ emitter: inout TickEmitter) {
        emitter.exchangeTime = message.transactTime
        let orders = (
            message.numberOfBuyOrdersIsNull ? 0 : UInt32(message.numberOfBuyOrders),
            message.numberOfSellOrdersIsNull ? 0 : UInt32(message.numberOfSellOrders)
        )
        top(
            message.securityID, (message.bidPx, message.bidSize, orders.0),
            (message.offerPx, message.offerSize, orders.1), &emitter)
    }

    // MARK: States and summaries

    func changeState(_ message: EobiInstrumentStateChange, _ emitter: inout TickEmitter) {
        emitter.exchangeTime = message.transactTime
        emitter.instrument = instrument(message.securityID)
        states(
            packed(
                message.securityTradingStatus, message.securityStatus, message.marketCondition,
                message.fastMarketIndicator),
            packed(
                message.securityTradingEvent, message.soldOutIndicator,
                message.hasTesSecurityStatus ? message.tesSecurityStatus : 0xFF),
            [], &emitter)
    }

    /// All instruments of a kind within the product, and the exceptions one by one.
    func changeStates(_ message: EobiMassInstrumentStateChange, _ emitter: inout TickEmitter) {
        let first = emitter.count
        emitter.exchangeTime = message.transactTime
        emitter.instrument = productInstrument()
        emitter.status(
            .trading,
            packed(
                message.securityMassTradingStatus, message.securityMassStatus,
                message.massMarketCondition, message.instrumentScope), flags: [])
        emitter.status(
            .tradingReason,
            packed(
                message.securityMassTradingEvent, message.massSoldOutIndicator,
                message.tesSecurityMassStatus, message.fastMarketIndicator), flags: [])
        let instruments = message.instruments
        for index in 0..<instruments.count {
            let entry = instruments[index]
            emitter.instrument = instrument(entry.securityID)
            emitter.status(
                .trading,
                packed(entry.securityTradingStatus, entry.securityStatus, entry.marketCondition),
                flags: [])
            emitter.status(
                .tradingReason,
                packed(
                    entry.securityTradingEvent, entry.soldOutIndicator, entry.tesSecurityStatus),
                flags: [])
        }
        emitter.endEvent(since: first)
    }

    /// The entries' size changed with 14.1: those that do not fit are counted and left out, and the
    /// snapshot begins all the same.
    func summarize(
        _ message: EobiInstrumentSummary, _ length: Int, _ emitter: inout TickEmitter
    ) {
        let first = emitter.count
        emitter.exchangeTime = message.lastUpdateTime
        beginSnapshot(message.securityID, message: message.msgSeqNum, &emitter)
        states(
            packed(
                message.securityTradingStatus, message.securityStatus, message.marketCondition,
                message.fastMarketIndicator),
            packed(
                message.securityTradingEvent, message.soldOutIndicator, message.tesSecurityStatus),
            .snapshot, &emitter)
        guard EobiInstrumentSummary.isWhole(message.base, length: length) else {
            return feed.table.retract(EobiMessage.instrumentSummary)
        }
        let entries = message.entries
        for index in 0..<entries.count {
            let entry = entries[index]
            let flags: TickFlags = entry.mdOriginType == 1 ? [.snapshot, .offBook] : .snapshot
            value(
                entry.entryType, entry.price, entry.size, entry.tradeCondition, flags, &emitter)
        }
        emitter.endEvent(since: first)
    }
}
