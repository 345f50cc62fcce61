import Ticks
import Wire

/// Coinbase Derivatives snapshot packets to ticks (others.md §14; `MAPPING-CoinbaseSnapshot.md`).
///
/// Only the packet's header names the instrument; an instrument's snapshot may take several packets,
/// whose messages it numbers.
final class CoinbaseSnapshotDecoder: FeedDecoding {
    /// The values at the end of a snapshot.
    static let ticksPerMessageMax = 12
    private static let headerSize = 24
    /// Frame length and SBE header.
    private static let prefixSize = 10
    private static let blockLengthOffset = 2

    private let feed: PacketFeed
    private let instruments: CoinbaseInstruments
    /// Instrument of the snapshot that is under way, and the number of its next message.
    @exclusivity(unchecked) private var open: (number: Int32, next: UInt16)?
    /// Of the packet being decoded.
    @exclusivity(unchecked) private var number: Int32 = 0
    @exclusivity(unchecked) private var packetTime: UInt64 = 0

    init(_ setup: DecoderSetup) {
        feed = PacketFeed(
            setup, .coinbaseSnapshot, ticksPerMessageMax: Self.ticksPerMessageMax)
        instruments = CoinbaseInstruments(setup)
    }

    func beginEpoch() { open = nil }

    func snapshotCounters() -> DecoderCounters {
        var counters = feed.snapshotCounters()
        counters.directoryFull = instruments.directoryFull
        return counters
    }

    func decode(
        _ blocks: UnsafeRawBufferPointer, cursor: inout BlockCursor, context: DeliveryContext,
        into ticks: UnsafeMutablePointer<Tick>, capacity: Int
    ) -> Int {
        if blocks.count >= Self.headerSize, let base = blocks.baseAddress {
            let header = CoinbaseSnapshotPacketHeader(base)
            number = header.instrumentID
            packetTime = UInt64(bitPattern: header.sendingTime)
        }
        return feed.decode(
            blocks, cursor: &cursor, context: context, into: ticks, capacity: capacity
        ) { message, length, emitter in
            let (key, block) = feed.acceptBlock(message, length, at: Self.blockLengthOffset)
            guard key >= 0 else { return }
            emitter.exchangeTime = packetTime
            emitter.instrument = instruments.find(number)
            decodeMessage(key, message + Self.prefixSize, block, &emitter)
        }
    }

    private func decodeMessage(
        _ key: Int, _ base: UnsafeRawPointer, _ block: Int, _ emitter: inout TickEmitter
    ) {
        switch key {
        case CoinbaseSnapshotMessage.startOfOutright:
            let message = CoinbaseSnapshotStartOfOutright(base, blockLength: block)
            if instruments.isNews(emitter.instrument, base, 6..<102, 108..<110) {
                describe(message, emitter.instrument)
            }
            begin(message.snapshotSequence, message.tradingStatus, &emitter)
        case CoinbaseSnapshotMessage.startOfSpread:
            let message = CoinbaseSnapshotStartOfSpread(base, blockLength: block)
            if instruments.isNews(emitter.instrument, base, 6..<102, 108..<110, 114..<123) {
                describe(message, emitter.instrument)
            }
            begin(message.snapshotSequence, message.tradingStatus, &emitter)
        case CoinbaseSnapshotMessage.startOfOption:
            let message = CoinbaseSnapshotStartOfOption(base, blockLength: block)
            if instruments.isNews(emitter.instrument, base, 6..<118, 124..<126) {
                describe(message, emitter.instrument)
            }
            begin(message.snapshotSequence, message.tradingStatus, &emitter)
        case CoinbaseSnapshotMessage.orderSnapshot:
            order(CoinbaseSnapshotOrderSnapshot(base), &emitter)
        case CoinbaseSnapshotMessage.endOfSnapshot:
            values(CoinbaseSnapshotEndOfSnapshot(base, blockLength: block), &emitter)
            open = nil
        default: break
        }
    }

    private func describe(_ message: CoinbaseSnapshotStartOfOutright, _ instrument: UInt32) {
        instruments.describe(
            instrument,
            .init(
                symbol: message.symbolText, product: message.productCodeText,
                classification: message.cfiCodeText, currency: message.currencyText,
                tickSize: message.tickSize, lastSession: message.lastSessionDate,
                contractSize: message.contractSize))
    }

    private func describe(_ message: CoinbaseSnapshotStartOfSpread, _ instrument: UInt32) {
        instruments.describe(
            instrument,
            .init(
                symbol: message.symbolText, product: message.productCodeText,
                classification: message.cfiCodeText, currency: message.currencyText,
                tickSize: message.tickSize, lastSession: message.lastSessionDate,
                contractSize: message.contractSize)
        ) { details in
            details.set("legs", "\(message.leg1InstrumentID),\(message.leg2InstrumentID)")
            details.set("buy_convention", String(message.spreadBuyConvention))
        }
    }

    private func describe(_ message: CoinbaseSnapshotStartOfOption, _ instrument: UInt32) {
        instruments.describe(
            instrument,
            .init(
                symbol: message.symbolText, product: message.productCodeText,
                classification: message.cfiCodeText, tickSize: message.smallTick,
                lastSession: message.lastSessionDate)
        ) { details in
            if !message.strikePriceIsNull {
                details.set(strike: message.strikePrice, exponent: -9)
            }
            details.set(underlying: String(message.underlyingInstrumentID))
            if !message.largeTickIsNull {
                details.set("large_tick", message.largeTick, exponent: -9)
            }
            if !message.largeTickThresholdIsNull {
                details.set("large_tick_from", message.largeTickThreshold, exponent: -9)
            }
        }
    }

    private func begin(_ sequence: UInt16, _ status: UInt8, _ emitter: inout TickEmitter) {
        open = (number, sequence &+ 1)
        emitter.emit(.definition, flags: .snapshot)
        emitter.status(.trading, UInt32(status), flags: .snapshot)
        // With instrument 0 it would clear the whole channel.
        emitter.clearBook(flags: [.snapshot, .lastOfEvent])
    }

    /// An order counts only if nothing is missing since its instrument's start.
    private func order(_ message: CoinbaseSnapshotOrderSnapshot, _ emitter: inout TickEmitter) {
        guard let current = open, current.number == number,
            current.next == message.snapshotSequence
        else {
            open = nil
            return feed.countUnrepresentable(1)
        }
        open = (number, current.next &+ 1)
        emitter.exchangeTime = UInt64(bitPattern: message.transactTime)
        let price = feed.price(message.priceBillionths, isNull: message.priceIsNull)
        let quantity = Int64(message.quantity)
        emitter.emit(
            .add, orderID: UInt64(bitPattern: message.orderID), price: price,
            quantity: abs(quantity), side: quantity < 0 ? .ask : .bid,
            flags: [.snapshot, .lastOfEvent])
    }

    private func values(_ message: CoinbaseSnapshotEndOfSnapshot, _ emitter: inout TickEmitter) {
        let first = emitter.count
        func value(_ detail: StatisticDetail, _ billionths: Int64, _ quantity: Int32? = nil) {
            // The least value of a field stands for none.
            if billionths == Int64.min, (quantity ?? Int32.min) == Int32.min { return }
            emitter.emit(
                .statistic, price: billionths == Int64.min ? Price.none : billionths,
                quantity: quantity.map { $0 == Int32.min ? Quantity.none : Int64($0) }
                    ?? Quantity.none,
                flags: .snapshot, detail: detail.rawValue)
        }
        func limit(_ detail: LimitsDetail, _ billionths: Int64) {
            if billionths == Int64.min { return }
            emitter.emit(.limits, price: billionths, flags: .snapshot, detail: detail.rawValue)
        }
        value(.volume, Int64.min, message.tradeVolume)
        value(.officialOpen, message.dayOpenPrice)
        value(.officialClose, message.closePrice)
        value(.low, message.lowPrice)
        value(.high, message.highPrice)
        value(.averagePrice, message.vwapPrice)
        value(.settlement, message.settlementPrice)
        value(.last, message.lastTradePrice, message.lastTradeQty)
        value(.openInterest, Int64.min, message.openInterest)
        limit(.lower, message.limitDownPrice)
        limit(.upper, message.limitUpPrice)
        emitter.endEvent(since: first)
    }
}
