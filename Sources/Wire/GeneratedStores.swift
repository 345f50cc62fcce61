/// What generated encoders are made of: space is appended first, then filled field by field.
extension [UInt8] {
    /// Appends `count` zero bytes and returns where they begin.
    @inlinable
    public mutating func appendWire(_ count: Int) -> Int {
        let start = self.count
        append(contentsOf: repeatElement(0, count: count))
        return start
    }

    /// Cuts or extends (with zeros) the end from offset `from` to offset `to`.
    @inlinable
    public mutating func resizeWire(from: Int, to: Int) {
        precondition(from == count, "something stands behind the part that is resized")
        if to < from {
            removeLast(from - to)
        } else {
            append(contentsOf: repeatElement(0, count: to - from))
        }
    }

    /// Stores a number, in as many bytes as its type has.
    @inlinable
    public mutating func putWire<Value: FixedWidthInteger>(
        _ value: Value, at offset: Int, bigEndian: Bool = false
    ) {
        putWire(value, at: offset, bytes: Value.bitWidth / 8, bigEndian: bigEndian)
    }

    /// Stores the low `bytes` bytes of a number.
    @inlinable
    public mutating func putWire<Value: FixedWidthInteger>(
        _ value: Value, at offset: Int, bytes: Int, bigEndian: Bool = false
    ) {
        for index in 0..<bytes {
            let place = bigEndian ? bytes - 1 - index : index
            self[offset + index] = UInt8(truncatingIfNeeded: value >> Value(8 * place))
        }
    }

    /// Stores ASCII text padded with spaces; it must fit.
    @inlinable
    public mutating func putWire(text: String, at offset: Int, width: Int) {
        putWire(bytes: Array(text.utf8), at: offset, width: width, padding: 0x20)
    }

    /// Stores bytes, padded; they must fit.
    @inlinable
    public mutating func putWire(
        bytes: [UInt8], at offset: Int, width: Int, padding: UInt8 = 0
    ) {
        precondition(bytes.count <= width, "wider than its field")
        for index in 0..<width {
            self[offset + index] = index < bytes.count ? bytes[index] : padding
        }
    }
}
