import Protocols
import TestSupport
import Testing
import Ticks
import Wire

/// UTDF trades, and what both feeds say of instruments and the market (others.md §4).
@Suite struct UTPTradeTests {
    private let bench: ConsolidatedBench
    private static let time: UInt64 = 1_700_000_000_000_000_321

    init() throws { bench = try ConsolidatedBench("utdf") }

    private func view(_ symbol: String = "AKAM") -> TickView {
        TickView(kind: .trade, instrument: symbol, time: Self.time, sequence: 9)
    }

    @Test func trades() throws {
        let ticks = try [
            bench.decode {
                UtpEncoder.shortTrade(
                    marketCenter: byte("Q"), subMarketCenter: byte("N"),
                    participantTime: Self.time, symbol: "AKAM", tradeId: 66, price: 5123,
                    volume: 5_000_000, saleCondition: "@F I", to: &$0)
            },
            bench.decode {
                UtpEncoder.longTrade(
                    marketCenter: byte("Q"), participantTime: Self.time, symbol: "AKAM",
                    tradeId: 66, price: 51_230_000, volume: 5_000_000, saleCondition: "@F I",
                    to: &$0)
            },
            bench.decode {
                UtpEncoder.wholeShortTrade(
                    marketCenter: byte("Q"), participantTime: Self.time, symbol: "AKAM",
                    tradeId: 66, price: 5123, volume: 5, saleCondition: "@F I", to: &$0)
            },
            bench.decode {
                UtpEncoder.wholeLongTrade(
                    marketCenter: byte("Q"), participantTime: Self.time, symbol: "AKAM",
                    tradeId: 66, price: 51_230_000, volume: 5, saleCondition: "@F I", to: &$0)
            },
        ]
        let expected = event(
            view(),
            [
                TickView.sale(
                    .trade, id: 66, price: 51_230_000_000, quantity: 5_000_000, byte("Q"),
                    "@F I")
            ])
        #expect(ticks == Array(repeating: expected, count: 4))
    }

    private static var totals: [(inout TickView) -> Void] {
        [
            TickView.statistic(.last, price: 2_000_000_000, [byte("P"), byte("C")]),
            TickView.statistic(.high, price: 3_000_000_000, [0, byte("C")]),
            TickView.statistic(.low, price: 1_000_000_000, [0, byte("C")]),
            TickView.statistic(.volume, quantity: 55, [0, byte("C")]),
            TickView.statistic(.last, price: 2_100_000_000, [byte("Q"), byte("M")]),
            TickView.statistic(.high, price: 2_900_000_000, [byte("Q"), byte("M")]),
            TickView.statistic(.low, price: 1_100_000_000, [byte("Q"), byte("M")]),
            TickView.statistic(.volume, quantity: 44, [byte("Q"), byte("M")]),
        ]
    }

    @Test func cancels() throws {
        let ticks = try [
            bench.decode {
                UtpEncoder.tradeCancel(
                    marketCenter: byte("Q"), participantTime: Self.time, symbol: "AKAM",
                    cancelType: byte("C"), originalId: 66, originalPrice: 1_500_000,
                    originalVolume: 5_000_000, originalCondition: "@   ",
                    consolidatedHigh: 3_000_000, consolidatedLow: 1_000_000,
                    consolidatedLast: 2_000_000, consolidatedVolume: 55, lastCenter: byte("P"),
                    participantHigh: 2_900_000, participantLow: 1_100_000,
                    participantLast: 2_100_000, participantVolume: 44, to: &$0)
            },
            bench.decode {
                UtpEncoder.wholeTradeCancel(
                    marketCenter: byte("Q"), participantTime: Self.time, symbol: "AKAM",
                    cancelType: byte("C"), originalId: 66, originalPrice: 1_500_000,
                    originalVolume: 5, originalCondition: "@   ",
                    consolidatedHigh: 3_000_000, consolidatedLow: 1_000_000,
                    consolidatedLast: 2_000_000, consolidatedVolume: 55, lastCenter: byte("P"),
                    participantHigh: 2_900_000, participantLow: 1_100_000,
                    participantLast: 2_100_000, participantVolume: 44, to: &$0)
            },
        ]
        let expected = event(
            view(),
            [
                TickView.sale(
                    .tradeBreak, id: 66, price: 1_500_000_000, quantity: 5_000_000, byte("Q"),
                    "@   ")
            ] + Self.totals)
        #expect(ticks == [expected, expected])
    }

    @Test func corrections() throws {
        let ticks = try [
            bench.decode {
                UtpEncoder.tradeCorrection(
                    marketCenter: byte("Q"), participantTime: Self.time, symbol: "AKAM",
                    originalId: 66, originalPrice: 1_500_000, originalVolume: 5_000_000,
                    originalCondition: "@   ", correctedId: 67, correctedPrice: 1_600_000,
                    correctedVolume: 6_000_000, correctedCondition: "@ T ",
                    consolidatedHigh: 3_000_000, consolidatedLow: 1_000_000,
                    consolidatedLast: 2_000_000, consolidatedVolume: 55, lastCenter: byte("P"),
                    participantHigh: 2_900_000, participantLow: 1_100_000,
                    participantLast: 2_100_000, participantVolume: 44, to: &$0)
            },
            bench.decode {
                UtpEncoder.wholeTradeCorrection(
                    marketCenter: byte("Q"), participantTime: Self.time, symbol: "AKAM",
                    originalId: 66, originalPrice: 1_500_000, originalVolume: 5,
                    originalCondition: "@   ", correctedId: 67, correctedPrice: 1_600_000,
                    correctedVolume: 6, correctedCondition: "@ T ",
                    consolidatedHigh: 3_000_000, consolidatedLow: 1_000_000,
                    consolidatedLast: 2_000_000, consolidatedVolume: 55, lastCenter: byte("P"),
                    participantHigh: 2_900_000, participantLow: 1_100_000,
                    participantLast: 2_100_000, participantVolume: 44, to: &$0)
            },
        ]
        let expected = event(
            view(),
            [
                TickView.sale(
                    .tradeCorrect, id: 66, price: 1_500_000_000, quantity: 5_000_000, byte("Q"),
                    "@   ", flags: .replaced),
                TickView.sale(
                    .tradeCorrect, id: 67, price: 1_600_000_000, quantity: 6_000_000, byte("Q"),
                    "@ T "),
            ] + Self.totals)
        #expect(ticks == [expected, expected])
    }

    @Test func priorDays() throws {
        let ticks = try [
            bench.decode {
                UtpEncoder.priorDayTrade(
                    marketCenter: byte("D"), participantTime: Self.time, symbol: "AKAM",
                    tradeId: 66, price: 51_230_000, volume: 5_000_000, saleCondition: "@   ",
                    asOfAction: byte("A"), priorTime: 1_600_000_000_000_000_007, to: &$0)
            },
            bench.decode {
                UtpEncoder.wholePriorDayTrade(
                    marketCenter: byte("D"), participantTime: Self.time, symbol: "AKAM",
                    tradeId: 66, price: 51_230_000, volume: 5, saleCondition: "@   ",
                    asOfAction: byte("A"), priorTime: 1_600_000_000_000_000_007, to: &$0)
            },
        ]
        let expected = event(
            view(),
            [
                TickView.sale(
                    .trade, id: 66, price: 51_230_000_000, quantity: 5_000_000, byte("D"),
                    "@   ", flags: .nonPrintable),
                TickView.statistic(.tradeTime, quantity: 1_600_000_000_000_000_007),
            ])
        #expect(ticks == [expected, expected])
        let cancel = try bench.decode {
            UtpEncoder.priorDayTrade(
                marketCenter: byte("D"), participantTime: Self.time, symbol: "AKAM",
                tradeId: 66, price: 51_230_000, volume: 5_000_000, saleCondition: "@   ",
                asOfAction: byte("C"), to: &$0)
        }
        #expect(cancel.first?.kind == .tradeBreak && cancel.first?.orderID == 66)
    }

    /// Official prices and the corrected close repeat what other trades told.
    @Test(arguments: [("@  M", true), ("@  Q", true), ("@9  ", true), ("@ T ", false)])
    func officialPricesAreNoVolume(conditions: String, isRepeated: Bool) throws {
        let ticks = try bench.decode {
            UtpEncoder.shortTrade(
                participantTime: Self.time, symbol: "AKAM", tradeId: 66, price: 5123,
                volume: 5, saleCondition: conditions, to: &$0)
        }
        #expect(ticks.first?.flags.contains(.nonPrintable) == isRepeated)
    }

    @Test func actionsAndRestrictions() throws {
        let action = try bench.decode {
            UtpEncoder.tradingAction(
                participantTime: Self.time, symbol: "AKAM", action: byte("H"), actionNumber: 3,
                actionTime: 77, reason: "LUDP  ", to: &$0)
        }
        #expect(
            action
                == event(
                    view(),
                    [
                        {
                            TickView.status(.trading, "H")(&$0)
                            $0.quantity = 77
                        },
                        {
                            TickView.status(.tradingReason, "LUDP")(&$0)
                            $0.orderID = 0x2020_5044_554C
                        },
                    ]))
        let center = try bench.decode {
            UtpEncoder.marketCenterAction(
                participantTime: Self.time, symbol: "AKAM", action: byte("Q"), actionTime: 77,
                actionCenter: byte("B"), to: &$0)
        }
        #expect(
            center
                == event(
                    view(),
                    [
                        {
                            TickView.status(.operationalHalt, "QB")(&$0)
                            $0.quantity = 77
                        }
                    ]))
        let restriction = try bench.decode {
            UtpEncoder.shortSaleRestriction(
                participantTime: Self.time, symbol: "AKAM", action: byte("1"), to: &$0)
        }
        #expect(restriction == event(view(), [TickView.status(.shortSaleRestriction, "1")]))
    }

    @Test func directory() throws {
        let ticks = try bench.decode {
            UtpEncoder.symbolDirectory(
                participantTime: Self.time, symbol: "AKAM", oldSymbol: "AKA",
                name: "Akamai Common Stock", issueType: byte("C"), issueSubtype: "Z",
                marketTier: byte("Q"), authenticity: byte("P"), shortSaleThreshold: byte("N"),
                roundLot: 100, financialStatus: byte("N"), to: &$0)
        }
        #expect(ticks == event(view(), [{ $0.kind = .definition }]))
        let entry = bench.directory.entries[0]
        #expect(entry.venue == "UTP" && entry.lotSize == 100_000_000)
        #expect(
            entry.details.split(separator: "\n") == [
                "name=Akamai Common Stock", "prior_symbol=AKA", "issue_subtype=Z",
                "issue_classification=C", "market_category=Q", "authenticity=P",
                "short_sale_threshold=N", "financial_status=N", "quantity_unit=0.000001",
            ])
    }

    @Test func limitsAndStatistics() throws {
        let band = try bench.decode {
            UtpEncoder.priceBand(
                participantTime: Self.time, symbol: "AKAM", indicator: byte("A"),
                effectiveTime: 5, lowerPrice: 1_000_000, upperPrice: 2_000_000, to: &$0)
        }
        #expect(
            band
                == event(
                    view(),
                    [
                        TickView.limits(.bandLower, 1_000_000_000, letters("A")),
                        TickView.limits(.bandUpper, 2_000_000_000, letters("A")),
                    ]))
        let collar = try bench.decode {
            UtpEncoder.auctionCollar(
                participantTime: Self.time, symbol: "AKAM", actionNumber: 4,
                referencePrice: 3_000_000, upperPrice: 4_000_000, lowerPrice: 2_000_000,
                extensions: byte("E"), to: &$0)
        }
        #expect(
            collar
                == event(
                    view(),
                    [
                        TickView.limits(
                            .reference, 3_000_000_000, letters("E"), flags: .auction),
                        TickView.limits(.upper, 4_000_000_000, letters("E"), flags: .auction),
                        TickView.limits(.lower, 2_000_000_000, letters("E"), flags: .auction),
                    ]))
        let closing = try bench.decode {
            UtpEncoder.closingSummary(
                participantTime: Self.time, symbol: "AKAM", high: 3_000_000, low: 1_000_000,
                close: 2_000_000, lastCenter: byte("Q"), volume: 99, to: &$0)
        }
        #expect(
            closing
                == event(
                    view(),
                    [
                        TickView.statistic(.last, price: 2_000_000_000, [byte("Q"), byte("C")]),
                        TickView.statistic(.high, price: 3_000_000_000, [0, byte("C")]),
                        TickView.statistic(.low, price: 1_000_000_000, [0, byte("C")]),
                        TickView.statistic(.volume, quantity: 99, [0, byte("C")]),
                    ]))
    }

    @Test func market() throws {
        let levels = try bench.decode {
            UtpEncoder.breakerLevels(
                participantTime: Self.time, level1: 3, level2: 2, level3: 1, to: &$0)
        }
        #expect(
            levels
                == event(
                    view("-"),
                    [
                        TickView.limits(.breakerLevel1, 3000),
                        TickView.limits(.breakerLevel2, 2000),
                        TickView.limits(.breakerLevel3, 1000),
                    ]))
        let breaker = try bench.decode {
            UtpEncoder.breakerStatus(participantTime: Self.time, level: byte("1"), to: &$0)
        }
        #expect(breaker == event(view("-"), [TickView.status(.marketWideBreaker, "1")]))
        let volume = try bench.decode {
            UtpEncoder.totalVolume(participantTime: Self.time, volume: 99, to: &$0)
        }
        #expect(
            volume == event(view("-"), [TickView.statistic(.volume, quantity: 99, [0, byte("C")])]))
        let text = try bench.decode { UtpEncoder.text(text: Array("hello".utf8), to: &$0) }
        #expect(text.isEmpty && bench.counters.unknownType == 0)
    }

    @Test func milestones() throws {
        func status(_ text: String) -> [TickView] {
            event(view("-"), [TickView.status(.systemEvent, text)])
        }
        let quotes = try ConsolidatedBench("uqdf")
        let p = Self.time
        let q = byte("Q")
        for bench in [bench, quotes] {
            let ticks = try [
                bench.decode {
                    UtpEncoder.startOfDay(marketCenter: q, participantTime: p, to: &$0)
                },
                bench.decode {
                    UtpEncoder.endOfDay(marketCenter: q, participantTime: p, to: &$0)
                },
                bench.decode {
                    UtpEncoder.sessionOpen(marketCenter: q, participantTime: p, to: &$0)
                },
                bench.decode {
                    UtpEncoder.sessionClose(marketCenter: q, participantTime: p, to: &$0)
                },
                bench.decode {
                    UtpEncoder.endOfTransmissions(marketCenter: q, participantTime: p, to: &$0)
                },
            ]
            #expect(ticks == ["CIQ", "CJQ", "COQ", "CCQ", "CZQ"].map(status))
        }
        let wipe = try quotes.decode {
            UtpEncoder.quoteWipeOut(marketCenter: q, participantTime: p, to: &$0)
        }
        let recap = try quotes.decode { UtpEncoder.sessionRecap(symbol: "AKAM", to: &$0) }
        #expect(wipe == status("CPQ") && recap.isEmpty)
        let ends = try [
            bench.decode {
                UtpEncoder.endOfTradeReporting(marketCenter: q, participantTime: p, to: &$0)
            },
            bench.decode {
                UtpEncoder.endOfLastSaleEligibility(marketCenter: q, participantTime: p, to: &$0)
            },
        ]
        #expect(ends == ["CXQ", "CSQ"].map(status))
    }
}
