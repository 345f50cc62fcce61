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
            try sink.write(piece, position: stream.position + UInt64(done))
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
                for instrument in definitions.instruments { try sink.define(instrument) }
            case .image(let position, let ticks):
                // Only the first segment's: later ones say what the books here know already.
                if !stream.isPrimed { try sink.prime(ticks, position: position) }
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
