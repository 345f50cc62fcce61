public import Ticks
import Wire

/// OPRA messages to ticks (others.md §5; `MAPPING.md` gives every field's place).
public final class OPRADecoder: FeedDecoding {
    /// The most ticks that one message becomes: an end-of-day summary.
    public static let ticksPerMessageMax = 10

    private let messages: MessageTable
    @exclusivity(unchecked) private var unrepresentable: UInt64 = 0
    private let series: OPRASeries

    public init(_ setup: DecoderSetup) {
        messages = MessageTable(.opra, feed: setup.feed)
        series = OPRASeries(setup)
    }

    deinit { messages.free() }

    /// Every message names its instrument: nothing holds for one run only.
    public func beginEpoch() {}

    public func snapshotCounters() -> DecoderCounters {
        var result = DecoderCounters()
        messages.fill(&result)
        result.unrepresentable = unrepresentable &+ series.impossible
        result.directoryFull = series.directoryFull
        return result
    }

    public func decode(
        _ blocks: UnsafeRawBufferPointer, cursor: inout BlockCursor, context: DeliveryContext,
        into ticks: UnsafeMutablePointer<Tick>, capacity: Int
    ) -> Int {
        guard let base = blocks.baseAddress else { return 0 }
        var out = ConsolidatedEmitter(ticks: TickEmitter(ticks: ticks, context: context))
        // Only the block has a time.
        out.ticks.exchangeTime = context.sendTime
        let last = capacity - Self.ticksPerMessageMax
        var offset = cursor.offset
        var remaining = cursor.remaining
        var sequence = cursor.sequence
        while remaining > 0, out.ticks.count <= last {
            let message = base + offset
            let length = BlockFraming.opraLength(blocks, offset)
            let key = message.byte(1)
            if messages.accept(byte: key, length: length) {
                let first = out.ticks.count
                out.ticks.sequence = sequence
                decodeMessage(Int(key), message, &out)
                out.ticks.endEvent(since: first)
            }
            offset &+= length
            remaining &-= 1
            sequence &+= 1
        }
        cursor = BlockCursor(offset: offset, remaining: remaining, sequence: sequence)
        unrepresentable &+= out.unrepresentable
        return out.ticks.count
    }

    /// Messages lie whole: their lengths come from the category and the indicator.
    @inline(__always)
    private func decodeMessage(
        _ key: Int, _ message: UnsafeRawPointer, _ out: inout ConsolidatedEmitter
    ) {
        switch key {
        case OpraMessage.shortQuote: shortQuote(OpraShortQuote(message), &out)
        case OpraMessage.longQuote: longQuote(OpraLongQuote(message), &out)
        case OpraMessage.lastSale: lastSale(OpraLastSale(message), &out)
        default: decodeRare(key, message, &out)
        }
    }

    @inline(never)
    private func decodeRare(
        _ key: Int, _ message: UnsafeRawPointer, _ out: inout ConsolidatedEmitter
    ) {
        switch key {
        case OpraMessage.openInterest:
            guard let id = series.find(message) else { return }
            out.ticks.instrument = id
            let interest = OpraOpenInterest(message)
            out.statistic(
                .openInterest, quantity: Int64(interest.openInterest),
                extra: UInt32(interest.participant))
        case OpraMessage.endOfDaySummary: summary(OpraEndOfDaySummary(message), &out)
        case OpraMessage.control:
            out.ticks.instrument = 0
            out.status(
                .systemEvent, ConsolidatedEmitter.letters(message.byte(1), message.byte(2)))
        case OpraMessage.seriesMapping:
            guard let id = series.map(OpraSeriesMapping(message)) else { return }
            out.ticks.instrument = id
            out.ticks.emit(.definition, flags: [])
        case OpraMessage.underlyingValue: underlying(OpraUnderlyingValue(message), &out)
        default: break
        }
    }

    /// Billionths of a price and its denominator letter; nil for letters that do not exist.
    @inline(__always)
    private static func price(_ value: some FixedWidthInteger, _ denominator: UInt8) -> Int64? {
        guard let scale = OPRASeries.scale(denominator) else { return nil }
        return wireBillionths(value, scale: scale)
    }

    // MARK: Quotes

    @inline(__always)
    private func shortQuote(_ quote: OpraShortQuote, _ out: inout ConsolidatedEmitter) {
        guard let id = series.findShort(quote) else { return }
        out.ticks.instrument = id
        let letters = ConsolidatedEmitter.letters(quote.participant, quote.type)
        emit(
            quote.indicator,
            bid: ConsolidatedSide(
                price: quote.bidPriceBillionths, quantity: Int64(quote.bidSize), letters: letters),
            offer: ConsolidatedSide(
                price: quote.offerPriceBillionths, quantity: Int64(quote.offerSize),
                letters: letters),
            parts: quote.base + 29, &out)
    }

    @inline(__always)
    private func longQuote(_ quote: OpraLongQuote, _ out: inout ConsolidatedEmitter) {
        guard let id = series.find(quote.base) else { return }
        out.ticks.instrument = id
        let letters = ConsolidatedEmitter.letters(quote.participant, quote.type)
        emit(
            quote.indicator,
            bid: ConsolidatedSide(
                price: Self.price(quote.bidPrice, quote.premiumDenominator),
                quantity: Int64(quote.bidSize), letters: letters),
            offer: ConsolidatedSide(
                price: Self.price(quote.offerPrice, quote.premiumDenominator),
                quantity: Int64(quote.offerSize), letters: letters),
            parts: quote.base + 43, &out)
    }

    /// The participant's quote, then the national best as far as it changes: the indicator's
    /// letters A to P are four times four (others.md §5).
    @inline(__always)
    private func emit(
        _ indicator: UInt8, bid: ConsolidatedSide, offer: ConsolidatedSide,
        parts: UnsafeRawPointer, _ out: inout ConsolidatedEmitter
    ) {
        out.quote(.participant, .bid, bid)
        out.quote(.participant, .ask, offer)
        let change = indicator &- UInt8(ascii: "A")
        guard change > 0, change < 16 else { return }
        var part = parts
        switch change >> 2 {
        case 1: out.quote(.national, .bid, bid)
        case 2: out.quote(.national, .bid, .none)
        case 3:
            out.quote(.national, .bid, Self.appendage(part))
            part += 10
        default: break
        }
        switch change & 3 {
        case 1: out.quote(.national, .ask, offer)
        case 2: out.quote(.national, .ask, Self.appendage(part))
        case 3: out.quote(.national, .ask, .none)
        default: break
        }
    }

    @inline(__always)
    private static func appendage(_ at: UnsafeRawPointer) -> ConsolidatedSide {
        let entry = OpraLongQuoteBestBidEntry(at)
        return ConsolidatedSide(
            price: price(entry.price, entry.denominator), quantity: Int64(entry.size),
            letters: UInt32(entry.participant))
    }

    // MARK: Trades and statistics

    /// Types of last sales that void an earlier one (CANC, CNCL, CNCO, CNOL).
    @inline(__always)
    private static func isCancel(_ type: UInt8) -> Bool {
        switch OpraSaleType(rawValue: type) {
        case .canceled, .lastCanceled, .onlyCanceled, .openCanceled: true
        default: false
        }
    }

    @inline(__always)
    private func lastSale(_ sale: OpraLastSale, _ out: inout ConsolidatedEmitter) {
        guard let id = series.find(sale.base) else { return }
        out.ticks.instrument = id
        out.ticks.emit(
            Self.isCancel(sale.type) ? .tradeBreak : .trade, orderID: UInt64(sale.tradeId),
            price: out.price(Self.price(sale.premium, sale.premiumDenominator)),
            quantity: Int64(sale.volume), flags: [], detail: sale.participant,
            extra: UInt32(sale.type))
    }

    private func summary(_ message: OpraEndOfDaySummary, _ out: inout ConsolidatedEmitter) {
        guard let id = series.find(message.base) else { return }
        out.ticks.instrument = id
        let extra = UInt32(message.participant)
        out.statistic(.volume, quantity: Int64(message.volume), extra: extra)
        out.statistic(.openInterest, quantity: Int64(message.openInterest), extra: extra)
        let denominator = message.premiumDenominator
        func figure(_ detail: StatisticDetail, _ value: Int32) {
            out.statistic(detail, price: Self.price(value, denominator), extra: extra)
        }
        // Of a series without a trade the venue sends zeros.
        if message.volume != 0 {
            figure(.open, message.open)
            figure(.high, message.high)
            figure(.low, message.low)
            figure(.last, message.last)
        }
        figure(.netChange, message.netChange)
        figure(.closingBid, message.bid)
        figure(.closingOffer, message.offer)
        out.statistic(
            .underlyingValue,
            price: Self.price(message.underlying, message.underlyingDenominator), extra: extra)
    }

    private func underlying(_ message: OpraUnderlyingValue, _ out: inout ConsolidatedEmitter) {
        out.ticks.instrument = series.findUnderlying(message.base + 12)
        let extra = UInt32(message.participant)
        let value = Self.price(message.value, message.denominator)
        if message.type == UInt8(ascii: "I") {
            out.statistic(.indexBid, price: value, extra: extra)
            out.statistic(
                .indexOffer, price: Self.price(message.offer, message.denominator), extra: extra)
        } else {
            out.statistic(.indexValue, price: value, extra: extra)
        }
    }
}
