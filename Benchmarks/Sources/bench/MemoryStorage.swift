import Glibc
import Journal

/// A journal's directory in memory: what remains of the time is the journal's own.
final class MemoryStorage: JournalStorage {
    private var files: [String: MemoryFile] = [:]

    var byteCount: UInt64 { files.values.reduce(0) { $0 + UInt64($1.count) } }

    func list() throws(StorageError) -> [String] { Array(files.keys) }

    func create(_ name: String) throws(StorageError) -> any JournalFile {
        let file = MemoryFile()
        files[name] = file
        return file
    }

    func open(_ name: String, writable: Bool) throws(StorageError) -> any JournalFile {
        guard let file = files[name] else {
            throw StorageError(operation: .open, name: name, code: ENOENT)
        }
        return file
    }

    func rename(_ name: String, to newName: String) throws(StorageError) {
        files[newName] = files.removeValue(forKey: name)
    }

    func remove(_ name: String) throws(StorageError) { files[name] = nil }
    func synchronizeDirectory() throws(StorageError) {}
    func lock() throws(StorageError) {}
    func unlock() {}
}

/// A file of at most a gigabyte, whose memory is taken as it is written.
private final class MemoryFile: JournalFile {
    private static let capacity = 1 << 30
    private let bytes = UnsafeMutableRawBufferPointer.allocate(
        byteCount: capacity, alignment: 4096)
    private(set) var count = 0

    deinit { bytes.deallocate() }

    func size() throws(StorageError) -> UInt64 { UInt64(count) }

    func write(_ source: UnsafeRawBufferPointer, at offset: UInt64) throws(StorageError) {
        let start = Int(offset)
        guard start + source.count <= Self.capacity else {
            throw StorageError(operation: .write, name: "", code: ENOSPC)
        }
        UnsafeMutableRawBufferPointer(rebasing: bytes[start...]).copyMemory(from: source)
        count = max(count, start + source.count)
    }

    func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64
    ) throws(StorageError) -> Int {
        let start = min(Int(offset), count)
        let size = min(buffer.count, count - start)
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[start..<start + size]))
        return size
    }

    func truncate(to size: UInt64) throws(StorageError) { count = Int(size) }
    func synchronize() throws(StorageError) {}
    func close() {}
}
