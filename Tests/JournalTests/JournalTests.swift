import Foundation
import Testing
import Ticks

@testable import Journal

@Suite struct JournalTests {
    @Test func whatIsWrittenIsRead() throws {
        let directory = try TemporaryDirectory()
        let storage = try FileStorage(path: directory.path, create: false)
        var generator = TickGenerator(seed: 3, instruments: 50, liveOrders: 100)
        let ticks = generator.ticks(2_050)
        let (writer, recovered) = try JournalWriter.open(
            storage: storage, identity: Fixtures.identity, options: Fixtures.options(),
            preamble: Fixtures.preamble)
        #expect(recovered == RecoveredJournal())
        try writer.append(Array(ticks[..<1_000]))
        try writer.appendMissing(1_000..<1_010, now: 1_000)
        let more = JournalDefinitions(instruments: [Instrument(id: 3, symbol: "C", venue: "X")])
        try writer.appendDefinitions(more, now: 1_000)
        try writer.append(Array(ticks[1_000...]))
        #expect(try writer.sync() == 2_010)
        try writer.finish()
        #expect(writer.syncedPosition == 2_060)

        let contents = try JournalContents(reading: storage)
        #expect(sameBytes(contents.inOrder, ticks))
        #expect(contents.positions == Array(0..<1_000) + Array(1_010..<2_060))
        #expect(contents.missing == [1_000..<1_010])
        #expect(contents.damages.isEmpty)
        #expect(contents.images.count == 1)
        #expect(contents.images.first?.ticks.first?.orderID == 1)
        #expect(contents.segments.map(\.identity) == [Fixtures.identity])
        #expect(contents.definitions == [Fixtures.definitions, more])
        let report = try JournalVerify(storage: storage).verify()
        #expect(report.isIntact)
        #expect(report.ticks == 2_050)
        #expect(report.missing == [1_000..<1_010])
        #expect(report.definitions.instruments.map(\.symbol) == ["AAPL", "ZVZZT", "C"])
        #expect(report.definitions.states.first?.nextSequence == ticks.map(\.sequence).max()! + 1)
        var described = try JournalVerify(storage: storage).describe()
        #expect(described.segments == report.segments)
        described.definitions.states = report.definitions.states
        #expect(described == report)
    }

    @Test func segmentsRotateBySizeAndTime() throws {
        let directory = try TemporaryDirectory()
        let storage = try FileStorage(path: directory.path, create: false)
        var generator = TickGenerator(seed: 4, instruments: 50, liveOrders: 100)
        let ticks = generator.ticks(3_000)
        var options = Fixtures.options(segmentBytes: 4_096)
        options.segmentDurationNanosecondsMax = 1_000_000
        let (writer, _) = try JournalWriter.open(
            storage: storage, identity: Fixtures.identity, options: options,
            preamble: Fixtures.preamble)
        for start in stride(from: 0, to: 3_000, by: 50) {
            try writer.append(Array(ticks[start..<start + 50]), now: UInt64(start))
        }
        let bySize = writer.statistics.segments
        #expect(bySize > 2)
        try writer.append([Tick()], now: 5_000_000)
        #expect(writer.statistics.segments == bySize + 1)
        var next = Fixtures.identity
        next.tradingDay = 20_191_231
        try writer.rotate(identity: next)
        try writer.append([Tick()], now: 5_000_000)
        try writer.finish()
        let names = try directory.files(suffix: ".tlj")
        #expect(names.count == Int(bySize) + 2)
        #expect(names == names.compactMap { SegmentName($0) }.sorted().map(\.text))
        #expect(SegmentName(names.last!)?.tradingDay == 20_191_231)

        let contents = try JournalContents(reading: storage)
        #expect(sameBytes(contents.inOrder, ticks + [Tick(), Tick()]))
        // Every segment stands alone: image and definitions at its own position.
        #expect(contents.images.map(\.position) == contents.segments.map(\.firstPosition))
        #expect(contents.definitions.count == names.count)
        #expect(try JournalVerify(storage: storage).verify().isIntact)
    }

    @Test func zstdAcceptsEverySegment() throws {
        let directory = try TemporaryDirectory()
        let storage = try FileStorage(path: directory.path, create: false)
        let options = Fixtures.options(segmentBytes: 20_000)
        let (writer, _) = try JournalWriter.open(
            storage: storage, identity: Fixtures.identity, options: options,
            preamble: Fixtures.preamble)
        var generator = TickGenerator(seed: 5, instruments: 50, liveOrders: 100)
        for _ in 0..<50 { try writer.append(generator.ticks(100)) }
        try writer.append(Fixtures.randomTicks(200, seed: 1, sparse: false))
        try writer.appendMissing(writer.nextPosition..<writer.nextPosition + 5, now: 1)
        try writer.sync()
        let names = try directory.files(suffix: ".tlj")
        #expect(names.count > 1)
        // The unfinished one included.
        for name in names {
            let zstd = Process()
            zstd.executableURL = URL(fileURLWithPath: "/usr/bin/zstd")
            zstd.arguments = ["-t", "-q", directory.path + "/" + name]
            zstd.standardOutput = FileHandle.nullDevice
            try zstd.run()
            zstd.waitUntilExit()
            #expect(zstd.terminationStatus == 0, "\(name)")
        }
    }

    @Test func anotherWriterIsRefused() throws {
        let directory = try TemporaryDirectory()
        let storage = try FileStorage(path: directory.path, create: false)
        let (writer, _) = try JournalWriter.open(
            storage: storage, identity: Fixtures.identity, preamble: Fixtures.preamble)
        let other = try FileStorage(path: directory.path, create: false)
        #expect(throws: JournalError.locked) {
            try JournalWriter.open(
                storage: other, identity: Fixtures.identity, preamble: Fixtures.preamble)
        }
        try writer.finish()
        _ = try JournalWriter.open(
            storage: other, identity: Fixtures.identity, preamble: Fixtures.preamble)
    }

    @Test func positionsMustContinue() throws {
        let directory = try TemporaryDirectory()
        let storage = try FileStorage(path: directory.path, create: false)
        let (writer, _) = try JournalWriter.open(
            storage: storage, identity: Fixtures.identity, preamble: Fixtures.preamble)
        #expect(throws: JournalError.position(expected: 0, given: 5)) {
            try [Tick()].withUnsafeBufferPointer {
                try writer.append($0, firstPosition: 5, now: 0)
            }
        }
        try writer.finish()
        #expect(throws: JournalError.finished) { try writer.append([Tick()]) }
    }

    @Test(arguments: [0, 1, 99, 100, 101, 550, 999, 1_000, 1_004, 1_010, 1_500, 2_059])
    func seekByPosition(target: UInt64) throws {
        let directory = try TemporaryDirectory()
        let storage = try FileStorage(path: directory.path, create: false)
        let ticks = try Self.sample(storage)
        let reader = try JournalReader(storage: storage)
        try reader.seek(position: target)
        var contents = JournalContents()
        try contents.read(reader)
        let expected = (Array(0..<1_000) + Array(1_010..<2_060)).filter { $0 >= target }
        #expect(contents.positions == expected)
        #expect(contents.damages.isEmpty)
        #expect(contents.images.count >= 1, "the head of the segment comes first")
        #expect(sameBytes(contents.inOrder, Array(ticks.suffix(expected.count))))

        try reader.seek(position: target, fromSegmentStart: true)
        var whole = JournalContents()
        try whole.read(reader)
        let start = try #require(whole.segments.first?.firstPosition)
        #expect(start <= target)
        // A segment may begin with what is missing.
        #expect(whole.positions.first == (start == 1_000 ? 1_010 : start))
    }

    @Test func seekByCaptureTime() throws {
        let directory = try TemporaryDirectory()
        let storage = try FileStorage(path: directory.path, create: false)
        let ticks = try Self.sample(storage)
        let reader = try JournalReader(storage: storage)
        for index in [0, 1, 500, 999, 1_000, 2_000, 2_049] {
            let time = ticks[index].captureTime
            let first = ticks.firstIndex { $0.captureTime >= time }!
            let position = UInt64(first < 1_000 ? first : first + 10)
            #expect(try reader.seek(captureTime: time) == position)
            var contents = JournalContents()
            try contents.read(reader)
            #expect(contents.positions.first == position)
        }
        #expect(try reader.seek(captureTime: .max) == 2_060)
        #expect(try reader.seek(captureTime: 0) == 0)
    }

    @Test func readsAJournalThatGrows() throws {
        let directory = try TemporaryDirectory()
        let storage = try FileStorage(path: directory.path, create: false)
        let reader = try JournalReader(storage: storage)
        #expect(try reader.next() == nil)
        let (writer, _) = try JournalWriter.open(
            storage: storage, identity: Fixtures.identity,
            options: Fixtures.options(segmentBytes: 4_096), preamble: Fixtures.preamble)
        var generator = TickGenerator(seed: 6, instruments: 50, liveOrders: 100)
        var contents = JournalContents()
        var all: [Tick] = []
        for round in 0..<40 {
            let ticks = generator.ticks(70)
            all += ticks
            try writer.append(ticks)
            writer.closeBlock()
            if round % 3 == 0 { try writer.sync() }
            try contents.read(reader)
            #expect(contents.positions.count == all.count)
        }
        #expect(sameBytes(contents.inOrder, all))
        #expect(contents.damages.isEmpty)
        #expect(writer.statistics.segments > 2)
        let report = try JournalVerify(storage: storage).verify()
        #expect(report.isIntact)
        #expect(report.segments.last?.isFinished == false)
    }

    /// 2,050 ticks in several segments, positions 1,000 … 1,009 missing.
    private static func sample(_ storage: FileStorage) throws -> [Tick] {
        var generator = TickGenerator(seed: 3, instruments: 50, liveOrders: 100)
        let ticks = generator.ticks(2_050)
        let (writer, _) = try JournalWriter.open(
            storage: storage, identity: Fixtures.identity,
            options: Fixtures.options(segmentBytes: 4_096), preamble: Fixtures.preamble)
        for start in stride(from: 0, to: 1_000, by: 50) {
            try writer.append(Array(ticks[start..<start + 50]))
        }
        try writer.appendMissing(1_000..<1_010, now: 1_000)
        for start in stride(from: 1_000, to: 2_050, by: 50) {
            try writer.append(Array(ticks[start..<start + 50]))
        }
        try writer.finish()
        return ticks
    }
}

extension Optional where Wrapped == JournalEvent {
    fileprivate static func == (one: Self, other: _OptionalNilComparisonType) -> Bool {
        if case .none = one { true } else { false }
    }
}
