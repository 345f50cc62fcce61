import Protocols
import TestSupport
import Testing
import Ticks
import Wire

private let e9: Int64 = 1_000_000_000
private let none = Int64.min

private func put(
    _ id: Int64, _ flags: UInt8 = 3, side: Int8 = 1, price: Int64 = 10 * e9, quantity: Int32 = 5,
    instrument: Int32 = 44
) -> [UInt8] {
    wireBytes {
        CoinbaseEncoder.orderPut(
            transactionFlags: flags, side: side, instrumentID: instrument, transactTime: 60,
            orderID: id, price: price, quantity: quantity, to: &$0)
    }
}

private func delete(_ id: Int64, _ flags: UInt8 = 3, instrument: Int32 = 44) -> [UInt8] {
    wireBytes {
        CoinbaseEncoder.orderDelete(
            transactionFlags: flags, side: 1, instrumentID: instrument, orderID: id, to: &$0)
    }
}

/// others.md §14.
@Suite struct CoinbaseDecoderTests {
    @Test func putsAddAndReplace() throws {
        let bench = try DerivativesBench("coinbase")
        let ticks = bench.send(
            [
                put(1), put(2, side: -1, price: 11 * e9), put(1, quantity: 4),
                put(1, price: 9 * e9), delete(2), put(2, side: -1, price: 12 * e9),
            ], sequence: 100)
        #expect(
            ticks.map(brief) == [
                "add bid 5@10000000000 #1", "add ask 5@11000000000 #2",
                "modify bid 4@10000000000 #1", "modify bid 5@9000000000 #1",
                "delete ask 5@11000000000 #2", "add ask 5@12000000000 #2",
            ])
        #expect(ticks.map(\.sequence) == [100, 101, 102, 103, 104, 105])
        #expect(ticks[0].exchangeTime == 60 && bench.symbol(ticks[0]) == "44")
        #expect(bench.books.liveOrders == 2 && bench.books.counters == .init())
        bench.decoder.beginEpoch()
        #expect(bench.send([put(1)]).first?.tickKind == .add)
    }

    /// A transaction is one event; its end lets every book that it touched be shown.
    @Test func transactions() throws {
        let bench = try DerivativesBench("coinbase")
        var ticks = bench.send([put(1, 1), put(2, 0), put(3, 2)])
        #expect(ticks.map { $0.has(.lastOfEvent) } == [false, false, true])
        ticks = bench.send([
            put(4, 1), put(5, 0, instrument: 45),
            wireBytes {
                CoinbaseEncoder.trade(
                    transactionFlags: 2, instrumentID: 45, matchID: 9, price: e9, quantity: 1,
                    to: &$0)
            },
        ])
        #expect(
            ticks.map { bench.symbol($0) + " " + brief($0) } == [
                "44 add bid 5@10000000000 #4", "44 status.eventEnd", "45 add bid 5@10000000000 #5",
                "45 trade 1@1000000000 #9 x128", "45 status.eventEnd",
            ])
    }

    @Test func clearFlag() throws {
        let bench = try DerivativesBench("coinbase")
        let ticks = bench.send([put(1), put(1, 7), put(1)])
        #expect(
            ticks.map(brief) == [
                "add bid 5@10000000000 #1", "clear", "add bid 5@10000000000 #1",
                "modify bid 5@10000000000 #1",
            ])
        #expect(bench.books.liveOrders == 1 && bench.books.counters == .init())
    }

    @Test func trades() throws {
        let bench = try DerivativesBench("coinbase")
        let ticks = bench.send([
            wireBytes {
                CoinbaseEncoder.tradeSummary(
                    side: -1, instrumentID: 44, aggressorOrderID: 7, vwapPrice: 10 * e9,
                    deepestPrice: 9 * e9, quantity: 6, to: &$0)
            },
            wireBytes {
                CoinbaseEncoder.trade(
                    side: 1, instrumentID: 44, matchID: 8, buyOrderID: 1, sellOrderID: 2,
                    price: 10 * e9, quantity: 6, to: &$0)
            },
            wireBytes {
                CoinbaseEncoder.trade(
                    side: 0, instrumentID: 44, matchID: 9, price: none, quantity: 1, to: &$0)
            },
            wireBytes {
                CoinbaseEncoder.tradeAmend(
                    instrumentID: 44, matchID: 8, oldPrice: 10 * e9, newPrice: 11 * e9, to: &$0)
            },
            wireBytes {
                CoinbaseEncoder.spreadTradeAmend(
                    instrumentID: 44, matchID: 8, newPrice: -e9, to: &$0)
            },
            wireBytes { CoinbaseEncoder.tradeBust(instrumentID: 44, matchID: 8, to: &$0) },
        ])
        #expect(
            ticks.map(brief) == [
                "statistic.executionTotal 6@10000000000 #7 x255", "trade 6@10000000000 #8 x1",
                "trade 1 #9 [a]", "tradeCorrect@11000000000 #8", "tradeCorrect@-1000000000 #8",
                "tradeBreak #8",
            ])
    }

    @Test func statesAndValues() throws {
        let bench = try DerivativesBench("coinbase")
        bench.send([put(1)])
        var messages = [
            wireBytes {
                CoinbaseEncoder.tradingStatusUpdate(
                    instrumentID: 44, limitDownPrice: 9 * e9, limitUpPrice: none, tradingStatus: 2,
                    to: &$0)
            },
            wireBytes {
                CoinbaseEncoder.impliedOrderUpdate(
                    side: -1, instrumentID: 44, bestPrice: 11 * e9, nextPrice: none, bestQty: 3,
                    nextQty: Int32.min, to: &$0)
            },
            wireBytes {
                CoinbaseEncoder.sessionVolume(
                    instrumentID: 44, vwapPrice: 10 * e9, tradeVolume: 4, to: &$0)
            },
            wireBytes { CoinbaseEncoder.openInterest(instrumentID: 44, quantity: 5, to: &$0) },
        ]
        for type in "45678FIz".utf8 {
            messages.append(
                wireBytes {
                    CoinbaseEncoder.marketStat(
                        instrumentID: 44, price: e9, statType: type, to: &$0)
                })
        }
        let ticks = bench.send(messages)
        #expect(
            ticks.map(brief) == [
                "status.trading x2", "limits.lower@9000000000", "limits.upper",
                "statistic.impliedBest ask 3@11000000000 [i]", "statistic.impliedNext ask [i]",
                "statistic.averagePrice@10000000000", "statistic.volume 4",
                "statistic.openInterest 5", "statistic.officialOpen@1000000000 x52",
                "statistic.officialClose@1000000000 x53", "statistic.settlement@1000000000 x54",
                "statistic.high@1000000000 x55", "statistic.low@1000000000 x56",
                "limits.reference@1000000000 x70", "statistic.indicativeOpen@1000000000 x73",
                "statistic.other@1000000000 x122",
            ])
        #expect(bench.books.liveOrders == 1 && !bench.books.isSuspect(1))
    }

    @Test func definitions() throws {
        let bench = try DerivativesBench("coinbase")
        let ticks = bench.send([
            wireBytes {
                CoinbaseEncoder.outrightDefinition(
                    instrumentID: 44, symbol: "BTCZ21", productCode: "BTC", tickSize: 10_000_000,
                    cfiCode: "FXXXXX", currency: "USD", lastSessionDate: 18_977,
                    contractSize: 100, blockLength: 156, to: &$0)
            },
            wireBytes {
                CoinbaseEncoder.spreadDefinition(
                    instrumentID: 45, symbol: "BTCU1-BTCZ1", productCode: "BTC", tickSize: none,
                    cfiCode: "FXXXXX", currency: "USD", contractSize: Int32.min,
                    leg1InstrumentID: 44, leg2InstrumentID: 46, spreadBuyConvention: 1, to: &$0)
            },
            wireBytes {
                CoinbaseEncoder.optionDefinition(
                    instrumentID: 47, symbol: "BTCZ21C100", productCode: "BTC", smallTick: 5,
                    cfiCode: "OPXXXX", largeTick: 10, largeTickThreshold: none,
                    strikePrice: 100 * e9, underlyingInstrumentID: 44, to: &$0)
            },
        ])
        #expect(ticks.compactMap(\.tickKind) == [.definition, .definition, .definition])
        #expect(bench.directory.entries.map(\.symbol) == ["44", "45", "47"])
        #expect(bench.directory.entries.map(\.tickSize) == [10_000_000, 0, 5])
        #expect(bench.directory.entries.map(\.currency) == ["USD", "USD", ""])
        #expect(
            ticks.map { bench.details($0) } == [
                "type=future\nsymbol=BTCZ21\nproduct=BTC\ncfi=FXXXXX\nexpiry=2021-12-16\nmultiplier=100",
                "type=future\nsymbol=BTCU1-BTCZ1\nproduct=BTC\ncfi=FXXXXX\nlegs=44,46\nbuy_convention=1",
                "type=option\nsymbol=BTCZ21C100\nproduct=BTC\ncfi=OPXXXX\nput_call=put\nstrike=100\nunderlying=44\nlarge_tick=0.00000001",
            ])
    }

    @Test func whatIsNotMapped() throws {
        let bench = try DerivativesBench("coinbase")
        let ticks = bench.send([
            wireBytes { CoinbaseEncoder.fundingRate(blockLength: 22, to: &$0) },
            wireBytes { CoinbaseEncoder.retransmitRequest(to: &$0) },
            wireBytes { CoinbaseEncoder.retransmitReject(to: &$0) },
        ])
        #expect(ticks.isEmpty)
        #expect(bench.decoder.snapshotCounters().messages.map(\.key) == [43, 200, 202])
        var unknown = put(1)
        unknown.putWire(99 as UInt16, at: 4)
        var cut = put(1)
        cut.putWire(43 as UInt16, at: 2)
        bench.send([unknown, cut, [4, 0, 0, 0], put(1)])
        let counters = bench.decoder.snapshotCounters()
        #expect(counters.unknownType == 2 && counters.unexpectedLength == 1)
        #expect(bench.books.liveOrders == 1)
    }

    @Test func snapshots() throws {
        let bench = try DerivativesBench("coinbase-snap")
        func start(_ number: UInt16) -> [UInt8] {
            wireBytes {
                CoinbaseSnapshotEncoder.startOfOutright(
                    snapshotSequence: number, symbol: "TECZ21", productCode: "TEC",
                    tickSize: 10_000_000, cfiCode: "FXXXXX", currency: "USD", contractSize: 100,
                    orderCount: 2, lastSessionDate: 18_977, tradingStatus: 1, blockLength: 114,
                    to: &$0)
            }
        }
        func order(_ number: UInt16, _ quantity: Int32) -> [UInt8] {
            wireBytes {
                CoinbaseSnapshotEncoder.orderSnapshot(
                    snapshotSequence: number, quantity: quantity, transactTime: 70,
                    orderID: Int64(number), price: 10 * e9, to: &$0)
            }
        }
        let end = wireBytes {
            CoinbaseSnapshotEncoder.endOfSnapshot(
                snapshotSequence: 3, tradeVolume: 4, dayOpenPrice: e9, closePrice: none,
                lowPrice: none, highPrice: none, vwapPrice: none, settlementPrice: none,
                lastTradePrice: 2 * e9, limitDownPrice: e9, limitUpPrice: none, lastTradeQty: 3,
                openInterest: Int32.min, to: &$0)
        }
        var ticks = bench.send([start(0), order(1, 5), order(2, -6), end], session: 11_526)
        #expect(
            ticks.map(brief) == [
                "definition [s]", "status.trading x1 [s]", "clear [s]",
                "add bid 5@10000000000 #1 [s]", "add ask 6@10000000000 #2 [s]",
                "statistic.volume 4 [s]", "statistic.officialOpen@1000000000 [s]",
                "statistic.last 3@2000000000 [s]", "limits.lower@1000000000 [s]",
            ])
        #expect(bench.symbol(ticks[0]) == "11526" && ticks[3].exchangeTime == 70)
        #expect(bench.details(ticks[0]).contains("symbol=TECZ21"))
        // A hole: the orders behind it are left out until the next start.
        ticks = bench.send([start(0), order(2, 5), order(3, 5)], session: 11_526)
        #expect(ticks.compactMap(\.tickKind) == [.definition, .status, .clear])
        // Another instrument's orders are not taken for its.
        bench.send([start(0)], session: 11_526)
        #expect(bench.send([order(1, 5)], session: 11_527).isEmpty)
        #expect(bench.decoder.snapshotCounters().unrepresentable == 3)
    }

    @Test func snapshotsOfOtherKinds() throws {
        let bench = try DerivativesBench("coinbase-snap")
        let spread = bench.send(
            [
                wireBytes {
                    CoinbaseSnapshotEncoder.startOfSpread(
                        symbol: "BDXU1-BDXZ1", cfiCode: "FXXXXX", leg1InstrumentID: 37,
                        leg2InstrumentID: 38, blockLength: 123, to: &$0)
                }
            ], session: 40)
        #expect(bench.details(spread[0]).contains("legs=37,38"))
        let option = bench.send(
            [
                wireBytes {
                    CoinbaseSnapshotEncoder.startOfOption(
                        symbol: "X", cfiCode: "OCXXXX", strikePrice: 5 * e9,
                        underlyingInstrumentID: 37, to: &$0)
                },
                wireBytes { CoinbaseSnapshotEncoder.endOfCycle(instrumentCount: 2, to: &$0) },
            ], session: 41)
        #expect(bench.details(option[0]).contains("put_call=call\nstrike=5\nunderlying=37"))
    }

    /// Whatever changes in a definition, the directory says what it says now.
    @Test func changedDefinitions() throws {
        let starts = [
            wireBytes {
                CoinbaseSnapshotEncoder.startOfOutright(
                    symbol: "TECZ21", productCode: "TEC", tickSize: e9, cfiCode: "FXXXXX",
                    currency: "USD", contractSize: 100, lastSessionDate: 18_977, blockLength: 114,
                    to: &$0)
            },
            wireBytes {
                CoinbaseSnapshotEncoder.startOfSpread(
                    symbol: "BDXU1-BDXZ1", productCode: "BDX", tickSize: e9, cfiCode: "KXXXXX",
                    currency: "USD", contractSize: 100, lastSessionDate: 18_977,
                    leg1InstrumentID: 37, leg2InstrumentID: 38, blockLength: 123, to: &$0)
            },
            wireBytes {
                CoinbaseSnapshotEncoder.startOfOption(
                    symbol: "X", productCode: "BTC", smallTick: e9, cfiCode: "OCXXXX",
                    largeTick: 2 * e9, largeTickThreshold: 3 * e9, strikePrice: 5 * e9,
                    underlyingInstrumentID: 37, lastSessionDate: 18_977, to: &$0)
            },
        ]
        let (both, alone) = (
            try DerivativesBench("coinbase-snap", instruments: 1024),
            try DerivativesBench("coinbase-snap", instruments: 1024)
        )
        var number: UInt64 = 0
        for start in starts {
            for index in 10..<start.count {
                number += 1
                var changed = start
                changed[index] ^= 1
                both.send([start], session: number)
                both.send([changed], session: number)
                alone.send([changed], session: number)
            }
        }
        #expect(number > 360 && both.directory.entries.count == Int(number))
        for (twice, once) in zip(both.directory.entries, alone.directory.entries) {
            #expect(twice == once)
        }
    }

    @Test func repeatedDefinitionsAreNoNews() throws {
        let bench = try DerivativesBench("coinbase-snap")
        func start(orders: Int32, tickSize: Int64) -> [UInt8] {
            wireBytes {
                CoinbaseSnapshotEncoder.startOfOutright(
                    symbol: "TECZ21", tickSize: tickSize, orderCount: orders, blockLength: 114,
                    to: &$0)
            }
        }
        func changes() -> Int {
            var count = 0
            bench.directory.takeChanges { _ in count += 1 }
            return count
        }
        bench.send([start(orders: 1, tickSize: e9)], session: 5)
        #expect(changes() == 2)
        let again = bench.send([start(orders: 2, tickSize: e9)], session: 5)
        #expect(changes() == 0 && again.first?.tickKind == .definition)
        bench.send([start(orders: 2, tickSize: 2 * e9)], session: 5)
        #expect(changes() == 1 && bench.directory.entries[0].tickSize == 2 * e9)
    }

    @Test func damage() throws {
        let messages = [
            put(1), put(2, 7), delete(1),
            wireBytes { CoinbaseEncoder.optionDefinition(instrumentID: 44, to: &$0) },
        ]
        let snapshot = [
            wireBytes { CoinbaseSnapshotEncoder.startOfOutright(to: &$0) },
            wireBytes { CoinbaseSnapshotEncoder.orderSnapshot(snapshotSequence: 1, to: &$0) },
            wireBytes { CoinbaseSnapshotEncoder.endOfSnapshot(to: &$0) },
        ]
        for seed in 1...3 as ClosedRange<UInt64> {
            try survivesDamage("coinbase", messages, seed: seed)
            try survivesDamage("coinbase-snap", snapshot, seed: seed)
        }
    }

    static let captures = [
        "OrderDeleteMessage", "OrderPutMessage", "OrderSnapshotMessage",
        "StartOfOutrightInstrumentSnapshotMessage", "StartOfSpreadInstrumentSnapshotMessage",
    ]
    static let hasCaptures =
        TestFiles.sample("one-message/Coinbase/MarketDataApi.v1.2/OrderPutMessage.pcap") != nil

    @Test(.enabled(if: hasCaptures, "no samples: set TAPELINE_SAMPLES"), arguments: captures)
    func captured(name: String) throws {
        let path = try #require(
            TestFiles.sample("one-message/Coinbase/MarketDataApi.v1.2/\(name).pcap"))
        let bench = try DerivativesBench(name.contains("Snapshot") ? "coinbase-snap" : "coinbase")
        var ticks: [Tick] = []
        for datagram in try DerivativesBench.datagrams(path) { ticks += bench.decode(datagram) }
        let counters = bench.decoder.snapshotCounters()
        #expect(counters.unknownType == 0 && counters.unexpectedLength == 0)
        switch name {
        case "OrderDeleteMessage":
            #expect(
                ticks.map(\.tickKind) == [.delete, .add]
                    && ticks.map { bench.symbol($0) } == ["44", "44"])
        case "OrderSnapshotMessage":
            #expect(ticks.filter { $0.tickKind == .add }.map(\.quantity) == [15, 18, 20, 13])
            #expect(bench.directory.entries[0].tickSize == 10_000_000)
        case "StartOfSpreadInstrumentSnapshotMessage":
            #expect(bench.details(ticks[0]).contains("legs=37,38"))
        default: #expect(!ticks.isEmpty)
        }
    }
}
