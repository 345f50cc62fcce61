import Books
import Glibc
import Journal
import Synchronization
import Tape
import Ticks

/// Follows a tape into a journal: definitions, ticks, book images; closes blocks by age; tells the
/// publisher what is synced. One thread owns it.
public final class JournalRecorder {
    private let reader: TapeReader
    private let publisher: TapePublisher?
    private let writer: JournalWriter
    private let state: RecorderState
    private let gate: JournalGate?
    private let blockAgeNanosecondsMax: UInt64
    private var definedCount = 0
    /// Monotonic time of the oldest tick that is not synced; 0 if there is none.
    private var unsyncedSince: UInt64 = 0
    private var isRetrying = false
    /// Ticks on their way from the tape to the writer.
    private let buffer: UnsafeMutableBufferPointer<Tick>
    private var copied = 0

    /// What the writer's preamble needs; shared with its closure.
    final class RecorderState {
        let books: Books
        let reader: TapeReader
        let channels: [ChannelDescription]

        init(books: Books, reader: TapeReader, channels: [ChannelDescription]) {
            self.books = books
            self.reader = reader
            self.channels = channels
        }

        func preamble() -> SegmentPreamble {
            var image: [Tick] = []
            books.image { image.append($0) }
            let instruments = (0..<UInt32(reader.instrumentCount)).compactMap {
                reader.instrument($0 + 1)
            }
            return SegmentPreamble(
                definitions: JournalDefinitions(channels: channels, instruments: instruments),
                image: image)
        }
    }

    /// `makeWriter` opens the journal with the preamble that it is given. `publisher` is told what
    /// is synced; nil where nobody waits for it.
    public init(
        reader: TapeReader, publisher: TapePublisher?, channels: [ChannelDescription],
        books: BooksConfiguration, gate: JournalGate? = nil,
        blockAgeNanosecondsMax: UInt64 = 50_000_000,
        makeWriter: (@escaping (UInt64) -> SegmentPreamble) throws -> JournalWriter
    ) rethrows {
        self.reader = reader
        self.publisher = publisher
        self.gate = gate
        self.blockAgeNanosecondsMax = blockAgeNanosecondsMax
        let state = RecorderState(books: Books(books), reader: reader, channels: channels)
        self.state = state
        writer = try makeWriter { _ in state.preamble() }
        buffer = .allocate(capacity: 8192)
    }

    deinit { buffer.deallocate() }

    public var statistics: JournalWriterStatistics { writer.statistics }

    /// Takes what is on the tape; `goesOn` is false once the tape has ended and all of it is durable.
    /// After an error the call can be repeated: nothing is lost but what the tape overwrites.
    public func step() throws -> (goesOn: Bool, didWork: Bool) {
        if isRetrying { try sync() }
        if copied > 0 {
            try take()
            return (true, true)
        }
        switch reader.copy(into: buffer) {
        case .ticks(let count):
            copied = count
            try take()
            try syncIfOld()
            return (true, true)
        case .overrun(let first, let last):
            try noteMissing(first...last)
            return (true, true)
        case .nothing:
            try syncIfOld()
            return (true, false)
        case .ended, .superseded:
            try finish()
            return (false, false)
        }
    }

    /// Appends the ticks in the buffer; they stay there if that fails.
    private func take() throws {
        let position = reader.position - UInt64(copied)
        let ticks = UnsafeBufferPointer(rebasing: UnsafeBufferPointer(buffer)[..<copied])
        try define(ticks)
        try writer.append(ticks, firstPosition: position, now: SystemClock.utcNanoseconds())
        copied = 0
        if let base = ticks.baseAddress {
            state.books.observe(base, count: ticks.count, position: position)
            state.books.takeTops { _, _, _ in }
        }
        if unsyncedSince == 0 { unsyncedSince = TapeReader.monotonicNanoseconds() }
    }

    /// Entries that are new, and those that a `definition` tick announces as changed.
    private func define(_ ticks: UnsafeBufferPointer<Tick>) throws {
        var instruments: [Instrument] = []
        let count = reader.instrumentCount
        while definedCount < count {
            definedCount += 1
            if let instrument = reader.instrument(UInt32(definedCount)) {
                instruments.append(instrument)
            }
        }
        for tick in ticks where tick.kind == TickKind.definition.rawValue {
            if let instrument = reader.instrument(tick.instrument) {
                instruments.append(instrument)
            }
        }
        guard !instruments.isEmpty else { return }
        try writer.appendDefinitions(
            JournalDefinitions(instruments: instruments), now: SystemClock.utcNanoseconds())
    }

    private func noteMissing(_ range: ClosedRange<UInt64>) throws {
        try writer.appendMissing(
            range.lowerBound..<(range.upperBound + 1), now: SystemClock.utcNanoseconds())
        // The books have missed something: images say so until the next epoch.
        state.books.markIncomplete()
        gate?.missingFirst.store(range.lowerBound, ordering: .relaxed)
        gate?.missingCount.wrappingAdd(UInt64(range.count), ordering: .releasing)
    }

    private func syncIfOld() throws {
        guard unsyncedSince > 0,
            TapeReader.monotonicNanoseconds() - unsyncedSince >= blockAgeNanosecondsMax
                || isPressed
        else { return }
        writer.closeBlock()
        try sync()
    }

    /// The publisher is about to wait: a quarter of the ring is not journaled yet.
    private var isPressed: Bool {
        guard let publisher else { return false }
        return reader.position - publisher.journaledPosition
            > UInt64(publisher.options.ringCapacity / 4)
    }

    private func sync() throws {
        do {
            let position = try writer.sync()
            publisher?.noteJournaled(position)
            unsyncedSince = 0
            gate?.isFailing.store(false, ordering: .relaxed)
            isRetrying = false
        } catch {
            isRetrying = true
            gate?.isFailing.store(true, ordering: .relaxed)
            throw error
        }
    }

    private func finish() throws {
        writer.closeBlock()
        try sync()
        try writer.finish()
    }
}

/// The wall clock, for the edges: the core never asks.
public enum SystemClock {
    public static func utcNanoseconds() -> UInt64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
    }
}
