import Protocols
import TestSupport
import Testing
import Ticks
import Wire

/// UQDF quotes and their appendages (others.md §4).
@Suite struct UTPQuoteTests {
    private let bench: ConsolidatedBench
    private static let view = TickView(
        kind: .quote, instrument: "AKAM", time: 1_700_000_000_000_000_321, sequence: 9)
    private static let time = view.time

    init() throws { bench = try ConsolidatedBench("uqdf") }

    private static let own = [byte("K"), byte("R"), byte("A"), byte("B")]
    private static var quotes: [(inout TickView) -> Void] {
        [
            TickView.quote(.participant, .bid, 51_230_000_000, 3_000_000, own),
            TickView.quote(.participant, .ask, 51_240_000_000, 4_000_000, own),
        ]
    }

    private func short(
        nbbo: Character, bestShort: [UtpShortQuoteNbboShortValues] = [],
        bestLong: [UtpShortQuoteNbboLongValues] = [], to bytes: inout [UInt8]
    ) {
        UtpEncoder.shortQuote(
            version: byte("1"), marketCenter: byte("K"), sipTime: 5, participantTime: Self.time,
            symbol: "AKAM", bidPrice: 5123, bidSize: 3, askPrice: 5124, askSize: 4,
            condition: byte("R"), luld: byte("B"), retailInterest: byte("A"), nbbo: byte(nbbo),
            nbboLuld: byte("A"), nbboShort: bestShort, nbboLong: bestLong, to: &bytes)
    }

    /// What the indicator makes of the national best.
    @Test(arguments: ["0", "1", "2", "3", "4", "9"])
    func nationalBest(indicator: String) throws {
        let ticks = try bench.decode {
            short(
                nbbo: Character(indicator),
                bestShort: indicator == "2"
                    ? [
                        .init(
                            condition: byte("R"), bidCenter: byte("P"), bidPrice: 5122,
                            bidSize: 1, askCenter: byte("Q"), askPrice: 5125, askSize: 2)
                    ] : [],
                bestLong: indicator == "3"
                    ? [
                        .init(
                            condition: byte("O"), bidCenter: byte("Z"), bidPrice: 51_220_001,
                            bidSize: 70_000, askCenter: byte("V"), askPrice: 51_250_002,
                            askSize: 80_000)
                    ] : [], to: &$0)
        }
        let national = [byte("K"), byte("R"), byte("A"), byte("A")]
        let expected: [(inout TickView) -> Void] =
            switch indicator {
            case "1":
                [
                    TickView.quote(.national, .bid, 0, 0, []),
                    TickView.quote(.national, .ask, 0, 0, []),
                ]
            case "2":
                [
                    TickView.quote(
                        .national, .bid, 51_220_000_000, 1_000_000,
                        [byte("P"), byte("R"), 0, byte("A")]),
                    TickView.quote(
                        .national, .ask, 51_250_000_000, 2_000_000,
                        [byte("Q"), byte("R"), 0, byte("A")]),
                ]
            case "3":
                [
                    TickView.quote(
                        .national, .bid, 51_220_001_000, 70_000_000_000,
                        [byte("Z"), byte("O"), 0, byte("A")]),
                    TickView.quote(
                        .national, .ask, 51_250_002_000, 80_000_000_000,
                        [byte("V"), byte("O"), 0, byte("A")]),
                ]
            case "4":
                [
                    TickView.quote(.national, .bid, 51_230_000_000, 3_000_000, national),
                    TickView.quote(.national, .ask, 51_240_000_000, 4_000_000, national),
                ]
            default: []
            }
        #expect(ticks == event(Self.view, Self.quotes + expected))
    }

    /// The members' letters stand behind the national best on the wire.
    @Test func longQuoteWithMembers() throws {
        let ticks = try bench.decode {
            UtpEncoder.longQuote(
                marketCenter: byte("D"), participantTime: Self.time, symbol: "AKAM",
                bidPrice: 51_230_000, bidSize: 3, askPrice: 51_240_000, askSize: 4,
                condition: byte("R"), luld: byte("B"), retailInterest: byte("A"),
                nbbo: byte("2"), nbboLuld: byte("C"), adfMpidIndicator: byte("2"),
                nbboShort: [
                    .init(
                        condition: byte("R"), bidCenter: byte("P"), bidPrice: 5122, bidSize: 1,
                        askCenter: byte("Q"), askPrice: 5125, askSize: 2)
                ], adfMpid: [.init(bidMpid: "ABCD", askMpid: "EFGH")], to: &$0)
        }
        let own = [byte("D"), byte("R"), byte("A"), byte("B")]
        #expect(
            ticks
                == event(
                    Self.view,
                    [
                        TickView.quote(
                            .participant, .bid, 51_230_000_000, 3_000_000, own, member: "ABCD"),
                        TickView.quote(
                            .participant, .ask, 51_240_000_000, 4_000_000, own, member: "EFGH"),
                        TickView.quote(
                            .national, .bid, 51_220_000_000, 1_000_000,
                            [byte("P"), byte("R"), 0, byte("C")]),
                        TickView.quote(
                            .national, .ask, 51_250_000_000, 2_000_000,
                            [byte("Q"), byte("R"), 0, byte("C")]),
                    ]))
    }

    /// Odd lots come before the national best, so that its tick completes the message.
    @Test func combinedQuotes() throws {
        let odd: [(inout TickView) -> Void] = [
            TickView.quote(.oddLotBest, .bid, 51_235_000_000, 7_000_000, [byte("V")]),
            TickView.quote(.oddLotBest, .ask, 51_236_000_000, 8_000_000, [byte("U")]),
            TickView.quote(.oddLotLevel, .bid, 51_235_000_000, 9_000_000, [byte("V")]),
            TickView.quote(.oddLotLevel, .ask, 0, 0, [byte("U")]),
        ]
        let national: [(inout TickView) -> Void] = [
            TickView.quote(
                .national, .bid, 51_230_000_000, 3_000_000,
                [byte("K"), byte("R"), byte("A"), byte("A")]),
            TickView.quote(
                .national, .ask, 51_240_000_000, 4_000_000,
                [byte("K"), byte("R"), byte("A"), byte("A")]),
        ]
        let short = try bench.decode {
            UtpEncoder.shortCombinedQuote(
                marketCenter: byte("K"), participantTime: Self.time, symbol: "AKAM",
                bidPrice: 5123, bidSize: 3, askPrice: 5124, askSize: 4, condition: byte("R"),
                luld: byte("B"), retailInterest: byte("A"), nbbo: byte("4"),
                nbboLuld: byte("A"), bolo: byte("3"), oddLotForm: byte("3"),
                boloLong: [
                    .init(
                        bidCenter: byte("V"), bidPrice: 51_235_000, bidSize: 7,
                        askCenter: byte("U"), askPrice: 51_236_000, askSize: 8)
                ],
                oddLotLong: [
                    .init(center: byte("V"), side: byte("B"), price: 51_235_000, size: 9),
                    .init(center: byte("U"), side: byte("A"), price: 0, size: 0),
                ], to: &$0)
        }
        let long = try bench.decode {
            UtpEncoder.longCombinedQuote(
                marketCenter: byte("K"), participantTime: Self.time, symbol: "AKAM",
                bidPrice: 51_230_000, bidSize: 3, askPrice: 51_240_000, askSize: 4,
                condition: byte("R"), luld: byte("B"), retailInterest: byte("A"),
                nbbo: byte("4"), nbboLuld: byte("A"), adfMpidIndicator: byte("0"),
                bolo: byte("3"), oddLotForm: byte("3"),
                boloLong: [
                    .init(
                        bidCenter: byte("V"), bidPrice: 51_235_000, bidSize: 7,
                        askCenter: byte("U"), askPrice: 51_236_000, askSize: 8)
                ],
                oddLotLong: [
                    .init(center: byte("V"), side: byte("B"), price: 51_235_000, size: 9),
                    .init(center: byte("U"), side: byte("A"), price: 0, size: 0),
                ], to: &$0)
        }
        let expected = event(Self.view, Self.quotes + odd + national)
        #expect(short == expected)
        #expect(long == expected)
    }

    @Test func oddLotQuotes() throws {
        let short = try bench.decode {
            UtpEncoder.shortOddLotQuote(
                marketCenter: byte("K"), participantTime: Self.time, symbol: "AKAM",
                bolo: byte("2"), oddLotForm: byte("2"),
                boloShort: [
                    .init(
                        bidCenter: byte("V"), bidPrice: 5123, bidSize: 7, askCenter: byte("U"),
                        askPrice: 5124, askSize: 8)
                ],
                oddLotShort: [.init(center: byte("V"), side: byte("A"), price: 5124, size: 9)],
                to: &$0)
        }
        #expect(
            short
                == event(
                    Self.view,
                    [
                        TickView.quote(
                            .oddLotBest, .bid, 51_230_000_000, 7_000_000, [byte("V")]),
                        TickView.quote(
                            .oddLotBest, .ask, 51_240_000_000, 8_000_000, [byte("U")]),
                        TickView.quote(
                            .oddLotLevel, .ask, 51_240_000_000, 9_000_000, [byte("V")]),
                    ]))
        let long = try bench.decode {
            UtpEncoder.longOddLotQuote(
                marketCenter: byte("K"), participantTime: Self.time, symbol: "AKAM",
                bolo: byte("5"), oddLotForm: byte("5"),
                boloMpid: [
                    .init(
                        bidCenter: byte("D"), bidPrice: 51_230_000, bidSize: 7,
                        askCenter: byte("D"), askPrice: 51_240_000, askSize: 8,
                        bidMpid: "ABCD", askMpid: "EFGH")
                ],
                oddLotMpid: [
                    .init(
                        center: byte("D"), side: byte("B"), price: 51_230_000, size: 9,
                        mpid: "ABCD")
                ], to: &$0)
        }
        #expect(
            long
                == event(
                    Self.view,
                    [
                        TickView.quote(
                            .oddLotBest, .bid, 51_230_000_000, 7_000_000, [byte("D")],
                            member: "ABCD"),
                        TickView.quote(
                            .oddLotBest, .ask, 51_240_000_000, 8_000_000, [byte("D")],
                            member: "EFGH"),
                        TickView.quote(
                            .oddLotLevel, .bid, 51_230_000_000, 9_000_000, [byte("D")],
                            member: "ABCD"),
                    ]))
        let none = try bench.decode {
            UtpEncoder.shortOddLotQuote(
                symbol: "AKAM", bolo: byte("1"), oddLotForm: byte("0"), to: &$0)
        }
        #expect(none.map(\.price) == [0, 0] && none.map(\.quantity) == [0, 0])
        let unchanged = try bench.decode {
            UtpEncoder.shortOddLotQuote(
                symbol: "AKAM", bolo: byte("0"), oddLotForm: byte("0"), to: &$0)
        }
        #expect(unchanged.isEmpty)
    }

    @Test func finraMember() throws {
        let ticks = try bench.decode {
            UtpEncoder.adfQuote(
                marketCenter: byte("D"), participantTime: Self.time, symbol: "AKAM",
                bidPrice: 51_230_000, bidSize: 3, askPrice: 51_240_000, askSize: 4,
                condition: byte("R"), mpid: "ABCD", to: &$0)
        }
        let letters = [byte("D"), byte("R")]
        #expect(
            ticks
                == event(
                    Self.view,
                    [
                        TickView.quote(
                            .finra, .bid, 51_230_000_000, 3_000_000, letters, member: "ABCD"),
                        TickView.quote(
                            .finra, .ask, 51_240_000_000, 4_000_000, letters, member: "ABCD"),
                    ]))
    }

    @Test func damagedMessagesAreCounted() throws {
        // An appendage that is not there; more levels than a datagram holds.
        let cut = try bench.decode { short(nbbo: "3", to: &$0) }
        let long = try bench.decode {
            UtpEncoder.shortOddLotQuote(
                symbol: "AKAM", bolo: byte("0"), oddLotForm: byte("2"),
                oddLotShort: Array(repeating: .init(), count: 241), to: &$0)
        }
        #expect(cut.isEmpty && long.isEmpty && bench.counters.unexpectedLength == 2)
        let most = try bench.decode {
            UtpEncoder.shortOddLotQuote(
                symbol: "AKAM", bolo: byte("1"), oddLotForm: byte("2"),
                oddLotShort: Array(repeating: .init(), count: 240), to: &$0)
        }
        #expect(most.count == 242)
        let foreign = try bench.decode { UtpEncoder.longTrade(symbol: "AKAM", to: &$0) }
        #expect(foreign.isEmpty && bench.counters.unknownType == 1)
    }
}
