import Protocols
import TestSupport
import Testing
import Ticks
import Wire

/// Trades, cancels, corrections and prior days of CTS (others.md §3).
@Suite struct CTATradeTests {
    private let bench: ConsolidatedBench
    private static let time: UInt64 = 1_700_000_000_000_000_321
    private static let view = TickView(
        kind: .trade, instrument: "IBM", time: time, sequence: 9)

    init() throws { bench = try ConsolidatedBench("cts") }

    private func verify(
        _ ticks: [TickView], _ expected: [(inout TickView) -> Void],
        _ location: SourceLocation = #_sourceLocation
    ) {
        #expect(ticks == event(Self.view, expected), sourceLocation: location)
    }

    @Test(arguments: [("1", "C   "), ("2", " C  "), ("3", "  C "), ("4", "   C"), (" ", "C   ")])
    func shortTrade(category: String, conditions: String) throws {
        let ticks = try bench.decode {
            CtaEncoder.shortTrade(
                participant: byte("D"), seconds: 1_700_000_000, nanoseconds: 321,
                reference: 1234, symbol: "IBM", saleCondition: byte("C"),
                conditionCategory: byte(Character(category)), price: 15025, volume: 100,
                to: &$0)
        }
        verify(
            ticks,
            [
                TickView.sale(
                    .trade, id: 1234, price: 150_250_000_000, quantity: 100_000_000, byte("D"),
                    conditions)
            ])
    }

    @Test func fractionalShortTrade() throws {
        let ticks = try bench.decode {
            CtaEncoder.fractionalShortTrade(
                participant: byte("D"), seconds: 1_700_000_000, nanoseconds: 321,
                reference: -1, symbol: "IBM", saleCondition: byte("O"),
                conditionCategory: byte("3"), price: 15025, volume: 1_500_000, to: &$0)
        }
        verify(
            ticks,
            [
                TickView.sale(
                    .trade, id: .max, price: 150_250_000_000, quantity: 1_500_000, byte("D"),
                    "  O ", flags: .auction)
            ])
    }

    /// Openings, reopenings, closings and crosses are parts of auctions; official prices repeat what
    /// other trades told.
    @Test(
        arguments: [
            ("    ", []), (" F I", []), (" 5  ", .auction), (" 6 M", [.auction, .nonPrintable]),
            ("  O ", .auction), ("   X", .auction), ("  T ", []), (" 7 V", []),
            ("   M", .nonPrintable), ("@  Q", .nonPrintable), ("@9  ", .nonPrintable), ("9   ", []),
        ] as [(String, TickFlags)])
    func longTrades(conditions: String, flags: TickFlags) throws {
        let whole = try bench.decode {
            CtaEncoder.longTrade(
                participant: byte("N"), seconds: 1_700_000_000, nanoseconds: 321,
                reference: 77, symbol: "IBM", instrumentType: byte("0"),
                saleCondition: conditions, price: 1_500_001, volume: 17, sellerDays: 2,
                trf: byte("T"), to: &$0)
        }
        let fractional = try bench.decode {
            CtaEncoder.fractionalLongTrade(
                participant: byte("N"), seconds: 1_700_000_000, nanoseconds: 321,
                reference: 77, symbol: "IBM", instrumentType: byte("0"),
                saleCondition: conditions, price: 1_500_001, volume: 17_000_000, to: &$0)
        }
        for ticks in [whole, fractional] {
            verify(
                ticks,
                [
                    TickView.sale(
                        .trade, id: 77, price: 1_500_001_000, quantity: 17_000_000, byte("N"),
                        conditions, flags: flags)
                ])
        }
    }

    private static var totals: [(inout TickView) -> Void] {
        [
            TickView.statistic(.last, price: 2_000_000_000, [byte("P"), byte("C")]),
            TickView.statistic(.high, price: 3_000_000_000, [0, byte("C")]),
            TickView.statistic(.low, price: 1_000_000_000, [0, byte("C")]),
            TickView.statistic(.volume, quantity: 5_000_000, [0, byte("C")]),
            TickView.statistic(.last, price: 2_100_000_000, [byte("N"), byte("M")]),
            TickView.statistic(.high, price: 2_900_000_000, [byte("N"), byte("M")]),
            TickView.statistic(.low, price: 1_100_000_000, [byte("N"), byte("M")]),
            TickView.statistic(.open, price: 1_900_000_000, [byte("N"), byte("M")]),
            TickView.statistic(.volume, quantity: 4_000_000, [byte("N"), byte("M")]),
        ]
    }

    @Test func cancels() throws {
        let whole = try bench.decode {
            CtaEncoder.tradeCancel(
                participant: byte("N"), seconds: 1_700_000_000, nanoseconds: 321,
                reference: 5, symbol: "IBM", saleCondition: "@F I", price: 1_500_000, volume: 9,
                originalReference: 77, action: byte("1"),
                consolidatedLastParticipant: byte("P"), consolidatedLast: 2_000_000,
                consolidatedHigh: 3_000_000, consolidatedLow: 1_000_000, consolidatedVolume: 5,
                participantLast: 2_100_000, participantHigh: 2_900_000,
                participantLow: 1_100_000, participantOpen: 1_900_000, participantVolume: 4,
                to: &$0)
        }
        let fractional = try bench.decode {
            CtaEncoder.fractionalTradeCancel(
                participant: byte("N"), seconds: 1_700_000_000, nanoseconds: 321,
                reference: 5, symbol: "IBM", saleCondition: "@F I", price: 1_500_000,
                volume: 9_000_000, originalReference: 77, action: byte("2"),
                consolidatedLastParticipant: byte("P"), consolidatedLast: 2_000_000,
                consolidatedHigh: 3_000_000, consolidatedLow: 1_000_000,
                consolidatedVolume: 5_000_000, participantLast: 2_100_000,
                participantHigh: 2_900_000, participantLow: 1_100_000,
                participantOpen: 1_900_000, participantVolume: 4_000_000, to: &$0)
        }
        for ticks in [whole, fractional] {
            verify(
                ticks,
                [
                    TickView.sale(
                        .tradeBreak, id: 77, price: 1_500_000_000, quantity: 9_000_000,
                        byte("N"), "@F I")
                ] + Self.totals)
        }
    }

    @Test func corrections() throws {
        let whole = try bench.decode {
            CtaEncoder.tradeCorrection(
                participant: byte("N"), seconds: 1_700_000_000, nanoseconds: 321,
                reference: 78, symbol: "IBM", correctedCondition: " 6  ",
                correctedPrice: 1_600_000, correctedVolume: 10, originalReference: 77,
                originalCondition: " F  ", originalPrice: 1_500_000, originalVolume: 9,
                consolidatedLastParticipant: byte("P"), consolidatedLast: 2_000_000,
                consolidatedHigh: 3_000_000, consolidatedLow: 1_000_000, consolidatedVolume: 5,
                participantLast: 2_100_000, participantHigh: 2_900_000,
                participantLow: 1_100_000, participantOpen: 1_900_000, participantVolume: 4,
                to: &$0)
        }
        let fractional = try bench.decode {
            CtaEncoder.fractionalTradeCorrection(
                participant: byte("N"), seconds: 1_700_000_000, nanoseconds: 321,
                reference: 78, symbol: "IBM", correctedCondition: " 6  ",
                correctedPrice: 1_600_000, correctedVolume: 10_000_000, originalReference: 77,
                originalCondition: " F  ", originalPrice: 1_500_000, originalVolume: 9_000_000,
                consolidatedLastParticipant: byte("P"), consolidatedLast: 2_000_000,
                consolidatedHigh: 3_000_000, consolidatedLow: 1_000_000,
                consolidatedVolume: 5_000_000, participantLast: 2_100_000,
                participantHigh: 2_900_000, participantLow: 1_100_000,
                participantOpen: 1_900_000, participantVolume: 4_000_000, to: &$0)
        }
        for ticks in [whole, fractional] {
            verify(
                ticks,
                [
                    TickView.sale(
                        .tradeCorrect, id: 77, price: 1_500_000_000, quantity: 9_000_000,
                        byte("N"), " F  ", flags: .replaced),
                    TickView.sale(
                        .tradeCorrect, id: 78, price: 1_600_000_000, quantity: 10_000_000,
                        byte("N"), " 6  ", flags: .auction),
                ] + Self.totals)
        }
    }

    /// Totals that are not used are 0 and no ticks.
    @Test func unusedTotalsAreLeftOut() throws {
        let ticks = try bench.decode {
            CtaEncoder.tradeCancel(symbol: "IBM", originalReference: 1, to: &$0)
        }
        #expect(ticks.map(\.kind) == [.tradeBreak])
    }

    @Test func priorDays() throws {
        let time = TickView.statistic(.tradeTime, quantity: 1_600_000_000_000_000_005)
        let trade = try [
            bench.decode {
                CtaEncoder.priorDayTrade(
                    participant: byte("D"), seconds: 1_700_000_000, nanoseconds: 321,
                    reference: 4, symbol: "IBM", saleCondition: "   I", price: 1_000_000,
                    volume: 3, priorSeconds: 1_600_000_000, priorNanoseconds: 5, to: &$0)
            },
            bench.decode {
                CtaEncoder.fractionalPriorDayTrade(
                    participant: byte("D"), seconds: 1_700_000_000, nanoseconds: 321,
                    reference: 4, symbol: "IBM", saleCondition: "   I", price: 1_000_000,
                    volume: 3_000_000, priorSeconds: 1_600_000_000, priorNanoseconds: 5,
                    to: &$0)
            },
        ]
        let void = try [
            bench.decode {
                CtaEncoder.priorDayCancel(
                    participant: byte("D"), seconds: 1_700_000_000, nanoseconds: 321,
                    reference: 4, symbol: "IBM", saleCondition: "   I", price: 1_000_000,
                    volume: 3, priorSeconds: 1_600_000_000, priorNanoseconds: 5, to: &$0)
            },
            bench.decode {
                CtaEncoder.fractionalPriorDayCancel(
                    participant: byte("D"), seconds: 1_700_000_000, nanoseconds: 321,
                    reference: 4, symbol: "IBM", saleCondition: "   I", price: 1_000_000,
                    volume: 3_000_000, priorSeconds: 1_600_000_000, priorNanoseconds: 5,
                    to: &$0)
            },
        ]
        for (kind, messages) in [(TickKind.trade, trade), (.tradeBreak, void)] {
            for ticks in messages {
                verify(
                    ticks,
                    [
                        TickView.sale(
                            kind, id: 4, price: 1_000_000_000, quantity: 3_000_000, byte("D"),
                            "   I", flags: .nonPrintable), time,
                    ])
            }
        }
        let corrections = try [
            bench.decode {
                CtaEncoder.priorDayCorrection(
                    participant: byte("D"), seconds: 1_700_000_000, nanoseconds: 321,
                    reference: 4, symbol: "IBM", correctedCondition: "   I",
                    correctedPrice: 1_000_000, correctedVolume: 3, to: &$0)
            },
            bench.decode {
                CtaEncoder.fractionalPriorDayCorrection(
                    participant: byte("D"), seconds: 1_700_000_000, nanoseconds: 321,
                    reference: 4, symbol: "IBM", correctedCondition: "   I",
                    correctedPrice: 1_000_000, correctedVolume: 3_000_000, to: &$0)
            },
        ]
        for ticks in corrections {
            verify(
                ticks,
                [
                    TickView.sale(
                        .tradeCorrect, id: 4, price: 1_000_000_000, quantity: 3_000_000,
                        byte("D"), "   I", flags: .nonPrintable)
                ])
        }
    }

    @Test func volumesThatDoNotFit() throws {
        let ticks = try bench.decode {
            CtaEncoder.fractionalLongTrade(symbol: "IBM", price: .max, volume: .max, to: &$0)
        }
        #expect(ticks.map(\.price) == [nil] && ticks.map(\.quantity) == [nil])
        #expect(bench.counters.unrepresentable == 2)
    }
}
