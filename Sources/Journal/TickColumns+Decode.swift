import Ticks

/// Why a run of columns could not be unpacked: the bytes were written by something else, or changed.
enum ColumnError: Error, Equatable {
    /// Fewer bytes than the directory, or another number than it adds up to.
    case size
    case version(UInt16)
    /// The run holds another number of ticks than its header says, or more than this decoder takes.
    case count(Int)
    /// A directory entry contradicts the selectors or has an impossible width.
    case column(Int)
    /// A selector or code that no encoder writes.
    case symbol
}

/// Where a run's codes and narrow columns lie; the bounds have been checked.
struct DecoderColumns {
    typealias Bytes = UnsafePointer<UInt8>

    var codes: Bytes
    /// The high bytes of the codes; the low ones again if there are none.
    var codesHigh: Bytes
    /// 255 or 0.
    var codesHighMask: Int
    /// By column; those of the wide ones are nil.
    var planes: [Bytes?]
    var counts: [Int]

    func narrow(_ column: TickColumns.Column) -> Bytes { planes[column.rawValue] ?? codes }
}

/// Turns columns back into ticks. Allocates at creation only.
///
/// Every length is checked before the first load; the loops then run unchecked and almost without
/// branches on the data. Hostile bytes give an error or wrong ticks, never a stray access.
final class TickDecoder {
    private let scratch: ColumnScratch
    private let tables: SymbolMasks
    private let chunk = DecoderChunk()
    private var columns: DecoderColumns

    /// For runs of up to `ticksMax` ticks (1 … 65,536).
    init(ticksMax: Int) {
        scratch = ColumnScratch(ticksMax: ticksMax)
        tables = SymbolMasks(ticksMax: ticksMax)
        let columnCount = TickColumns.Column.allCases.count
        let nothing = UnsafePointer(chunk.nothing)
        columns = DecoderColumns(
            codes: nothing, codesHigh: nothing, codesHighMask: 0,
            planes: Array(repeating: nil, count: columnCount),
            counts: Array(repeating: 0, count: columnCount))
    }

    /// Bytes behind `raw` that `decode` may load, whatever they hold: a narrow column that the
    /// symbols overdraw, which the counts show in the end, is read on for at most one byte a tick.
    static func slack(count: Int) -> Int { count + 1 }

    /// Unpacks exactly `count` ticks into `output`, which must hold ticks already (any).
    ///
    /// - Parameter raw: followed by `slack(count:)` bytes of the same allocation.
    func decode(
        _ raw: UnsafeRawBufferPointer, count: Int, into output: UnsafeMutablePointer<Tick>
    ) throws(ColumnError) {
        guard raw.count >= TickColumns.symbolsOffset, let bytes = raw.baseAddress else {
            throw .size
        }
        guard count <= scratch.ticksMax, Int(bytes.loadLittle(UInt32.self, at: 0)) == count
        else { throw .count(count) }
        let version = bytes.loadLittle(UInt16.self, at: 4)
        guard version == TickColumns.version else { throw .version(version) }
        try layOut(bytes, size: raw.count, count: count)
        scratch.resetSequences()
        var state = DecoderState(scratch, chunk: chunk, columns: columns, tables: tables)
        state.rebuild(count: count, into: output)
        for column in TickColumns.Column.allCases where column != .instrumentID {
            guard state.used(column) == columns.counts[column.rawValue] else {
                throw .column(column.rawValue)
            }
        }
    }

    /// Checks the directory against the size, reads the symbols, and gathers the wide columns.
    private func layOut(
        _ bytes: UnsafeRawPointer, size: Int, count: Int
    ) throws(ColumnError) {
        let codePlanes = Int(bytes.loadLittle(UInt16.self, at: 6))
        let symbolCount = Int(bytes.loadLittle(UInt32.self, at: 8))
        guard codePlanes == (symbolCount > 256 ? 2 : 1), symbolCount <= count,
            symbolCount > 0 || count == 0
        else { throw .size }
        var at = TickColumns.symbolsOffset + symbolCount * TickColumns.symbolSize
        guard at <= size else { throw .size }
        guard tables.read(bytes + TickColumns.symbolsOffset, count: symbolCount) else {
            throw .symbol
        }
        for column in TickColumns.Column.wide {
            at = try gather(column, bytes: bytes, at: at, size: size, count: count)
        }
        try readInstruments(count: count)
        let codes = (bytes + at).assumingMemoryBound(to: UInt8.self)
        at += codePlanes * count
        guard at <= size else { throw .size }
        columns.codes = codes
        columns.codesHigh = codePlanes == 2 ? codes + count : codes
        columns.codesHighMask = codePlanes == 2 ? 255 : 0
        guard
            Self.largest(codes, columns.codesHigh, columns.codesHighMask, count) < symbolCount
                || count == 0
        else { throw .symbol }
        for column in TickColumns.Column.allCases {
            guard let width = column.fixedWidth else { continue }
            let (values, valuesWidth, zigzag) = Self.entry(column, bytes)
            guard valuesWidth == width, values <= count, !zigzag, at + width * values <= size
            else { throw .column(column.rawValue) }
            columns.planes[column.rawValue] = (bytes + at).assumingMemoryBound(to: UInt8.self)
            columns.counts[column.rawValue] = values
            at += width * values
        }
        guard at == size else { throw .size }
        let instruments = columns.counts[TickColumns.Column.instrument.rawValue]
        let low = columns.narrow(.instrument)
        let known = columns.counts[TickColumns.Column.instrumentID.rawValue]
        guard instruments == 0 || Self.largest(low, low + instruments, 255, instruments) < known
        else { throw .column(TickColumns.Column.instrument.rawValue) }
    }

    private static func entry(
        _ column: TickColumns.Column, _ bytes: UnsafeRawPointer
    ) -> (count: Int, width: Int, zigzag: Bool) {
        let entry =
            bytes + TickColumns.prefixSize + column.rawValue * TickColumns.columnEntrySize
        return (
            Int(entry.loadLittle(UInt32.self, at: 0)), Int(entry.loadLittle(UInt8.self, at: 4)),
            entry.loadLittle(UInt8.self, at: 5) != 0
        )
    }

    /// The largest number of two planes.
    private static func largest(
        _ low: UnsafePointer<UInt8>, _ high: UnsafePointer<UInt8>, _ highMask: Int, _ count: Int
    ) -> Int {
        var largest: UInt16 = 0
        let mask = UInt16(truncatingIfNeeded: highMask)
        for i in 0..<count {
            largest = max(largest, UInt16(low[i]) | (UInt16(high[i]) & mask) &<< 8)
        }
        return Int(largest)
    }

    /// Gathers a wide column's planes into whole numbers.
    private func gather(
        _ column: TickColumns.Column, bytes: UnsafeRawPointer, at start: Int, size: Int, count: Int
    ) throws(ColumnError) -> Int {
        let (valueCount, width, zigzag) = Self.entry(column, bytes)
        let end = start + valueCount * width
        guard valueCount <= count, width <= 8, end <= size else {
            throw .column(column.rawValue)
        }
        columns.counts[column.rawValue] = valueCount
        let values = scratch.values(column)
        let planes = (bytes + start).assumingMemoryBound(to: UInt8.self)
        switch width {
        case 0: values.update(repeating: 0, count: valueCount)
        case 1: for i in 0..<valueCount { values[i] = UInt64(planes[i]) }
        default:
            let second = planes + valueCount
            for i in 0..<valueCount {
                values[i] = UInt64(planes[i]) | UInt64(second[i]) &<< 8
            }
            for plane in 2..<max(width, 2) {
                let (bytes, shift) = (planes + plane * valueCount, UInt64(plane * 8))
                for i in 0..<valueCount { values[i] |= UInt64(bytes[i]) &<< shift }
            }
        }
        if zigzag {
            for i in 0..<valueCount { values[i] = (values[i] &>> 1) ^ (0 &- (values[i] & 1)) }
        }
        return end
    }

    private func readInstruments(count: Int) throws(ColumnError) {
        let instruments = columns.counts[TickColumns.Column.instrumentID.rawValue]
        guard instruments > 0 || count == 0 else {
            throw .column(TickColumns.Column.instrumentID.rawValue)
        }
        let ids = scratch.values(.instrumentID)
        for code in 0..<instruments {
            scratch.instruments[code] = InstrumentState()
            scratch.instruments[code].id = UInt32(truncatingIfNeeded: ids[code])
        }
    }
}
