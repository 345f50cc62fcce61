/// Sorted, disjoint ranges of sequence numbers in fixed memory; each remembers the gap it belongs to.
///
/// At the bound the oldest range is forgotten: its numbers stay counted, but are no longer found.
public struct SequenceRanges {
    public struct Range: Equatable, Sendable {
        public var first: UInt64
        /// Behind the last number.
        public var end: UInt64
        public var gapID: UInt32
    }

    public private(set) var ranges: [Range] = []
    public let capacity: Int
    /// Numbers in ranges that were forgotten.
    public private(set) var forgotten: UInt64 = 0
    /// The newest gap of which something was forgotten; gap ids ascend with the numbers.
    private var forgottenGapID: UInt32?

    public init(capacity: Int) {
        self.capacity = capacity
        ranges.reserveCapacity(capacity + 2)
    }

    public var isEmpty: Bool { ranges.isEmpty }

    /// Numbers in the ranges that are remembered.
    public var total: UInt64 { ranges.reduce(0) { $0 + ($1.end - $1.first) } }

    /// Adds a range above all others.
    public mutating func append(_ range: Range) {
        ranges.append(range)
        if ranges.count > capacity { forgetOldest() }
    }

    private mutating func forgetOldest() {
        forgotten += ranges[0].end - ranges[0].first
        forgottenGapID = ranges[0].gapID
        ranges.removeFirst()
    }

    /// Index of the first range that ends behind `sequence`.
    public func index(after sequence: UInt64) -> Int {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].end <= sequence { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// True if some number of `first ..< end` is in a range.
    public func intersects(_ first: UInt64, _ end: UInt64) -> Bool {
        let at = index(after: first)
        return at < ranges.count && ranges[at].first < end
    }

    /// Takes `first ..< end`, which lies inside range `at`, out of it. Returns true if nothing of its
    /// gap is left.
    public mutating func remove(_ first: UInt64, _ end: UInt64, at index: Int) -> Bool {
        let range = ranges[index]
        if range.first == first && range.end == end {
            ranges.remove(at: index)
            let before = index > 0 && ranges[index - 1].gapID == range.gapID
            let behind = index < ranges.count && ranges[index].gapID == range.gapID
            return !before && !behind && range.gapID != forgottenGapID
        }
        if range.first == first {
            ranges[index].first = end
        } else if range.end == end {
            ranges[index].end = first
        } else {
            ranges[index].end = first
            ranges.insert(Range(first: end, end: range.end, gapID: range.gapID), at: index + 1)
            if ranges.count > capacity { forgetOldest() }
        }
        return false
    }

    /// Takes every number of `first ..< end` out. Returns how many there were.
    public mutating func subtract(_ first: UInt64, _ end: UInt64) -> UInt64 {
        var taken: UInt64 = 0
        var at = index(after: first)
        while at < ranges.count, ranges[at].first < end {
            let low = max(first, ranges[at].first)
            let high = min(end, ranges[at].end)
            taken += high - low
            let count = ranges.count
            _ = remove(low, high, at: at)
            if ranges.count == count { at += 1 }
            if ranges.count > count { break }
        }
        return taken
    }

    public mutating func removeAll() {
        ranges.removeAll(keepingCapacity: true)
        forgotten = 0
        forgottenGapID = nil
    }
}
