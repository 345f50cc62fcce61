/// Writes columns one behind the other, as byte planes, and their entries in the directory.
struct ColumnWriter {
    let output: UnsafeMutableRawPointer
    fileprivate(set) var at: Int

    /// - Parameter start: offset of the first column.
    init(_ output: UnsafeMutableRawPointer, at start: Int) {
        self.output = output
        at = start
    }

    /// One plane: the byte at `shift` bits of each value.
    @inline(__always)
    mutating func plane<Value: FixedWidthInteger>(
        _ values: UnsafePointer<Value>, count: Int, shift: Value
    ) {
        let bytes = (output + at).assumingMemoryBound(to: UInt8.self)
        for i in 0..<count { bytes[i] = UInt8(truncatingIfNeeded: values[i] &>> shift) }
        at += count
    }

    func enter(_ column: TickColumns.Column, count: Int, width: Int, zigzag: Bool = false) {
        let entry = TickColumns.prefixSize + column.rawValue * TickColumns.columnEntrySize
        output.storeLittle(UInt32(count), at: entry)
        output.storeLittle(UInt8(width), at: entry + 4)
        output.storeLittle(UInt8(zigzag ? 1 : 0), at: entry + 5)
        output.storeLittle(UInt16(0), at: entry + 6)
    }

    /// A wide column: as many planes as its largest value needs. Changes the values.
    ///
    /// - Returns: the number of planes.
    mutating func wide(
        _ column: TickColumns.Column, _ values: UnsafeMutablePointer<UInt64>, count: Int
    ) -> Int {
        var union: UInt64 = 0
        for i in 0..<count { union |= values[i] }
        let zigzag = union >> 63 != 0
        if zigzag {
            union = 0
            for i in 0..<count {
                let value = values[i]
                values[i] = (value &<< 1) ^ (0 &- (value &>> 63))
                union |= values[i]
            }
        }
        let width = (UInt64.bitWidth - union.leadingZeroBitCount + 7) / 8
        enter(column, count: count, width: width, zigzag: zigzag)
        for plane in 0..<width {
            self.plane(values, count: count, shift: UInt64(plane * 8))
        }
        return width
    }
}

extension ColumnWriter {
    /// One plane of computed bytes.
    @inline(__always)
    mutating func bytes(count: Int, _ byte: (Int) -> UInt8) {
        for i in 0..<count { output.storeLittle(byte(i), at: at + i) }
        at += count
    }
}
