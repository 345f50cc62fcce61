import Protocols
import TestSupport
import Testing
import Ticks
import Wire

private let e8: Int64 = 100_000_000

/// others.md §6 "Release 6.0 differences", §16: quantities are whole 32-bit numbers.
@Suite struct EobiRelease6Tests {
    private func add(_ priority: UInt64, side: UInt8 = 1) -> [UInt8] {
        wireBytes {
            EobiEncoder.orderAdd6(
                securityID: 42, timePriority: priority, displayQty: 5, side: side,
                price: 100 * e8, to: &$0)
        }
    }

    @Test func orders() throws {
        let bench = try DerivativesBench("eobi-6")
        let ticks = bench.send([
            add(11),
            wireBytes {
                EobiEncoder.orderModifySamePrio6(
                    transactTime: 20, prevDisplayQty: 5, securityID: 42, timePriority: 11,
                    displayQty: 4, side: 1, price: 100 * e8, to: &$0)
            },
            wireBytes {
                EobiEncoder.orderModify6(
                    prevTimePriority: 11, prevPrice: 100 * e8, prevDisplayQty: 4, securityID: 42,
                    timePriority: 12, displayQty: 3, side: 1, price: 99 * e8, to: &$0)
            },
            wireBytes {
                EobiEncoder.partialOrderExecution6(
                    side: 1, price: 99 * e8, timePriority: 12, securityID: 42, trdMatchID: 7,
                    lastQty: 1, lastPx: 99 * e8, to: &$0)
            },
            wireBytes {
                EobiEncoder.fullOrderExecution6(
                    side: 1, price: 99 * e8, timePriority: 12, securityID: 42, trdMatchID: 8,
                    lastQty: 2, lastPx: 98 * e8, to: &$0)
            },
            add(13, side: 2),
            wireBytes {
                EobiEncoder.orderDelete6(
                    transactTime: 21, securityID: 42, timePriority: 13, displayQty: 5, side: 2,
                    price: 100 * e8, to: &$0)
            },
            wireBytes { EobiEncoder.orderMassDelete(securityID: 42, transactTime: 22, to: &$0) },
        ])
        #expect(
            ticks.compactMap(\.tickKind) == [
                .add, .modify, .delete, .add, .trade, .fill, .trade, .fill, .add, .delete, .clear,
            ])
        #expect(
            ticks.map(\.quantity) == [5, 4, 4, 3, 1, 1, 2, 2, 5, 5, Quantity.none])
        #expect(bench.books.liveOrders == 0 && !bench.books.isSuspect(1))
        #expect(bench.books.counters == .init())
    }

    @Test func tradesStatesAndDefinitions() throws {
        let bench = try DerivativesBench("eobi-6")
        let ticks = bench.send([
            wireBytes {
                EobiEncoder.executionSummary6(
                    securityID: 42, execID: 9, lastQty: 3, aggressorSide: 1, tradeCondition: 255,
                    lastPx: e8, restingHiddenQty: Int32.min, restingCxlQty: 1, to: &$0)
            },
            wireBytes {
                EobiEncoder.tradeReport6(
                    securityID: 42, transactTime: 20, trdMatchID: 3, lastQty: 2, lastPx: e8,
                    matchType: 7, matchSubType: 1, tradeCondition: 6, to: &$0)
            },
            wireBytes {
                EobiEncoder.tradeReversal6(
                    securityID: 42, transactTime: 21, trdMatchID: 3, lastQty: 2, lastPx: e8,
                    tradeCondition: 6, entries: [.init(price: e8, size: 4, entryType: 8)], to: &$0)
            },
            wireBytes {
                EobiEncoder.instrumentStateChange6(
                    securityID: 42, securityStatus: 1, securityTradingStatus: 2,
                    marketCondition: 3, fastMarketIndicator: 4, securityTradingEvent: 5,
                    transactTime: 22, to: &$0)
            },
            wireBytes {
                EobiEncoder.addComplexInstrument6(
                    securityID: 50, transactTime: 23, securitySubType: 6, productComplex: 5,
                    legs: [
                        .init(legSecurityID: 42, legRatioQty: 1, legSide: 1),
                        .init(legSecurityID: 43, legRatioQty: 2, legSide: 2),
                    ], to: &$0)
            },
        ])
        #expect(
            ticks.map { bench.symbol($0) + " " + brief($0) } == [
                "42 statistic.executionTotal bid 3@1000000000 #9 x255",
                "42 trade 2@1000000000 #3 x393479 [a]",
                "42 tradeBreak 2@1000000000 #3 x6", "42 statistic.low 4@1000000000 x8",
                "42 status.trading x67305730",
                "42 status.tradingReason x5", "50 definition",
            ])
        let spread = try #require(ticks.first { $0.tickKind == .definition })
        #expect(
            bench.details(spread)
                == "type=spread\nproduct=7\nproduct_complex=5\nsecurity_sub_type=6\nlegs=+1 42,-2 43"
        )
    }

    @Test func auctionsRequestsAndTop() throws {
        let bench = try DerivativesBench("eobi-6")
        let ticks = bench.send([
            wireBytes {
                EobiEncoder.auctionBBO6(
                    transactTime: 24, securityID: 42, bidPx: e8, offerPx: Int64.min, bidSize: 1,
                    offerSize: Int32.min, potentialSecurityTradingEvent: 0, to: &$0)
            },
            wireBytes {
                EobiEncoder.auctionClearingPrice6(
                    transactTime: 25, securityID: 42, lastPx: e8, lastQty: 2, imbalanceQty: 3,
                    securityTradingStatus: 7, potentialSecurityTradingEvent: 10, to: &$0)
            },
            wireBytes {
                EobiEncoder.crossRequest6(securityID: 42, lastQty: 4, transactTime: 26, to: &$0)
            },
            wireBytes {
                EobiEncoder.quoteRequest6(
                    securityID: 42, lastQty: 5, side: 2, transactTime: 27, to: &$0)
            },
            wireBytes {
                EobiEncoder.topOfBook6(
                    transactTime: 28, securityID: 42, bidPx: e8, offerPx: 2 * e8, to: &$0)
            },
        ])
        #expect(
            ticks.map { bench.symbol($0) + " " + brief($0) } == [
                "42 imbalance.auctionBid bid 1@1000000000 [a]", "42 imbalance.auctionAsk ask [a]",
                "42 imbalance.indicativeClearing@1000000000 x2567 [a]",
                "42 imbalance.paired 2 x2567 [a]",
                "42 imbalance.imbalance bid 3 x2567 [a]", "42 status.crossRequest 4",
                "42 status.quoteRequest ask 5", "42 statistic.bestBid bid@1000000000",
                "42 statistic.bestAsk ask@2000000000",
            ])
    }

    @Test func snapshots() throws {
        let bench = try DerivativesBench("eobi-6")
        let ticks = bench.send([
            wireBytes {
                EobiEncoder.instrumentSummary6(
                    msgSeqNum: 4, securityID: 42, lastUpdateTime: 20, totNoOrders: 1,
                    securityStatus: 1, securityTradingStatus: 203, securityTradingEvent: 0,
                    entries: [.init(price: e8, size: 2, entryType: 4, tradeCondition: 1)], to: &$0)
            },
            wireBytes {
                EobiEncoder.snapshotOrder6(
                    msgSeqNum: 5, timePriority: 11, displayQty: 5, side: 2, price: e8, to: &$0)
            },
        ])
        #expect(
            ticks.compactMap(\.tickKind) == [.clear, .status, .status, .statistic, .add])
        #expect(ticks.allSatisfy { $0.has(.snapshot) } && bench.books.liveOrders == 1)
    }

    /// Of 2014: 8 bytes less (others.md §16).
    @Test func executionSummariesOf2014() throws {
        let summary = wireBytes {
            EobiEncoder.executionSummary3(
                securityID: 42, aggressorTime: 1, execID: 9, lastQty: 3, aggressorSide: 2,
                tradeCondition: 255, lastPx: e8, restingHiddenQty: 2, to: &$0)
        }
        #expect(summary.count == 56)
        let old = try DerivativesBench("eobi-3")
        #expect(
            old.send([summary]).map(brief) == [
                "statistic.executionTotal ask 3@1000000000 #9 x255",
                "statistic.hiddenVolume ask 2@1000000000 #9",
            ])
        let newer = try DerivativesBench("eobi-6")
        #expect(newer.send([summary]).isEmpty)
        #expect(newer.decoder.snapshotCounters().unexpectedLength == 1)
    }

    static let captures = [
        "v3.0/Heartbeat", "v3.0/OrderAdd", "v3.0/SnapshotOrder", "v6.0/ExecutionSummary",
        "v6.0/FullOrderExecution", "v6.0/Heartbeat", "v6.0/InstrumentSummary", "v6.0/OrderAdd",
        "v6.0/OrderModify", "v6.0/PartialOrderExecution", "v6.0/ProductSummary",
        "v6.0/SnapshotOrder",
    ]
    static let hasCaptures =
        TestFiles.sample("one-message/Eurex/Eobi.T7.v6.0/OrderAdd.pcap") != nil

    /// Every message of the captured packets is known, with the length that it has.
    @Test(.enabled(if: hasCaptures, "no samples: set TAPELINE_SAMPLES"), arguments: captures)
    func captured(name: String) throws {
        let path = try #require(TestFiles.sample("one-message/Eurex/Eobi.T7.\(name).pcap"))
        // The captures of 2014 lie with those of 2017 (others.md §16).
        let is2014 = ["v6.0/ExecutionSummary", "v6.0/PartialOrderExecution"].contains(name)
        let bench = try DerivativesBench(is2014 ? "eobi-3" : "eobi-6")
        let promised = try #require(name.split(separator: "/").last).description
        for datagram in try DerivativesBench.datagrams(path) { bench.decode(datagram) }
        let counters = bench.decoder.snapshotCounters()
        #expect(counters.unknownType == 0 && counters.unexpectedLength == 0)
        let description = bench.definition.description()
        let names = counters.messages.compactMap { count in
            description.messages(of: bench.definition.name).first { $0.key == Int(count.key) }?.name
        }
        #expect(names.contains { $0.hasPrefix(promised) })
    }
}
