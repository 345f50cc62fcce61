import Ticks

/// What only Europe's feed has, and Australia's, whose messages carry their own time.
extension PitchDecoder {
    func decodeEurope(_ type: Int, _ message: UnsafeRawPointer, _ emitter: inout TickEmitter) {
        switch type {
        case PitchMessage.europeAddOrderLong:
            let add = PitchEuropeAddOrderLong(message)
            emitter.instrument = instrument(add.symbolKey)
            emitter.emit(
                .add, orderID: add.orderID, price: price(add.price),
                quantity: Int64(add.quantity), side: side(add.side))
        case PitchMessage.europeTradeLong:
            let trade = PitchEuropeTradeLong(message)
            emitter.instrument = instrument(trade.symbolKey)
            emitter.emit(
                .trade, orderID: trade.executionID, price: price(trade.price),
                quantity: Int64(trade.quantity),
                flags: Self.auctionFlag(trade.executionID).union([.offBook, .lastOfEvent]),
                extra: trade.tradeFlagsLetters)
        case PitchMessage.europeTradeShort:
            let trade = PitchEuropeTradeShort(message)
            emitter.instrument = instrument(trade.symbolKey)
            emitter.emit(
                .trade, orderID: trade.executionID, price: price(trade.price),
                quantity: Int64(trade.quantity),
                flags: Self.auctionFlag(trade.executionID).union([.offBook, .lastOfEvent]),
                extra: trade.tradeFlagsLetters)
        case PitchMessage.europeStatistics:
            europeStatistics(PitchEuropeStatistics(message), &emitter)
        case PitchMessage.europeAuctionUpdate:
            let update = PitchEuropeAuctionUpdate(message)
            emitter.instrument = instrument(update.symbolKey)
            emitter.emit(
                .imbalance, price: price(update.referencePrice), flags: .auction,
                detail: ImbalanceDetail.reference.rawValue, extra: UInt32(update.auctionType))
            emitter.emit(
                .imbalance, quantity: Int64(update.indicativeShares),
                flags: [.auction, .lastOfEvent], detail: ImbalanceDetail.paired.rawValue,
                extra: UInt32(update.auctionType))
        default:
            break
        }
    }

    private func europeStatistics(
        _ statistics: PitchEuropeStatistics, _ emitter: inout TickEmitter
    ) {
        let detail: StatisticDetail
        switch statistics.kind {
        case UInt8(ascii: "C"): detail = .close
        case UInt8(ascii: "H"): detail = .high
        case UInt8(ascii: "L"): detail = .low
        case UInt8(ascii: "O"): detail = .open
        default: detail = .other
        }
        emitter.instrument = instrument(statistics.symbolKey)
        emitter.emit(
            .statistic, price: price(statistics.price), detail: detail.rawValue,
            extra: UInt32(statistics.determination))
    }

    func decodeAustralia(_ type: Int, _ message: UnsafeRawPointer, _ emitter: inout TickEmitter) {
        if type == PitchMessage.australiaUnitClear || type == PitchMessage.australiaEndOfSession {
            emitter.exchangeTime = 0
            if type == PitchMessage.australiaUnitClear { return emitter.emit(.clear) }
            return emitter.status(.systemEvent, UInt32(type))
        }
        // All others have it in the same place.
        emitter.exchangeTime = message.little64(2)
        switch type {
        case PitchMessage.australiaAddOrder:
            let add = PitchAustraliaAddOrder(message)
            emitter.instrument = instrument(add.symbolKey)
            emitter.emit(
                .add, orderID: add.orderID, price: price(billionths: add.priceBillionths),
                quantity: Int64(add.quantity), side: side(add.side),
                extra: add.participantLetters)
        case PitchMessage.australiaOrderExecuted:
            let order = PitchAustraliaOrderExecuted(message)
            execute(
                order.orderID, order.executionID, Int64(order.quantity),
                extra: order.contraParticipantLetters, &emitter)
        case PitchMessage.australiaOrderExecutedAtPrice:
            let order = PitchAustraliaOrderExecutedAtPrice(message)
            execute(
                order.orderID, order.executionID, Int64(order.quantity),
                price: price(billionths: order.priceBillionths),
                extra: UInt32(order.executionType), &emitter)
        case PitchMessage.australiaReduceSize:
            let order = PitchAustraliaReduceSize(message)
            emitter.emit(.cancel, orderID: order.orderID, quantity: Int64(order.quantity))
        case PitchMessage.australiaModifyOrder:
            let order = PitchAustraliaModifyOrder(message)
            modify(
                order.orderID, price(billionths: order.priceBillionths), Int64(order.quantity),
                flags: 0, &emitter)
        case PitchMessage.australiaDeleteOrder:
            emitter.emit(.delete, orderID: PitchAustraliaDeleteOrder(message).orderID)
        case PitchMessage.australiaTradeBreak:
            emitter.emit(
                .tradeBreak, orderID: PitchAustraliaTradeBreak(message).executionID)
        default:
            break
        }
    }

    private func price(billionths: Int64?) -> Int64 {
        if let billionths { return billionths }
        counters.unrepresentable &+= 1
        return Price.none
    }
}
