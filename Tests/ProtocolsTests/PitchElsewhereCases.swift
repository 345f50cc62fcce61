import Protocols
import Ticks

/// PITCH messages of Europe and Australia, and their ticks.
enum PitchElsewhereCases {
    typealias Case = PitchDecoderTests.Case

    private static let now = PitchBench.midnight + 34_200_000_000_000 + 123
    private static let europe = ["pitch-europe"]
    private static let australia = ["pitch-cxa"]

    private static func letter(_ text: Unicode.Scalar) -> UInt8 { UInt8(ascii: text) }

    private static func tick(
        _ kind: TickKind, _ instrument: String = "-", time: UInt64 = now, id: UInt64 = 0,
        price: Int64? = nil, quantity: Int64? = nil, side: Side = .none,
        flags: TickFlags = .lastOfEvent, detail: UInt8 = 0, extra: String = ""
    ) -> TickView {
        TickView(
            kind: kind, instrument: instrument, time: time, sequence: 6, orderID: id, price: price,
            quantity: quantity, side: side, flags: flags, detail: detail, extra: letters(extra))
    }

    private static func replaced(_ id: UInt64, _ price: Int64, _ quantity: Int64) -> [TickView] {
        [
            tick(.delete, id: id, flags: .replaced),
            tick(
                .add, id: id, price: price, quantity: quantity, flags: [.replaced, .lastOfEvent]),
        ]
    }

    static let european: [Case] = [
        Case(
            name: "Europe: add long", feeds: europe,
            encode: {
                PitchEncoder.europeAddOrderLong(
                    timeOffset: 123, orderID: 7, side: letter("S"), quantity: 70_000,
                    symbol: "VODl", price: 12_3456, to: &$0)
            },
            ticks: [
                tick(.add, "VODl", id: 7, price: 12_345_600_000, quantity: 70_000, side: .ask)
            ]),
        Case(
            name: "Europe: add short", feeds: europe,
            encode: {
                PitchEncoder.europeAddOrderShort(
                    timeOffset: 123, orderID: 7, side: letter("B"), quantity: 7, symbol: "VODl",
                    price: 65_535, to: &$0)
            },
            ticks: [tick(.add, "VODl", id: 7, price: 655_350_000_000, quantity: 7, side: .bid)]),
        Case(
            name: "Europe: add expanded", feeds: europe,
            encode: {
                PitchEncoder.europeAddOrderExpanded(
                    timeOffset: 123, orderID: 7, side: letter("B"), quantity: 7, symbol: "VODl",
                    price: 5, flags: 0xFF, participant: "MPID", to: &$0)
            },
            ticks: [
                tick(
                    .add, "VODl", id: 7, price: 500_000, quantity: 7, side: .bid, extra: "MPID")
            ]),
        Case(
            name: "Europe: modify long", feeds: europe,
            encode: {
                PitchEncoder.europeModifyOrderLong(
                    timeOffset: 123, orderID: 7, quantity: 70, price: 1000, to: &$0)
            },
            ticks: replaced(7, 100_000_000, 70)),
        Case(
            name: "Europe: modify short", feeds: europe,
            encode: {
                PitchEncoder.europeModifyOrderShort(
                    timeOffset: 123, orderID: 7, quantity: 70, price: 1000, to: &$0)
            },
            ticks: replaced(7, 10_000_000_000, 70)),
        Case(
            name: "Europe: executed", feeds: europe,
            encode: {
                PitchEncoder.europeOrderExecuted(
                    timeOffset: 123, orderID: 7, quantity: 30, executionID: 99,
                    tradeFlags: "-P--", to: &$0)
            },
            ticks: [
                tick(.trade, id: 99, quantity: 30, flags: [], extra: "-P--"),
                tick(.fill, id: 7, quantity: 30),
            ]),
        Case(
            name: "Europe: executed at price", feeds: europe,
            encode: {
                PitchEncoder.europeOrderExecutedAtPrice(
                    timeOffset: 123, orderID: 7, quantity: 30, remaining: 12, executionID: 99,
                    price: 2_0000, tradeFlags: "----", to: &$0)
            },
            ticks: [
                tick(.modify, id: 7, quantity: 42, flags: []),
                tick(
                    .trade, id: 99, price: 2_000_000_000, quantity: 30, flags: [],
                    extra: "----"),
                tick(.fill, id: 7, quantity: 30),
            ]),
        Case(
            name: "Europe: trade long", feeds: europe,
            encode: {
                PitchEncoder.europeTradeLong(
                    timeOffset: 123, orderID: 1, side: letter("B"), quantity: 70_000,
                    symbol: "VODl", price: 5, executionID: 99, tradeFlags: "D---",
                    fifthFlag: letter("-"), to: &$0)
            },
            ticks: [
                tick(
                    .trade, "VODl", id: 99, price: 500_000, quantity: 70_000,
                    flags: [.offBook, .lastOfEvent], extra: "D---")
            ]),
        Case(
            name: "Europe: trade short", feeds: europe,
            encode: {
                PitchEncoder.europeTradeShort(
                    timeOffset: 123, orderID: 1, side: letter("B"), quantity: 7, symbol: "VODl",
                    price: 5, executionID: 99, tradeFlags: "D---", fifthFlag: letter("-"),
                    to: &$0)
            },
            ticks: [
                tick(
                    .trade, "VODl", id: 99, price: 50_000_000, quantity: 7,
                    flags: [.offBook, .lastOfEvent], extra: "D---")
            ]),
        Case(
            name: "Europe: statistics", feeds: europe,
            encode: {
                PitchEncoder.europeStatistics(
                    timeOffset: 123, symbol: "VODl", price: 5, kind: letter("H"),
                    determination: letter("0"), to: &$0)
            },
            ticks: [
                tick(
                    .statistic, "VODl", price: 500_000, detail: StatisticDetail.high.rawValue,
                    extra: "0")
            ]),
        Case(
            name: "Europe: auction update", feeds: europe,
            encode: {
                PitchEncoder.europeAuctionUpdate(
                    timeOffset: 123, symbol: "VODl", auctionType: letter("P"),
                    referencePrice: 5, indicativePrice: 6, indicativeShares: 7, to: &$0)
            },
            ticks: [
                tick(
                    .imbalance, "VODl", price: 500_000, flags: .auction,
                    detail: ImbalanceDetail.reference.rawValue, extra: "P"),
                tick(
                    .imbalance, "VODl", quantity: 7, flags: [.auction, .lastOfEvent],
                    detail: ImbalanceDetail.paired.rawValue, extra: "P"),
            ]),
    ]

    static let australian: [Case] = [
        Case(
            name: "Australia: unit clear", feeds: australia,
            encode: { PitchEncoder.australiaUnitClear(to: &$0) }, ticks: [tick(.clear, time: 0)]),
        Case(
            name: "Australia: end of session", feeds: australia,
            encode: { PitchEncoder.australiaEndOfSession(to: &$0) },
            ticks: [
                tick(
                    .status, time: 0, detail: StatusDetail.systemEvent.rawValue, extra: "-")
            ]),
        Case(
            name: "Australia: add", feeds: australia,
            encode: {
                PitchEncoder.australiaAddOrder(
                    timestamp: now, orderID: 7, side: letter("B"), quantity: 70_000,
                    symbol: "BHP", price: 45_0000001, participant: "PID1", to: &$0)
            },
            ticks: [
                tick(
                    .add, "BHP", id: 7, price: 45_000_000_100, quantity: 70_000, side: .bid,
                    extra: "PID1")
            ]),
        Case(
            name: "Australia: executed", feeds: australia,
            encode: {
                PitchEncoder.australiaOrderExecuted(
                    timestamp: now, orderID: 7, quantity: 30, executionID: 99, contraOrderID: 8,
                    contraParticipant: "PID2", to: &$0)
            },
            ticks: [
                tick(.trade, id: 99, quantity: 30, flags: [], extra: "PID2"),
                tick(.fill, id: 7, quantity: 30),
            ]),
        Case(
            name: "Australia: executed at price", feeds: australia,
            encode: {
                PitchEncoder.australiaOrderExecutedAtPrice(
                    timestamp: now, orderID: 7, quantity: 30, executionID: 99, contraOrderID: 8,
                    contraParticipant: "PID2", executionType: letter("C"), price: 10_000_000,
                    to: &$0)
            },
            ticks: [
                tick(
                    .trade, id: 99, price: 1_000_000_000, quantity: 30, flags: [], extra: "C"),
                tick(.fill, id: 7, quantity: 30),
            ]),
        Case(
            name: "Australia: reduce", feeds: australia,
            encode: {
                PitchEncoder.australiaReduceSize(
                    timestamp: now, orderID: 7, quantity: 30, to: &$0)
            },
            ticks: [tick(.cancel, id: 7, quantity: 30)]),
        Case(
            name: "Australia: modify", feeds: australia,
            encode: {
                PitchEncoder.australiaModifyOrder(
                    timestamp: now, orderID: 7, quantity: 30, price: 10_000_000, to: &$0)
            },
            ticks: replaced(7, 1_000_000_000, 30)),
        Case(
            name: "Australia: delete", feeds: australia,
            encode: { PitchEncoder.australiaDeleteOrder(timestamp: now, orderID: 7, to: &$0) },
            ticks: [tick(.delete, id: 7)]),
        Case(
            name: "Australia: trade break", feeds: australia,
            encode: {
                PitchEncoder.australiaTradeBreak(timestamp: now, executionID: 99, to: &$0)
            },
            ticks: [tick(.tradeBreak, id: 99)]),
    ]
}
