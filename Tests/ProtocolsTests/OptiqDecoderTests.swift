import Protocols
import TestSupport
import Testing
import Ticks
import Wire

/// others.md §11: without the standing data's decimals no price can be told.
@Suite struct OptiqDecoderTests {
    @Test func pricesAreCountedAndLeftOut() throws {
        let bench = try DerivativesBench("optiq")
        let ticks = bench.send([
            wireBytes {
                OptiqEncoder.marketUpdate(
                    updates: [.init(updateType: 1, symbolIndex: 5, price: 10), .init()], to: &$0)
            },
            wireBytes { OptiqEncoder.orderUpdate(orders: [.init(symbolIndex: 5)], to: &$0) },
            wireBytes { OptiqEncoder.priceUpdate(prices: [.init(), .init(), .init()], to: &$0) },
            wireBytes { OptiqEncoder.longOrderUpdate(orders: [.init()], to: &$0) },
        ])
        #expect(ticks.isEmpty)
        let counters = bench.decoder.snapshotCounters()
        #expect(counters.unrepresentable == 7 && counters.unexpectedLength == 0)
        #expect(counters.messages.map(\.key) == [1001, 1002, 1003, 1015])
    }

    @Test func states() throws {
        let bench = try DerivativesBench("optiq")
        let ticks = bench.send([
            wireBytes {
                OptiqEncoder.marketStatusChange(
                    rebroadcast: 1, emm: 1,
                    changes: [
                        .init(
                            changeType: 3, symbolIndex: 5, eventTime: 60, bookState: 5, reason: 2,
                            period: 4, instrumentState: 6),
                        .init(symbolIndex: 6, eventTime: 61, bookState: 6),
                    ], to: &$0)
            },
            wireBytes { OptiqEncoder.startOfDay(tradingDay: 3, to: &$0) },
            wireBytes { OptiqEncoder.endOfDay(tradingDay: 3, to: &$0) },
        ])
        #expect(
            Array(ticks.map { bench.symbol($0) + " " + brief($0) }.prefix(2)) == [
                "5 status.trading x17040901 [s]",
                "5 status.tradingReason x770 [s]",
            ])
        #expect(ticks.map(\.exchangeTime) == [60, 60, 61, 61, 0, 0])
        #expect(ticks.map { $0.has(.lastOfEvent) } == [false, false, false, true, true, true])
        #expect(
            ticks.suffix(2).map(brief) == ["status.systemEvent x1101", "status.systemEvent x1102"])
    }

    @Test func whatIsNotMapped() throws {
        let bench = try DerivativesBench("optiq")
        let ticks = bench.send([
            wireBytes { OptiqEncoder.fullTradeInformation(blockLength: 18, to: &$0) },
            wireBytes { OptiqEncoder.timetable(blockLength: 0, to: &$0) },
            wireBytes { OptiqEncoder.standingData(blockLength: 0, to: &$0) },
            wireBytes { OptiqEncoder.statistics(blockLength: 0, to: &$0) },
            wireBytes { OptiqEncoder.strategyStandingData(blockLength: 0, to: &$0) },
            wireBytes { OptiqEncoder.contractStandingData(blockLength: 0, to: &$0) },
            wireBytes { OptiqEncoder.outrightStandingData(blockLength: 0, to: &$0) },
            wireBytes { OptiqEncoder.lisPackage(blockLength: 0, to: &$0) },
            wireBytes { OptiqEncoder.healthStatus(to: &$0) },
            wireBytes { OptiqEncoder.technicalNotification(blockLength: 0, to: &$0) },
            wireBytes { OptiqEncoder.startOfSnapshot(to: &$0) },
            wireBytes { OptiqEncoder.endOfSnapshot(to: &$0) },
        ])
        #expect(ticks.isEmpty)
        let counters = bench.decoder.snapshotCounters()
        #expect(counters.messageTotal == 12 && counters.unexpectedLength == 0)
        var unknown = wireBytes { OptiqEncoder.healthStatus(to: &$0) }
        unknown.putWire(77 as UInt16, at: 4)
        var cut = wireBytes { OptiqEncoder.priceUpdate(prices: [.init()], to: &$0) }
        cut.removeLast()
        cut.putWire(UInt16(cut.count), at: 0)
        bench.send([unknown, cut])
        #expect(bench.decoder.snapshotCounters().unknownType == 1)
        #expect(bench.decoder.snapshotCounters().unexpectedLength == 1)
    }

    @Test func damage() throws {
        let messages = [
            wireBytes { OptiqEncoder.marketUpdate(updates: [.init(), .init()], to: &$0) },
            wireBytes { OptiqEncoder.marketStatusChange(changes: [.init(), .init()], to: &$0) },
        ]
        for seed in 1...3 as ClosedRange<UInt64> {
            try survivesDamage("optiq", messages, seed: seed)
        }
    }
}
