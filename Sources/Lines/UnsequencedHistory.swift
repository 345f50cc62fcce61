/// The newest unsequenced packets, so that what one line has brought is not said again by the
/// others.
///
/// A packet has no number: it is known by a hash of its bytes, for a second, and once on each line.
/// A line that brings the same bytes twice means two packets. In fixed memory; at the bound the
/// oldest of eight is forgotten.
struct UnsequencedHistory {
    private struct Entry {
        var hash: UInt64 = 0
        /// Core time of the first arrival.
        var time: UInt64 = 0
        /// Bit i: line i has brought it.
        var lines = SIMD4<UInt64>.zero
        var isUsed = false
    }

    /// Lines bring the same packet within this time.
    private static let nanosecondsMax: UInt64 = 1_000_000_000
    private static let ways = 8
    private static let buckets = 128
    private let entries: UnsafeMutablePointer<Entry>

    init() {
        entries = .allocate(capacity: Self.ways * Self.buckets)
        entries.initialize(repeating: Entry(), count: Self.ways * Self.buckets)
    }

    func free() { entries.deallocate() }

    /// True if another line has brought the packet and this one has not; notes that it has now.
    func isKnown(_ hash: UInt64, line: Int, now: UInt64) -> Bool {
        let bucket = entries + Int(hash % UInt64(Self.buckets)) * Self.ways
        let (word, bit) = (line / 64, UInt64(1) << UInt64(line % 64))
        var match: Int?
        var oldest = 0
        for way in 0..<Self.ways {
            let entry = bucket[way]
            if entry.isUsed, entry.hash == hash, now &- entry.time < Self.nanosecondsMax,
                entry.lines[word] & bit == 0, match.map({ bucket[$0].time > entry.time }) ?? true
            {
                match = way
            }
            let isOlder = !entry.isUsed || entry.time < bucket[oldest].time
            if bucket[oldest].isUsed, isOlder { oldest = way }
        }
        if let match {
            bucket[match].lines[word] |= bit
            return true
        }
        var entry = Entry(hash: hash, time: now, isUsed: true)
        entry.lines[word] = bit
        bucket[oldest] = entry
        return false
    }
}
