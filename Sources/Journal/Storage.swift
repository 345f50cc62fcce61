/// A failed operation of the storage below a journal.
public struct StorageError: Error, Equatable, CustomStringConvertible {
    public enum Operation: String, Sendable {
        case list, create, open, lock, read, write, synchronize, synchronizeDirectory, truncate
        case rename, remove, size
    }

    public var operation: Operation
    /// File name inside the journal's directory; empty for the directory itself.
    public var name: String
    /// `errno`.
    public var code: Int32

    public init(operation: Operation, name: String, code: Int32) {
        self.operation = operation
        self.name = name
        self.code = code
    }
}

/// The directory that a journal lives in. A simulator of crashes takes its place in tests.
///
/// Names are plain file names. What is promised after a crash is what POSIX promises: a file's
/// bytes once it is synchronized, its name once the directory is.
public protocol JournalStorage: AnyObject {
    /// Names of all files, in no order.
    func list() throws(StorageError) -> [String]
    /// Creates a file that must not exist yet, for reading and writing.
    func create(_ name: String) throws(StorageError) -> any JournalFile
    /// Opens an existing file.
    func open(_ name: String, writable: Bool) throws(StorageError) -> any JournalFile
    /// Renames a file; the new name must be free.
    func rename(_ name: String, to newName: String) throws(StorageError)
    func remove(_ name: String) throws(StorageError)
    /// Makes creations, renamings and removals durable.
    func synchronizeDirectory() throws(StorageError)
    /// Takes the directory's one writer lock, or fails with `EWOULDBLOCK`. Held until `unlock` or
    /// until the process ends.
    func lock() throws(StorageError)
    func unlock()
}

/// One open file of a journal. Positions and sizes in bytes.
public protocol JournalFile: AnyObject {
    func size() throws(StorageError) -> UInt64
    /// Writes all bytes at `offset`, or throws; how many were written then is not known.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(StorageError)
    /// Fills `buffer` from `offset`; returns fewer bytes only at the file's end.
    func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64
    ) throws(StorageError) -> Int
    func truncate(to size: UInt64) throws(StorageError)
    /// Makes the bytes and the size durable.
    func synchronize() throws(StorageError)
    func close()
}

extension StorageError {
    public var description: String {
        let place = name.isEmpty ? "the journal's directory" : "journal file \(name)"
        return "\(place): \(operation.rawValue) failed: \(Self.text(code))"
    }
}
