import Ticks

/// Statistics, limits and the market's states.
extension MDP3Decoder {
    private func isLastDone(
        _ isDone: Bool, _ message: Message, _ indicator: UInt8, _ first: Int,
        _ emitter: inout TickEmitter, _ last: Int
    ) -> Bool {
        guard isDone else { return false }
        guard endsEvent(message, indicator) else { return true }
        return endEvent(first, &emitter, last)
    }

    /// Instrument of a statistics entry, whose ticks follow.
    private func note(_ code: Int32, _ rptSeq: UInt32, _ emitter: inout TickEmitter) {
        let index = use(code, &emitter)
        if index != 0 { _ = isNews(index, rptSeq) }
    }

    /// Settlement, cleared volume, open interest, fixing (49; 33 with seven decimals).
    func dailyStatistics(
        _ message: Message, _ step: inout Int, _ emitter: inout TickEmitter, _ last: Int
    ) -> Bool {
        let first = begin(emitter)
        let root = MDP3MDIncrementalRefreshDailyStatistics49(
            message.base, blockLength: message.blockLength)
        emitter.exchangeTime = root.transactTime
        let entries = root.noMDEntries
        let isDone = run(entries.count, &step, &emitter, last) { step, emitter in
            let entry = entries[step]
            note(entry.securityID, entry.rptSeq, &emitter)
            guard let detail = Self.statistic(entry.mdEntryType) else {
                impossibleEntries += 1
                return
            }
            let date = entry.tradingReferenceDateIsNull ? 0 : entry.tradingReferenceDate
            statistic(
                detail,
                price: message.template == 49 ? entry.mdEntryPx : price7(entry.mdEntryPx),
                quantity: quantity(entry.mdEntrySize), orderID: UInt64(date),
                extra: UInt32(entry.settlPriceType) | UInt32(entry.mdUpdateAction) << 8, &emitter)
        }
        return isLastDone(isDone, message, root.matchEventIndicator, first, &emitter, last)
    }

    /// Which value an entry type of the statistics stands for (§3).
    static func statistic(_ type: UInt8) -> StatisticDetail? {
        switch type {
        case UInt8(ascii: "2"): .last
        case UInt8(ascii: "4"): .open
        case UInt8(ascii: "6"): .settlement
        case UInt8(ascii: "7"): .high
        case UInt8(ascii: "8"): .low
        case UInt8(ascii: "9"): .averagePrice
        case UInt8(ascii: "B"): .clearedVolume
        case UInt8(ascii: "C"): .openInterest
        case UInt8(ascii: "N"): .sessionHighBid
        case UInt8(ascii: "O"): .sessionLowOffer
        case UInt8(ascii: "W"): .fixingPrice
        case UInt8(ascii: "e"): .electronicVolume
        default: nil
        }
    }

    /// Open, high, low, and the like (51; 67 with larger quantities; 35 with seven decimals).
    func sessionStatistics(
        _ message: Message, _ step: inout Int, _ emitter: inout TickEmitter, _ last: Int
    ) -> Bool {
        let first = begin(emitter)
        let root = MDP3MDIncrementalRefreshSessionStatistics51(
            message.base, blockLength: message.blockLength)
        emitter.exchangeTime = root.transactTime
        let group = root.noMDEntries
        let isDone = run(group.count, &step, &emitter, last) { step, emitter in
            let at = group.base + step &* group.stride
            if message.template == 67 {
                let entry = MDP3MDIncrementalRefreshSessionStatisticsLongQty67NoMDEntriesEntry(at)
                note(entry.securityID, entry.rptSeq, &emitter)
                sessionStatistic(
                    entry.mdEntryType, entry.mdEntryPx, quantity(entry.mdEntrySize),
                    entry.openCloseSettlFlag, entry.mdUpdateAction, &emitter)
                return
            }
            // 35 lays its entries out like 51; its size is younger than the template.
            let entry = MDP3MDIncrementalRefreshSessionStatistics35NoMDEntriesEntry(
                at, length: group.stride)
            note(entry.securityID, entry.rptSeq, &emitter)
            sessionStatistic(
                entry.mdEntryType,
                message.template == 51 ? entry.mdEntryPx : price7(entry.mdEntryPx),
                quantity(entry.mdEntrySize), entry.openCloseSettlFlag, entry.mdUpdateAction,
                &emitter)
        }
        return isLastDone(isDone, message, root.matchEventIndicator, first, &emitter, last)
    }

    private func sessionStatistic(
        _ type: UInt8, _ price: Int64, _ quantity: Int64, _ flag: UInt8, _ action: UInt8,
        _ emitter: inout TickEmitter
    ) {
        guard let detail = Self.statistic(type) else {
            impossibleEntries += 1
            return
        }
        statistic(
            detail, price: price, quantity: quantity,
            extra: UInt32(flag) | UInt32(action) << 8, &emitter)
    }

    /// Price limits and band (50; 34 with seven decimals).
    func limits(
        _ message: Message, _ step: inout Int, _ emitter: inout TickEmitter, _ last: Int
    ) -> Bool {
        let first = begin(emitter)
        let root = MDP3MDIncrementalRefreshLimitsBanding50(
            message.base, blockLength: message.blockLength)
        emitter.exchangeTime = root.transactTime
        let entries = root.noMDEntries
        let isDone = run(entries.count, &step, &emitter, last) { step, emitter in
            let entry = entries[step]
            note(entry.securityID, entry.rptSeq, &emitter)
            limits(
                (entry.highLimitPrice, entry.lowLimitPrice, entry.maxPriceVariation),
                isSeven: message.template == 34, &emitter)
        }
        return isLastDone(isDone, message, root.matchEventIndicator, first, &emitter, last)
    }

    /// A tick for each limit that is given.
    func limits(
        _ raw: (high: Int64, low: Int64, variation: Int64), isSeven: Bool, flags: TickFlags = [],
        _ emitter: inout TickEmitter
    ) {
        func limit(_ raw: Int64, _ detail: LimitsDetail) {
            guard raw != .max else { return }
            emitter.emit(
                .limits, price: isSeven ? price7(raw) : raw, flags: flags, detail: detail.rawValue)
        }
        limit(raw.high, .upper)
        limit(raw.low, .lower)
        limit(raw.variation, .priceVariation)
    }

    // MARK: States

    /// State of an instrument, or of a group or an asset (30).
    func securityStatus(
        _ message: Message, _ step: inout Int, _ emitter: inout TickEmitter, _ last: Int
    ) -> Bool {
        let first = begin(emitter)
        let root = MDP3SecurityStatus30(message.base)
        emitter.exchangeTime = root.transactTime
        emitter.instrument = 0
        if !root.securityIDIsNull { _ = use(root.securityID, &emitter) }
        let letters = { (at: Int) in message.base.wireLittle(at, bytes: 6) }
        let isDone = run(1, &step, &emitter, last) { _, emitter in
            emitter.emit(
                .status, orderID: letters(8), flags: [], detail: StatusDetail.trading.rawValue,
                extra: UInt32(root.securityTradingStatus))
            emitter.emit(
                .status, orderID: letters(14), flags: [],
                detail: StatusDetail.tradingReason.rawValue, extra: UInt32(root.haltReason))
            emitter.status(.tradingEvent, UInt32(root.securityTradingEvent), flags: [])
        }
        return isLastDone(isDone, message, root.matchEventIndicator, first, &emitter, last)
    }

    /// Somebody asks for quotes (39).
    func quoteRequests(
        _ message: Message, _ step: inout Int, _ emitter: inout TickEmitter, _ last: Int
    ) -> Bool {
        let first = begin(emitter)
        let root = MDP3QuoteRequest39(message.base, blockLength: message.blockLength)
        emitter.exchangeTime = root.transactTime
        let entries = root.noRelatedSym
        let isDone = run(entries.count, &step, &emitter, last) { step, emitter in
            let entry = entries[step]
            _ = use(entry.securityID, &emitter)
            emitter.emit(
                .status, quantity: quantity(entry.orderQty),
                side: entry.side == 1 ? .bid : entry.side == 2 ? .ask : .none, flags: [],
                detail: StatusDetail.quoteRequest.rawValue,
                extra: UInt32(UInt8(bitPattern: entry.quoteType)))
        }
        return isLastDone(isDone, message, root.matchEventIndicator, first, &emitter, last)
    }

    /// A workup at one price: its state, and the orders in it (60).
    func workup(
        _ message: Message, _ step: inout Int, _ emitter: inout TickEmitter, _ last: Int
    ) -> Bool {
        let first = begin(emitter)
        let root = MDP3SecurityStatusWorkup60(message.base, blockLength: message.blockLength)
        emitter.exchangeTime = root.transactTime
        _ = use(root.securityID, &emitter)
        let entries = root.noOrderIDEntries
        let isDone = run(entries.count + 1, &step, &emitter, last) { step, emitter in
            guard step > 0 else {
                emitter.emit(
                    .status, orderID: UInt64(root.tradeLinkID), price: root.mdEntryPx, flags: [],
                    detail: StatusDetail.trading.rawValue,
                    extra: UInt32(root.securityTradingStatus))
                emitter.status(.tradingReason, UInt32(root.haltReason), flags: [])
                return emitter.status(
                    .tradingEvent, UInt32(root.securityTradingEvent), flags: [])
            }
            let entry = entries[step - 1]
            emitter.emit(
                .status, orderID: entry.orderID,
                side: entry.side == 1 ? .bid : entry.side == 2 ? .ask : .none, flags: [],
                detail: StatusDetail.workupOrder.rawValue,
                extra: UInt32(entry.aggressorIndicator))
        }
        return isLastDone(isDone, message, root.matchEventIndicator, first, &emitter, last)
    }

    /// Market values of collateral, which is no instrument of the channel (62).
    func collateral(
        _ message: Message, _ step: inout Int, _ emitter: inout TickEmitter, _ last: Int
    ) -> Bool {
        let first = begin(emitter)
        let root = MDP3CollateralMarketValue62(message.base, blockLength: message.blockLength)
        emitter.exchangeTime = root.transactTime
        emitter.instrument = 0
        let entries = root.noMDEntries
        let isDone = run(entries.count, &step, &emitter, last) { step, emitter in
            let entry = entries[step]
            let extra = UInt32(entry.mdStreamID)
            statistic(
                .collateralPrice, price: entry.collateralMarketPrice,
                orderID: entry.underlyingInstrumentGUID, extra: extra, &emitter)
            statistic(
                .dirtyPrice, price: entry.dirtyPrice, orderID: entry.underlyingInstrumentGUID,
                extra: extra, &emitter)
        }
        return isLastDone(isDone, message, root.matchEventIndicator, first, &emitter, last)
    }
}
