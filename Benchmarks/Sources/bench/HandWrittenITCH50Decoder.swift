import Protocols
import Ticks

// The decoder of ITCH 5.0 that was written by hand before there were descriptions: what generated
// accessors are measured against. It is not kept up with anything else.

/// Nasdaq TotalView-ITCH 5.0 messages to ticks (itch50.md; `MAPPING.md` gives every field's place).
///
/// Sans-I/O: reads message blocks, writes ticks, keeps the stock locate table of the day.
final class HandWrittenITCH50Decoder: FeedDecoding {
    /// All but the messages by type, which stand in memory of their own.
    @exclusivity(unchecked) private var counters = DecoderCounters()
    private let directory: InstrumentDirectory
    private let venue: UInt32
    private let channel: UInt16
    /// UTC ns of the trading day's midnight in New York.
    private let midnight: UInt64

    /// Expected length by type byte, 0 for types that do not exist.
    private let lengths: UnsafeMutablePointer<UInt8>
    private let messagesByType: UnsafeMutablePointer<UInt64>
    /// Instrument id by stock locate, 0 where none is known; `unnamed` marks ids without a symbol.
    private let instrumentByLocate: UnsafeMutablePointer<UInt32>
    private static let unnamed: UInt32 = 1 << 31

    init(
        directory: InstrumentDirectory, venue: String, channel: UInt16, midnight: UInt64
    ) {
        self.directory = directory
        self.venue = directory.venueIndex(venue)
        self.channel = channel
        self.midnight = midnight
        lengths = .allocate(capacity: 256)
        lengths.initialize(repeating: 0, count: 256)
        for (type, length) in HandWrittenITCH50.lengths { lengths[Int(type)] = length }
        messagesByType = .allocate(capacity: 256)
        messagesByType.initialize(repeating: 0, count: 256)
        instrumentByLocate = .allocate(capacity: 65536)
        instrumentByLocate.initialize(repeating: 0, count: 65536)
        for entry in directory.entries
        where entry.venue == venue && entry.channel == channel && entry.code < 65536 {
            instrumentByLocate[Int(entry.code)] =
                entry.id | (entry.symbol.isEmpty ? Self.unnamed : 0)
        }
    }

    deinit {
        lengths.deallocate()
        messagesByType.deallocate()
        instrumentByLocate.deallocate()
    }

    /// Forgets the locate table: locates are unique within one session only (itch50.md §1).
    func beginEpoch() {
        instrumentByLocate.update(repeating: 0, count: 65536)
    }

    /// The counters so far; not for the hot path.
    func snapshotCounters() -> DecoderCounters {
        var result = counters
        result.messages = (0..<256).map {
            MessageCount(key: UInt32($0), name: "", count: messagesByType[$0])
        }
        return result
    }

    /// Decodes messages from `cursor` on until none remain or `capacity` might not hold the ticks
    /// of one more, and returns the number of ticks written. The blocks must lie whole in `blocks`.
    ///
    /// Not inlined into the benchmark's loop, which the other decoder, of another module, is not.
    @inline(never)
    func decode(
        _ blocks: UnsafeRawBufferPointer, cursor: inout BlockCursor, context: DeliveryContext,
        into ticks: UnsafeMutablePointer<Tick>, capacity: Int
    ) -> Int {
        guard let base = blocks.baseAddress else { return 0 }
        var emitter = HandWrittenEmitter(ticks: ticks, context: context, midnight: midnight)
        var offset = cursor.offset
        var remaining = cursor.remaining
        var sequence = cursor.sequence
        let last = capacity - HandWrittenITCH50.ticksPerMessageMax
        while remaining > 0, emitter.count <= last {
            let length = Int(base.big16(offset))
            let message = base + (offset &+ 2)
            offset &+= 2 &+ length
            remaining &-= 1
            let type = length > 0 ? message.byte(0) : 0
            if length == Int(lengths[Int(type)]) && length > 0 {
                messagesByType[Int(type)] &+= 1
                emitter.sequence = sequence
                decodeMessage(type, message, &emitter)
            } else {
                countUndecoded(type)
            }
            sequence &+= 1
        }
        cursor = BlockCursor(offset: offset, remaining: remaining, sequence: sequence)
        return emitter.count
    }

    private func countUndecoded(_ type: UInt8) {
        if lengths[Int(type)] == 0 {
            counters.unknownType += 1
        } else {
            counters.unexpectedLength += 1
        }
    }

    @inline(__always)
    private func decodeMessage(
        _ type: UInt8, _ message: UnsafeRawPointer, _ emitter: inout HandWrittenEmitter
    ) {
        let locate = Int(message.big16(1))
        emitter.exchangeTime = midnight &+ message.big48(5)
        switch type {
        case UInt8(ascii: "A"):
            emitter.instrument = instrument(locate, symbolAt: message + 24)
            emitter.addOrder(message, attribution: 0)
        case UInt8(ascii: "F"):
            emitter.instrument = instrument(locate, symbolAt: message + 24)
            emitter.addOrder(message, attribution: message.letters4(36))
        case UInt8(ascii: "D"):
            emitter.instrument = instrument(locate)
            emitter.orderDelete(message)
        case UInt8(ascii: "E"):
            emitter.instrument = instrument(locate)
            emitter.orderExecuted(message)
        case UInt8(ascii: "X"):
            emitter.instrument = instrument(locate)
            emitter.orderCancel(message)
        case UInt8(ascii: "U"):
            emitter.instrument = instrument(locate)
            emitter.orderReplace(message)
        case UInt8(ascii: "C"):
            emitter.instrument = instrument(locate)
            emitter.orderExecutedWithPrice(message)
        case UInt8(ascii: "P"):
            emitter.instrument = instrument(locate, symbolAt: message + 24)
            emitter.tradeNonCross(message)
        case UInt8(ascii: "I"):
            emitter.instrument = instrument(locate, symbolAt: message + 28)
            counters.unrepresentable += emitter.netOrderImbalance(message)
        default:
            decodeRare(type, locate, message, &emitter)
        }
    }

    /// Everything that is not order flow; out of line to keep the hot loop small.
    @inline(never)
    private func decodeRare(
        _ type: UInt8, _ locate: Int, _ message: UnsafeRawPointer,
        _ emitter: inout HandWrittenEmitter
    ) {
        switch type {
        case UInt8(ascii: "R"), UInt8(ascii: "H"), UInt8(ascii: "Y"), UInt8(ascii: "J"),
            UInt8(ascii: "h"), UInt8(ascii: "N"), UInt8(ascii: "O"):
            emitter.instrument = instrument(locate, symbolAt: message + 11)
        case UInt8(ascii: "L"):
            emitter.instrument = instrument(locate, symbolAt: message + 15)
        case UInt8(ascii: "Q"):
            emitter.instrument = instrument(locate, symbolAt: message + 19)
        case UInt8(ascii: "K"):
            // Its locate is documented as always 0 although it names a stock (itch50.md §2 K).
            emitter.instrument =
                locate == 0
                ? directory.findOrAdd(
                    symbol: message.big64(11), venue: venue, code: 0, channel: channel)
                : instrument(locate, symbolAt: message + 11)
        default:
            emitter.instrument = locate == 0 ? 0 : instrument(locate)
        }
        switch type {
        case UInt8(ascii: "R"): define(locate, message, &emitter)
        case UInt8(ascii: "S"): emitter.systemEvent(message)
        case UInt8(ascii: "H"): emitter.tradingAction(message)
        case UInt8(ascii: "Y"): emitter.shortSaleRestriction(message)
        case UInt8(ascii: "L"): emitter.participantPosition(message)
        case UInt8(ascii: "V"): counters.unrepresentable += emitter.declineLevels(message)
        case UInt8(ascii: "W"): emitter.breakerStatus(message)
        case UInt8(ascii: "K"): emitter.ipoQuotation(message)
        case UInt8(ascii: "J"): emitter.auctionCollar(message)
        case UInt8(ascii: "h"): emitter.operationalHalt(message)
        case UInt8(ascii: "Q"): counters.unrepresentable += emitter.crossTrade(message)
        case UInt8(ascii: "B"): emitter.brokenTrade(message)
        case UInt8(ascii: "N"): emitter.retailInterest(message)
        case UInt8(ascii: "O"): emitter.priceDiscovery(message)
        default: break
        }
    }

    @inline(__always)
    private func instrument(_ locate: Int) -> UInt32 {
        let id = instrumentByLocate[locate]
        return id != 0 ? id & ~Self.unnamed : addUnnamed(locate)
    }

    @inline(__always)
    private func instrument(_ locate: Int, symbolAt symbol: UnsafeRawPointer) -> UInt32 {
        let id = instrumentByLocate[locate]
        return id != 0 && id & Self.unnamed == 0 ? id : learn(locate, symbol.big64(0))
    }

    @inline(never)
    private func addUnnamed(_ locate: Int) -> UInt32 {
        let id = directory.addUnnamed(venue: venue, code: UInt64(locate), channel: channel)
        if id == 0 {
            counters.directoryFull += 1
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
        if id == 0 { counters.directoryFull += 1 }
        if locate != 0 { instrumentByLocate[locate] = id }
        return id
    }

    /// Stock directory: the one message that defines a locate, so it wins over what was learned.
    private func define(
        _ locate: Int, _ message: UnsafeRawPointer, _ emitter: inout HandWrittenEmitter
    ) {
        let id = directory.findOrAdd(
            symbol: message.big64(11), venue: venue, code: UInt64(locate), channel: channel)
        guard id != 0 else {
            // An unknown locate has been counted where it was looked up.
            if instrumentByLocate[locate] != 0 { counters.directoryFull += 1 }
            emitter.instrument = 0
            emitter.definition()
            return
        }
        instrumentByLocate[locate] = id
        directory.update(id) { entry in
            entry.code = UInt64(locate)
            entry.channel = channel
            entry.lotSize = Int64(message.big32(21))
            entry.currency = "USD"
            entry.details = ""
        }
        emitter.instrument = id
        emitter.definition()
    }
}
