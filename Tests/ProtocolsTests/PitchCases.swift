import Protocols
import Ticks

/// PITCH messages that concern no resting order, and their ticks.
enum PitchCases {
    typealias Case = PitchDecoderTests.Case

    private static let now = PitchBench.midnight + 34_200_000_000_000 + 123
    private static let us = ["pitch-us"]
    private static let options = ["pitch-options"]
    private static let complex = ["pitch-complex"]
    private static let withConditions = ["pitch-complex", "pitch-cfe"]
    private static let all = ["pitch-us", "pitch-options", "pitch-complex", "pitch-cfe"]
    private static let halfAuction: UInt64 = 25 * 2_821_109_907_456

    private static func letter(_ text: Unicode.Scalar) -> UInt8 { UInt8(ascii: text) }

    private static func tick(
        _ kind: TickKind, _ instrument: String = "-", id: UInt64 = 0, price: Int64? = nil,
        quantity: Int64? = nil, side: Side = .none, flags: TickFlags = .lastOfEvent,
        detail: UInt8 = 0, extra: UInt32 = 0
    ) -> TickView {
        TickView(
            kind: kind, instrument: instrument, time: now, sequence: 6, orderID: id, price: price,
            quantity: quantity, side: side, flags: flags, detail: detail, extra: extra)
    }

    private static func status(
        _ detail: StatusDetail, _ instrument: String, _ extra: String,
        flags: TickFlags = .lastOfEvent
    ) -> TickView {
        tick(
            .status, instrument, flags: flags, detail: detail.rawValue, extra: letters(extra))
    }

    static let trades: [Case] = [
        Case(
            name: "trade long", feeds: us,
            encode: {
                PitchEncoder.tradeLong(
                    timeOffset: 123, orderID: 1, side: letter("B"), quantity: 70_000,
                    symbol: "ABC", price: 5, executionID: 99, condition: letter("f"), to: &$0)
            },
            ticks: [
                tick(
                    .trade, "ABC", id: 99, price: 500_000, quantity: 70_000,
                    flags: [.offBook, .lastOfEvent])
            ]),
        Case(
            name: "trade short", feeds: options,
            encode: {
                PitchEncoder.tradeShort(
                    timeOffset: 123, orderID: 1, side: letter("B"), quantity: 7, symbol: "ABC",
                    price: 5, executionID: halfAuction, condition: letter("f"), to: &$0)
            },
            ticks: [
                tick(
                    .trade, "ABC", id: halfAuction, price: 50_000_000, quantity: 7,
                    flags: [.offBook, .lastOfEvent, .auction], extra: letters("f"))
            ]),
        Case(
            name: "trade expanded", feeds: options,
            encode: {
                PitchEncoder.tradeExpanded(
                    timeOffset: 123, orderID: 1, side: letter("B"), quantity: 7,
                    symbol: "ABCDEFGH", price: 5, executionID: 99, condition: letter("g"),
                    to: &$0)
            },
            ticks: [
                tick(
                    .trade, "ABCDEFGH", id: 99, price: 500_000, quantity: 7,
                    flags: [.offBook, .lastOfEvent], extra: letters("g"))
            ]),
        Case(
            name: "trade long, signed", feeds: withConditions,
            encode: {
                PitchEncoder.signedTradeLong(
                    timeOffset: 123, orderID: 1, side: letter("B"), quantity: 7, symbol: "0002aV",
                    price: -5, executionID: 99, condition: letter("B"), to: &$0)
            },
            ticks: [
                tick(
                    .trade, "0002aV", id: 99, price: -500_000, quantity: 7,
                    flags: [.offBook, .lastOfEvent], extra: letters("B"))
            ]),
        Case(
            name: "trade short, signed", feeds: withConditions,
            encode: {
                PitchEncoder.signedTradeShort(
                    timeOffset: 123, orderID: 1, side: letter("B"), quantity: 7, symbol: "0002aV",
                    price: -5, executionID: 99, condition: letter("S"), to: &$0)
            },
            ticks: [
                tick(
                    .trade, "0002aV", id: 99, price: -50_000_000, quantity: 7,
                    flags: [.offBook, .lastOfEvent], extra: letters("S"))
            ]),
        Case(
            name: "trade break", feeds: all,
            encode: { PitchEncoder.tradeBreak(timeOffset: 123, executionID: 99, to: &$0) },
            ticks: [tick(.tradeBreak, id: 99)]),
    ]

    static let status: [Case] = [
        Case(
            name: "unit clear", feeds: all,
            encode: { PitchEncoder.unitClear(timeOffset: 123, to: &$0) }, ticks: [tick(.clear)]),
        Case(
            name: "end of session", feeds: all,
            encode: { PitchEncoder.endOfSession(timeOffset: 123, to: &$0) },
            ticks: [status(.systemEvent, "-", "-")]),
        Case(
            name: "transaction begin", feeds: options + withConditions,
            encode: { PitchEncoder.transactionBegin(timeOffset: 123, to: &$0) },
            ticks: [status(.transaction, "-", "B")]),
        Case(
            name: "transaction end", feeds: options + withConditions,
            encode: { PitchEncoder.transactionEnd(timeOffset: 123, to: &$0) },
            ticks: [status(.transaction, "-", "E")]),
        Case(
            name: "equity status", feeds: us,
            encode: {
                PitchEncoder.equityTradingStatus(
                    timeOffset: 123, symbol: "ABCDEFGH", status: letter("T"),
                    shortSaleRestriction: letter("1"), to: &$0)
            },
            ticks: [
                status(.trading, "ABCDEFGH", "T", flags: []),
                status(.shortSaleRestriction, "ABCDEFGH", "1"),
            ]),
        Case(
            name: "option status with global hours", feeds: options + complex,
            encode: {
                PitchEncoder.optionTradingStatus(
                    timeOffset: 123, symbol: "ABCDEF", status: letter("H"),
                    globalHoursStatus: letter("R"), to: &$0)
            },
            ticks: [
                status(.trading, "ABCDEF", "H", flags: []),
                status(.globalHoursTrading, "ABCDEF", "R"),
            ]),
        Case(
            name: "option status", feeds: options,
            encode: {
                PitchEncoder.optionTradingStatus(
                    timeOffset: 123, symbol: "ABCDEF", status: letter("L"), to: &$0)
            },
            ticks: [status(.trading, "ABCDEF", "L")]),
        Case(
            name: "future status", feeds: ["pitch-cfe"],
            encode: {
                PitchEncoder.futureTradingStatus(
                    timeOffset: 123, symbol: "ABCDEF", status: letter("S"), to: &$0)
            },
            ticks: [status(.trading, "ABCDEF", "S")]),
        Case(
            name: "retail price improvement", feeds: us,
            encode: {
                PitchEncoder.retailPriceImprovement(
                    timeOffset: 123, symbol: "ABC", interest: letter("A"), to: &$0)
            },
            ticks: [status(.retailInterest, "ABC", "A")]),
        Case(
            name: "width update", feeds: options,
            encode: {
                PitchEncoder.widthUpdate(
                    timeOffset: 123, underlying: "SPX", kind: letter("V"), multiplier: 15, to: &$0)
            },
            ticks: [
                tick(
                    .status, "SPX", quantity: 15, detail: StatusDetail.quoteWidth.rawValue,
                    extra: letters("V"))
            ]),
        Case(
            name: "quotation strike range", feeds: options,
            encode: {
                PitchEncoder.quotationStrikeRange(
                    timeOffset: 123, quotationID: "SOQ OF A LONG NAME", lowStrike: 10_0000,
                    highStrike: 20_0000, to: &$0)
            },
            ticks: [
                tick(
                    .limits, "SOQ OF A LONG NAME", price: 10_000_000_000, flags: [],
                    detail: LimitsDetail.lower.rawValue),
                tick(
                    .limits, "SOQ OF A LONG NAME", price: 20_000_000_000,
                    detail: LimitsDetail.upper.rawValue),
            ]),
    ]

    // MARK: Auctions

    private static func imbalance(
        _ detail: ImbalanceDetail, id: UInt64 = 0, price: Int64? = nil, quantity: Int64? = nil,
        side: Side = .none, last: Bool = false, extra: String
    ) -> TickView {
        tick(
            .imbalance, "ABC", id: id, price: price, quantity: quantity, side: side,
            flags: last ? [.auction, .lastOfEvent] : .auction, detail: detail.rawValue,
            extra: letters(extra))
    }

    private static func update(_ extra: String, isLast: Bool) -> [TickView] {
        [
            imbalance(.reference, price: 1_000_000_000, extra: extra),
            imbalance(.interest, quantity: 300, side: .bid, extra: extra),
            imbalance(.interest, quantity: 400, side: .ask, extra: extra),
            imbalance(.indicativeClearing, price: 2_000_000_000, extra: extra),
            imbalance(.auctionOnly, price: 3_000_000_000, last: isLast, extra: extra),
        ]
    }

    private static func notification(_ price: Int64) -> [TickView] {
        [
            imbalance(
                .auctionOrder, id: 55, price: price, quantity: 10, side: .bid, extra: "AC"),
            imbalance(
                .executionTime, id: 55,
                quantity: Int64(PitchBench.midnight + 34_201_500_000_000), last: true,
                extra: "MPID"),
        ]
    }

    static let auctions: [Case] = [
        Case(
            name: "auction update", feeds: us,
            encode: {
                PitchEncoder.auctionUpdate(
                    timeOffset: 123, symbol: "ABC", auctionType: letter("C"),
                    referencePrice: 10_000, buyShares: 300, sellShares: 400,
                    indicativePrice: 20_000, auctionOnlyPrice: 30_000, to: &$0)
            },
            ticks: update("C", isLast: true)),
        Case(
            name: "option auction update", feeds: options,
            encode: {
                PitchEncoder.optionAuctionUpdate(
                    timeOffset: 123, symbol: "ABC", auctionType: letter("G"),
                    referencePrice: 10_000, buyContracts: 300, sellContracts: 400,
                    indicativePrice: 20_000, auctionOnlyPrice: 30_000,
                    openingCondition: letter("O"), compositeBid: 40_000, compositeOffer: 50_000,
                    to: &$0)
            },
            ticks: update("GO", isLast: false) + [
                imbalance(.composite, price: 4_000_000_000, side: .bid, extra: "GO"),
                imbalance(.composite, price: 5_000_000_000, side: .ask, last: true, extra: "GO"),
            ]),
        Case(
            name: "complex auction update", feeds: complex,
            encode: {
                PitchEncoder.complexAuctionUpdate(
                    timeOffset: 123, symbol: "ABC", auctionType: letter("G"),
                    referencePrice: 10_000, buyContracts: 300, sellContracts: 400,
                    indicativePrice: 20_000, auctionOnlyPrice: 30_000,
                    openingCondition: letter("O"), compositeBid: -40_000,
                    compositeOffer: 50_000, to: &$0)
            },
            ticks: update("GO", isLast: false) + [
                imbalance(.composite, price: -4_000_000_000, side: .bid, extra: "GO"),
                imbalance(.composite, price: 5_000_000_000, side: .ask, last: true, extra: "GO"),
            ]),
        Case(
            name: "auction summary", feeds: us + options,
            encode: {
                PitchEncoder.auctionSummary(
                    timeOffset: 123, symbol: "ABC", auctionType: letter("O"), price: 10_000,
                    quantity: 300, to: &$0)
            },
            ticks: [
                tick(
                    .statistic, "ABC", price: 1_000_000_000, quantity: 300,
                    flags: [.auction, .lastOfEvent], detail: StatisticDetail.auctionPrice.rawValue,
                    extra: letters("O"))
            ]),
        Case(
            name: "auction notification", feeds: options,
            encode: {
                PitchEncoder.auctionNotification(
                    timeOffset: 123, symbol: "ABC", auctionID: 55, auctionType: letter("A"),
                    side: letter("B"), price: 10_000, quantity: 10, customer: letter("C"),
                    participant: "MPID", endOffset: 1_500_000_000, client: "CLNT", to: &$0)
            },
            ticks: notification(1_000_000_000)),
        Case(
            name: "complex auction notification", feeds: complex,
            encode: {
                PitchEncoder.complexAuctionNotification(
                    timeOffset: 123, symbol: "ABC", auctionID: 55, auctionType: letter("A"),
                    side: letter("B"), price: -10_000, quantity: 10, customer: letter("C"),
                    participant: "MPID", endOffset: 1_500_000_000, client: "CLNT", to: &$0)
            },
            ticks: notification(-1_000_000_000)),
        Case(
            name: "auction cancel", feeds: options + complex,
            encode: { PitchEncoder.auctionCancel(timeOffset: 123, auctionID: 55, to: &$0) },
            ticks: [
                tick(
                    .imbalance, id: 55, flags: [.auction, .lastOfEvent],
                    detail: ImbalanceDetail.auctionCancelled.rawValue)
            ]),
        Case(
            name: "auction trade", feeds: options,
            encode: {
                PitchEncoder.auctionTrade(
                    timeOffset: 123, auctionID: 55, executionID: 99, price: 10_000, quantity: 3,
                    to: &$0)
            },
            ticks: [
                tick(
                    .trade, id: 99, price: 1_000_000_000, quantity: 3,
                    flags: [.auction, .offBook, .lastOfEvent])
            ]),
        Case(
            name: "complex auction trade", feeds: complex,
            encode: {
                PitchEncoder.complexAuctionTrade(
                    timeOffset: 123, auctionID: 55, executionID: 99, price: -10_000, quantity: 3,
                    to: &$0)
            },
            ticks: [
                tick(
                    .trade, id: 99, price: -1_000_000_000, quantity: 3,
                    flags: [.auction, .offBook, .lastOfEvent])
            ]),
    ]

    // MARK: Futures

    private static func value(
        _ detail: StatisticDetail, price: Int64? = nil, quantity: Int64? = nil, last: Bool = false,
        extra: String = ""
    ) -> TickView {
        tick(
            .statistic, "0002aV", id: 20_190_502, price: price, quantity: quantity,
            flags: last ? .lastOfEvent : [], detail: detail.rawValue, extra: letters(extra))
    }

    static let futures: [Case] = [
        Case(
            name: "price limits", feeds: ["pitch-cfe"],
            encode: {
                PitchEncoder.priceLimits(
                    timeOffset: 123, symbol: "0002aV", upper: 100, lower: -100, to: &$0)
            },
            ticks: [
                tick(
                    .limits, "0002aV", price: 10_000_000, flags: [],
                    detail: LimitsDetail.upper.rawValue),
                tick(
                    .limits, "0002aV", price: -10_000_000, detail: LimitsDetail.lower.rawValue),
            ]),
        Case(
            name: "settlement", feeds: ["pitch-cfe"],
            encode: {
                PitchEncoder.settlement(
                    timeOffset: 123, symbol: "0002aV", tradeDate: 20_190_502, price: -100,
                    issue: letter("S"), to: &$0)
            },
            ticks: [value(.settlement, price: -10_000_000, last: true, extra: "S")]),
        Case(
            name: "open interest", feeds: ["pitch-cfe"],
            encode: {
                PitchEncoder.openInterest(
                    timeOffset: 123, symbol: "0002aV", tradeDate: 20_190_502, openInterest: .max,
                    to: &$0)
            },
            ticks: [value(.openInterest, quantity: 4_294_967_295, last: true)]),
        Case(
            name: "end of day summary", feeds: ["pitch-cfe"],
            encode: {
                PitchEncoder.endOfDaySummary(
                    timeOffset: 123, symbol: "0002aV", tradeDate: 20_190_502, openInterest: 1,
                    high: 20, low: -30, open: 40, close: 50, volume: 6, blockVolume: 7,
                    exchangeRelatedVolume: 8, flags: 9, to: &$0)
            },
            ticks: [
                value(.openInterest, quantity: 1), value(.high, price: 2_000_000),
                value(.low, price: -3_000_000), value(.open, price: 4_000_000),
                value(.close, price: 5_000_000), value(.volume, quantity: 6),
                value(.blockVolume, quantity: 7),
                value(.exchangeRelatedVolume, quantity: 8, last: true),
            ]),
    ]
}
