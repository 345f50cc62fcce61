import Foundation
import Testing
import Ticks

@testable import Journal

/// DESIGN §4.3: after any crash every tick up to the last synced block is there exactly once.
@Suite struct CrashTests {
    /// A log of a writing run, and what its writer had promised when.
    private struct Run {
        let storage: RecordingStorage
        let truth: [Tick]
        /// Position promised by a sync, and how many operations had been logged by then.
        var promises: [(operations: Int, position: UInt64)] = [(0, 0)]

        func promised(after operations: Int) -> UInt64 {
            promises.last { $0.operations <= operations }?.position ?? 0
        }
    }

    /// Blocks, syncs, definitions, a missing range and rotations, in a seeded order.
    private static func record(seed: UInt64, failures: [Int: Int32] = [:]) throws -> Run {
        var random = SeededGenerator(seed: seed)
        var generator = TickGenerator(seed: seed, instruments: 20, liveOrders: 50)
        let truth = generator.ticks(900)
        var run = Run(storage: RecordingStorage(), truth: truth)
        run.storage.failures = failures
        let options = Fixtures.options(blockTicks: 40, segmentBytes: 4_096)
        let (writer, _) = try JournalWriter.open(
            storage: run.storage, identity: Fixtures.identity, options: options,
            preamble: Fixtures.preamble)
        // What fails is tried again: the failures are of the moment.
        func persist(_ body: () throws(JournalError) -> Void) {
            for _ in 0..<10 {
                do throws(JournalError) { return try body() } catch { continue }
            }
            Issue.record("ten failures in turn")
        }
        var position = 0
        while position < 880 {
            let choice = random.below(12)
            if choice == 0 {
                let end = position + 1 + random.below(4)
                persist { () throws(JournalError) in
                    try writer.appendMissing(UInt64(position)..<UInt64(end), now: 1)
                }
                position = end
            } else if choice == 1 {
                persist { () throws(JournalError) in
                    try writer.appendDefinitions(Fixtures.definitions, now: 1)
                }
            } else if choice < 5 {
                writer.closeBlock()
                persist { () throws(JournalError) in try writer.sync() }
                run.promises.append((run.storage.log.count, writer.syncedPosition))
            } else {
                let end = position + 1 + random.below(40)
                truth[position..<min(end, 900)].withUnsafeBufferPointer { batch in
                    persist { () throws(JournalError) in
                        try writer.append(batch, firstPosition: UInt64(position), now: 1)
                    }
                }
                position = min(end, 900)
            }
            // A rotation inside of the calls above has synced, too.
            run.promises.append((run.storage.log.count, writer.syncedPosition))
        }
        persist { () throws(JournalError) in try writer.finish() }
        run.promises.append((run.storage.log.count, writer.syncedPosition))
        return run
    }

    /// Opens the image, checks it against the truth, goes on writing, and checks again.
    @discardableResult
    private static func check(
        _ image: StorageImage, _ run: Run, promised: UInt64, _ place: Comment
    ) throws -> RecordingStorage {
        let storage = RecordingStorage(image)
        let (writer, recovered) = try JournalWriter.open(
            storage: storage, identity: Fixtures.identity,
            options: Fixtures.options(blockTicks: 40, segmentBytes: 4_096),
            preamble: Fixtures.preamble)
        #expect(recovered.nextPosition >= promised, place)
        let before = try JournalContents(reading: storage)
        compare(before, run, promised: promised, place)
        let rest = run.truth[Int(recovered.nextPosition)...]
        try writer.append(Array(rest))
        try writer.finish()
        let after = try JournalContents(reading: storage)
        compare(after, run, promised: promised, place)
        let appended = (recovered.nextPosition..<UInt64(run.truth.count)).filter {
            after.ticks[$0] != nil
        }
        #expect(appended.count == rest.count, place)
        // What was damaged stays where it is; everything else must be in order.
        let report = try JournalVerify(storage: storage).verify()
        if before.damages.isEmpty { #expect(report.isIntact, place) }
        #expect(report.overlaps.isEmpty, place)
        #expect(report.segments.filter { !$0.isFinished }.isEmpty, place)
        return storage
    }

    private static func compare(
        _ contents: JournalContents, _ run: Run, promised: UInt64, _ place: Comment
    ) {
        #expect(contents.positions.count == contents.ticks.count, "a tick came twice")
        #expect(contents.positions == contents.positions.sorted(), place)
        var missing: Set<UInt64> = []
        for range in contents.missing { missing.formUnion(range) }
        var absent = 0
        for position in 0..<promised {
            let isThere = contents.ticks[position] != nil
            if isThere == missing.contains(position) { absent += 1 }
        }
        #expect(absent == 0, place)
        var wrong = 0
        for (position, tick) in contents.ticks
        where !sameBytes([tick], [run.truth[Int(position)]]) {
            wrong += 1
        }
        #expect(wrong == 0, place)
    }

    @Test(arguments: CrashPolicy.allCases, [1, 2] as [UInt64])
    func everyPrefixOfTheLogOpens(policy: CrashPolicy, seed: UInt64) throws {
        let run = try Self.record(seed: seed)
        #expect(run.storage.log.count > 50)
        #expect(run.promised(after: .max) >= 880)
        let tries: UInt64 = policy == .kept || policy == .lost ? 1 : 3
        for count in 0...run.storage.log.count {
            for attempt in 0..<tries {
                let image = run.storage.crash(
                    after: count, policy, seed: seed &* 1_000 &+ UInt64(count) &* 10 &+ attempt)
                try Self.check(
                    image, run, promised: run.promised(after: count),
                    "\(policy), seed \(seed), after \(count) operations, attempt \(attempt)")
            }
        }
    }

    /// A second crash while the first one is being repaired, or in the run after it.
    @Test(arguments: [CrashPolicy.torn, .reordered, .zeroed])
    func crashesDuringRepairOpenToo(policy: CrashPolicy) throws {
        let run = try Self.record(seed: 9)
        for count in stride(from: 5, through: run.storage.log.count, by: 7) {
            let promised = run.promised(after: count)
            let first = run.storage.crash(after: count, policy, seed: UInt64(count))
            let repaired = try Self.check(first, run, promised: promised, "first, \(count)")
            for inner in 0...min(12, repaired.log.count) {
                let image = repaired.crash(after: inner, policy, seed: UInt64(count * 100 + inner))
                try Self.check(image, run, promised: promised, "second, \(count), \(inner)")
            }
        }
    }

    /// Errors of the moment (disk full, I/O error) at every single operation: nothing is lost,
    /// nothing doubled, and a crash later on keeps its promise.
    @Test(arguments: [ENOSPC, EIO])
    func errorsAtEveryOperationAreSurvived(code: Int32) throws {
        let clean = try Self.record(seed: 5)
        for failing in 0..<clean.storage.log.count {
            let run = try Self.record(seed: 5, failures: [failing: code, failing + 1: code])
            let report = try JournalVerify(storage: run.storage).verify()
            #expect(report.isIntact, "\(failing)")
            try Self.check(
                run.storage.image, run, promised: run.promised(after: .max), "\(failing)")
            var random = SeededGenerator(seed: UInt64(failing))
            for policy in CrashPolicy.allCases {
                let count = random.below(run.storage.log.count + 1)
                let image = run.storage.crash(after: count, policy, seed: UInt64(failing))
                try Self.check(
                    image, run, promised: run.promised(after: count), "\(failing), \(policy)")
            }
        }
    }

    @Test func aFullDiskIsTold() throws {
        let storage = RecordingStorage()
        let (writer, _) = try JournalWriter.open(
            storage: storage, identity: Fixtures.identity, preamble: Fixtures.preamble)
        storage.failures = [0: ENOSPC, 1: ENOSPC, 2: ENOSPC]
        try writer.append([Tick()])
        writer.closeBlock()
        var errors: [JournalError] = []
        for _ in 0..<2 {
            do throws(JournalError) { try writer.sync() } catch { errors.append(error) }
        }
        #expect(errors.count == 2)
        #expect(errors.filter { $0.isSpaceExhausted }.count == 2)
        #expect(writer.statistics.errorsInPassing == 1)
        #expect(writer.syncedPosition == 0)
        #expect(try writer.sync() == 1)
    }

    @Test func recoveryTellsWhereChannelsStand() throws {
        let run = try Self.record(seed: 4)
        for count in stride(from: 0, through: run.storage.log.count, by: 3) {
            let storage = RecordingStorage(run.storage.crash(after: count, .kept, seed: 0))
            let (_, recovered) = try JournalWriter.open(
                storage: storage, identity: Fixtures.identity, preamble: Fixtures.preamble)
            guard recovered.nextPosition > 0 else { continue }
            var expected = Fixtures.definitions.states[0]
            let contents = try JournalContents(reading: storage)
            for tick in contents.inOrder { expected.apply(tick) }
            // A definitions block of this run sets the state back to its first.
            let state = try #require(recovered.definitions.states.first)
            #expect(state.epoch == 1)
            #expect(state.session == SessionIdentifier(high: 1, low: 2))
            #expect(state.nextSequence <= expected.nextSequence)
            #expect(recovered.definitions.instruments == Fixtures.definitions.instruments)
            #expect(recovered.definitions.channels == Fixtures.definitions.channels)
        }
    }
}
