import CUring
import Glibc

/// Writes one file after the other in large direct writes through io_uring.
///
/// Belongs to one thread. A file's writes are queued in order and the kernel begins each when the one
/// before has ended, so the file never has a hole: whenever the process dies, what is there is a
/// prefix. Full buffers go past the page cache; what fills less than a buffer goes through it, at its
/// exact length, and is written again, with more behind it, when its buffer is full.
final class RecordingFile {
    private struct Buffer {
        let bytes: UnsafeMutableRawPointer
        var length = 0
        /// Where it begins in the file.
        var offset: UInt64 = 0
    }

    /// A place where the file could end: no unit is torn apart there.
    private struct Boundary {
        var end: UInt64 = 0
        /// Packets before it.
        var packets: UInt64 = 0
    }

    /// A write under way.
    private struct Write {
        var tag: UInt64
        var buffer: Int
        var length: Int
        /// The last one that it covers.
        var boundary: Boundary
        var isWhole: Bool
    }

    private let queue: OpaquePointer
    private var buffers: [Buffer] = []
    private var freeBuffers: [Int] = []
    /// Oldest first, as they will end.
    private var writes: [Write] = []
    private var nextTag: UInt64 = 0
    private let bufferBytes: Int
    private let reservedBytes: UInt64

    private var current: Int?
    /// Bytes of the current buffer that a partial write has covered already.
    private var flushedLength = 0
    private var directDescriptor: Int32 = -1
    private var descriptor: Int32 = -1
    private var reservedEnd: UInt64 = 0

    private(set) var path = ""
    /// True if full buffers of the open file go past the page cache.
    private(set) var isDirect = false
    /// Bytes appended to the open file.
    private(set) var size: UInt64 = 0
    /// Packets appended to it.
    private(set) var packets: UInt64 = 0
    /// The last boundary that is in the buffers, and the last that is in the file for good.
    private var boundary = Boundary()
    private var written = Boundary()
    /// What the first failed write reported.
    private(set) var failure: Int32?
    /// The queue itself reported an error: its writes may never end.
    private var isQueueBroken = false

    init(options: RecorderOptions) throws(RecorderError) {
        // Each full buffer may be preceded by a partial write of the same buffer.
        guard let queue = curing_file_create(UInt32(2 * options.bufferCount)) else {
            throw .system(path: options.directory, call: "io_uring_setup", code: errno)
        }
        self.queue = queue
        bufferBytes = options.bufferBytes
        reservedBytes = options.reservedBytes
        for index in 0..<options.bufferCount {
            let bytes = UnsafeMutableRawPointer.allocate(
                byteCount: bufferBytes, alignment: 4096)
            bytes.initializeMemory(as: UInt8.self, repeating: 0, count: bufferBytes)
            buffers.append(Buffer(bytes: bytes))
            freeBuffers.append(index)
        }
    }

    deinit {
        if descriptor >= 0 { close() }
        curing_file_destroy(queue)
        for buffer in buffers { buffer.bytes.deallocate() }
    }

    var isOpen: Bool { descriptor >= 0 }
    /// True if no write is under way.
    var isIdle: Bool { writes.isEmpty }

    /// Creates a file. Returns nil, or what stands in the way as errno; `room` is what must be free
    /// on the disk.
    func open(
        path: String, overwrites: Bool, direct: Bool, room: UInt64
    ) -> Int32? {
        precondition(!isOpen && writes.isEmpty)
        self.path = path
        // Replaced means a new file: a reader of the old one keeps what it has.
        if overwrites, unlink(path) != 0, errno != ENOENT { return errno }
        descriptor = curing_file_open(path, 1, 0, 0o640)
        guard descriptor >= 0 else { return errno }
        directDescriptor = direct ? curing_file_open(path, 0, 1, 0o640) : -1
        isDirect = directDescriptor >= 0
        size = 0
        packets = 0
        boundary = Boundary()
        written = Boundary()
        failure = nil
        current = nil
        flushedLength = 0
        reservedEnd = room
        if room > 0, curing_file_reserve(descriptor, 0, room) != 0, errno != EOPNOTSUPP {
            let code = errno
            close()
            unlink(path)
            return code
        }
        return nil
    }

    /// Appends what must not be torn apart, `count` packets in all. Waits for the disk when all
    /// buffers are on their way; after a failure it only counts.
    func append(_ unit: UnsafeRawBufferPointer, packets count: UInt64) {
        packets += count
        let start = size
        size += UInt64(unit.count)
        var done = 0
        while done < unit.count, failure == nil {
            guard let index = currentBuffer(offset: start + UInt64(done)) else { return }
            let length = min(unit.count - done, bufferBytes - buffers[index].length)
            (buffers[index].bytes + buffers[index].length).copyMemory(
                from: unit.baseAddress! + done, byteCount: length)
            buffers[index].length += length
            done += length
            if done == unit.count { boundary = Boundary(end: size, packets: packets) }
            if buffers[index].length == bufferBytes {
                current = nil
                submit(index, isWhole: true)
            }
        }
    }

    /// The buffer to fill; a new one, which begins at `offset`, if need be.
    private func currentBuffer(offset: UInt64) -> Int? {
        if let current { return current }
        while freeBuffers.isEmpty {
            reap(timeoutNanoseconds: 100_000_000)
            if failure != nil { return nil }
        }
        let index = freeBuffers.removeLast()
        buffers[index].length = 0
        buffers[index].offset = offset
        current = index
        flushedLength = 0
        reserve(ahead: offset)
        return index
    }

    private func reserve(ahead offset: UInt64) {
        guard reservedBytes > 0, offset + UInt64(bufferBytes) > reservedEnd else { return }
        // Only a hint: if it fails, the writes will tell whether there is room.
        let isReserved = curing_file_reserve(descriptor, offset, reservedBytes) == 0
        reservedEnd = offset + (isReserved ? reservedBytes : UInt64(bufferBytes))
    }

    private func submit(_ index: Int, isWhole: Bool) {
        let buffer = buffers[index]
        let write = Write(
            tag: nextTag, buffer: index, length: buffer.length, boundary: boundary,
            isWhole: isWhole)
        guard
            curing_file_write(
                queue, isWhole && isDirect ? directDescriptor : descriptor, buffer.bytes,
                UInt32(buffer.length), buffer.offset, nextTag) == 0
        else {
            failure = failure ?? errno
            if isWhole { freeBuffers.append(index) }
            return
        }
        nextTag += 1
        writes.append(write)
    }

    /// Sends what fills no buffer yet on its way, unless the disk is busy anyway.
    func flush() {
        guard failure == nil, writes.isEmpty else { return }
        submitPartial()
    }

    private func submitPartial() {
        guard let current, buffers[current].length > flushedLength else { return }
        flushedLength = buffers[current].length
        submit(current, isWhole: false)
    }

    /// Takes the writes that have ended; waits for one if `timeoutNanoseconds` is not 0.
    func reap(timeoutNanoseconds: UInt64 = 0) {
        var timeout = timeoutNanoseconds
        while let oldest = writes.first {
            var tag: UInt64 = 0
            var result: Int32 = 0
            let outcome = curing_file_reap(queue, &tag, &result, timeout)
            if outcome < 0 {
                failure = failure ?? errno
                isQueueBroken = true
            }
            guard outcome > 0 else { return }
            // One that an earlier file gave up.
            guard tag == oldest.tag else { continue }
            writes.removeFirst()
            timeout = 0
            if oldest.isWhole { freeBuffers.append(oldest.buffer) }
            if failure != nil { continue }
            if result == oldest.length {
                written = oldest.boundary
            } else {
                // A short write is what a disk gives that has no more room.
                failure = result < 0 ? -result : ENOSPC
            }
        }
    }

    /// Writes what is left, gives back what was reserved and closes the file, cut behind the last
    /// whole unit. Returns how many packets are in it, and its size.
    func finish() -> (packets: UInt64, bytes: UInt64) {
        guard isOpen else { return (0, 0) }
        if failure == nil { submitPartial() }
        while !writes.isEmpty, !isQueueBroken { reap(timeoutNanoseconds: 1_000_000_000) }
        for write in writes where write.isWhole { freeBuffers.append(write.buffer) }
        writes.removeAll()
        isQueueBroken = false
        if let current { freeBuffers.append(current) }
        current = nil
        if ftruncate(descriptor, off_t(written.end)) != 0 { failure = failure ?? errno }
        close()
        return (written.packets, written.end)
    }

    private func close() {
        if directDescriptor >= 0 { Glibc.close(directDescriptor) }
        Glibc.close(descriptor)
        directDescriptor = -1
        descriptor = -1
    }
}
