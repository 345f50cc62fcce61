import Ticks

/// IEX TOPS, DEEP and DEEP+ messages to ticks (iex.md §2, §3; `MAPPING.md`).
///
/// Messages may grow at their end in later versions: what is longer than expected is decoded, what
/// is shorter is counted.
public final class IEXDecoder: FeedDecoding {
    /// The most ticks that one message becomes (`A`).
    public static let ticksPerMessageMax = 9

    @exclusivity(unchecked) private var unrepresentable: UInt64 = 0
    @exclusivity(unchecked) private var directoryFull: UInt64 = 0
    private let table: MessageTable
    private let directory: InstrumentDirectory
    private let venue: UInt32
    private let channel: UInt16
    /// Instruments by symbol: the directory's answer, kept near.
    private let known: CodeTable
    private let hasCrosses: Bool
    /// DEEP+ tells executions of displayed orders apart: its reports are of trades between hidden ones.
    private let tradeReportFlags: TickFlags

    /// `setup.feed` is one of the description's feeds.
    public init(_ setup: DecoderSetup) {
        directory = setup.directory
        venue = setup.directory.venueIndex(setup.venue)
        channel = setup.channel
        known = CodeTable(capacity: setup.directory.capacity)
        hasCrosses = setup.feed != "tops15"
        tradeReportFlags = setup.feed == "deepplus" ? [.offBook, .lastOfEvent] : .lastOfEvent
        table = MessageTable(.iex, feed: setup.feed)
    }

    deinit { table.free() }

    public func beginEpoch() {}

    /// The counters so far; not for the hot path.
    public func snapshotCounters() -> DecoderCounters {
        var result = DecoderCounters()
        table.fill(&result)
        result.unrepresentable = unrepresentable
        result.directoryFull = directoryFull
        return result
    }

    /// As `FeedDecoding` says.
    public func decode(
        _ blocks: UnsafeRawBufferPointer, cursor: inout BlockCursor, context: DeliveryContext,
        into ticks: UnsafeMutablePointer<Tick>, capacity: Int
    ) -> Int {
        guard let base = blocks.baseAddress else { return 0 }
        var emitter = TickEmitter(ticks: ticks, context: context)
        let last = capacity - Self.ticksPerMessageMax
        while cursor.remaining > 0, emitter.count <= last {
            let length = Int(base.wireLittle(cursor.offset, bytes: 2))
            let message = base + (cursor.offset + 2)
            cursor.offset += 2 + length
            cursor.remaining -= 1
            let type = length > 0 ? message.byte(0) : 0
            if table.accept(byte: type, length: length) {
                emitter.sequence = cursor.sequence
                decodeMessage(type, message, &emitter)
            }
            cursor.sequence &+= 1
        }
        return emitter.count
    }

    private func decodeMessage(
        _ type: UInt8, _ message: UnsafeRawPointer, _ emitter: inout TickEmitter
    ) {
        // Every message has its time there, all but system events a symbol.
        let head = IEXOperationalHalt(message)
        emitter.exchangeTime = UInt64(bitPattern: head.timestamp)
        emitter.instrument =
            Int(type) == IEXMessage.systemEvent ? 0 : instrument(head.symbolKey)
        switch Int(type) {
        case IEXMessage.priceLevelBuy, IEXMessage.priceLevelSell:
            level(IEXPriceLevelBuy(message), &emitter)
        case IEXMessage.addOrder: add(IEXAddOrder(message), &emitter)
        case IEXMessage.orderModify: modify(IEXOrderModify(message), &emitter)
        case IEXMessage.orderDelete:
            emitter.emit(.delete, orderID: UInt64(bitPattern: IEXOrderDelete(message).orderID))
        case IEXMessage.orderExecuted: execute(IEXOrderExecuted(message), &emitter)
        case IEXMessage.quoteUpdate: quote(IEXQuoteUpdate(message), &emitter)
        case IEXMessage.tradeReport: trade(IEXTradeReport(message), .trade, &emitter)
        case IEXMessage.tradeBreak: trade(IEXTradeReport(message), .tradeBreak, &emitter)
        case IEXMessage.clearBook: emitter.clearBook()
        default: decodeRare(type, message, &emitter)
        }
    }

    @inline(never)
    private func decodeRare(
        _ type: UInt8, _ message: UnsafeRawPointer, _ emitter: inout TickEmitter
    ) {
        switch Int(type) {
        case IEXMessage.officialPrice: officialPrice(IEXOfficialPrice(message), &emitter)
        case IEXMessage.auctionInformation: auction(IEXAuctionInformation(message), &emitter)
        case IEXMessage.securityDirectory: define(IEXSecurityDirectory(message), &emitter)
        case IEXMessage.systemEvent:
            emitter.status(.systemEvent, UInt32(IEXSystemEvent(message).event))
        case IEXMessage.retailLiquidity:
            emitter.status(.retailInterest, UInt32(IEXRetailLiquidity(message).indicator))
        case IEXMessage.operationalHalt:
            emitter.status(.operationalHalt, UInt32(IEXOperationalHalt(message).status))
        case IEXMessage.securityEvent:
            emitter.status(.securityEvent, UInt32(IEXSecurityEvent(message).event))
        case IEXMessage.shortSaleTest:
            let test = IEXShortSaleTest(message)
            emitter.status(.shortSaleRestriction, UInt32(test.status) | UInt32(test.detail) << 8)
        case IEXMessage.tradingStatus:
            let status = IEXTradingStatus(message)
            emitter.status(.trading, UInt32(status.status), flags: [])
            emitter.status(.tradingReason, status.reasonLetters)
        default: break
        }
    }

    @inline(__always)
    private func instrument(_ symbol: UInt64) -> UInt32 {
        let id = known.find(symbol)
        return id != 0 ? id : enter(symbol)
    }

    @inline(never)
    private func enter(_ symbol: UInt64) -> UInt32 {
        let id = directory.findOrAdd(symbol: symbol, venue: venue, code: 0, channel: channel)
        if id == 0 {
            directoryFull += 1
        } else {
            known.insert(symbol, id: id)
        }
        return id
    }

    private func price(_ billionths: Int64?) -> Int64 {
        if let billionths { return billionths }
        unrepresentable += 1
        return Price.none
    }

    /// TOPS 1.5 has no condition for crosses.
    private func auctionFlag(_ saleCondition: UInt8) -> TickFlags {
        hasCrosses && IEXSaleCondition(rawValue: saleCondition).singlePriceCross ? .auction : []
    }

    // MARK: Books

    /// Only a level update with flag 1 leaves the book consistent (iex.md §3 DEEP). Buy and sell
    /// differ in their type alone.
    private func level(_ message: IEXPriceLevelBuy, _ emitter: inout TickEmitter) {
        let isBuy = Int(message.messageType) == IEXMessage.priceLevelBuy
        let isComplete = IEXEventFlags(rawValue: message.eventFlags).complete
        emitter.emit(
            .level, price: price(message.priceBillionths), quantity: Int64(message.size),
            side: isBuy ? .bid : .ask, flags: isComplete ? .lastOfEvent : [])
    }

    private func add(_ message: IEXAddOrder, _ emitter: inout TickEmitter) {
        let side: Side =
            switch IEXOrderSide(rawValue: message.side) {
            case .bid: .bid
            case .ask: .ask
            case nil: .none
            }
        emitter.emit(
            .add, orderID: UInt64(bitPattern: message.orderID),
            price: price(message.priceBillionths), quantity: Int64(message.size), side: side)
    }

    /// The new size is a total; priority is lost unless the message says that it is kept.
    private func modify(_ message: IEXOrderModify, _ emitter: inout TickEmitter) {
        let order = UInt64(bitPattern: message.orderID)
        let price = price(message.priceBillionths)
        if IEXModifyFlags(rawValue: message.flags).keepsPriority {
            emitter.emit(.modify, orderID: order, price: price, quantity: Int64(message.size))
            return
        }
        emitter.emit(.delete, orderID: order, flags: .replaced)
        emitter.emit(
            .add, orderID: order, price: price, quantity: Int64(message.size),
            flags: [.replaced, .lastOfEvent])
    }

    private func execute(_ message: IEXOrderExecuted, _ emitter: inout TickEmitter) {
        let quantity = Int64(message.size)
        emitter.emit(
            .trade, orderID: UInt64(bitPattern: message.tradeID),
            price: price(message.priceBillionths), quantity: quantity,
            flags: auctionFlag(message.saleCondition), extra: UInt32(message.saleCondition))
        emitter.emit(.fill, orderID: UInt64(bitPattern: message.orderID), quantity: quantity)
    }

    private func quote(_ message: IEXQuoteUpdate, _ emitter: inout TickEmitter) {
        let extra = UInt32(message.flags)
        emitter.emit(
            .quote, price: price(message.bidPriceBillionths), quantity: Int64(message.bidSize),
            side: .bid, flags: [], extra: extra)
        emitter.emit(
            .quote, price: price(message.askPriceBillionths), quantity: Int64(message.askSize),
            side: .ask, extra: extra)
    }

    private func trade(
        _ message: IEXTradeReport, _ kind: TickKind, _ emitter: inout TickEmitter
    ) {
        emitter.emit(
            kind, orderID: UInt64(bitPattern: message.tradeID),
            price: price(message.priceBillionths), quantity: Int64(message.size),
            flags: auctionFlag(message.saleCondition).union(tradeReportFlags),
            extra: UInt32(message.saleCondition))
    }

    // MARK: Auctions and reference data

    private func officialPrice(_ message: IEXOfficialPrice, _ emitter: inout TickEmitter) {
        let detail: StatisticDetail =
            message.priceType == UInt8(ascii: "Q") ? .officialOpen : .officialClose
        emitter.emit(
            .statistic, price: price(message.officialPriceBillionths), detail: detail.rawValue,
            extra: UInt32(message.priceType))
    }

    private func auction(_ message: IEXAuctionInformation, _ emitter: inout TickEmitter) {
        let extra = UInt32(message.auctionType) | UInt32(message.extensionNumber) << 8
        let side: Side =
            switch IEXImbalanceSide(rawValue: message.imbalanceSide) {
            case .bid: .bid
            case .ask: .ask
            default: .none
            }
        func value(
            _ detail: ImbalanceDetail, price: Int64 = Price.none, quantity: Int64 = Quantity.none,
            side: Side = .none, flags: TickFlags = .auction
        ) {
            emitter.emit(
                .imbalance, price: price, quantity: quantity, side: side, flags: flags,
                detail: detail.rawValue, extra: extra)
        }
        let time = Int64(message.scheduledAuctionTime) * 1_000_000_000
        value(.paired, quantity: Int64(message.pairedShares))
        value(.reference, price: price(message.referencePriceBillionths))
        value(.indicativeClearing, price: price(message.indicativeClearingPriceBillionths))
        value(.imbalance, quantity: Int64(message.imbalanceShares), side: side)
        value(.executionTime, quantity: time)
        value(.bookClearing, price: price(message.auctionBookClearingPriceBillionths))
        value(.collarReference, price: price(message.collarReferencePriceBillionths))
        value(.collarLower, price: price(message.lowerCollarBillionths))
        value(
            .collarUpper, price: price(message.upperCollarBillionths),
            flags: [.auction, .lastOfEvent])
    }

    private func define(_ message: IEXSecurityDirectory, _ emitter: inout TickEmitter) {
        if emitter.instrument != 0 {
            let adjustedClose = price(message.adjustedPreviousCloseBillionths)
            directory.update(emitter.instrument) { entry in
                entry.lotSize = Int64(message.roundLotSize)
                entry.currency = "USD"
                entry.details = """
                    flags=\(message.flags)
                    adjusted_previous_close=\(adjustedClose)
                    luld_tier=\(message.luldTier)
                    """
            }
        }
        emitter.emit(.definition)
    }
}
