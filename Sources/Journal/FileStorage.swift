import CLinux
import Glibc

/// A journal's directory in a file system.
public final class FileStorage: JournalStorage {
    public let path: String
    private let directory: Int32
    private var lockFile: Int32 = -1
    static let lockName = "journal.lock"

    /// Opens the directory at `path`, creating it (mode 0750) if `create` is set and it is missing.
    public init(path: String, create: Bool) throws(StorageError) {
        self.path = path
        if create && mkdir(path, 0o750) != 0 && errno != EEXIST {
            throw StorageError(operation: .create, name: "", code: errno)
        }
        directory = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if directory < 0 { throw StorageError(operation: .open, name: "", code: errno) }
    }

    deinit {
        unlock()
        Glibc.close(directory)
    }

    public func list() throws(StorageError) -> [String] {
        guard let stream = opendir(path) else {
            throw StorageError(operation: .list, name: "", code: errno)
        }
        defer { closedir(stream) }
        var names: [String] = []
        errno = 0
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
            errno = 0
        }
        if errno != 0 { throw StorageError(operation: .list, name: "", code: errno) }
        return names
    }

    public func create(_ name: String) throws(StorageError) -> any JournalFile {
        let flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
        let descriptor = openat(directory, name, flags, 0o640)
        if descriptor < 0 { throw StorageError(operation: .create, name: name, code: errno) }
        return PosixFile(name: name, descriptor: descriptor)
    }

    public func open(_ name: String, writable: Bool) throws(StorageError) -> any JournalFile {
        let flags = (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW
        let descriptor = openat(directory, name, flags)
        if descriptor < 0 { throw StorageError(operation: .open, name: name, code: errno) }
        return PosixFile(name: name, descriptor: descriptor)
    }

    public func rename(_ name: String, to newName: String) throws(StorageError) {
        if faccessat(directory, newName, F_OK, AT_SYMLINK_NOFOLLOW) == 0 {
            throw StorageError(operation: .rename, name: newName, code: EEXIST)
        }
        if renameat(directory, name, directory, newName) != 0 {
            throw StorageError(operation: .rename, name: name, code: errno)
        }
    }

    public func remove(_ name: String) throws(StorageError) {
        if unlinkat(directory, name, 0) != 0 {
            throw StorageError(operation: .remove, name: name, code: errno)
        }
    }

    public func synchronizeDirectory() throws(StorageError) {
        if fsync(directory) != 0 {
            throw StorageError(operation: .synchronizeDirectory, name: "", code: errno)
        }
    }

    public func lock() throws(StorageError) {
        guard lockFile < 0 else {
            throw StorageError(operation: .lock, name: Self.lockName, code: EWOULDBLOCK)
        }
        let flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW
        let descriptor = openat(directory, Self.lockName, flags, 0o640)
        if descriptor < 0 {
            throw StorageError(operation: .lock, name: Self.lockName, code: errno)
        }
        if flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let code = errno
            Glibc.close(descriptor)
            throw StorageError(operation: .lock, name: Self.lockName, code: code)
        }
        lockFile = descriptor
    }

    public func unlock() {
        if lockFile >= 0 { Glibc.close(lockFile) }
        lockFile = -1
    }
}

/// A file of a `FileStorage`.
final class PosixFile: JournalFile {
    private let name: String
    private var descriptor: Int32

    init(name: String, descriptor: Int32) {
        self.name = name
        self.descriptor = descriptor
    }

    deinit { close() }

    func size() throws(StorageError) -> UInt64 {
        var status = stat()
        if fstat(descriptor, &status) != 0 {
            throw StorageError(operation: .size, name: name, code: errno)
        }
        return UInt64(status.st_size)
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(StorageError) {
        guard let start = bytes.baseAddress else { return }
        var done = 0
        while done < bytes.count {
            let count = pwrite(
                descriptor, start + done, bytes.count - done, off_t(offset) + off_t(done))
            if count < 0 && errno == EINTR { continue }
            if count <= 0 {
                let code = count < 0 ? errno : EIO
                throw StorageError(operation: .write, name: name, code: code)
            }
            done += count
        }
    }

    func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64
    ) throws(StorageError) -> Int {
        guard let start = buffer.baseAddress, offset <= UInt64(Int64.max) else { return 0 }
        var done = 0
        while done < buffer.count {
            let count = pread(
                descriptor, start + done, buffer.count - done, off_t(offset) + off_t(done))
            if count < 0 && errno == EINTR { continue }
            if count < 0 { throw StorageError(operation: .read, name: name, code: errno) }
            if count == 0 { break }
            done += count
        }
        return done
    }

    func truncate(to size: UInt64) throws(StorageError) {
        if ftruncate(descriptor, off_t(size)) != 0 {
            throw StorageError(operation: .truncate, name: name, code: errno)
        }
    }

    func synchronize() throws(StorageError) {
        if fdatasync(descriptor) != 0 {
            throw StorageError(operation: .synchronize, name: name, code: errno)
        }
    }

    func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }
}

extension StorageError {
    /// What the system calls the error.
    static func text(_ code: Int32) -> String { String(cString: strerror(code)) }
}
