import Protocols
import TestSupport
import Testing
import Ticks
import Wire

/// PITCH messages to ticks: every message once with all fields, and what the venue sent.
@Suite struct PitchDecoderTests {
    /// 09:30:00 and 123 ns.
    static let now = PitchBench.midnight + 34_200_000_000_000 + 123
    private static let auctionExecution: UInt64 = 12 * 2_821_109_907_456 + 5

    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let feeds: [String]
        let encode: @Sendable (inout [UInt8]) -> Void
        let ticks: [TickView]
        var testDescription: String { name }
    }

    private static func tick(
        _ kind: TickKind, _ instrument: String = "-", id: UInt64 = 0, price: Int64? = nil,
        quantity: Int64? = nil, side: Side = .none, flags: TickFlags = .lastOfEvent,
        detail: UInt8 = 0, extra: UInt32 = 0, time: UInt64 = now
    ) -> TickView {
        TickView(
            kind: kind, instrument: instrument, time: time, sequence: 6, orderID: id, price: price,
            quantity: quantity, side: side, flags: flags, detail: detail, extra: extra)
    }

    private static let us = ["pitch-us"]
    private static let options = ["pitch-options"]
    private static let unsigned = ["pitch-us", "pitch-options"]
    private static let complex = ["pitch-complex"]
    private static let futures = ["pitch-cfe"]
    private static let all = ["pitch-us", "pitch-options", "pitch-complex", "pitch-cfe"]

    private static let buy = UInt8(ascii: "B")
    private static let sell = UInt8(ascii: "S")

    // MARK: Orders

    static let orders: [Case] = [
        Case(
            name: "add long", feeds: unsigned,
            encode: {
                PitchEncoder.addOrderLong(
                    timeOffset: 123, orderID: 7, side: sell, quantity: 70_000, symbol: "ABC",
                    price: 12_3456, flags: 9, to: &$0)
            },
            ticks: [
                tick(
                    .add, "ABC", id: 7, price: 12_345_600_000, quantity: 70_000, side: .ask,
                    detail: 8)
            ]),
        Case(
            name: "add short", feeds: unsigned,
            encode: {
                PitchEncoder.addOrderShort(
                    timeOffset: 123, orderID: 7, side: buy, quantity: 65_535, symbol: "ABCDEF",
                    price: 65_535, flags: 1, to: &$0)
            },
            ticks: [
                tick(
                    .add, "ABCDEF", id: 7, price: 655_350_000_000, quantity: 65_535, side: .bid)
            ]),
        Case(
            name: "add expanded", feeds: unsigned,
            encode: {
                PitchEncoder.addOrderExpanded(
                    timeOffset: 123, orderID: .max, side: buy, quantity: .max, symbol: "ABCDEFGH",
                    price: 1, flags: 1, participant: "MPID", customer: UInt8(ascii: "C"),
                    client: "CLNT", to: &$0)
            },
            ticks: [
                tick(
                    .add, "ABCDEFGH", id: .max, price: 100_000, quantity: 4_294_967_295,
                    side: .bid, extra: letters("MPID"))
            ]),
        Case(
            name: "add long, signed", feeds: complex,
            encode: {
                PitchEncoder.complexAddOrderLong(
                    timeOffset: 123, orderID: 7, side: sell, quantity: 5, symbol: "T01uVj",
                    price: -1_2345, flags: 1, to: &$0)
            },
            ticks: [
                tick(.add, "T01uVj", id: 7, price: -1_234_500_000, quantity: 5, side: .ask)
            ]),
        Case(
            name: "add short, signed", feeds: complex,
            encode: {
                PitchEncoder.complexAddOrderShort(
                    timeOffset: 123, orderID: 7, side: sell, quantity: 5, symbol: "T01uVj",
                    price: -150, flags: 9, to: &$0)
            },
            ticks: [
                tick(
                    .add, "T01uVj", id: 7, price: -1_500_000_000, quantity: 5, side: .ask,
                    detail: 8)
            ]),
        Case(
            name: "add expanded, signed", feeds: complex,
            encode: {
                PitchEncoder.complexAddOrderExpanded(
                    timeOffset: 123, orderID: 8, side: buy, quantity: 9, symbol: "T01uVj",
                    price: -1, participant: "MPID", to: &$0)
            },
            ticks: [
                tick(
                    .add, "T01uVj", id: 8, price: -100_000, quantity: 9, side: .bid,
                    extra: letters("MPID"))
            ]),
        Case(
            name: "add long, futures", feeds: futures,
            encode: {
                PitchEncoder.futureAddOrderLong(
                    timeOffset: 123, orderID: 7, side: sell, quantity: 5, symbol: "0002aV",
                    price: -500, to: &$0)
            },
            ticks: [tick(.add, "0002aV", id: 7, price: -50_000_000, quantity: 5, side: .ask)]),
        Case(
            name: "add short, futures", feeds: futures,
            encode: {
                PitchEncoder.futureAddOrderShort(
                    timeOffset: 123, orderID: 7, side: buy, quantity: 1, symbol: "0002aV",
                    price: -32_768, to: &$0)
            },
            ticks: [
                tick(.add, "0002aV", id: 7, price: -327_680_000_000, quantity: 1, side: .bid)
            ]),
        Case(
            name: "executed", feeds: ["pitch-us"],
            encode: {
                PitchEncoder.orderExecuted(
                    timeOffset: 123, orderID: 7, quantity: 30, executionID: 99,
                    condition: UInt8(ascii: "f"), to: &$0)
            },
            ticks: [
                tick(.trade, id: 99, quantity: 30, flags: []), tick(.fill, id: 7, quantity: 30),
            ]),
        Case(
            name: "executed with condition", feeds: options + complex + futures,
            encode: {
                PitchEncoder.orderExecuted(
                    timeOffset: 123, orderID: 7, quantity: 30, executionID: auctionExecution,
                    condition: UInt8(ascii: "f"), to: &$0)
            },
            ticks: [
                tick(
                    .trade, id: auctionExecution, quantity: 30, flags: .auction,
                    extra: letters("f")),
                tick(.fill, id: 7, quantity: 30),
            ]),
        Case(
            name: "executed at price", feeds: ["pitch-options"],
            encode: {
                PitchEncoder.orderExecutedAtPrice(
                    timeOffset: 123, orderID: 7, quantity: 30, remaining: 12, executionID: 99,
                    price: 2_0000, condition: UInt8(ascii: "g"), to: &$0)
            },
            ticks: [
                tick(.modify, id: 7, quantity: 42, flags: []),
                tick(
                    .trade, id: 99, price: 2_000_000_000, quantity: 30, flags: [],
                    extra: letters("g")),
                tick(.fill, id: 7, quantity: 30),
            ]),
        Case(
            name: "executed at price, signed", feeds: complex,
            encode: {
                PitchEncoder.complexOrderExecutedAtPrice(
                    timeOffset: 123, orderID: 7, quantity: .max, remaining: .max, executionID: 99,
                    price: -2_0000, to: &$0)
            },
            ticks: [
                tick(.modify, id: 7, quantity: 8_589_934_590, flags: []),
                tick(
                    .trade, id: 99, price: -2_000_000_000, quantity: 4_294_967_295, flags: [],
                    extra: letters(" ")),
                tick(.fill, id: 7, quantity: 4_294_967_295),
            ]),
        Case(
            name: "reduce long", feeds: all,
            encode: {
                PitchEncoder.reduceSizeLong(
                    timeOffset: 123, orderID: 7, quantity: 70_000, to: &$0)
            },
            ticks: [tick(.cancel, id: 7, quantity: 70_000)]),
        Case(
            name: "reduce short", feeds: all,
            encode: {
                PitchEncoder.reduceSizeShort(timeOffset: 123, orderID: 7, quantity: 7, to: &$0)
            },
            ticks: [tick(.cancel, id: 7, quantity: 7)]),
        Case(
            name: "delete", feeds: all,
            encode: { PitchEncoder.deleteOrder(timeOffset: 123, orderID: 7, to: &$0) },
            ticks: [tick(.delete, id: 7)]),
        Case(
            name: "modify long, keeps its priority", feeds: unsigned,
            encode: {
                PitchEncoder.modifyOrderLong(
                    timeOffset: 123, orderID: 7, quantity: 70_000, price: 10_0000, flags: 3,
                    to: &$0)
            },
            ticks: [tick(.modify, id: 7, price: 10_000_000_000, quantity: 70_000)]),
        Case(
            name: "modify short, loses its priority", feeds: unsigned,
            encode: {
                PitchEncoder.modifyOrderShort(
                    timeOffset: 123, orderID: 7, quantity: 70, price: 1000, flags: 1, to: &$0)
            },
            ticks: replaced(7, 10_000_000_000, 70)),
        Case(
            name: "modify long, signed", feeds: complex,
            encode: {
                PitchEncoder.complexModifyOrderLong(
                    timeOffset: 123, orderID: 7, quantity: 70, price: -1000, flags: 1, to: &$0)
            },
            ticks: replaced(7, -100_000_000, 70)),
        Case(
            name: "modify short, signed", feeds: complex,
            encode: {
                PitchEncoder.complexModifyOrderShort(
                    timeOffset: 123, orderID: 7, quantity: 70, price: -1000, flags: 2, to: &$0)
            },
            ticks: [tick(.modify, id: 7, price: -10_000_000_000, quantity: 70)]),
        Case(
            name: "modify long, futures", feeds: futures,
            encode: {
                PitchEncoder.futureModifyOrderLong(
                    timeOffset: 123, orderID: 7, quantity: 70, price: -1000, to: &$0)
            },
            ticks: replaced(7, -100_000_000, 70)),
        Case(
            name: "modify short, futures", feeds: futures,
            encode: {
                PitchEncoder.futureModifyOrderShort(
                    timeOffset: 123, orderID: 7, quantity: 70, price: -1000, to: &$0)
            },
            ticks: replaced(7, -10_000_000_000, 70)),
    ]

    private static func replaced(_ id: UInt64, _ price: Int64, _ quantity: Int64) -> [TickView] {
        [
            tick(.delete, id: id, flags: .replaced),
            tick(
                .add, id: id, price: price, quantity: quantity, flags: [.replaced, .lastOfEvent]),
        ]
    }

    static let american =
        orders + PitchCases.trades + PitchCases.status + PitchCases.auctions
    static let elsewhere = PitchElsewhereCases.european + PitchElsewhereCases.australian

    @Test(arguments: american + PitchCases.futures + elsewhere)
    func everyMessageBecomesItsTicks(_ testCase: Case) {
        let message = PitchBench.message(testCase.encode)
        for feed in testCase.feeds {
            for capacity in [64, 8] {
                let bench = PitchBench(feed)
                let ticks = bench.decode(
                    [PitchBench.time(34_200), message], capacity: capacity)
                #expect(bench.views(ticks) == testCase.ticks, "\(feed)")
                #expect(bench.decoder.snapshotCounters().count(UInt32(message[1])) == 1)
                #expect(bench.decoder.snapshotCounters().unexpectedLength == 0)
            }
        }
    }

    /// Messages may grow at their end (cboe-pitch.md §1.2).
    @Test(arguments: american + elsewhere)
    func longerMessagesSayTheSame(_ testCase: Case) {
        var message = PitchBench.message(testCase.encode) + [1, 2, 3]
        message[0] = UInt8(message.count)
        let bench = PitchBench(testCase.feeds[0])
        let ticks = bench.decode([PitchBench.time(34_200), message])
        #expect(bench.views(ticks) == testCase.ticks)
    }

    /// Without its last bytes a message says nothing; its neighbours keep their sequences.
    @Test(arguments: american)
    func shorterMessagesAreCounted(_ testCase: Case) {
        var message = PitchBench.message(testCase.encode)
        // Conditions and what stands behind them may be missing.
        message.removeLast(min(12, message.count - 2))
        message[0] = UInt8(message.count)
        let bench = PitchBench(testCase.feeds[0])
        let delete = PitchBench.message { PitchEncoder.deleteOrder(orderID: 1, to: &$0) }
        let ticks = bench.decode([message, delete])
        #expect(ticks.map(\.sequence) == [6] && ticks[0].tickKind == .delete)
        #expect(bench.decoder.snapshotCounters().unexpectedLength == 1)
    }

    @Test func unknownTypesAreCounted() {
        let bench = PitchBench("pitch-us")
        let delete = PitchBench.message { PitchEncoder.deleteOrder(orderID: 1, to: &$0) }
        let status = PitchBench.message { PitchEncoder.futureDefinition(symbol: "A", to: &$0) }
        let ticks = bench.decode([[1], [2, 0x77], status, delete])
        #expect(ticks.map(\.sequence) == [8])
        #expect(bench.decoder.snapshotCounters().unknownType == 3)
    }

    @Test func pricesThatDoNotFitAreNone() {
        let bench = PitchBench("pitch-us")
        let add = PitchBench.message {
            PitchEncoder.addOrderLong(
                orderID: 1, side: Self.buy, quantity: 1, symbol: "A", price: .max, to: &$0)
        }
        #expect(bench.decode([add])[0].price == Price.none)
        #expect(bench.decoder.snapshotCounters().unrepresentable == 1)
    }

    @Test func fullDirectoryIsCounted() {
        let bench = PitchBench("pitch-us", instruments: 1)
        func add(_ symbol: String) -> [UInt8] {
            PitchBench.message {
                PitchEncoder.addOrderShort(
                    orderID: 1, side: Self.buy, quantity: 1, symbol: symbol, price: 1, to: &$0)
            }
        }
        #expect(bench.decode([add("A"), add("B")]).map(\.instrument) == [1, 0])
        #expect(bench.decoder.snapshotCounters().directoryFull == 1)
    }

    // MARK: Live bytes (cboe-pitch.md §7)

    private func decodeUnit(_ bench: PitchBench, _ hex: String) -> [TickView] {
        bytes(hex: hex).withUnsafeBytes { payload in
            guard case .packet(let packet) = PITCHUnit.parse(payload) else { return [] }
            var messages: [[UInt8]] = []
            var at = 0
            for _ in 0..<packet.messageCount {
                let length = Int(packet.blocks[at])
                messages.append(Array(packet.blocks[at..<at + length]))
                at += length
            }
            return bench.views(bench.decode(messages, sequence: packet.firstSequence))
        }
    }

    @Test func liveEquities() {
        let bench = PitchBench("pitch-us")
        let ticks = decodeUnit(
            bench,
            "4200031f9e8b00000620988500001a2250810b00d9c2cdc18ab2043942082059414e4720206d0401"
                + "1a22a0c70b00dac2cdc18ab204394264005853564e20203b1201")
        let second = PitchBench.midnight + 34_200_000_000_000
        #expect(
            ticks == [
                TickView(
                    kind: .add, instrument: "YANG", time: second + 754_000, sequence: 35_743,
                    orderID: 4_108_605_069_095_453_401, price: 11_330_000_000, quantity: 8200,
                    side: .bid),
                TickView(
                    kind: .add, instrument: "XSVN", time: second + 772_000, sequence: 35_744,
                    orderID: 4_108_605_069_095_453_402, price: 46_670_000_000, quantity: 100,
                    side: .bid),
            ])
    }

    @Test func liveOptions() {
        let ticks = decodeUnit(
            PitchBench("pitch-options"),
            "23000121ec3498001b23803ab21acbb6add02ed5983c01000000dcce14e85a02000066")
        #expect(ticks.map(\.kind) == [.trade, .fill])
        // No Time message came yet.
        #expect(ticks.map(\.time) == [0, 0] && ticks.map(\.sequence) == [9_975_020, 9_975_020])
        #expect(ticks.map(\.orderID) == [2_589_463_989_980, 4_366_474_235_781_953_227])
        #expect(ticks.map(\.quantity) == [1, 1] && ticks[0].extra == letters("f"))
    }

    @Test func liveLongPrice() {
        let ticks = decodeUnit(
            PitchBench("pitch-options"),
            "300002012500000006203e2a01002221c0cc2b15141074e9ea9e680342e8030000412020202020"
                + "1d0000000000000001")
        #expect(ticks.count == 1 && ticks[0].orderID == 245_620_911_467_925_524)
        #expect(ticks[0].price == 2_900_000 && ticks[0].quantity == 1000)
        #expect(ticks[0].time == PitchBench.midnight + 76_350_355_192_000)
    }
}
