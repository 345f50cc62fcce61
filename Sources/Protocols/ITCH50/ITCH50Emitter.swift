import Ticks

/// Writes the ticks of one ITCH 5.0 message after the other; offsets are those of itch50.md §2.
struct ITCH50Emitter {
    let ticks: UnsafeMutablePointer<Tick>
    let midnight: UInt64
    private let captureTime: UInt64
    private let flags: UInt16
    private let channel: UInt16
    private let line: UInt8
    private(set) var count = 0

    /// Of the message being decoded.
    var sequence: UInt64 = 0
    var exchangeTime: UInt64 = 0
    var instrument: UInt32 = 0

    @inline(__always)
    init(ticks: UnsafeMutablePointer<Tick>, context: DeliveryContext, midnight: UInt64) {
        self.ticks = ticks
        self.midnight = midnight
        captureTime = context.captureTime
        flags = context.flags.rawValue
        channel = context.channel
        line = context.line
    }

    @inline(__always)
    mutating func emit(
        _ kind: TickKind, orderID: UInt64 = 0, price: Int64 = Price.none,
        quantity: Int64 = Quantity.none, side: Side = .none, flags more: TickFlags = .lastOfEvent,
        detail: UInt8 = 0, extra: UInt32 = 0
    ) {
        ticks[count] = Tick(
            exchangeTime: exchangeTime, captureTime: captureTime, sequence: sequence,
            orderID: orderID, price: price, quantity: quantity, instrument: instrument,
            channel: channel, kind: kind.rawValue, side: side.rawValue,
            flags: flags | more.rawValue, line: line, detail: detail, extra: extra)
        count += 1
    }

    @inline(__always)
    private func price4(_ message: UnsafeRawPointer, _ offset: Int) -> Int64 {
        Int64(message.big32(offset)) &* ITCH50.price4Scale
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
                .multipliedReportingOverflow(by: ITCH50.price8Scale)
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
