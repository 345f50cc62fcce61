import Lines
import TestSupport
import Testing
import Ticks
import Wire

/// Packets without numbers: once, whichever line brings them first, beside the order.
@Suite struct UnsequencedTests {
    private let second: UInt64 = 1_000_000_000

    private func packet(
        _ line: Int, _ content: UInt64, _ count: Int = 1, at time: UInt64 = 0
    ) -> TestPacket {
        TestPacket(line: line, time: time, first: content, count: count, kind: .unsequenced)
    }

    @Test func oneLineIsEnough() {
        let bench = ArbiterBench()
        bench.send(packet(0, 7, 2, at: 100))
        bench.send(packet(1, 7, 2, at: 200))
        bench.send(packet(1, 9, at: 300))
        bench.send(packet(0, 9, at: 400))
        #expect(
            bench.events == [
                .unsequenced(7, line: 0), .unsequenced(8, line: 0), .unsequenced(9, line: 1),
            ])
        let status = bench.arbiter.status
        #expect(status.unsequenced == 3 && status.unsequencedDuplicate == 3)
        #expect(status.epoch == 0 && status.received == 0 && status.knownEnd == 0)
        let lines = bench.arbiter.lines
        #expect(lines.map(\.unsequenced) == [3, 3])
        #expect(lines.map(\.unsequencedDuplicates) == [1, 2])
        #expect(lines.map(\.messages) == [0, 0] && lines.map(\.packets) == [2, 2])
        #expect(lines.map(\.heartbeats) == [0, 0])
    }

    /// The venue says the same twice: every line brings it twice, and it is delivered twice.
    @Test func repetitionsOnOneLineAreMeant() {
        let bench = ArbiterBench(lines: 3)
        for (line, time): (Int, UInt64) in [(0, 1), (1, 2), (0, 3), (2, 4), (1, 5), (2, 6), (0, 7)]
        {
            bench.send(packet(line, 7, at: time))
        }
        #expect(bench.events == Array(repeating: .unsequenced(7, line: 0), count: 3))
        #expect(bench.arbiter.status.unsequencedDuplicate == 4)
    }

    @Test func whatCameLongAgoIsForgotten() {
        let bench = ArbiterBench()
        bench.send(packet(0, 7, at: second))
        bench.send(packet(1, 7, at: 2 * second - 1))
        bench.send(packet(0, 8, at: 2 * second))
        bench.send(packet(1, 8, at: 3 * second))
        #expect(
            bench.events == [
                .unsequenced(7, line: 0), .unsequenced(8, line: 0), .unsequenced(8, line: 1),
            ])
    }

    /// More packets than the history holds: forgetting means saying a thing twice, never losing it.
    @Test func theHistoryIsBounded() {
        let bench = ArbiterBench()
        for content in UInt64(1)...5000 { bench.send(packet(0, content, at: content)) }
        for content in UInt64(1)...5000 { bench.send(packet(1, content, at: 5000 + content)) }
        let first = bench.events.prefix(5000)
        #expect(first.elementsEqual((1...5000).map { .unsequenced($0, line: 0) }))
        let status = bench.arbiter.status
        #expect(status.unsequenced + status.unsequencedDuplicate == 10_000)
        #expect(status.unsequencedDuplicate < 1100)
    }

    @Test func theOrderGoesOnBesideThem() {
        let bench = ArbiterBench(ArbiterOptions(windowNanoseconds: 1000))
        bench.send(TestPacket(line: 0, time: 1, first: 1, count: 2))
        bench.send(TestPacket(line: 0, time: 2, first: 5, count: 1))
        bench.send(packet(0, 70, at: 3))
        #expect(bench.events.last == .unsequenced(70, line: 0))
        bench.send(TestPacket(line: 1, time: 4, first: 3, count: 2))
        bench.send(packet(1, 70, at: 5))
        bench.finish()
        #expect(bench.delivered == [1, 2, 3, 4, 5])
        #expect(bench.gaps.isEmpty && bench.epochs.count == 1)
        let status = bench.arbiter.status
        #expect(status.received == 5 && status.delivered == 5)
        #expect(status.unsequenced == 1 && status.unsequencedDuplicate == 1)
    }

    @Test func announcedButAbsentMessagesAreRejected() {
        let bench = ArbiterBench()
        var cut = packet(0, 7)
        cut.missing = 2
        bench.send(cut)
        bench.send(TestPacket(line: 0, first: 0, kind: .unsequenced))
        #expect(bench.arbiter.lines[0].rejected == 2 && bench.arbiter.lines[0].heartbeats == 1)
        #expect(bench.events == [.unsequenced(7, line: 0)])
    }
}
