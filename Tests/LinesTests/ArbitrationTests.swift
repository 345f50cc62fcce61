import Lines
import Testing
import Ticks
import Wire

@Suite struct ArbitrationTests {
    private func packet(
        _ line: Int, _ first: UInt64, _ count: Int, at time: UInt64 = 0, missing: Int = 0
    ) -> TestPacket {
        TestPacket(line: line, time: time, first: first, count: count, missing: missing)
    }

    @Test func deliversOneLineInOrder() {
        let bench = ArbiterBench(lines: 1)
        bench.send(packet(0, 1, 3))
        bench.send(packet(0, 4, 2))
        bench.finish()
        #expect(
            bench.events == [
                .epoch(1, .start, sequence: 1), .message(1, line: 0), .message(2, line: 0),
                .message(3, line: 0), .message(4, line: 0), .message(5, line: 0),
            ])
        #expect(bench.arbiter.status.delivered == 5)
        #expect(bench.arbiter.lines[0].wins == 5)
    }

    @Test func joinsInTheMiddleWithoutAGap() {
        let bench = ArbiterBench(lines: 1)
        bench.send(packet(0, 1000, 2))
        bench.send(packet(0, 998, 3))
        bench.finish()
        #expect(bench.epochs == [.epoch(1, .joined, sequence: 1000)])
        #expect(bench.gaps.isEmpty)
        #expect(bench.delivered == [1000, 1001])
        #expect(bench.arbiter.status.late == 2)
        #expect(bench.arbiter.status.duplicate == 1)
    }

    @Test func firstArrivalWinsAndLaterCopiesAreCounted() {
        let bench = ArbiterBench()
        bench.send(packet(0, 1, 2, at: 1000))
        bench.send(packet(1, 1, 2, at: 1300))
        bench.send(packet(1, 3, 2, at: 2000))
        bench.send(packet(0, 3, 2, at: 2000))
        bench.send(packet(0, 3, 2, at: 2500))
        #expect(bench.delivered == [1, 2, 3, 4])
        let lines = bench.arbiter.lines
        #expect(lines.map(\.wins) == [2, 2])
        #expect(lines.map(\.duplicates) == [4, 2])
        #expect(lines.map(\.messages) == [6, 4])
        #expect(lines.map(\.packets) == [3, 2])
        #expect(lines[1].skew[9] == 1, "300 ns fall into 256 ..< 512")
        #expect(lines[0].skew[0] == 1 && lines[0].skew[9] == 1)
    }

    /// Boundaries differ: line A packs three and three, line B one, four and one.
    @Test func packetBoundariesMayDiffer() {
        let bench = ArbiterBench()
        bench.send(packet(0, 1, 3))
        bench.send(packet(1, 1, 1))
        bench.send(packet(1, 2, 4))
        bench.send(packet(0, 4, 3))
        bench.send(packet(1, 6, 1))
        #expect(
            bench.events.dropFirst() == [
                .message(1, line: 0), .message(2, line: 0), .message(3, line: 0),
                .message(4, line: 1), .message(5, line: 1), .message(6, line: 0),
            ])
        #expect(bench.arbiter.lines.map(\.duplicates) == [2, 4])
        #expect(bench.arbiter.status.mismatches == 0)
    }

    @Test func otherLineFillsAHoleWithoutAGap() {
        let bench = ArbiterBench()
        bench.send(packet(0, 1, 2, at: 10))
        bench.send(packet(0, 5, 2, at: 20))
        #expect(bench.arbiter.status.held == 2)
        bench.send(packet(1, 3, 2, at: 30))
        bench.finish()
        #expect(bench.delivered == [1, 2, 3, 4, 5, 6])
        #expect(bench.gaps.isEmpty)
        #expect(bench.arbiter.lines[0].lost == 2)
        #expect(bench.arbiter.status.lost == 0)
    }

    @Test func countsWhatALineBringsOutOfOrder() {
        let bench = ArbiterBench(lines: 1)
        bench.send(packet(0, 1, 1))
        bench.send(packet(0, 4, 2))
        #expect(bench.arbiter.lines[0].lost == 2)
        bench.send(packet(0, 2, 2))
        #expect(bench.arbiter.lines[0].lost == 0)
        #expect(bench.arbiter.lines[0].outOfOrder == 2)
        #expect(bench.delivered == [1, 2, 3, 4, 5])
    }

    // MARK: The window

    @Test func windowEndsByCoreTime() {
        let bench = ArbiterBench(ArbiterOptions(windowNanoseconds: 1000))
        bench.send(packet(0, 1, 1, at: 100))
        bench.send(packet(0, 4, 1, at: 200))
        bench.clock(1199)
        #expect(bench.gaps.isEmpty)
        #expect(bench.arbiter.deadline == 1200)
        bench.clock(1200)
        #expect(bench.gaps == [.gap(first: 2, count: 2, cause: .time)])
        #expect(bench.delivered == [1, 4])
    }

    /// A packet between the hole and what revealed it must not give the hole more time.
    @Test func laterPacketsDoNotProlongTheWindow() {
        let bench = ArbiterBench(ArbiterOptions(windowNanoseconds: 1000))
        bench.send(packet(0, 1, 1, at: 100))
        bench.send(packet(0, 9, 1, at: 200))
        bench.send(packet(0, 6, 1, at: 900))
        bench.send(packet(0, 4, 1, at: 1100))
        #expect(bench.arbiter.deadline == 1200)
        bench.clock(1200)
        #expect(bench.arbiter.status.next == 10)
        #expect(
            bench.gaps == [
                .gap(first: 2, count: 2, cause: .time), .gap(first: 5, count: 1, cause: .time),
                .gap(first: 7, count: 2, cause: .time),
            ])
    }

    @Test func windowEndsByPackets() {
        let bench = ArbiterBench(ArbiterOptions(windowPackets: 3))
        bench.send(packet(0, 1, 1))
        for first: UInt64 in [3, 5, 7] { bench.send(packet(0, first, 1)) }
        #expect(bench.gaps.isEmpty)
        bench.send(packet(0, 9, 1))
        #expect(bench.gaps == [.gap(first: 2, count: 1, cause: .window)])
        #expect(bench.delivered == [1, 3])
        #expect(bench.arbiter.status.held == 3)
        bench.finish()
        #expect(bench.delivered == [1, 3, 5, 7, 9])
        #expect(bench.arbiter.status.lost == 4)
    }

    @Test func windowEndsByBytes() {
        // A message of these takes 18 to 22 bytes with its length.
        let bench = ArbiterBench(ArbiterOptions(windowBytes: 100))
        bench.send(packet(0, 1, 1))
        bench.send(packet(0, 3, 4))
        #expect(bench.gaps.isEmpty)
        bench.send(packet(0, 8, 1))
        #expect(bench.gaps == [.gap(first: 2, count: 1, cause: .window)])
        #expect(bench.delivered == [1, 3, 4, 5, 6])
        bench.send(packet(0, 20, 40))
        #expect(bench.delivered == [1, 3, 4, 5, 6, 8] + Array(20...59))
        #expect(bench.arbiter.status.held == 0)
    }

    @Test func heartbeatRevealsAHoleAtTheEnd() {
        let bench = ArbiterBench(ArbiterOptions(windowNanoseconds: 1000))
        bench.send(packet(0, 1, 2, at: 100))
        bench.send(TestPacket(line: 0, time: 500, first: 5, kind: .heartbeat))
        #expect(bench.arbiter.status.waiting == 2)
        bench.clock(1499)
        #expect(bench.gaps.isEmpty)
        bench.clock(1500)
        #expect(bench.gaps == [.gap(first: 3, count: 2, cause: .time)])
        #expect(bench.arbiter.lines[0].heartbeats == 1)
        #expect(bench.arbiter.lines[0].lost == 2)
    }

    /// An older hole at the end, which has been filled since, must not shorten the time of a new one.
    @Test func everyHoleAtTheEndGetsItsOwnTime() {
        let bench = ArbiterBench(ArbiterOptions(windowNanoseconds: 1000))
        bench.send(packet(0, 1, 2, at: 100))
        bench.send(TestPacket(line: 0, time: 200, first: 5, kind: .heartbeat))
        bench.send(packet(1, 4, 3, at: 900))
        bench.send(TestPacket(line: 1, time: 1100, first: 9, kind: .heartbeat))
        bench.send(packet(1, 3, 1, at: 1150))
        #expect(bench.delivered == [1, 2, 3, 4, 5, 6])
        #expect(bench.arbiter.deadline == 2100)
    }

    @Test func cutPacketsLeaveTheirRestToOtherLines() {
        let bench = ArbiterBench()
        bench.send(packet(0, 1, 2, missing: 3))
        #expect(bench.arbiter.status.rejected == 3)
        #expect(bench.arbiter.status.waiting == 3)
        bench.send(packet(1, 1, 5))
        bench.finish()
        #expect(bench.delivered == [1, 2, 3, 4, 5])
        #expect(bench.gaps.isEmpty)
        #expect(bench.arbiter.lines[0].rejected == 3)
    }

    @Test func packetOfNothingButAnnouncementsIsAHole() {
        let bench = ArbiterBench()
        bench.send(packet(0, 1, 0, missing: 3))
        bench.send(packet(0, 4, 1))
        bench.finish()
        #expect(bench.gaps == [.gap(first: 1, count: 3, cause: .end)])
        #expect(bench.delivered == [4])
    }

    // MARK: Late messages

    @Test func lateMessagesFillTheirGap() {
        let bench = ArbiterBench(ArbiterOptions(windowNanoseconds: 1000))
        bench.send(packet(0, 1, 1, at: 1))
        bench.send(packet(0, 6, 1, at: 2))
        bench.clock(2000)
        #expect(bench.arbiter.status.gapsOpen == 1)
        bench.send(packet(1, 3, 1, at: 2001))
        bench.send(packet(1, 1, 2, at: 2002))
        bench.send(packet(1, 3, 3, at: 2003))
        #expect(
            bench.events.suffix(5) == [
                .recovered(3, line: 1), .recovered(2, line: 1), .recovered(4, line: 1),
                .recovered(5, line: 1), .filled(bench.gapIDs[0].id),
            ])
        let status = bench.arbiter.status
        #expect(status.lost == 0 && status.recovered == 4 && status.gapsOpen == 0)
        #expect(status.gapsFilled == 1 && status.gaps == 1)
        #expect(status.duplicate == 2)
    }

    @Test func onePacketMayFillTwoGaps() {
        let bench = ArbiterBench(ArbiterOptions(windowNanoseconds: 1000))
        for first: UInt64 in [1, 3, 5] { bench.send(packet(0, first, 1, at: 1)) }
        bench.clock(2000)
        bench.send(packet(1, 1, 5, at: 2001))
        #expect(
            bench.events.suffix(4) == [
                .recovered(2, line: 1), .filled(bench.gapIDs[0].id), .recovered(4, line: 1),
                .filled(bench.gapIDs[1].id),
            ])
        #expect(bench.arbiter.status.gapsFilled == 2)
    }

    /// Ranges that had to be forgotten will never be found again: their gap cannot become whole.
    @Test func forgottenGapsAreNeverReportedAsFilled() {
        let bench = ArbiterBench(ArbiterOptions(lostRangesMax: 1))
        bench.send(packet(0, 1, 1))
        bench.send(packet(0, 7, 1))
        bench.finish()
        #expect(bench.gaps == [.gap(first: 2, count: 5, cause: .end)])
        // Splits the range in two, of which only the newer one is remembered.
        bench.send(packet(1, 4, 1))
        bench.send(packet(1, 5, 2))
        #expect(!bench.events.contains(.filled(bench.gapIDs[0].id)))
        #expect(bench.arbiter.status.lost == 2)
        #expect(bench.arbiter.status.gapsOpen == 1)
    }

    // MARK: Contents

    @Test func differentBytesUnderOneSequenceRaiseAnAlert() {
        let bench = ArbiterBench()
        bench.send(TestPacket(line: 0, first: 1, count: 4))
        var other = TestPacket(line: 1, first: 3, count: 3)
        other.run = 2
        bench.send(other)
        #expect(bench.events.contains(.mismatch(3, line: 1)))
        #expect(bench.arbiter.status.mismatches == 2)
        #expect(bench.runs.map(\.run) == [1, 1, 1, 1, 2], "first arrival wins")
    }

    @Test func waitingPacketsAreComparedToo() {
        let bench = ArbiterBench()
        bench.send(TestPacket(line: 0, first: 1, count: 1))
        bench.send(TestPacket(line: 0, first: 5, count: 2))
        bench.send(TestPacket(line: 1, first: 6, count: 2, run: 9))
        #expect(bench.events.last == .mismatch(6, line: 1))
        #expect(bench.arbiter.status.mismatches == 1)
    }

    @Test func countsDatagramsOfNoTransport() {
        let bench = ArbiterBench()
        bench.arbiter.noteRejected(line: 1, bytes: 7, now: 5)
        #expect(bench.arbiter.lines[1].rejected == 1)
        #expect(bench.arbiter.lines[1].packets == 1)
        #expect(bench.arbiter.status.isBalanced)
    }
}
