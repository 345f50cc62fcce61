import Glibc

/// What is known of an instrument within a run: one cache line.
struct InstrumentState {
    /// Last price by side: neither or bid, ask, and one that takes what is no price.
    var prices: (Int64, Int64, Int64) = (0, 0, 0)
    /// Positions in the run of the orders introduced last: 16 of 16 bits, written in turn.
    var recent: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    /// Orders introduced so far.
    var introduced: UInt32 = 0
    var id: UInt32 = 0

    static let size = 64
    static let recentOffset = 24
    /// Where ticks without a price keep theirs.
    static let noPriceSlot = 2

    /// The slot of a side's prices: bit 1 of `side`.
    @inline(__always)
    static func slot(side: UInt8) -> Int { Int(side) &>> 1 & 1 }
}

/// Scratch memory of one encoder or decoder: allocated once, for runs of up to `ticksMax` ticks.
final class ColumnScratch {
    let ticksMax: Int
    /// One array for each wide column, with one spare element that unconditional accesses may hit.
    let wide: [UnsafeMutablePointer<UInt64>]
    /// By code; aligned to cache lines.
    let instruments: UnsafeMutablePointer<InstrumentState>
    /// By the low bits of the channel.
    let nextSequences: UnsafeMutablePointer<UInt64>
    private let instrumentBytes: UnsafeMutableRawPointer

    init(ticksMax: Int) {
        precondition(ticksMax > 0 && ticksMax <= TickColumns.ticksMax)
        precondition(MemoryLayout<InstrumentState>.stride == InstrumentState.size)
        self.ticksMax = ticksMax
        wide = TickColumns.Column.wide.map { _ in .zeroed(capacity: ticksMax + 1) }
        instrumentBytes = .allocate(
            byteCount: (ticksMax + 1) * InstrumentState.size, alignment: InstrumentState.size)
        instruments = instrumentBytes.bindMemory(to: InstrumentState.self, capacity: ticksMax + 1)
        nextSequences = .allocate(capacity: Int(TickColumns.channelMask) + 1)
    }

    deinit {
        for values in wide { free(values) }
        instrumentBytes.deallocate()
        nextSequences.deallocate()
    }

    /// The array of a wide column.
    func values(_ column: TickColumns.Column) -> UnsafeMutablePointer<UInt64> {
        wide[column.rawValue]
    }

    func resetSequences() {
        nextSequences.update(repeating: 0, count: Int(TickColumns.channelMask) + 1)
    }
}
