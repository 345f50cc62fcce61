import Ticks
import Wire

/// MIAX Futures Onyx Top of Market and Options Complex Top of Market messages to ticks (others.md
/// §2; `MAPPING.md`). Which of them: the setup's feed.
final class MiaxTopDecoder: FeedDecoding {
    static let ticksPerMessageMax = 5

    private let feed: NumberedFeed
    /// Onyx: eight bytes of time in every message; numbers for the life of an instrument.
    private let isFutures: Bool
    /// ns of the last System Time, 0 before the first.
    @exclusivity(unchecked) private var second: UInt64 = 0

    init(_ setup: DecoderSetup) {
        isFutures = setup.feed == MiaxFeeds.futuresName
        feed = NumberedFeed(
            setup, .miax,
            ticksPerMessageMax: Self.ticksPerMessageMax)
    }

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
            blocks, MACHPacket.framing, cursor: &cursor, context: context, into: ticks,
            capacity: capacity
        ) { message, length, emitter in
            let key = length > MACHPacket.headerSize ? Int(message.byte(12)) : -1
            guard feed.table.accept(key, length: length) else { return }
            if isFutures {
                decodeFutures(key, message, length, &emitter)
            } else {
                decodeOptions(key, message, length, &emitter)
            }
        }
    }

    private func decodeFutures(
        _ key: Int, _ base: UnsafeRawPointer, _ length: Int, _ emitter: inout TickEmitter
    ) {
        emitter.exchangeTime = base.little64(13)
        switch key {
        case MiaxMessage.bestBidAndOffer:
            let quote = MiaxBestBidAndOffer(base)
            emitter.instrument = feed.instrument(UInt64(quote.instrumentID))
            self.quote(.bid, quote.bidPrice, UInt64(quote.bidSize), flags: [], &emitter)
            self.quote(.ask, quote.offerPrice, UInt64(quote.offerSize), &emitter)
        case MiaxMessage.lastSale:
            let trade = MiaxLastSale(base)
            emitter.instrument = feed.instrument(UInt64(trade.instrumentID))
            emitter.emit(
                .trade, orderID: trade.tradeID, price: feed.price(trade.priceBillionths),
                quantity: Int64(trade.size))
        case MiaxMessage.futuresTradeCancel:
            let trade = MiaxFuturesTradeCancel(base)
            emitter.instrument = feed.instrument(UInt64(trade.instrumentID))
            emitter.emit(
                .tradeBreak, orderID: trade.tradeID, price: feed.price(trade.priceBillionths),
                quantity: Int64(trade.size), extra: UInt32(trade.correctionNumber))
        case MiaxMessage.futuresTradingStatusUpdate:
            let message = MiaxFuturesTradingStatusUpdate(base)
            emitter.instrument = feed.instrument(UInt64(message.instrumentID))
            emitter.status(
                .trading, UInt32(message.tradingStatus) | UInt32(message.marketState) << 8)
        case MiaxMessage.futuresSystemState:
            emitter.status(.systemEvent, UInt32(MiaxFuturesSystemState(base).status))
        case MiaxMessage.futuresDefinition: define(MiaxFuturesDefinition(base), &emitter)
        case MiaxMessage.spreadDefinition:
            guard MiaxSpreadDefinition.isWhole(base, length: length) else {
                return feed.table.retract(key)
            }
            define(MiaxSpreadDefinition(base), &emitter)
        default: break
        }
    }

    private func decodeOptions(
        _ key: Int, _ base: UnsafeRawPointer, _ length: Int, _ emitter: inout TickEmitter
    ) {
        if key == MiaxMessage.systemTime {
            second = UInt64(MiaxSystemTime(base).seconds) &* 1_000_000_000
            return
        }
        emitter.exchangeTime = second == 0 ? 0 : second &+ UInt64(base.little32(13))
        switch key {
        case MiaxMessage.optionsSystemState:
            emitter.status(.systemEvent, UInt32(MiaxOptionsSystemState(base).status))
        case MiaxMessage.underlyingStatus:
            let message = MiaxUnderlyingStatus(base)
            emitter.instrument = feed.instrument(symbol: message.underlyingText)
            emitter.status(.trading, UInt32(message.tradingStatus), flags: [])
            emitter.status(.tradingReason, UInt32(message.reason))
        case MiaxMessage.seriesUpdate: define(MiaxSeriesUpdate(base), &emitter)
        case MiaxMessage.strategyDefinition:
            guard MiaxStrategyDefinition.isWhole(base, length: length) else {
                return feed.table.retract(key)
            }
            define(MiaxStrategyDefinition(base), &emitter)
        default:
            emitter.instrument = feed.instrument(UInt64(base.little32(17)))
            decodeOptionsMarket(key, base, &emitter)
        }
    }

    /// Quotes and trades of the instrument that is set.
    private func decodeOptionsMarket(
        _ key: Int, _ base: UnsafeRawPointer, _ emitter: inout TickEmitter
    ) {
        switch key {
        case MiaxMessage.compactBid:
            let message = MiaxCompactBid(base)
            quote(.bid, message.priceBillionths, UInt64(message.size), &emitter)
        case MiaxMessage.compactOffer:
            let message = MiaxCompactOffer(base)
            quote(.ask, message.priceBillionths, UInt64(message.size), &emitter)
        case MiaxMessage.wideBid:
            let message = MiaxWideBid(base)
            quote(
                .bid, feed.price(message.priceBillionths), UInt64(message.size),
                condition: message.condition, &emitter)
        case MiaxMessage.wideOffer:
            let message = MiaxWideOffer(base)
            quote(
                .ask, feed.price(message.priceBillionths), UInt64(message.size),
                condition: message.condition, &emitter)
        case MiaxMessage.compactQuote:
            let message = MiaxCompactQuote(base)
            quote(
                .bid, message.bidPriceBillionths, UInt64(message.bidSize),
                condition: message.bidCondition, flags: [], &emitter)
            quote(
                .ask, message.offerPriceBillionths, UInt64(message.offerSize),
                condition: message.offerCondition, &emitter)
        case MiaxMessage.wideQuote:
            let message = MiaxWideQuote(base)
            quote(
                .bid, feed.price(message.bidPriceBillionths), UInt64(message.bidSize),
                condition: message.bidCondition, flags: [], &emitter)
            quote(
                .ask, feed.price(message.offerPriceBillionths), UInt64(message.offerSize),
                condition: message.offerCondition, &emitter)
        case MiaxMessage.strategyTrade:
            let trade = MiaxStrategyTrade(base)
            emitter.emit(
                .trade, orderID: UInt64(trade.tradeID),
                price: feed.price(trade.netPriceBillionths), quantity: Int64(trade.size),
                extra: UInt32(trade.condition))
        default: break
        }
    }

    /// An empty side has size 0; its price says nothing.
    private func quote(
        _ side: Side, _ price: Int64, _ size: UInt64, condition: UInt8 = 0,
        flags: TickFlags = .lastOfEvent, _ emitter: inout TickEmitter
    ) {
        emitter.emit(
            .quote, price: size == 0 ? 0 : price, quantity: Int64(size), side: side, flags: flags,
            extra: UInt32(condition))
    }
}

/// Definitions.
extension MiaxTopDecoder {
    private func define(_ message: MiaxFuturesDefinition, _ emitter: inout TickEmitter) {
        let code = UInt64(message.instrumentID)
        emitter.instrument = feed.define(
            code, symbol: "\(message.productGroupText) \(message.maturity)")
        var details = InstrumentDetails()
        details.set(type: .future)
        details.set("maturity", String(message.maturity))
        details.set(underlying: message.underlyingText)
        details.set("match_algorithm", String(UnicodeScalar(message.matchAlgorithm)))
        details.set("unit", message.unitOfMeasureText)
        details.set(multiplier: Int64(message.unitQuantity))
        feed.describe(
            emitter.instrument, code: code, tickSize: message.tickSize,
            lotSize: Int64(message.minimumSize), currency: currency(message.currency),
            details: details)
        emitter.emit(.definition, flags: [])
        emitter.emit(
            .limits, price: message.highLimit, flags: [], detail: LimitsDetail.upper.rawValue)
        emitter.emit(
            .limits, price: message.lowLimit, flags: [], detail: LimitsDetail.lower.rawValue)
        emitter.emit(
            .statistic, price: message.settlementPrice, flags: [],
            detail: StatisticDetail.settlement.rawValue, extra: UInt32(message.settlementType))
        emitter.emit(
            .statistic, quantity: Int64(message.openInterest),
            detail: StatisticDetail.openInterest.rawValue)
    }

    private func define(_ message: MiaxSpreadDefinition, _ emitter: inout TickEmitter) {
        let code = UInt64(message.strategyID)
        emitter.instrument = feed.define(
            code, symbol: "\(message.productGroupText) #\(message.strategyID)")
        var details = InstrumentDetails()
        details.set(type: .spread)
        details.set("spread_type", String(UnicodeScalar(message.spreadType)))
        details.set(underlying: message.underlyingText)
        details.set("match_algorithm", String(UnicodeScalar(message.matchAlgorithm)))
        details.set("unit", message.unitOfMeasureText)
        details.set(multiplier: Int64(message.unitQuantity))
        let legs = message.legs
        details.set(
            "legs",
            (0..<legs.count).map { "\(legs[$0].instrumentID):\(legs[$0].ratioAndSide)" }
                .joined(separator: ","))
        feed.describe(
            emitter.instrument, code: code, tickSize: message.tickSize,
            lotSize: Int64(message.minimumSize), currency: currency(message.currency),
            details: details)
        emitter.emit(.definition)
    }

    private func define(_ message: MiaxSeriesUpdate, _ emitter: inout TickEmitter) {
        let code = UInt64(message.productID)
        let putCall = String(UnicodeScalar(message.putCall))
        let strike = InstrumentDetails.decimal(Int64(message.strike), exponent: -4)
        emitter.instrument = feed.define(
            code,
            symbol: "\(message.securitySymbolText) \(message.expirationText)\(putCall)\(strike)")
        var details = InstrumentDetails()
        details.set(type: .option)
        if let expiry = Int(message.expirationText) { details.set(expiry: expiry) }
        details.set(strike: Int64(message.strike), exponent: -4)
        if putCall == "C" { details.set(putCall: .call) }
        if putCall == "P" { details.set(putCall: .put) }
        details.set(underlying: message.underlyingText)
        details.set("active", String(UnicodeScalar(message.isActive)))
        details.set("posting_increment", String(UnicodeScalar(message.postingIncrement)))
        feed.describe(emitter.instrument, code: code, currency: "USD", details: details)
        emitter.emit(.definition)
    }

    private func define(_ message: MiaxStrategyDefinition, _ emitter: inout TickEmitter) {
        let code = UInt64(message.strategyID)
        emitter.instrument = feed.define(
            code, symbol: "\(message.underlyingText) #\(message.strategyID)")
        var details = InstrumentDetails()
        details.set(type: .spread)
        details.set(underlying: message.underlyingText)
        details.set("active", String(UnicodeScalar(message.isActive)))
        let legs = message.legs
        details.set(
            "legs",
            (0..<legs.count).map {
                let sign = legs[$0].side == UInt8(ascii: "A") ? "-" : ""
                return "\(legs[$0].productID):\(sign)\(legs[$0].ratio)"
            }.joined(separator: ","))
        feed.describe(emitter.instrument, code: code, currency: "USD", details: details)
        emitter.emit(.definition)
    }

    private func currency(_ letter: UInt8) -> String { letter == UInt8(ascii: "U") ? "USD" : "" }
}
