import Protocols
import Testing
import Ticks

/// What belongs together across entries, messages and images (cme-mdp3.md §3, §5.3, §6).
@Suite struct MDP3EventTests {
    private typealias Trade = MDP3MDIncrementalRefreshTradeSummary48NoMDEntriesValues

    private func trades(
        _ entries: [Trade], _ orders: [(id: UInt64, quantity: Int32)], indicator: UInt8 = 0x81
    ) -> [UInt8] {
        MDP3Bench.message {
            MDP3Encoder.mdIncrementalRefreshTradeSummary48(
                schemaId: 1, version: 9, transactTime: 1, matchEventIndicator: indicator,
                noMDEntries: entries,
                noOrderIDEntries: orders.map { .init(orderID: $0.id, lastQty: $0.quantity) },
                to: &$0)
        }
    }

    /// One aggressor at two prices: it comes first among the orders of either.
    @Test(arguments: [4096, MDP3Decoder.roomMin])
    func tradesOfSeveralPrices(room: Int) {
        let bench = MDP3Bench()
        let ticks = bench.decode(
            trades(
                [
                    Trade(
                        mdEntryPx: 10, mdEntrySize: 3, securityID: 1, numberOfOrders: 3,
                        aggressorSide: 1, mdTradeEntryID: 70),
                    Trade(
                        mdEntryPx: 11, mdEntrySize: 4, securityID: 1, numberOfOrders: 2,
                        aggressorSide: 1, mdTradeEntryID: 71),
                    Trade(
                        mdEntryPx: 11, mdEntrySize: 1, securityID: 1, mdUpdateAction: 2,
                        mdTradeEntryID: 60),
                    Trade(
                        mdEntryPx: 12, mdEntrySize: 1, securityID: 1, mdUpdateAction: 1,
                        mdTradeEntryID: 61),
                ], [(1, 3), (2, 1), (3, 2), (1, 4), (4, 4)]), room: room)
        #expect(
            ticks.map(\.tickKind)
                == [.trade, .fill, .fill, .trade, .fill, .tradeBreak, .tradeCorrect])
        #expect(ticks.map(\.orderID) == [70, 2, 3, 71, 4, 60, 61])
        #expect(ticks.map(\.price) == [10, 10, 10, 11, 11, 11, 12])
        #expect(ticks[1].tickSide == .ask && ticks[4].tickSide == .ask)
        #expect(
            ticks.map { $0.has(.lastOfEvent) } == [false, false, false, false, false, false, true])
        #expect(bench.decoder.impossibleEntries == 0)
    }

    /// An implied match: the outright has the aggressor alone, the legs their participants.
    @Test func tradesOfSeveralInstruments() {
        let bench = MDP3Bench()
        let ticks = bench.decode(
            trades(
                [
                    Trade(
                        mdEntryPx: 10, mdEntrySize: 2, securityID: 1, numberOfOrders: 1,
                        aggressorSide: 1),
                    Trade(mdEntryPx: 20, mdEntrySize: 2, securityID: 2, numberOfOrders: 2),
                    Trade(mdEntryPx: 30, mdEntrySize: 2, securityID: 3, numberOfOrders: 1),
                ], [(1, 2), (5, 1), (6, 1), (7, 2), (8, 9)]))
        #expect(ticks.map(\.tickKind) == [.trade, .trade, .fill, .fill, .trade, .fill])
        #expect(ticks.map(\.instrument) == [1, 2, 2, 2, 3, 3])
        #expect(ticks.filter { $0.tickKind == .fill }.map(\.orderID) == [5, 6, 7])
        #expect(ticks.filter { $0.tickKind == .fill }.map(\.price) == [20, 20, 30])
        #expect(ticks.allSatisfy { $0.tickKind != .fill || $0.tickSide == .none })
        // Order 8 is nobody's.
        #expect(bench.decoder.impossibleEntries == 1)
    }

    /// States come last in an event, so that they may end it.
    @Test func stateEndsTheEvent() {
        let ticks = MDP3Bench().decode(
            MDP3Bench.book(
                [MDP3Bench.level(1, "0", 0, 1, 10), MDP3Bench.level(2, "0", 0, 1, 10)],
                indicator: 0x04)
                + MDP3Bench.message {
                    MDP3Encoder.securityStatus30(
                        schemaId: 1, version: 9, transactTime: 4, securityGroup: "ES",
                        matchEventIndicator: 0x80, securityTradingStatus: 17, to: &$0)
                })
        let ends = ticks.filter { $0.detail == StatusDetail.eventEnd.rawValue && $0.instrument > 0 }
        #expect(Set(ends.map(\.instrument)) == [1, 2] && ends.count == 2)
        #expect(ends.allSatisfy { $0.tickKind == .status && $0.has(.lastOfEvent) })
    }

    // MARK: Images

    private typealias Order = MDP3SnapshotFullRefreshOrderBook53NoMDEntriesValues

    private func image(
        _ ids: [UInt64], upTo sequence: UInt32 = 100, chunk: UInt32 = 1, of chunks: UInt32 = 1
    ) -> [UInt8] {
        MDP3Bench.message {
            MDP3Encoder.snapshotFullRefreshOrderBook53(
                schemaId: 1, version: 9, lastMsgSeqNumProcessed: sequence, securityID: 1,
                noChunks: chunks, currentChunk: chunk,
                noMDEntries: ids.map {
                    Order(
                        orderID: $0, mdEntryPx: 10, mdDisplayQty: 5, mdEntryType: UInt8(ascii: "0"))
                }, to: &$0)
        }
    }

    private func order(_ id: UInt64) -> [UInt8] {
        MDP3Bench.message {
            MDP3Encoder.mdIncrementalRefreshOrderBook47(
                schemaId: 1, version: 9, matchEventIndicator: 0x84,
                noMDEntries: [
                    .init(
                        orderID: id, mdEntryPx: 10, mdDisplayQty: 5, securityID: 1,
                        mdEntryType: UInt8(ascii: "0"))
                ], to: &$0)
        }
    }

    @Test func imagesOfOrdersBeginWithTheirFirstChunk() {
        let bench = MDP3Bench()
        #expect(
            bench.decode(image([1, 2], chunk: 1, of: 2)).map(\.tickKind)
                == [.clear, .add, .add, .status])
        #expect(bench.decode(image([3], chunk: 2, of: 2)).map(\.tickKind) == [.add, .status])
        let top = MDP3Bench.message {
            MDP3Encoder.snapshotRefreshTopOrders59(
                schemaId: 1, version: 13, transactTime: 5, securityID: 1,
                noMDEntries: [
                    .init(
                        orderID: 9, mdEntryPx: 10, mdDisplayQty: 5, mdEntryType: UInt8(ascii: "0"))
                ], to: &$0)
        }
        let ticks = bench.decode(top)
        #expect(ticks.map(\.tickKind) == [.clear, .add, .status])
        #expect(ticks.map { $0.has(.snapshot) } == [true, true, false])
        #expect(ticks.allSatisfy { $0.exchangeTime == 5 })
        // A book of levels is not emptied for its orders.
        _ = bench.decode(MDP3Bench.book([MDP3Bench.level(1, "0", 0, 1, 10)]))
        #expect(bench.decode(image([1])).map(\.tickKind) == [.add, .status])
    }

    @Test func imagesOfOrdersThatAreBehindAreSkipped() {
        let bench = MDP3Bench()
        _ = bench.decode(order(1), at: 50)
        #expect(bench.decode(image([7], upTo: 49)).isEmpty)
        #expect(bench.decoder.snapshotsSkipped == 1)
        let taken = bench.decode(image([1, 7], upTo: 50, chunk: 1, of: 2))
        #expect(taken.map(\.tickKind) == [.clear, .add, .add, .status])
        // Between two chunks the increments go on: what is missing now cannot be told.
        _ = bench.decode(order(2), at: 51)
        let broken = bench.decode(image([8], upTo: 50, chunk: 2, of: 2))
        #expect(broken.map(\.tickKind) == [.clear] && broken[0].has(.bookSuspect))
    }

    @Test func bestPricesOfAMarketInAnImage() {
        let ticks = MDP3Bench().decode(
            MDP3Bench.message {
                MDP3Encoder.snapshotFullRefresh52(
                    schemaId: 1, version: 13, securityID: 1, rptSeq: 4,
                    noMDEntries: [
                        .init(mdEntryPx: 10, mdEntrySize: 3, mdEntryType: UInt8(ascii: "x")),
                        .init(mdEntryPx: 12, mdEntrySize: 4, mdEntryType: UInt8(ascii: "w")),
                    ], to: &$0)
            })
        let best = ticks.filter { $0.tickKind == .statistic }
        #expect(
            best.map(\.detail) == Array(repeating: StatisticDetail.marketBest.rawValue, count: 2))
        #expect(best.map(\.tickSide) == [.bid, .ask] && best.map(\.price) == [10, 12])
        #expect(best.allSatisfy { $0.has(.snapshot) })
    }

    /// What a snapshot contains is not told again, late or not.
    @Test(arguments: [(8, true), (9, true), (10, false)] as [(UInt32, Bool)])
    func lateEntriesOfASnapshot(rptSeq: UInt32, isContained: Bool) {
        let bench = MDP3Bench()
        _ = bench.decode(
            MDP3Bench.message {
                MDP3Encoder.snapshotFullRefresh52(
                    schemaId: 1, version: 13, securityID: 1, rptSeq: 9,
                    noMDEntries: [
                        .init(
                            mdEntryPx: 60, mdEntrySize: 3, mdPriceLevel: 1,
                            mdEntryType: UInt8(ascii: "0"))
                    ], to: &$0)
            })
        let ticks = bench.decode(
            MDP3Bench.book([MDP3Bench.level(1, "0", 0, 1, 61, 7, rptSeq: rptSeq)]),
            flags: .recovered)
        #expect(ticks.isEmpty == isContained)
    }
}
