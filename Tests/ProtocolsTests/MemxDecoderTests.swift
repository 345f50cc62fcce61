import Protocols
import TestSupport
import Testing
import Ticks
import Wire

/// others.md §1.
@Suite struct MemxDecoderTests {
    @Test("The live packet with an added order")
    func live() {
        let probe = FeedProbe("memx")
        let ticks = probe.decode(
            packet: unhex(
                "02125553453164e486c8000000000014eeab00010025001f0a020103177db7afa6673a401f3c"
                    + "00000000013ea06a530000038400000000063e82c0"))
        #expect(said(ticks) == ["add #20881514 @104760000000 x900 ask |"])
        #expect(ticks.first?.exchangeTime == 0x177d_b7af_a667_3a40)
        #expect(ticks.first?.sequence == 1_371_819)
        #expect(probe.directory.entries.map(\.code) == [0x1f3c])
    }

    @Test("A directory message names the instrument that an order entered before")
    func definition() {
        let probe = FeedProbe("memx")
        let order = wireBytes { MemxEncoder.orderAdded(securityID: 7, quantity: 1, to: &$0) }
        let first = probe.decode(order)
        let ticks = probe.decode(
            wireBytes {
                MemxEncoder.instrumentDirectory(
                    securityID: 7, symbol: "BRK", suffix: "B", roundLot: 40, isTest: 1,
                    minimumPriceVariation: 10_000, to: &$0)
            })
        #expect(said(ticks) == ["definition |"])
        #expect(ticks[0].instrument == first[0].instrument)
        let entry = probe.entry("BRK.B")
        #expect(entry?.code == 7 && entry?.lotSize == 40 && entry?.tickSize == 10_000_000)
        #expect(entry?.currency == "USD" && entry?.details == "type=equity\ntest=1")
        #expect(probe.decode(order)[0].instrument == entry?.id)
    }

    @Test("Every message with its fields")
    func fields() {
        let probe = FeedProbe("memx")
        let ticks = probe.decode(
            wireBytes { MemxEncoder.regShoRestriction(securityID: 7, restriction: 1, to: &$0) },
            wireBytes {
                MemxEncoder.securityTradingStatus(
                    securityID: 7, status: UInt8(ascii: "H"), reason: UInt8(ascii: "R"), to: &$0)
            },
            wireBytes {
                MemxEncoder.tradingSessionStatus(session: UInt8(ascii: "2"), to: &$0)
            },
            wireBytes {
                MemxEncoder.orderAdded(
                    securityID: 7, orderID: 3, side: UInt8(ascii: "B"), quantity: 5,
                    price: -1_500_000, to: &$0)
            },
            wireBytes { MemxEncoder.orderDeleted(securityID: 7, orderID: 3, to: &$0) },
            wireBytes {
                MemxEncoder.orderReduced(
                    securityID: 7, orderID: 3, quantityRemoved: 2, to: &$0)
            },
            wireBytes {
                MemxEncoder.orderExecuted(
                    securityID: 7, orderID: 3, tradeID: 9, quantity: 2, price: 10, to: &$0)
            },
            wireBytes {
                MemxEncoder.trade(securityID: 7, tradeID: 9, quantity: 2, price: 10, to: &$0)
            },
            wireBytes {
                MemxEncoder.brokenTrade(
                    securityID: 7, tradeID: 9, originalQuantity: 2, originalPrice: 10, to: &$0)
            },
            wireBytes {
                MemxEncoder.correctedTrade(
                    securityID: 7, tradeID: 9, originalQuantity: 2, originalPrice: 10,
                    correctedQuantity: 3, correctedPrice: 11, to: &$0)
            },
            wireBytes { MemxEncoder.clearBook(securityID: 7, to: &$0) },
            wireBytes { MemxEncoder.snapshotComplete(asOfSequence: 44, to: &$0) })
        #expect(
            said(ticks) == [
                "status.shortSaleRestriction +1 |", "status.trading +72",
                "status.tradingReason +82 |", "status.systemEvent +50 |",
                "add #3 @-1500000000 x5 bid |", "delete #3 |", "cancel #3 x2 |",
                "trade #9 @10000 x2", "fill #3 x2 |", "trade #9 @10000 x2 offBook |",
                "tradeBreak #9 @10000 x2 |", "tradeCorrect #9 @11000 x3 |", "clear |",
                "status.snapshotComplete #44 |",
            ])
        #expect(ticks.map(\.sequence) == [1, 2, 2, 3, 4, 5, 6, 7, 7, 8, 9, 10, 11, 12])
    }

    @Test("Prices beyond a tick become none and are counted")
    func hugePrice() {
        let probe = FeedProbe("memx")
        let ticks = probe.decode(
            wireBytes { MemxEncoder.orderAdded(quantity: 1, price: .max, to: &$0) })
        #expect(said(ticks) == ["add x1 |"])
        #expect(probe.decoder.snapshotCounters().unrepresentable == 1)
    }

    @Test("A block may be longer, not shorter and not longer than its message")
    func blockLengths() {
        let probe = FeedProbe("memx")
        let longer = wireBytes { MemxEncoder.orderDeleted(orderID: 3, blockLength: 30, to: &$0) }
        let shorter = wireBytes { MemxEncoder.orderDeleted(orderID: 3, blockLength: 17, to: &$0) }
        var lying = wireBytes { MemxEncoder.orderDeleted(orderID: 3, to: &$0) }
        lying[1] = 19
        let unknown = [0, 18, 99, 2, 1, 3] + [UInt8](repeating: 0, count: 18)
        let ticks = probe.decode(longer, shorter, lying, unknown, [], [1, 2], longer)
        #expect(said(ticks) == ["delete #3 |", "delete #3 |"])
        #expect(ticks.map(\.sequence) == [1, 7])
        let counters = probe.decoder.snapshotCounters()
        #expect(counters.unexpectedLength == 2 && counters.unknownType == 3)
    }

    @Test(
        "Books of random order flow are those of the naive book", arguments: [1, 2, 3] as [UInt64])
    func books(seed: UInt64) {
        var mix = OrderFlow.Mix()
        mix.shrink = 0
        mix.grow = 0
        mix.reprice = 0
        mix.replace = 0
        checkBooks("memx", seed: seed, mix: mix, priceScale: 10_000_000) { event in
            let id = UInt16(event.instrument + 1)
            return wireBytes {
                switch event.change {
                case .add(let order, _, let isAsk, let price, let quantity):
                    MemxEncoder.orderAdded(
                        securityID: id, orderID: order, side: UInt8(ascii: isAsk ? "S" : "B"),
                        quantity: UInt32(quantity), price: price * 10_000, to: &$0)
                case .reduce(let order, let quantity):
                    MemxEncoder.orderReduced(
                        securityID: id, orderID: order, quantityRemoved: UInt32(quantity),
                        to: &$0)
                case .execute(let order, let quantity, let price):
                    MemxEncoder.orderExecuted(
                        securityID: id, orderID: order, tradeID: 1, quantity: UInt32(quantity),
                        price: (price ?? event.before!.price) * 10_000, to: &$0)
                case .delete(let order):
                    MemxEncoder.orderDeleted(securityID: id, orderID: order, to: &$0)
                case .clear: MemxEncoder.clearBook(securityID: id, to: &$0)
                default: preconditionFailure("not in the mix")
                }
            }
        }
    }
}
