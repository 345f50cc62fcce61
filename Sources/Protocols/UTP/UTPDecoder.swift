public import Ticks

/// UQDF and UTDF messages to ticks (others.md §4; `MAPPING.md` gives every field's place).
public final class UTPDecoder: FeedDecoding {
    /// Most odd-lot levels that one message is taken to have; no datagram holds more.
    static let oddLotMax = 240
    /// The most ticks that one message becomes: a quote, its national and odd-lot best, and levels.
    public static let ticksPerMessageMax = oddLotMax + 6

    private let messages: MessageTable
    @exclusivity(unchecked) private var unrepresentable: UInt64 = 0
    let symbols: TapeSymbols

    public init(_ setup: DecoderSetup) {
        messages = MessageTable(.utp, feed: setup.feed)
        symbols = TapeSymbols(setup)
    }

    deinit { messages.free() }

    /// Every message names its instrument: nothing holds for one run only.
    public func beginEpoch() {}

    public func snapshotCounters() -> DecoderCounters {
        var result = DecoderCounters()
        messages.fill(&result)
        result.unrepresentable = unrepresentable
        result.directoryFull = symbols.directoryFull
        return result
    }

    public func decode(
        _ blocks: UnsafeRawBufferPointer, cursor: inout BlockCursor, context: DeliveryContext,
        into ticks: UnsafeMutablePointer<Tick>, capacity: Int
    ) -> Int {
        guard let base = blocks.baseAddress else { return 0 }
        var out = ConsolidatedEmitter(ticks: TickEmitter(ticks: ticks, context: context))
        let last = capacity - Self.ticksPerMessageMax
        while cursor.remaining > 0, out.ticks.count <= last {
            let length = Int((base + cursor.offset).big16(0))
            let message = base + (cursor.offset &+ 2)
            let key = length >= 3 ? Int(message.big16(1)) : 0
            if messages.accept(key, length: length) {
                let first = out.ticks.count
                out.ticks.sequence = cursor.sequence
                let time = message.big64(13)
                out.ticks.exchangeTime = time != 0 ? time : message.big64(5)
                if !decodeMessage(key, message, length, &out) { messages.retract(key) }
                out.ticks.endEvent(since: first)
            }
            cursor.offset &+= 2 &+ length
            cursor.remaining &-= 1
            cursor.sequence &+= 1
        }
        unrepresentable &+= out.unrepresentable
        return out.ticks.count
    }

    /// Returns false if the message is cut inside.
    @inline(__always)
    private func decodeMessage(
        _ key: Int, _ message: UnsafeRawPointer, _ length: Int, _ out: inout ConsolidatedEmitter
    ) -> Bool {
        switch key {
        case UtpMessage.shortQuote, UtpMessage.longQuote, UtpMessage.shortCombinedQuote,
            UtpMessage.longCombinedQuote:
            return quote(key, message, length, &out)
        case UtpMessage.shortTrade, UtpMessage.longTrade: trade(key, message, &out)
        default: return decodeRare(key, message, length, &out)
        }
        return true
    }

    /// Everything but quotes and trades; out of line to keep the hot loop small.
    @inline(never)
    private func decodeRare(
        _ key: Int, _ message: UnsafeRawPointer, _ length: Int, _ out: inout ConsolidatedEmitter
    ) -> Bool {
        switch key {
        case UtpMessage.shortOddLotQuote, UtpMessage.longOddLotQuote:
            return oddLotQuote(key, message, length, &out)
        case UtpMessage.adfQuote: adfQuote(UtpAdfQuote(message), &out)
        case UtpMessage.wholeShortTrade, UtpMessage.wholeLongTrade: trade(key, message, &out)
        case UtpMessage.tradingAction: tradingAction(UtpTradingAction(message), &out)
        case UtpMessage.marketCenterAction:
            marketCenterAction(UtpMarketCenterAction(message), &out)
        case UtpMessage.symbolDirectory: symbolDirectory(UtpSymbolDirectory(message), &out)
        case UtpMessage.shortSaleRestriction:
            out.ticks.instrument = symbols.find11(message + 29)
            out.status(.shortSaleRestriction, UInt32(UtpShortSaleRestriction(message).action))
        case UtpMessage.priceBand: priceBand(UtpPriceBand(message), &out)
        case UtpMessage.breakerLevels: breakerLevels(UtpBreakerLevels(message), &out)
        case UtpMessage.breakerStatus:
            out.ticks.instrument = 0
            out.status(.marketWideBreaker, UInt32(UtpBreakerStatus(message).level))
        case UtpMessage.auctionCollar: auctionCollar(UtpAuctionCollar(message), &out)
        case UtpMessage.closingSummary: closingSummary(UtpClosingSummary(message), &out)
        case UtpMessage.totalVolume: totalVolume(UtpTotalVolume(message), &out)
        case UtpMessage.text, UtpMessage.sessionRecap: break
        default:
            if message.byte(1) == UInt8(ascii: "C") {
                out.ticks.instrument = 0
                out.status(
                    .systemEvent,
                    ConsolidatedEmitter.letters(message.byte(1), message.byte(2), message.byte(3)))
            } else {
                correction(key, message, &out)
            }
        }
        return true
    }
}
