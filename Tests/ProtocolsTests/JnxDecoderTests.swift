import Protocols
import TestSupport
import Testing
import Ticks

@Suite struct JnxDecoderTests {
    @Test("Every message with its fields")
    func fields() {
        let probe = FeedProbe("jnx", midnight: 1000)
        let ticks = probe.decode(
            wireBytes { JnxEncoder.systemEvent(group: "DAY", event: 0x4F, to: &$0) },
            wireBytes { JnxEncoder.seconds(seconds: 57_600, to: &$0) },
            wireBytes { JnxEncoder.tickSize(tableID: 1, to: &$0) },
            wireBytes {
                JnxEncoder.directory(
                    timestamp: 5, orderBookID: 9656, isin: "JP1", group: "DAY", lotSize: 100,
                    tickTableID: 4, decimals: 1, upperLimit: 3000, lowerLimit: 1000, to: &$0)
            },
            wireBytes {
                JnxEncoder.tradingStatus(orderBookID: 9656, group: "DAY", state: 0x54, to: &$0)
            },
            wireBytes {
                JnxEncoder.shortSelling(orderBookID: 9656, group: "DAY", state: 0x31, to: &$0)
            },
            wireBytes {
                JnxEncoder.orderAdded(
                    orderID: 3, side: 0x42, quantity: 100, orderBookID: 9656, group: "DAY",
                    price: 4998, to: &$0)
            },
            wireBytes { JnxEncoder.orderAdded(orderBookID: 9656, price: 0x7FFF_FFFF, to: &$0) },
            wireBytes {
                JnxEncoder.attributedOrderAdded(
                    orderID: 4, side: 0x42, quantity: 100, orderBookID: 9656, group: "DAY",
                    price: 1, orderType: 0x51, to: &$0)
            },
            wireBytes { JnxEncoder.orderExecuted(orderID: 3, quantity: 2, matchID: 9, to: &$0) },
            wireBytes { JnxEncoder.orderDeleted(orderID: 3, to: &$0) },
            wireBytes {
                JnxEncoder.orderReplaced(
                    orderID: 3, newOrderID: 5, quantity: 1400, price: 4998, to: &$0)
            })
        #expect(
            said(ticks) == [
                "status.systemEvent #\(0x2059_4144) +79 |", "definition",
                "limits.upper @300000000000", "limits.lower @100000000000 |",
                "status.trading +84 |", "status.shortSaleRestriction +49 |",
                "add #3 @499800000000 x100 bid |", "limits.reference |",
                "add #4 @100000000 x100 bid +81 |", "trade #9 x2", "fill #3 x2 |", "delete #3 |",
                "delete #3 replaced", "add #5 @499800000000 x1400 replaced |",
            ])
        #expect(ticks[0].exchangeTime == 0 && ticks[1].exchangeTime == 57_600_000_001_005)
        #expect(probe.directory.entries.map(\.symbol) == ["9656.DAY", "9656"])
        #expect(probe.entry("9656.DAY")?.details == "type=equity\nisin=JP1\ntick_table=4")
    }

    @Test("Books of random order flow are those of the naive book")
    func books() {
        var mix = OrderFlow.Mix()
        (mix.partialReduction, mix.fullReduction, mix.shrink, mix.grow) = (0, 0, 0, 0)
        (mix.reprice, mix.executionsElsewhere, mix.clearsPerMillion) = (0, 0, 0)
        checkBooks("jnx", seed: 1, mix: mix, priceScale: 100_000_000) { event in
            let id = UInt32(event.instrument + 1)
            return wireBytes {
                switch event.change {
                case .add(let order, _, let isAsk, let price, let quantity):
                    JnxEncoder.orderAdded(
                        orderID: order, side: isAsk ? 0x53 : 0x42, quantity: UInt32(quantity),
                        orderBookID: id, price: UInt32(price), to: &$0)
                case .execute(let order, let quantity, _):
                    JnxEncoder.orderExecuted(
                        orderID: order, quantity: UInt32(quantity), matchID: 1, to: &$0)
                case .replace(let old, let new, let price, let quantity):
                    JnxEncoder.orderReplaced(
                        orderID: old, newOrderID: new, quantity: UInt32(quantity),
                        price: UInt32(price), to: &$0)
                case .delete(let order): JnxEncoder.orderDeleted(orderID: order, to: &$0)
                default: preconditionFailure("not in the mix")
                }
            }
        }
    }
}
