public import Ticks

/// CQS and CTS messages to ticks (others.md §3; `MAPPING.md` gives every field's place).
public final class CTADecoder: FeedDecoding {
    /// The most ticks that one message becomes: volumes of every participant.
    public static let ticksPerMessageMax = 64
    /// There are fewer participants than letters; a message with more is damaged.
    static let participantMax = 64

    private let messages: MessageTable
    @exclusivity(unchecked) private var unrepresentable: UInt64 = 0
    let symbols: TapeSymbols

    public init(_ setup: DecoderSetup) {
        messages = MessageTable(.cta, feed: setup.feed)
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
            let message = base + cursor.offset
            let length = Int(message.big16(0))
            let key = length >= 4 ? Int(message.big16(2)) : 0
            if messages.accept(key, length: length) {
                let first = out.ticks.count
                out.ticks.sequence = cursor.sequence
                let time = UInt64(message.big32(5)) &* 1_000_000_000 &+ UInt64(message.big32(9))
                out.ticks.exchangeTime = time != 0 ? time : context.sendTime
                if !decodeMessage(key, message, length, &out) { messages.retract(key) }
                out.ticks.endEvent(since: first)
            }
            cursor.offset &+= length
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
        case CtaMessage.shortQuote: shortQuote(message, length, &out)
        case CtaMessage.longQuote: longQuote(message, length, &out)
        case CtaMessage.shortTrade, CtaMessage.fractionalShortTrade, CtaMessage.longTrade,
            CtaMessage.fractionalLongTrade:
            trade(key, message, &out)
        default: decodeRare(key, message, length, &out)
        }
    }

    /// Everything but quotes and trades; out of line to keep the hot loop small.
    @inline(never)
    private func decodeRare(
        _ key: Int, _ message: UnsafeRawPointer, _ length: Int, _ out: inout ConsolidatedEmitter
    ) -> Bool {
        switch key {
        case CtaMessage.specialLongQuote: return specialLongQuote(message, length, &out)
        case CtaMessage.marketVolumes, CtaMessage.fractionalMarketVolumes:
            return marketVolumes(message, length, &out)
        case CtaMessage.symbolReference: symbolReference(CtaSymbolReference(message), &out)
        case CtaMessage.tradingStatus: tradingStatus(CtaTradingStatus(message), &out)
        // Two messages of one layout.
        case CtaMessage.quoteAuctionStatus, CtaMessage.tradeAuctionStatus:
            auctionStatus(CtaTradeAuctionStatus(message), &out)
        case CtaMessage.breakerLevels: breakerLevels(CtaBreakerLevels(message), &out)
        case CtaMessage.breakerStatus:
            out.ticks.instrument = 0
            out.status(.marketWideBreaker, UInt32(CtaBreakerStatus(message).level))
        case CtaMessage.marketTotals: marketTotals(CtaMarketTotals(message), &out)
        case CtaMessage.index, CtaMessage.bidOfferIndex: index(key, message, &out)
        case CtaMessage.crossingSessions, CtaMessage.lineIntegrity, CtaMessage.resetSequence: break
        default:
            if message.byte(2) == UInt8(ascii: "C") || message.byte(2) == UInt8(ascii: "A") {
                out.ticks.instrument = 0
                out.status(.systemEvent, UInt32(message.byte(2)) | UInt32(message.byte(3)) << 8)
            } else {
                correction(key, message, &out)
            }
        }
        return true
    }
}
