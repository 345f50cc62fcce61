import Protocols
import TestSupport
import Testing
import Ticks
import Wire

/// others.md §2.
@Suite struct MiaxDepthDecoderTests {
    @Test("Every message with its fields")
    func fields() {
        let probe = FeedProbe("miax-dom")
        let ticks = probe.decode(
            wireBytes { MiaxEncoder.addOrder(timestamp: 5, symbolID: 7, size: 1, to: &$0) },
            wireBytes { MiaxEncoder.systemTime(seconds: 1_700_000_000, to: &$0) },
            wireBytes { MiaxEncoder.systemState(timestamp: 5, status: UInt8(ascii: "S"), to: &$0) },
            wireBytes {
                MiaxEncoder.tradingStatusUpdate(
                    timestamp: 5, symbolID: 7, tradingStatus: 2, marketState: 3,
                    shortSaleRestriction: UInt8(ascii: "Y"), to: &$0)
            },
            wireBytes { MiaxEncoder.symbolClear(timestamp: 5, symbolID: 7, to: &$0) },
            wireBytes {
                MiaxEncoder.addOrder(
                    timestamp: 5, symbolID: 7, orderID: 3, side: UInt8(ascii: "B"),
                    price: 12_500_000, size: 100, attribution: "ABCD", to: &$0)
            },
            wireBytes {
                MiaxEncoder.modifyOrder(
                    timestamp: 5, symbolID: 7, orderID: 3, price: 12_500_000, size: 50, to: &$0)
            },
            wireBytes {
                MiaxEncoder.modifyOrder(
                    timestamp: 5, symbolID: 7, orderID: 3, price: 12_500_000, size: 50, flags: 1,
                    to: &$0)
            },
            wireBytes { MiaxEncoder.deleteOrder(timestamp: 5, symbolID: 7, orderID: 3, to: &$0) },
            wireBytes {
                MiaxEncoder.execution(
                    timestamp: 5, symbolID: 7, orderID: 3, tradeID: 9, price: 10, size: 2,
                    flags: 3, to: &$0)
            },
            wireBytes {
                MiaxEncoder.trade(
                    timestamp: 5, symbolID: 7, tradeID: 9, price: 10, size: 2, flags: 1, to: &$0)
            },
            wireBytes {
                MiaxEncoder.trade(
                    timestamp: 5, symbolID: 7, tradeID: 9, correctionNumber: 1, price: 11,
                    size: 2, to: &$0)
            },
            wireBytes {
                MiaxEncoder.tradeCancel(
                    timestamp: 5, symbolID: 7, tradeID: 9, correctionNumber: 2, price: 11,
                    size: 2, to: &$0)
            })
        #expect(
            said(ticks) == [
                "add @0 x1 |", "status.systemEvent +83 |", "status.trading +770",
                "status.shortSaleRestriction +89 |", "clear |",
                "add #3 @12500000000 x100 bid +1145258561 |",
                "modify #3 @12500000000 x50 |", "delete #3 replaced",
                "add #3 @12500000000 x50 replaced |", "delete #3 |", "trade #9 @10000 x2 +3",
                "fill #3 x2 |", "trade #9 @10000 x2 +1 offBook |",
                "tradeCorrect #9 @11000 x2 offBook |", "tradeBreak #9 @11000 x2 +2 |",
            ])
        #expect(ticks[0].exchangeTime == 0)
        #expect(ticks[1...].allSatisfy { $0.exchangeTime == 1_700_000_000_000_000_005 })
    }

    @Test func definition() {
        let probe = FeedProbe("miax-dom")
        let ticks = probe.decode(
            wireBytes {
                MiaxEncoder.symbolUpdate(
                    symbolID: 7, symbol: "SPY", isTest: UInt8(ascii: "N"), lotSize: 100,
                    openingTime: "04:00:00", closingTime: "20:00:00",
                    primaryMarket: UInt8(ascii: "P"), to: &$0)
            })
        #expect(said(ticks) == ["definition |"])
        let entry = probe.entry("SPY")
        #expect(entry?.code == 7 && entry?.lotSize == 100)
        #expect(
            entry?.details
                == "type=equity\nopening_time=04:00:00\nclosing_time=20:00:00\nprimary_market=P")
    }

    @Test("Books of random order flow are those of the naive book")
    func books() {
        var mix = OrderFlow.Mix()
        mix.partialReduction = 0
        mix.fullReduction = 0
        mix.replace = 0
        checkBooks("miax-dom", seed: 4, mix: mix, priceScale: 10_000_000) { event in
            let id = UInt32(event.instrument + 1)
            return wireBytes {
                switch event.change {
                case .add(let order, _, let isAsk, let price, let quantity):
                    MiaxEncoder.addOrder(
                        symbolID: id, orderID: order, side: UInt8(ascii: isAsk ? "S" : "B"),
                        price: UInt64(price) * 10_000, size: UInt32(quantity), to: &$0)
                case .modify(let order, let price, let quantity):
                    MiaxEncoder.modifyOrder(
                        symbolID: id, orderID: order, price: UInt64(price) * 10_000,
                        size: UInt32(quantity), flags: price == event.before!.price ? 0 : 1,
                        to: &$0)
                case .execute(let order, let quantity, _):
                    MiaxEncoder.execution(
                        symbolID: id, orderID: order, tradeID: 1, size: UInt32(quantity), to: &$0)
                case .delete(let order):
                    MiaxEncoder.deleteOrder(symbolID: id, orderID: order, to: &$0)
                case .clear: MiaxEncoder.symbolClear(symbolID: id, to: &$0)
                default: preconditionFailure("not in the mix")
                }
            }
        }
    }
}

@Suite struct MiaxTopDecoderTests {
    @Test("The live state of the Onyx feed")
    func live() {
        let probe = FeedProbe("miax-tom")
        let ticks = probe.decode(
            wireBytes {
                MiaxEncoder.futuresSystemState(
                    timestamp: 9, version: "TOM1.0", sessionID: 1, status: UInt8(ascii: "S"),
                    to: &$0)
            })
        #expect(said(ticks) == ["status.systemEvent +83 |"])
        #expect(ticks[0].exchangeTime == 9)
    }

    @Test("Onyx: quotes, trades, states")
    func futures() {
        let probe = FeedProbe("miax-tom")
        let ticks = probe.decode(
            wireBytes {
                MiaxEncoder.bestBidAndOffer(
                    instrumentID: 7, bidPrice: 2_500_000_000, bidSize: 200,
                    offerPrice: 5_947_500_000, offerSize: 1, to: &$0)
            },
            wireBytes {
                MiaxEncoder.bestBidAndOffer(
                    instrumentID: 7, bidPrice: 5, offerPrice: 6, offerSize: 1, to: &$0)
            },
            wireBytes {
                MiaxEncoder.lastSale(instrumentID: 7, tradeID: 9, price: 4, size: 3, to: &$0)
            },
            wireBytes {
                MiaxEncoder.futuresTradeCancel(
                    instrumentID: 7, tradeID: 9, correctionNumber: 1, price: 4, size: 3, to: &$0)
            },
            wireBytes {
                MiaxEncoder.futuresTradingStatusUpdate(
                    instrumentID: 7, tradingStatus: 6, marketState: 3, to: &$0)
            })
        #expect(
            said(ticks) == [
                "quote @2500000000 x200 bid", "quote @5947500000 x1 ask |", "quote @0 x0 bid",
                "quote @6 x1 ask |", "trade #9 @4 x3 |", "tradeBreak #9 @4 x3 +1 |",
                "status.trading +774 |",
            ])
    }

    @Test("Onyx: definitions of futures and spreads")
    func definitions() {
        let probe = FeedProbe("miax-tom")
        let ticks = probe.decode(
            wireBytes {
                MiaxEncoder.futuresDefinition(
                    instrumentID: 7, underlying: "HRSW", productGroup: "MW",
                    maturity: 202_612, currency: UInt8(ascii: "U"),
                    matchAlgorithm: UInt8(ascii: "P"), minimumSize: 1, tickSize: 2_500_000,
                    unitOfMeasure: "BU", unitQuantity: 5000, settlementPrice: 6,
                    settlementType: UInt8(ascii: "A"), openInterest: 8, highLimit: 9,
                    lowLimit: 3, to: &$0)
            },
            wireBytes {
                MiaxEncoder.spreadDefinition(
                    strategyID: 8, underlying: "HRSW", productGroup: "MW",
                    spreadType: UInt8(ascii: "C"), currency: UInt8(ascii: "U"),
                    matchAlgorithm: UInt8(ascii: "P"), minimumSize: 1, tickSize: 2_500_000,
                    unitOfMeasure: "BU", unitQuantity: 5000,
                    legs: [
                        .init(instrumentID: 7, ratioAndSide: 1),
                        .init(instrumentID: 6, ratioAndSide: -1),
                    ], to: &$0)
            })
        #expect(
            said(ticks) == [
                "definition", "limits.upper @9", "limits.lower @3", "statistic.settlement @6 +65",
                "statistic.openInterest x8 |", "definition |",
            ])
        let future = probe.entry("MW 202612")
        #expect(future?.tickSize == 2_500_000 && future?.currency == "USD" && future?.code == 7)
        #expect(
            future?.details == """
                type=future
                maturity=202612
                underlying=HRSW
                match_algorithm=P
                unit=BU
                multiplier=5000
                """)
        #expect(probe.entry("MW #8")?.details.hasSuffix("legs=7:1,6:-1") == true)
    }

    @Test("Options: quotes of strategies, their definitions, and states")
    func options() {
        let probe = FeedProbe("miax-ctom")
        let ticks = probe.decode(
            wireBytes { MiaxEncoder.systemTime(seconds: 10, to: &$0) },
            wireBytes {
                MiaxEncoder.optionsSystemState(
                    timestamp: 3, version: "CTOM1.0", status: UInt8(ascii: "1"), to: &$0)
            },
            wireBytes {
                MiaxEncoder.strategyDefinition(
                    strategyID: 8, underlying: "SPY", isActive: UInt8(ascii: "A"),
                    legs: [
                        .init(productID: 1, ratio: 1, side: UInt8(ascii: "B")),
                        .init(productID: 2, ratio: 2, side: UInt8(ascii: "A")),
                    ], to: &$0)
            },
            wireBytes { MiaxEncoder.compactBid(strategyID: 8, price: -5, size: 3, to: &$0) },
            wireBytes { MiaxEncoder.compactOffer(strategyID: 8, price: 5, size: 3, to: &$0) },
            wireBytes {
                MiaxEncoder.wideBid(
                    strategyID: 8, price: 5, size: 3, condition: UInt8(ascii: "A"), to: &$0)
            },
            wireBytes { MiaxEncoder.wideOffer(strategyID: 8, price: 5, size: 3, to: &$0) },
            wireBytes {
                MiaxEncoder.compactQuote(
                    strategyID: 8, bidPrice: 1, bidSize: 2, offerPrice: 3, offerSize: 4, to: &$0)
            },
            wireBytes {
                MiaxEncoder.wideQuote(
                    strategyID: 8, bidPrice: 1, bidSize: 2, offerPrice: 3, offerSize: 4, to: &$0)
            },
            wireBytes {
                MiaxEncoder.strategyTrade(
                    strategyID: 8, tradeID: 9, netPrice: 15, size: 2,
                    condition: UInt8(ascii: "S"), to: &$0)
            },
            wireBytes {
                MiaxEncoder.underlyingStatus(
                    underlying: "SPY", tradingStatus: UInt8(ascii: "H"),
                    reason: UInt8(ascii: "M"), to: &$0)
            })
        #expect(
            said(ticks) == [
                "status.systemEvent +49 |", "definition |", "quote @-50000000 x3 bid |",
                "quote @50000000 x3 ask |", "quote @500000 x3 bid +65 |",
                "quote @500000 x3 ask +32 |", "quote @10000000 x2 bid +32",
                "quote @30000000 x4 ask +32 |", "quote @100000 x2 bid +32",
                "quote @300000 x4 ask +32 |", "trade #9 @1500000 x2 +83 |", "status.trading +72",
                "status.tradingReason +77 |",
            ])
        #expect(ticks[0].exchangeTime == 10_000_000_003)
        #expect(
            probe.entry("SPY #8")?.details
                == "type=spread\nunderlying=SPY\nactive=A\nlegs=1:1,2:-2")
    }

    @Test func series() {
        let probe = FeedProbe("miax-ctom")
        _ = probe.decode(
            wireBytes {
                MiaxEncoder.seriesUpdate(
                    productID: 5, underlying: "SPY", securitySymbol: "SPY",
                    expiration: "20261218", strike: 6_005_000, putCall: UInt8(ascii: "P"),
                    to: &$0)
            })
        let entry = probe.entry("SPY 20261218P600.5")
        #expect(entry?.code == 5)
        #expect(
            entry?.details.hasPrefix(
                "type=option\nexpiry=2026-12-18\nstrike=600.5\nput_call=put\nunderlying=SPY")
                == true)
    }
}
