import Protocols
import TestSupport
import Testing
import Ticks
import Wire

private let e8: Int64 = 100_000_000
private let none = Int64.min

/// TrdRegTSTimePriority xor the mixture, as `MAPPING.md` has it.
func eobiReference(_ priority: UInt64, _ security: Int64, isAsk: Bool) -> UInt64 {
    var mixed = (UInt64(bitPattern: security) << 1 | (isAsk ? 1 : 0)) &+ 0x9E37_79B9_7F4A_7C15
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return priority ^ mixed ^ mixed >> 31
}

extension EobiDecoderTests {
    func add(
        _ priority: UInt64, _ side: UInt8 = 1, price: Int64 = 100 * e8, quantity: Int64 = 50_000,
        security: Int64 = 42
    ) -> [UInt8] {
        wireBytes {
            EobiEncoder.orderAdd(
                securityID: security, timePriority: priority, displayQty: quantity, side: side,
                price: price, to: &$0)
        }
    }

    @Test func ordersMakeBooks() throws {
        let bench = try DerivativesBench("eobi")
        var ticks = bench.send([add(11), add(12, 2, price: 101 * e8, quantity: 70_000)])
        #expect(
            ticks.map(brief) == [
                "add bid 50000@100000000000 #\(bid)", "add ask 70000@101000000000 #\(ask)",
            ])
        #expect(ticks.map(\.exchangeTime) == [11, 12])
        #expect(bench.details(ticks[0]) == "product=7\nquantity_unit=0.0001")
        ticks = bench.send([
            wireBytes {
                EobiEncoder.orderModifySamePrio(
                    transactTime: 20, prevDisplayQty: 50_000, securityID: 42, timePriority: 11,
                    displayQty: 30_000, side: 1, price: 100 * e8, to: &$0)
            },
            wireBytes {
                EobiEncoder.orderModify(
                    prevTimePriority: 12, prevPrice: 101 * e8, prevDisplayQty: 70_000,
                    securityID: 42, timePriority: 21, displayQty: 60_000, side: 2,
                    price: 102 * e8, to: &$0)
            },
        ])
        let moved = eobiReference(21, 42, isAsk: true)
        #expect(
            ticks.map(brief) == [
                "modify bid 30000@100000000000 #\(bid)",
                "delete ask 70000@101000000000 #\(ask) [r]",
                "add ask 60000@102000000000 #\(moved) [r]",
            ])
        #expect(ticks.map { $0.has(.lastOfEvent) } == [true, false, true])
        ticks = bench.send([
            wireBytes {
                EobiEncoder.orderDelete(
                    transactTime: 30, securityID: 42, timePriority: 11, displayQty: 30_000,
                    side: 1, price: 100 * e8, to: &$0)
            },
            wireBytes { EobiEncoder.orderMassDelete(securityID: 42, transactTime: 31, to: &$0) },
        ])
        #expect(ticks.map(brief) == ["delete bid 30000@100000000000 #\(bid)", "clear"])
        #expect(bench.books.liveOrders == 0 && !bench.books.isSuspect(1))
    }

    @Test func executionsAreTradeAndFill() throws {
        let bench = try DerivativesBench("eobi")
        bench.send([add(11)])
        let ticks = bench.send([
            wireBytes {
                EobiEncoder.executionSummary(
                    securityID: 42, execID: 900, lastQty: 80_000, aggressorSide: 2,
                    tradeCondition: 1, lastPx: 99 * e8, restingHiddenQty: 30_000, to: &$0)
            },
            wireBytes {
                EobiEncoder.partialOrderExecution(
                    side: 1, algorithmicTradeIndicator: 1, trdMatchID: 5, price: 100 * e8,
                    timePriority: 11, securityID: 42, lastQty: 20_000, lastPx: 99 * e8, to: &$0)
            },
            wireBytes {
                EobiEncoder.fullOrderExecution(
                    side: 1, trdMatchID: 6, price: 100 * e8, timePriority: 11, securityID: 42,
                    lastQty: 30_000, lastPx: 100 * e8, to: &$0)
            },
        ])
        #expect(
            ticks.map(brief) == [
                "statistic.executionTotal ask 80000@99000000000 #900 x1",
                "statistic.hiddenVolume ask 30000@99000000000 #900",
                "trade ask 20000@99000000000 #5 x1", "fill bid 20000@100000000000 #\(bid)",
                "trade ask 30000@100000000000 #6", "fill bid 30000@100000000000 #\(bid)",
            ])
        // Executions have no time of their own: the packet's.
        #expect(ticks.allSatisfy { $0.exchangeTime == 99 })
        #expect(bench.books.liveOrders == 0 && !bench.books.isSuspect(1))
        #expect(
            ticks.filter { $0.tickKind == .trade }.reduce(0) { $0 + $1.quantity } == 50_000)
    }

    @Test func marketOrdersStayOutOfBooks() throws {
        let bench = try DerivativesBench("eobi")
        var ticks = bench.send([add(11, price: none), add(12, 2)])
        #expect(ticks.map(brief)[0] == "imbalance.marketOrder bid 50000 #\(bid)")
        ticks = bench.send([
            wireBytes {  // gets a price
                EobiEncoder.orderModify(
                    prevTimePriority: 11, prevDisplayQty: 50_000, securityID: 42,
                    timePriority: 13, displayQty: 50_000, side: 1, price: 99 * e8, to: &$0)
            },
            wireBytes {  // loses it
                EobiEncoder.orderModify(
                    prevTimePriority: 12, prevPrice: 100 * e8, prevDisplayQty: 50_000,
                    securityID: 42, timePriority: 14, displayQty: 40_000, side: 2, to: &$0)
            },
            wireBytes {
                EobiEncoder.orderModifySamePrio(
                    securityID: 42, timePriority: 14, displayQty: 30_000, side: 2, to: &$0)
            },
            wireBytes {
                EobiEncoder.partialOrderExecution(
                    side: 2, trdMatchID: 8, timePriority: 14, securityID: 42, lastQty: 10_000,
                    lastPx: 99 * e8, to: &$0)
            },
            wireBytes {
                EobiEncoder.fullOrderExecution(
                    side: 2, trdMatchID: 9, timePriority: 14, securityID: 42, lastQty: 20_000,
                    lastPx: 99 * e8, to: &$0)
            },
            wireBytes {  // nobody has seen it coming
                EobiEncoder.partialOrderExecution(
                    side: 2, trdMatchID: 10, timePriority: 15, securityID: 42, lastQty: 5000,
                    lastPx: 99 * e8, to: &$0)
            },
            add(16, price: none),
            wireBytes {
                EobiEncoder.orderDelete(securityID: 42, timePriority: 16, side: 1, to: &$0)
            },
        ])
        let waiting = eobiReference(14, 42, isAsk: true)
        #expect(
            ticks.map(brief) == [
                "imbalance.marketOrder bid 0 #\(bid)",
                "add bid 50000@99000000000 #\(eobiReference(13, 42, isAsk: false))",
                "delete ask 50000@100000000000 #\(ask)",
                "imbalance.marketOrder ask 40000 #\(waiting)",
                "imbalance.marketOrder ask 30000 #\(waiting)", "trade 10000@99000000000 #8",
                "imbalance.marketOrder ask 20000 #\(waiting)", "trade 20000@99000000000 #9",
                "imbalance.marketOrder ask 0 #\(waiting)", "trade 5000@99000000000 #10",
                "imbalance.marketOrder bid 50000 #\(eobiReference(16, 42, isAsk: false))",
                "imbalance.marketOrder bid 0 #\(eobiReference(16, 42, isAsk: false))",
            ])
        // Each trade's message is a whole event.
        #expect(
            ticks.filter { $0.tickKind == .trade }.map { $0.has(.lastOfEvent) }
                == [false, false, true])
        #expect(bench.books.liveOrders == 1 && !bench.books.isSuspect(1))
    }
}
