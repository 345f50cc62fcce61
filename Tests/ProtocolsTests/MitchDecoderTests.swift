import Protocols
import TestSupport
import Testing
import Ticks
import Wire

/// others.md §12.
@Suite struct MitchDecoderTests {
    @Test("Orders and their executions")
    func orders() {
        let probe = FeedProbe("mitch", midnight: 1000)
        let bid = UInt8(ascii: "B")
        let ticks = probe.decode(
            wireBytes { MitchEncoder.systemEvent(timestamp: 5, event: UInt8(ascii: "O"), to: &$0) },
            wireBytes { MitchEncoder.time(seconds: 2, to: &$0) },
            wireBytes {
                MitchEncoder.addOrder(
                    timestamp: 5, orderID: 3, side: bid, quantity: 10, instrumentID: 7,
                    price: 150_000_000, to: &$0)
            },
            wireBytes {
                MitchEncoder.addAttributedOrder(
                    orderID: 4, side: bid, quantity: 10, instrumentID: 7, price: 1,
                    attribution: "FIRM1", to: &$0)
            },
            wireBytes { MitchEncoder.orderDeleted(orderID: 3, instrumentID: 7, to: &$0) },
            wireBytes {
                MitchEncoder.orderModified(orderID: 3, quantity: 9, price: 1, flags: 1, to: &$0)
            },
            wireBytes { MitchEncoder.orderModified(orderID: 3, quantity: 9, price: 1, to: &$0) },
            wireBytes { MitchEncoder.orderBookClear(instrumentID: 7, to: &$0) },
            wireBytes { MitchEncoder.orderExecuted(orderID: 3, quantity: 2, tradeID: 9, to: &$0) },
            wireBytes {
                MitchEncoder.orderExecutedWithPrice(
                    orderID: 3, quantity: 2, displayQuantity: 5, tradeID: 9,
                    printable: UInt8(ascii: "Y"), price: 2, to: &$0)
            },
            wireBytes {
                MitchEncoder.orderExecutedWithPrice(
                    orderID: 3, quantity: 2, displayQuantity: 0, tradeID: 9,
                    printable: UInt8(ascii: "N"), price: 2, to: &$0)
            })
        #expect(
            said(ticks) == [
                "status.systemEvent +79 |", "add #3 @1500000000 x10 bid |",
                "add #4 @10 x10 bid +\(0x4d52_4946) |", "delete #3 |", "modify #3 @10 x9 |",
                "delete #3 replaced", "add #3 @10 x9 replaced |", "clear |", "trade #9 x2",
                "fill #3 x2 |", "modify #3 x7", "trade #9 @20 x2", "fill #3 x2 |",
                "modify #3 x2", "fill #3 x2 nonPrintable |",
            ])
        #expect(ticks[0].exchangeTime == 0 && ticks[1].exchangeTime == 2_000_001_005)
    }

    @Test("Trades, auctions, states and values")
    func fields() {
        let probe = FeedProbe("mitch")
        let ticks = probe.decode(
            wireBytes {
                MitchEncoder.trade(
                    quantity: 2, instrumentID: 7, price: 2, tradeID: 10, crossType: 5,
                    subBook: 11, to: &$0)
            },
            wireBytes {
                MitchEncoder.trade(
                    quantity: 2, instrumentID: 7, price: 2, tradeID: 10, flags: 1, to: &$0)
            },
            wireBytes {
                MitchEncoder.auctionTrade(
                    quantity: 2, instrumentID: 7, price: 2, tradeID: 10,
                    auctionType: UInt8(ascii: "C"), flags: 2, to: &$0)
            },
            wireBytes {
                MitchEncoder.auctionInfo(
                    pairedQuantity: 3, instrumentID: 7, price: 2, auctionType: UInt8(ascii: "O"),
                    to: &$0)
            },
            wireBytes {
                MitchEncoder.statistics(
                    instrumentID: 7, statisticType: UInt8(ascii: "C"), price: 2,
                    priceIndicator: UInt8(ascii: "A"), to: &$0)
            },
            wireBytes {
                MitchEncoder.symbolStatus(
                    instrumentID: 7, tradingStatus: UInt8(ascii: "T"), reason: "ABCD",
                    sessionChangeReason: 1, bookType: 2, to: &$0)
            },
            wireBytes { MitchEncoder.topOfBook(instrumentID: 7, to: &$0) })
        #expect(
            said(ticks) == [
                "trade #10 @20 x2 +\(5 | 11 << 8) offBook |", "tradeBreak #10 @20 x2 offBook |",
                "tradeCorrect #10 @20 x2 +67 auction |",
                "imbalance.indicativeClearing @20 +79 auction",
                "imbalance.paired x3 +79 auction |", "statistic.officialClose @20 +65 |",
                "status.trading +\(0x54 | 1 << 8 | 2 << 16)",
                "status.tradingReason +\(0x4443_4241) |",
            ])
    }

    @Test func definition() {
        let probe = FeedProbe("mitch")
        let ticks = probe.decode(
            wireBytes {
                MitchEncoder.symbolDirectory(
                    instrumentID: 7, isin: "GB1", sedol: "S1", segment: "SET1", currency: "GBX",
                    previousClose: 3, to: &$0)
            })
        #expect(said(ticks) == ["definition", "statistic.previousClose @30 |"])
        let entry = probe.entry("7")
        #expect(entry?.currency == "GBX" && entry?.code == 7)
        #expect(entry?.details == "isin=GB1\nsedol=S1\nsegment=SET1")
    }

    @Test("Market orders stay out of the books, until they are gone")
    func marketOrders() {
        let probe = FeedProbe("mitch")
        let ticks = probe.apply(
            wireBytes {
                MitchEncoder.addOrder(
                    orderID: 3, side: UInt8(ascii: "S"), quantity: 10, instrumentID: 7,
                    flags: 16, to: &$0)
            },
            wireBytes { MitchEncoder.orderModified(orderID: 3, quantity: 8, to: &$0) },
            wireBytes { MitchEncoder.orderExecuted(orderID: 3, quantity: 3, tradeID: 9, to: &$0) },
            wireBytes {
                MitchEncoder.orderExecutedWithPrice(
                    orderID: 3, quantity: 3, displayQuantity: 2, tradeID: 9, price: 1, to: &$0)
            },
            wireBytes { MitchEncoder.orderDeleted(orderID: 3, instrumentID: 7, to: &$0) })
        #expect(
            said(ticks) == [
                "imbalance.marketOrder #3 x10 ask |", "imbalance.marketOrder #3 x8 ask |",
                "trade #9 x3",
                "imbalance.marketOrder #3 x5 ask |", "trade #9 @10 x3",
                "imbalance.marketOrder #3 x2 ask |",
                "imbalance.marketOrder #3 x0 ask |",
            ])
        #expect(ticks.allSatisfy { $0.instrument == 1 && !$0.has(.bookSuspect) })
    }

    @Test("Hidden quantity that comes to light stays in the book after an execution")
    func iceberg() {
        let probe = FeedProbe("mitch")
        _ = probe.apply(
            wireBytes {
                MitchEncoder.addOrder(
                    orderID: 3, side: UInt8(ascii: "S"), quantity: 10, instrumentID: 7, price: 5,
                    to: &$0)
            },
            wireBytes {
                MitchEncoder.orderExecutedWithPrice(
                    orderID: 3, quantity: 10, displayQuantity: 10, tradeID: 9, price: 5, to: &$0)
            })
        #expect(probe.books.orders(1, .ask).map(\.quantity) == [10])
    }

    @Test(
        "Books of random order flow are those of the naive book", arguments: [1, 2, 3] as [UInt64])
    func books(seed: UInt64) {
        var mix = OrderFlow.Mix()
        mix.partialReduction = 0
        mix.fullReduction = 0
        mix.replacesInPlace = 1000
        checkBooks("mitch", seed: seed, mix: mix, priceScale: 10_000_000, encode: encode)
    }

    private func encode(_ event: OrderEvent) -> [UInt8] {
        let id = UInt32(event.instrument + 1)
        return wireBytes {
            switch event.change {
            case .add(let order, _, let isAsk, let price, let quantity):
                MitchEncoder.addOrder(
                    orderID: order, side: UInt8(ascii: isAsk ? "S" : "B"),
                    quantity: UInt32(quantity), instrumentID: id, price: price * 1_000_000,
                    to: &$0)
            case .modify(let order, let price, let quantity):
                MitchEncoder.orderModified(
                    orderID: order, quantity: UInt32(quantity), price: price * 1_000_000,
                    flags: 1, to: &$0)
            case .replace(let order, _, let price, let quantity):
                MitchEncoder.orderModified(
                    orderID: order, quantity: UInt32(quantity), price: price * 1_000_000,
                    to: &$0)
            case .execute(let order, let quantity, nil):
                MitchEncoder.orderExecuted(
                    orderID: order, quantity: UInt32(quantity), tradeID: 1, to: &$0)
            case .execute(let order, let quantity, let price?):
                MitchEncoder.orderExecutedWithPrice(
                    orderID: order, quantity: UInt32(quantity),
                    displayQuantity: UInt32(event.before!.quantity - quantity), tradeID: 1,
                    price: price * 1_000_000, to: &$0)
            case .delete(let order):
                MitchEncoder.orderDeleted(orderID: order, instrumentID: id, to: &$0)
            case .clear: MitchEncoder.orderBookClear(instrumentID: id, to: &$0)
            default: preconditionFailure("not in the mix")
            }
        }
    }
}
