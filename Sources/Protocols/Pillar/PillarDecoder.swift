import Ticks
import Wire

/// Messages of the NYSE Pillar and XDP feeds to ticks (nyse-xdp.md; `MAPPING-Pillar.md` gives every
/// field's place).
///
/// Sans-I/O: reads messages, writes ticks, keeps the channel's index mapping and its clocks.
public final class PillarDecoder: FeedDecoding {
    private let table: MessageTable
    @exclusivity(unchecked) var counters = DecoderCounters()
    /// By symbol index, and on the options feed by series index beside it.
    @exclusivity(unchecked) var symbols = PillarSymbols()
    @exclusivity(unchecked) var series = PillarSymbols()
    let directory: InstrumentDirectory
    let venue: UInt32
    let channel: UInt16
    /// UTC ns of the trading day's midnight in New York.
    let midnight: UInt64
    /// 103 ends with the conditions of the trade; in XDP 2.1 another id stands there.
    let hasTradeConditions: Bool
    /// The feed carries single orders.
    let keepsOrders: Bool
    /// Levels are sums over several markets.
    let sumsMarkets: Bool
    /// MPV and unit of trade of an index mapping are reserved.
    let isOptions: Bool
    private let ticksPerMessageMax: Int
    /// ns since the Unix epoch of the last source time reference by partition, 0 where there was
    /// none; the last place is that of symbols whose partition is unknown.
    private let references: UnsafeMutablePointer<UInt64>
    private static let referenceCount = Int(PillarSymbol.unknownSystem) + 1

    public init(_ setup: DecoderSetup) {
        table = MessageTable(.pillar, feed: setup.feed)
        directory = setup.directory
        venue = setup.directory.venueIndex(setup.venue)
        channel = setup.channel
        midnight = setup.midnight
        hasTradeConditions = setup.feed == PillarFeeds.integrated
        keepsOrders = hasTradeConditions || setup.feed == PillarFeeds.xdpIntegrated
        sumsMarkets = setup.feed == PillarFeeds.depth
        isOptions = setup.feed == PillarFeeds.options
        ticksPerMessageMax = PillarFeeds.ticksPerMessageMax(setup.feed)
        references = .allocate(capacity: Self.referenceCount)
        references.initialize(repeating: 0, count: Self.referenceCount)
        restoreSymbols(venue: setup.venue)
    }

    deinit {
        table.free()
        symbols.free()
        series.free()
        references.deallocate()
    }

    /// Forgets the clocks, whose references are sent again; not the index mapping, which holds over
    /// the day and between days (nyse-xdp.md §3).
    public func beginEpoch() {
        references.update(repeating: 0, count: Self.referenceCount)
    }

    public func snapshotCounters() -> DecoderCounters {
        var result = counters
        table.fill(&result)
        return result
    }

    public func decode(
        _ blocks: UnsafeRawBufferPointer, cursor: inout BlockCursor, context: DeliveryContext,
        into ticks: UnsafeMutablePointer<Tick>, capacity: Int
    ) -> Int {
        guard let base = blocks.baseAddress else { return 0 }
        var emitter = TickEmitter(ticks: ticks, context: context)
        var offset = cursor.offset
        var remaining = cursor.remaining
        var sequence = cursor.sequence
        let last = capacity - ticksPerMessageMax
        while remaining > 0, emitter.count <= last {
            let message = base + offset
            let length = Int(Self.head(message, 0))
            offset &+= length
            remaining &-= 1
            // Shorter than its own head: of no type.
            let type = length >= 4 ? Int(Self.head(message, 2)) : 0
            if table.accept(type, length: length) {
                emitter.sequence = sequence
                // Numbers begin with 1: 0 is what stands outside of the order.
                if sequence == 0 {
                    decodeUnsequenced(type, message, &emitter)
                } else {
                    decodeMessage(type, message, length, &emitter)
                }
            }
            if sequence != 0 { sequence &+= 1 }
        }
        cursor = BlockCursor(offset: offset, remaining: remaining, sequence: sequence)
        return emitter.count
    }

    /// Size or type of a message.
    @inline(__always)
    private static func head(_ message: UnsafeRawPointer, _ offset: Int) -> UInt16 {
        UInt16(littleEndian: message.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }

    /// A refresh is the past of single symbols, to be joined with what was kept of the present: in
    /// the stream of ticks only its index mappings are true at any time.
    @inline(never)
    private func decodeUnsequenced(
        _ type: Int, _ message: UnsafeRawPointer, _ emitter: inout TickEmitter
    ) {
        switch type {
        case PillarMessage.symbolIndexMapping: define(PillarSymbolIndexMapping(message), &emitter)
        case PillarMessage.seriesIndexMapping: define(PillarSeriesIndexMapping(message), &emitter)
        default: break
        }
    }

    @inline(__always)
    private func decodeMessage(
        _ type: Int, _ message: UnsafeRawPointer, _ length: Int, _ emitter: inout TickEmitter
    ) {
        switch type {
        case PillarMessage.addOrder: addOrder(PillarAddOrder(message), &emitter)
        case PillarMessage.deleteOrder: deleteOrder(PillarDeleteOrder(message), &emitter)
        case PillarMessage.modifyOrder: modifyOrder(PillarModifyOrder(message), &emitter)
        case PillarMessage.replaceOrder: replaceOrder(PillarReplaceOrder(message), &emitter)
        case PillarMessage.orderExecution: orderExecution(PillarOrderExecution(message), &emitter)
        case PillarMessage.quote: quote(PillarQuote(message, length: length), &emitter)
        case PillarMessage.seriesQuote: quote(PillarSeriesQuote(message), &emitter)
        case PillarMessage.nonDisplayedTrade:
            nonDisplayedTrade(PillarNonDisplayedTrade(message), &emitter)
        case PillarMessage.trade:
            let trade = PillarTrade(message)
            self.trade(trade, symbol(trade.symbolIndex), &emitter)
        case PillarMessage.depthUpdate: depthUpdate(type, message, length, &emitter)
        default: decodeRare(type, message, length, &emitter)
        }
    }

    /// Everything that is not order flow; out of line to keep the hot loop small.
    @inline(never)
    private func decodeRare(
        _ type: Int, _ message: UnsafeRawPointer, _ length: Int, _ emitter: inout TickEmitter
    ) {
        switch type {
        case PillarMessage.sourceTimeReference: refer(PillarSourceTimeReference(message))
        case PillarMessage.symbolIndexMapping: define(PillarSymbolIndexMapping(message), &emitter)
        case PillarMessage.seriesIndexMapping: define(PillarSeriesIndexMapping(message), &emitter)
        case PillarMessage.symbolClear:
            symbolClear(PillarSymbolClear(message, length: length), &emitter)
        case PillarMessage.securityStatus:
            securityStatus(PillarSecurityStatus(message), &emitter)
        case PillarMessage.imbalance: imbalance(PillarImbalance(message, length: length), &emitter)
        case PillarMessage.seriesImbalance: imbalance(PillarSeriesImbalance(message), &emitter)
        case PillarMessage.addOrderRefresh:
            addOrderRefresh(PillarAddOrderRefresh(message), &emitter)
        case PillarMessage.crossTrade: crossTrade(PillarCrossTrade(message), &emitter)
        case PillarMessage.tradeCancel: tradeCancel(PillarTradeCancel(message), &emitter)
        case PillarMessage.crossCorrection:
            crossCorrection(PillarCrossCorrection(message), &emitter)
        case PillarMessage.retailPriceImprovement:
            retailInterest(PillarRetailPriceImprovement(message), &emitter)
        case PillarMessage.seriesRequestForQuote:
            requestForQuote(PillarSeriesRequestForQuote(message), &emitter)
        default: decodeReport(type, message, &emitter)
        }
    }

    /// Trades and summaries, which series have with the same fields at the same places.
    private func decodeReport(
        _ type: Int, _ message: UnsafeRawPointer, _ emitter: inout TickEmitter
    ) {
        switch type {
        case PillarMessage.tradeVoid:
            let void = PillarTradeVoid(message)
            tradeVoid(void, symbol(void.symbolIndex), &emitter)
        case PillarMessage.tradeCorrection:
            let correction = PillarTradeCorrection(message)
            tradeCorrection(correction, symbol(correction.symbolIndex), &emitter)
        case PillarMessage.stockSummary:
            let summary = PillarStockSummary(message)
            self.summary(summary, symbol(summary.symbolIndex), &emitter)
        case PillarMessage.seriesTrade:
            let trade = PillarTrade(message)
            self.trade(trade, seriesSymbol(trade.symbolIndex), &emitter)
        case PillarMessage.seriesTradeVoid:
            let void = PillarTradeVoid(message)
            tradeVoid(void, seriesSymbol(void.symbolIndex), &emitter)
        case PillarMessage.seriesTradeCorrection:
            let correction = PillarTradeCorrection(message)
            tradeCorrection(correction, seriesSymbol(correction.symbolIndex), &emitter)
        case PillarMessage.seriesSummary:
            let summary = PillarStockSummary(message)
            self.summary(summary, seriesSymbol(summary.symbolIndex), &emitter)
        default: break
        }
    }

    /// A partition beyond 8 bits has no symbols (nyse-xdp.md §4, types 2 and 3).
    private func refer(_ message: PillarSourceTimeReference) {
        guard let system = UInt8(exactly: message.systemID) else {
            counters.unrepresentable &+= 1
            return
        }
        references[Int(system)] = UInt64(message.sourceTime) &* 1_000_000_000
    }

    /// Makes the emitter the symbol's. False if it has no place in the directory: then the message
    /// makes no tick, for instrument 0 would stand for the channel as a whole.
    @inline(__always)
    func begin(_ symbol: PillarSymbol, _ emitter: inout TickEmitter) -> Bool {
        emitter.instrument = symbol.instrument
        return symbol.instrument != 0
    }

    /// Likewise, for messages whose time is `nanoseconds` after the last source time reference.
    @inline(__always)
    func begin(
        _ symbol: PillarSymbol, nanoseconds: UInt32, _ emitter: inout TickEmitter
    ) -> Bool {
        let reference = references[Int(symbol.system)]
        emitter.exchangeTime = reference == 0 ? 0 : reference &+ UInt64(nanoseconds)
        return begin(symbol, &emitter)
    }

    /// Likewise, for messages with a time of their own.
    @inline(__always)
    func begin(
        _ symbol: PillarSymbol, seconds: UInt32, nanoseconds: UInt32,
        _ emitter: inout TickEmitter
    ) -> Bool {
        emitter.exchangeTime = UInt64(seconds) &* 1_000_000_000 &+ UInt64(nanoseconds)
        return begin(symbol, &emitter)
    }

    @inline(__always)
    func symbol(_ index: UInt32) -> PillarSymbol {
        let known = symbols.find(index)
        return known.instrument != 0 ? known : addUnnamed(index, isSeries: false)
    }

    @inline(__always)
    func seriesSymbol(_ index: UInt32) -> PillarSymbol {
        let known = series.find(index)
        return known.instrument != 0 ? known : addUnnamed(index, isSeries: true)
    }

    /// Billionths; none, and counted, while the symbol's scale is unknown.
    @inline(__always)
    func price(_ raw: Int32, _ symbol: PillarSymbol) -> Int64 {
        if symbol.priceScale == 0 { return unknownPrice() }
        return Int64(raw) &* Int64(symbol.priceScale)
    }

    @inline(never)
    private func unknownPrice() -> Int64 {
        counters.unrepresentable &+= 1
        return Price.none
    }

    @inline(__always)
    func side(_ letter: UInt8) -> Side {
        switch letter {
        case PillarSide.bid.rawValue: .bid
        case PillarSide.ask.rawValue: .ask
        default: .none
        }
    }

    /// Passes `whole` on; a message that is cut inside counts as one of unexpected length.
    func isWhole(_ type: Int, _ whole: Bool) -> Bool {
        if !whole { table.retract(type) }
        return whole
    }
}
