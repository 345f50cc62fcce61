import Foundation

@testable import Journal

/// What a journal's directory holds after a crash, or before the first write.
struct StorageImage: Equatable {
    var files: [String: [UInt8]] = [:]
}

/// How a crash treats what was not synced.
enum CrashPolicy: CaseIterable {
    /// As if the system wrote everything in time (a kill, not a crash).
    case kept
    case lost
    /// Everything but the last write, and of that a part.
    case torn
    /// Any subset of sectors, names and sizes.
    case reordered
    /// All sizes and names, any subset of the sectors: the others read as zeros.
    case zeroed
}

/// Storage in memory that logs every change and every sync, and can tell what a crash after any
/// number of them might leave.
final class RecordingStorage: JournalStorage {
    enum Operation {
        case create(name: String, file: Int)
        case rename(from: String, to: String)
        case remove(name: String)
        case write(file: Int, offset: Int, bytes: [UInt8])
        case truncate(file: Int, size: Int)
        case synchronize(file: Int)
        case synchronizeDirectory
    }

    static let sectorSize = 512

    private(set) var log: [Operation] = []
    private let start: StorageImage
    fileprivate var contents: [[UInt8]] = []
    private var names: [String: Int] = [:]
    private var isLocked = false
    /// Calls that fail, by number of the change that they would make; the code is the errno.
    var failures: [Int: Int32] = [:]
    /// Changes tried so far, failed ones included.
    private(set) var attempts = 0

    init(_ image: StorageImage = StorageImage()) {
        start = image
        for (name, bytes) in image.files.sorted(by: { $0.key < $1.key }) {
            names[name] = contents.count
            contents.append(bytes)
        }
    }

    var image: StorageImage { StorageImage(files: names.mapValues { contents[$0] }) }

    /// Fails if told to; else logs.
    fileprivate func perform(
        _ operation: Operation, _ kind: StorageError.Operation, _ name: String
    ) throws(StorageError) {
        attempts += 1
        if let code = failures[attempts - 1] {
            // A failed write may have written something: half of it.
            if case .write(let file, let offset, let bytes) = operation {
                let half = Array(bytes.prefix(bytes.count / 2))
                log.append(.write(file: file, offset: offset, bytes: half))
                Self.write(half, at: offset, to: &contents[file])
            }
            throw StorageError(operation: kind, name: name, code: code)
        }
        log.append(operation)
    }

    static func write(_ bytes: [UInt8], at offset: Int, to content: inout [UInt8]) {
        let end = offset + bytes.count
        if content.count < end {
            content.append(contentsOf: [UInt8](repeating: 0, count: end - content.count))
        }
        content.replaceSubrange(offset..<end, with: bytes)
    }

    func list() throws(StorageError) -> [String] { Array(names.keys) }

    func create(_ name: String) throws(StorageError) -> any JournalFile {
        guard names[name] == nil else {
            throw StorageError(operation: .create, name: name, code: EEXIST)
        }
        let file = contents.count
        try perform(.create(name: name, file: file), .create, name)
        names[name] = file
        contents.append([])
        return RecordingFile(storage: self, name: name, file: file)
    }

    func open(_ name: String, writable: Bool) throws(StorageError) -> any JournalFile {
        guard let file = names[name] else {
            throw StorageError(operation: .open, name: name, code: ENOENT)
        }
        return RecordingFile(storage: self, name: name, file: file)
    }

    func rename(_ name: String, to newName: String) throws(StorageError) {
        guard let file = names[name], names[newName] == nil else {
            throw StorageError(operation: .rename, name: name, code: ENOENT)
        }
        try perform(.rename(from: name, to: newName), .rename, name)
        names[name] = nil
        names[newName] = file
    }

    func remove(_ name: String) throws(StorageError) {
        try perform(.remove(name: name), .remove, name)
        names[name] = nil
    }

    func synchronizeDirectory() throws(StorageError) {
        try perform(.synchronizeDirectory, .synchronizeDirectory, "")
    }

    func lock() throws(StorageError) {
        if isLocked { throw StorageError(operation: .lock, name: "", code: EWOULDBLOCK) }
        isLocked = true
    }

    func unlock() { isLocked = false }

    /// One possible state after a crash behind the first `count` operations of the log.
    func crash(after count: Int, _ policy: CrashPolicy, seed: UInt64) -> StorageImage {
        var crash = Crash(start, policy, seed: seed)
        for operation in log.prefix(count) { crash.apply(operation) }
        return crash.image()
    }
}

private final class RecordingFile: JournalFile {
    private let storage: RecordingStorage
    private let name: String
    private let file: Int

    init(storage: RecordingStorage, name: String, file: Int) {
        self.storage = storage
        self.name = name
        self.file = file
    }

    func size() throws(StorageError) -> UInt64 { UInt64(storage.contents[file].count) }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(StorageError) {
        let bytes = Array(bytes)
        try storage.perform(
            .write(file: file, offset: Int(offset), bytes: bytes), .write, name)
        RecordingStorage.write(bytes, at: Int(offset), to: &storage.contents[file])
    }

    func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64
    ) throws(StorageError) -> Int {
        let content = storage.contents[file]
        guard Int(offset) < content.count else { return 0 }
        let count = min(buffer.count, content.count - Int(offset))
        content.withUnsafeBytes {
            buffer.copyMemory(
                from: UnsafeRawBufferPointer(rebasing: $0[Int(offset)..<Int(offset) + count]))
        }
        return count
    }

    func truncate(to size: UInt64) throws(StorageError) {
        try storage.perform(.truncate(file: file, size: Int(size)), .truncate, name)
        storage.contents[file] = Array(storage.contents[file].prefix(Int(size)))
    }

    func synchronize() throws(StorageError) {
        try storage.perform(.synchronize(file: file), .synchronize, name)
    }

    func close() {}
}

/// Replays a log into what is durable and what is not.
private struct Crash {
    private struct File {
        var durable: [UInt8] = []
        var loose: [RecordingStorage.Operation] = []
    }

    private let policy: CrashPolicy
    private var random: SeededGenerator
    private var files: [File] = []
    private var durableNames: [String: Int] = [:]
    private var looseNames: [RecordingStorage.Operation] = []
    /// File of the last write of all, and whether it is still loose.
    private var lastWrite: Int?

    init(_ start: StorageImage, _ policy: CrashPolicy, seed: UInt64) {
        self.policy = policy
        random = SeededGenerator(seed: seed)
        for (name, bytes) in start.files.sorted(by: { $0.key < $1.key }) {
            durableNames[name] = files.count
            files.append(File(durable: bytes))
        }
    }

    mutating func apply(_ operation: RecordingStorage.Operation) {
        switch operation {
        case .create:
            files.append(File())
            looseNames.append(operation)
        case .rename, .remove: looseNames.append(operation)
        case .write(let file, _, _), .truncate(let file, _):
            files[file].loose.append(operation)
            lastWrite = file
        case .synchronize(let file):
            for operation in files[file].loose { Self.apply(operation, &files[file].durable) }
            files[file].loose = []
            if lastWrite == file { lastWrite = nil }
        case .synchronizeDirectory:
            for operation in looseNames { Self.apply(operation, &durableNames) }
            looseNames = []
        }
    }

    mutating func image() -> StorageImage {
        var names = durableNames
        for operation in looseNames where keepsName() { Self.apply(operation, &names) }
        var image = StorageImage()
        for (name, file) in names.sorted(by: { $0.key < $1.key }) {
            image.files[name] = content(of: file)
        }
        return image
    }

    private mutating func keepsName() -> Bool {
        switch policy {
        case .kept, .torn, .zeroed: true
        case .lost: false
        case .reordered: random.next() & 1 == 0
        }
    }

    private mutating func content(of file: Int) -> [UInt8] {
        var content = files[file].durable
        let loose = files[file].loose
        switch policy {
        case .lost: break
        case .kept: for operation in loose { Self.apply(operation, &content) }
        case .torn:
            for operation in loose.dropLast() { Self.apply(operation, &content) }
            guard let last = loose.last else { break }
            if lastWrite == file, case .write(let file, let offset, let bytes) = last {
                let part = Array(bytes.prefix(random.below(bytes.count + 1)))
                Self.apply(.write(file: file, offset: offset, bytes: part), &content)
            } else {
                Self.apply(last, &content)
            }
        case .reordered, .zeroed:
            for operation in loose { scatter(operation, &content) }
        }
        return content
    }

    /// Applies a write sector by sector, each or not.
    private mutating func scatter(
        _ operation: RecordingStorage.Operation, _ content: inout [UInt8]
    ) {
        guard case .write(_, let offset, let bytes) = operation else {
            if random.next() & 1 == 0 { Self.apply(operation, &content) }
            return
        }
        var at = 0
        while at < bytes.count {
            let sectorEnd = (offset + at) / RecordingStorage.sectorSize + 1
            let end = min(bytes.count, sectorEnd * RecordingStorage.sectorSize - offset)
            if random.next() & 1 == 0 {
                RecordingStorage.write(Array(bytes[at..<end]), at: offset + at, to: &content)
            }
            at = end
        }
        if policy == .zeroed, content.count < offset + bytes.count {
            RecordingStorage.write([0], at: offset + bytes.count - 1, to: &content)
        }
    }

    private static func apply(_ operation: RecordingStorage.Operation, _ content: inout [UInt8]) {
        switch operation {
        case .write(_, let offset, let bytes):
            RecordingStorage.write(bytes, at: offset, to: &content)
        case .truncate(_, let size): content = Array(content.prefix(size))
        default: break
        }
    }

    private static func apply(
        _ operation: RecordingStorage.Operation, _ names: inout [String: Int]
    ) {
        switch operation {
        case .create(let name, let file): names[name] = file
        case .rename(let from, let to):
            // After an arbitrary subset the old name may never have come to be.
            guard let file = names.removeValue(forKey: from) else { return }
            names[to] = file
        case .remove(let name): names[name] = nil
        default: break
        }
    }
}
