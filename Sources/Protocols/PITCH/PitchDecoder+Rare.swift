import Ticks

/// Trades, status and auctions: everything that changes no order, and the rare order messages.
extension PitchDecoder {
    @inline(never)
    func decodeRare(
        _ type: Int, _ message: UnsafeRawPointer, _ length: Int, _ emitter: inout TickEmitter
    ) {
        switch type {
        case PitchMessage.addOrderExpanded:
            addExpanded(PitchAddOrderExpanded(message, length: length), &emitter)
        case PitchMessage.orderExecutedAtPrice:
            executeAtPrice(message, length, &emitter)
        case PitchMessage.tradeLong, PitchMessage.tradeShort, PitchMessage.tradeExpanded:
            if layout == .europe { return decodeEurope(type, message, &emitter) }
            trade(type, message, length, &emitter)
        case PitchMessage.tradeBreak:
            emitter.emit(.tradeBreak, orderID: PitchTradeBreak(message).executionID)
        case PitchMessage.unitClear:
            emitter.emit(.clear)
        case PitchMessage.endOfSession:
            emitter.status(.systemEvent, UInt32(type))
        case PitchMessage.transactionBegin:
            emitter.status(.transaction, UInt32(UInt8(ascii: "B")))
        case PitchMessage.transactionEnd:
            emitter.status(.transaction, UInt32(UInt8(ascii: "E")))
        case PitchMessage.timeReference:
            let reference = PitchTimeReference(message)
            clock.setMidnight(epochSeconds: reference.midnight)
            clock.begin(secondOfDay: reference.seconds, sequence: emitter.sequence)
        case PitchMessage.equityTradingStatus:
            tradingStatus(message, &emitter)
        case PitchMessage.retailPriceImprovement:
            let improvement = PitchRetailPriceImprovement(message)
            emitter.instrument = instrument(improvement.symbolKey)
            emitter.status(.retailInterest, UInt32(improvement.interest))
        case PitchMessage.widthUpdate:
            let width = PitchWidthUpdate(message)
            emitter.instrument = instrument(width.underlyingKey)
            emitter.emit(
                .status, quantity: Int64(width.multiplier),
                detail: StatusDetail.quoteWidth.rawValue, extra: UInt32(width.kind))
        case PitchMessage.auctionUpdate, PitchMessage.optionAuctionUpdate:
            auctionUpdate(type, message, &emitter)
        case PitchMessage.auctionSummary:
            let summary = PitchAuctionSummary(message)
            emitter.instrument = instrument(summary.symbolKey)
            emitter.emit(
                .statistic, price: price(summary.price), quantity: Int64(summary.quantity),
                flags: [.auction, .lastOfEvent], detail: StatisticDetail.auctionPrice.rawValue,
                extra: UInt32(summary.auctionType))
        case PitchMessage.auctionNotification:
            auctionNotification(PitchAuctionNotification(message), &emitter)
        case PitchMessage.auctionCancel:
            let cancel = PitchAuctionCancel(message)
            emitter.instrument = auctions.instrument(of: cancel.auctionID)
            emitter.emit(
                .imbalance, orderID: cancel.auctionID, flags: [.auction, .lastOfEvent],
                detail: ImbalanceDetail.auctionCancelled.rawValue)
        case PitchMessage.auctionTrade:
            let trade = PitchAuctionTrade(message)
            emitter.instrument = auctions.instrument(of: trade.auctionID)
            emitter.emit(
                .trade, orderID: trade.executionID, price: price(trade.price),
                quantity: Int64(trade.quantity), flags: [.auction, .offBook, .lastOfEvent])
        default:
            decodeReference(type, message, length, &emitter)
        }
    }

    private func addExpanded(_ add: PitchAddOrderExpanded, _ emitter: inout TickEmitter) {
        emitter.instrument = instrument(add.symbolKey)
        emitter.emit(
            .add, orderID: add.orderID, price: price(add.price), quantity: Int64(add.quantity),
            side: side(add.side), detail: hasFlags ? add.flags & ~1 : 0,
            extra: add.participantLetters)
    }

    /// The message says what remains, whatever the order had: it is set to the sum in its place
    /// first, so that the fill leaves just that (cboe-pitch.md §3).
    private func executeAtPrice(
        _ message: UnsafeRawPointer, _ length: Int, _ emitter: inout TickEmitter
    ) {
        let order = PitchOrderExecutedAtPrice(message, length: length)
        let quantity = Int64(order.quantity)
        emitter.emit(
            .modify, orderID: order.orderID, quantity: quantity &+ Int64(order.remaining),
            flags: [])
        execute(
            order.orderID, order.executionID, quantity, price: price(order.price),
            extra: hasConditions ? UInt32(order.condition) : tradeFlags(message + 38), &emitter)
    }

    private func trade(
        _ type: Int, _ message: UnsafeRawPointer, _ length: Int, _ emitter: inout TickEmitter
    ) {
        let executionID: UInt64
        let price: Int64
        let quantity: Int64
        let condition: UInt8
        switch type {
        case PitchMessage.tradeShort:
            let trade = PitchTradeShort(message, length: length)
            emitter.instrument = instrument(trade.symbolKey)
            (executionID, quantity) = (trade.executionID, Int64(trade.quantity))
            (price, condition) = (self.price(trade.price), trade.condition)
        case PitchMessage.tradeLong:
            let trade = PitchTradeLong(message, length: length)
            emitter.instrument = instrument(trade.symbolKey)
            (executionID, quantity) = (trade.executionID, Int64(trade.quantity))
            (price, condition) = (self.price(trade.price), trade.condition)
        default:
            let trade = PitchTradeExpanded(message, length: length)
            emitter.instrument = instrument(trade.symbolKey)
            (executionID, quantity) = (trade.executionID, Int64(trade.quantity))
            (price, condition) = (self.price(trade.price), trade.condition)
        }
        emitter.emit(
            .trade, orderID: executionID, price: price, quantity: quantity,
            flags: Self.auctionFlag(executionID).union([.offBook, .lastOfEvent]),
            extra: hasConditions ? UInt32(condition) : 0)
    }

    /// Symbols of eight letters stand where those of six and two blanks do.
    private func tradingStatus(_ message: UnsafeRawPointer, _ emitter: inout TickEmitter) {
        switch layout {
        case .equities:
            let status = PitchEquityTradingStatus(message)
            emitter.instrument = instrument(status.symbolKey)
            emitter.status(.trading, UInt32(status.status), flags: [])
            emitter.status(.shortSaleRestriction, UInt32(status.shortSaleRestriction))
        case .options, .complexOptions:
            let status = PitchOptionTradingStatus(message)
            emitter.instrument = instrument(status.symbolKey)
            let hasGlobalHours = status.globalHoursStatus > UInt8(ascii: " ")
            emitter.status(
                .trading, UInt32(status.status), flags: hasGlobalHours ? [] : .lastOfEvent)
            if hasGlobalHours {
                emitter.status(.globalHoursTrading, UInt32(status.globalHoursStatus))
            }
        case .futures:
            let status = PitchFutureTradingStatus(message)
            emitter.instrument = instrument(status.symbolKey)
            emitter.status(.trading, UInt32(status.status))
        case .europe, .australia:
            break
        }
    }

    private func auctionUpdate(
        _ type: Int, _ message: UnsafeRawPointer, _ emitter: inout TickEmitter
    ) {
        let first = emitter.count
        let update = PitchAuctionUpdate(message)
        emitter.instrument = instrument(update.symbolKey)
        let isOptions = type == PitchMessage.optionAuctionUpdate
        let options = PitchOptionAuctionUpdate(message)
        let condition = isOptions ? UInt32(options.openingCondition) << 8 : 0
        let letters = UInt32(update.auctionType) | condition
        func value(
            _ detail: ImbalanceDetail, price: Int64 = Price.none, quantity: Int64 = Quantity.none,
            side: Side = .none
        ) {
            emitter.emit(
                .imbalance, price: price, quantity: quantity, side: side, flags: .auction,
                detail: detail.rawValue, extra: letters)
        }
        value(.reference, price: price(update.referencePrice))
        value(.interest, quantity: Int64(update.buyShares), side: .bid)
        value(.interest, quantity: Int64(update.sellShares), side: .ask)
        value(.indicativeClearing, price: price(update.indicativePrice))
        value(.auctionOnly, price: price(update.auctionOnlyPrice))
        if isOptions {
            value(.composite, price: price(options.compositeBid), side: .bid)
            value(.composite, price: price(options.compositeOffer), side: .ask)
        }
        emitter.endEvent(since: first)
    }

    private func auctionNotification(
        _ auction: PitchAuctionNotification, _ emitter: inout TickEmitter
    ) {
        emitter.instrument = instrument(auction.symbolKey)
        auctions.note(auction.auctionID, instrument: emitter.instrument)
        emitter.emit(
            .imbalance, orderID: auction.auctionID, price: price(auction.price),
            quantity: Int64(auction.quantity), side: side(auction.side), flags: .auction,
            detail: ImbalanceDetail.auctionOrder.rawValue,
            extra: UInt32(auction.auctionType) | UInt32(auction.customer) << 8)
        let end = clock.time(auction.endOffset)
        emitter.emit(
            .imbalance, orderID: auction.auctionID,
            quantity: end == 0 ? Quantity.none : Int64(truncatingIfNeeded: end),
            flags: [.auction, .lastOfEvent], detail: ImbalanceDetail.executionTime.rawValue,
            extra: auction.participantLetters)
    }
}
