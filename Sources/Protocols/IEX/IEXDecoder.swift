import Ticks

/// Which IEX message protocol a decoder reads (iex.md §1).
public enum IEXFeed: Sendable {
    case tops16
    case deep10
}

/// IEX TOPS 1.6 and DEEP 1.0 messages to ticks (iex.md §2, §3; `MAPPING.md`).
///
/// Messages may grow at their end in later versions: what is longer than expected is decoded, what
/// is shorter is counted.
public final class IEXDecoder: FeedDecoding {
    /// The most ticks that one message becomes (`A`).
    public static let ticksPerMessageMax = 9
    /// Billionths in one unit of an IEX price.
    private static let priceScale: Int64 = 100_000

    /// All but the messages by type, which stand in memory of their own.
    @exclusivity(unchecked) private var counters = DecoderCounters()
    @exclusivity(unchecked) private var messagesByType = [UInt64](repeating: 0, count: 256)
    private let directory: InstrumentDirectory
    private let venue: UInt32
    private let channel: UInt16
    /// Least length by type byte, 0 for types that the feed does not have.
    private var lengths = [Int](repeating: 0, count: 256)

    public init(
        feed: IEXFeed, directory: InstrumentDirectory, venue: String, channel: UInt16
    ) {
        self.directory = directory
        self.venue = directory.venueIndex(venue)
        self.channel = channel
        let common: [(Character, Int)] = [
            ("S", 10), ("D", 31), ("H", 22), ("I", 18), ("O", 18), ("P", 19), ("T", 38),
            ("B", 38), ("X", 26), ("A", 80),
        ]
        let own: [(Character, Int)] =
            switch feed {
            case .tops16: [("Q", 42)]
            case .deep10: [("E", 18), ("8", 30), ("5", 30)]
            }
        for (type, length) in common + own { lengths[Int(type.asciiValue ?? 0)] = length }
    }

    /// The counters so far; not for the hot path.
    public func snapshotCounters() -> DecoderCounters {
        var result = counters
        result.messages = MessageCount.letters(messagesByType)
        return result
    }

    /// Every message names its instrument: nothing holds for one run only.
    public func beginEpoch() {}

    /// As `ITCH50Decoder.decode`.
    public func decode(
        _ blocks: UnsafeRawBufferPointer, cursor: inout BlockCursor, context: DeliveryContext,
        into ticks: UnsafeMutablePointer<Tick>, capacity: Int
    ) -> Int {
        guard let base = blocks.baseAddress else { return 0 }
        var emitter = Emitter(ticks: ticks, context: context)
        let last = capacity - Self.ticksPerMessageMax
        while cursor.remaining > 0, emitter.count <= last {
            let length = Int(
                UInt16(
                    littleEndian: base.loadUnaligned(fromByteOffset: cursor.offset, as: UInt16.self)
                ))
            let message = base + (cursor.offset + 2)
            cursor.offset += 2 + length
            cursor.remaining -= 1
            let type = length > 0 ? message.byte(0) : 0
            let expected = lengths[Int(type)]
            if expected > 0 && length >= expected {
                messagesByType[Int(type)] &+= 1
                emitter.sequence = cursor.sequence
                decodeMessage(type, message, &emitter)
            } else if expected > 0 {
                counters.unexpectedLength += 1
            } else {
                counters.unknownType += 1
            }
            cursor.sequence &+= 1
        }
        return emitter.count
    }

    private func decodeMessage(
        _ type: UInt8, _ message: UnsafeRawPointer, _ emitter: inout Emitter
    ) {
        emitter.exchangeTime = message.little64(2)
        if type == UInt8(ascii: "S") {
            emitter.instrument = 0
        } else {
            emitter.instrument = directory.findOrAdd(
                symbol: message.big64(10), venue: venue, code: 0, channel: channel)
            if emitter.instrument == 0 { counters.directoryFull += 1 }
        }
        let first = UInt32(message.byte(1))
        switch type {
        case UInt8(ascii: "8"): level(message, .bid, &emitter)
        case UInt8(ascii: "5"): level(message, .ask, &emitter)
        case UInt8(ascii: "Q"): quote(message, &emitter)
        case UInt8(ascii: "T"): trade(message, .trade, &emitter)
        case UInt8(ascii: "B"): trade(message, .tradeBreak, &emitter)
        case UInt8(ascii: "X"): officialPrice(message, &emitter)
        case UInt8(ascii: "A"): auction(message, &emitter)
        case UInt8(ascii: "D"): define(message, &emitter)
        case UInt8(ascii: "S"): emitter.status(.systemEvent, first)
        case UInt8(ascii: "I"): emitter.status(.retailInterest, first)
        case UInt8(ascii: "O"): emitter.status(.operationalHalt, first)
        case UInt8(ascii: "E"): emitter.status(.securityEvent, first)
        case UInt8(ascii: "P"):
            emitter.status(.shortSaleRestriction, first | UInt32(message.byte(18)) << 8)
        case UInt8(ascii: "H"):
            emitter.status(.trading, first, flags: [])
            emitter.status(.tradingReason, message.letters4(18))
        default: break
        }
    }

    private func price(_ message: UnsafeRawPointer, _ offset: Int) -> Int64 {
        let raw = Int64(bitPattern: message.little64(offset))
        let (value, overflow) = raw.multipliedReportingOverflow(by: Self.priceScale)
        if !overflow { return value }
        counters.unrepresentable += 1
        return Price.none
    }

    /// Only a level update with flag 1 leaves the book consistent (iex.md §3 DEEP).
    private func level(_ message: UnsafeRawPointer, _ side: Side, _ emitter: inout Emitter) {
        emitter.emit(
            .level, price: price(message, 22), quantity: Int64(message.little32(18)), side: side,
            flags: message.byte(1) & 1 != 0 ? .lastOfEvent : [])
    }

    private func quote(_ message: UnsafeRawPointer, _ emitter: inout Emitter) {
        let extra = UInt32(message.byte(1))
        emitter.emit(
            .quote, price: price(message, 22), quantity: Int64(message.little32(18)), side: .bid,
            flags: [], extra: extra)
        emitter.emit(
            .quote, price: price(message, 30), quantity: Int64(message.little32(38)), side: .ask,
            extra: extra)
    }

    private func trade(_ message: UnsafeRawPointer, _ kind: TickKind, _ emitter: inout Emitter) {
        let condition = message.byte(1)
        // 0x08: single-price cross (iex.md §3, sale condition flags).
        let flags: TickFlags =
            condition & 0x08 != 0 ? [.auction, .lastOfEvent] : .lastOfEvent
        emitter.emit(
            kind, orderID: message.little64(30), price: price(message, 22),
            quantity: Int64(message.little32(18)), flags: flags, extra: UInt32(condition))
    }

    private func officialPrice(_ message: UnsafeRawPointer, _ emitter: inout Emitter) {
        let type = message.byte(1)
        let detail: StatisticDetail =
            type == UInt8(ascii: "Q") ? .officialOpen : .officialClose
        emitter.emit(
            .statistic, price: price(message, 18), detail: detail.rawValue, extra: UInt32(type))
    }

    private func auction(_ message: UnsafeRawPointer, _ emitter: inout Emitter) {
        let extra = UInt32(message.byte(1)) | UInt32(message.byte(43)) << 8
        let side: Side =
            switch message.byte(42) {
            case UInt8(ascii: "B"): .bid
            case UInt8(ascii: "S"): .ask
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
        value(.paired, quantity: Int64(message.little32(18)))
        value(.reference, price: price(message, 22))
        value(.indicativeClearing, price: price(message, 30))
        value(.imbalance, quantity: Int64(message.little32(38)), side: side)
        value(.executionTime, quantity: Int64(message.little32(44)) * 1_000_000_000)
        value(.bookClearing, price: price(message, 48))
        value(.collarReference, price: price(message, 56))
        value(.collarLower, price: price(message, 64))
        value(.collarUpper, price: price(message, 72), flags: [.auction, .lastOfEvent])
    }

    private func define(_ message: UnsafeRawPointer, _ emitter: inout Emitter) {
        if emitter.instrument != 0 {
            let adjustedClose = price(message, 22)
            directory.update(emitter.instrument) { entry in
                entry.lotSize = Int64(message.little32(18))
                entry.currency = "USD"
                entry.details = """
                    flags=\(message.byte(1))
                    adjusted_previous_close=\(adjustedClose)
                    luld_tier=\(message.byte(30))
                    """
            }
        }
        emitter.emit(.definition)
    }
}

extension IEXDecoder {
    /// Writes the ticks of one message after the other.
    struct Emitter {
        let ticks: UnsafeMutablePointer<Tick>
        let context: DeliveryContext
        private(set) var count = 0
        var sequence: UInt64 = 0
        var exchangeTime: UInt64 = 0
        var instrument: UInt32 = 0

        init(ticks: UnsafeMutablePointer<Tick>, context: DeliveryContext) {
            self.ticks = ticks
            self.context = context
        }

        @inline(__always)
        mutating func emit(
            _ kind: TickKind, orderID: UInt64 = 0, price: Int64 = Price.none,
            quantity: Int64 = Quantity.none, side: Side = .none,
            flags: TickFlags = .lastOfEvent, detail: UInt8 = 0, extra: UInt32 = 0
        ) {
            ticks[count] = Tick(
                exchangeTime: exchangeTime, captureTime: context.captureTime, sequence: sequence,
                orderID: orderID, price: price, quantity: quantity, instrument: instrument,
                channel: context.channel, kind: kind.rawValue, side: side.rawValue,
                flags: context.flags.rawValue | flags.rawValue, line: context.line, detail: detail,
                extra: extra)
            count += 1
        }

        mutating func status(
            _ detail: StatusDetail, _ extra: UInt32, flags: TickFlags = .lastOfEvent
        ) {
            emit(.status, flags: flags, detail: detail.rawValue, extra: extra)
        }
    }
}
