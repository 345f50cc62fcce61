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
