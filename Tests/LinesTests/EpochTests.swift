import Lines
import Testing
import Ticks
import Wire

/// New runs of sequence numbers, and what slower lines still bring of old ones (DESIGN §4.5).
@Suite struct EpochTests {
    private let millisecond: UInt64 = 1_000_000
    private let second: UInt64 = 1_000_000_000

    @Test func endOfSessionClosesTheEpoch() {
        let bench = ArbiterBench()
        bench.send(TestPacket(line: 0, first: 1, count: 2))
        bench.send(TestPacket(line: 0, first: 5, kind: .endOfSession))
        #expect(bench.epochs.count == 1, "two messages may still come")
        bench.send(TestPacket(line: 1, first: 1, count: 4))
        #expect(bench.epochs.last == .epoch(1, .end, sequence: 5))
        bench.send(TestPacket(line: 1, first: 5, kind: .endOfSession))
        #expect(bench.epochs.count == 2, "an end is told once")
        #expect(bench.gaps.isEmpty)
        #expect(bench.arbiter.status.hasEnded)
    }

    @Test func anotherSessionBeginsAnEpoch() {
        let bench = ArbiterBench()
        bench.send(TestPacket(line: 0, first: 1, count: 2))
        bench.send(TestPacket(line: 0, first: 5, count: 1))
        bench.send(TestPacket(line: 0, first: 1, count: 2, session: 2, run: 2))
        #expect(
            bench.events.suffix(5) == [
                .gap(first: 3, count: 2, cause: .epoch), .message(5, line: 0),
                .epoch(2, .session, sequence: 1), .message(1, line: 0), .message(2, line: 0),
            ])
        // The slower line is still in the old session; it is not followed back.
        bench.send(TestPacket(line: 1, first: 3, count: 3, session: 1))
        #expect(bench.arbiter.status.stale == 3)
        #expect(bench.arbiter.lines[1].stale == 3)
        #expect(bench.arbiter.status.epoch == 2)
        bench.send(TestPacket(line: 1, first: 2, count: 2, session: 2, run: 2))
        #expect(bench.delivered.suffix(3) == [1, 2, 3])
        #expect(bench.arbiter.pastEpochs.lost == 2)
    }

    @Test func newSessionStartsAtOneEvenIfItsBeginningIsMissing() {
        let bench = ArbiterBench(ArbiterOptions(windowNanoseconds: 10))
        bench.send(TestPacket(line: 0, first: 1, count: 2))
        bench.send(TestPacket(line: 0, time: 5, first: 4, count: 1, session: 2))
        bench.clock(15)
        #expect(bench.gaps == [.gap(first: 1, count: 3, cause: .time)])
    }

    /// No damaged number makes billions of messages lost.
    @Test func newSessionFarAheadIsJoined() {
        let bench = ArbiterBench()
        bench.send(TestPacket(line: 0, first: 1, count: 2))
        bench.send(TestPacket(line: 0, first: 1 << 40, count: 1, session: 2))
        bench.finish()
        #expect(bench.epochs.last == .epoch(2, .session, sequence: 1 << 40))
        #expect(bench.gaps.isEmpty)
    }

    /// The line missed the beginning of the new session: its own old numbers were lower than what
    /// it brings now, which proves nothing about another session.
    @Test func lineMayEnterANewSessionAnywhere() {
        let bench = ArbiterBench()
        for line in 0...1 { bench.send(TestPacket(line: line, first: 1, count: 10)) }
        bench.send(TestPacket(line: 0, first: 1, count: 30, session: 2, run: 2))
        bench.send(TestPacket(line: 1, first: 21, count: 10, session: 2, run: 2))
        bench.send(TestPacket(line: 1, first: 31, count: 5, session: 2, run: 2))
        #expect(bench.arbiter.lines[1].stale == 0)
        #expect(bench.arbiter.lines[1].wins == 5)
        #expect(bench.delivered.last == 35)
    }

    // MARK: Proven by send time and stream offset

    private var timed: ArbiterOptions {
        ArbiterOptions(framing: .iex, isTimed: true)
    }

    /// A run of a timed stream: packets of five messages at an interval, as a line brings them.
    private func timedRun(
        _ run: UInt64, count: UInt64, from start: UInt64, every interval: UInt64 = 1_000_000,
        line: Int, lag: UInt64
    ) -> [TestPacket] {
        stride(from: 0, to: count, by: 5).map { before in
            let sendTime = start + before / 5 * interval
            return TestPacket(
                line: line, time: sendTime + lag, first: before + 1, count: 5, run: run,
                sendTime: sendTime)
        }
    }

    @Test func laggingLineIsNotFollowedBackAcrossARestart() {
        let bench = ArbiterBench(timed)
        var packets: [TestPacket] = []
        for run in UInt64(1)...4 {
            // Runs of other lengths, so that old numbers are sometimes lower, sometimes higher.
            let count = 200 + run % 3 * 100
            for (line, lag) in [(0, 0), (1, 50 * millisecond)] {
                packets += timedRun(
                    run, count: count, from: run * second, line: line, lag: lag)
            }
        }
        for packet in packets.sorted(by: { $0.time < $1.time }) { bench.send(packet) }
        bench.finish()
        #expect(
            bench.epochs == [
                .epoch(1, .start, sequence: 1), .epoch(2, .restart, sequence: 1),
                .epoch(3, .restart, sequence: 1), .epoch(4, .restart, sequence: 1),
            ])
        #expect(bench.gaps.isEmpty)
        #expect(bench.runs.map(\.run) == bench.runs.map(\.run).sorted(), "never followed back")
        #expect(bench.runs.count == 300 + 400 + 200 + 300)
    }

    /// As close as it gets: the new run begins while the slower line is still 50 ms behind, and the
    /// faster one has lost the end of the old run.
    @Test func endOfTheOldRunOnTheSlowerLineIsStale() {
        let bench = ArbiterBench(timed)
        let old = { (line: Int, lag: UInt64) in
            self.timedRun(
                1, count: 2000, from: self.second, every: 5 * self.millisecond, line: line,
                lag: lag)
        }
        let new = { (line: Int, lag: UInt64) in
            self.timedRun(
                2, count: 100, from: self.second + 2005 * self.millisecond, line: line, lag: lag)
        }
        let lag = 50 * millisecond
        let packets =
            Array(old(0, 0).prefix(396)) + old(1, lag) + new(0, 0) + new(1, lag)
        for packet in packets.sorted(by: { $0.time < $1.time }) { bench.send(packet) }
        bench.finish()
        #expect(bench.epochs.count == 2)
        #expect(bench.gaps.isEmpty)
        #expect(bench.runs.map(\.run) == bench.runs.map(\.run).sorted())
        #expect(bench.runs.count == 1980 + 100)
        #expect(bench.arbiter.status.stale == 40, "all that comes after the new run's first packet")
    }

    /// The other line packs differently, and its clock reads a little later: no restart.
    @Test func otherBoundariesAndYoungerSendTimesAreNoRestart() {
        let bench = ArbiterBench(timed)
        bench.send(TestPacket(line: 0, time: 10, first: 1, count: 4, sendTime: second))
        bench.send(TestPacket(line: 0, time: 20, first: 5, count: 4, sendTime: second + 10))
        bench.send(TestPacket(line: 1, time: 30, first: 1, count: 6, sendTime: second + 11))
        bench.send(TestPacket(line: 1, time: 40, first: 7, count: 4, sendTime: second + 12))
        bench.send(
            TestPacket(line: 0, time: 50, first: 9, kind: .heartbeat, sendTime: second + 13))
        bench.finish()
        #expect(bench.epochs == [.epoch(1, .start, sequence: 1)])
        #expect(bench.delivered == Array(1...10))
        #expect(bench.arbiter.lines[0].wins == 8)
    }

    /// We joined at 4; another line still brings what was sent before, with a younger stamp.
    @Test func messagesFromBeforeOurBeginningAreNoRestart() {
        let bench = ArbiterBench(timed)
        bench.send(TestPacket(line: 0, first: 4, count: 2, sendTime: second))
        bench.send(TestPacket(line: 1, first: 1, count: 2, sendTime: second + 10))
        #expect(bench.epochs == [.epoch(1, .joined, sequence: 4)])
        #expect(bench.arbiter.status.late == 2)
    }

    /// The restarted run begins with a heartbeat, as DEEP does.
    @Test func heartbeatRestartsToo() {
        let bench = ArbiterBench(timed)
        bench.send(TestPacket(line: 0, first: 1, count: 5, sendTime: second))
        bench.send(TestPacket(line: 0, first: 1, kind: .heartbeat, sendTime: 60 * second))
        bench.send(TestPacket(line: 0, first: 1, count: 5, run: 2, sendTime: 61 * second))
        #expect(bench.epochs.last == .epoch(2, .restart, sequence: 1))
        #expect(bench.runs.map(\.run) == [1, 1, 1, 1, 1, 2, 2, 2, 2, 2])
        #expect(bench.gaps.isEmpty)
    }

    /// Packets of the new run in the wrong order: the first one proves, the one before it belongs.
    @Test func reorderedBeginningOfARestartIsKept() {
        let bench = ArbiterBench(timed)
        bench.send(TestPacket(line: 0, first: 1, count: 50, sendTime: second))
        bench.send(TestPacket(line: 0, first: 6, count: 5, run: 2, sendTime: 60 * second + 10))
        bench.send(TestPacket(line: 0, first: 1, count: 5, run: 2, sendTime: 60 * second))
        bench.finish()
        #expect(bench.epochs.last == .epoch(2, .restart, sequence: 1))
        #expect(bench.delivered.suffix(10) == Array(1...10))
        #expect(bench.gaps.isEmpty)
    }
}
