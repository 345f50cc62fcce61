/// Writes the fields of one message front to back into space of exactly known size.
///
/// Encoders get one from `Array.appendFields(byteCount:_:)`. Writing more or fewer bytes than
/// announced is a programming error and traps, so an encoder's layout cannot drift from its length.
@frozen
public struct FieldWriter {
    @usableFromInline var cursor: UnsafeMutableRawPointer
    @usableFromInline let end: UnsafeMutableRawPointer

    @inlinable
    init(cursor: UnsafeMutableRawPointer, byteCount: Int) {
        self.cursor = cursor
        self.end = cursor + byteCount
    }

    @inlinable
    public mutating func big<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value) {
        store(value.bigEndian)
    }

    @inlinable
    public mutating func little<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value) {
        store(value.littleEndian)
    }

    /// The low 48 bits of `value`, big-endian.
    @inlinable
    public mutating func big48(_ value: UInt64) {
        big(UInt16(truncatingIfNeeded: value >> 32))
        big(UInt32(truncatingIfNeeded: value))
    }

    @inlinable
    public mutating func text<Raw>(_ text: PaddedText<Raw>) {
        store(text.rawValue.bigEndian)
    }

    @inlinable
    public mutating func zeros(_ count: Int) {
        for _ in 0..<count { store(0 as UInt8) }
    }

    @inlinable
    mutating func store<Value: BitwiseCopyable>(_ value: Value) {
        precondition(end - cursor >= MemoryLayout<Value>.size, "more fields than announced")
        cursor.storeBytes(of: value, as: Value.self)
        cursor += MemoryLayout<Value>.size
    }
}

extension [UInt8] {
    /// Appends exactly `byteCount` bytes, written by `body`.
    @inlinable
    public mutating func appendFields(byteCount: Int, _ body: (inout FieldWriter) -> Void) {
        append(addingCapacity: byteCount) { span in
            span.withUnsafeMutableBufferPointer { buffer, count in
                guard let base = buffer.baseAddress else { return }
                var writer = FieldWriter(
                    cursor: UnsafeMutableRawPointer(base + count), byteCount: byteCount)
                body(&writer)
                precondition(writer.cursor == writer.end, "fewer fields than announced")
                count += byteCount
            }
        }
    }
}

/// ASCII text in a field of fixed width (1, 2, 4 or 8 bytes), left-justified, padded with spaces.
///
/// That is how both ITCH (itch50.md §1) and IEX (iex.md, head) write symbols, codes and letters.
@frozen
public struct PaddedText<Raw: FixedWidthInteger & UnsignedInteger & BitwiseCopyable & Sendable>:
    Hashable, Sendable, ExpressibleByStringLiteral
{
    /// The field's bytes read as a big-endian number: the first letter is the most significant.
    public let rawValue: Raw

    @inlinable
    public init(rawValue: Raw) { self.rawValue = rawValue }

    /// `text` must be ASCII and fit.
    @inlinable
    public init(_ text: some StringProtocol) { self.init(letters: text.utf8) }

    @inlinable
    public init(stringLiteral: StaticString) {
        self.init(
            letters: UnsafeBufferPointer(
                start: stringLiteral.utf8Start, count: stringLiteral.utf8CodeUnitCount))
    }

    @inlinable
    init(letters: some Collection<UInt8>) {
        precondition(letters.count <= MemoryLayout<Raw>.size, "text wider than its field")
        var value: Raw = 0
        for letter in letters {
            precondition(letter < 0x80, "a field takes ASCII only")
            value = (value << 8) | Raw(letter)
        }
        for _ in letters.count..<MemoryLayout<Raw>.size { value = (value << 8) | 0x20 }
        self.rawValue = value
    }
}

/// One ASCII letter.
public typealias Letter = PaddedText<UInt8>
public typealias PaddedText2 = PaddedText<UInt16>
public typealias PaddedText4 = PaddedText<UInt32>
public typealias PaddedText8 = PaddedText<UInt64>
