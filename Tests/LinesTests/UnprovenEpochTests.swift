import Lines
import Testing
import Ticks
import Wire

/// Restarts and jumps that only several consistent packets prove, and going on after a restart of
/// the handler.
@Suite struct UnprovenEpochTests {
    private func packet(_ line: Int, _ first: UInt64, _ count: Int, run: UInt64) -> TestPacket {
        TestPacket(line: line, first: first, count: count, run: run)
    }

    @Test func severalConsistentPacketsProveARestart() {
        let bench = ArbiterBench()
        for line in 0...1 { bench.send(packet(line, 1, 100, run: 1)) }
        bench.send(packet(0, 1, 2, run: 2))
        bench.send(packet(0, 3, 2, run: 2))
        #expect(bench.arbiter.status.epoch == 1)
        #expect(bench.arbiter.status.held == 4)
        bench.send(packet(0, 5, 2, run: 2))
        #expect(bench.epochs.last == .epoch(2, .restartUnproven, sequence: 1))
        #expect(bench.delivered.suffix(6) == [1, 2, 3, 4, 5, 6])
        // The slower line still brings the end of the old run.
        bench.send(packet(1, 101, 3, run: 1))
        #expect(bench.arbiter.lines[1].stale == 3)
        bench.send(packet(1, 1, 8, run: 2))
        #expect(bench.delivered.suffix(2) == [7, 8])
        #expect(bench.runs.suffix(8).allSatisfy { $0.run == 2 })
        #expect(bench.gaps.isEmpty)
    }

    /// Both lines restart side by side: each has its own candidate when the first one is proven.
    @Test func bothLinesRestartTogether() {
        let bench = ArbiterBench()
        for line in 0...1 { bench.send(packet(line, 1, 100, run: 1)) }
        for first: UInt64 in [1, 3, 5, 7] {
            for line in 0...1 { bench.send(packet(line, first, 2, run: 2)) }
        }
        bench.finish()
        #expect(bench.epochs.last == .epoch(2, .restartUnproven, sequence: 1))
        #expect(bench.delivered.suffix(8) == Array(1...8))
        #expect(bench.gaps.isEmpty)
        #expect(bench.arbiter.status.duplicate == 8)
        #expect(bench.arbiter.pastEpochs.isBalancedButForHeads)
    }

    /// The line that proves the restart lost its beginning, which the other line holds.
    @Test func otherLinesCandidateIsNotLost() {
        let bench = ArbiterBench()
        for line in 0...1 { bench.send(packet(line, 1, 100, run: 1)) }
        bench.send(packet(1, 1, 2, run: 2))
        bench.send(packet(1, 3, 2, run: 2))
        for first: UInt64 in [3, 5, 7] { bench.send(packet(0, first, 2, run: 2)) }
        bench.finish()
        #expect(bench.epochs.last == .epoch(2, .restartUnproven, sequence: 1))
        #expect(bench.delivered.suffix(8) == Array(1...8))
        #expect(bench.gaps.isEmpty)
    }

    @Test func oldRunBetweenDisprovesTheRestart() {
        let bench = ArbiterBench(lines: 1)
        bench.send(packet(0, 1, 100, run: 1))
        bench.send(packet(0, 1, 2, run: 2))
        bench.send(packet(0, 3, 2, run: 2))
        bench.send(packet(0, 101, 2, run: 1))
        bench.send(packet(0, 5, 2, run: 2))
        bench.finish()
        #expect(bench.epochs.count == 1)
        #expect(bench.delivered == Array(1...102))
        #expect(bench.arbiter.status.stale == 6)
    }

    @Test func repeatedPacketsAreNoRestart() {
        let bench = ArbiterBench(lines: 1)
        for first in stride(from: UInt64(1), to: 100, by: 5) {
            bench.send(packet(0, first, 5, run: 1))
        }
        for first: UInt64 in [1, 6, 11, 16, 21] { bench.send(packet(0, first, 5, run: 1)) }
        #expect(bench.epochs.count == 1)
        #expect(bench.arbiter.status.duplicate == 25)
    }

    @Test func oneDamagedNumberIsIgnored() {
        let bench = ArbiterBench(lines: 1)
        bench.send(packet(0, 1, 5, run: 1))
        bench.send(packet(0, 1 << 61, 5, run: 1))
        bench.send(TestPacket(line: 0, first: 1 << 60, kind: .heartbeat))
        bench.send(TestPacket(line: 0, first: 1 << 59, kind: .endOfSession))
        bench.send(packet(0, 6, 5, run: 1))
        bench.finish()
        #expect(bench.delivered == Array(1...10))
        #expect(bench.gaps.isEmpty)
        #expect(bench.arbiter.status.stale == 5)
        #expect(!bench.arbiter.status.hasEnded)
    }

    @Test func severalConsistentPacketsProveAJump() {
        let bench = ArbiterBench()
        let far: UInt64 = 1 << 40
        for line in 0...1 { bench.send(packet(line, 1, 5, run: 1)) }
        for at: UInt64 in [0, 2, 4] { bench.send(packet(0, far + at, 2, run: 1)) }
        #expect(bench.epochs.last == .epoch(2, .jump, sequence: far))
        #expect(bench.gaps.isEmpty)
        // The other line arrives too, first from behind, then in front.
        bench.send(packet(1, 6, 2, run: 1))
        bench.send(packet(1, far + 6, 2, run: 1))
        bench.send(packet(1, far + 8, 2, run: 1))
        bench.finish()
        #expect(bench.delivered.suffix(10) == Array(far..<(far + 10)))
        #expect(bench.arbiter.lines[1].wins == 4)
        #expect(bench.arbiter.lines[1].stale == 2)
    }

    /// A line that was down during a restart comes back above the numbers it had.
    @Test func lineComesBackAboveItsOldNumbers() {
        let bench = ArbiterBench()
        for line in 0...1 { bench.send(packet(line, 1, 40, run: 1)) }
        for first: UInt64 in [1, 11, 21, 31, 41] { bench.send(packet(0, first, 10, run: 2)) }
        #expect(bench.arbiter.status.epoch == 2)
        bench.send(packet(1, 41, 10, run: 2))
        bench.send(packet(1, 51, 5, run: 2))
        #expect(bench.arbiter.lines[1].stale == 0)
        #expect(bench.delivered.last == 55)
    }

    // MARK: Going on after a restart of the handler

    @Test func whatTheHandlerSleptThroughIsAGap() {
        let bench = ArbiterBench()
        bench.arbiter.resume(
            epoch: 3, session: SessionIdentifier(high: 1, low: 0), next: 101, time: 0)
        bench.send(packet(0, 111, 2, run: 1))
        bench.send(packet(1, 111, 4, run: 1))
        #expect(
            bench.events == [
                .epoch(3, .resumed, sequence: 101),
                .gap(first: 101, count: 10, cause: .restart), .message(111, line: 0),
                .message(112, line: 0), .message(113, line: 1), .message(114, line: 1),
            ])
    }

    @Test func nothingMissedIsNoGap() {
        let bench = ArbiterBench()
        bench.arbiter.resume(
            epoch: 1, session: SessionIdentifier(high: 1, low: 0), next: 101, time: 0)
        bench.send(packet(0, 99, 2, run: 1))
        #expect(bench.events.isEmpty, "known from before the restart")
        bench.send(packet(0, 101, 2, run: 1))
        #expect(bench.events.first == .epoch(1, .resumed, sequence: 101))
        #expect(bench.gaps.isEmpty)
    }

    /// The first packet begins below the place and reaches above it.
    @Test func resumesInsideAPacket() {
        let bench = ArbiterBench()
        bench.arbiter.resume(
            epoch: 1, session: SessionIdentifier(high: 1, low: 0), next: 101, time: 0)
        bench.send(packet(0, 99, 4, run: 1))
        bench.send(packet(0, 103, 1, run: 1))
        #expect(
            bench.events == [
                .epoch(1, .resumed, sequence: 101), .message(101, line: 0),
                .message(102, line: 0), .message(103, line: 0),
            ])
    }

    @Test func anotherSessionAfterTheRestart() {
        let bench = ArbiterBench()
        bench.arbiter.resume(
            epoch: 2, session: SessionIdentifier(high: 1, low: 0), next: 101, time: 0)
        bench.send(TestPacket(line: 0, first: 1, count: 1, session: 2))
        #expect(bench.events == [.epoch(3, .session, sequence: 1), .message(1, line: 0)])
    }
}

extension ChannelStatus {
    /// For sums over epochs, which have no sequence of their own.
    var isBalancedButForHeads: Bool {
        received == delivered + duplicate + stale + rejected + late + held
    }
}
