import Journal

/// A journal's directory in memory.
final class MemoryStorage: JournalStorage {
    fileprivate final class Content {
        var bytes: [UInt8]
        init(_ bytes: [UInt8]) { self.bytes = bytes }
    }

    private var files: [String: Content]
    private static let noSuchFile: Int32 = 2
    private static let fileExists: Int32 = 17

    init(_ files: [String: [UInt8]]) { self.files = files.mapValues { Content($0) } }

    /// What all files hold now.
    var images: [String: [UInt8]] { files.mapValues(\.bytes) }

    func list() throws(StorageError) -> [String] { Array(files.keys) }

    func create(_ name: String) throws(StorageError) -> any JournalFile {
        guard files[name] == nil else {
            throw StorageError(operation: .create, name: name, code: Self.fileExists)
        }
        let content = Content([])
        files[name] = content
        return File(content, name: name)
    }

    func open(_ name: String, writable: Bool) throws(StorageError) -> any JournalFile {
        guard let content = files[name] else {
            throw StorageError(operation: .open, name: name, code: Self.noSuchFile)
        }
        return File(content, name: name)
    }

    func rename(_ name: String, to newName: String) throws(StorageError) {
        guard let content = files[name], files[newName] == nil else {
            throw StorageError(operation: .rename, name: name, code: Self.fileExists)
        }
        files[name] = nil
        files[newName] = content
    }

    func remove(_ name: String) throws(StorageError) { files[name] = nil }
    func synchronizeDirectory() throws(StorageError) {}
    func lock() throws(StorageError) {}
    func unlock() {}

    private final class File: JournalFile {
        private let content: Content
        private let name: String

        init(_ content: Content, name: String) {
            self.content = content
            self.name = name
        }

        func size() throws(StorageError) -> UInt64 { UInt64(content.bytes.count) }

        func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(StorageError) {
            // What a file system would refuse, or fill with a hole, nobody asks for.
            require(offset <= UInt64(content.bytes.count), "a write leaves a hole")
            let start = Int(offset)
            let end = min(start + bytes.count, content.bytes.count)
            content.bytes.replaceSubrange(start..<end, with: bytes)
        }

        func read(
            into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64
        ) throws(StorageError) -> Int {
            guard offset < UInt64(content.bytes.count) else { return 0 }
            let part = content.bytes[Int(offset)...].prefix(buffer.count)
            buffer.copyBytes(from: part)
            return part.count
        }

        func truncate(to size: UInt64) throws(StorageError) {
            require(size <= UInt64(content.bytes.count), "a journal never grows a file so")
            content.bytes.removeLast(content.bytes.count - Int(size))
        }

        func synchronize() throws(StorageError) {}
        func close() {}
    }
}
