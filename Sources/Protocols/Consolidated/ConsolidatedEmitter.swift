import Ticks

/// One side of a quote, as messages of consolidated feeds tell it.
struct ConsolidatedSide {
    /// Billionths; nil if it does not fit a tick.
    var price: Int64?
    var quantity: Int64
    /// Participant, quote condition, retail interest, limit-up-limit-down; 0 where not told.
    var letters: UInt32
    /// Four letters of a FINRA member, 0 or blank if none.
    var member: UInt32 = 0

    /// There is no best price on the side.
    static let none = ConsolidatedSide(price: 0, quantity: 0, letters: 0)
}

/// Writes the ticks of consolidated feeds: of a participant and of the nation, of one message.
struct ConsolidatedEmitter {
    /// Quantities of feeds with fractional volumes count millionths.
    static let millionths: Int64 = 1_000_000
    /// Second letter of a statistic's `extra`.
    static let consolidated = UInt8(ascii: "C")
    static let oneMarket = UInt8(ascii: "M")
    private static let blank: UInt32 = 0x2020_2020

    var ticks: TickEmitter
    /// Values that did not fit a tick.
    var unrepresentable: UInt64 = 0

    /// Up to four letters as they stand in `extra`.
    @inline(__always)
    static func letters(
        _ first: UInt8, _ second: UInt8 = 0, _ third: UInt8 = 0, _ fourth: UInt8 = 0
    )
        -> UInt32
    {
        UInt32(first) | UInt32(second) << 8 | UInt32(third) << 16 | UInt32(fourth) << 24
    }

    /// `nonPrintable` for the market's official opening and closing prices (fourth letter Q, M) and
    /// the corrected consolidated close (second letter 9): the trades behind them are told by
    /// messages of their own, and the tapes leave these out of volume.
    @inline(__always)
    static func volumeFlags(_ conditions: UInt32) -> TickFlags {
        let reason = UInt8(truncatingIfNeeded: conditions >> 8)
        let detail = UInt8(truncatingIfNeeded: conditions >> 24)
        let isRepeated =
            detail == UInt8(ascii: "Q") || detail == UInt8(ascii: "M")
            || reason == UInt8(ascii: "9")
        return isRepeated ? .nonPrintable : []
    }

    @inline(__always)
    mutating func price(_ billionths: Int64?) -> Int64 {
        if let billionths { return billionths }
        unrepresentable &+= 1
        return Price.none
    }

    /// A quantity of units that are `scale` of a tick's.
    @inline(__always)
    mutating func quantity(_ units: some FixedWidthInteger, scale: Int64) -> Int64 {
        if let whole = Int64(exactly: units) {
            let (product, overflow) = whole.multipliedReportingOverflow(by: scale)
            if !overflow { return product }
        }
        unrepresentable &+= 1
        return Quantity.none
    }

    /// The best price of a side. Only the national best is the book's.
    @inline(__always)
    mutating func quote(_ detail: QuoteDetail, _ side: Side, _ quote: ConsolidatedSide) {
        ticks.emit(
            .quote, orderID: quote.member == Self.blank ? 0 : UInt64(quote.member),
            price: price(quote.price), quantity: quote.quantity, side: side,
            flags: detail == .national ? [] : .offBook, detail: detail.rawValue,
            extra: quote.letters)
    }

    mutating func limits(
        _ detail: LimitsDetail, _ billionths: Int64?, extra: UInt32 = 0, flags: TickFlags = []
    ) {
        ticks.emit(
            .limits, price: price(billionths), flags: flags, detail: detail.rawValue, extra: extra)
    }

    /// An auction's collar: reference, upper, lower.
    mutating func collar(_ reference: Int64?, _ upper: Int64?, _ lower: Int64?, extra: UInt32) {
        limits(.reference, reference, extra: extra, flags: .auction)
        limits(.upper, upper, extra: extra, flags: .auction)
        limits(.lower, lower, extra: extra, flags: .auction)
    }

    mutating func status(_ detail: StatusDetail, _ extra: UInt32) {
        ticks.status(detail, extra, flags: [])
    }

    /// A status of one letter, unless it is blank or zero.
    mutating func statusUnlessBlank(_ detail: StatusDetail, _ letter: UInt8) {
        if letter != UInt8(ascii: " "), letter != 0 { status(detail, UInt32(letter)) }
    }

    /// A price, whatever it is.
    mutating func statistic(_ detail: StatisticDetail, price billionths: Int64?, extra: UInt32 = 0)
    {
        ticks.emit(
            .statistic, price: price(billionths), flags: [], detail: detail.rawValue, extra: extra)
    }

    /// A quantity, whatever it is.
    mutating func statistic(_ detail: StatisticDetail, quantity: Int64, extra: UInt32 = 0) {
        ticks.emit(
            .statistic, quantity: quantity, flags: [], detail: detail.rawValue, extra: extra)
    }

    /// A price of the day, unless it is 0: not used.
    mutating func figure(
        _ detail: StatisticDetail, price billionths: Int64?, _ participant: UInt8, _ scope: UInt8
    ) {
        if billionths == 0 { return }
        statistic(detail, price: billionths, extra: Self.letters(participant, scope))
    }

    /// A volume of the day, unless it is 0: not used.
    mutating func figure(
        _ detail: StatisticDetail, units: some FixedWidthInteger, scale: Int64,
        _ participant: UInt8, _ scope: UInt8
    ) {
        if units == 0 { return }
        let quantity = quantity(units, scale: scale)
        statistic(detail, quantity: quantity, extra: Self.letters(participant, scope))
    }
}
