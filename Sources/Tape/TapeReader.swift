import CTapeline
import Glibc
import Synchronization
import Ticks

/// Reads a tape in place. A thin layer over the C reader of `tapeline_reader.h`, so that Swift and C
/// follow one protocol. Not thread-safe; any number of readers may be attached.
public final class TapeReader {
    /// Where to start, and where to go on after an overrun.
    public enum Start: Sendable, Equatable {
        case newest
        case oldest
        /// The tick at this position, or the oldest one that is still there.
        case position(UInt64)
        /// The first tick captured at or after this UTC time in ns.
        case time(UInt64)
    }

    /// What a poll found.
    public enum Outcome: Equatable, Sendable {
        /// So many ticks were handed out.
        case ticks(Int)
        case nothing
        /// These positions were overwritten before they were read.
        case overrun(first: UInt64, last: UInt64)
        /// The publisher stopped cleanly and everything was read.
        case ended
        /// A newer publisher took the name: attach again.
        case superseded
    }

    public let name: String
    // One thread owns it; a run-time check of that for every poll would cost more than the poll.
    @exclusivity(unchecked)
    private var reader = tapeline_reader()

    public init(name: String, from start: Start = .newest) throws(TapeError) {
        self.name = name
        let policy = start == .newest ? TAPELINE_FROM_NEWEST : TAPELINE_FROM_OLDEST
        let code = tapeline_reader_open(&reader, name, Int32(policy))
        switch code {
        case 0: break
        case ENOENT: throw .notFound(name: name)
        case EPROTO: throw .notATape(name: name)
        case EAGAIN: throw .starting(name: name)
        case EINVAL, ENAMETOOLONG: throw .invalidName(name)
        default: throw .system(name: name, call: "attach", code: code)
        }
        switch start {
        case .newest, .oldest: break
        case .position(let position): reader.position = clamp(position)
        case .time(let time): reader.position = firstPosition(capturedFrom: time)
        }
    }

    deinit { tapeline_reader_close(&reader) }

    /// Position of the next tick to read.
    public var position: UInt64 { reader.position }
    public var header: tapeline_header { reader.header.pointee }
    public var oldestPosition: UInt64 { tapeline_reader_oldest(&reader) }
    public var publishedPosition: UInt64 { atomic(\.published).pointee.load(ordering: .acquiring) }
    public var journaledPosition: UInt64 { atomic(\.journaled).pointee.load(ordering: .acquiring) }
    /// CLOCK_MONOTONIC ns of the publisher's last round.
    public var heartbeat: UInt64 { atomic(\.heartbeat).pointee.load(ordering: .relaxed) }

    /// Hands out up to `most` ticks in place. `body` returns what it computed; the result counts only
    /// if `stillValid()` is true afterwards, which the caller must ask.
    @inline(__always)
    public func poll(
        most: Int = 4096, _ body: (UnsafeBufferPointer<Tick>) -> Void
    ) -> Outcome {
        var ticks: UnsafePointer<Tick>?
        let count = tapeline_reader_poll(&reader, &ticks, UInt64(most))
        if count > 0 {
            body(UnsafeBufferPointer(start: ticks, count: Int(count)))
            return .ticks(Int(count))
        }
        return outcome(count)
    }

    /// True if nothing of the batch last handed out has been overwritten. Ask after use.
    @inline(__always)
    public func stillValid() -> Bool { tapeline_reader_still_valid(&reader) != 0 }

    /// Copies up to `buffer.count` ticks; never a torn one.
    public func copy(into buffer: UnsafeMutableBufferPointer<Tick>) -> Outcome {
        let count = tapeline_reader_copy(&reader, buffer.baseAddress, UInt64(buffer.count))
        return count > 0 ? .ticks(Int(count)) : outcome(count)
    }

    private func outcome(_ code: Int64) -> Outcome {
        switch Int(code) {
        case Int(TAPELINE_READ_ENDED): .ended
        case Int(TAPELINE_READ_SUPERSEDED): .superseded
        case Int(TAPELINE_READ_OVERRUN):
            .overrun(first: reader.lost_first, last: reader.lost_last)
        default: .nothing
        }
    }

    /// Best bid and offer of an instrument; nil for an id outside the table, or if its publisher died
    /// while writing the line.
    public func top(_ instrument: UInt32) -> tapeline_top? {
        var top = tapeline_top()
        return tapeline_reader_top(&reader, instrument, &top) == 0 ? top : nil
    }

    private func clamp(_ position: UInt64) -> UInt64 {
        min(max(position, oldestPosition), publishedPosition)
    }

    /// Capture times ascend but for packets that waited, so bisection finds the neighbourhood.
    private func firstPosition(capturedFrom time: UInt64) -> UInt64 {
        var low = oldestPosition
        var high = publishedPosition
        while low < high {
            let middle = low + (high - low) / 2
            let tick = reader.ring[Int(middle & (reader.capacity - 1))]
            if tick.captureTime < time { low = middle + 1 } else { high = middle }
        }
        return clamp(low)
    }

    func atomic(_ field: KeyPath<tapeline_header, UInt64>)
        -> UnsafeMutablePointer<Atomic<UInt64>>
    {
        TapePublisher.atomic(UnsafeMutableRawPointer(mutating: reader.base), field)
    }

    /// Copies entry `index` of a guarded table; nil if it stayed half written for over 1 ms.
    func entry<Entry>(at offset: UInt64, _ index: Int, as type: Entry.Type) -> Entry? {
        let stride = MemoryLayout<Entry>.stride
        let entry = reader.base + Int(offset) + index * stride
        return withUnsafeTemporaryAllocation(of: Entry.self, capacity: 1) { copy in
            let code = tapeline_copy_guarded(entry, copy.baseAddress, stride)
            return code == 0 ? UnsafeRawPointer(copy.baseAddress!).load(as: Entry.self) : nil
        }
    }

    /// CLOCK_MONOTONIC in ns, the clock of `heartbeat`.
    public static func monotonicNanoseconds() -> UInt64 {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
    }

    var base: UnsafePointer<UInt8> { reader.base }
}
