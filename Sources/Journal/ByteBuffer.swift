/// Growing raw memory that keeps its capacity when emptied.
final class ByteBuffer {
    private(set) var bytes: UnsafeMutableRawPointer
    private(set) var count = 0
    private var capacity: Int

    init(capacity: Int) {
        self.capacity = max(capacity, 64)
        bytes = .allocate(byteCount: self.capacity, alignment: 64)
    }

    deinit { bytes.deallocate() }

    var contents: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: bytes, count: count) }

    /// Makes room for `size` more bytes and returns where they go; `grow` then counts them.
    func reserve(_ size: Int) -> UnsafeMutableRawPointer {
        if capacity - count < size {
            capacity = max(capacity * 2, count + size)
            let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 64)
            larger.copyMemory(from: bytes, byteCount: count)
            bytes.deallocate()
            bytes = larger
        }
        return bytes + count
    }

    func grow(by size: Int) {
        precondition(size >= 0 && count + size <= capacity)
        count += size
    }

    func truncate(to size: Int) {
        precondition(size >= 0 && size <= count)
        count = size
    }

    func append<T: FixedWidthInteger & BitwiseCopyable>(_ value: T) {
        reserve(MemoryLayout<T>.size).storeLittle(value, at: 0)
        count += MemoryLayout<T>.size
    }

    func append(_ other: UnsafeRawBufferPointer) {
        guard let start = other.baseAddress else { return }
        reserve(other.count).copyMemory(from: start, byteCount: other.count)
        count += other.count
    }

    /// UTF-8 behind a 32-bit length.
    func append(_ text: String) {
        append(UInt32(text.utf8.count))
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }
}

/// Reads what `ByteBuffer` appended; every read is checked.
struct ByteCursor {
    private let bytes: UnsafeRawBufferPointer
    private(set) var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isAtEnd: Bool { offset == bytes.count }

    mutating func read<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) -> T? {
        let size = MemoryLayout<T>.size
        guard bytes.count - offset >= size, let start = bytes.baseAddress else { return nil }
        defer { offset += size }
        return UnsafeRawPointer(start).loadLittle(T.self, at: offset)
    }

    mutating func readBytes(_ size: Int) -> UnsafeRawBufferPointer? {
        guard size >= 0, bytes.count - offset >= size else { return nil }
        defer { offset += size }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + size])
    }

    mutating func readText() -> String? {
        guard let size = read(UInt32.self), let text = readBytes(Int(size)) else { return nil }
        return String(decoding: text, as: UTF8.self)
    }
}
