import Protocols
import TestSupport
import Testing
import Ticks
import Wire

/// others.md §7.
@Suite struct B3DecoderTests {
    let security: UInt64 = 200_304_563_695
    let none = Int64.min

    @Test func tradesAndTotals() throws {
        let bench = try DerivativesBench("b3-umdf")
        let ticks = bench.send([
            wireBytes {
                B3Encoder.executionSummary(
                    securityID: security, aggressorSide: 2, lastPx: 120_000, fillQty: 9,
                    tradedHiddenQty: 4, aggressorTime: 60, transactTime: 61, to: &$0)
            },
            wireBytes {
                B3Encoder.executionSummary(
                    securityID: security, aggressorSide: 0, lastPx: 120_000, fillQty: 9,
                    aggressorTime: 60, blockLength: 56, to: &$0)
            },
            wireBytes {
                B3Encoder.trade(
                    securityID: security, tradeCondition: 1 << 13 | 1, price: 120_000, size: 5,
                    tradeID: 8, buyer: 1, seller: 2, trdSubType: 103, transactTime: 62, to: &$0)
            },
            wireBytes {
                B3Encoder.trade(
                    securityID: security, tradeCondition: 1 << 14, price: 120_000, size: 5,
                    tradeID: 9, to: &$0)
            },
            wireBytes {
                B3Encoder.forwardTrade(
                    securityID: security, tradeCondition: 1, price: 120_000, size: 3, tradeID: 10,
                    to: &$0)
            },
            wireBytes {
                B3Encoder.tradeBust(
                    securityID: security, price: 120_000, size: 5, tradeID: 8, transactTime: 63,
                    to: &$0)
            },
        ])
        #expect(
            ticks.map(brief) == [
                "statistic.executionTotal ask 9@12000000000",
                "statistic.hiddenVolume ask 4@12000000000",
                "statistic.executionTotal 9@12000000000",
                "trade 5@12000000000 #8 x6758401",
                "trade 5@12000000000 #9 x16728064 [o]",
                "trade 3@12000000000 #10 x1 [o]", "tradeBreak 5@12000000000 #8",
            ])
        #expect(ticks.map(\.exchangeTime) == [61, 61, 60, 62, 0, 0, 63])
    }

    @Test func states() throws {
        let bench = try DerivativesBench("b3-umdf")
        let ticks = bench.send([
            wireBytes {
                B3Encoder.securityStatus(
                    securityID: security, tradingSessionID: 1, tradingStatus: 17,
                    tradingEvent: 101, transactTime: 70, to: &$0)
            },
            wireBytes {
                B3Encoder.securityGroupPhase(
                    securityGroup: "L0", tradingSessionID: 1, tradingSessionSubID: 4,
                    tradingEvent: 255, transactTime: 71, to: &$0)
            },
        ])
        #expect(
            ticks.map { bench.symbol($0) + " " + brief($0) } == [
                "200304563695 status.trading x6619409",
                "group-L0 status.trading x16711940",
            ])
    }

    @Test func valuesOfTheDay() throws {
        let bench = try DerivativesBench("b3-umdf")
        let ticks = bench.send([
            wireBytes {
                B3Encoder.openingPrice(
                    securityID: security, openCloseSettlFlag: 0, price: 120_000, to: &$0)
            },
            wireBytes {
                B3Encoder.openingPrice(
                    securityID: security, updateAction: 1, openCloseSettlFlag: 5, price: 120_000,
                    to: &$0)
            },
            wireBytes {
                B3Encoder.closingPrice(
                    securityID: security, openCloseSettlFlag: 4, price: 1_200_000_000, to: &$0)
            },
            wireBytes { B3Encoder.highPrice(securityID: security, price: 130_000, to: &$0) },
            wireBytes { B3Encoder.lowPrice(securityID: security, price: 110_000, to: &$0) },
            wireBytes {
                B3Encoder.lastTradePrice(
                    securityID: security, tradeCondition: 1, price: 120_000, size: 2, tradeID: 3,
                    to: &$0)
            },
            wireBytes {
                B3Encoder.settlementPrice(
                    securityID: security, price: 120_000, openCloseSettlFlag: 1, priceType: 2,
                    settlPriceType: 3, to: &$0)
            },
            wireBytes { B3Encoder.openInterest(securityID: security, size: 5, to: &$0) },
            wireBytes {
                B3Encoder.executionStatistics(
                    securityID: security, tradeVolume: 6, vwapPx: 120_000, numberOfTrades: 7,
                    to: &$0)
            },
        ])
        #expect(
            ticks.map(brief) == [
                "statistic.officialOpen@12000000000",
                "statistic.indicativeOpen@12000000000 x1281",
                "statistic.officialClose@12000000000 x1024", "statistic.high@13000000000",
                "statistic.low@11000000000", "statistic.last 2@12000000000 #3 x1",
                "statistic.settlement@12000000000 x50462976",
                "statistic.openInterest 5", "statistic.volume 6",
                "statistic.averagePrice@12000000000", "statistic.tradeCount 7",
            ])
    }

    @Test func auctionsAndBands() throws {
        let bench = try DerivativesBench("b3-umdf")
        let ticks = bench.send([
            wireBytes {
                B3Encoder.theoreticalOpeningPrice(
                    securityID: security, price: 120_000, size: 5, to: &$0)
            },
            wireBytes {
                B3Encoder.auctionImbalance(
                    securityID: security, imbalanceCondition: 1 << 9, size: 4, to: &$0)
            },
            wireBytes {
                B3Encoder.priceBand(
                    securityID: security, priceBandType: 1, priceLimitType: 0,
                    midpointPriceType: 2, lowLimitPrice: 100_000, highLimitPrice: 140_000,
                    tradingReferencePrice: 1_200_000_000, to: &$0)
            },
            // As captured of version 5: percentages.
            wireBytes {
                B3Encoder.priceBandOfVersion5(
                    securityID: security, priceBandType: 3, priceLimitType: 2,
                    midpointPriceType: 0, lowLimitPrice: -200_000, highLimitPrice: 200_000,
                    tradingReferencePrice: none, to: &$0)
            },
        ])
        #expect(
            ticks.map(brief) == [
                "imbalance.indicativeClearing@12000000000 [a]", "imbalance.paired 5 [a]",
                "imbalance.imbalance ask 4 [a]", "limits.lower@10000000000 x131073",
                "limits.upper@14000000000 x131073", "limits.reference@12000000000 x131073",
                "status.priceBand x515",
            ])
        #expect(
            ticks.map { $0.has(.lastOfEvent) } == [false, true, true, false, false, true, true])
    }

    @Test func definitions() throws {
        let bench = try DerivativesBench("b3-umdf")
        let definition = wireBytes {
            B3Encoder.securityDefinition(
                securityID: security, securityExchange: "BVMF", securityGroup: "819",
                symbol: "PETRA120", securityType: 12, securitySubType: 1003,
                minPriceIncrement: 1_000_000, strikePrice: 120_000,
                contractMultiplier: 100_000_000, priceDivisor: none, minLotSize: 100,
                maturityDate: 20_000, isinNumber: "BRAHEBACNOR0", asset: "PETR",
                cfiCode: "OCASPS", currency: "BRL", putOrCall: 1,
                underlyings: [.init(underlyingSecurityID: 9, underlyingSymbol: "PETR4")],
                legs: [.init(legSecurityID: 10, legRatioQty: 15_000_000, legSide: 2)],
                securityDesc: Array("PETR".utf8), to: &$0)
        }
        let ticks = bench.send([definition])
        #expect(ticks.compactMap(\.tickKind) == [.definition])
        let entry = bench.directory.entries[0]
        #expect(entry.symbol == "200304563695" && entry.code == security)
        #expect(entry.tickSize == 10_000_000 && entry.lotSize == 100 && entry.currency == "BRL")
        #expect(
            entry.details == """
                type=option
                symbol=PETRA120
                exchange=BVMF
                group=819
                security_sub_type=1003
                cfi=OCASPS
                isin=BRAHEBACNOR0
                underlying=PETR
                expiry=2024-10-04
                strike=12
                multiplier=1
                put_call=call
                underlying_id=9
                legs=-1.5 10
                """)
        // Cut inside its groups.
        var cut = Array(definition.dropLast(20))
        cut.putWire(UInt16(cut.count), at: 0)
        #expect(bench.send([cut]).isEmpty)
        #expect(bench.decoder.snapshotCounters().unexpectedLength == 1)
    }

    @Test func whatIsNotMapped() throws {
        let bench = try DerivativesBench("b3-umdf")
        let ticks = bench.send([
            wireBytes { B3Encoder.news(blockLength: 8, to: &$0) },
            wireBytes { B3Encoder.quantityBand(blockLength: 40, to: &$0) },
            wireBytes { B3Encoder.sequence(nextSeqNo: 5, to: &$0) },
            wireBytes { B3Encoder.sequenceReset(to: &$0) },
        ])
        #expect(ticks.isEmpty)
        #expect(bench.decoder.snapshotCounters().messages.map(\.key) == [1, 2, 5, 21])
        // A block that leaves its message, an unknown template, a block that is too short.
        var cut = order(1)
        cut.putWire(73 as UInt16, at: 4)
        var unknown = order(1)
        unknown.putWire(99 as UInt16, at: 6)
        bench.send([cut, unknown, order(1, blockLength: 55), order(1)])
        let counters = bench.decoder.snapshotCounters()
        #expect(counters.unknownType == 1 && counters.unexpectedLength == 2)
        #expect(bench.books.liveOrders == 1)
    }

    @Test func damage() throws {
        let messages = [
            order(1), order(2, price: none), delete(1), delete(2),
            wireBytes {
                B3Encoder.snapshotOrders(
                    securityID: security, entries: [.init(), .init()], to: &$0)
            },
            wireBytes {
                B3Encoder.securityDefinition(
                    securityID: security, underlyings: [.init()], legs: [.init(), .init()], to: &$0)
            },
        ]
        for seed in 1...3 as ClosedRange<UInt64> {
            try survivesDamage("b3-umdf", messages, seed: seed)
        }
    }

    static let captures = [
        "v1.5/SecurityStatus", "v1.5/Sequence", "v1.5/PriceBand", "v1.5/SequenceReset",
        "v1.5/SecurityGroupPhase", "v1.8/Sequence", "v1.8/SecurityDefinitionMessage",
    ]
    static let hasCaptures =
        TestFiles.sample("one-message/B3/BinaryUmdf.v1.5/PriceBand.pcap") != nil

    @Test(.enabled(if: hasCaptures, "no samples: set TAPELINE_SAMPLES"), arguments: captures)
    func captured(name: String) throws {
        let path = try #require(TestFiles.sample("one-message/B3/BinaryUmdf.\(name).pcap"))
        let bench = try DerivativesBench("b3-umdf")
        let datagrams = try DerivativesBench.datagrams(path)
        #expect(!datagrams.isEmpty)
        for datagram in datagrams {
            let reason = bench.parse(datagram) { packet in
                let isIdle = name.contains("Sequence")
                #expect((packet.kind == .heartbeat) == isIdle)
            }
            #expect(reason == nil)
            bench.decode(datagram)
        }
        let counters = bench.decoder.snapshotCounters()
        #expect(counters.unknownType == 0 && counters.unexpectedLength == 0)
        #expect((counters.messageTotal == 0) == name.contains("Sequence"))
        if name.hasSuffix("SecurityDefinitionMessage") {
            let entry = bench.directory.entries[0]
            #expect(entry.tickSize == 10_000_000 && entry.lotSize == 1 && entry.currency == "BRL")
            #expect(
                entry.details == """
                    type=equity
                    symbol=AHEB3F
                    exchange=BVMF
                    group=19
                    security_sub_type=1003
                    cfi=ESVUFR
                    isin=BRAHEBACNOR0
                    underlying=AHEB
                    expiry=9999-12-31
                    multiplier=1
                    underlying_id=200000374082
                    """)
        }
    }
}
