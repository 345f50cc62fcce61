import Ticks
import Wire

/// Eurex T7 EOBI to ticks (others.md §6, §16; `MAPPING.md`): releases with 64-bit quantities and the
/// older ones, by the feed's name.
final class EobiDecoder: FeedDecoding {
    /// An instrument summary with as many values as a byte counts, or a mass state change with as
    /// many instruments.
    static let ticksPerMessageMax = 520
    private static let headerSize = 32

    let feed: PacketFeed
    private let generation: Generation
    /// Product and time of the packet being decoded.
    @exclusivity(unchecked) private(set) var product: Int32 = 0
    @exclusivity(unchecked) private(set) var packetTime: UInt64 = 0
    /// What the next snapshot order must continue.
    @exclusivity(unchecked) var snapshot: Snapshot?

    private enum Generation { case current, release6, release3 }

    /// The book that snapshot orders belong to: the instrument of the last summary, as long as no
    /// message of the product is missing since.
    struct Snapshot {
        var securityID: Int64
        var product: Int32
        var nextMessage: UInt32
    }

    let marketOrders = MarketOrders()

    init(_ setup: DecoderSetup) {
        feed = PacketFeed(setup, .eobi, ticksPerMessageMax: Self.ticksPerMessageMax)
        switch setup.feed {
        case "eobi-6": generation = .release6
        case "eobi-3": generation = .release3
        default: generation = .current
        }
    }

    func beginEpoch() {
        snapshot = nil
        marketOrders.removeAll()
    }

    func snapshotCounters() -> DecoderCounters { feed.snapshotCounters() }

    func decode(
        _ blocks: UnsafeRawBufferPointer, cursor: inout BlockCursor, context: DeliveryContext,
        into ticks: UnsafeMutablePointer<Tick>, capacity: Int
    ) -> Int {
        if blocks.count >= Self.headerSize, let base = blocks.baseAddress {
            let header = EobiPacketHeader(base)
            product = header.marketSegmentID
            packetTime = header.transactTime
        }
        return feed.decode(
            blocks, cursor: &cursor, context: context, into: ticks, capacity: capacity
        ) { message, length, emitter in
            let key = Int(EobiHeartbeat(message).templateID)
            guard feed.table.accept(key, length: length) else { return }
            emitter.exchangeTime = packetTime
            if generation == .current {
                decodeMessage(key, message, length, &emitter)
            } else {
                decodeOldMessage(key, message, length, &emitter)
            }
        }
    }

    @inline(__always)
    private func decodeMessage(
        _ key: Int, _ base: UnsafeRawPointer, _ length: Int, _ emitter: inout TickEmitter
    ) {
        switch key {
        case EobiMessage.orderAdd:
            let order = EobiOrderAdd(base)
            emitter.exchangeTime = order.timePriority
            add(
                Order(
                    securityID: order.securityID, priority: order.timePriority, side: order.side,
                    price: order.price, quantity: order.displayQty), &emitter)
        case EobiMessage.orderDelete:
            let order = EobiOrderDelete(base)
            emitter.exchangeTime = order.transactTime
            delete(
                Order(
                    securityID: order.securityID, priority: order.timePriority, side: order.side,
                    price: order.price, quantity: order.displayQty), &emitter)
        case EobiMessage.orderModify:
            let order = EobiOrderModify(base, length: length)
            emitter.exchangeTime = order.timePriority
            replace(
                order.prevTimePriority, at: order.prevPrice, of: order.prevDisplayQty,
                by: Order(
                    securityID: order.securityID, priority: order.timePriority, side: order.side,
                    price: order.price, quantity: order.displayQty), &emitter)
        case EobiMessage.orderModifySamePrio:
            let order = EobiOrderModifySamePrio(base)
            emitter.exchangeTime = order.transactTime
            modify(
                Order(
                    securityID: order.securityID, priority: order.timePriority, side: order.side,
                    price: order.price, quantity: order.displayQty), &emitter)
        case EobiMessage.fullOrderExecution, EobiMessage.partialOrderExecution:
            let order = EobiFullOrderExecution(base)
            execute(
                Order(
                    securityID: order.securityID, priority: order.timePriority, side: order.side,
                    price: order.price, quantity: order.lastQty),
                at: order.lastPx, match: order.trdMatchID,
                isAlgorithmic: order.algorithmicTradeIndicator == 1,
                isFull: key == EobiMessage.fullOrderExecution, &emitter)
        default: decodeRare(key, base, length, &emitter)
        }
    }

    /// What is no order flow; out of line to keep the hot loop small.
    @inline(never)
    private func decodeRare(
        _ key: Int, _ base: UnsafeRawPointer, _ length: Int, _ emitter: inout TickEmitter
    ) {
        switch key {
        case EobiMessage.executionSummary: total(EobiExecutionSummary(base), &emitter)
        case EobiMessage.tradeReport:
            report(EobiTradeReport(base, length: length), &emitter)
        case EobiMessage.tradeReversal:
            guard EobiTradeReversal.isWhole(base, length: length) else {
                return feed.table.retract(key)
            }
            reverse(EobiTradeReversal(base), &emitter)
        case EobiMessage.instrumentStateChange:
            changeState(EobiInstrumentStateChange(base, length: length), &emitter)
        case EobiMessage.massInstrumentStateChange:
            guard EobiMassInstrumentStateChange.isWhole(base, length: length) else {
                return feed.table.retract(key)
            }
            changeStates(EobiMassInstrumentStateChange(base), &emitter)
        case EobiMessage.auctionBBO: auctionBest(EobiAuctionBBO(base), &emitter)
        case EobiMessage.auctionClearingPrice: clearing(EobiAuctionClearingPrice(base), &emitter)
        case EobiMessage.crossRequest: announceCross(EobiCrossRequest(base), &emitter)
        case EobiMessage.quoteRequest: requestQuote(EobiQuoteRequest(base), &emitter)
        case EobiMessage.topOfBook: top(EobiTopOfBook(base), &emitter)
        case EobiMessage.instrumentSummary:
            summarize(EobiInstrumentSummary(base), length, &emitter)
        case EobiMessage.snapshotOrder: snapshotOrder(EobiSnapshotOrder(base), &emitter)
        default: decodeCommon(key, base, &emitter)
        }
    }

    /// Messages that are the same in all releases.
    func decodeCommon(_ key: Int, _ base: UnsafeRawPointer, _ emitter: inout TickEmitter) {
        switch key {
        case EobiMessage.orderMassDelete:
            let message = EobiOrderMassDelete(base)
            emitter.exchangeTime = message.transactTime
            emitter.instrument = instrument(message.securityID)
            // With instrument 0 it would clear the whole channel.
            emitter.clearBook()
        case EobiMessage.productStateChange:
            let message = EobiProductStateChange(base)
            emitter.exchangeTime = message.transactTime
            productState(
                packed(
                    message.tradingSessionID, message.tradingSessionSubID, message.tradSesStatus,
                    message.marketCondition),
                packed(message.fastMarketIndicator, message.tesTradSesStatus), [], &emitter)
        case EobiMessage.productSummary:
            let message = EobiProductSummary(base)
            productState(
                packed(
                    message.tradingSessionID, message.tradingSessionSubID, message.tradSesStatus,
                    message.marketCondition),
                packed(message.fastMarketIndicator, message.tesTradSesStatus), .snapshot, &emitter)
            continueSnapshot(message.msgSeqNum)
        default: break
        }
    }

    @inline(__always)
    private func decodeOldMessage(
        _ key: Int, _ base: UnsafeRawPointer, _ length: Int, _ emitter: inout TickEmitter
    ) {
        if key == EobiMessage.executionSummary, generation == .release3 {
            return total(EobiExecutionSummary3(base), &emitter)
        }
        decodeRelease6(key, base, length, &emitter)
    }

    // MARK: Instruments

    /// The instrument with the venue's number; the symbol is the number.
    @inline(__always)
    func instrument(_ securityID: Int64) -> UInt32 {
        feed.instrument(
            UInt64(bitPattern: securityID), text: { String(securityID) },
            describe: { entry in
                var details = InstrumentDetails()
                details.set("product", String(product))
                if generation == .current { details.set(quantityUnit: 1, exponent: -4) }
                entry.details = details.text
            })
    }

    /// The entry that stands for the packet's product as a whole.
    func productInstrument() -> UInt32 {
        feed.instrument(
            UInt64(UInt32(bitPattern: product)), kind: 1, text: { "segment-\(product)" },
            describe: { entry in
                var details = InstrumentDetails()
                details.set(type: .other)
                details.set("product", String(product))
                entry.details = details.text
            })
    }
}
