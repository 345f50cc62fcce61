import Books
import Handler
import Lines
import Protocols
import TestSupport
import Testing
import Ticks
import Wire

/// PITCH units from packets on two lines to finished ticks and books.
@Suite struct PitchLinesTests {
    private static let unit: UInt32 = 3

    private static func channel(_ feed: String = "pitch-us") -> ChannelConfiguration {
        ChannelConfiguration(
            name: "unit 3", feedProtocol: FeedProtocol(rawValue: feed)!, transportChannel: unit,
            windowNanoseconds: 1000)
    }

    private func message(_ encode: (inout [UInt8]) -> Void) -> [UInt8] {
        var bytes: [UInt8] = []
        encode(&bytes)
        return bytes
    }

    private func packet(
        _ sequence: UInt64, _ messages: [[UInt8]], unit: UInt32 = unit
    ) -> [UInt8] {
        PITCHUnit.encode(
            PacketContents(sequence: sequence, channel: unit, messages: messages))
    }

    private func add(_ id: UInt64, _ side: Character, _ cents: UInt16) -> [UInt8] {
        message {
            PitchEncoder.addOrderShort(
                timeOffset: 5, orderID: id, side: side.asciiValue!, quantity: 100, symbol: "ABC",
                price: cents, flags: 1, to: &$0)
        }
    }

    private func delete(_ id: UInt64) -> [UInt8] {
        message { PitchEncoder.deleteOrder(timeOffset: 6, orderID: id, to: &$0) }
    }

    private func execute(_ id: UInt64, _ quantity: UInt32) -> [UInt8] {
        message {
            PitchEncoder.orderExecuted(
                timeOffset: 7, orderID: id, quantity: quantity, executionID: 99, to: &$0)
        }
    }

    private var time: [UInt8] { message { PitchEncoder.time(seconds: 34_200, to: &$0) } }
    private var clear: [UInt8] { message { PitchEncoder.unitClear(timeOffset: 1, to: &$0) } }

    /// The lines cut the messages into other packets, lose some, and lag.
    @Test func linesCompleteEachOther() throws {
        let bench = try CoreBench([Self.channel()])
        bench.send(packet(1, [time, add(1, "B", 1000)]), line: 0, at: 1000)
        bench.send(packet(3, [add(2, "S", 1010)]), line: 1, at: 1050)
        bench.send(packet(1, [time]), line: 1, at: 1100)
        // Line A lost 3 and 4.
        bench.send(packet(5, [delete(2)]), line: 0, at: 1200)
        #expect(bench.kinds() == [.epoch, .add, .add])
        bench.send(packet(4, [execute(1, 40), delete(2)]), line: 1, at: 1300)
        let ticks = bench.flushed()
        #expect(ticks.compactMap(\.tickKind) == [.epoch, .add, .add, .trade, .fill, .delete])
        #expect(ticks.map(\.sequence) == [1, 2, 3, 4, 4, 5])
        #expect(ticks.map(\.line) == [0, 0, 1, 1, 1, 1])
        let midnight = try TradingDay(parsing: "2019-12-30").midnightNanoseconds
        #expect(ticks[3].exchangeTime == midnight + 34_200_000_000_007)
        // Only the order's reference stands in the messages.
        #expect(ticks.dropFirst().allSatisfy { bench.symbol($0) == "ABC" })
        #expect(ticks[3].price == 10_000_000_000 && ticks[3].tickSide == .ask)
        #expect(ticks[5].price == 10_100_000_000 && ticks[5].quantity == 100)
        #expect(!ticks.contains { $0.has(.bookSuspect) })
        #expect(bench.core.books.best(1, .bid).quantity == 60)
        #expect(bench.core.books.best(1, .ask) == .empty)
    }

    /// A packet without numbers is said once, in no order, and moves no sequence.
    @Test func unsequencedPackets() throws {
        let bench = try CoreBench([Self.channel("pitch-cfe")])
        let definition = message {
            PitchEncoder.futureDefinition(
                timeOffset: 1, symbol: "0002aV", unitTime: 1_556_747_102, reportSymbol: "VX",
                expiry: 20_190_515, contractSize: 1000, increment: 500, to: &$0)
        }
        bench.send(packet(0, [definition]), line: 0, at: 1000)
        bench.send(packet(0, [definition]), line: 1, at: 1010)
        let order = message {
            PitchEncoder.futureAddOrderShort(
                orderID: 1, side: UInt8(ascii: "B"), quantity: 1, symbol: "0002aV", price: -5,
                to: &$0)
        }
        bench.send(packet(1, [order]), line: 0, at: 1100)
        bench.send(packet(0, []), line: 0, at: 1200)
        let ticks = bench.flushed()
        #expect(ticks.compactMap(\.tickKind) == [.definition, .epoch, .add])
        #expect(ticks.map(\.sequence) == [0, 1, 1])
        #expect(ticks[2].instrument == ticks[0].instrument)
        #expect(bench.instruments.last?.details.contains("expiry=2019-05-15") == true)
        #expect(bench.core.books.best(1, .bid).price == -50_000_000)
        #expect(!bench.core.books.isSuspect(1))
        let totals = bench.core.totals().channels[0].total
        #expect(totals.unsequenced == 1 && totals.unsequencedDuplicate == 1)
    }

    /// After a join in mid-session orders are not known; a Unit Clear makes the unit's books whole.
    @Test func unitClearEmptiesTheUnit() throws {
        let bench = try CoreBench([Self.channel()])
        bench.send(packet(100, [time, add(1, "B", 1000), delete(77)]), at: 1000)
        var ticks = bench.flushed()
        #expect(ticks.compactMap(\.tickKind) == [.epoch, .add, .delete])
        #expect(ticks[2].instrument == 0 && ticks[2].has(.bookSuspect))
        #expect(bench.core.books.isSuspect(1))
        bench.send(packet(103, [clear, add(2, "B", 990)]), at: 1100)
        ticks = bench.flushed()
        #expect(ticks[3].tickKind == .clear && ticks[3].instrument == 0)
        #expect(ticks[4].has(.topChanged) && !ticks[4].has(.bookSuspect))
        #expect(!bench.core.books.isSuspect(1))
        #expect(bench.core.books.orders(1, .bid).map(\.orderID) == [2])
    }

    /// What a gap held may have been any order's: an unknown one makes the unit suspect for good.
    @Test func lostAddIsNoticedAtItsDelete() throws {
        let bench = try CoreBench([Self.channel()])
        bench.send(packet(1, [time, add(1, "B", 1000)]), at: 1000)
        bench.send(packet(5, [add(3, "B", 990)]), at: 1100)
        bench.core.clock(5000)
        #expect(bench.kinds() == [.epoch, .add, .gap, .add])
        bench.send(packet(3, [add(2, "S", 1010), delete(1)]), line: 1, at: 6000)
        #expect(bench.kinds().suffix(3) == [.add, .delete, .gapFilled])
        // Both came late, behind another order of the instrument.
        #expect(bench.core.books.orders(1, .bid).map(\.orderID) == [1, 3])
        #expect(bench.core.books.isSuspect(1))
        bench.send(packet(6, [delete(2)]), at: 7000)
        #expect(bench.flushed().last?.instrument == 0)
        #expect(bench.core.books.counters.unknownOrder == 1)
    }

    @Test func heartbeatRevealsTheTail() throws {
        let bench = try CoreBench([Self.channel()])
        bench.send(packet(1, [time]), at: 1000)
        bench.send(packet(4, []), line: 1, at: 1100)
        bench.core.clock(5000)
        #expect(bench.kinds() == [.epoch, .gap])
        #expect(bench.flushed()[1].sequence == 2 && bench.flushed()[1].quantity == 2)
    }

    @Test func otherUnitsAreRejected() throws {
        let bench = try CoreBench([Self.channel()])
        bench.send(packet(1, [time], unit: 4), at: 1000)
        #expect(bench.kinds() == [])
    }
}
