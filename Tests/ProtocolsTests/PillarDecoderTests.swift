import Protocols
import TestSupport
import Testing
import Ticks
import Wire

private let second: UInt64 = 1_000_000_000

/// A message of a feed and the ticks that it must become, behind a time reference and a mapping.
private struct Case: CustomTestStringConvertible, Sendable {
    let name: String
    let feed: String
    let message: [UInt8]
    let ticks: [TickView]
    var testDescription: String { "\(feed): \(name)" }

    init(
        _ name: String, _ feed: String, _ ticks: [TickView], _ write: (inout [UInt8]) -> Void
    ) {
        self.name = name
        self.feed = feed
        self.ticks = ticks
        message = wire(write)
    }
}

/// Messages with a time of their own have 9:30:00.000000005 of the bench's day, the others
/// nanoseconds behind 9:29:59.
private let ownTime: UInt64 = 1_645_626_600
private let own = ownTime * second + 5
private let referred = (ownTime - 1) * second + 7
private let seconds = UInt32(ownTime)

private func tick(
    _ kind: TickKind, _ time: UInt64, id: UInt64 = 0, price: Int64? = nil, quantity: Int64? = nil,
    side: Side = .none, flags: TickFlags = .lastOfEvent, detail: UInt8 = 0, extra: UInt32 = 0
) -> TickView {
    .pillar(
        kind, "BRK.B", time, id: id, price: price, quantity: quantity, side: side, flags: flags,
        detail: detail, extra: extra)
}

private let reference = wire {
    PillarEncoder.sourceTimeReference(systemID: 7, sourceTime: seconds - 1, to: &$0)
}
/// Prices in 1e-4.
private let mapping = wire {
    PillarEncoder.symbolIndexMapping(
        symbolIndex: 88, symbol: "BRK.B", marketID: 1, systemID: 7,
        listingExchange: letter("N"), priceScaleCode: 4, securityType: letter("C"), lotSize: 100,
        previousClosePrice: 3_125_500, previousCloseVolume: 42, priceResolution: 1,
        roundLots: letter("N"), minimumPriceVariation: 100, unitOfTrade: 1, to: &$0)
}
private let seriesMapping = wire {
    PillarEncoder.seriesIndexMapping(
        seriesIndex: 88, seriesType: 0, marketID: 4, systemID: 7, optionRoot: "BRKB",
        underlying: "BRK.B", underlyingIndex: 12, priceScaleCode: 4, contractMultiplier: 100,
        maturityDate: "220318", putOrCall: 1, strikePrice: "312.5", closingOnly: letter("0"),
        to: &$0)
}

private let orderFlow = ["pillar-integ", "xdp-integrated"].flatMap { feed in
    [
        Case(
            "100", feed,
            [
                tick(
                    .add, referred, id: 1 << 40, price: 312_550_000_000, quantity: 300, side: .ask,
                    extra: letters("GSCO"))
            ]
        ) {
            PillarEncoder.addOrder(
                sourceTimeNanoseconds: 7, symbolIndex: 88, symbolSequence: 9, orderID: 1 << 40,
                price: 3_125_500, volume: 300, side: letter("S"), firmID: "GSCOX", to: &$0)
        },
        Case("102", feed, [tick(.delete, referred, id: 1 << 40)]) {
            PillarEncoder.deleteOrder(
                sourceTimeNanoseconds: 7, symbolIndex: 88, orderID: 1 << 40, to: &$0)
        },
        Case(
            "106", feed,
            [
                tick(
                    .add, own, id: 77, price: -100_000, quantity: 300, side: .bid,
                    flags: [.snapshot, .lastOfEvent])
            ]
        ) {
            PillarEncoder.addOrderRefresh(
                sourceTime: seconds, sourceTimeNanoseconds: 5, symbolIndex: 88, orderID: 77,
                price: -1, volume: 300, side: letter("B"), to: &$0)
        },
        Case(
            "110", feed,
            [
                tick(
                    .trade, referred, id: 4_000_000_000, price: 312_550_000_000, quantity: 10,
                    flags: [.offBook, .lastOfEvent], extra: letters("@F I"))
            ]
        ) {
            PillarEncoder.nonDisplayedTrade(
                sourceTimeNanoseconds: 7, symbolIndex: 88, tradeID: 4_000_000_000,
                price: 3_125_500, volume: 10, printable: 1, tradeCondition1: letter("@"),
                tradeCondition2: letter("F"), tradeCondition4: letter("I"), to: &$0)
        },
        Case("110, not printable", feed, []) {
            PillarEncoder.nonDisplayedTrade(symbolIndex: 88, tradeID: 4, volume: 10, to: &$0)
        },
        Case(
            "111", feed,
            [
                tick(
                    .trade, referred, id: 5, price: 312_550_000_000, quantity: 4_294_967_295,
                    flags: [.auction, .lastOfEvent], extra: letters("6"))
            ]
        ) {
            PillarEncoder.crossTrade(
                sourceTimeNanoseconds: 7, symbolIndex: 88, crossID: 5, price: 3_125_500,
                volume: .max, crossType: letter("6"), to: &$0)
        },
        Case("112", feed, [tick(.tradeBreak, referred, id: 6)]) {
            PillarEncoder.tradeCancel(
                sourceTimeNanoseconds: 7, symbolIndex: 88, tradeID: 6, to: &$0)
        },
        Case(
            "113", feed,
            [tick(.tradeCorrect, referred, id: 5, quantity: 90, flags: [.auction, .lastOfEvent])]
        ) {
            PillarEncoder.crossCorrection(
                sourceTimeNanoseconds: 7, symbolIndex: 88, crossID: 5, volume: 90, to: &$0)
        },
        Case(
            "114", feed,
            [
                tick(
                    .status, referred, detail: StatusDetail.retailInterest.rawValue,
                    extra: letters("C"))
            ]
        ) {
            PillarEncoder.retailPriceImprovement(
                sourceTimeNanoseconds: 7, symbolIndex: 88, indicator: letter("C"), to: &$0)
        },
    ]
}

private let executions = [
    Case(
        "103", "pillar-integ",
        [
            tick(
                .trade, referred, id: 12, price: 312_500_000_000, quantity: 40, flags: .auction,
                extra: letters("@O  ")),
            tick(.fill, referred, id: 1 << 40, quantity: 40),
        ]
    ) {
        PillarEncoder.orderExecution(
            sourceTimeNanoseconds: 7, symbolIndex: 88, orderID: 1 << 40, tradeID: 12,
            price: 3_125_000, volume: 40, printable: 1, tradeCondition1: letter("@"),
            tradeCondition2: letter("O"), to: &$0)
    },
    Case(
        "103, not printable", "pillar-integ",
        [
            tick(
                .fill, referred, id: 1 << 40, quantity: 40, flags: [.nonPrintable, .lastOfEvent])
        ]
    ) {
        PillarEncoder.orderExecution(
            sourceTimeNanoseconds: 7, symbolIndex: 88, orderID: 1 << 40, tradeID: 12,
            price: 3_125_000, volume: 40, to: &$0)
    },
    Case(
        "103", "xdp-integrated",
        [
            tick(.trade, referred, id: 12, price: 312_500_000_000, quantity: 40, flags: []),
            tick(.fill, referred, id: 1 << 40, quantity: 40),
        ]
    ) {
        PillarEncoder.orderExecutionXdp(
            sourceTimeNanoseconds: 7, symbolIndex: 88, orderID: 1 << 40, tradeID: 12,
            price: 3_125_000, volume: 40, printable: 1, paritySplits: 3,
            executionID: 0x3636_3636, to: &$0)
    },
    Case(
        "101", "pillar-integ",
        [tick(.modify, referred, id: 9, price: 312_500_000_000, quantity: 40)]
    ) {
        PillarEncoder.modifyOrder(
            sourceTimeNanoseconds: 7, symbolIndex: 88, orderID: 9, price: 3_125_000, volume: 40,
            positionChange: 1, side: letter("B"), to: &$0)
    },
    Case(
        "101", "xdp-integrated",
        [tick(.modify, referred, id: 9, price: 312_500_000_000, quantity: 40)]
    ) {
        PillarEncoder.modifyOrderXdp(
            sourceTimeNanoseconds: 7, symbolIndex: 88, orderID: 9, price: 3_125_000, volume: 40,
            oldPriceParitySplits: letter("S"), to: &$0)
    },
    Case("104", "pillar-integ", replaced) {
        PillarEncoder.replaceOrder(
            sourceTimeNanoseconds: 7, symbolIndex: 88, orderID: 9, newOrderID: 10,
            price: 3_125_000, volume: 40, side: 0, to: &$0)
    },
    Case("104", "xdp-integrated", replaced) {
        PillarEncoder.replaceOrderXdp(
            sourceTimeNanoseconds: 7, symbolIndex: 88, orderID: 9, newOrderID: 10,
            price: 3_125_000, volume: 40, oldPriceParitySplits: letter("S"), to: &$0)
    },
]

private let replaced = [
    tick(.delete, referred, id: 9, flags: .replaced),
    tick(
        .add, referred, id: 10, price: 312_500_000_000, quantity: 40,
        flags: [.replaced, .lastOfEvent]),
]

private func quotes(_ bid: (UInt64, Int64), _ ask: (UInt64, Int64), _ extra: UInt32) -> [TickView] {
    [
        tick(
            .quote, referred, id: bid.0, price: 312_500_000_000, quantity: bid.1, side: .bid,
            flags: [], extra: extra),
        tick(
            .quote, referred, id: ask.0, price: 0, quantity: ask.1, side: .ask, extra: extra),
    ]
}

private let quotesAndTrades = [
    Case("140", "pillar-bbo", quotes((0, 300), (0, 0), letters("RA"))) {
        let message = wire {
            PillarEncoder.quote(
                sourceTimeNanoseconds: 7, symbolIndex: 88, bidPrice: 3_125_000, bidVolume: 300,
                quoteCondition: letter("R"), retailInterest: letter("A"), to: &$0)
        }
        $0 = [34, 0] + message[2..<34]
    },
    Case("140", "xdp-bbo", quotes((0, 300), (0, 0), letters("RA"))) {
        PillarEncoder.quote(
            sourceTimeNanoseconds: 7, symbolIndex: 88, bidPrice: 3_125_000, bidVolume: 300,
            quoteCondition: letter("R"), retailInterest: letter("A"),
            undocumented: [7, 46, 0, 0], to: &$0)
    },
    Case(
        "115", "pillar-depth",
        [
            tick(
                .level, own, price: 312_500_000_000, quantity: 4_294_967_395, side: .bid,
                flags: [], extra: 65_537),
            tick(.level, own, price: 312_600_000_000, quantity: 0, side: .ask),
        ]
    ) {
        PillarEncoder.depthUpdate(
            sourceTime: seconds, sourceTimeNanoseconds: 5, symbolIndex: 88,
            updates: [
                .init(
                    price: 3_125_000, side: letter("B"),
                    participants: [
                        .init(marketID: 1, orders: 2, volume: 100),
                        .init(marketID: 3, orders: .max, volume: .max),
                    ]),
                .init(price: 3_126_000, side: letter("S")),
            ], to: &$0)
    },
    Case("115, empty", "pillar-depth", []) {
        PillarEncoder.depthUpdate(symbolIndex: 88, to: &$0)
    },
    Case(
        "220", "pillar-trades",
        [
            tick(
                .trade, own, id: 31, price: 312_500_000_000, quantity: 7,
                flags: [.auction, .lastOfEvent], extra: letters("@6TI"))
        ]
    ) {
        PillarEncoder.trade(
            sourceTime: seconds, sourceTimeNanoseconds: 5, symbolIndex: 88, tradeID: 31,
            price: 3_125_000, volume: 7, tradeCondition1: letter("@"),
            tradeCondition2: letter("6"), tradeCondition3: letter("T"),
            tradeCondition4: letter("I"), to: &$0)
    },
    Case("221", "pillar-trades", [tick(.tradeBreak, own, id: 31)]) {
        PillarEncoder.tradeVoid(
            sourceTime: seconds, sourceTimeNanoseconds: 5, symbolIndex: 88, originalTradeID: 31,
            to: &$0)
    },
    Case(
        "222", "pillar-trades",
        [tick(.tradeCorrect, own, id: 31, price: 312_500_000_000, quantity: 8, extra: 32)]
    ) {
        PillarEncoder.tradeCorrection(
            sourceTime: seconds, sourceTimeNanoseconds: 5, symbolIndex: 88, originalTradeID: 31,
            tradeID: 32, price: 3_125_000, volume: 8, to: &$0)
    },
]

@Suite struct PillarDecoderTests {
    @Test(arguments: orderFlow + executions + quotesAndTrades)
    private func everyMessage(_ item: Case) {
        let bench = PillarBench(item.feed)
        #expect(bench.decode([reference, mapping]).map(\.kind) == [.definition])
        #expect(bench.decode([item.message]) == item.ticks)
        let counters = bench.counters
        #expect(counters.messageTotal == 3 && counters.unrepresentable == 0)
        #expect(counters.unknownType == 0 && counters.unexpectedLength == 0)
        let key = UInt32(item.name.prefix { $0.isNumber })!
        #expect(counters.count(key) == 1)
    }

    /// nyse-xdp.md §9, two symbols of 2022-02-23.
    @Test func liveBytes() {
        let bench = PillarBench("pillar-integ")
        let messages = [
            "37000b01b5cf0000af841662009e930a270064000064930a6613000006000000"
                + "e9a600000001010090bd9800b004000042202020202000",
            "3a000b0138d4000074871662002fb90c2a0067000039b80c9a1500000b000000"
                + "8cb20000000101008b0c010090bd980064000000010040202020",
            "29000b019ecf00009a8416620061f63a1900660000ecf53ae5be000011000000aaa600000001010000",
        ].map { Array(bytes(hex: $0)[16...]) }
        var known: [[UInt8]] = [reference]
        for (index, symbol) in [(UInt32(4966), "A"), (5530, "B"), (48869, "C")] {
            known.append(
                wire {
                    PillarEncoder.symbolIndexMapping(
                        symbolIndex: index, symbol: symbol, systemID: 7, priceScaleCode: 6,
                        to: &$0)
                })
        }
        #expect(bench.decode(known).map(\.instrument) == ["A", "B", "C"])
        let base = (ownTime - 1) * second
        #expect(
            bench.decode(messages) == [
                .pillar(
                    .add, "A", base + 177_431_552, sequence: 5, id: 282_574_488_381_161,
                    price: 10_010_000_000, quantity: 1200, side: .bid),
                .pillar(
                    .trade, "B", base + 213_399_808, sequence: 6, id: 68747,
                    price: 10_010_000_000, quantity: 100, flags: [], extra: letters("@   ")),
                .pillar(
                    .fill, "B", base + 213_399_808, sequence: 6, id: 282_574_488_384_140,
                    quantity: 100),
                .pillar(.delete, "C", base + 989_195_264, sequence: 7, id: 282_574_488_381_098),
            ])
    }
}
