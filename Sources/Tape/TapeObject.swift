import CLinux
import CTapeline
import Glibc
import Synchronization
import Ticks

/// The shared-memory object behind a publisher: created whole under a private name, then put in its
/// place in one step, so that readers never see half a tape.
struct TapeObject {
    let fileDescriptor: Int32
    let base: UnsafeMutableRawPointer
    let geometry: TapeGeometry

    /// Creates and maps the object and takes the name over from a dead publisher.
    static func create(
        name: String, options: TapeOptions, prepare: (TapeObject, _ generation: UInt64) -> Void
    ) throws(TapeError) -> TapeObject {
        var object = [CChar](repeating: 0, count: 80)
        guard !name.utf8.contains(0), tapeline_object_name(name, &object, object.count) == 0 else {
            throw .invalidName(name)
        }
        try options.check()
        while true {
            let previous = try PreviousTape.open(name: name, object: object)
            defer { previous?.close() }
            removeUnfinished(name: name)
            let created = try allocate(name: name, options: options)
            prepare(created, (previous?.generation ?? 0) + 1)
            if try created.place(name: name, object: object, over: previous) { return created }
            // Another publisher was faster: look again, and be refused if it lives.
            created.discard(name: name)
        }
    }

    private static let temporaryPrefix = "tapeline-new."

    private static func temporaryName(_ name: String) -> String {
        "/\(temporaryPrefix)\(getpid()).\(name)"
    }

    /// Removes what publishers of this name left behind that were killed while they created it: a
    /// whole tape's memory each. glibc keeps shared-memory objects as files of /dev/shm.
    private static func removeUnfinished(name: String) {
        guard let directory = opendir("/dev/shm") else { return }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let file = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard file.hasPrefix(temporaryPrefix), file.hasSuffix(".\(name)"),
                let process = pid_t(file.dropFirst(temporaryPrefix.count).dropLast(name.count + 1)),
                kill(process, 0) != 0, errno == ESRCH
            else { continue }
            // A process of another container may live where we see none; it holds the lock.
            let descriptor = clinux_shm_open("/\(file)", O_RDWR | O_CLOEXEC, 0)
            guard descriptor >= 0 else { continue }
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { shm_unlink("/\(file)") }
            Glibc.close(descriptor)
        }
    }

    private static func allocate(name: String, options: TapeOptions) throws(TapeError)
        -> TapeObject
    {
        let geometry = TapeGeometry(options)
        let temporary = temporaryName(name)
        shm_unlink(temporary)
        let descriptor = clinux_shm_open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw .system(name: name, call: "shm_open", code: errno) }
        // Held as long as the process lives: how a second publisher knows that this one does.
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw failure(name, "flock", descriptor, temporary)
        }
        let code = posix_fallocate(descriptor, 0, off_t(geometry.totalSize))
        guard code == 0 else {
            errno = code
            throw failure(name, "allocating \(geometry.totalSize) bytes", descriptor, temporary)
        }
        let mapped = clinux_map_ring(
            descriptor, geometry.totalSize, geometry.ringOffset, geometry.ringBytes)
        guard let mapped else { throw failure(name, "mmap", descriptor, temporary) }
        return TapeObject(fileDescriptor: descriptor, base: mapped, geometry: geometry)
    }

    private static func failure(
        _ name: String, _ call: String, _ descriptor: Int32, _ temporary: String
    ) -> TapeError {
        let code = errno
        Glibc.close(descriptor)
        shm_unlink(temporary)
        return .system(name: name, call: call, code: code)
    }

    /// False if another publisher took the name meanwhile.
    private func place(name: String, object: [CChar], over previous: PreviousTape?)
        throws(TapeError) -> Bool
    {
        let temporary = Self.temporaryName(name)
        if let previous {
            // The dead publisher's lock is ours, so nobody else can be doing the same.
            guard clinux_shm_rename(temporary, object) == 0 else {
                throw remove(temporary, name, "rename")
            }
            // Only now, or a reader that attaches again at once would find the old object.
            previous.markSuperseded()
            return true
        }
        if clinux_shm_link(temporary, object) == 0 {
            shm_unlink(temporary)
            return true
        }
        guard errno == EEXIST else { throw remove(temporary, name, "link") }
        return false
    }

    /// Leaves nothing behind; call right after the failing call.
    private func remove(_ temporary: String, _ name: String, _ call: String) -> TapeError {
        let code = errno
        shm_unlink(temporary)
        return .system(name: name, call: call, code: code)
    }

    private func discard(name: String) {
        unmap()
        shm_unlink(Self.temporaryName(name))
    }

    func unmap() {
        munmap(base, geometry.totalSize + geometry.ringBytes)
        Glibc.close(fileDescriptor)
    }
}

/// What stands under the name before a publisher starts: its publisher is dead, for we hold its lock.
private struct PreviousTape {
    let fileDescriptor: Int32
    let generation: UInt64
    let isTape: Bool

    /// Nil if there is none.
    static func open(name: String, object: [CChar]) throws(TapeError) -> PreviousTape? {
        while true {
            let descriptor = clinux_shm_open(object, O_RDWR | O_CLOEXEC, 0)
            if descriptor < 0 {
                if errno == ENOENT { return nil }
                throw .system(name: name, call: "shm_open", code: errno)
            }
            var header = tapeline_header()
            let size = MemoryLayout<tapeline_header>.size
            let isTape =
                pread(descriptor, &header, size, 0) == size && header.magic == tapeline_tape_magic
            if flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
                Glibc.close(descriptor)
                throw .inUse(name: name, process: header.publisherProcess)
            }
            if isCurrent(descriptor, object) {
                return PreviousTape(
                    fileDescriptor: descriptor, generation: isTape ? header.generation : 0,
                    isTape: isTape)
            }
            // It was replaced between opening and locking.
            Glibc.close(descriptor)
        }
    }

    private static func isCurrent(_ descriptor: Int32, _ object: [CChar]) -> Bool {
        let again = clinux_shm_open(object, O_RDONLY | O_CLOEXEC, 0)
        guard again >= 0 else { return false }
        defer { Glibc.close(again) }
        var first = stat()
        var second = stat()
        return fstat(descriptor, &first) == 0 && fstat(again, &second) == 0
            && first.st_ino == second.st_ino && first.st_dev == second.st_dev
    }

    /// Tells readers that still hold the old object to attach again.
    func markSuperseded() {
        guard isTape else { return }
        let size = MemoryLayout<tapeline_header>.stride
        guard
            let mapped = mmap(
                nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, fileDescriptor, 0),
            mapped != MAP_FAILED
        else { return }
        let offset = MemoryLayout<tapeline_header>.offset(of: \.state) ?? 0
        (mapped + offset).assumingMemoryBound(to: Atomic<UInt64>.self).pointee
            .store(UInt64(TAPELINE_STATE_SUPERSEDED), ordering: .releasing)
        munmap(mapped, size)
    }

    func close() { Glibc.close(fileDescriptor) }
}

extension TapePublisher {
    /// The process that publishes a tape of that name now; nil if none does.
    public static func liveProcess(name: String) -> UInt32? {
        var object = [CChar](repeating: 0, count: 80)
        guard tapeline_object_name(name, &object, object.count) == 0 else { return nil }
        do {
            try PreviousTape.open(name: name, object: object)?.close()
            return nil
        } catch {
            if case .inUse(_, let process) = error { return process }
            return nil
        }
    }
}
