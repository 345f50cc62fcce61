import Protocols
import TestSupport
import Testing
import Ticks
import Wire

/// Messages that cme-mdp3.md §7 prints, and what events, definitions and snapshots become.
@Suite struct MDP3DecoderTests {
    private let billion: Int64 = 1_000_000_000

    // MARK: Live bytes

    /// Schema 9: an aggressive sale of 2 against two orders.
    @Test func liveTrade() {
        let message = bytes(
            hex: """
                70000b00300001000900 069375a990ab531501 000020000100f05b9fc70b0000020000000a9a0200d9
                4e0000030000000200a43505000000100000000000000371a0dc981400000002000000000000006c98
                dc98140000000100000000000000399cdc98140000000100000000000000
                """)
        #expect(message.count == 112)
        let bench = MDP3Bench()
        let ticks = bench.decode(message, at: 884_140)
        #expect(ticks.map(\.tickKind) == [.trade, .fill, .fill])
        #expect(ticks.allSatisfy { $0.exchangeTime == 1_536_760_535_670_166_278 })
        #expect(ticks.allSatisfy { $0.price == 12_952 * billion && $0.sequence == 884_140 })
        #expect(ticks.map(\.orderID) == [341_412, 88_463_939_692, 88_463_940_665])
        #expect(ticks.map(\.quantity) == [2, 1, 1])
        #expect(ticks.map(\.tickSide) == [.ask, .bid, .bid])
        #expect(ticks[0].extra == 3)
        #expect(!ticks.contains { $0.has(.lastOfEvent) }, "the event goes on")
        #expect(bench.directory.entries.map(\.code) == [170_506])
    }

    /// Schema 5: two levels, seven decimals, no group of orders.
    @Test func liveLevels() {
        let message = bytes(
            hex: """
                58000b00200001000500a612074c6b0e121484000020000280f98cc3e3010000340100007e36000025fa3b
                015900000001013000000000000047a6b4e3010000e00100007e36000026fa3b018d0000000201300000
                000000
                """)
        let bench = MDP3Bench()
        let ticks = bench.decode(message)
        #expect(ticks.map(\.tickKind) == [.level, .level])
        #expect(ticks.map(\.price) == [207_775 * billion, 207_750 * billion])
        #expect(ticks.map(\.quantity) == [308, 480])
        #expect(ticks.map(\.extra) == [89, 141])
        #expect(
            ticks.allSatisfy { $0.tickSide == .bid && $0.exchangeTime == 1_446_234_284_339_172_006 }
        )
        #expect(ticks.map { $0.has(.lastOfEvent) } == [false, true])
        #expect(bench.directory.entries.map(\.code) == [13_950])
        #expect(bench.decoder.snapshotCounters().unexpectedLength == 0)
    }

    /// Schema 9: an order alone.
    @Test func liveOrder() {
        let message = bytes(
            hex: """
                40000b002f0001000900ff9dffef90ab5315840000280001d31d6ad911000000e4f23b26000000000068
                daccf90a000004000000231f08000031000000000000
                """)
        let ticks = MDP3Bench().decode(message)
        #expect(ticks.map(\.tickKind) == [.add])
        let tick = ticks[0]
        #expect(tick.orderID == 76_662_054_355 && tick.price == 12_068 * billion)
        #expect(tick.quantity == 4 && tick.tickSide == .ask && tick.extra == 641_463_012)
        #expect(tick.exchangeTime == 1_536_760_536_853_618_175 && tick.has(.lastOfEvent))
    }

    // MARK: Levels by number

    private func levels(_ ticks: [Tick]) -> [[Int64]] {
        ticks.filter { $0.tickKind == .level }.map { [$0.price, $0.quantity] }
    }

    @Test func levelFallsOffTheDepth() {
        let bench = MDP3Bench()
        let full = (1...10).map { MDP3Bench.level(1, "0", 0, UInt8($0), 100 - Int64($0)) }
        _ = bench.decode(MDP3Bench.book(full))
        let ticks = bench.decode(MDP3Bench.book([MDP3Bench.level(1, "0", 0, 1, 100, 7)]))
        #expect(levels(ticks) == [[90, 0], [100, 7]])
        #expect(ticks.map { $0.has(.lastOfEvent) } == [false, true])
        // What was dropped comes again, after a level has gone.
        let after = bench.decode(
            MDP3Bench.book([
                MDP3Bench.level(1, "0", 2, 3, 98), MDP3Bench.level(1, "0", 0, 10, 90, 2),
            ]))
        #expect(levels(after) == [[98, 0], [90, 2]])
    }

    @Test func overlayMovesAPrice() {
        let bench = MDP3Bench()
        _ = bench.decode(
            MDP3Bench.book([
                MDP3Bench.level(1, "1", 0, 1, 10), MDP3Bench.level(1, "1", 0, 2, 12),
            ]))
        let ticks = bench.decode(MDP3Bench.book([MDP3Bench.level(1, "1", 5, 1, 11, 4)]))
        #expect(levels(ticks) == [[10, 0], [11, 4]])
        #expect(ticks.allSatisfy { $0.tickSide == .ask })
        #expect(
            levels(bench.decode(MDP3Bench.book([MDP3Bench.level(1, "1", 3, 1, 0)]))) == [
                [11, 0], [12, 0],
            ])
    }

    @Test func impliedLevelsStandApart() {
        let bench = MDP3Bench()
        let ticks = bench.decode(
            MDP3Bench.book([
                MDP3Bench.level(1, "0", 0, 1, 10), MDP3Bench.level(1, "E", 0, 1, 10),
                MDP3Bench.level(1, "E", 0, 1, 11), MDP3Bench.level(1, "E", 0, 1, 12),
                MDP3Bench.level(1, "F", 0, 1, 0), MDP3Bench.level(1, "F", 0, 1, -3),
            ]))
        #expect(
            levels(ticks) == [[10, 1], [10, 1], [11, 1], [10, 0], [12, 1], [0, 1], [-3, 1]])
        #expect(ticks.map { $0.has(.implied) } == [false, true, true, true, true, true, true])
    }

    /// Left from before a hole: a level that cannot stand above or below a new one is gone.
    @Test func contradictionsAreForgotten() {
        let bench = MDP3Bench()
        _ = bench.decode(
            MDP3Bench.book((1...4).map { MDP3Bench.level(1, "0", 0, UInt8($0), 100 - Int64($0)) }))
        let ticks = bench.decode(MDP3Bench.book([MDP3Bench.level(1, "0", 1, 1, 97, 5)]))
        #expect(levels(ticks) == [[99, 0], [98, 0], [97, 5]])
        #expect(
            levels(bench.decode(MDP3Bench.book([MDP3Bench.level(1, "0", 2, 4, 96)]))) == [[96, 0]])
    }

    @Test func impossibleEntriesAreCounted() {
        let bench = MDP3Bench()
        let ticks = bench.decode(
            MDP3Bench.book([
                MDP3Bench.level(1, "0", 0, 0, 10), MDP3Bench.level(1, "0", 0, 17, 10),
                MDP3Bench.level(1, "0", 6, 1, 10), MDP3Bench.level(1, "0", 0, 1, .max),
                MDP3Bench.level(1, "0", 0, 1, 10, 0), MDP3Bench.level(1, "?", 0, 1, 10),
                MDP3Bench.level(1, "F", 0, 5, 10),
            ]))
        #expect(ticks.isEmpty && bench.decoder.impossibleEntries == 7)
    }

    // MARK: Events

    @Test func eventEndsForEveryInstrumentItTouched() {
        let bench = MDP3Bench()
        let first = bench.decode(
            MDP3Bench.book(
                [MDP3Bench.level(1, "0", 0, 1, 10), MDP3Bench.level(2, "0", 0, 1, 20)],
                indicator: 0x04))
        #expect(first.allSatisfy { !$0.has(.lastOfEvent) })
        let second = bench.decode(
            MDP3Bench.book(
                [
                    MDP3Bench.level(3, "E", 0, 1, 30), MDP3Bench.level(2, "E", 0, 1, 20),
                    MDP3Bench.level(3, "E", 0, 2, 29),
                ], indicator: 0x90))
        #expect(second.map(\.instrument) == [3, 2, 3, 1])
        #expect(second.map { $0.has(.lastOfEvent) } == [false, true, true, true])
        #expect(second[3].tickKind == .status)
        #expect(second[3].detail == StatusDetail.eventEnd.rawValue)
    }

    /// Seen in captures: levels, then a message without entries that ends the event.
    @Test func emptyMessageEndsTheEventOfTheOneBefore() {
        let bench = MDP3Bench()
        let ticks = bench.decode(
            MDP3Bench.book([MDP3Bench.level(1, "0", 0, 1, 10)], indicator: 0x04)
                + MDP3Bench.book([], indicator: 0x80))
        #expect(ticks.map(\.tickKind) == [.level] && ticks[0].has(.lastOfEvent))
        #expect(bench.decode(MDP3Bench.book([], indicator: 0x80)).isEmpty)
    }

    /// Wherever a packet is left and gone on with, its ticks are the same.
    @Test func roomDoesNotMatter() {
        var packet: [UInt8] = []
        for security in Int32(1)...9 {
            packet += MDP3Bench.book(
                (1...10).map { MDP3Bench.level(security, "0", 0, UInt8($0), 100 - Int64($0)) }
                    + [MDP3Bench.level(security, "0", 0, 1, 200)],
                indicator: security % 4 == 0 ? 0x90 : 0,
                orders: (1...11).map {
                    MDP3MDIncrementalRefreshBook46NoOrderIDEntriesValues(
                        orderID: UInt64($0), referenceID: UInt8($0))
                })
        }
        packet += MDP3Bench.message {
            MDP3Encoder.mdIncrementalRefreshTradeSummary48(
                schemaId: 1, version: 9, matchEventIndicator: 0x81,
                noMDEntries: [
                    .init(
                        mdEntryPx: 10, mdEntrySize: 40, securityID: 3, numberOfOrders: 41,
                        aggressorSide: 2)
                ],
                noOrderIDEntries: (0...40).map { .init(orderID: $0, lastQty: 1) }, to: &$0)
        }
        let whole = MDP3Bench().decode(packet)
        #expect(whole.filter { $0.tickKind == .fill && $0.instrument == 3 }.count == 40)
        #expect(whole.count > 9 * 22)
        for room in [25, 26, 31, 64] {
            #expect(MDP3Bench().decode(packet, room: room).map(view) == whole.map(view))
        }
    }

    private func view(_ tick: Tick) -> [Int64] {
        [
            Int64(tick.kind), Int64(tick.instrument), tick.price, tick.quantity,
            Int64(tick.flags), Int64(tick.extra), Int64(bitPattern: tick.orderID),
        ]
    }

    @Test func resetEmptiesTheChannel() {
        let bench = MDP3Bench()
        _ = bench.decode(
            MDP3Bench.book([MDP3Bench.level(1, "0", 0, 1, 10)], indicator: 0x04))
        let reset = bench.decode(
            MDP3Bench.message {
                MDP3Encoder.channelReset4(
                    schemaId: 1, version: 9, transactTime: 5, noMDEntries: [.init(applID: 310)],
                    to: &$0)
            })
        #expect(reset.map(\.tickKind) == [.clear] && reset[0].instrument == 0)
        // Nothing is left of the book or the open event.
        let after = bench.decode(MDP3Bench.book([MDP3Bench.level(1, "0", 2, 1, .max)]))
        #expect(after.isEmpty)
    }

    // MARK: Order entries

    @Test func orderEntriesReferToEntriesFromOne() {
        let ticks = MDP3Bench().decode(
            MDP3Bench.book(
                [MDP3Bench.level(1, "0", 2, 1, 10), MDP3Bench.level(2, "1", 0, 1, 12, 5)],
                orders: [
                    .init(
                        orderID: 7, mdOrderPriority: 1 << 33 | 5, mdDisplayQty: 5, referenceID: 2),
                    .init(orderID: 8, referenceID: 1, orderUpdateAction: 2),
                    .init(orderID: 9, referenceID: 3),
                ]))
        #expect(ticks.map(\.tickKind) == [.add, .delete, .level, .level])
        #expect(ticks.map(\.instrument) == [2, 1, 1, 2])
        #expect(
            ticks.map(\.price) == [12, 10, 10, 12] && ticks[1].tickSide == .bid
                && ticks[0].tickSide == .ask)
        #expect(ticks[0].extra == 5 && ticks[0].quantity == 5 && ticks[1].quantity == Quantity.none)
    }
}
