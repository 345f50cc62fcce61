import Ticks
import Wire

/// ASX 24 ITCH messages to ticks (others.md §9; `MAPPING.md`).
final class Asx24Decoder: FeedDecoding {
    static let ticksPerMessageMax = 6
    private static let secondsOfDay: UInt32 = 86_400

    let feed: NumberedFeed
    @exclusivity(unchecked) var scales: PriceScales
    /// ns of the last T, 0 before the first.
    @exclusivity(unchecked) private var second: UInt64 = 0

    init(_ setup: DecoderSetup) {
        feed = NumberedFeed(
            setup, .asx24,
            ticksPerMessageMax: Self.ticksPerMessageMax)
        scales = PriceScales(setup.directory)
    }

    deinit { scales.free() }

    /// A new session purges everything (others.md §9).
    func beginEpoch() {
        feed.forgetNumbers()
        second = 0
    }

    func snapshotCounters() -> DecoderCounters { feed.snapshotCounters() }

    func decode(
        _ blocks: UnsafeRawBufferPointer, cursor: inout BlockCursor, context: DeliveryContext,
        into ticks: UnsafeMutablePointer<Tick>, capacity: Int
    ) -> Int {
        feed.decode(
            blocks, .mold, cursor: &cursor, context: context, into: ticks, capacity: capacity
        ) { message, length, emitter in
            let key = length > 0 ? Int(message.byte(0)) : -1
            guard feed.table.accept(key, length: length) else { return }
            decodeMessage(key, message, length, &emitter)
        }
    }

    @inline(__always)
    private func decodeMessage(
        _ key: Int, _ base: UnsafeRawPointer, _ length: Int, _ emitter: inout TickEmitter
    ) {
        if key == Asx24Message.seconds { return setTime(Asx24Seconds(base).seconds) }
        emitter.exchangeTime = second == 0 ? 0 : second &+ UInt64(base.big32(1))
        if key == Asx24Message.endOfTradeDate {
            return emitter.status(.systemEvent, UInt32(Asx24EndOfTradeDate(base).event))
        }
        if key == Asx24Message.text { return }
        emitter.instrument = feed.instrument(UInt64(base.big32(7)))
        switch key {
        case Asx24Message.orderAdded, Asx24Message.impliedOrderAdded:
            // Both have the same fields in the same places.
            add(base, key == Asx24Message.orderAdded ? [] : .implied, &emitter)
        case Asx24Message.orderDeleted, Asx24Message.impliedOrderDeleted:
            let order = Asx24OrderDeleted(base)
            let flags: TickFlags = key == Asx24Message.orderDeleted ? [] : .implied
            emitter.emit(
                .delete, orderID: order.orderID, side: Side(letter: order.side),
                flags: flags.union(.lastOfEvent))
        case Asx24Message.impliedOrderReplaced:
            let order = Asx24ImpliedOrderReplaced(base)
            emitter.emit(
                .delete, orderID: order.orderID, side: Side(letter: order.side),
                flags: [.implied, .replaced])
            add(base, [.implied, .replaced], &emitter)
        case Asx24Message.orderVolumeCancelled:
            let order = Asx24OrderVolumeCancelled(base)
            emitter.emit(
                .modify, orderID: order.orderID, quantity: Int64(order.quantity),
                side: Side(letter: order.side))
        case Asx24Message.orderExecuted, Asx24Message.combinationOrderExecuted:
            // The same fields in the same places up to the price.
            execute(Asx24OrderExecuted(base), &emitter)
        default: decodeRare(key, base, length, &emitter)
        }
    }

    /// Seconds of less than a day count from midnight, others from 1970: which of them is not
    /// documented.
    private func setTime(_ seconds: UInt32) {
        let nanoseconds = UInt64(seconds) &* 1_000_000_000
        second = seconds < Self.secondsOfDay ? feed.midnight &+ nanoseconds : nanoseconds
    }

    @inline(__always)
    private func add(
        _ base: UnsafeRawPointer, _ flags: TickFlags, _ emitter: inout TickEmitter
    ) {
        let order = Asx24OrderAdded(base)
        emitter.emit(
            .add, orderID: order.orderID, price: price(order.price, &emitter),
            quantity: Int64(order.quantity), side: Side(letter: order.side),
            flags: flags.union(.lastOfEvent))
    }

    @inline(__always)
    private func execute(_ execution: Asx24OrderExecuted, _ emitter: inout TickEmitter) {
        let side = Side(letter: execution.side)
        emitter.emit(
            .trade, orderID: execution.tradeID, price: price(execution.price, &emitter),
            quantity: Int64(execution.quantity), side: side.opposite,
            flags: auctionFlags(execution.tradeType), extra: UInt32(execution.tradeType))
        emitter.emit(
            .fill, orderID: execution.orderID, quantity: Int64(execution.quantity), side: side)
    }

    private func auctionFlags(_ tradeType: UInt8) -> TickFlags {
        tradeType == Asx24TradeType.auction.rawValue
            || tradeType == Asx24TradeType.auctionCross.rawValue ? .auction : []
    }

    /// By the denominator of the instrument's directory message.
    @inline(__always)
    func price(_ raw: Int64, _ emitter: inout TickEmitter) -> Int64 {
        feed.price(scales.billionths(raw, instrument: emitter.instrument))
    }

    /// Everything that is not order flow; out of line to keep the hot loop small.
    @inline(never)
    private func decodeRare(
        _ key: Int, _ base: UnsafeRawPointer, _ length: Int, _ emitter: inout TickEmitter
    ) {
        switch key {
        case Asx24Message.auctionOrderExecuted:
            executeInAuction(Asx24AuctionOrderExecuted(base), &emitter)
        case Asx24Message.tradeExecuted:
            let trade = Asx24TradeExecuted(base)
            offBook(trade.tradeType, trade.tradeID, trade.quantity, trade.price, &emitter)
        case Asx24Message.combinationTradeExecuted:
            let trade = Asx24CombinationTradeExecuted(base)
            offBook(trade.tradeType, trade.tradeID, trade.quantity, trade.price, &emitter)
        case Asx24Message.tradeCancellation:
            emitter.emit(.tradeBreak, orderID: Asx24TradeCancellation(base).tradeID)
        case Asx24Message.orderBookState:
            emitter.status(.trading, UInt32(Asx24OrderBookState(base).state))
        case Asx24Message.requestForQuote:
            let request = Asx24RequestForQuote(base)
            emitter.emit(
                .status, quantity: Int64(request.quantity),
                detail: StatusDetail.quoteRequest.rawValue, extra: UInt32(request.side))
        case Asx24Message.equilibriumPrice:
            equilibrium(Asx24EquilibriumPrice(base), &emitter)
        case Asx24Message.tradeAdjustment: adjust(Asx24TradeAdjustment(base), &emitter)
        case Asx24Message.volumeAndOpenInterest:
            volume(Asx24VolumeAndOpenInterest(base), &emitter)
        case Asx24Message.anomalousOrderThreshold:
            thresholds(Asx24AnomalousOrderThreshold(base), &emitter)
        default: decodeDirectory(key, base, length, &emitter)
        }
    }

    private func executeInAuction(
        _ execution: Asx24AuctionOrderExecuted, _ emitter: inout TickEmitter
    ) {
        let hasOpposite = execution.oppositeOrderID != 0
        emitter.emit(
            .trade, orderID: execution.tradeID, price: price(execution.price, &emitter),
            quantity: Int64(execution.quantity), flags: .auction,
            extra: UInt32(execution.tradeType))
        emitter.emit(
            .fill, orderID: execution.orderID, quantity: Int64(execution.quantity),
            side: Side(letter: execution.side),
            flags: hasOpposite ? .auction : [.auction, .lastOfEvent])
        if hasOpposite {
            emitter.emit(
                .delete, orderID: execution.oppositeOrderID, flags: [.auction, .lastOfEvent])
        }
    }

    private func offBook(
        _ type: UInt8, _ id: UInt64, _ quantity: UInt32, _ raw: Int64,
        _ emitter: inout TickEmitter
    ) {
        emitter.emit(
            .trade, orderID: id, price: price(raw, &emitter), quantity: Int64(quantity),
            flags: auctionFlags(type).union([.offBook, .lastOfEvent]), extra: UInt32(type))
    }
}

/// Values of messages that change no book.
extension Asx24Decoder {
    private func equilibrium(_ message: Asx24EquilibriumPrice, _ emitter: inout TickEmitter) {
        func value(
            _ detail: ImbalanceDetail, price: Int64 = Price.none, quantity: UInt64? = nil,
            _ flags: TickFlags = .auction
        ) {
            emitter.emit(
                .imbalance, price: price,
                quantity: quantity.map { feed.quantity($0) } ?? Quantity.none, flags: flags,
                detail: detail.rawValue)
        }
        value(.indicativeClearing, price: price(message.price, &emitter))
        value(.paired, quantity: message.matchedQuantity)
        value(.bidQuantity, quantity: message.bidQuantity)
        value(.askQuantity, quantity: message.askQuantity, [.auction, .lastOfEvent])
    }

    private func adjust(_ message: Asx24TradeAdjustment, _ emitter: inout TickEmitter) {
        func value(_ detail: StatisticDetail, _ raw: Int64, quantity: Int64 = Quantity.none) {
            emitter.emit(
                .statistic, price: price(raw, &emitter), quantity: quantity, flags: [],
                detail: detail.rawValue)
        }
        value(.open, message.openingTrade)
        value(.high, message.highestTrade)
        value(.low, message.lowestTrade)
        value(.last, message.lastTrade, quantity: Int64(message.lastQuantity))
        emitter.emit(
            .statistic, quantity: feed.quantity(message.totalVolume),
            detail: StatisticDetail.volume.rawValue)
    }

    private func volume(_ message: Asx24VolumeAndOpenInterest, _ emitter: inout TickEmitter) {
        let day = UInt32(message.volumeTradeDate)
        emitter.emit(
            .statistic, quantity: feed.quantity(message.cumulativeVolume), flags: [],
            detail: StatisticDetail.volume.rawValue, extra: day)
        emitter.emit(
            .statistic, quantity: feed.quantity(message.openInterest),
            detail: StatisticDetail.openInterest.rawValue, extra: day)
    }

    private func thresholds(
        _ message: Asx24AnomalousOrderThreshold, _ emitter: inout TickEmitter
    ) {
        func value(_ detail: LimitsDetail, _ raw: Int64, _ flags: TickFlags = []) {
            emitter.emit(
                .limits, price: price(raw, &emitter), flags: flags, detail: detail.rawValue)
        }
        value(.reference, message.price)
        value(.upper, message.upperPrice)
        value(.lower, message.lowerPrice)
        value(.extremeReference, message.extremePrice)
        value(.extremeUpper, message.extremeUpperPrice)
        value(.extremeLower, message.extremeLowerPrice, .lastOfEvent)
    }
}
