import Protocols
import TestSupport
import Testing
import Ticks
import Wire

/// Quotes of CQS, and what the NBBO indicator says (others.md §3).
@Suite struct CTAQuoteTests {
    private let bench: ConsolidatedBench
    private static let time: UInt64 = 1_700_000_000_000_000_321

    init() throws { bench = try ConsolidatedBench("cqs") }

    private func view(_ symbol: String) -> TickView {
        TickView(kind: .status, instrument: symbol, time: Self.time, sequence: 9)
    }

    @Test func shortQuote() throws {
        let ticks = try bench.decode {
            CtaEncoder.shortQuote(
                participant: byte("P"), seconds: 1_700_000_000, nanoseconds: 321, messageId: 1,
                transactionId: 2, reference: 3, symbol: "IBM", bidPrice: 15025, bidSize: 300,
                offerPrice: 15030, offerSize: 200, primaryListing: byte("N"), nbbo: byte("A"),
                to: &$0)
        }
        #expect(
            ticks
                == event(
                    view("IBM"),
                    [
                        TickView.quote(
                            .participant, .bid, 150_250_000_000, 300_000_000, [byte("P")]),
                        TickView.quote(
                            .participant, .ask, 150_300_000_000, 200_000_000, [byte("P")]),
                    ]))
        #expect(bench.directory.entries.map(\.venue) == ["CTA"])
        #expect(bench.directory.entries[0].details == "quantity_unit=0.000001")
    }

    @Test func longQuoteIsTheNationalBest() throws {
        let ticks = try bench.decode { longQuote(nbbo: "G", to: &$0) }
        let own = [byte("T"), byte("R"), byte("C"), byte("A")]
        let national = [byte("T"), byte("R"), byte("C"), byte("E")]
        #expect(
            ticks
                == event(
                    view("BRK.A"),
                    [
                        TickView.quote(
                            .participant, .bid, 500_000_125_000_000, 3_000_000, own,
                            member: "ABCD"),
                        TickView.quote(
                            .participant, .ask, 500_001_000_000_000, 4_000_000, own,
                            member: "ABCD"),
                        TickView.quote(
                            .national, .bid, 500_000_125_000_000, 3_000_000, national,
                            member: "ABCD"),
                        TickView.quote(
                            .national, .ask, 500_001_000_000_000, 4_000_000, national,
                            member: "ABCD"),
                    ]))
    }

    private func longQuote(
        nbbo: Character, status: Character = " ",
        bidShort: [CtaLongQuoteBidShortValues] = [], bidLong: [CtaLongQuoteBidLongValues] = [],
        offerShort: [CtaLongQuoteOfferShortValues] = [],
        offerLong: [CtaLongQuoteOfferLongValues] = [], to bytes: inout [UInt8]
    ) {
        CtaEncoder.longQuote(
            participant: byte("T"), seconds: 1_700_000_000, nanoseconds: 321, symbol: "BRK.A",
            instrumentType: byte("0"), condition: byte("R"), securityStatus: byte(status),
            bidPrice: 500_000_125_000, bidSize: 3, offerPrice: 500_001_000_000, offerSize: 4,
            retailInterest: byte("C"), mpid: "ABCD", luld: byte("A"), nbboLuld: byte("E"),
            nbbo: byte(nbbo), bidShort: bidShort, bidLong: bidLong, offerShort: offerShort,
            offerLong: offerLong, to: &bytes)
    }

    /// Which sides become ticks, and from where, for every indicator: `.` unchanged, `q` this quote,
    /// `s` short appendage, `l` long appendage, `0` none.
    @Test(arguments: [
        (" ", ".."), ("A", ".."), ("B", ".q"), ("C", ".s"), ("D", ".l"), ("E", ".0"),
        ("F", "q."), ("G", "qq"), ("H", "qs"), ("I", "ql"), ("J", "q0"),
        ("K", "0."), ("L", "0q"), ("M", "0s"), ("N", "0l"), ("O", "00"),
        ("P", "s."), ("Q", "l."), ("R", "sq"), ("S", "lq"), ("T", "ss"), ("U", "ll"),
        ("V", "s0"), ("W", "l0"),
    ])
    func everyIndicator(letter: String, sides: String) throws {
        let forms = Array(sides)
        let ticks = try bench.decode {
            longQuote(
                nbbo: Character(letter),
                bidShort: forms[0] == "s"
                    ? [CtaLongQuoteBidShortValues(participant: byte("Z"), price: 101, size: 5)]
                    : [],
                bidLong: forms[0] == "l"
                    ? [
                        CtaLongQuoteBidLongValues(
                            participant: byte("D"), condition: byte("O"), price: 1_000_001,
                            size: 6, mpid: "WXYZ")
                    ] : [],
                offerShort: forms[1] == "s"
                    ? [CtaLongQuoteOfferShortValues(participant: byte("Y"), price: 102, size: 7)]
                    : [],
                offerLong: forms[1] == "l"
                    ? [
                        CtaLongQuoteOfferLongValues(
                            participant: byte("K"), condition: byte("F"), price: 1_000_002,
                            size: 8, mpid: "    ")
                    ] : [], to: &$0)
        }
        let luld = byte("E")
        let own = [byte("T"), byte("R"), byte("C"), luld]
        var expected: [(inout TickView) -> Void] = []
        switch forms[0] {
        case "q":
            expected.append(
                TickView.quote(
                    .national, .bid, 500_000_125_000_000, 3_000_000, own, member: "ABCD"))
        case "s":
            expected.append(
                TickView.quote(
                    .national, .bid, 1_010_000_000, 5_000_000, [byte("Z"), 0, 0, luld]))
        case "l":
            expected.append(
                TickView.quote(
                    .national, .bid, 1_000_001_000, 6_000_000, [byte("D"), byte("O"), 0, luld],
                    member: "WXYZ"))
        case "0": expected.append(TickView.quote(.national, .bid, 0, 0, []))
        default: break
        }
        switch forms[1] {
        case "q":
            expected.append(
                TickView.quote(
                    .national, .ask, 500_001_000_000_000, 4_000_000, own, member: "ABCD"))
        case "s":
            expected.append(
                TickView.quote(
                    .national, .ask, 1_020_000_000, 7_000_000, [byte("Y"), 0, 0, luld]))
        case "l":
            expected.append(
                TickView.quote(
                    .national, .ask, 1_000_002_000, 8_000_000, [byte("K"), byte("F"), 0, luld]))
        case "0": expected.append(TickView.quote(.national, .ask, 0, 0, []))
        default: break
        }
        #expect(ticks.prefix(2).allSatisfy { $0.detail == QuoteDetail.participant.rawValue })
        #expect(Array(ticks.dropFirst(2)) == event(view("BRK.A"), expected))
        #expect(ticks.last?.flags.contains(.lastOfEvent) == true)
        #expect(bench.counters.unexpectedLength == 0)
    }

    /// Security statuses 0 and 9 say that the prices are a band and no quote.
    @Test(arguments: ["0", "9"])
    func priceBand(status: String) throws {
        let ticks = try bench.decode {
            longQuote(nbbo: "G", status: Character(status), to: &$0)
        }
        let letter = UInt32(byte(Character(status)))
        #expect(
            ticks
                == event(
                    view("BRK.A"),
                    [
                        TickView.limits(.bandLower, 500_000_125_000_000, letter),
                        TickView.limits(.bandUpper, 500_001_000_000_000, letter),
                    ]))
    }

    @Test func haltIsAStatus() throws {
        let ticks = try bench.decode { longQuote(nbbo: " ", status: "M", to: &$0) }
        #expect(ticks.map(\.kind) == [.status, .quote, .quote])
        #expect(ticks[0].detail == StatusDetail.trading.rawValue && ticks[0].extra == letters("M"))
    }

    @Test func specialLongQuote() throws {
        let ticks = try bench.decode {
            CtaEncoder.specialLongQuote(
                participant: byte("D"), seconds: 1_700_000_000, nanoseconds: 321, symbol: "GE",
                condition: byte("R"), bidPrice: 1_000_000, bidSize: 1, offerPrice: 2_000_000,
                offerSize: 2, mpid: "ADFX", finraBidCondition: byte("O"),
                finraBidPrice: 1_100_000, finraBidSize: 3, finraBidMpid: "ADFY",
                finraOfferCondition: byte("C"), finraOfferPrice: 1_900_000, finraOfferSize: 4,
                finraOfferMpid: "ADFZ", finraLuld: byte("B"), nbboLuld: byte("A"),
                nbbo: byte("J"), to: &$0)
        }
        let d = byte("D")
        #expect(
            ticks
                == event(
                    view("GE"),
                    [
                        TickView.quote(
                            .participant, .bid, 1_000_000_000, 1_000_000, [d, byte("R"), 32],
                            member: "ADFX"),
                        TickView.quote(
                            .participant, .ask, 2_000_000_000, 2_000_000, [d, byte("R"), 32],
                            member: "ADFX"),
                        TickView.quote(
                            .finra, .bid, 1_100_000_000, 3_000_000, [d, byte("O"), 0, byte("B")],
                            member: "ADFY"),
                        TickView.quote(
                            .finra, .ask, 1_900_000_000, 4_000_000, [d, byte("C"), 0, byte("B")],
                            member: "ADFZ"),
                        TickView.quote(
                            .national, .bid, 1_000_000_000, 1_000_000,
                            [d, byte("R"), 32, byte("A")], member: "ADFX"),
                        TickView.quote(.national, .ask, 0, 0, []),
                    ]))
    }

    /// Short and long forms of a symbol are one instrument.
    @Test func formsShareTheirInstrument() throws {
        _ = try bench.decode { CtaEncoder.shortQuote(symbol: "GE", to: &$0) }
        _ = try bench.decode { CtaEncoder.longQuote(symbol: "GE", to: &$0) }
        _ = try bench.decode { CtaEncoder.longQuote(symbol: "ABCDEFG.PRA", to: &$0) }
        #expect(bench.directory.entries.map(\.symbol) == ["GE", "ABCDEFG.PRA"])
    }

    @Test func hostileValuesAreCounted() throws {
        let ticks = try bench.decode {
            CtaEncoder.longQuote(
                symbol: "X", bidPrice: .max, bidSize: .max, offerPrice: 1 << 53, nbbo: byte("G"),
                to: &$0)
        }
        #expect(
            ticks.map(\.price) == [nil, 9_007_199_254_740_992_000, nil, 9_007_199_254_740_992_000])
        #expect(bench.counters.unrepresentable == 2)
        // An appendage that is not there.
        let cut = try bench.decode { CtaEncoder.longQuote(symbol: "X", nbbo: byte("U"), to: &$0) }
        #expect(cut.isEmpty)
        let other = try bench.decode { CtaEncoder.indexMessageOfCTS(to: &$0) }
        #expect(other.isEmpty)
        #expect(bench.counters.unexpectedLength == 1 && bench.counters.unknownType == 1)
        #expect(bench.counters.messageTotal == 1)
    }

    @Test func fullDirectoryIsCounted() throws {
        let small = try ConsolidatedBench("cqs", instruments: 1)
        let ticks = try small.decode(
            ["A", "B", "A"].map { symbol in
                var bytes: [UInt8] = []
                CtaEncoder.shortQuote(symbol: symbol, to: &bytes)
                return bytes
            })
        #expect(ticks.map(\.instrument) == ["A", "A", "-", "-", "A", "A"])
        #expect(small.counters.directoryFull == 1)
    }
}

extension CtaEncoder {
    /// A message that the quote feed does not have.
    fileprivate static func indexMessageOfCTS(to bytes: inout [UInt8]) {
        index(symbol: "DJI", to: &bytes)
    }
}
