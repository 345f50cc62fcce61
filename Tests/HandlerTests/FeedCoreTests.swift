import Books
import Handler
import Lines
import Protocols
import TestSupport
import Testing
import Ticks
import Wire

/// From packets to finished ticks, all rooms together.
@Suite struct FeedCoreTests {
    @Test func aDayInSmall() throws {
        let bench = try CoreBench([CoreBench.itch()])
        bench.send(ITCH.packet(1, [ITCH.add(1), ITCH.add(2, .ask, 50, 10_100)]), at: 1000)
        bench.send(ITCH.packet(1, [ITCH.add(1), ITCH.add(2, .ask, 50, 10_100)]), line: 1, at: 1100)
        bench.send(ITCH.packet(3, [ITCH.execute(1, 40), ITCH.delete(2)]), line: 1, at: 1200)
        let ticks = bench.flushed()
        #expect(ticks.compactMap(\.tickKind) == [.epoch, .add, .add, .trade, .fill, .delete])
        #expect(ticks.map(\.sequence) == [1, 1, 2, 3, 3, 4])
        #expect(ticks.map(\.line) == [0, 0, 0, 1, 1, 1])
        #expect(ticks.map(\.captureTime) == [1000, 1000, 1000, 1200, 1200, 1200])
        #expect(ticks.dropFirst().allSatisfy { $0.timeSource == .kernel && $0.channel == 0 })
        #expect(ticks[0].detail == EpochCause.start.rawValue && ticks[0].extra == 1)
        #expect(ticks[0].orderID == MoldUDP64Encoder.session("DAY").high)
        let midnight = try TradingDay(parsing: "2019-12-30").midnightNanoseconds
        #expect(ticks[1].exchangeTime == midnight + 1)
        // What the venue does not send comes from the resting order.
        #expect(ticks[3].price == 1_000_000_000 && ticks[3].tickSide == .ask)
        #expect(ticks[4].price == 1_000_000_000 && ticks[4].tickSide == .bid)
        #expect(ticks[5].quantity == 50 && ticks[5].price == 1_010_000_000)
        #expect(ticks.map { $0.has(.topChanged) } == [false, true, true, false, true, true])
        #expect(bench.symbol(ticks[1]) == "ABC" && bench.instruments.count == 1)
        #expect(bench.core.books.best(1, .bid).quantity == 60)
    }

    @Test func gapAndRecovery() throws {
        let bench = try CoreBench([CoreBench.itch()])
        bench.send(ITCH.packet(1, [ITCH.add(1)]), at: 1000)
        bench.send(ITCH.packet(3, [ITCH.add(3)]), at: 1500)
        bench.core.clock(2499)
        #expect(bench.kinds() == [.epoch, .add])
        bench.core.clock(2500)
        var ticks = bench.flushed()
        #expect(ticks.suffix(2).compactMap(\.tickKind) == [.gap, .add])
        #expect(ticks[2].sequence == 2 && ticks[2].quantity == 1 && ticks[2].captureTime == 2500)
        #expect(ticks[2].detail == GapCause.time.rawValue)
        #expect(ticks[3].has(.bookSuspect) && ticks[3].captureTime == 1500)
        bench.send(ITCH.packet(2, [ITCH.add(2)]), line: 1, at: 3000)
        ticks = bench.flushed()
        #expect(ticks.suffix(2).compactMap(\.tickKind) == [.add, .gapFilled])
        #expect(ticks[4].has(.recovered) && ticks[5].extra == ticks[2].extra)
        // Sequence 3 of the same instrument was applied already: the late order stays out.
        #expect(bench.core.books.orders(1, .bid).map(\.orderID) == [1, 3])
        #expect(bench.core.books.isSuspect(1))
    }

    /// The wall clock goes back by an hour: holes still end after their window, and the times that it
    /// shows for the second time are flagged.
    @Test func clockStepsBack() throws {
        let hour: Int64 = 3_600_000_000_000
        let start: UInt64 = 10_000_000_000_000
        let bench = try CoreBench([CoreBench.itch()])
        bench.send(ITCH.packet(1, [ITCH.add(1)]), at: start)
        bench.core.clockStep(nanoseconds: -hour)
        let behind = start - UInt64(hour)
        bench.send(ITCH.packet(3, [ITCH.add(3)]), at: behind + 500)
        bench.core.clock(behind + 1499)
        #expect(bench.kinds() == [.epoch, .add, .alert])
        bench.core.clock(behind + 1500)
        let ticks = bench.flushed()
        #expect(ticks.suffix(2).compactMap(\.tickKind) == [.gap, .add])
        #expect(ticks[2].detail == AlertCause.clockStep.rawValue && ticks[2].quantity == -hour)
        #expect(ticks[3].captureTime == behind + 1500)
        #expect(ticks[4].captureTime == behind + 500 && ticks[4].has(.badCaptureTime))
        bench.send(ITCH.packet(4, [ITCH.add(4)]), at: start + 1)
        #expect(bench.flushed().last?.has(.badCaptureTime) == false)
    }

    /// What was stamped before a step back and comes after it moves core time by nothing like the step.
    @Test func stampsFromBeforeAStepBack() throws {
        let hour: UInt64 = 3_600_000_000_000
        let bench = try CoreBench([CoreBench.itch()])
        bench.send(ITCH.packet(1, [ITCH.add(1)]), at: 2 * hour)
        bench.core.clockStep(nanoseconds: -Int64(hour))
        bench.send(ITCH.packet(2, [ITCH.add(2)]), line: 1, at: 2 * hour + 100)
        #expect(bench.core.now == 2 * hour + 100)
        bench.core.clock(hour + 200)
        #expect(bench.core.now == 2 * hour + 200)
        bench.send(ITCH.packet(3, [ITCH.add(3)]), at: hour + 300)
        #expect(bench.core.now == 2 * hour + 300)
    }

    /// A step forward gives up nothing before its time.
    @Test func clockStepsForward() throws {
        let bench = try CoreBench([CoreBench.itch()])
        bench.send(ITCH.packet(1, [ITCH.add(1)]), at: 1000)
        bench.send(ITCH.packet(3, [ITCH.add(3)]), at: 1500)
        bench.core.clockStep(nanoseconds: 1_000_000)
        bench.send(ITCH.packet(2, [ITCH.add(2)]), line: 1, at: 1_001_600)
        let ticks = bench.flushed()
        #expect(ticks.compactMap(\.tickKind) == [.epoch, .add, .alert, .add, .add])
        #expect(ticks.suffix(2).allSatisfy { !$0.has(.badCaptureTime) && !$0.has(.recovered) })
    }

    /// A message without entries ends an event that touched more instruments than the batch has room
    /// for.
    @Test func longEventEnds() throws {
        let cme = ChannelConfiguration(
            name: "cme", feedProtocol: FeedProtocol(rawValue: "mdp3")!, windowNanoseconds: 1000)
        let bench = try CoreBench([cme], batchCapacity: 64, instruments: 200)
        for number in UInt64(1)...200 {
            let packet = MDP3.packet(
                number, price: 10, security: Int32(number), endsEvent: false)
            bench.send(packet, at: 1000)
        }
        bench.send(MDP3.packet(201, entries: [], endsEvent: true), at: 1000)
        let ends = bench.flushed().filter {
            $0.tickKind == .status && $0.detail == StatusDetail.eventEnd.rawValue
        }
        #expect(Set(ends.map(\.instrument)).count == 200 && ends.count == 200)
    }

    /// An event of two packets, 5 µs apart, is nothing to give up, wherever the wall clock stands.
    @Test(arguments: [-2_000_000, 2_000_000] as [Int64])
    func eventsAfterAClockStep(step: Int64) throws {
        let bench = try CoreBench([
            ChannelConfiguration(
                name: "cme", feedProtocol: FeedProtocol(rawValue: "mdp3")!,
                windowNanoseconds: 1000)
        ])
        let start: UInt64 = 1_000_000_000
        bench.send(MDP3.packet(1, price: 10, endsEvent: true), at: start)
        bench.core.clockStep(nanoseconds: step)
        let later = UInt64(Int64(start) + step) + 1_500_000
        bench.send(MDP3.packet(2, price: 11, endsEvent: false), at: later)
        bench.send(MDP3.packet(3, price: 12, endsEvent: true), at: later + 5000)
        let causes = bench.flushed().filter { $0.tickKind == .alert }.map(\.detail)
        #expect(causes == [AlertCause.clockStep.rawValue])
        #expect(!bench.core.books.isSuspect(1))
        // One that stays open is given up after a millisecond, in the wall clock's time.
        bench.send(MDP3.packet(4, price: 13, endsEvent: false), at: later + 10_000)
        bench.core.clock(later + 1_009_999)
        #expect(bench.flushed().filter { $0.tickKind == .alert }.count == 1)
        bench.core.clock(later + 1_010_000)
        let alert = try #require(bench.flushed().last)
        #expect(alert.detail == AlertCause.eventTimedOut.rawValue)
        #expect(alert.captureTime == later + 1_010_000)
    }

    @Test func lossesOfALineAreOnTheTape() throws {
        let bench = try CoreBench([CoreBench.itch()])
        bench.send(ITCH.packet(1, [ITCH.add(1)]), at: 1000)
        bench.core.lineState(
            LineRoute(channel: 0, line: 1), .dropped, LineLoss(.kernel, 12, isShared: true))
        bench.core.lineState(LineRoute(channel: 0, line: 0), .linkDown)
        let ticks = bench.flushed().suffix(2)
        #expect(ticks.allSatisfy { $0.tickKind == .lineState && $0.sequence == 2 })
        #expect(ticks.map(\.line) == [1, 0])
        #expect(ticks.map(\.quantity) == [12, Quantity.none])
        #expect(ticks.map(\.extra) == [UInt32(DropPlace.kernel.rawValue) | 0x100, 0])
    }

    @Test func heartbeatRevealsTheTail() throws {
        let bench = try CoreBench([CoreBench.itch()])
        bench.send(ITCH.packet(1, [ITCH.add(1)]), at: 1000)
        bench.send(ITCH.heartbeat(4), at: 2000)
        #expect(bench.core.isWaiting)
        bench.core.finish()
        #expect(bench.ticks.last?.tickKind == .gap)
        #expect(bench.ticks.last?.quantity == 2)
        #expect(bench.ticks.last?.detail == GapCause.end.rawValue)
        #expect(bench.core.totals().channels[0].total.lost == 2)
    }

    @Test func mismatchRaisesAnAlert() throws {
        let bench = try CoreBench([CoreBench.itch()])
        bench.send(ITCH.packet(1, [ITCH.add(1)]), at: 1000)
        bench.send(ITCH.packet(1, [ITCH.add(77)]), line: 1, at: 1001)
        let alert = try #require(bench.flushed().last)
        #expect(alert.tickKind == .alert && alert.sequence == 1 && alert.extra == 1)
        #expect(alert.detail == AlertCause.contentMismatch.rawValue)
    }

    @Test func newSessionEmptiesTheBooks() throws {
        let bench = try CoreBench([CoreBench.itch()])
        bench.send(ITCH.packet(1, [ITCH.add(1)]), at: 1000)
        bench.send(ITCH.packet(1, [ITCH.add(1, .ask)], session: "NEXT"), at: 2000)
        #expect(bench.kinds() == [.epoch, .add, .epoch, .add])
        #expect(bench.core.books.best(1, .bid) == .empty)
        #expect(bench.core.books.counters == BookCounters())
        #expect(bench.core.totals().channels[0].epochs == 2)
    }

    @Test func joinedBooksAreSuspect() throws {
        let bench = try CoreBench([CoreBench.itch()])
        bench.send(ITCH.packet(500, [ITCH.add(1), ITCH.delete(9)]), at: 1000)
        let ticks = bench.flushed()
        #expect(ticks.compactMap(\.tickKind) == [.epoch, .add, .delete])
        #expect(ticks[0].detail == EpochCause.joined.rawValue)
        #expect(ticks[1].has(.bookSuspect) && ticks[2].has(.bookSuspect))
        #expect(bench.core.books.counters.unknownOrder == 1)
    }

    @Test func resumesWhereAnEarlierRunStopped() throws {
        let first = try CoreBench([CoreBench.itch()])
        first.send(ITCH.packet(1, [ITCH.add(1)]), at: 1000)
        first.core.finish()
        let status = first.core.totals().channels[0].current
        let state = ResumeState(
            channels: [
                ResumeState.Channel(
                    id: 0, epoch: status.epoch, session: status.session,
                    nextSequence: status.next, captureTime: 1000)
            ], instruments: first.core.directory.entries)
        let second = try CoreBench([CoreBench.itch()], resume: state)
        second.send(ITCH.packet(5, [ITCH.add(5)]), at: 9000)
        let ticks = second.flushed()
        #expect(ticks.compactMap(\.tickKind) == [.epoch, .gap, .add])
        #expect(ticks[0].detail == EpochCause.resumed.rawValue && ticks[0].extra == 1)
        #expect(ticks[1].sequence == 2 && ticks[1].quantity == 3)
        #expect(ticks[1].detail == GapCause.restart.rawValue)
        #expect(ticks[2].instrument == 1)
    }

    /// An event that no message closes is shown, suspect, after 1 ms of core time.
    @Test func openEventIsGivenUp() throws {
        let bench = try CoreBench([CoreBench.deep()])
        bench.send(
            DEEP.segment(1, [DEEP.level(.bid, 1000, 5, complete: false, time: 50)], sentAt: 60),
            at: 10_000)
        bench.core.clock(1_009_999)
        #expect(bench.kinds() == [.epoch, .level])
        #expect(bench.core.books.best(1, .bid) == .empty)
        bench.core.clock(1_010_000)
        let alert = try #require(bench.flushed().last)
        #expect(alert.tickKind == .alert && alert.detail == AlertCause.eventTimedOut.rawValue)
        #expect(alert.has(.topChanged) && alert.has(.bookSuspect))
        #expect(bench.core.books.best(1, .bid).price == 100_000_000)
        bench.send(
            DEEP.segment(2, [DEEP.level(.bid, 1000, 9, complete: true, time: 50)], sentAt: 70),
            at: 1_020_000)
        #expect(bench.flushed().last?.has(.bookSuspect) == false)
        #expect(bench.core.books.best(1, .bid).quantity == 9)
    }

    @Test func silentLineIsReportedAndComesBack() throws {
        let second: UInt64 = 1_000_000_000
        let bench = try CoreBench([CoreBench.itch()], silence: second)
        for line in 0...1 { bench.send(ITCH.packet(1, [ITCH.add(1)]), line: line, at: 1000) }
        bench.send(ITCH.packet(2, [ITCH.add(2)]), at: 2 * second)
        bench.core.clock(2 * second + 1)
        bench.core.clock(3 * second)
        bench.send(ITCH.packet(2, [ITCH.add(2)]), line: 1, at: 3 * second + 1)
        let states = bench.flushed().filter { $0.tickKind == .lineState }
        #expect(states.map(\.detail) == [LineStateDetail.silent, .up].map(\.rawValue))
        #expect(states.map(\.extra) == [1, 1])
    }

    @Test func channelsAreIndependent() throws {
        let bench = try CoreBench([CoreBench.itch(), CoreBench.deep()])
        bench.send(ITCH.packet(1, [ITCH.add(1)]), channel: 0, at: 1000)
        bench.send(
            DEEP.segment(1, [DEEP.level(.bid, 1000, 5, complete: true, time: 5)], sentAt: 6),
            channel: 1, at: 1100)
        bench.send(ITCH.packet(3, [ITCH.add(3)]), channel: 0, at: 1200)
        bench.core.finish()
        #expect(bench.ticks.map(\.channel) == [0, 0, 1, 1, 0, 0])
        #expect(bench.core.directory.entries.map(\.venue) == ["XNAS", "IEXG"])
        #expect(bench.core.books.isSuspect(1) && !bench.core.books.isSuspect(2))
    }

    /// Small batches or large ones: the ticks are the same.
    @Test func batchesDoNotMatter() throws {
        var random = SeededGenerator(seed: 3)
        var packets: [[UInt8]] = []
        var sequence: UInt64 = 1
        for _ in 0..<300 {
            let messages = (0..<(1 + random.below(40))).map { _ in
                let id = UInt64(1 + random.below(50))
                switch random.below(4) {
                case 0: return ITCH.execute(id, UInt32(1 + random.below(100)))
                case 1: return ITCH.delete(id)
                default:
                    return ITCH.add(
                        id, random.chance(500) ? .bid : .ask, UInt32(1 + random.below(300)),
                        UInt32(10_000 + random.below(20)))
                }
            }
            if !random.chance(50) { packets.append(ITCH.packet(sequence, messages)) }
            sequence += UInt64(messages.count)
        }
        func run(_ batch: Int) throws -> [SIMD8<UInt64>] {
            let bench = try CoreBench([CoreBench.itch()], batchCapacity: batch)
            for (index, packet) in packets.enumerated() {
                bench.send(packet, at: UInt64(index * 500))
            }
            bench.core.finish()
            return bench.ticks.map { unsafeBitCast($0, to: SIMD8<UInt64>.self) }
        }
        let large = try run(8192)
        #expect(large.count > 3000)
        #expect(try run(16) == large)
        #expect(try run(129) == large)
    }

    @Test func datagramsOfAnotherTransportAreCountedByReason() throws {
        let bench = try CoreBench([CoreBench.itch()])
        bench.send([1, 2, 3], at: 1)
        bench.send(ITCH.packet(1 << 62, [ITCH.add(1)]), at: 2)
        bench.send(ITCH.packet(1, [ITCH.add(1)]) + [0], at: 3)
        let totals = bench.core.totals()
        #expect(totals.transportRejections[.headerCut] == 1)
        #expect(totals.transportRejections[.sequenceOutOfRange] == 1)
        #expect(totals.trailingBytePackets == 1)
        #expect(totals.channels[0].lines[0].status.rejected == 2)
        #expect(totals.channels[0].total.delivered == 1)
    }
}
