import Protocols
import TestSupport
import Testing
import Ticks
import Wire

private let second: UInt64 = 1_000_000_000
/// 9:30:00.000000005 of the bench's day.
private let ownTime: UInt64 = 1_645_626_600
private let own = ownTime * second + 5
private let seconds = UInt32(ownTime)

private func map(_ index: UInt32 = 88, _ symbol: String = "IBM", scale: UInt8 = 6) -> [UInt8] {
    wire {
        PillarEncoder.symbolIndexMapping(
            symbolIndex: index, symbol: symbol, marketID: 1, systemID: 7,
            priceScaleCode: scale, to: &$0)
    }
}

private func add(_ id: UInt64 = 1, price: Int32 = 10_010_000, index: UInt32 = 88) -> [UInt8] {
    wire {
        PillarEncoder.addOrder(
            sourceTimeNanoseconds: 9, symbolIndex: index, orderID: id, price: price, volume: 100,
            side: letter("B"), to: &$0)
    }
}

private let reference = wire {
    PillarEncoder.sourceTimeReference(systemID: 7, sourceTime: seconds, to: &$0)
}

private func tick(
    _ kind: TickKind, price: Int64? = nil, quantity: Int64? = nil, side: Side = .none,
    flags: TickFlags = .lastOfEvent, detail: UInt8 = 0, extra: UInt32 = 0
) -> TickView {
    .pillar(
        kind, "IBM", own, sequence: 2, price: price, quantity: quantity, side: side,
        flags: flags, detail: detail, extra: extra)
}

private func status(
    _ detail: StatusDetail, _ text: String, quantity: Int64? = nil,
    flags: TickFlags = []
) -> TickView {
    tick(
        .status, quantity: quantity, flags: flags, detail: detail.rawValue, extra: letters(text))
}

@Suite struct PillarStateTests {
    // MARK: Status

    private func statusMessage(
        _ status: Unicode.Scalar, condition: Unicode.Scalar = "~", price1: Int32 = 0,
        price2: Int32 = 0
    ) -> [UInt8] {
        wire {
            PillarEncoder.securityStatus(
                sourceTime: seconds, sourceTimeNanoseconds: 5, symbolIndex: 88,
                securityStatus: letter(status), haltCondition: letter(condition), price1: price1,
                price2: price2, triggeringExchange: letter("Q"), triggeringVolume: 500,
                shortSaleState: letter("E"), marketState: letter("O"), to: &$0)
        }
    }

    @Test func securityStatus() {
        let last = status(.marketState, "OE", flags: .lastOfEvent)
        for (letters, expected) in [
            ("4M", [status(.trading, "4"), status(.tradingReason, "M"), last]),
            ("O~", [status(.trading, "O"), status(.tradingReason, "~"), last]),
            ("A~", [status(.shortSaleRestriction, "AQ", quantity: 500), last]),
            ("ID", [status(.priceIndication, "ID"), last]),
        ] {
            let bench = PillarBench("pillar-integ")
            _ = bench.decode([map()])
            let scalars = Array(letters.unicodeScalars)
            #expect(
                bench.decode([statusMessage(scalars[0], condition: scalars[1])]) == expected)
        }
    }

    @Test func statusPrices() {
        let bench = PillarBench("xdp-integrated")
        _ = bench.decode([map()])
        #expect(
            bench.decode([statusMessage("G", price1: 10_000_000, price2: 20_000_000)]) == [
                status(.priceIndication, "G~"),
                tick(
                    .limits, price: 10 * Price.scale, flags: [],
                    detail: LimitsDetail.statusPrice1.rawValue),
                tick(
                    .limits, price: 20 * Price.scale, flags: [],
                    detail: LimitsDetail.statusPrice2.rawValue),
                status(.marketState, "OE", flags: .lastOfEvent),
            ])
    }

    /// Orders vanish without a message when the last session ends; quotes do not.
    @Test(arguments: ["pillar-integ", "xdp-integrated", "pillar-bbo", "pillar-depth"])
    func closeEmptiesOrderBooks(feed: String) {
        let bench = PillarBench(feed)
        _ = bench.decode([map()])
        let kinds = bench.decode([statusMessage("X")]).map(\.kind)
        let clears = feed.contains("integ")
        #expect(kinds == [.status, .status] + (clears ? [.clear] : []) + [.status])
    }

    @Test func symbolClear() {
        let bench = PillarBench("pillar-depth")
        _ = bench.decode([map()])
        var message = wire {
            PillarEncoder.symbolClear(
                sourceTime: seconds, sourceTimeNanoseconds: 5, symbolIndex: 88, marketID: 3,
                to: &$0)
        }
        // Levels of other markets may stand on.
        let expected = tick(.clear, flags: [.snapshot, .bookSuspect, .lastOfEvent])
        #expect(message.count == 22 && bench.decode([message]) == [expected])
        message.removeLast(2)
        message[0] = 20
        #expect(bench.decode([message]).map(\.flags) == [.lastOfEvent])
    }

    // MARK: Auctions and statistics

    private static func imbalance(_ extra: UInt32) -> [TickView] {
        func value(
            _ detail: ImbalanceDetail, price: Int64? = nil, quantity: Int64? = nil,
            side: Side = .none
        ) -> TickView {
            tick(
                .imbalance, price: price, quantity: quantity, side: side, flags: .auction,
                detail: detail.rawValue, extra: extra)
        }
        let closing = PillarBench.midnight + 16 * 3600 * second
        return [
            value(.reference, price: 1 * Price.scale),
            value(.paired, quantity: 2), value(.imbalance, quantity: 3, side: .ask),
            value(.marketImbalance, quantity: 4, side: .ask),
            value(.executionTime, quantity: Int64(closing)),
            value(.bookClearing, price: 5 * Price.scale),
            value(.auctionInterestClearing, price: 6 * Price.scale),
            value(.shortSaleFiling, price: 7 * Price.scale),
            value(.indicativeClearing, price: 8 * Price.scale),
            value(.collarUpper, price: 9 * Price.scale),
            value(.collarLower, price: 10 * Price.scale),
            value(.unpaired, quantity: 11, side: .bid),
        ]
    }

    @Test(arguments: ["pillar-integ", "xdp-integrated", "xdp-imbalances"])
    func imbalance(feed: String) {
        func million(_ count: Int32) -> Int32 { count * 1_000_000 }
        var message = wire {
            PillarEncoder.imbalance(
                sourceTime: seconds, sourceTimeNanoseconds: 5, symbolIndex: 88,
                referencePrice: million(1), pairedQuantity: 2, imbalanceQuantity: 3,
                marketImbalanceQuantity: 4, auctionTime: 1600, auctionType: letter("C"),
                imbalanceSide: letter("S"), continuousBookClearingPrice: million(5),
                auctionInterestClearingPrice: million(6), shortSaleFilingPrice: million(7),
                indicativeMatchPrice: million(8), upperCollar: million(9),
                lowerCollar: million(10), auctionStatus: 1, freezeStatus: 2, extensions: 3,
                unpairedQuantity: 11, unpairedSide: letter("B"), to: &$0)
        }
        #expect(message.count == 73)
        let bench = PillarBench(feed)
        _ = bench.decode([map()])
        var expected = Self.imbalance(0x0302_0143)
        expected[11].flags = [.auction, .lastOfEvent]
        #expect(bench.decode([message]) == expected)
        // As XDP 2.1 sends it, without what is not paired; and without a time that a clock shows.
        message = [67, 0] + message[2..<67]
        message[36] = 99
        message[37] = 0
        let short = bench.decode([message])
        #expect(short.count == 10 && short.last?.flags == [.auction, .lastOfEvent])
        #expect(!short.contains { $0.detail == ImbalanceDetail.executionTime.rawValue })
    }

    @Test func stockSummary() {
        let bench = PillarBench("pillar-integ")
        _ = bench.decode([map()])
        let message = wire {
            PillarEncoder.stockSummary(
                sourceTime: seconds, sourceTimeNanoseconds: 5, symbolIndex: 88,
                highPrice: 12_000_000, lowPrice: 10_000_000, openPrice: 11_000_000,
                totalVolume: .max, to: &$0)
        }
        func value(_ detail: StatisticDetail, _ dollars: Int64) -> TickView {
            tick(
                .statistic, price: dollars * Price.scale, flags: [], detail: detail.rawValue)
        }
        #expect(
            bench.decode([message]) == [
                value(.high, 12), value(.low, 10), value(.open, 11),
                tick(
                    .statistic, quantity: 4_294_967_295,
                    detail: StatisticDetail.volume.rawValue),
            ])
    }

    // MARK: Mapping, clocks, order

    @Test func mappingFillsTheDirectory() throws {
        let bench = PillarBench("pillar-integ")
        let message = wire {
            PillarEncoder.symbolIndexMapping(
                symbolIndex: 88, symbol: "BRK.B", marketID: 3, systemID: 7,
                listingExchange: letter("N"), priceScaleCode: 4, securityType: letter("E"),
                lotSize: 100, previousClosePrice: 3_125_500, previousCloseVolume: 42,
                priceResolution: 1, roundLots: letter("N"), minimumPriceVariation: 500,
                unitOfTrade: 1, to: &$0)
        }
        #expect(
            bench.decode([message]) == [.pillar(.definition, "BRK.B", 0, sequence: 1)])
        let entry = try #require(bench.directory.entries.first)
        #expect(entry.symbol == "BRK.B" && entry.code == 88 && entry.channel == 3)
        // 500 hundredths of a cent, as in the tick size pilot.
        #expect(entry.tickSize == 50_000_000 && entry.lotSize == 100 && entry.currency == "USD")
        #expect(
            entry.details.split(separator: "\n") == [
                "type=etf", "security_type=E", "listing=N", "market=arca", "system=7",
                "price_scale=4", "previous_close=312.55", "previous_volume=42",
                "price_resolution=1", "round_lots=N", "unit_of_trade=1",
            ])
    }

    @Test func beforeTheMapping() {
        let bench = PillarBench("pillar-integ")
        let early = bench.decode([reference, add()])
        #expect(early.count == 1 && early[0].price == nil && early[0].time == 0)
        #expect(bench.counters.unrepresentable == 1)
        #expect(bench.directory.entries.map(\.symbol) == [""])
        // The mapping names the same instrument: prices and times follow.
        let late = bench.decode([map(), add()])
        #expect(late.map(\.instrument) == ["IBM", "IBM"] && bench.directory.entries.count == 1)
        #expect(late[1].price == 10_010_000_000 && late[1].time == ownTime * second + 9)
        #expect(bench.counters.unrepresentable == 1)
    }

    /// A quote without prices would say that nobody quotes.
    @Test func quotesWaitForTheMapping() {
        let bench = PillarBench("xdp-bbo")
        let quote = wire {
            PillarEncoder.quote(symbolIndex: 88, bidPrice: 1, bidVolume: 1, to: &$0)
        }
        #expect(bench.decode([quote]).isEmpty && bench.counters.unrepresentable == 2)
        #expect(bench.decode([map(), quote]).map(\.kind) == [.definition, .quote, .quote])
    }

    @Test(arguments: zip([UInt8(0), 3, 4, 6, 9, 10, 255], [9, 6, 5, 3, 0, nil, nil] as [Int?]))
    func priceScales(code: UInt8, exponent: Int?) {
        let bench = PillarBench("pillar-integ")
        let ticks = bench.decode([map(scale: code), add(price: .min)])
        let unit = exponent.map { (0..<$0).reduce(Int64(1)) { scale, _ in scale * 10 } }
        #expect(ticks[1].price == unit.map { Int64(Int32.min) * $0 })
        #expect(bench.counters.unrepresentable == (exponent == nil ? 1 : 0))
    }

    @Test func clocksByPartition() {
        let bench = PillarBench("pillar-integ")
        let other = wire {
            PillarEncoder.sourceTimeReference(systemID: 8, sourceTime: 5, to: &$0)
        }
        let beyond = wire {
            PillarEncoder.sourceTimeReference(systemID: 263, sourceTime: 5, to: &$0)
        }
        let ticks = bench.decode([map(), add(1), other, beyond, add(2), reference, add(3)])
        #expect(ticks.map(\.time) == [0, 0, 0, ownTime * second + 9])
        #expect(bench.counters.unrepresentable == 1)
        bench.decoder.beginEpoch()
        let after = bench.decode([add(4), reference, add(5)])
        #expect(after.map(\.time) == [0, ownTime * second + 9])
        #expect(after.map(\.price) == [10_010_000_000, 10_010_000_000])
    }

    /// Refreshes are of the past: only their mappings are taken.
    @Test func outsideOfTheOrder() {
        let bench = PillarBench("pillar-integ")
        let header = wire { PillarEncoder.refreshHeader(currentPacket: 1, to: &$0) }
        let order = wire { PillarEncoder.addOrderRefresh(symbolIndex: 88, to: &$0) }
        let ticks = bench.decodeUnsequenced([header, map(), statusMessage("O"), order, add()])
        #expect(ticks.map(\.kind) == [.definition] && ticks[0].sequence == 0)
        #expect(bench.counters.messageTotal == 5)
        #expect(bench.decode([add()])[0].price == 10_010_000_000)
    }

    @Test func anIndexThatMeansAnotherSymbol() {
        let bench = PillarBench("pillar-integ")
        let ticks = bench.decode([map(), add(1), map(88, "AAPL", scale: 4), add(2), map(), add(3)])
        #expect(ticks.map(\.instrument) == ["IBM", "IBM", "AAPL", "AAPL", "IBM", "IBM"])
        #expect(ticks[3].price == 1_001_000_000_000 && ticks[5].price == 10_010_000_000)
    }

    /// What the journal kept is enough to go on.
    @Test func goesOnAfterARestart() {
        let first = PillarBench("pillar-integ")
        _ = first.decode([map(), map(5, "LONGSYMBOL1", scale: 4), add(index: 9)])
        let directory = InstrumentDirectory(capacity: 100)
        var entries = first.directory.entries
        // Another channel of the market had the mapping last.
        entries[1].channel = 4
        #expect(directory.restore(entries))
        let second = PillarBench("pillar-integ", directory: directory)
        let ticks = second.decode([reference, add(1), add(2, index: 5), add(3, index: 9)])
        #expect(ticks.map(\.instrument) == ["IBM", "LONGSYMBOL1", ""])
        #expect(ticks.map(\.price) == [10_010_000_000, 1_001_000_000_000, nil])
        #expect(ticks.map(\.time) == [ownTime * 1_000_000_000 + 9, ownTime * 1_000_000_000 + 9, 0])
        #expect(second.decode([map(9, "NEW")]).map(\.instrument) == ["NEW"])
        #expect(directory.entries.map(\.symbol) == ["IBM", "LONGSYMBOL1", "NEW"])
    }

    @Test func fullDirectory() {
        let bench = PillarBench("pillar-integ", directory: InstrumentDirectory(capacity: 1))
        let clear = wire { PillarEncoder.symbolClear(symbolIndex: 9, to: &$0) }
        #expect(
            bench.decode([map(), add(), add(index: 9), clear, map(9, "X")]).map(\.kind)
                == [.definition, .add])
        #expect(bench.counters.directoryFull == 3 && bench.counters.messageTotal == 5)
    }

    @Test func manySymbols() {
        let bench = PillarBench(
            "pillar-integ", directory: InstrumentDirectory(capacity: 10_000))
        let indexes = (0..<5000).map { UInt32($0) &* 2_654_435_761 }
        _ = bench.decode(indexes.map { map($0, "S\($0 % 1_000_000_000)") })
        let ticks = bench.decode(indexes.map { add(index: $0) })
        #expect(ticks.map(\.instrument) == indexes.map { "S\($0 % 1_000_000_000)" })
    }
}
