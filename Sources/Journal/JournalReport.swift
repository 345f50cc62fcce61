import Ticks

/// What a journal holds, and what is wrong with it.
public struct JournalReport: Equatable, Sendable {
    /// In the order of the journal.
    public var segments: [SegmentReport] = []
    /// By ascending id.
    public var definitions = JournalDefinitions()
    /// Positions that no readable block covers, in order.
    public var holes: [Range<UInt64>] = []
    /// Positions that more than one block holds.
    public var overlaps: [Range<UInt64>] = []

    /// Whether nothing is damaged, absent or doubled. A last segment that is not finished is no
    /// damage: it may be being written.
    public var isIntact: Bool {
        holes.isEmpty && overlaps.isEmpty && segments.allSatisfy { $0.problems.isEmpty }
    }

    public var ticks: UInt64 { segments.reduce(0) { $0 + $1.ticks } }
    public var bytes: UInt64 { segments.reduce(0) { $0 + $1.bytes } }
    public var blocks: Int { segments.reduce(0) { $0 + $1.blocks } }
    public var missing: [Range<UInt64>] { segments.flatMap(\.missing) }

    /// Bytes of tick blocks, headers included, for each tick; nil if there is no tick.
    public var bytesPerTick: Double? {
        let ticks = ticks
        guard ticks > 0 else { return nil }
        return Double(segments.reduce(0) { $0 + $1.tickBytes }) / Double(ticks)
    }

    /// Smallest and largest capture time of all ticks, ns UTC; nil if there is none.
    public var captureTimes: ClosedRange<UInt64>? {
        let ranges = segments.compactMap(\.captureTimes)
        guard let low = ranges.map(\.lowerBound).min(), let high = ranges.map(\.upperBound).max()
        else { return nil }
        return low...high
    }
}

/// The same of one segment.
public struct SegmentReport: Equatable, Sendable {
    public var name: String
    /// Nil if its first block cannot be read.
    public var header: SegmentHeader?
    public var bytes: UInt64 = 0
    /// Readable blocks, without the index.
    public var blocks = 0
    public var ticks: UInt64 = 0
    public var imageTicks: UInt64 = 0
    /// Bytes of the blocks that hold the ticks, headers included.
    public var tickBytes: UInt64 = 0
    public var positions: Range<UInt64>
    public var captureTimes: ClosedRange<UInt64>?
    public var exchangeTimes: ClosedRange<UInt64>?
    public var missing: [Range<UInt64>] = []
    /// Whether it ends with index and footer, as every segment but the last does.
    public var isFinished = false
    /// Bytes at the end that are no whole block (yet). Only the last segment may have some.
    public var tailBytes: UInt64 = 0
    public var problems: [SegmentProblem] = []
}

public struct SegmentProblem: Equatable, Sendable {
    /// In the segment's file.
    public var bytes: Range<UInt64>
    public var reason: BlockDamage
    /// Positions lost with these bytes, where that is known.
    public var positions: Range<UInt64>?
}
