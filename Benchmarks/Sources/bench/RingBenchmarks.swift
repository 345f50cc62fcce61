import CReference
import Synchronization
import Tape
import Ticks

extension Benchmark {
    static let ring = Benchmark(
        name: "ring",
        summary: "a tape between two processors: records a second, 32 at a time and one"
    ) { settings in
        try [32, 1].map { batch in
            let full = batch == 1 ? 20_000_000 : 80_000_000
            let records = settings.size(full: full, quick: full / 10)
            let (one, other) = settings.processors
            let series = try interleave(
                [
                    Subject(name: "tapeline") {
                        try RingRun(records: records, batch: batch).run(one, other)
                    },
                    Subject(name: "bare C ring") {
                        let result = reference_ring_run(
                            UInt64(RingRun.capacity), UInt64(records), UInt64(batch), Int32(one),
                            Int32(other))
                        guard result.errors == 0 else {
                            throw BenchmarkError.differs("the bare C ring lost records")
                        }
                        return .rate(nanoseconds: result.nanoseconds, records: records)
                    },
                ], repetitions: settings.repetitions)
            var outcome = Outcome(
                "ring", "one writer, one reader that checks every record, batch \(batch)",
                unit: "record",
                parameters: [
                    ("ring", "\(grouped(RingRun.capacity)) records of 64 bytes"),
                    ("batch", "\(batch)"), ("records", grouped(records)),
                    ("processors", "\(one) and \(other)"),
                ], series)
            outcome.targets = [
                .atLeast(0.95, 1 / outcome.references[0].ratio, "of the bare C ring's rate")
            ]
            return outcome
        }
    }

    static let roundTrip = Benchmark(
        name: "roundtrip", summary: "there over one tape and back over another, two processors"
    ) { settings in
        let rounds = settings.size(full: 2_000_000, quick: 200_000)
        let (one, other) = settings.processors
        let rate = reference_cycle_rate()
        let cycles = UnsafeMutablePointer<UInt32>.allocate(capacity: rounds)
        cycles.initialize(repeating: 0, count: rounds)
        defer { cycles.deallocate() }
        func reference(
            _ name: String,
            _ run: @escaping (UnsafeMutablePointer<UInt32>?, Int, Int32, Int32) -> UInt64
        ) -> Subject {
            Subject(name: name) {
                guard run(cycles, rounds, Int32(one), Int32(other)) == 0 else {
                    throw BenchmarkError.differs("\(name): a record was not what was sent")
                }
                return .latency(cycles, rounds, rate: rate)
            }
        }
        let series = try interleave(
            [
                Subject(name: "tapeline") {
                    let allocations = try RoundTripRun(rounds: rounds, cycles: cycles)
                        .run(one, other)
                    var sample = Sample.latency(cycles, rounds, rate: rate)
                    sample.allocations = allocations
                    return sample
                },
                reference("bare C cells", reference_cell_round_trips),
                reference("bare C rings", reference_ring_round_trips),
            ], repetitions: settings.repetitions)
        var outcome = Outcome(
            "roundtrip", "one tick there and one back, read in place", unit: "round trip (p50)",
            parameters: [
                ("rings", "2 of \(grouped(RoundTripRun.capacity)) records of 64 bytes"),
                ("batch", "1"), ("round trips", grouped(rounds)),
                ("processors", "\(one) and \(other)"),
            ], series)
        outcome.targets = [.atMost(200, outcome.ours.median, "ns p50")]
        outcome.notes = [
            "cells: the sequence lies in the record's own cache line, so one line goes over;"
                + " rings: the tape's protocol, counter and record"
        ]
        return [outcome]
    }
}

extension Sample {
    static func rate(nanoseconds: UInt64, records: Int) -> Sample {
        Sample(
            nanoseconds: Double(nanoseconds) / Double(records),
            figures: ["millionsPerSecond": Double(records) * 1000 / Double(nanoseconds)])
    }

    static func latency(
        _ cycles: UnsafeMutablePointer<UInt32>, _ count: Int, rate: Double
    ) -> Sample {
        var all = UnsafeMutableBufferPointer(start: cycles, count: count)
        all.sort()
        func percentile(_ part: Double) -> Double {
            Double(all[min(Int(Double(count) * part), count - 1)]) / rate
        }
        return Sample(
            nanoseconds: percentile(0.5),
            figures: ["p50": percentile(0.5), "p99": percentile(0.99), "p99.9": percentile(0.999)])
    }
}

private let mixer: UInt64 = 0x9E37_79B9_7F4A_7C15

@inline(__always)
private func makeTick(_ position: UInt64) -> Tick {
    Tick(
        exchangeTime: position &* mixer, captureTime: position, sequence: position,
        orderID: ~position, price: Int64(bitPattern: position ^ mixer),
        quantity: Int64(bitPattern: position), instrument: 1, channel: 0,
        kind: TickKind.add.rawValue, side: Side.bid.rawValue, flags: 0, line: 0, detail: 0, extra: 0
    )
}

@inline(__always)
private func isWrong(_ tick: Tick, _ position: UInt64) -> Bool {
    tick.exchangeTime != position &* mixer || tick.sequence != position
        || tick.orderID != ~position
}

/// One lossless transfer over a tape whose writer waits for the reader as it would for the journal.
private final class RingRun: @unchecked Sendable {
    static let capacity = 1 << 20
    private let records: Int
    private let batch: Int
    private let tape: TapePublisher
    private var nanoseconds: UInt64 = 0
    private var errors: UInt64 = 0
    private var allocations: UInt64 = 0
    private let isReaderReady = Atomic(false)

    init(records: Int, batch: Int) throws {
        self.records = records / batch * batch
        self.batch = batch
        tape = try .scratch("ring", ringCapacity: Self.capacity, isGated: true)
    }

    deinit { tape.unlink() }

    func run(_ writer: Int, _ reader: Int) throws -> Sample {
        let tapeReader = try TapeReader(name: tape.name, from: .oldest)
        nonisolated(unsafe) let reading = tapeReader
        let readerThread = PinnedThread(processor: reader) { self.read(reading) }
        let writerThread = PinnedThread(processor: writer) { self.write() }
        writerThread.join()
        readerThread.join()
        guard errors == 0 else { throw BenchmarkError.differs("the tape lost \(errors) ticks") }
        var sample = Sample.rate(nanoseconds: nanoseconds, records: records)
        sample.allocations = allocations
        return sample
    }

    private func write() {
        while !isReaderReady.load(ordering: .acquiring) { reference_pause() }
        let before = reference_allocations()
        var position: UInt64 = 0
        while position < UInt64(records) {
            while !tape.hasRoom(for: batch) { reference_pause() }
            let ticks = tape.claim(batch)
            for index in 0..<batch { ticks[index] = makeTick(position &+ UInt64(index)) }
            tape.publish(batch)
            position &+= UInt64(batch)
        }
        allocations = reference_allocations() - before
        tape.end()
    }

    private func read(_ reader: TapeReader) {
        var position: UInt64 = 0
        var noted: UInt64 = 0
        let start = reference_now()
        isReaderReady.store(true, ordering: .releasing)
        while position < UInt64(records) {
            var wrong: UInt64 = 0
            switch reader.poll(
                most: 4096,
                { ticks in
                    for tick in ticks {
                        if isWrong(tick, position) { wrong &+= 1 }
                        position &+= 1
                    }
                })
            {
            case .ticks(let count): errors &+= reader.stillValid() ? wrong : UInt64(count)
            case .nothing: reference_pause()
            default: errors &+= 1
            }
            if position &- noted >= 8192 {
                tape.noteJournaled(position)
                noted = position
            }
        }
        nanoseconds = reference_now() - start
    }
}

/// One tick there, one back.
private final class RoundTripRun: @unchecked Sendable {
    static let capacity = 1024
    private let rounds: Int
    private let cycles: UnsafeMutablePointer<UInt32>
    private let there: TapePublisher
    private let back: TapePublisher
    private var errors: UInt64 = 0
    private var allocations: UInt64 = 0
    private let isPongReady = Atomic(false)

    init(rounds: Int, cycles: UnsafeMutablePointer<UInt32>) throws {
        self.rounds = rounds
        self.cycles = cycles
        there = try .scratch("there", ringCapacity: Self.capacity)
        back = try .scratch("back", ringCapacity: Self.capacity)
    }

    deinit {
        there.unlink()
        back.unlink()
    }

    func run(_ one: Int, _ other: Int) throws -> UInt64 {
        nonisolated(unsafe) let thereReader = try TapeReader(name: there.name, from: .oldest)
        nonisolated(unsafe) let backReader = try TapeReader(name: back.name, from: .oldest)
        let pong = PinnedThread(processor: other) { self.pong(thereReader) }
        let ping = PinnedThread(processor: one) { self.ping(backReader) }
        ping.join()
        pong.join()
        guard errors == 0 else { throw BenchmarkError.differs("a tick was not what was sent") }
        return allocations
    }

    private func ping(_ reader: TapeReader) {
        while !isPongReady.load(ordering: .acquiring) { reference_pause() }
        let counted = reference_allocations()
        var before = reference_cycles()
        for round in 0..<UInt64(rounds) {
            Self.send(round, there)
            if Self.awaitTick(round, reader) { errors &+= 1 }
            let now = reference_cycles()
            cycles[Int(round)] = UInt32(truncatingIfNeeded: now &- before)
            before = now
        }
        allocations = reference_allocations() - counted
    }

    private func pong(_ reader: TapeReader) {
        isPongReady.store(true, ordering: .releasing)
        for round in 0..<UInt64(rounds) {
            _ = Self.awaitTick(round, reader)
            Self.send(round, back)
        }
    }

    @inline(__always)
    private static func send(_ round: UInt64, _ tape: TapePublisher) {
        tape.claim(1)[0] = makeTick(round)
        tape.publish(1)
    }

    /// Returns true if what came is not what was sent.
    @inline(__always)
    private static func awaitTick(_ round: UInt64, _ reader: TapeReader) -> Bool {
        var wrong = false
        while true {
            let outcome = reader.poll(most: 1) { wrong = isWrong($0[0], round) }
            if case .nothing = outcome { continue }
            return wrong || outcome != .ticks(1) || !reader.stillValid()
        }
    }
}
