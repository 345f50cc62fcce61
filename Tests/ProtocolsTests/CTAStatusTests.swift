import Protocols
import TestSupport
import Testing
import Ticks
import Wire

/// Directory, status, limits and statistics of CQS and CTS (others.md §3).
@Suite struct CTAStatusTests {
    private let cts: ConsolidatedBench
    private let cqs: ConsolidatedBench

    init() throws {
        cts = try ConsolidatedBench("cts")
        cqs = try ConsolidatedBench("cqs")
    }

    private func view(_ symbol: String) -> TickView {
        TickView(kind: .status, instrument: symbol, time: 7_000_000_008, sequence: 9)
    }

    @Test func symbolReference() throws {
        for bench in [cts, cqs] {
            let ticks = try bench.decode {
                CtaEncoder.symbolReference(
                    participant: byte("S"), seconds: 7, nanoseconds: 8, symbol: "JENA",
                    priorSymbol: "OLD", primaryListing: byte("N"), previousClose: 10_210_000,
                    consolidatedClose: 10_220_000, roundLot: 40, priceIncrement: byte("2"),
                    luldTier: byte("2"), leverage: 1_500_000, test: byte("0"), ipo: byte("1"),
                    financialStatus: byte("0"), shortSaleRestriction: byte("A"),
                    haltReason: byte("P"), instrumentType: byte("0"), to: &$0)
            }
            #expect(
                ticks
                    == event(
                        view("JENA"),
                        [
                            { $0.kind = .definition },
                            TickView.status(.shortSaleRestriction, "A"),
                            TickView.status(.tradingReason, "P"),
                            TickView.statistic(
                                .previousClose, price: 10_210_000_000, [byte("N"), byte("M")]),
                            TickView.statistic(
                                .previousClose, price: 10_220_000_000, [0, byte("C")]),
                        ]))
            let entry = bench.directory.entries[0]
            #expect(entry.lotSize == 40_000_000 && entry.tickSize == 5_000_000)
            #expect(
                entry.details.split(separator: "\n") == [
                    "type=equity", "prior_symbol=OLD", "leverage=1.5", "primary_listing=N",
                    "luld_tier=2", "test=0", "ipo=1", "financial_status=0",
                    "quantity_unit=0.000001",
                ])
        }
    }

    /// Without the letters that need not be there.
    @Test func bareSymbolReference() throws {
        let ticks = try cts.decode {
            CtaEncoder.symbolReference(seconds: 7, nanoseconds: 8, symbol: "A", to: &$0)
        }
        #expect(ticks == event(view("A"), [{ $0.kind = .definition }]))
        #expect(cts.directory.entries[0].tickSize == 0)
    }

    @Test func tradingStatusWithABand() throws {
        let ticks = try cts.decode {
            CtaEncoder.tradingStatus(
                participant: byte("S"), seconds: 7, nanoseconds: 8, symbol: "ANW",
                highPrice: 5_800_000, lowPrice: 3_800_000, securityStatus: byte("F"),
                haltReason: byte(" "), luld: byte("B"), to: &$0)
        }
        #expect(
            ticks
                == event(
                    view("ANW"),
                    [
                        TickView.status(.trading, "F"), TickView.status(.tradingReason, " "),
                        TickView.status(.limitState, "B"),
                        TickView.limits(.bandLower, 3_800_000_000, letters("B")),
                        TickView.limits(.bandUpper, 5_800_000_000, letters("B")),
                    ]))
    }

    @Test func tradingStatusWithIndicationAndImbalance() throws {
        let ticks = try cts.decode {
            CtaEncoder.tradingStatus(
                participant: byte("N"), seconds: 7, nanoseconds: 8, symbol: "ANW",
                last: 4_000_000, highPrice: 5_800_000, lowPrice: 3_800_000, buyVolume: 5,
                sellVolume: 6, securityStatus: byte("5"), haltReason: byte("D"),
                shortSaleRestriction: byte("C"), luld: byte(" "), to: &$0)
        }
        let own = [byte("N"), byte("M")]
        func imbalance(_ side: Side, _ quantity: Int64) -> (inout TickView) -> Void {
            {
                $0.kind = .imbalance
                $0.side = side
                $0.quantity = quantity
                $0.flags = .auction
                $0.detail = ImbalanceDetail.imbalance.rawValue
                $0.extra = letters("5")
            }
        }
        #expect(
            ticks
                == event(
                    view("ANW"),
                    [
                        TickView.status(.trading, "5"), TickView.status(.tradingReason, "D"),
                        TickView.status(.shortSaleRestriction, "C"),
                        TickView.statistic(.indicationLow, price: 3_800_000_000, own),
                        TickView.statistic(.indicationHigh, price: 5_800_000_000, own),
                        TickView.statistic(.last, price: 4_000_000_000, own),
                        imbalance(.bid, 5_000_000), imbalance(.ask, 6_000_000),
                    ]))
    }

    @Test func auctionStatus() throws {
        let expected = event(
            view("ANW"),
            [
                TickView.limits(.reference, 10_000_000_000, 2, flags: .auction),
                TickView.limits(.upper, 11_000_000_000, 2, flags: .auction),
                TickView.limits(.lower, 9_000_000_000, 2, flags: .auction),
            ])
        let quotes = try cqs.decode {
            CtaEncoder.quoteAuctionStatus(
                seconds: 7, nanoseconds: 8, symbol: "ANW", referencePrice: 10_000_000,
                upperPrice: 11_000_000, lowerPrice: 9_000_000, extensions: 2, to: &$0)
        }
        let trades = try cts.decode {
            CtaEncoder.tradeAuctionStatus(
                seconds: 7, nanoseconds: 8, symbol: "ANW", referencePrice: 10_000_000,
                upperPrice: 11_000_000, lowerPrice: 9_000_000, extensions: 2, to: &$0)
        }
        #expect(quotes == expected)
        #expect(trades == expected)
    }

    @Test func breakers() throws {
        for bench in [cts, cqs] {
            let levels = try bench.decode {
                CtaEncoder.breakerLevels(
                    seconds: 7, nanoseconds: 8, level1: 6_150_000_000, level2: 5_750_000_000,
                    level3: 5_290_000_000, to: &$0)
            }
            #expect(
                levels
                    == event(
                        view("-"),
                        [
                            TickView.limits(.breakerLevel1, 6_150_000_000_000),
                            TickView.limits(.breakerLevel2, 5_750_000_000_000),
                            TickView.limits(.breakerLevel3, 5_290_000_000_000),
                        ]))
            let status = try bench.decode {
                CtaEncoder.breakerStatus(seconds: 7, nanoseconds: 8, level: byte("2"), to: &$0)
            }
            #expect(status == event(view("-"), [TickView.status(.marketWideBreaker, "2")]))
        }
    }

    @Test func milestones() throws {
        func status(_ text: String) -> [TickView] {
            event(view("-"), [TickView.status(.systemEvent, text)])
        }
        func both(_ text: String, _ write: @escaping (inout [UInt8]) -> Void) throws {
            for bench in [cts, cqs] { #expect(try bench.decode(write) == status(text)) }
        }
        try both("CA") { CtaEncoder.startOfDay(seconds: 7, nanoseconds: 8, to: &$0) }
        try both("CP") { CtaEncoder.disasterRecovery(seconds: 7, nanoseconds: 8, to: &$0) }
        try both("CZ") { CtaEncoder.endOfDay(seconds: 7, nanoseconds: 8, to: &$0) }
        let quotes = try [
            cqs.decode { CtaEncoder.finraClose(seconds: 7, nanoseconds: 8, to: &$0) },
            cqs.decode { CtaEncoder.finraOpen(seconds: 7, nanoseconds: 8, to: &$0) },
        ]
        #expect(quotes == ["CC", "CO"].map(status))
        let trades = try [
            cts.decode { CtaEncoder.startOfEndOfDaySummary(seconds: 7, nanoseconds: 8, to: &$0) },
            cts.decode { CtaEncoder.endOfEndOfDaySummary(seconds: 7, nanoseconds: 8, to: &$0) },
            cts.decode { CtaEncoder.startOfStartOfDaySummary(seconds: 7, nanoseconds: 8, to: &$0) },
            cts.decode { CtaEncoder.endOfStartOfDaySummary(seconds: 7, nanoseconds: 8, to: &$0) },
        ]
        #expect(trades == ["AA", "AB", "AC", "AD"].map(status))
    }

    @Test func summaries() throws {
        let start = try cts.decode {
            CtaEncoder.startOfDaySummary(
                seconds: 7, nanoseconds: 8, symbol: "ANW", summaryParticipant: byte("N"),
                closeDate: 1, previousClose: 10_000_000, shortSaleRestriction: byte("C"),
                participantCount: 14, to: &$0)
        }
        #expect(
            start
                == event(
                    view("ANW"),
                    [
                        TickView.status(.shortSaleRestriction, "C"),
                        TickView.statistic(
                            .previousClose, price: 10_000_000_000, [byte("N"), byte("C")]),
                    ]))
        let own = try cts.decode {
            CtaEncoder.participantStartOfDaySummary(
                seconds: 7, nanoseconds: 8, symbol: "ANW", summaryParticipant: byte("K"),
                previousClose: 11_000_000, to: &$0)
        }
        #expect(
            own
                == event(
                    view("ANW"),
                    [
                        TickView.statistic(
                            .previousClose, price: 11_000_000_000, [byte("K"), byte("M")])
                    ]))
    }

    @Test func endOfDaySummaries() throws {
        let all: [(inout TickView) -> Void] = [
            TickView.statistic(.last, price: 2_000_000_000, [byte("N"), byte("C")]),
            TickView.statistic(.high, price: 3_000_000_000, [0, byte("C")]),
            TickView.statistic(.low, price: 1_000_000_000, [0, byte("C")]),
            TickView.statistic(.volume, quantity: 7_000_000, [0, byte("C")]),
        ]
        let whole = try cts.decode {
            CtaEncoder.endOfDaySummary(
                seconds: 7, nanoseconds: 8, symbol: "ANW", lastParticipant: byte("N"),
                last: 2_000_000, high: 3_000_000, low: 1_000_000, volume: 7, to: &$0)
        }
        let fractional = try cts.decode {
            CtaEncoder.fractionalEndOfDaySummary(
                seconds: 7, nanoseconds: 8, symbol: "ANW", lastParticipant: byte("N"),
                last: 2_000_000, high: 3_000_000, low: 1_000_000, volume: 7_000_000, to: &$0)
        }
        #expect([whole, fractional] == [event(view("ANW"), all), event(view("ANW"), all)])
        let letters = [byte("K"), byte("M")]
        let one: [(inout TickView) -> Void] = [
            TickView.statistic(.last, price: 2_000_000_000, letters),
            TickView.statistic(.high, price: 3_000_000_000, letters),
            TickView.statistic(.low, price: 1_000_000_000, letters),
            TickView.statistic(.open, price: 1_500_000_000, letters),
            TickView.statistic(.volume, quantity: 7_000_000, letters),
        ]
        let ownWhole = try cts.decode {
            CtaEncoder.participantEndOfDaySummary(
                seconds: 7, nanoseconds: 8, symbol: "ANW", summaryParticipant: byte("K"),
                last: 2_000_000, high: 3_000_000, low: 1_000_000, open: 1_500_000, volume: 7,
                to: &$0)
        }
        let ownFractional = try cts.decode {
            CtaEncoder.fractionalParticipantEndOfDaySummary(
                seconds: 7, nanoseconds: 8, symbol: "ANW", summaryParticipant: byte("K"),
                last: 2_000_000, high: 3_000_000, low: 1_000_000, open: 1_500_000,
                volume: 7_000_000, to: &$0)
        }
        #expect([ownWhole, ownFractional] == [event(view("ANW"), one), event(view("ANW"), one)])
    }

    @Test func indexValues() throws {
        let market = [byte("N"), byte("M")]
        let value = try cts.decode {
            CtaEncoder.index(
                participant: byte("N"), seconds: 7, nanoseconds: 8, symbol: "NEAR.IV",
                value: 50_226_700, to: &$0)
        }
        #expect(
            value
                == event(
                    view("NEAR.IV"),
                    [TickView.statistic(.indexValue, price: 50_226_700_000, market)]))
        let sides = try cts.decode {
            CtaEncoder.bidOfferIndex(
                participant: byte("N"), seconds: 7, nanoseconds: 8, symbol: "X", bid: 1_000_000,
                offer: -1_000_000, to: &$0)
        }
        #expect(
            sides
                == event(
                    view("X"),
                    [
                        TickView.statistic(.indexBid, price: 1_000_000_000, market),
                        TickView.statistic(.indexOffer, price: -1_000_000_000, market),
                    ]))
    }

    @Test func marketFigures() throws {
        let expected = event(
            view("-"),
            [
                TickView.statistic(.volume, quantity: 5_000_000, [byte("A"), byte("M")]),
                TickView.statistic(.volume, quantity: 6_000_000, [byte("N"), byte("M")]),
            ])
        let whole = try cts.decode {
            CtaEncoder.marketVolumes(
                seconds: 7, nanoseconds: 8,
                markets: [
                    .init(participant: byte("A"), volume: 5),
                    .init(participant: byte("N"), volume: 6),
                ],
                to: &$0)
        }
        let fractional = try cts.decode {
            CtaEncoder.fractionalMarketVolumes(
                seconds: 7, nanoseconds: 8,
                markets: [
                    .init(participant: byte("A"), volume: 5_000_000),
                    .init(participant: byte("N"), volume: 6_000_000),
                ], to: &$0)
        }
        #expect([whole, fractional] == [expected, expected])
        let totals = try cts.decode {
            CtaEncoder.marketTotals(
                participant: byte("N"), seconds: 7, nanoseconds: 8, trades: 12, dollars: 99, to: &$0
            )
        }
        #expect(
            totals
                == event(
                    view("-"),
                    [
                        TickView.statistic(.tradeCount, quantity: 12, [byte("N"), byte("M")]),
                        TickView.statistic(.turnover, quantity: 99, [byte("N"), byte("M")]),
                    ]))
        #expect(try cts.decode { CtaEncoder.crossingSessions(to: &$0) }.isEmpty)
    }

    /// More participants than letters: damaged.
    @Test func tooManyMarkets() throws {
        let ticks = try cts.decode {
            CtaEncoder.fractionalMarketVolumes(
                markets: Array(repeating: .init(participant: byte("A"), volume: 1), count: 65),
                to: &$0)
        }
        #expect(ticks.isEmpty && cts.counters.unexpectedLength == 1)
        let most = try cts.decode {
            CtaEncoder.fractionalMarketVolumes(
                markets: Array(repeating: .init(participant: byte("A"), volume: 1), count: 64),
                to: &$0)
        }
        #expect(most.count == 64)
    }
}
