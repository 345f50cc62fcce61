import Ticks

/// Why a run of columns could not be unpacked: the bytes were written by something else, or changed.
enum ColumnError: Error, Equatable {
    /// Fewer bytes than the directory, or another number than it adds up to.
    case size
    case version(UInt16)
    /// The run holds another number of ticks than its header says, or more than this decoder takes.
    case count(Int)
    /// A directory entry contradicts the selectors or has an impossible width.
    case field(Int)
    /// A selector, code or reference that no encoder writes.
    case selector
}

/// Turns columns back into ticks. Allocates at creation only.
///
/// Every length is checked before the first load; the loops then run unchecked and without
/// branches on the data. Hostile bytes give an error or wrong ticks, never a stray access.
final class TickDecoder {
    private let scratch: ColumnScratch
    private let masks = DecoderMasks()
    private var lengths = [Int](repeating: 0, count: TickColumns.Field.allCases.count)

    /// For runs of up to `ticksMax` ticks (1 … 65,536).
    init(ticksMax: Int) {
        scratch = ColumnScratch(ticksMax: ticksMax)
    }

    /// Unpacks exactly `count` ticks into `output`.
    func decode(
        _ raw: UnsafeRawBufferPointer, count: Int, into output: UnsafeMutablePointer<Tick>
    ) throws(ColumnError) {
        guard raw.count >= TickColumns.dictionaryOffset, let bytes = raw.baseAddress else {
            throw .size
        }
        guard count <= scratch.ticksMax, Int(bytes.loadLittle(UInt32.self, at: 0)) == count
        else { throw .count(count) }
        let version = bytes.loadLittle(UInt16.self, at: 4)
        guard version == TickColumns.version else { throw .version(version) }
        let columns = try layOut(bytes, size: raw.count, count: count)
        scratch.reset(priceTableBits: columns.priceBits)
        var state = DecoderState(scratch, columns: columns, masks: masks)
        state.rebuild(count: count, into: output)
        if state.bad { throw .selector }
        let used = state.used(exchangeTimes: count, of: scratch)
        for (field, length) in lengths.enumerated() where used[field] != length {
            throw .field(field)
        }
    }

    /// Checks the directory against the size and the selectors, and spreads out the residuals.
    private func layOut(
        _ bytes: UnsafeRawPointer, size: Int, count: Int
    ) throws(ColumnError) -> DecoderColumns {
        let priceBits = Int(bytes.loadLittle(UInt8.self, at: 6))
        let codePlanes = Int(bytes.loadLittle(UInt8.self, at: 7))
        let dictionaryCount = Int(bytes.loadLittle(UInt32.self, at: 8))
        guard priceBits == TickColumns.priceTableBits(count: count),
            codePlanes == (dictionaryCount > 256 ? 2 : 1),
            dictionaryCount <= count, dictionaryCount > 0 || count == 0
        else { throw .size }
        let codesAt = TickColumns.dictionaryOffset + dictionaryCount * 8
        var at = codesAt + (codePlanes + 2) * count
        guard at <= size else { throw .size }
        let codes = (bytes + codesAt).assumingMemoryBound(to: UInt8.self)
        let columns = DecoderColumns(
            priceBits: priceBits, dictionary: bytes + TickColumns.dictionaryOffset,
            dictionaryCount: dictionaryCount, codes: codes,
            codesHigh: codePlanes == 2 ? codes + count : codes,
            codesHighMask: codePlanes == 2 ? 255 : 0,
            selectors: codes + codePlanes * count, present: codes + (codePlanes + 1) * count)
        for field in TickColumns.Field.allCases {
            let entry =
                bytes + TickColumns.prefixSize + field.rawValue * TickColumns.fieldEntrySize
            let length = Int(entry.loadLittle(UInt32.self, at: 0))
            guard length <= count else { throw .field(field.rawValue) }
            lengths[field.rawValue] = length
            at = try expand(field, entry: entry, bytes: bytes, at: at, size: size)
        }
        guard at == size else { throw .size }
        return columns
    }

    /// Gathers one field's byte planes into whole residuals.
    private func expand(
        _ field: TickColumns.Field, entry: UnsafeRawPointer, bytes: UnsafeRawPointer,
        at start: Int, size: Int
    ) throws(ColumnError) -> Int {
        let count = Int(entry.loadLittle(UInt32.self, at: 0))
        let wideCount = Int(entry.loadLittle(UInt32.self, at: 4))
        let width = Int(entry.loadLittle(UInt8.self, at: 8))
        let zigzag = entry.loadLittle(UInt8.self, at: 9)
        guard width <= 4 || width == 8, wideCount <= count, zigzag <= 1,
            wideCount == 0 || (1...4).contains(width)
        else { throw .field(field.rawValue) }
        let end = start + count * width + wideCount * 8
        guard end <= size else { throw .size }
        let values = UnsafeMutablePointer(scratch.residuals[field.rawValue])
        let planes = (bytes + start).assumingMemoryBound(to: UInt8.self)
        switch width {
        case 0: values.update(repeating: 0, count: count)
        case 1: for i in 0..<count { values[i] = UInt64(planes[i]) }
        case 2:
            let high = planes + count
            for i in 0..<count { values[i] = UInt64(planes[i]) | UInt64(high[i]) &<< 8 }
        default:
            for i in 0..<count { values[i] = UInt64(planes[i]) }
            for plane in 1..<width {
                let (column, shift) = (planes + plane * count, UInt64(plane * 8))
                for i in 0..<count { values[i] |= UInt64(column[i]) &<< shift }
            }
        }
        if wideCount > 0 {
            let escape = (UInt64(1) << UInt64(width * 8)) &- 1
            let wide = bytes + start + count * width
            var used = 0
            for i in 0..<count where values[i] == escape {
                guard used < wideCount else { throw .field(field.rawValue) }
                values[i] = wide.loadLittle(UInt64.self, at: used * 8)
                used += 1
            }
            guard used == wideCount else { throw .field(field.rawValue) }
        }
        if field == .reference && !Self.areDistances(values, count: count) {
            throw .field(field.rawValue)
        }
        if zigzag == 1 {
            for i in 0..<count { values[i] = (values[i] &>> 1) ^ (0 &- (values[i] & 1)) }
        }
        return end
    }

    /// Whether all values lie in 1 … 65,536.
    private static func areDistances(_ values: UnsafeMutablePointer<UInt64>, count: Int) -> Bool {
        var outside: UInt64 = 0
        for i in 0..<count { outside |= (values[i] &- 1) &>> 16 }
        return outside == 0
    }
}
