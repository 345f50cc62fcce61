import Lines
import TestSupport
import Testing
import Ticks
import Wire

/// What must hold for any stream; the bench asserts the balance after every packet and action.
@Suite struct RandomStreamTests {
    private func options(timed: Bool) -> ArbiterOptions {
        ArbiterOptions(
            windowNanoseconds: 500_000, framing: timed ? .iex : .mold,
            isTimed: timed)
    }

    @Test(arguments: UInt64(0)..<120)
    func everyMessageOnceOrInExactlyOneGap(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var stream = RandomStream()
        stream.lineCount = 1 + random.below(4)
        stream.isTimed = random.chance(500)
        stream.loss = random.below(100)
        let packets = stream.packets(&random)
        let bench = ArbiterBench(options(timed: stream.isTimed), lines: stream.lineCount)
        for packet in packets {
            bench.send(packet)
            if random.chance(100) { bench.clock(packet.time) }
        }
        bench.finish()
        check(bench, packets)
    }

    private func check(_ bench: ArbiterBench, _ packets: [TestPacket]) {
        let status = bench.arbiter.status
        let first = status.first
        let begun = bench.epochs.filter {
            if case .epoch(_, .end, _) = $0 { false } else { true }
        }
        #expect(begun.count == 1, "\(begun)")
        guard begun.count == 1 else { return }
        #expect(Set(bench.delivered).count == bench.delivered.count, "each one once")
        var known: Set<UInt64> = []
        for packet in packets where packet.first + UInt64(packet.count) > first {
            known.formUnion(max(packet.first, first)..<packet.first + UInt64(packet.count))
        }
        #expect(Set(bench.delivered).isSubset(of: known))

        // Gaps do not overlap; together with what was delivered they cover everything.
        var inGap: [UInt64: UInt32] = [:]
        for gap in bench.gapIDs {
            for sequence in gap.first..<gap.first + gap.count {
                #expect(inGap.updateValue(gap.id, forKey: sequence) == nil)
            }
        }
        var last: UInt64 = 0
        var missing: [UInt32: Set<UInt64>] = [:]
        for (sequence, id) in inGap { missing[id, default: []].insert(sequence) }
        var whole: Set<UInt32> = []
        var recovered: UInt64 = 0
        for event in bench.events {
            switch event {
            case .message(let sequence, _):
                #expect(sequence > last && inGap[sequence] == nil)
                last = sequence
            case .recovered(let sequence, _):
                recovered += 1
                if let id = inGap[sequence] {
                    missing[id]?.remove(sequence)
                } else {
                    Issue.record("\(sequence) was recovered without a gap")
                }
            case .filled(let id):
                #expect(missing[id] == [] && whole.insert(id).inserted)
            case .gap(let first, _, _): #expect(first > last)
            case .epoch, .mismatch, .unsequenced: break
            }
        }
        #expect(Set(missing.filter { $0.value.isEmpty }.keys) == whole, "filled exactly when whole")
        let lost = missing.values.reduce(0) { $0 + $1.count }
        #expect(UInt64(lost) == status.lost)
        #expect(recovered == status.recovered)
        #expect(UInt64(bench.delivered.count + lost) == status.knownEnd - first)
        checkLines(bench, packets)
    }

    private func checkLines(_ bench: ArbiterBench, _ packets: [TestPacket]) {
        let status = bench.arbiter.status
        let lines = bench.arbiter.lines
        #expect(status.held == 0 && status.isBalanced)
        #expect(lines.reduce(0) { $0 + $1.wins } == status.delivered)
        #expect(lines.reduce(0) { $0 + $1.duplicates } == status.duplicate)
        for (index, line) in lines.enumerated() {
            let own = packets.filter { $0.line == index }
            #expect(line.packets == UInt64(own.count))
            #expect(line.messages == UInt64(own.reduce(0) { $0 + $1.count }))
            #expect(line.rejected == UInt64(own.reduce(0) { $0 + $1.missing }))
            #expect(line.heartbeats == UInt64(own.filter { $0.kind != .data }.count))
            // What came before the beginning and is no known repeat cannot be told from a restart.
            #expect(line.stale == 0 || status.first > 1)
        }
    }

    /// Without limits on packets and bytes the plain model says the same, event by event. Of
    /// overlapping packets that wait, the one that begins first is handed out first: who wins a
    /// message is compared where lines pack alike.
    @Test(arguments: UInt64(1000)..<1100)
    func equalsThePlainModel(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var stream = RandomStream()
        stream.lineCount = 1 + random.below(4)
        stream.loss = random.below(150)
        stream.endsSession = false
        stream.hasEqualBoundaries = seed % 2 == 0
        if stream.hasEqualBoundaries { stream.cuts = 0 }
        var packets = stream.packets(&random)
        // The model counts from 1: let the beginning be there.
        packets.insert(TestPacket(time: 1, first: 1, count: 1), at: 0)
        let bench = ArbiterBench(options(timed: false), lines: stream.lineCount)
        var model = ReferenceArbiter(windowNanoseconds: 500_000)
        for packet in packets {
            bench.send(packet)
            model.take(packet)
        }
        bench.finish()
        model.finish()
        var events = Array(bench.events.dropFirst())
        var expected = model.events
        if !stream.hasEqualBoundaries {
            events = events.map(\.withoutLine)
            expected = expected.map(\.withoutLine)
        }
        let same = events == expected
        #expect(same, "\(firstDifference(events, expected))")
        #expect(bench.arbiter.status.duplicate == UInt64(model.duplicates))
        #expect(bench.arbiter.status.lost == UInt64(model.lost.count))
    }

    private func firstDifference(_ ours: [Event], _ theirs: [Event]) -> String {
        let at = zip(ours, theirs).enumerated().first { $0.element.0 != $0.element.1 }?.offset
        guard let at else { return "lengths \(ours.count) and \(theirs.count)" }
        return "at \(at): \(ours[at...].prefix(4)) and \(theirs[at...].prefix(4))"
    }

    /// Several sessions after each other, lines switching at different times.
    @Test(arguments: UInt64(0)..<40)
    func sessionsFollowEachOther(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var packets: [TestPacket] = []
        for run in UInt64(1)...4 {
            var stream = RandomStream()
            stream.messages = UInt64(20 + random.below(200))
            stream.run = run
            stream.start = run * 20_000_000
            packets += stream.packets(&random).map {
                var packet = $0
                packet.session = run
                packet.time += packet.line == 1 ? UInt64(random.below(30_000_000)) : 0
                return packet
            }
        }
        packets.sort { $0.time < $1.time }
        let bench = ArbiterBench(options(timed: false))
        for packet in packets { bench.send(packet) }
        bench.finish()
        let runs = bench.runs.map(\.run)
        #expect(runs == runs.sorted(), "never followed back")
        for run in UInt64(1)...4 {
            let sequences = bench.runs.filter { $0.run == run }.map(\.sequence)
            #expect(Set(sequences).count == sequences.count)
        }
        var total = bench.arbiter.pastEpochs
        total.add(bench.arbiter.status)
        #expect(total.isBalancedButForHeads)
        #expect(total.delivered == UInt64(runs.count))
        #expect(bench.arbiter.lines.reduce(0) { $0 + $1.wins } == total.delivered)
    }

    /// Small windows: whatever is thrown at them, they stay in their bounds and in balance.
    @Test(arguments: UInt64(0)..<40)
    func smallWindowsKeepTheirBounds(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var stream = RandomStream()
        stream.loss = 200
        let bench = ArbiterBench(
            ArbiterOptions(
                windowNanoseconds: 10_000_000, windowPackets: 1 + random.below(6),
                windowBytes: 200 + random.below(400), lostRangesMax: 4))
        var deliveredBefore = 0
        for packet in stream.packets(&random) {
            bench.send(packet)
            #expect(bench.arbiter.status.held <= 40)
            #expect(bench.delivered.count >= deliveredBefore)
            deliveredBefore = bench.delivered.count
        }
        bench.finish()
        #expect(bench.arbiter.status.held == 0)
        #expect(Set(bench.delivered).count == bench.delivered.count)
    }

    /// Numbers and sessions as they come: nothing traps, the books balance.
    @Test(arguments: UInt64(0)..<60)
    func hostilePacketsKeepTheBalance(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let timed = random.chance(500)
        let bench = ArbiterBench(
            ArbiterOptions(
                windowNanoseconds: 1000, windowPackets: 8, windowBytes: 1000,
                jumpMax: 1 << UInt64(4 + random.below(30)), lostRangesMax: 4,
                framing: timed ? .iex : .mold, isTimed: timed),
            lines: 3)
        var near: UInt64 = 1
        for step in 0..<400 {
            if random.chance(50) { near = random.next() >> UInt64(2 + random.below(60)) }
            near += UInt64(random.below(4))
            let kinds: [TransportPacketKind] = [
                .data, .data, .data, .data, .heartbeat, .endOfSession,
            ]
            let kind = kinds[random.below(kinds.count)]
            let count = kind == .data ? random.below(5) : 0
            let missing = kind == .data ? (random.chance(200) ? random.below(9) : 0) : 0
            bench.send(
                TestPacket(
                    line: random.below(3), time: UInt64(step) * 100,
                    first: random.chance(300) ? near / 2 : near, count: count, missing: missing,
                    kind: kind, session: random.chance(30) ? random.next() % 40 : 1,
                    run: random.next() % 2, sendTime: random.next() % 10_000,
                    streamOffset: random.chance(500) ? random.next() >> 2 : nil))
            near += UInt64(count)
        }
        bench.finish()
        #expect(bench.arbiter.status.held == 0)
    }
}

extension Event {
    fileprivate var withoutLine: Event {
        switch self {
        case .message(let sequence, _): .message(sequence, line: 0)
        case .recovered(let sequence, _): .recovered(sequence, line: 0)
        default: self
        }
    }
}
