import Ticks

/// Layouts of releases with 32-bit quantities.
extension EobiDecoder {
    /// A quantity whose least value stands for none.
    @inline(__always)
    private func quantity(_ raw: Int32) -> Int64 {
        raw == Int32.min ? Quantity.none : Int64(raw)
    }

    func decodeRelease6(
        _ key: Int, _ base: UnsafeRawPointer, _ length: Int, _ emitter: inout TickEmitter
    ) {
        switch key {
        case EobiMessage.orderAdd6:
            let order = EobiOrderAdd6(base)
            emitter.exchangeTime = order.timePriority
            add(
                Order(
                    securityID: order.securityID, priority: order.timePriority, side: order.side,
                    price: order.price, quantity: Int64(order.displayQty)), &emitter)
        case EobiMessage.orderDelete6:
            let order = EobiOrderDelete6(base)
            emitter.exchangeTime = order.transactTime
            delete(
                Order(
                    securityID: order.securityID, priority: order.timePriority, side: order.side,
                    price: order.price, quantity: Int64(order.displayQty)), &emitter)
        case EobiMessage.orderModify6:
            let order = EobiOrderModify6(base)
            emitter.exchangeTime = order.timePriority
            replace(
                order.prevTimePriority, at: order.prevPrice, of: Int64(order.prevDisplayQty),
                by: Order(
                    securityID: order.securityID, priority: order.timePriority, side: order.side,
                    price: order.price, quantity: Int64(order.displayQty)), &emitter)
        case EobiMessage.orderModifySamePrio6:
            let order = EobiOrderModifySamePrio6(base)
            emitter.exchangeTime = order.transactTime
            modify(
                Order(
                    securityID: order.securityID, priority: order.timePriority, side: order.side,
                    price: order.price, quantity: Int64(order.displayQty)), &emitter)
        case EobiMessage.fullOrderExecution6, EobiMessage.partialOrderExecution6:
            let order = EobiFullOrderExecution6(base)
            execute(
                Order(
                    securityID: order.securityID, priority: order.timePriority, side: order.side,
                    price: order.price, quantity: Int64(order.lastQty)),
                at: order.lastPx, match: order.trdMatchID,
                isAlgorithmic: order.algorithmicTradeIndicator == 1,
                isFull: key == EobiMessage.fullOrderExecution6, &emitter)
        default: decodeRare6(key, base, length, &emitter)
        }
    }

    @inline(never)
    private func decodeRare6(
        _ key: Int, _ base: UnsafeRawPointer, _ length: Int, _ emitter: inout TickEmitter
    ) {
        switch key {
        case EobiMessage.executionSummary6: total(EobiExecutionSummary6(base), &emitter)
        case EobiMessage.tradeReport6: report(EobiTradeReport6(base), &emitter)
        case EobiMessage.tradeReversal6:
            guard EobiTradeReversal6.isWhole(base, length: length) else {
                return feed.table.retract(key)
            }
            reverse(EobiTradeReversal6(base), &emitter)
        case EobiMessage.instrumentStateChange6:
            changeState(EobiInstrumentStateChange6(base), &emitter)
        case EobiMessage.addComplexInstrument6:
            guard EobiAddComplexInstrument6.isWhole(base, length: length) else {
                return feed.table.retract(key)
            }
            define(EobiAddComplexInstrument6(base), &emitter)
        case EobiMessage.auctionBBO6: auctionBest(EobiAuctionBBO6(base), &emitter)
        case EobiMessage.auctionClearingPrice6:
            clearing(EobiAuctionClearingPrice6(base), &emitter)
        case EobiMessage.crossRequest6:
            let message = EobiCrossRequest6(base)
            emitter.exchangeTime = message.transactTime
            announce(
                .crossRequest, message.securityID, price: Price.none,
                quantity: quantity(message.lastQty), side: 0, extra: 0, &emitter)
        case EobiMessage.quoteRequest6:
            let message = EobiQuoteRequest6(base)
            emitter.exchangeTime = message.transactTime
            announce(
                .quoteRequest, message.securityID, price: Price.none,
                quantity: quantity(message.lastQty), side: message.side, extra: 0, &emitter)
        case EobiMessage.topOfBook6:
            let message = EobiTopOfBook6(base)
            emitter.exchangeTime = message.transactTime
            top(
                message.securityID, (message.bidPx, Quantity.none, 0),
                (message.offerPx, Quantity.none, 0), &emitter)
        case EobiMessage.instrumentSummary6:
            summarize(EobiInstrumentSummary6(base), length, &emitter)
        case EobiMessage.snapshotOrder6: snapshotOrder(EobiSnapshotOrder6(base), &emitter)
        default: decodeCommon(key, base, &emitter)
        }
    }

    func total(_ message: EobiExecutionSummary3, _ emitter: inout TickEmitter) {
        total(
            Total(
                securityID: message.securityID, execution: message.execID,
                quantity: Int64(message.lastQty), price: message.lastPx,
                aggressorSide: message.aggressorSide, condition: UInt32(message.tradeCondition),
                hidden: quantity(message.restingHiddenQty)), &emitter)
    }

    private func total(_ message: EobiExecutionSummary6, _ emitter: inout TickEmitter) {
        total(
            Total(
                securityID: message.securityID, execution: message.execID,
                quantity: Int64(message.lastQty), price: message.lastPx,
                aggressorSide: message.aggressorSide, condition: UInt32(message.tradeCondition),
                hidden: quantity(message.restingHiddenQty)), &emitter)
    }

    private func report(_ message: EobiTradeReport6, _ emitter: inout TickEmitter) {
        emitter.exchangeTime = message.transactTime
        trade(
            message.securityID, match: message.trdMatchID, price: message.lastPx,
            quantity: Int64(message.lastQty), type: message.matchType,
            extra: packed(message.matchType, message.matchSubType, message.tradeCondition),
            &emitter)
    }

    private func reverse(_ message: EobiTradeReversal6, _ emitter: inout TickEmitter) {
        let first = emitter.count
        emitter.exchangeTime = message.transactTime
        breakTrade(
            message.securityID, match: message.trdMatchID, price: message.lastPx,
            quantity: Int64(message.lastQty), extra: UInt32(message.tradeCondition),
            isOffBook: false, &emitter)
        let entries = message.entries
        for index in 0..<entries.count {
            let entry = entries[index]
            value(entry.entryType, entry.price, quantity(entry.size), 0, [], &emitter)
        }
        emitter.endEvent(since: first)
    }

    private func changeState(
        _ message: EobiInstrumentStateChange6, _ emitter: inout TickEmitter
    ) {
        emitter.exchangeTime = message.transactTime
        emitter.instrument = instrument(message.securityID)
        states(
            packed(
                message.securityTradingStatus, message.securityStatus, message.marketCondition,
                message.fastMarketIndicator),
            packed(message.securityTradingEvent), [], &emitter)
    }

    private func define(_ message: EobiAddComplexInstrument6, _ emitter: inout TickEmitter) {
        emitter.exchangeTime = message.transactTime
        emitter.instrument = instrument(message.securityID)
        if emitter.instrument != 0 {
            var details = InstrumentDetails()
            details.set(type: .spread)
            details.set("product", String(product))
            details.set("product_complex", String(message.productComplex))
            details.set("security_sub_type", String(message.securitySubType))
            let legs = message.legs
            let texts = (0..<legs.count).map { index in
                let leg = legs[index]
                let sign = leg.legSide == EobiSide.sell.rawValue ? "-" : "+"
                return "\(sign)\(leg.legRatioQty) \(leg.legSecurityID)"
            }
            details.set("legs", texts.joined(separator: ","))
            feed.directory.update(emitter.instrument) { $0.details = details.text }
        }
        emitter.emit(.definition)
    }

    private func auctionBest(_ message: EobiAuctionBBO6, _ emitter: inout TickEmitter) {
        emitter.exchangeTime = message.transactTime
        let extra = UInt32(message.potentialSecurityTradingEvent)
        auctionBest(
            message.securityID, (message.bidPx, quantity(message.bidSize), extra),
            (message.offerPx, quantity(message.offerSize), extra), &emitter)
    }

    private func clearing(_ message: EobiAuctionClearingPrice6, _ emitter: inout TickEmitter) {
        emitter.exchangeTime = message.transactTime
        clearing(
            message.securityID, price: message.lastPx, paired: quantity(message.lastQty),
            imbalance: quantity(message.imbalanceQty), status: message.securityTradingStatus,
            event: message.potentialSecurityTradingEvent, &emitter)
    }

    private func summarize(
        _ message: EobiInstrumentSummary6, _ length: Int, _ emitter: inout TickEmitter
    ) {
        let first = emitter.count
        emitter.exchangeTime = message.lastUpdateTime
        beginSnapshot(message.securityID, message: message.msgSeqNum, &emitter)
        states(
            packed(
                message.securityTradingStatus, message.securityStatus, message.marketCondition,
                message.fastMarketIndicator),
            packed(message.securityTradingEvent), .snapshot, &emitter)
        guard EobiInstrumentSummary6.isWhole(message.base, length: length) else {
            return feed.table.retract(EobiMessage.instrumentSummary6)
        }
        let entries = message.entries
        for index in 0..<entries.count {
            let entry = entries[index]
            value(
                entry.entryType, entry.price, quantity(entry.size),
                UInt16(entry.tradeCondition), .snapshot, &emitter)
        }
        emitter.endEvent(since: first)
    }

    private func snapshotOrder(_ message: EobiSnapshotOrder6, _ emitter: inout TickEmitter) {
        snapshotOrder(
            Order(
                securityID: 0, priority: message.timePriority, side: message.side,
                price: message.price, quantity: Int64(message.displayQty)),
            message: message.msgSeqNum, &emitter)
    }
}
