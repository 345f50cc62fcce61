import Glibc

func systemMessage(_ code: Int32) -> String {
    String(cString: strerror(code))
}

/// Something that yields a stream of bytes.
protocol ByteSource: AnyObject {
    /// Fills the front of `buffer`, which is not empty, and returns how many bytes it wrote;
    /// 0 means the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(CaptureFileError) -> Int
    /// True when the end was reached where more had to follow.
    var endsTooEarly: Bool { get }
}

/// A stretch of a byte stream that lies in memory: the whole of a mapped file, or a buffer that
/// slides over a stream and grows to the longest run of bytes asked for.
///
/// Memory is bounded by twice the longest run that the stream really held, not by what it claims.
final class ByteWindow {
    /// The first byte not yet consumed.
    var cursor: UnsafeRawPointer
    /// Past the last byte in memory.
    private(set) var limit: UnsafeRawPointer
    /// The stream's offset of `limit`.
    private var limitOffset: UInt64

    private var buffer: UnsafeMutableRawBufferPointer
    private let isMapped: Bool
    private let source: (any ByteSource)?

    /// `buffer` has an address, even when `count` is 0.
    private init(
        buffer: UnsafeMutableRawBufferPointer, count: Int, isMapped: Bool,
        source: (any ByteSource)?
    ) {
        self.buffer = buffer
        self.isMapped = isMapped
        self.source = source
        cursor = UnsafeRawPointer(buffer.baseAddress!)
        limit = cursor + count
        limitOffset = UInt64(count)
    }

    convenience init(bytes: [UInt8]) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(bytes.count, 1), alignment: 16)
        buffer.copyBytes(from: bytes)
        self.init(buffer: buffer, count: bytes.count, isMapped: false, source: nil)
    }

    convenience init(source: any ByteSource, initialCapacity: Int) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: initialCapacity, alignment: 16)
        self.init(buffer: buffer, count: 0, isMapped: false, source: source)
    }

    /// Takes over a mapping of a whole file.
    convenience init(mapped: UnsafeMutableRawBufferPointer) {
        self.init(buffer: mapped, count: mapped.count, isMapped: true, source: nil)
    }

    deinit {
        if isMapped {
            munmap(buffer.baseAddress, buffer.count)
        } else {
            buffer.deallocate()
        }
    }

    /// Bytes in memory that are not consumed.
    @inline(__always)
    var available: Int { limit - cursor }

    /// The stream's offset of `cursor`.
    var byteOffset: UInt64 { limitOffset &- UInt64(available) }

    /// True when the stream stopped where more had to follow.
    var endsTooEarly: Bool { source?.endsTooEarly ?? false }

    /// Makes `count` bytes from `cursor` on available; false if the stream ends before. Pointers
    /// into the window are invalid afterwards.
    @inline(__always)
    func has(_ count: Int) throws(CaptureFileError) -> Bool {
        if available >= count { return true }
        return try fill(count)
    }

    @inline(never)
    private func fill(_ count: Int) throws(CaptureFileError) -> Bool {
        guard let source else { return false }
        while available < count {
            makeRoom()
            let used = limit - UnsafeRawPointer(buffer.baseAddress!)
            let room = UnsafeMutableRawBufferPointer(rebasing: buffer[used...])
            let filled = try source.read(into: room)
            if filled == 0 { return false }
            limit += filled
            limitOffset &+= UInt64(filled)
        }
        return true
    }

    /// Slides what is unread to the front when the buffer is used up, and doubles the buffer when
    /// that alone frees nothing: it grows only over bytes that have really arrived.
    private func makeRoom() {
        let base = buffer.baseAddress!
        let unread = available
        guard limit == UnsafeRawPointer(base) + buffer.count else { return }
        if cursor == UnsafeRawPointer(base) {
            let larger = UnsafeMutableRawBufferPointer.allocate(
                byteCount: buffer.count * 2, alignment: 16)
            larger.baseAddress!.copyMemory(from: cursor, byteCount: unread)
            buffer.deallocate()
            buffer = larger
        } else {
            memmove(base, cursor, unread)
        }
        cursor = UnsafeRawPointer(buffer.baseAddress!)
        limit = cursor + unread
    }
}
