import Protocols
import TestSupport
import Testing
import Ticks
import Wire

/// OPRA quotes, trades and statistics (others.md §5).
@Suite struct OPRADecoderTests {
    private let bench: ConsolidatedBench
    private static let symbol = "SPXW  240315P05100000"

    init() throws { bench = try ConsolidatedBench("opra") }

    private func view(_ symbol: String = symbol) -> TickView {
        TickView(kind: .quote, instrument: symbol, time: 0, sequence: 9)
    }

    // MARK: Live bytes

    /// A block that OPRA sent, printed in others.md §5: AMZN, Dec 29 2023 call 133.0, bid 14.10 x 43,
    /// offer 14.65 x 2, best bid appended: N 14.10 x 50.
    @Test func liveBlock() throws {
        let ticks = try bench.packet(
            bytes(
                hex: "06003c4f200017fea462016567a58c2fab03000f8d5471204d041cdaf72fa5ae99414d5a4e"
                    + "4c1d1705320582002b05b900024e420000058200000032"))
        var view = view("AMZN  231229C00133000")
        view.time = 0x6567_a58c * 1_000_000_000 + 0x2fab_0300
        view.sequence = 0x17fe_a462
        #expect(
            ticks
                == event(
                    view,
                    [
                        TickView.quote(
                            .participant, .bid, 14_100_000_000, 43, [byte("T"), 32]),
                        TickView.quote(.participant, .ask, 14_650_000_000, 2, [byte("T"), 32]),
                        TickView.quote(.national, .bid, 14_100_000_000, 50, [byte("N")]),
                    ]))
        let entry = bench.directory.entries[0]
        #expect(entry.venue == "OPRA")
        #expect(
            entry.details.split(separator: "\n") == [
                "type=option", "expiry=2023-12-29", "strike=133", "put_call=call",
                "underlying=AMZN",
            ])
    }

    // MARK: Quotes

    private func longQuote(
        indicator: Character, bid: [OpraLongQuoteBestBidValues] = [],
        offer: [OpraLongQuoteBestOfferValues] = [], to bytes: inout [UInt8]
    ) {
        OpraEncoder.longQuote(
            participant: byte("C"), type: byte("A"), indicator: byte(indicator), symbol: "SPXW",
            expirationMonth: byte("O"), expirationDay: 15, expirationYear: 24,
            strikeDenominator: byte("A"), strike: 51_000, premiumDenominator: byte("B"),
            bidPrice: 1025, bidSize: 7, offerPrice: 1035, offerSize: 8, bestBid: bid,
            bestOffer: offer, to: &bytes)
    }

    /// Which sides become ticks, and from where: `.` unchanged, `q` this quote, `a` appendage, `0`
    /// none.
    @Test(arguments: [
        (" ", ".."), ("A", ".."), ("B", ".q"), ("C", ".a"), ("D", ".0"),
        ("E", "q."), ("F", "qq"), ("G", "qa"), ("H", "q0"),
        ("I", "0."), ("J", "0q"), ("K", "0a"), ("L", "00"),
        ("M", "a."), ("N", "aq"), ("O", "aa"), ("P", "a0"),
    ])
    func everyIndicator(letter: String, sides: String) throws {
        let forms = Array(sides)
        let ticks = try bench.decode {
            longQuote(
                indicator: Character(letter),
                bid: forms[0] == "a"
                    ? [
                        .init(
                            participant: byte("N"), denominator: byte("C"), price: 10_255, size: 5)
                    ] : [],
                offer: forms[1] == "a"
                    ? [.init(participant: byte("X"), denominator: byte("I"), price: 11, size: 6)]
                    : [], to: &$0)
        }
        let own = [byte("C"), byte("A")]
        var expected: [(inout TickView) -> Void] = [
            TickView.quote(.participant, .bid, 10_250_000_000, 7, own),
            TickView.quote(.participant, .ask, 10_350_000_000, 8, own),
        ]
        switch forms[0] {
        case "q": expected.append(TickView.quote(.national, .bid, 10_250_000_000, 7, own))
        case "a":
            expected.append(TickView.quote(.national, .bid, 10_255_000_000, 5, [byte("N")]))
        case "0": expected.append(TickView.quote(.national, .bid, 0, 0, []))
        default: break
        }
        switch forms[1] {
        case "q": expected.append(TickView.quote(.national, .ask, 10_350_000_000, 8, own))
        case "a":
            expected.append(TickView.quote(.national, .ask, 11_000_000_000, 6, [byte("X")]))
        case "0": expected.append(TickView.quote(.national, .ask, 0, 0, []))
        default: break
        }
        #expect(ticks == event(view(), expected))
    }

    /// Short quotes, long quotes and mappings of one series are one instrument.
    @Test func formsShareTheirInstrument() throws {
        _ = try bench.decode { longQuote(indicator: " ", to: &$0) }
        let short = try bench.decode {
            OpraEncoder.shortQuote(
                participant: byte("C"), type: byte(" "), indicator: byte("A"), symbol: "SPXW",
                expirationMonth: byte("O"), expirationDay: 15, expirationYear: 24,
                strike: 51_000, bidPrice: 1025, bidSize: 7, offerPrice: 1035, offerSize: 8,
                to: &$0)
        }
        #expect(
            short
                == event(
                    view(),
                    [
                        TickView.quote(.participant, .bid, 10_250_000_000, 7, [byte("C"), 32]),
                        TickView.quote(.participant, .ask, 10_350_000_000, 8, [byte("C"), 32]),
                    ]))
        let mapping = try bench.decode {
            OpraEncoder.seriesMapping(
                symbol: "SPXW", expirationMonth: byte("O"), expirationDay: 15,
                expirationYear: 24, strikeDenominator: byte("I"), strike: 5100, line: 17,
                to: &$0)
        }
        #expect(mapping == event(view(), [{ $0.kind = .definition }]))
        #expect(bench.directory.entries.count == 1)
        #expect(
            bench.directory.entries[0].details.split(separator: "\n") == [
                "type=option", "expiry=2024-03-15", "strike=5100", "put_call=put",
                "underlying=SPXW", "multicast_line=17",
            ])
    }

    @Test(arguments: [
        ("A", 1), ("B", 10), ("C", 100), ("D", 1000), ("E", 10_000), ("F", 100_000),
        ("G", 1_000_000), ("H", 10_000_000), ("I", 0),
    ])
    func denominators(letter: String, divisor: Int64) throws {
        let ticks = try bench.decode {
            OpraEncoder.lastSale(
                symbol: "X", expirationMonth: byte("A"), expirationDay: 1, expirationYear: 1,
                strikeDenominator: byte("I"), strike: 1,
                premiumDenominator: byte(Character(letter)),
                premium: -3, to: &$0)
        }
        let expected = divisor == 0 ? -3_000_000_000 : -300_000_000 / divisor
        #expect(ticks.map(\.price) == [expected])
    }

    /// Strikes that the OSI has no place for are written as decimals.
    @Test func symbols() throws {
        let cases: [(Character, UInt32, String)] = [
            ("A", 5, "00000500"), ("C", 12_345, "00012345"), ("D", 12_345, "1.2345"),
            ("I", 99_999, "99999000"), ("I", 100_000, "100000"), ("I", .max, "4294967295"),
        ]
        for (denominator, strike, text) in cases {
            let ticks = try bench.decode {
                OpraEncoder.openInterest(
                    symbol: "BRKB1", expirationMonth: byte("L"), expirationDay: 31,
                    expirationYear: 9, strikeDenominator: byte(denominator), strike: strike,
                    openInterest: 5, to: &$0)
            }
            #expect(ticks.map(\.instrument) == ["BRKB1 091231C" + text])
        }
    }

    @Test func impossibleSeriesAreCounted() throws {
        func quote(month: Character = "A", day: UInt8 = 1, year: UInt8 = 1) throws -> Int {
            try bench.decode {
                OpraEncoder.shortQuote(
                    symbol: "X", expirationMonth: byte(month), expirationDay: day,
                    expirationYear: year, to: &$0)
            }.count
        }
        #expect(try quote() == 2)
        #expect(try quote(month: "Y") == 0)
        #expect(try quote(month: " ") == 0)
        #expect(try quote(day: 0) == 0)
        #expect(try quote(day: 32) == 0)
        #expect(try quote(year: 100) == 0)
        let strike = try bench.decode {
            OpraEncoder.lastSale(
                symbol: "X", expirationMonth: byte("A"), expirationDay: 1, expirationYear: 1,
                strikeDenominator: byte("J"), to: &$0)
        }
        #expect(strike.isEmpty && bench.counters.unrepresentable == 6)
        let premium = try bench.decode {
            OpraEncoder.lastSale(
                symbol: "X", expirationMonth: byte("A"), expirationDay: 1, expirationYear: 1,
                strikeDenominator: byte("I"), premiumDenominator: byte("0"), to: &$0)
        }
        #expect(premium.map(\.price) == [nil] && bench.counters.unrepresentable == 7)
    }

    // MARK: Trades and statistics

    @Test(arguments: [
        (" ", TickKind.trade), ("I", .trade), ("S", .trade), ("B", .trade), ("a", .trade),
        ("A", .tradeBreak), ("C", .tradeBreak), ("E", .tradeBreak), ("G", .tradeBreak),
    ])
    func lastSales(type: String, kind: TickKind) throws {
        let ticks = try bench.decode {
            OpraEncoder.lastSale(
                participant: byte("X"), type: byte(Character(type)), symbol: "SPXW",
                expirationMonth: byte("O"), expirationDay: 15, expirationYear: 24,
                strikeDenominator: byte("I"), strike: 5100, volume: 12,
                premiumDenominator: byte("B"), premium: 1025, tradeId: 77, to: &$0)
        }
        #expect(
            ticks
                == event(
                    view(),
                    [
                        TickView.sale(
                            kind, id: 77, price: 10_250_000_000, quantity: 12, byte("X"), type)
                    ]))
    }

    @Test func statistics() throws {
        let interest = try bench.decode {
            OpraEncoder.openInterest(
                participant: byte("O"), symbol: "SPXW", expirationMonth: byte("O"),
                expirationDay: 15, expirationYear: 24, strikeDenominator: byte("I"),
                strike: 5100, openInterest: 900, to: &$0)
        }
        #expect(
            interest
                == event(
                    view(),
                    [TickView.statistic(.openInterest, quantity: 900, [byte("O")])]))
        let summary = try bench.decode {
            OpraEncoder.endOfDaySummary(
                participant: byte("O"), symbol: "SPXW", expirationMonth: byte("O"),
                expirationDay: 15, expirationYear: 24, strikeDenominator: byte("I"),
                strike: 5100, volume: 1, openInterest: 2, premiumDenominator: byte("B"),
                open: 3, high: 4, low: 5, last: 6, netChange: -7,
                underlyingDenominator: byte("A"), underlying: 51_001, bid: 8, offer: 9, to: &$0)
        }
        let o = [byte("O")]
        #expect(
            summary
                == event(
                    view(),
                    [
                        TickView.statistic(.volume, quantity: 1, o),
                        TickView.statistic(.openInterest, quantity: 2, o),
                        TickView.statistic(.open, price: 30_000_000, o),
                        TickView.statistic(.high, price: 40_000_000, o),
                        TickView.statistic(.low, price: 50_000_000, o),
                        TickView.statistic(.last, price: 60_000_000, o),
                        TickView.statistic(.netChange, price: -70_000_000, o),
                        TickView.statistic(.closingBid, price: 80_000_000, o),
                        TickView.statistic(.closingOffer, price: 90_000_000, o),
                        TickView.statistic(.underlyingValue, price: 5_100_100_000_000, o),
                    ]))
    }

    @Test func underlyings() throws {
        let value = try bench.decode {
            OpraEncoder.underlyingValue(
                participant: byte("C"), type: byte(" "), symbol: "SPX", denominator: byte("B"),
                value: 510_025, offer: 7, to: &$0)
        }
        #expect(
            value
                == event(
                    view("SPX"),
                    [TickView.statistic(.indexValue, price: 5_100_250_000_000, [byte("C")])]))
        let sides = try bench.decode {
            OpraEncoder.underlyingValue(
                participant: byte("C"), type: byte("I"), symbol: "SPX", denominator: byte("B"),
                value: 510_020, offer: 510_030, to: &$0)
        }
        #expect(
            sides
                == event(
                    view("SPX"),
                    [
                        TickView.statistic(.indexBid, price: 5_100_200_000_000, [byte("C")]),
                        TickView.statistic(.indexOffer, price: 5_100_300_000_000, [byte("C")]),
                    ]))
    }

    @Test(arguments: ["C", "E", "F", "J", "L", "M", "P"])
    func controlMessages(type: String) throws {
        let ticks = try bench.decode {
            OpraEncoder.control(participant: byte("O"), type: byte(Character(type)), to: &$0)
        }
        #expect(ticks == event(view("-"), [TickView.status(.systemEvent, "H" + type)]))
    }

    /// Texts have a length of their own; the message behind is found.
    @Test func messagesAreFoundBehindEachOther() throws {
        var text: [UInt8] = []
        OpraEncoder.administrative(text: Array("hello".utf8), to: &text)
        var quote: [UInt8] = []
        longQuote(
            indicator: "O", bid: [.init(participant: byte("N"), denominator: byte("I"))],
            offer: [.init(participant: byte("N"), denominator: byte("I"))], to: &quote)
        let ticks = try bench.decode([quote, text, quote])
        #expect(ticks.map(\.sequence) == [9, 9, 9, 9, 11, 11, 11, 11])
        #expect(bench.counters.messageTotal == 3)
    }
}
