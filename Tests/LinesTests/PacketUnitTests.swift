import Lines
import TestSupport
import Testing
import Ticks
import Wire

/// Channels that number packets: every packet is one block.
@Suite struct PacketUnitTests {
    private func bench(_ options: (inout ArbiterOptions) -> Void = { _ in }) -> ArbiterBench {
        var arbiterOptions = ArbiterOptions(windowNanoseconds: 1000, framing: .packet)
        options(&arbiterOptions)
        return ArbiterBench(arbiterOptions)
    }

    private func packet(
        _ line: Int, _ number: UInt64, at time: UInt64 = 0, run: UInt64 = 1
    ) -> TestPacket {
        TestPacket(line: line, time: time, first: number, count: 1, run: run)
    }

    @Test func linesCompleteEachOther() {
        let bench = bench()
        for number in UInt64(1)...40 {
            if number % 4 != 0 { bench.send(packet(0, number, at: number * 10)) }
            if number % 4 != 2 { bench.send(packet(1, number, at: number * 10 + 5)) }
        }
        bench.finish()
        #expect(bench.delivered == Array(1...40) && bench.gaps.isEmpty)
        let status = bench.arbiter.status
        #expect(status.received == 60 && status.duplicate == 20 && status.knownEnd == 41)
        // The last packet of line 0 has none behind it that would show the loss.
        #expect(bench.arbiter.lines.map(\.lost) == [9, 10])
    }

    @Test func holesAreGivenUpAndFilled() {
        let bench = bench()
        bench.send(packet(0, 1, at: 1))
        bench.send(packet(0, 4, at: 2))
        bench.clock(2000)
        #expect(bench.gaps == [.gap(first: 2, count: 2, cause: .time)])
        #expect(bench.delivered == [1, 4])
        bench.send(packet(1, 3, at: 2001))
        bench.send(packet(1, 2, at: 2002))
        #expect(
            bench.events.suffix(3) == [
                .recovered(3, line: 1), .recovered(2, line: 1), .filled(bench.gapIDs[0].id),
            ])
        #expect(bench.arbiter.status.lost == 0)
    }

    @Test func differentBytesAreNoticed() {
        let bench = bench()
        bench.send(packet(0, 1))
        bench.send(packet(0, 2))
        bench.send(packet(1, 2, run: 9))
        #expect(bench.events.last == .mismatch(2, line: 1))
    }

    @Test func severalPacketsProveARestart() {
        let bench = bench()
        for line in 0...1 {
            for number in UInt64(1)...50 { bench.send(packet(line, number)) }
        }
        for number in UInt64(1)...5 {
            for line in 0...1 { bench.send(packet(line, number, run: 2)) }
        }
        bench.finish()
        #expect(bench.epochs.last == .epoch(2, .restartUnproven, sequence: 1))
        #expect(bench.delivered.suffix(5) == [1, 2, 3, 4, 5] && bench.gaps.isEmpty)
    }

    @Test func heartbeatsRevealWhatIsMissing() {
        let bench = bench()
        bench.send(packet(0, 1, at: 1))
        bench.send(TestPacket(line: 0, time: 5, first: 4, kind: .heartbeat))
        #expect(bench.arbiter.status.waiting == 2)
        bench.send(packet(1, 2, at: 6))
        bench.clock(3000)
        #expect(bench.gaps == [.gap(first: 3, count: 1, cause: .time)])
    }

    @Test(arguments: UInt64(0)..<20)
    func anyOrderOfArrival(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let bench = bench { $0.windowNanoseconds = 1 << 40 }
        bench.send(packet(0, 1))
        var packets: [TestPacket] = []
        for number in UInt64(2)...200 {
            for line in 0...1 where line == 0 || random.chance(500) {
                let time = number * 1000 + UInt64(random.below(20_000))
                packets.append(packet(line, number, at: time))
            }
        }
        for packet in packets.sorted(by: { $0.time < $1.time }) { bench.send(packet) }
        bench.finish()
        #expect(bench.delivered == Array(1...200) && bench.gaps.isEmpty)
        #expect(bench.arbiter.status.received == UInt64(packets.count + 1))
    }
}
