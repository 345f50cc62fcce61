import Journal
import Ticks

/// Reads one or several journals into a sink, several merged in capture-time order.
public final class JournalSource {
    /// What was not whole.
    public struct Report: Sendable {
        public var ticks: UInt64 = 0
        public var missing: [Range<UInt64>] = []
        public var damaged: [JournalDamage] = []
    }

    public private(set) var report = Report()
    private let readers: [Stream]

    /// One journal: its current run of ticks, and where in it we are.
    private final class Stream {
        let reader: JournalReader
        /// Added to channel ids where several journals are merged.
        var firstChannel: UInt16 = 0
        /// Instrument ids of the merged stream by those of the journal.
        var instrumentIDs: [UInt32: UInt32] = [:]
        var renumbered: [Tick] = []
        var ticks: UnsafeBufferPointer<Tick> = UnsafeBufferPointer(start: nil, count: 0)
        var position: UInt64 = 0
        var isPrimed = false

        init(_ reader: JournalReader) { self.reader = reader }
    }

    /// `from` is UTC ns; books need what is before it, so the segment that holds it is read from its
    /// head and the ticks before are given to `prime`.
    public init(directories: [String], from: UInt64? = nil) throws {
        readers = try directories.map { path in
            let reader = try JournalReader(storage: try FileStorage(path: path, create: false))
            if let from { try reader.seek(captureTime: from, fromSegmentStart: true) }
            return Stream(reader)
        }
        guard directories.count > 1 else { return }
        var channels: UInt16 = 0
        for (stream, path) in zip(readers, directories) {
            stream.firstChannel = channels
            let described = try JournalVerify(
                storage: try FileStorage(path: path, create: false)
            ).describe()
            channels += (described.definitions.channels.map(\.id).max() ?? 0) + 1
        }
    }

    /// Ids of the merged stream by venue and symbol: journals number on their own.
    private var mergedIDs: [String: UInt32] = [:]

    /// Journals that are merged get channel ids behind each other's and common instrument ids.
    private func define(_ instrument: Instrument, _ stream: Stream, _ sink: any TickSink) throws {
        guard readers.count > 1 else { return try sink.define(instrument) }
        var merged = instrument
        let name =
            instrument.symbol.isEmpty
            ? "\(ObjectIdentifier(stream)) \(instrument.id)"
            : "\(instrument.venue) \(instrument.symbol)"
        let id = mergedIDs[name] ?? UInt32(mergedIDs.count + 1)
        mergedIDs[name] = id
        stream.instrumentIDs[instrument.id] = id
        merged.id = id
        merged.channel += stream.firstChannel
        try sink.define(merged)
    }

    /// The piece as the merged stream numbers it.
    private func renumber(_ piece: UnsafeBufferPointer<Tick>, _ stream: Stream) {
        stream.renumbered.removeAll(keepingCapacity: true)
        for tick in piece {
            var copy = tick
            copy.channel += stream.firstChannel
            if tick.instrument != 0 {
                copy.instrument = stream.instrumentIDs[tick.instrument] ?? 0
            }
            stream.renumbered.append(copy)
        }
    }

    /// Feeds everything to the sink, in pieces of up to 8192 ticks. `each` is called before each
    /// piece and may wait (a replay's pace).
    public func run(
        into sink: any TickSink, each: (UnsafeBufferPointer<Tick>) throws -> Void = { _ in }
    ) throws {
        if readers.count == 1 {
            while try advance(readers[0], sink) {
                try hand(readers[0], readers[0].ticks.count, sink, each)
            }
            return
        }
        for stream in readers { _ = try advance(stream, sink) }
        while let oldest = readers.filter({ $0.ticks.count > 0 }).min(by: { time($0) < time($1) }) {
            let limit = readers.filter { $0 !== oldest && $0.ticks.count > 0 }.map(time).min()
            var count = 1
            if let limit {
                while count < oldest.ticks.count, stamp(oldest.ticks[count]) <= limit {
                    count += 1
                }
            } else {
                count = oldest.ticks.count
            }
            try hand(oldest, count, sink, each)
            if oldest.ticks.isEmpty { _ = try advance(oldest, sink) }
        }
    }

    private func stamp(_ tick: Tick) -> UInt64 {
        tick.captureTime != 0 ? tick.captureTime : tick.exchangeTime
    }
    private func time(_ stream: Stream) -> UInt64 { stamp(stream.ticks[0]) }

    private func hand(
        _ stream: Stream, _ count: Int, _ sink: any TickSink,
        _ each: (UnsafeBufferPointer<Tick>) throws -> Void
    ) throws {
        var done = 0
        while done < count {
            let size = min(count - done, 8192)
            let piece = UnsafeBufferPointer(rebasing: stream.ticks[done..<(done + size)])
            try each(piece)
            if readers.count == 1 {
                try sink.write(piece, position: stream.position + UInt64(done))
            } else {
                renumber(piece, stream)
                // Positions of several journals mean nothing together: the stream counts its own.
                try stream.renumbered.withUnsafeBufferPointer {
                    try sink.write($0, position: report.ticks)
                }
            }
            report.ticks += UInt64(size)
            done += size
        }
        stream.position += UInt64(count)
        stream.ticks = UnsafeBufferPointer(rebasing: stream.ticks[count...])
    }

    /// Reads on to the next ticks. False at the end.
    private func advance(_ stream: Stream, _ sink: any TickSink) throws -> Bool {
        while let event = try stream.reader.next() {
            switch event {
            case .segment:
                break
            case .definitions(let definitions):
                for instrument in definitions.instruments {
                    try define(instrument, stream, sink)
                }
            case .image(let position, let ticks):
                // Only the first segment's: later ones say what the books here know already.
                if stream.isPrimed { break }
                if readers.count == 1 {
                    try sink.prime(ticks, position: position)
                } else {
                    renumber(ticks, stream)
                    try stream.renumbered.withUnsafeBufferPointer {
                        try sink.prime($0, position: 0)
                    }
                }
            case .ticks(let position, let ticks):
                stream.isPrimed = true
                stream.position = position
                stream.ticks = ticks
                return true
            case .missing(let range):
                report.missing.append(range)
            case .damaged(let damage):
                report.damaged.append(damage)
            }
        }
        return false
    }
}
