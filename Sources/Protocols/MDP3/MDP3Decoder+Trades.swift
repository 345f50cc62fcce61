import Ticks

extension MDP3Decoder {
    private struct TradeEntry {
        var price: Int64
        var quantity: Int64
        var code: Int32
        var rptSeq: UInt32
        var orders: UInt32
        /// 1 buys, 2 sells, anything else tells no aggressor.
        var aggressor: UInt8
        var action: UInt8
        var tradeID: UInt32

        var side: Side { aggressor == 1 ? .bid : aggressor == 2 ? .ask : .none }
    }

    /// Trades (48; 65 with larger quantities; 42 and 36 with seven decimals): each entry one, then
    /// the resting orders that took part (§5.2, §5.3). The orders of one entry follow those of the one
    /// before, as many as its NumberOfOrders; where it has an aggressor, the first is the aggressor's.
    @inline(never)
    func trades(
        _ message: Message, _ step: inout Int, _ emitter: inout TickEmitter, _ last: Int
    ) -> Bool {
        let first = begin(emitter)
        let root = MDP3MDIncrementalRefreshTradeSummary48(
            message.base, blockLength: message.blockLength)
        emitter.exchangeTime = root.transactTime
        let count = root.noMDEntries.count
        let orders = message.template == 36 ? 0 : root.noOrderIDEntries.count
        // Steps are counted from the start, to find the place again where decoding goes on.
        var done = 0
        var nextOrder = 0
        for place in 0..<count {
            let trade = tradeEntry(message, root.noMDEntries, place)
            if done >= step {
                guard emitter.count <= last else { return false }
                emit(trade, &emitter)
                step += 1
            }
            done += 1
            guard trade.action == 0 else { continue }
            let end = nextOrder + min(Int(trade.orders), orders - nextOrder)
            if trade.side != .none, nextOrder < end { nextOrder += 1 }
            while nextOrder < end {
                if done >= step {
                    guard emitter.count <= last else { return false }
                    fill(trade, root.noOrderIDEntries[nextOrder], &emitter)
                    step += 1
                }
                done += 1
                nextOrder += 1
            }
        }
        // Orders that no entry counts: whose they are cannot be told.
        if nextOrder < orders, done >= step {
            impossibleEntries += UInt64(orders - nextOrder)
            step += 1
        }
        guard endsEvent(message, root.matchEventIndicator) else { return true }
        return endEvent(first, &emitter, last)
    }

    private func tradeEntry(
        _ message: Message, _ group: MDP3MDIncrementalRefreshTradeSummary48NoMDEntries, _ place: Int
    ) -> TradeEntry {
        let at = group.base + place &* group.stride
        switch message.template {
        case 65:
            let entry = MDP3MDIncrementalRefreshTradeSummaryLongQty65NoMDEntriesEntry(at)
            return TradeEntry(
                price: entry.mdEntryPx, quantity: quantity(entry.mdEntrySize),
                code: entry.securityID, rptSeq: entry.rptSeq,
                orders: Self.orderCount(entry.numberOfOrders), aggressor: entry.aggressorSide,
                action: entry.mdUpdateAction, tradeID: entry.mdTradeEntryID)
        case 36:
            let entry = MDP3MDIncrementalRefreshTrade36NoMDEntriesEntry(at)
            return TradeEntry(
                price: price7(entry.mdEntryPx), quantity: Int64(entry.mdEntrySize),
                code: entry.securityID, rptSeq: entry.rptSeq,
                orders: Self.orderCount(entry.numberOfOrders), aggressor: entry.aggressorSide,
                action: entry.mdUpdateAction, tradeID: UInt32(bitPattern: entry.tradeID))
        default:
            // 42 lays its entries out alike; its trade id is younger than the template.
            let entry = MDP3MDIncrementalRefreshTradeSummary42NoMDEntriesEntry(
                at, length: group.stride)
            return TradeEntry(
                price: message.template == 48 ? entry.mdEntryPx : price7(entry.mdEntryPx),
                quantity: Int64(entry.mdEntrySize), code: entry.securityID, rptSeq: entry.rptSeq,
                orders: Self.orderCount(entry.numberOfOrders), aggressor: entry.aggressorSide,
                action: entry.mdUpdateAction,
                tradeID: entry.mdTradeEntryIDIsNull ? 0 : entry.mdTradeEntryID)
        }
    }

    private func emit(_ trade: TradeEntry, _ emitter: inout TickEmitter) {
        let index = use(trade.code, &emitter)
        if index != 0 { _ = isNews(index, trade.rptSeq) }
        let kind: TickKind
        switch trade.action {
        case 0: kind = .trade
        case 1: kind = .tradeCorrect
        case 2: kind = .tradeBreak
        default:
            impossibleEntries += 1
            return
        }
        emitter.emit(
            kind, orderID: UInt64(trade.tradeID), price: trade.price, quantity: trade.quantity,
            side: trade.side, flags: [], extra: trade.orders)
    }

    private func fill(
        _ trade: TradeEntry,
        _ order: MDP3MDIncrementalRefreshTradeSummary48NoOrderIDEntriesEntry,
        _ emitter: inout TickEmitter
    ) {
        // Decoding may go on here, without the trade's tick before it. What the fill leaves of the order
        // is told by entries of order messages, which books apply.
        guard use(trade.code, &emitter) != 0 else { return }
        emitter.emit(
            .fill, orderID: order.orderID, price: trade.price, quantity: Int64(order.lastQty),
            side: trade.side.opposite, flags: .offBook)
    }

    /// Electronic volume of the day (37; 66 with larger quantities).
    @inline(never)
    func volume(
        _ message: Message, _ step: inout Int, _ emitter: inout TickEmitter, _ last: Int
    ) -> Bool {
        let first = begin(emitter)
        let root = MDP3MDIncrementalRefreshVolume37(
            message.base, blockLength: message.blockLength)
        emitter.exchangeTime = root.transactTime
        let group = root.noMDEntries
        let isDone = run(group.count, &step, &emitter, last) { step, emitter in
            let size: Int64
            let (code, rptSeq, action): (Int32, UInt32, UInt8)
            if message.template == 66 {
                let entry = MDP3MDIncrementalRefreshVolumeLongQty66NoMDEntriesEntry(
                    group.base + step &* group.stride)
                size = quantity(entry.mdEntrySize)
                (code, rptSeq, action) = (entry.securityID, entry.rptSeq, entry.mdUpdateAction)
            } else {
                let entry = group[step]
                size = Int64(entry.mdEntrySize)
                (code, rptSeq, action) = (entry.securityID, entry.rptSeq, entry.mdUpdateAction)
            }
            let index = use(code, &emitter)
            if index != 0 { _ = isNews(index, rptSeq) }
            statistic(.electronicVolume, quantity: size, extra: UInt32(action) << 8, &emitter)
        }
        guard isDone else { return false }
        guard endsEvent(message, root.matchEventIndicator) else { return true }
        return endEvent(first, &emitter, last)
    }

    func statistic(
        _ detail: StatisticDetail, price: Int64 = Price.none, quantity: Int64 = Quantity.none,
        orderID: UInt64 = 0, flags: TickFlags = [], extra: UInt32, _ emitter: inout TickEmitter
    ) {
        emitter.emit(
            .statistic, orderID: orderID, price: price, quantity: quantity, flags: flags,
            detail: detail.rawValue, extra: extra)
    }
}
