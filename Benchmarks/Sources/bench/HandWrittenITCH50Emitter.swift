import Protocols
import Ticks

// Of the frozen reference, too: see its decoder.

/// Writes the ticks of one ITCH 5.0 message after the other; offsets are those of itch50.md §2.
struct HandWrittenEmitter {
    private let ticks: UnsafeMutableRawPointer
    let midnight: UInt64
    private let captureTime: UInt64
    /// The tick's last two words as far as they are the same for the whole packet.
    private let channelWord: UInt64
    private let flagsWord: UInt64
    private(set) var count = 0

    /// Of the message being decoded.
    var sequence: UInt64 = 0
    var exchangeTime: UInt64 = 0
    var instrument: UInt32 = 0

    @inline(__always)
    init(ticks: UnsafeMutablePointer<Tick>, context: DeliveryContext, midnight: UInt64) {
        self.ticks = UnsafeMutableRawPointer(ticks)
        self.midnight = midnight
        captureTime = context.captureTime
        channelWord = UInt64(context.channel) << 32
        flagsWord = UInt64(context.flags.rawValue) | UInt64(context.line) << 16
    }

    /// Writes the tick in eight words: field by field it would take fourteen stores.
    @inline(__always)
    mutating func emit(
        _ kind: TickKind, orderID: UInt64 = 0, price: Int64 = Price.none,
        quantity: Int64 = Quantity.none, side: Side = .none, flags more: TickFlags = .lastOfEvent,
        detail: UInt8 = 0, extra: UInt32 = 0
    ) {
        let tick = ticks + count &* MemoryLayout<Tick>.stride
        tick.storeBytes(of: exchangeTime, toByteOffset: 0, as: UInt64.self)
        tick.storeBytes(of: captureTime, toByteOffset: 8, as: UInt64.self)
        tick.storeBytes(of: sequence, toByteOffset: 16, as: UInt64.self)
        tick.storeBytes(of: orderID, toByteOffset: 24, as: UInt64.self)
        tick.storeBytes(of: price, toByteOffset: 32, as: Int64.self)
        tick.storeBytes(of: quantity, toByteOffset: 40, as: Int64.self)
        let place =
            channelWord | UInt64(instrument) | UInt64(kind.rawValue) << 48
            | UInt64(side.rawValue) << 56
        tick.storeBytes(of: place, toByteOffset: 48, as: UInt64.self)
        let rest =
            flagsWord | UInt64(more.rawValue) | UInt64(detail) << 24 | UInt64(extra) << 32
        tick.storeBytes(of: rest, toByteOffset: 56, as: UInt64.self)
        count &+= 1
    }

    @inline(__always)
    private func price4(_ message: UnsafeRawPointer, _ offset: Int) -> Int64 {
        Int64(message.big32(offset)) &* HandWrittenITCH50.price4Scale
    }

    @inline(__always)
    private func side(_ letter: UInt8) -> Side {
        switch letter {
        case UInt8(ascii: "B"): .bid
        case UInt8(ascii: "S"): .ask
        default: .none
        }
    }

    // MARK: Order flow

    @inline(__always)
    mutating func addOrder(_ message: UnsafeRawPointer, attribution: UInt32) {
        emit(
            .add, orderID: message.big64(11), price: price4(message, 32),
            quantity: Int64(message.big32(20)), side: side(message.byte(19)), extra: attribution)
    }

    @inline(__always)
    mutating func orderDelete(_ message: UnsafeRawPointer) {
        emit(.delete, orderID: message.big64(11))
    }

    @inline(__always)
    mutating func orderCancel(_ message: UnsafeRawPointer) {
        emit(.cancel, orderID: message.big64(11), quantity: Int64(message.big32(19)))
    }

    /// Price and aggressor of the trade come from the resting order: the books complete them.
    @inline(__always)
    mutating func orderExecuted(_ message: UnsafeRawPointer) {
        let quantity = Int64(message.big32(19))
        emit(.trade, orderID: message.big64(23), quantity: quantity, flags: [])
        emit(.fill, orderID: message.big64(11), quantity: quantity)
    }

    @inline(__always)
    mutating func orderReplace(_ message: UnsafeRawPointer) {
        emit(.delete, orderID: message.big64(11), flags: .replaced)
        emit(
            .add, orderID: message.big64(19), price: price4(message, 31),
            quantity: Int64(message.big32(27)), flags: [.replaced, .lastOfEvent])
    }

    mutating func orderExecutedWithPrice(_ message: UnsafeRawPointer) {
        let quantity = Int64(message.big32(19))
        let printable = message.byte(31) == UInt8(ascii: "Y")
        if printable {
            emit(
                .trade, orderID: message.big64(23), price: price4(message, 32), quantity: quantity,
                flags: [])
        }
        emit(
            .fill, orderID: message.big64(11), quantity: quantity,
            flags: printable ? .lastOfEvent : [.nonPrintable, .lastOfEvent])
    }

    // MARK: Trades and auctions

    /// The side field has been a constant since 2014 and says nothing (itch50.md §2 P).
    mutating func tradeNonCross(_ message: UnsafeRawPointer) {
        emit(
            .trade, orderID: message.big64(36), price: price4(message, 32),
            quantity: Int64(message.big32(20)), flags: [.offBook, .lastOfEvent])
    }

    /// Returns 1 if the share count does not fit a tick.
    mutating func crossTrade(_ message: UnsafeRawPointer) -> UInt64 {
        let shares = Int64(exactly: message.big64(11))
        emit(
            .trade, orderID: message.big64(31), price: price4(message, 27),
            quantity: shares ?? Quantity.none, flags: [.auction, .lastOfEvent],
            extra: UInt32(message.byte(39)))
        return shares == nil ? 1 : 0
    }

    mutating func brokenTrade(_ message: UnsafeRawPointer) {
        emit(.tradeBreak, orderID: message.big64(11))
    }

    /// Returns how many of the two share counts do not fit a tick.
    mutating func netOrderImbalance(_ message: UnsafeRawPointer) -> UInt64 {
        var unrepresentable: UInt64 = 0
        let direction = message.byte(27)
        let extra =
            UInt32(direction) | UInt32(message.byte(48)) << 8 | UInt32(message.byte(49)) << 16
        func shares(_ offset: Int) -> Int64 {
            if let shares = Int64(exactly: message.big64(offset)) { return shares }
            unrepresentable += 1
            return Quantity.none
        }
        emit(
            .imbalance, quantity: shares(11), flags: .auction,
            detail: ImbalanceDetail.paired.rawValue, extra: extra)
        emit(
            .imbalance, quantity: shares(19), side: side(direction), flags: .auction,
            detail: ImbalanceDetail.imbalance.rawValue, extra: extra)
        emit(
            .imbalance, price: price4(message, 36), flags: .auction,
            detail: ImbalanceDetail.far.rawValue, extra: extra)
        emit(
            .imbalance, price: price4(message, 40), flags: .auction,
            detail: ImbalanceDetail.near.rawValue, extra: extra)
        emit(
            .imbalance, price: price4(message, 44), flags: [.auction, .lastOfEvent],
            detail: ImbalanceDetail.reference.rawValue, extra: extra)
        return unrepresentable
    }

    mutating func priceDiscovery(_ message: UnsafeRawPointer) {
        let extra = UInt32(message.byte(19))
        func limit(_ offset: Int, _ detail: LimitsDetail, last: Bool = false) {
            emit(
                .limits, price: price4(message, offset), flags: last ? .lastOfEvent : [],
                detail: detail.rawValue, extra: extra)
        }
        limit(20, .minimumAllowable)
        limit(24, .maximumAllowable)
        emit(
            .imbalance, price: price4(message, 28), flags: .auction,
            detail: ImbalanceDetail.near.rawValue, extra: extra)
        emit(
            .imbalance, quantity: Int64(truncatingIfNeeded: midnight &+ message.big64(32)),
            flags: .auction, detail: ImbalanceDetail.executionTime.rawValue, extra: extra)
        limit(40, .lower)
        limit(44, .upper, last: true)
    }

    // MARK: Status

    mutating func definition() { emit(.definition) }

    private mutating func status(
        _ detail: StatusDetail, _ extra: UInt32, flags: TickFlags = .lastOfEvent
    ) {
        emit(.status, flags: flags, detail: detail.rawValue, extra: extra)
    }

    mutating func systemEvent(_ message: UnsafeRawPointer) {
        status(.systemEvent, UInt32(message.byte(11)))
    }

    mutating func tradingAction(_ message: UnsafeRawPointer) {
        status(.trading, UInt32(message.byte(19)), flags: [])
        status(.tradingReason, message.letters4(21))
    }

    mutating func shortSaleRestriction(_ message: UnsafeRawPointer) {
        status(.shortSaleRestriction, UInt32(message.byte(19)))
    }

    /// The order id carries primary flag, mode and state, the first letter in the low byte.
    mutating func participantPosition(_ message: UnsafeRawPointer) {
        let letters =
            UInt64(message.byte(23)) | UInt64(message.byte(24)) << 8
            | UInt64(message.byte(25)) << 16
        emit(
            .status, orderID: letters, detail: StatusDetail.participant.rawValue,
            extra: message.letters4(11))
    }

    mutating func breakerStatus(_ message: UnsafeRawPointer) {
        status(.marketWideBreaker, UInt32(message.byte(11)))
    }

    mutating func operationalHalt(_ message: UnsafeRawPointer) {
        status(
            .operationalHalt, UInt32(message.byte(20)) | UInt32(message.byte(19)) << 8)
    }

    mutating func retailInterest(_ message: UnsafeRawPointer) {
        status(.retailInterest, UInt32(message.byte(19)))
    }

    /// The release time stands in seconds since midnight on the wire; 0 when cancelled.
    mutating func ipoQuotation(_ message: UnsafeRawPointer) {
        let seconds = UInt64(message.big32(19))
        let release = seconds == 0 ? 0 : midnight &+ seconds &* 1_000_000_000
        emit(
            .status, quantity: Int64(truncatingIfNeeded: release), flags: [],
            detail: StatusDetail.ipoQuotation.rawValue, extra: UInt32(message.byte(23)))
        emit(
            .statistic, price: price4(message, 24), detail: StatisticDetail.ipoPrice.rawValue,
            extra: UInt32(message.byte(23)))
    }

    mutating func auctionCollar(_ message: UnsafeRawPointer) {
        let extensions = message.big32(31)
        emit(
            .limits, price: price4(message, 19), flags: [],
            detail: LimitsDetail.reference.rawValue, extra: extensions)
        emit(
            .limits, price: price4(message, 23), flags: [],
            detail: LimitsDetail.upper.rawValue, extra: extensions)
        emit(
            .limits, price: price4(message, 27), detail: LimitsDetail.lower.rawValue,
            extra: extensions)
    }

    /// Returns how many of the three levels do not fit a tick (price(8) reaches further).
    mutating func declineLevels(_ message: UnsafeRawPointer) -> UInt64 {
        var unrepresentable: UInt64 = 0
        func price8(_ offset: Int) -> Int64 {
            let (value, overflow) = message.big64(offset)
                .multipliedReportingOverflow(by: HandWrittenITCH50.price8Scale)
            if !overflow, let price = Int64(exactly: value) { return price }
            unrepresentable += 1
            return Price.none
        }
        emit(
            .limits, price: price8(11), flags: [], detail: LimitsDetail.breakerLevel1.rawValue)
        emit(
            .limits, price: price8(19), flags: [], detail: LimitsDetail.breakerLevel2.rawValue)
        emit(.limits, price: price8(27), detail: LimitsDetail.breakerLevel3.rawValue)
        return unrepresentable
    }
}

/// Message types and lengths of Nasdaq TotalView-ITCH 5.0 (itch50.md §1).
enum HandWrittenITCH50 {
    /// Type byte and length of every message.
    static let lengths: [(type: UInt8, length: UInt8)] = [
        (UInt8(ascii: "S"), 12), (UInt8(ascii: "R"), 39), (UInt8(ascii: "H"), 25),
        (UInt8(ascii: "Y"), 20), (UInt8(ascii: "L"), 26), (UInt8(ascii: "V"), 35),
        (UInt8(ascii: "W"), 12), (UInt8(ascii: "K"), 28), (UInt8(ascii: "J"), 35),
        (UInt8(ascii: "h"), 21), (UInt8(ascii: "A"), 36), (UInt8(ascii: "F"), 40),
        (UInt8(ascii: "E"), 31), (UInt8(ascii: "C"), 36), (UInt8(ascii: "X"), 23),
        (UInt8(ascii: "D"), 19), (UInt8(ascii: "U"), 35), (UInt8(ascii: "P"), 44),
        (UInt8(ascii: "Q"), 40), (UInt8(ascii: "B"), 19), (UInt8(ascii: "I"), 50),
        (UInt8(ascii: "N"), 20), (UInt8(ascii: "O"), 48),
    ]

    /// The most ticks that one message becomes (`O`).
    static let ticksPerMessageMax = 6

    /// Billionths in one unit of a price(4) and of a price(8).
    static let price4Scale: Int64 = 100_000
    static let price8Scale: UInt64 = 10
}

/// Unaligned loads of wire integers. The caller has checked that the bytes are there.
extension UnsafeRawPointer {
    @inline(__always)
    func byte(_ offset: Int) -> UInt8 { load(fromByteOffset: offset, as: UInt8.self) }

    @inline(__always)
    func big16(_ offset: Int) -> UInt16 {
        UInt16(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }

    @inline(__always)
    func big32(_ offset: Int) -> UInt32 {
        UInt32(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    @inline(__always)
    func big48(_ offset: Int) -> UInt64 {
        UInt64(big16(offset)) << 32 | UInt64(big32(offset + 2))
    }

    @inline(__always)
    func big64(_ offset: Int) -> UInt64 {
        UInt64(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    @inline(__always)
    func little32(_ offset: Int) -> UInt32 {
        UInt32(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    /// Up to four letters as they stand in `Tick.extra`: the first in the low byte.
    @inline(__always)
    func letters4(_ offset: Int) -> UInt32 { little32(offset) }
}
