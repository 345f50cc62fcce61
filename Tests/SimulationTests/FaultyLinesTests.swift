import Simulation
import Testing
import Wire

@Suite struct FaultyLinesTests {
    private func lines(_ faults: [LineFaults], seed: UInt64 = 1) throws -> FaultyLines<
        LinePacketizer<ITCH50Day>
    > {
        var packing = LinePacketizerConfiguration(session: MoldUDP64Encoder.session("FAULTS"))
        packing.heartbeatNanoseconds = 60_000_000_000
        let day = try ITCH50Day(configuration(messages: 20_000))
        return FaultyLines(
            LinePacketizer(day, configuration: packing), lines: faults, seed: seed)
    }

    private func deliveries(_ lines: inout FaultyLines<LinePacketizer<ITCH50Day>>) -> [LineDelivery]
    {
        var all: [LineDelivery] = []
        while let delivery = lines.next() { all.append(delivery) }
        return all
    }

    private func faults(_ change: (inout LineFaults) -> Void) -> LineFaults {
        var faults = LineFaults()
        change(&faults)
        return faults
    }

    private let rough: LineFaults = {
        var faults = LineFaults()
        faults.lossProbability = 0.1
        faults.duplicationProbability = 0.05
        faults.reorderProbability = 0.05
        return faults
    }()

    /// The sequences of `all` that no delivery in `received` carries.
    private func missing(_ received: [LineDelivery], of count: UInt64) -> [Range<UInt64>] {
        var seen: Set<UInt64> = []
        for delivery in received { seen.formUnion(MoldPacket(delivery.payload).sequences) }
        var ranges: [Range<UInt64>] = []
        for sequence in 1...count where !seen.contains(sequence) {
            if let last = ranges.last, last.upperBound == sequence {
                ranges[ranges.count - 1] = last.lowerBound..<sequence + 1
            } else {
                ranges.append(sequence..<sequence + 1)
            }
        }
        return ranges
    }

    @Test func deliversEverythingInOrderWithoutFaults() throws {
        var merged = try lines([LineFaults(), LineFaults()])
        let all = deliveries(&merged)
        let a = all.filter { $0.line == 0 }.map(\.payload)
        #expect(a == all.filter { $0.line == 1 }.map(\.payload))
        #expect(a.flatMap { MoldPacket($0).messages }.count == 20_000)
        #expect(zip(all, all.dropFirst()).allSatisfy { $0.time <= $1.time })
        let truth = merged.truth
        #expect(truth.lines.allSatisfy { $0.arrived == a.count && $0.lost == 0 })
        #expect(truth.dataPackets + truth.heartbeats + truth.endsOfSession == a.count)
        #expect(truth.messages == 20_000 && truth.lostEverywhere.isEmpty)
    }

    @Test func truthEqualsWhatArrives() throws {
        var merged = try lines([rough, rough])
        let all = deliveries(&merged)
        let truth = merged.truth
        #expect(zip(all, all.dropFirst()).allSatisfy { $0.time <= $1.time })
        for line in 0...1 {
            let received = all.filter { $0.line == line }
            #expect(truth.lines[line].lostSequences == missing(received, of: 20_000))
            #expect(
                truth.lines[line].lostMessages
                    == UInt64(truth.lines[line].lostSequences.map(\.count).reduce(0, +)))
            #expect(received.count == truth.lines[line].arrived + truth.lines[line].duplicated)
            #expect(
                truth.lines[line].arrived + truth.lines[line].lost
                    == truth.dataPackets + truth.heartbeats + truth.endsOfSession)
        }
        #expect(truth.lostEverywhere == missing(all, of: 20_000))
        #expect(
            truth.lostEverywhereMessages
                == UInt64(truth.lostEverywhere.map(\.count).reduce(0, +)))
        #expect(!truth.lostEverywhere.isEmpty)
    }

    @Test func ratesComeTrue() throws {
        var merged = try lines([rough, faults { $0.lossProbability = 1 }])
        let all = deliveries(&merged)
        let line = merged.truth.lines[0]
        let packets = Double(line.arrived + line.lost)
        #expect((0.08...0.12).contains(Double(line.lost) / packets))
        #expect((0.03...0.07).contains(Double(line.duplicated) / Double(line.arrived)))
        #expect((0.03...0.07).contains(Double(line.reordered) / Double(line.arrived)))
        #expect(all.allSatisfy { $0.line == 0 })
        #expect(merged.truth.lines[1].arrived == 0)
        #expect(merged.truth.lostEverywhere == line.lostSequences)
    }

    @Test func reorderingIsSeenAndJitterAloneIsNot() throws {
        func steps(_ fault: LineFaults) throws -> (back: Int, reordered: Int) {
            var merged = try lines([fault])
            let sequences = deliveries(&merged).map { MoldPacket($0.payload).sequence }
            let back = zip(sequences, sequences.dropFirst()).filter { $1 < $0 }.count
            return (back, merged.truth.lines[0].reordered)
        }
        let wobbling = try steps(faults { $0.jitterNanoseconds = 10_000_000 })
        #expect(wobbling == (0, 0))
        let reordered = try steps(
            faults {
                $0.reorderProbability = 0.1
                $0.displacementNanoseconds = 10_000_000
            })
        #expect(reordered.back > 10 && reordered.back <= reordered.reordered)
    }

    @Test func delaysOneLineBehindTheOther() throws {
        var merged = try lines([
            faults { $0.jitterNanoseconds = 0 },
            faults {
                $0.delayNanoseconds = 50_000_000
                $0.jitterNanoseconds = 0
            },
        ])
        let all = deliveries(&merged)
        let a = all.filter { $0.line == 0 }
        let b = all.filter { $0.line == 1 }
        #expect(zip(a, b).allSatisfy { $1.time - $0.time == 49_995_000 })
        #expect(zip(all, all.dropFirst()).allSatisfy { $0.time <= $1.time })
    }

    @Test func seedDecidesAndLinesAreIndependent() throws {
        var first = try lines([rough, rough])
        var again = try lines([rough, rough])
        var other = try lines([rough, rough], seed: 2)
        var calm = try lines([rough, LineFaults()])
        let all = deliveries(&first)
        #expect(all == deliveries(&again))
        #expect(all != deliveries(&other))
        #expect(
            all.filter { $0.line == 0 } == deliveries(&calm).filter { $0.line == 0 },
            "line A does not depend on line B's faults")
    }
}
