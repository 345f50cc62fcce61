import Ticks

/// Nasdaq TotalView-ITCH 5.0 messages to ticks (itch50.md; `MAPPING.md` gives every field's place).
///
/// Sans-I/O: reads message blocks, writes ticks, keeps the stock locate table of the day.
public final class ITCH50Decoder: FeedDecoding {
    /// The most ticks that one message becomes (`O`).
    public static let ticksPerMessageMax = 6

    @exclusivity(unchecked) private var unrepresentable: UInt64 = 0
    @exclusivity(unchecked) private var directoryFull: UInt64 = 0
    private let table: MessageTable
    let directory: InstrumentDirectory
    let venue: UInt32
    let channel: UInt16
    /// UTC ns of the trading day's midnight in New York.
    private let midnight: UInt64

    /// Instrument id by stock locate, 0 where none is known; `unnamed` marks ids without a symbol.
    let instrumentByLocate: UnsafeMutablePointer<UInt32>
    static let unnamed: UInt32 = 1 << 31

    convenience init(_ setup: DecoderSetup) {
        self.init(
            directory: setup.directory, venue: setup.venue, channel: setup.channel,
            midnight: setup.midnight)
    }

    public init(
        directory: InstrumentDirectory, venue: String, channel: UInt16, midnight: UInt64
    ) {
        self.directory = directory
        self.venue = directory.venueIndex(venue)
        self.channel = channel
        self.midnight = midnight
        // BX and PSX have the same messages.
        table = MessageTable(.itch, feed: "itch50")
        instrumentByLocate = .allocate(capacity: 65536)
        instrumentByLocate.initialize(repeating: 0, count: 65536)
        for entry in directory.entries
        where entry.venue == venue && entry.channel == channel && entry.code < 65536 {
            instrumentByLocate[Int(entry.code)] =
                entry.id | (entry.symbol.isEmpty ? Self.unnamed : 0)
        }
    }

    deinit {
        table.free()
        instrumentByLocate.deallocate()
    }

    /// Forgets the locate table: locates are unique within one session only (itch50.md §1).
    public func beginEpoch() {
        instrumentByLocate.update(repeating: 0, count: 65536)
    }

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
        guard let base = blocks.baseAddress, cursor.remaining > 0 else { return 0 }
        var emitter = TickEmitter(ticks: ticks, context: context)
        // Few values that live through the loop: others would be spilled in it.
        var block = base + cursor.offset
        var sequence = cursor.sequence
        let end = sequence &+ UInt64(truncatingIfNeeded: cursor.remaining)
        let last = capacity - Self.ticksPerMessageMax
        while sequence != end, emitter.count <= last {
            let length = Int(block.big16(0))
            let message = block + 2
            block = message + length
            let type = length > 0 ? message.byte(0) : 0
            if table.accept(byte: type, length: length) {
                emitter.sequence = sequence
                decodeMessage(type, message, &emitter)
            }
            sequence &+= 1
        }
        cursor = BlockCursor(
            offset: block - base, remaining: Int(truncatingIfNeeded: end &- sequence),
            sequence: sequence)
        return emitter.count
    }

    @inline(__always)
    private func decodeMessage(
        _ type: UInt8, _ message: UnsafeRawPointer, _ emitter: inout TickEmitter
    ) {
        let prefix = ITCHOrderDelete(message)
        let locate = Int(prefix.stockLocate)
        emitter.exchangeTime = midnight &+ prefix.timestamp
        switch Int(type) {
        case ITCHMessage.addOrder:
            let add = ITCHAddOrder(message)
            emitter.instrument = instrument(locate, add.stockKey)
            emitter.add(add)
        case ITCHMessage.addOrderAttributed:
            let add = ITCHAddOrderAttributed(message)
            emitter.instrument = instrument(locate, add.stockKey)
            emitter.add(add)
        case ITCHMessage.orderDelete:
            emitter.instrument = instrument(locate)
            emitter.delete(ITCHOrderDelete(message))
        case ITCHMessage.orderExecuted:
            emitter.instrument = instrument(locate)
            emitter.execute(ITCHOrderExecuted(message))
        case ITCHMessage.orderCancel:
            emitter.instrument = instrument(locate)
            emitter.cancel(ITCHOrderCancel(message))
        case ITCHMessage.orderReplace:
            emitter.instrument = instrument(locate)
            emitter.replace(ITCHOrderReplace(message))
        case ITCHMessage.orderExecutedWithPrice:
            emitter.instrument = instrument(locate)
            emitter.execute(ITCHOrderExecutedWithPrice(message))
        case ITCHMessage.tradeNonCross:
            let trade = ITCHTradeNonCross(message)
            emitter.instrument = instrument(locate, trade.stockKey)
            emitter.trade(trade)
        case ITCHMessage.netOrderImbalance:
            let imbalance = ITCHNetOrderImbalance(message)
            emitter.instrument = instrument(locate, imbalance.stockKey)
            unrepresentable += emitter.imbalance(imbalance)
        default:
            decodeRare(type, locate, message, &emitter)
        }
    }

    /// Everything that is not order flow; out of line to keep the hot loop small.
    @inline(never)
    private func decodeRare(
        _ type: UInt8, _ locate: Int, _ message: UnsafeRawPointer, _ emitter: inout TickEmitter
    ) {
        emitter.instrument = rareInstrument(type, locate, message)
        switch Int(type) {
        case ITCHMessage.stockDirectory:
            define(locate, ITCHStockDirectory(message), &emitter)
        case ITCHMessage.systemEvent:
            emitter.status(.systemEvent, UInt32(ITCHSystemEvent(message).eventCode))
        case ITCHMessage.tradingAction: emitter.tradingAction(ITCHTradingAction(message))
        case ITCHMessage.regSHORestriction:
            emitter.status(.shortSaleRestriction, UInt32(ITCHRegSHORestriction(message).action))
        case ITCHMessage.participantPosition: emitter.position(ITCHParticipantPosition(message))
        case ITCHMessage.declineLevels:
            unrepresentable += emitter.declineLevels(ITCHDeclineLevels(message))
        case ITCHMessage.breakerStatus:
            emitter.status(.marketWideBreaker, UInt32(ITCHBreakerStatus(message).breachedLevel))
        case ITCHMessage.ipoQuotingPeriod:
            emitter.ipoQuotation(ITCHIPOQuotingPeriod(message), midnight: midnight)
        case ITCHMessage.auctionCollar: emitter.auctionCollar(ITCHAuctionCollar(message))
        case ITCHMessage.operationalHalt: emitter.operationalHalt(ITCHOperationalHalt(message))
        case ITCHMessage.crossTrade: unrepresentable += emitter.crossTrade(ITCHCrossTrade(message))
        case ITCHMessage.brokenTrade:
            emitter.emit(.tradeBreak, orderID: ITCHBrokenTrade(message).matchNumber)
        case ITCHMessage.retailInterest:
            emitter.status(.retailInterest, UInt32(ITCHRetailInterest(message).interest))
        case ITCHMessage.priceDiscovery:
            emitter.priceDiscovery(ITCHPriceDiscovery(message), midnight: midnight)
        default: break
        }
    }

    private func rareInstrument(
        _ type: UInt8, _ locate: Int, _ message: UnsafeRawPointer
    ) -> UInt32 {
        switch Int(type) {
        case ITCHMessage.stockDirectory, ITCHMessage.tradingAction, ITCHMessage.regSHORestriction,
            ITCHMessage.auctionCollar, ITCHMessage.operationalHalt, ITCHMessage.retailInterest,
            ITCHMessage.priceDiscovery:
            // All of them have the stock where trading actions have it.
            return instrument(locate, ITCHTradingAction(message).stockKey)
        case ITCHMessage.participantPosition:
            return instrument(locate, ITCHParticipantPosition(message).stockKey)
        case ITCHMessage.crossTrade:
            return instrument(locate, ITCHCrossTrade(message).stockKey)
        case ITCHMessage.ipoQuotingPeriod:
            let stock = ITCHIPOQuotingPeriod(message).stockKey
            // Its locate is documented as always 0 although it names a stock (itch50.md §2 K).
            return locate == 0
                ? directory.findOrAdd(symbol: stock, venue: venue, code: 0, channel: channel)
                : instrument(locate, stock)
        default:
            return locate == 0 ? 0 : instrument(locate)
        }
    }

    @inline(__always)
    private func instrument(_ locate: Int) -> UInt32 {
        let id = instrumentByLocate[locate]
        return id != 0 ? id & ~Self.unnamed : addUnnamed(locate)
    }

    @inline(__always)
    private func instrument(_ locate: Int, _ symbol: UInt64) -> UInt32 {
        let id = instrumentByLocate[locate]
        return id != 0 && id & Self.unnamed == 0 ? id : learn(locate, symbol)
    }

    @inline(never)
    private func addUnnamed(_ locate: Int) -> UInt32 {
        let id = directory.addUnnamed(venue: venue, code: UInt64(locate), channel: channel)
        if id == 0 {
            directoryFull += 1
        } else {
            instrumentByLocate[locate] = id | Self.unnamed
        }
        return id
    }

    /// The first symbol seen with a locate names it. Locate 0 is no instrument's (itch50.md §1): there
    /// only the symbol counts.
    @inline(never)
    private func learn(_ locate: Int, _ symbol: UInt64) -> UInt32 {
        let known = instrumentByLocate[locate] & ~Self.unnamed
        if locate != 0, known != 0, directory.name(known, symbol: symbol, venue: venue) {
            instrumentByLocate[locate] = known
            return known
        }
        // Another epoch had named the instrument already: the locate goes on with that entry.
        let id = directory.findOrAdd(
            symbol: symbol, venue: venue, code: UInt64(locate), channel: channel)
        if id == 0 { directoryFull += 1 }
        if locate != 0 { instrumentByLocate[locate] = id }
        return id
    }

    /// Stock directory: the one message that defines a locate, so it wins over what was learned.
    private func define(
        _ locate: Int, _ message: ITCHStockDirectory, _ emitter: inout TickEmitter
    ) {
        let id = directory.findOrAdd(
            symbol: message.stockKey, venue: venue, code: UInt64(locate), channel: channel)
        guard id != 0 else {
            // An unknown locate has been counted where it was looked up.
            if instrumentByLocate[locate] != 0 { directoryFull += 1 }
            emitter.instrument = 0
            emitter.emit(.definition)
            return
        }
        instrumentByLocate[locate] = id
        directory.update(id) { entry in
            entry.code = UInt64(locate)
            entry.channel = channel
            entry.lotSize = Int64(message.roundLotSize)
            entry.currency = "USD"
            entry.details = directoryDetails(message)
        }
        emitter.instrument = id
        emitter.emit(.definition)
    }
}
