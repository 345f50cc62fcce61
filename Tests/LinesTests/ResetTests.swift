import Lines
import TestSupport
import Testing
import Ticks
import Wire

/// Runs that the venue announces: one epoch for each announcement, whichever lines bring it.
@Suite struct ResetTests {
    private let second: UInt64 = 1_000_000_000

    private func packet(
        _ line: Int, _ first: UInt64, _ count: Int, run: UInt64, at time: UInt64,
        resets: Bool = false, sent: UInt64 = 0
    ) -> TestPacket {
        TestPacket(
            line: line, time: time, first: first, count: count, run: run, sendTime: sent,
            resets: resets)
    }

    /// Whether packets say when they were sent or not.
    private func sent(_ hasTimes: Bool, _ time: UInt64) -> UInt64 { hasTimes ? time : 0 }

    @Test(arguments: [false, true])
    func bothLinesAnnounce(hasTimes: Bool) {
        let bench = ArbiterBench()
        for run in UInt64(1)...3 {
            let start = run * 10 * second
            for first: UInt64 in [1, 3, 5] {
                for line in 0...1 {
                    let time = start + first * 100
                    bench.send(
                        packet(
                            line, first, 2, run: run, at: time + UInt64(line) * 50,
                            resets: first == 1, sent: sent(hasTimes, time)))
                }
            }
        }
        bench.finish()
        #expect(
            bench.epochs == [
                .epoch(1, .start, sequence: 1), .epoch(2, .restart, sequence: 1),
                .epoch(3, .restart, sequence: 1),
            ])
        #expect(bench.gaps.isEmpty)
        #expect(bench.delivered == [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6])
        #expect(bench.runs.map(\.run) == [1, 2, 3].flatMap { Array(repeating: $0, count: 6) })
        #expect(bench.arbiter.pastEpochs.stale + bench.arbiter.status.stale == 0)
    }

    /// The announcement is a heartbeat: its copies have no bytes to be known by.
    @Test(arguments: [false, true])
    func announcementsWithoutMessages(hasTimes: Bool) {
        let bench = ArbiterBench()
        for run in UInt64(1)...3 {
            let start = run * 10 * second
            for line in 0...1 {
                var reset = packet(
                    line, 1, 0, run: run, at: start + UInt64(line) * 1000, resets: true,
                    sent: sent(hasTimes, start))
                reset.kind = .heartbeat
                bench.send(reset)
                if line == 0 {
                    bench.send(
                        packet(
                            0, 1, 4, run: run, at: start + 10, sent: sent(hasTimes, start + 10)))
                }
            }
            bench.send(
                packet(1, 1, 4, run: run, at: start + 2000, sent: sent(hasTimes, start + 10)))
        }
        bench.finish()
        #expect(bench.epochs.count == 3 && bench.gaps.isEmpty)
        #expect(bench.runs.map(\.run) == [1, 2, 3].flatMap { Array(repeating: $0, count: 4) })
        #expect(bench.arbiter.pastEpochs.duplicate + bench.arbiter.status.duplicate == 12)
    }

    /// The slower line is still in the old run, and then says the announcement again.
    @Test(arguments: [false, true])
    func theSlowerLineComesAfter(hasTimes: Bool) {
        let bench = ArbiterBench()
        let lag = 300_000_000 as UInt64
        var packets: [TestPacket] = []
        for line in 0...1 {
            for run in UInt64(1)...4 {
                // Old numbers are sometimes lower, sometimes higher than new ones.
                for index in 0..<(run % 2 == 0 ? UInt64(5) : 40) {
                    let time = run * second + index * 20_000_000
                    packets.append(
                        packet(
                            line, index * 2 + 1, 2, run: run, at: time + UInt64(line) * lag,
                            resets: index == 0, sent: sent(hasTimes, time)))
                }
            }
        }
        for packet in packets.sorted(by: { $0.time < $1.time }) { bench.send(packet) }
        bench.finish()
        #expect(bench.epochs.count == 4, "\(bench.epochs)")
        #expect(bench.gaps.isEmpty, "\(bench.gaps)")
        #expect(bench.runs.count == 80 + 10 + 80 + 10)
        #expect(bench.runs.map(\.run) == bench.runs.map(\.run).sorted(), "never followed back")
        var total = bench.arbiter.pastEpochs
        total.add(bench.arbiter.status)
        #expect(total.received == 360 && total.lost == 0)
        #expect(total.delivered == 180 && total.duplicate + total.stale == 180)
    }

    /// Two announcements within a moment: the second is none of the first one's copies.
    @Test(arguments: [false, true])
    func twoInAMoment(hasTimes: Bool) {
        let bench = ArbiterBench()
        for line in 0...1 {
            bench.send(packet(line, 1, 9, run: 1, at: second, sent: sent(hasTimes, second)))
        }
        let first = packet(
            0, 1, 2, run: 2, at: 5 * second, resets: true, sent: sent(hasTimes, 5 * second))
        let later = 5 * second + 200_000_000
        let next = packet(0, 1, 3, run: 3, at: later, resets: true, sent: sent(hasTimes, later))
        bench.send(first)
        bench.send(next)
        for var copy in [first, next] {
            copy.line = 1
            copy.time = later + 100
            bench.send(copy)
        }
        bench.finish()
        #expect(bench.epochs.count == 3)
        #expect(bench.runs.suffix(5).map(\.run) == [2, 2, 3, 3, 3])
        #expect(bench.arbiter.status.stale == 2 && bench.arbiter.status.duplicate == 3)
    }

    /// The line in front loses the announcement: several packets prove the run, and the other
    /// line's announcement begins no other one.
    @Test(arguments: [false, true])
    func lostOnTheFasterLine(hasTimes: Bool) {
        let bench = ArbiterBench()
        for line in 0...1 {
            bench.send(packet(line, 1, 50, run: 1, at: second, sent: sent(hasTimes, second)))
        }
        let start = 9 * second
        let first: [UInt64] = [1, 3, 5, 7, 9]
        for at in first.dropFirst() {
            let time = start + at * 1000
            bench.send(packet(0, at, 2, run: 2, at: time, sent: sent(hasTimes, time)))
        }
        #expect(bench.epochs.last == .epoch(2, .restartUnproven, sequence: 3))
        for at in first {
            bench.send(
                packet(
                    1, at, 2, run: 2, at: start + 100_000 + at * 1000, resets: at == 1,
                    sent: sent(hasTimes, start + at * 1000)))
        }
        bench.finish()
        #expect(bench.epochs.count == 2)
        #expect(bench.delivered.suffix(8) == [3, 4, 5, 6, 7, 8, 9, 10])
        #expect(bench.arbiter.status.late == 2 && bench.arbiter.status.duplicate == 8)
    }

    /// The slower line loses it: nothing but its own old numbers says where it stands.
    @Test(arguments: [false, true])
    func lostOnTheSlowerLine(hasTimes: Bool) {
        let bench = ArbiterBench()
        for line in 0...1 {
            bench.send(packet(line, 1, 50, run: 1, at: second, sent: sent(hasTimes, second)))
        }
        for at: UInt64 in [1, 3, 5, 7, 9] {
            for line in 0...1 where line == 0 || at > 1 {
                let time = 9 * second + at * 1000
                bench.send(
                    packet(
                        line, at, 2, run: 2, at: time + UInt64(line), resets: at == 1,
                        sent: sent(hasTimes, time)))
            }
        }
        bench.finish()
        #expect(bench.epochs.last == .epoch(2, .restart, sequence: 1) && bench.epochs.count == 2)
        #expect(bench.delivered.suffix(10) == Array(1...10))
        #expect(bench.arbiter.status.duplicate == 8 && bench.gaps.isEmpty)
    }

    /// Lost on both: today's proof by several packets.
    @Test func lostOnBothLines() {
        let bench = ArbiterBench()
        for line in 0...1 { bench.send(packet(line, 1, 50, run: 1, at: second)) }
        for at: UInt64 in [3, 5, 7, 9] {
            for line in 0...1 { bench.send(packet(line, at, 2, run: 2, at: 9 * second + at)) }
        }
        bench.finish()
        #expect(bench.epochs.last == .epoch(2, .restartUnproven, sequence: 3))
        #expect(bench.delivered.suffix(8) == Array(3...10))
    }

    /// EOBI marks the first packets, not only the first one.
    @Test(arguments: [false, true])
    func severalPacketsCarryTheMark(hasTimes: Bool) {
        let bench = ArbiterBench()
        for line in 0...1 {
            bench.send(packet(line, 1, 50, run: 1, at: second, sent: sent(hasTimes, second)))
        }
        let start = 9 * second
        // The first one is lost on line 0, the second comes late on line 1; later ones are slow.
        let arrivals: [(line: Int, first: UInt64, time: UInt64)] = [
            (0, 2, 20), (1, 1, 25), (1, 3, 30), (0, 3, 31), (1, 2, 40), (0, 4, 2 * second),
            (1, 4, 2 * second + 10), (0, 5, 4 * second), (1, 5, 4 * second + 10),
        ]
        for arrival in arrivals {
            let time = start + arrival.time
            bench.send(
                packet(
                    arrival.line, arrival.first, 1, run: 2, at: time, resets: true,
                    sent: sent(hasTimes, start + arrival.time / second * second)))
        }
        bench.finish()
        #expect(bench.epochs.last == .epoch(2, .restart, sequence: 1) && bench.epochs.count == 2)
        #expect(bench.delivered.suffix(5) == [1, 2, 3, 4, 5])
        #expect(bench.gaps.isEmpty && bench.arbiter.status.duplicate == 4)
    }

    /// A repeated or overtaken packet of the old run, on a line that is in the new one already:
    /// followed ahead it would be a hole of the old run's length.
    @Test(arguments: [false, true])
    func thePastRunIsNotFollowedAhead(hasTimes: Bool) {
        let bench = ArbiterBench()
        for first in stride(from: UInt64(1), to: 1000, by: 10) {
            bench.send(
                packet(
                    0, first, 10, run: 1, at: second + first, sent: sent(hasTimes, second + first)))
        }
        let start = 9 * second
        bench.send(
            packet(0, 1, 2, run: 2, at: start, resets: true, sent: sent(hasTimes, start)))
        bench.send(
            packet(0, 981, 10, run: 1, at: start + 5, sent: sent(hasTimes, second + 981)))
        bench.send(packet(0, 3, 2, run: 2, at: start + 9, sent: sent(hasTimes, start + 9)))
        bench.finish()
        #expect(bench.epochs.count == 2 && bench.gaps.isEmpty)
        #expect(bench.delivered.suffix(4) == [1, 2, 3, 4])
        #expect(bench.arbiter.status.stale == 10 && bench.arbiter.status.knownEnd == 5)
    }

    @Test func resetsToAnyNumber() {
        let bench = ArbiterBench()
        bench.send(packet(0, 5000, 2, run: 1, at: second))
        bench.send(packet(0, 1000, 2, run: 2, at: 9 * second, resets: true))
        bench.send(packet(0, 9000, 2, run: 3, at: 19 * second, resets: true))
        bench.finish()
        #expect(
            bench.epochs == [
                .epoch(1, .joined, sequence: 5000), .epoch(2, .restart, sequence: 1000),
                .epoch(3, .restart, sequence: 9000),
            ])
        #expect(bench.gaps.isEmpty)
    }

    @Test func aResumedRunMayHaveBeenReset() {
        let bench = ArbiterBench()
        bench.arbiter.resume(
            epoch: 4, session: SessionIdentifier(high: 1, low: 0), next: 700, time: second)
        bench.send(packet(0, 1, 2, run: 2, at: 9 * second, resets: true))
        bench.finish()
        #expect(bench.epochs.last == .epoch(5, .restart, sequence: 1))
        #expect(bench.delivered == [1, 2])
    }

    /// Marks, numbers and times as they come: nothing traps, the books balance.
    @Test(arguments: UInt64(0)..<40)
    func hostileMarks(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let bench = ArbiterBench(
            ArbiterOptions(
                windowNanoseconds: 1000, windowPackets: 8, windowBytes: 1000, lostRangesMax: 4,
                framing: seed % 2 == 0 ? .mold : .packet),
            lines: 3)
        for step in 0..<400 {
            let far = random.chance(50)
            let isData = random.chance(700)
            bench.send(
                TestPacket(
                    line: random.below(3), time: UInt64(step) * 50_000_000,
                    first: far ? random.next() >> UInt64(2 + random.below(60)) : UInt64(step / 4),
                    count: isData ? (seed % 2 == 0 ? random.below(5) : 1) : 0,
                    kind: isData ? .data : random.chance(500) ? .heartbeat : .unsequenced,
                    session: random.chance(30) ? random.next() % 4 : 1, run: random.next() % 2,
                    sendTime: random.chance(500) ? random.next() % (20 * second) : 0,
                    resets: random.chance(100)))
        }
        bench.finish()
        #expect(bench.arbiter.status.held == 0)
    }
}
