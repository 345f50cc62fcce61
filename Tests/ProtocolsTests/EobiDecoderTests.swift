import Protocols
import TestSupport
import Testing
import Ticks
import Wire

private let e8: Int64 = 100_000_000
private let none = Int64.min
/// others.md §6, §16: release 14.1 unless said otherwise.
@Suite struct EobiDecoderTests {
    let bid = eobiReference(11, 42, isAsk: false)
    let ask = eobiReference(12, 42, isAsk: true)

    @Test func theLivePacket() throws {
        let bench = try DerivativesBench("eobi-6")
        let ticks = bench.decode(
            bytes(
                hex: "2000cc32ffffffffa1a91b00a30200000301000000000000c7cd7be59b305114"
                    + "30002c33c8161d0022847ae59b305114279c150000000000beca7ae59b305114"
                    + "040000000100000000c5acea43000000"))
        #expect(ticks.count == 1)
        let tick = try #require(ticks.first)
        #expect(tick.tickKind == .add && tick.tickSide == .bid && tick.quantity == 4)
        #expect(tick.price == 2_917_000_000_000 && tick.exchangeTime == 0x1451_309B_E57A_CABE)
        #expect(tick.sequence == 1_812_897 && tick.has(.lastOfEvent))
        #expect(tick.orderID == eobiReference(0x1451_309B_E57A_CABE, 1_416_231, isAsk: false))
        #expect(bench.symbol(tick) == "1416231" && bench.details(tick) == "product=675")
    }

    @Test func tradesAndReversals() throws {
        let bench = try DerivativesBench("eobi")
        func report(_ type: UInt8, length: Int = 56) -> [UInt8] {
            var bytes = wireBytes {
                EobiEncoder.tradeReport(
                    securityID: 42, transactTime: 20, lastQty: 10, lastPx: e8, trdMatchID: 3,
                    matchType: type, matchSubType: 2, tradeCondition: 743, to: &$0)
            }
            bytes.removeLast(bytes.count - length)
            bytes[0] = UInt8(length)
            return bytes
        }
        let ticks = bench.send([
            report(7), report(3), report(13, length: 48),
            wireBytes {
                EobiEncoder.tradeReversal(
                    securityID: 42, transactTime: 21, lastQty: 10, lastPx: e8, trdMatchID: 3,
                    tradeCondition: 743, mdOriginType: 1,
                    entries: [
                        .init(price: 2 * e8, size: 5, entryType: 2),
                        .init(price: 3 * e8, entryType: 7), .init(entryType: 99),
                    ], to: &$0)
            },
        ])
        #expect(
            ticks.map(brief) == [
                "trade 10@1000000000 #3 x48693767 [a]",
                "trade 10@1000000000 #3 x48693763 [o]",
                "trade 10@1000000000 #3 x4294902285",
                "tradeBreak 10@1000000000 #3 x743 [o]", "statistic.last 5@2000000000 x2",
                "statistic.high@3000000000 x7", "statistic.other x99",
            ])
        #expect(
            ticks.map { $0.has(.lastOfEvent) } == [true, true, true, false, false, false, true])
    }

    @Test func states() throws {
        let bench = try DerivativesBench("eobi")
        let ticks = bench.send([
            wireBytes {
                EobiEncoder.productStateChange(
                    tradingSessionID: 1, tradingSessionSubID: 3, tradSesStatus: 2,
                    marketCondition: 1, fastMarketIndicator: 1, tesTradSesStatus: 5,
                    transactTime: 20, to: &$0)
            },
            wireBytes {
                EobiEncoder.instrumentStateChange(
                    securityID: 42, securityStatus: 1, securityTradingStatus: 203,
                    marketCondition: 0, fastMarketIndicator: 1, securityTradingEvent: 10,
                    soldOutIndicator: 1, transactTime: 21, tesSecurityStatus: 9, to: &$0)
            },
            wireBytes {
                EobiEncoder.massInstrumentStateChange(
                    instrumentScope: 1, securityMassStatus: 2, securityMassTradingStatus: 3,
                    massMarketCondition: 1, fastMarketIndicator: 1, securityMassTradingEvent: 10,
                    massSoldOutIndicator: 1, tesSecurityMassStatus: 4, transactTime: 22,
                    instruments: [
                        .init(
                            securityID: 43, securityStatus: 9, securityTradingStatus: 8,
                            marketCondition: 1, securityTradingEvent: 11, soldOutIndicator: 1,
                            tesSecurityStatus: 1)
                    ], to: &$0)
            },
        ])
        #expect(
            ticks.map { bench.symbol($0) + " " + brief($0) } == [
                "segment-7 status.trading x16909057",
                "segment-7 status.tradingReason x1281",
                "42 status.trading x16777675",
                "42 status.tradingReason x590090",
                "segment-7 status.trading x16843267",
                "segment-7 status.tradingReason x17039626",
                "43 status.trading x67848",
                "43 status.tradingReason x65803",
            ])
        #expect(ticks.map(\.exchangeTime) == [20, 20, 21, 21, 22, 22, 22, 22])
    }

    @Test func auctionsAndRequests() throws {
        let bench = try DerivativesBench("eobi")
        bench.send([add(11)])
        let ticks = bench.send([
            wireBytes {
                EobiEncoder.auctionBBO(
                    transactTime: 20, securityID: 42, bidPx: e8, offerPx: none, bidSize: 10,
                    offerSize: 20, potentialSecurityTradingEvent: 10, bidOrdType: 255,
                    offerOrdType: 1, to: &$0)
            },
            wireBytes {
                EobiEncoder.auctionClearingPrice(
                    transactTime: 21, securityID: 42, lastPx: e8, lastQty: 10, imbalanceQty: 5,
                    securityTradingStatus: 8, potentialSecurityTradingEvent: 0, to: &$0)
            },
            wireBytes {
                EobiEncoder.crossRequest(
                    securityID: 42, lastPx: e8, lastQty: 10, side: 1, crossRequestType: 2,
                    inputSource: 1, transactTime: 22, to: &$0)
            },
            wireBytes {
                EobiEncoder.quoteRequest(
                    securityID: 42, lastQty: 10, side: 255, transactTime: 23, to: &$0)
            },
            wireBytes {
                EobiEncoder.topOfBook(
                    transactTime: 24, securityID: 42, bidPx: e8, offerPx: 2 * e8, bidSize: 3,
                    offerSize: 4, numberOfBuyOrders: 5, numberOfSellOrders: 6, to: &$0)
            },
        ])
        #expect(
            ticks.map(brief) == [
                "imbalance.auctionBid bid 10@1000000000 x65290 [a]",
                "imbalance.auctionAsk ask 20 x266 [a]",
                "imbalance.indicativeClearing@1000000000 x8 [a]", "imbalance.paired 10 x8 [a]",
                "imbalance.imbalance ask 5 x8 [a]",
                "status.crossRequest bid 10@1000000000 x258", "status.quoteRequest 10",
                "statistic.bestBid bid 3@1000000000 x5",
                "statistic.bestAsk ask 4@2000000000 x6",
            ])
        #expect(bench.books.liveOrders == 1 && !bench.books.isSuspect(1))
    }

    private func summary(
        _ number: UInt32, security: Int64 = 42,
        entries: [EobiInstrumentSummaryEntriesValues] = []
    ) -> [UInt8] {
        wireBytes {
            EobiEncoder.instrumentSummary(
                msgSeqNum: number, securityID: security, lastUpdateTime: 20, totNoOrders: 2,
                securityStatus: 1, securityTradingStatus: 2, marketCondition: 3,
                fastMarketIndicator: 4, securityTradingEvent: 10, soldOutIndicator: 1,
                tesSecurityStatus: 2, entries: entries, to: &$0)
        }
    }

    private func snapshotOrder(_ number: UInt32, _ priority: UInt64) -> [UInt8] {
        wireBytes {
            EobiEncoder.snapshotOrder(
                msgSeqNum: number, timePriority: priority, displayQty: 10, side: 1,
                price: 100 * e8, to: &$0)
        }
    }

    @Test func snapshots() throws {
        let bench = try DerivativesBench("eobi")
        var ticks = bench.send([
            wireBytes {
                EobiEncoder.productSummary(
                    msgSeqNum: 0, lastMsgSeqNumProcessed: 5, tradingSessionID: 1, to: &$0)
            },
            summary(
                1,
                entries: [
                    .init(price: e8, size: 3, mdOriginType: 1, entryType: 66, tradeCondition: 107)
                ]),
            snapshotOrder(2, 11),
        ])
        #expect(
            ticks.map(brief).suffix(5) == [
                "clear [s]", "status.trading x67305730 [s]",
                "status.tradingReason x131338 [s]",
                "statistic.volume 3@1000000000 x7012418 [so]",
                "add bid 10@100000000000 #\(bid) [s]",
            ])
        // The next packet goes on with the same instrument; a hole ends that.
        ticks = bench.send([snapshotOrder(3, 12)], sequence: 2)
        #expect(ticks.count == 1 && bench.symbol(ticks[0]) == "42")
        ticks = bench.send([snapshotOrder(5, 13), snapshotOrder(6, 14)], sequence: 3)
        #expect(ticks.isEmpty && bench.decoder.snapshotCounters().unrepresentable == 2)
        // Another product's packet does not continue it either.
        bench.send([summary(7)])
        ticks = bench.send([snapshotOrder(8, 15)], channel: 8)
        #expect(ticks.isEmpty)
        bench.decoder.beginEpoch()
        #expect(bench.send([snapshotOrder(8, 15)]).isEmpty)
    }

    /// Entries of 24 bytes, as before 14.1, are left out; the snapshot begins.
    @Test func olderSummaryEntries() throws {
        let bench = try DerivativesBench("eobi")
        var old = summary(1, entries: [.init(price: e8, size: 3, entryType: 66)])
        old.removeLast(8)
        old.putWire(UInt16(old.count), at: 0)
        let ticks = bench.send([old, snapshotOrder(2, 11)])
        #expect(ticks.compactMap(\.tickKind) == [.clear, .status, .status, .add])
        #expect(bench.decoder.snapshotCounters().unexpectedLength == 1)
    }

    @Test func whatIsNotMapped() throws {
        let bench = try DerivativesBench("eobi")
        let ticks = bench.send([
            wireBytes { EobiEncoder.heartbeat(lastMsgSeqNumProcessed: 3, to: &$0) },
            wireBytes { EobiEncoder.tesTradeReport(body: [1, 2, 3, 4, 5, 6, 7, 8], to: &$0) },
            wireBytes { EobiEncoder.addComplexInstrument(body: [], to: &$0) },
            wireBytes { EobiEncoder.addFlexibleInstrument(body: [], to: &$0) },
            wireBytes { EobiEncoder.addScaledSimpleInstrument(body: [], to: &$0) },
        ])
        #expect(ticks.isEmpty)
        #expect(
            bench.decoder.snapshotCounters().messages.map(\.key) == [
                13001, 13203, 13400, 13401, 13402,
            ])
        // An unknown template, a wrong length, and a length that leaves the packet.
        bench.send([[8, 0, 1, 0, 0, 0, 0, 0], Array(add(1).prefix(8)), add(11)])
        var counters = bench.decoder.snapshotCounters()
        #expect(counters.unknownType == 1 && counters.unexpectedLength == 1)
        #expect(bench.books.liveOrders == 0)
        bench.send([add(11), [7, 0, 1, 0, 0, 0, 0, 0], add(12)])
        counters = bench.decoder.snapshotCounters()
        #expect(counters.unexpectedLength == 2 && bench.books.liveOrders == 1)
    }

    @Test func unrepresentablePrices() throws {
        let bench = try DerivativesBench("eobi")
        let ticks = bench.send([
            wireBytes {
                EobiEncoder.tradeReport(
                    securityID: 42, lastQty: 1, lastPx: Int64.max, matchType: 7, to: &$0)
            }
        ])
        #expect(ticks.first?.price == Price.none)
        #expect(bench.decoder.snapshotCounters().unrepresentable == 1)
    }

    @Test func aFullDirectoryClearsNoChannel() throws {
        let bench = try DerivativesBench("eobi", instruments: 1)
        bench.send([add(11)])
        let ticks = bench.send([
            wireBytes { EobiEncoder.orderMassDelete(securityID: 77, to: &$0) },
            summary(1, security: 78),
        ])
        #expect(!ticks.contains { $0.tickKind == .clear } && bench.books.liveOrders == 1)
        #expect(bench.decoder.snapshotCounters().directoryFull == 2)
    }

    /// With room for one message's ticks at a time the same ticks come.
    @Test func goesOnInsideAPacket() throws {
        let messages = (1...40).map { add(UInt64($0), price: Int64($0) * e8) }
        let wide = try DerivativesBench("eobi")
        let narrow = try DerivativesBench("eobi")
        narrow.capacity = narrow.definition.ticksPerMessageMax
        #expect(narrow.send(messages).map(brief) == wide.send(messages).map(brief))
        #expect(narrow.books.liveOrders == 40)
    }

    @Test func damage() throws {
        let messages = [
            add(11), add(12, 2), summary(1, entries: [.init(), .init()]), snapshotOrder(2, 3),
            wireBytes {
                EobiEncoder.tradeReversal(securityID: 1, entries: [.init(), .init()], to: &$0)
            },
            wireBytes {
                EobiEncoder.massInstrumentStateChange(instruments: [.init(), .init()], to: &$0)
            },
        ]
        for seed in 1...3 as ClosedRange<UInt64> {
            try survivesDamage("eobi", messages, seed: seed)
            try survivesDamage("eobi-6", messages, seed: seed)
        }
    }
}
