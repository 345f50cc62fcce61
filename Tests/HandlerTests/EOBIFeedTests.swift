import Books
import Handler
import Protocols
import Testing
import Ticks
import Wire

/// EOBI through the whole core: two lines, packets that are numbered themselves, and a restart of the
/// venue (others.md §6).
@Suite struct EOBIFeedTests {
    private static let e8: Int64 = 100_000_000

    /// Runs begin ten seconds apart.
    private func sendTime(_ number: UInt64, run: Int64) -> UInt64 {
        1000 + UInt64(run) * 10_000_000_000 + number * 100
    }

    /// A packet with one order, whose price, in whole units, is told apart by `run`.
    private func packet(_ number: UInt64, run: Int64 = 0) -> [UInt8] {
        var message: [UInt8] = []
        EobiEncoder.orderAdd(
            msgSeqNum: UInt32(number), securityID: 42,
            timePriority: sendTime(number, run: run), displayQty: 10_000, side: 1,
            price: (100 + run) * Self.e8, to: &message)
        var bytes = EOBIPacket.transport.encode(
            PacketContents(
                sequence: number, sendTime: sendTime(number, run: run), channel: 675,
                messages: [message]))
        // Set in the first packets after a start.
        if number <= 3 { bytes[18] = 1 }
        return bytes
    }

    private func bench() throws -> CoreBench {
        let eobi = try #require(FeedProtocol(rawValue: "eobi"))
        return try CoreBench([
            ChannelConfiguration(name: "eobi", feedProtocol: eobi, windowNanoseconds: 1000)
        ])
    }

    @Test func eitherLineFillsTheOthersLosses() throws {
        let bench = try bench()
        for number in 1...20 as ClosedRange<UInt64> {
            let time = sendTime(number, run: 0)
            if number % 5 != 2 { bench.send(packet(number), line: 0, at: time) }
            if number % 5 != 4 { bench.send(packet(number), line: 1, at: time + 50) }
        }
        let ticks = bench.flushed()
        #expect(ticks.compactMap(\.tickKind) == [.epoch] + Array(repeating: .add, count: 20))
        #expect(ticks.dropFirst().map(\.sequence) == Array(1...20))
        #expect(Set(ticks.dropFirst().map(\.line)) == [0, 1])
        #expect(bench.symbol(ticks[1]) == "42")
        #expect(bench.core.books.levels(1, .bid).map(\.orders) == [20])
        #expect(!bench.core.books.isSuspect(1))
    }

    /// The numbers begin at 1 again, with other contents: the books of before are gone.
    @Test func aRestart() throws {
        let bench = try bench()
        for number in 1...10 as ClosedRange<UInt64> {
            let time = sendTime(number, run: 0)
            bench.send(packet(number), line: 0, at: time)
            bench.send(packet(number), line: 1, at: time + 50)
        }
        for number in 1...10 as ClosedRange<UInt64> {
            let time = sendTime(number, run: 1)
            bench.send(packet(number, run: 1), line: 0, at: time)
            bench.send(packet(number, run: 1), line: 1, at: time + 50)
        }
        let ticks = bench.flushed()
        let epochs = ticks.filter { $0.tickKind == .epoch }
        #expect(epochs.count == 2)
        let causes = [EpochCause.restart.rawValue, EpochCause.restartUnproven.rawValue]
        #expect(epochs.last.map { causes.contains($0.detail) } == true)
        #expect(!ticks.contains { $0.tickKind == .gap })
        let levels = bench.core.books.levels(1, .bid)
        #expect(levels.map(\.price) == [101_000_000_000] && levels.map(\.orders) == [10])
    }

    /// All messages of a packet have its number.
    @Test func aLargePacket() throws {
        let bench = try bench()
        let messages = (1...28).map { number in
            var message: [UInt8] = []
            EobiEncoder.orderAdd(
                securityID: Int64(number), timePriority: UInt64(number), displayQty: 10_000,
                side: 2, price: Self.e8, to: &message)
            return message
        }
        let bytes = EOBIPacket.transport.encode(
            PacketContents(sequence: 1, sendTime: 1, channel: 675, messages: messages))
        bench.send(bytes, at: 1000)
        let ticks = bench.flushed()
        #expect(ticks.count == 29 && ticks.dropFirst().allSatisfy { $0.sequence == 1 })
        #expect(Set(ticks.dropFirst().map(\.instrument)).count == 28)
    }
}
