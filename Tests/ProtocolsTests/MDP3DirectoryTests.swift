import Protocols
import Testing
import Ticks

/// Definitions, snapshots, states and statistics.
@Suite struct MDP3DirectoryTests {
    private func details(_ instrument: Instrument) -> [String: String] {
        instrument.details.split(separator: "\n").reduce(into: [:]) { table, line in
            let parts = line.split(separator: "=", maxSplits: 1).map(String.init)
            table[parts[0]] = parts.count > 1 ? parts[1] : ""
        }
    }

    private func future(_ code: Int32, _ symbol: String, depth: Int8 = 5) -> [UInt8] {
        MDP3Bench.message {
            MDP3Encoder.mdInstrumentDefinitionFuture54(
                schemaId: 1, version: 13, matchEventIndicator: 0x80,
                securityUpdateAction: UInt8(ascii: "A"), lastUpdateTime: 9,
                mdSecurityTradingStatus: 17, applID: 310, marketSegmentID: 64,
                securityExchange: "XCME", securityGroup: "ES", asset: "ES", symbol: symbol,
                securityID: code, securityType: "FUT", cfiCode: "FFIXSX",
                maturityMonthYearYear: 2026, maturityMonthYearMonth: 12, currency: "USD",
                settlCurrency: "USD", matchAlgorithm: UInt8(ascii: "F"), minTradeVol: 1,
                minPriceIncrement: 25_000_000_000, displayFactor: 10_000_000, unitOfMeasure: "IPNT",
                unitOfMeasureQty: 50_000_000_000, highLimitPrice: 500_000_000_000_000,
                userDefinedInstrument: UInt8(ascii: "N"),
                noEvents: [
                    .init(eventType: 5, eventTime: 1_700_000_000_000_000_000),
                    .init(eventType: 7, eventTime: 1_797_604_200_000_000_000),
                ],
                noMDFeedTypes: [
                    .init(mdFeedType: "GBX", marketDepth: depth),
                    .init(mdFeedType: "GBI", marketDepth: 2),
                ],
                noInstAttrib: [.init(instAttribValue: 0x80001)],
                noLotTypeRules: [.init(lotType: 2, minLotSize: 10_000)], to: &$0)
        }
    }

    @Test func futureOfTheDirectory() throws {
        let bench = MDP3Bench()
        let ticks = bench.decode(future(123, "ESZ6"))
        #expect(ticks.map(\.tickKind) == [.definition, .status])
        #expect(ticks.map(\.extra) == [65, 17] && ticks.map(\.exchangeTime) == [9, 9])
        let entry = try #require(bench.directory.entries.first)
        #expect(entry.symbol == "ESZ6" && entry.code == 123 && entry.currency == "USD")
        #expect(entry.tickSize == 25_000_000_000 && entry.lotSize == 1)
        let found = details(entry)
        let expected = [
            "type": "future", "maturity": "2026-12", "expiry": "2026-12-18",
            "last_trade": "1797604200000000000", "multiplier": "50", "display_factor": "0.01",
            "cfi": "FFIXSX", "group": "ES", "depth": "5", "implied_depth": "2",
            "limit_high": "500000", "attributes": "524289", "user_defined": "N",
            "activation": "1700000000000000000", "unit": "IPNT", "match_algorithm": "F",
        ]
        for (key, value) in expected { #expect(found[key] == value, "\(key)") }
    }

    @Test func optionAndSpread() throws {
        let bench = MDP3Bench()
        _ = bench.decode(
            MDP3Bench.message {
                MDP3Encoder.mdInstrumentDefinitionOption55(
                    schemaId: 1, version: 9, symbol: "ESZ6 C5000", securityID: 5, putOrCall: 1,
                    maturityMonthYearYear: 2026, maturityMonthYearMonth: 12,
                    maturityMonthYearDay: 18, currency: "USD", strikePrice: 5_000_000_000_000,
                    noUnderlyings: [.init(underlyingSecurityID: 123, underlyingSymbol: "ESZ6")],
                    blockLength: 213, to: &$0)
                MDP3Encoder.mdInstrumentDefinitionSpread29(
                    schemaId: 1, version: 6, symbol: "ESZ6-ESH7", securityID: -6,
                    minPriceIncrement: 500_000,
                    noLegs: [
                        .init(legSecurityID: 123, legSide: 1, legRatioQty: 1),
                        .init(legSecurityID: 124, legSide: 2, legRatioQty: 1),
                    ], to: &$0)
            })
        let option = details(try #require(bench.directory.entries.first))
        #expect(option["type"] == "option" && option["put_call"] == "call")
        #expect(option["strike"] == "5000" && option["expiry"] == "2026-12-18")
        #expect(option["underlying"] == "ESZ6")
        let spread = try #require(bench.directory.entries.last)
        #expect(spread.tickSize == 50_000_000 && spread.code == UInt64(UInt32(bitPattern: -6)))
        #expect(details(spread)["legs"] == "123:+1,124:-1")
    }

    @Test func definitionNamesWhatIncrementsBrought() {
        let bench = MDP3Bench()
        let levels = bench.decode(MDP3Bench.book([MDP3Bench.level(123, "0", 0, 1, 10)]))
        #expect(bench.directory.entries.map(\.symbol) == [""])
        let ticks = bench.decode(future(123, "ESZ6"))
        #expect(ticks[0].instrument == levels[0].instrument)
        #expect(bench.directory.entries.map(\.symbol) == ["ESZ6"])
        // The definition's depth holds from here on.
        let full = (1...5).map { MDP3Bench.level(123, "1", 0, UInt8($0), Int64($0)) }
        _ = bench.decode(MDP3Bench.book(full))
        let pushed = bench.decode(MDP3Bench.book([MDP3Bench.level(123, "1", 0, 1, 0)]))
        #expect(pushed.map(\.price) == [5, 0])
        // Another run of the day finds its instrument by the directory.
        let restored = InstrumentDirectory(capacity: 10)
        #expect(restored.restore(bench.directory.entries))
        let resumed = MDP3Bench(directory: restored)
        let later = resumed.decode(MDP3Bench.book([MDP3Bench.level(123, "0", 0, 1, 10)]))
        #expect(later.map(\.instrument) == levels.map(\.instrument))
    }

    // MARK: Snapshots

    typealias Image = MDP3SnapshotFullRefresh52NoMDEntriesValues

    private func snapshot(
        _ code: Int32, rptSeq: UInt32, _ entries: [(Character, Int8, Int64, Int32)]
    ) -> [UInt8] {
        MDP3Bench.message {
            MDP3Encoder.snapshotFullRefresh52(
                schemaId: 1, version: 9, securityID: code, rptSeq: rptSeq, transactTime: 3,
                mdSecurityTradingStatus: 17, lowLimitPrice: 1,
                noMDEntries: entries.map {
                    Image(
                        mdEntryPx: $0.2, mdEntrySize: $0.3, mdPriceLevel: $0.1,
                        mdEntryType: $0.0.asciiValue!)
                }, to: &$0)
        }
    }

    @Test func snapshotTakesTheBooksPlace() {
        let bench = MDP3Bench()
        let loop = MDP3Bench(feed: "mdp3-loop", directory: bench.directory)
        _ = bench.decode(MDP3Bench.book([MDP3Bench.level(1, "0", 0, 1, 50, rptSeq: 4)]))
        #expect(loop.decode(snapshot(1, rptSeq: 3, [("0", 1, 40, 1)])).isEmpty, "too old")
        #expect(loop.decoder.snapshotsSkipped == 1)
        let ticks = loop.decode(
            snapshot(
                1, rptSeq: 9,
                [("0", 1, 60, 7), ("0", 2, 59, 8), ("F", 1, 61, 2), ("7", 0, 99, 5)]))
        #expect(
            ticks.map(\.tickKind)
                == [.clear, .level, .level, .level, .statistic, .limits, .status, .status])
        #expect(ticks.dropLast().allSatisfy { $0.has(.snapshot) })
        #expect(ticks.last?.detail == StatusDetail.eventEnd.rawValue)
        // What the snapshot contains is not applied again; what follows goes on from it.
        let old = bench.decode(
            MDP3Bench.book([MDP3Bench.level(1, "0", 0, 1, 60, 7, rptSeq: 9)]))
        #expect(old.isEmpty)
        let next = bench.decode(
            MDP3Bench.book([MDP3Bench.level(1, "0", 2, 1, 60, rptSeq: 10)]))
        #expect(next.map(\.price) == [60])
        let third = bench.decode(
            MDP3Bench.book([MDP3Bench.level(1, "0", 1, 1, 59, 9, rptSeq: 11)]))
        #expect(third.map(\.quantity) == [9])
    }

    // MARK: States and statistics

    @Test func statesOfGroupsAndInstruments() {
        let bench = MDP3Bench()
        let ticks = bench.decode(
            MDP3Bench.message {
                MDP3Encoder.securityStatus30(
                    schemaId: 1, version: 9, transactTime: 4, securityGroup: "ES", asset: "ESX",
                    matchEventIndicator: 0x80, securityTradingStatus: 21, haltReason: 1,
                    securityTradingEvent: 4, to: &$0)
            })
        #expect(
            ticks.map(\.detail)
                == [StatusDetail.trading, .tradingReason, .tradingEvent].map(\.rawValue))
        #expect(ticks.map(\.extra) == [21, 1, 4] && ticks.allSatisfy { $0.instrument == 0 })
        #expect(ticks[0].orderID == 0x2020_2020_5345 && ticks[1].orderID == 0x2020_2058_5345)
        #expect(ticks.map { $0.has(.lastOfEvent) } == [false, false, true])
    }

    @Test func statisticsAndLimits() {
        let bench = MDP3Bench()
        let ticks = bench.decode(
            MDP3Bench.message {
                MDP3Encoder.mdIncrementalRefreshVolume37(
                    schemaId: 1, version: 9,
                    noMDEntries: [.init(mdEntrySize: 77, securityID: 1, mdUpdateAction: 1)], to: &$0
                )
                MDP3Encoder.mdIncrementalRefreshDailyStatistics49(
                    schemaId: 1, version: 9,
                    noMDEntries: [
                        .init(
                            mdEntryPx: 5, securityID: 1, tradingReferenceDate: 20_000,
                            settlPriceType: 3, mdEntryType: UInt8(ascii: "6")),
                        .init(
                            mdEntrySize: 40, securityID: 1, mdEntryType: UInt8(ascii: "C")),
                    ], to: &$0)
                MDP3Encoder.mdIncrementalRefreshSessionStatistics35(
                    schemaId: 1, version: 5,
                    noMDEntries: [
                        .init(
                            mdEntryPx: 7, securityID: 1, openCloseSettlFlag: 5,
                            mdEntryType: UInt8(ascii: "4"))
                    ], to: &$0)
                MDP3Encoder.mdIncrementalRefreshLimitsBanding50(
                    schemaId: 1, version: 9,
                    noMDEntries: [
                        .init(highLimitPrice: 9, maxPriceVariation: 2, securityID: 1)
                    ], to: &$0)
            })
        #expect(
            ticks.map(\.tickKind)
                == [.statistic, .statistic, .statistic, .statistic, .limits, .limits])
        let statistics = [
            StatisticDetail.electronicVolume, .settlement, .openInterest, .open,
        ]
        #expect(ticks[..<4].map(\.detail) == statistics.map(\.rawValue))
        #expect(ticks[0].quantity == 77 && ticks[0].extra == 0x100)
        #expect(ticks[1].price == 5 && ticks[1].orderID == 20_000 && ticks[1].extra == 3)
        #expect(ticks[2].quantity == 40 && ticks[2].price == Price.none)
        #expect(ticks[3].price == 700 && ticks[3].extra == 5)
        #expect(ticks[4...].map(\.price) == [9, 2])
    }
}
