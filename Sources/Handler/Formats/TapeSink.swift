import Books
import Journal
import Tape
import Ticks

/// Ticks go to a live tape: replays, and `--to tape`.
public final class TapeSink: TickSink {
    public let publisher: TapePublisher
    private let books: Books

    public init(publisher: TapePublisher, books configuration: BooksConfiguration) {
        self.publisher = publisher
        books = Books(configuration)
    }

    public func define(_ instrument: Instrument) throws { publisher.setInstrument(instrument) }

    public func prime(_ image: UnsafeBufferPointer<Tick>, position: UInt64) throws {
        guard let base = image.baseAddress else { return }
        books.observe(base, count: image.count, position: position)
        books.takeTops { instrument, top, _ in publisher.setTop(instrument, top) }
    }

    public func write(_ ticks: UnsafeBufferPointer<Tick>, position: UInt64) throws {
        guard let base = ticks.baseAddress else { return }
        var start = 0
        while start < ticks.count {
            let count = min(ticks.count - start, publisher.batchCapacity)
            publisher.claim(count).update(from: base + start, count: count)
            books.observe(base + start, count: count, position: publisher.position)
            books.takeTops { instrument, top, _ in publisher.setTop(instrument, top) }
            publisher.publish(count)
            start += count
        }
        publisher.beat(monotonicNanoseconds: TapeReader.monotonicNanoseconds())
    }

    public func finish() throws { publisher.end() }
}

/// Ticks go to a journal of their own.
public final class JournalSink: TickSink {
    private let writer: JournalWriter
    private let state: State

    private final class State {
        let books: Books
        let channels: [ChannelDescription]
        var instruments: [UInt32: Instrument] = [:]

        init(books: Books, channels: [ChannelDescription]) {
            self.books = books
            self.channels = channels
        }
    }

    /// Ticks keep their positions; what is missing between them is noted as such.
    public init(
        directory: String, channels: [ChannelDescription], tradingDay: UInt32,
        configurationHash: UInt64 = 0, books: BooksConfiguration
    ) throws {
        let state = State(books: Books(books), channels: channels)
        self.state = state
        writer = try JournalWriter.open(
            storage: try FileStorage(path: directory, create: true),
            identity: JournalIdentity(
                tradingDay: tradingDay, generation: 0, configHash: configurationHash,
                feeds: channels.map(\.name)),
            preamble: { _ in
                var image: [Tick] = []
                state.books.image { image.append($0) }
                return SegmentPreamble(
                    definitions: JournalDefinitions(
                        channels: state.channels,
                        instruments: state.instruments.values.sorted { $0.id < $1.id }),
                    image: image)
            }
        ).writer
        offset = writer.nextPosition
    }

    /// A journal that exists is continued: positions go on behind its last one.
    private let offset: UInt64

    public var statistics: JournalWriterStatistics { writer.statistics }

    public func define(_ instrument: Instrument) throws {
        let isNew = state.instruments.updateValue(instrument, forKey: instrument.id) != instrument
        guard isNew else { return }
        undefined.append(instrument)
    }
    private var undefined: [Instrument] = []

    public func prime(_ image: UnsafeBufferPointer<Tick>, position: UInt64) throws {
        guard let base = image.baseAddress else { return }
        state.books.observe(base, count: image.count, position: position)
        state.books.takeTops { _, _, _ in }
    }

    public func write(_ ticks: UnsafeBufferPointer<Tick>, position: UInt64) throws {
        let now = SystemClock.utcNanoseconds()
        if !undefined.isEmpty {
            try writer.appendDefinitions(JournalDefinitions(instruments: undefined), now: now)
            undefined.removeAll(keepingCapacity: true)
        }
        let at = position + offset
        if at > writer.nextPosition {
            try writer.appendMissing(writer.nextPosition..<at, now: now)
        }
        try writer.append(ticks, firstPosition: at, now: now)
        guard let base = ticks.baseAddress else { return }
        state.books.observe(base, count: ticks.count, position: at)
        state.books.takeTops { _, _, _ in }
    }

    public func finish() throws {
        writer.closeBlock()
        try writer.sync()
        try writer.finish()
    }
}
