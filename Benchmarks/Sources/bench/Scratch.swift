import Dispatch
import Foundation

/// Where a run puts files, on disk and in memory. They go when it ends, also by a signal; those of a run
/// that was killed go when the next one starts.
final class Scratch: @unchecked Sendable {
    private static let prefix = "tapeline-bench-"
    private static let sharedMemory = URL(filePath: "/dev/shm")

    let disk: URL
    let memory: URL
    private var sources: [any DispatchSourceSignal] = []

    init() throws {
        let files = FileManager.default
        let name = Self.prefix + "\(getpid())"
        disk = files.temporaryDirectory.appending(path: name)
        memory = Self.sharedMemory.appending(path: name)
        Self.sweep()
        for directory in [disk, memory] {
            try files.createDirectory(at: directory, withIntermediateDirectories: true)
        }
        for number in [SIGINT, SIGTERM, SIGHUP] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { [self] in
                remove()
                _exit(128 + number)
            }
            source.resume()
            sources.append(source)
        }
    }

    func remove() {
        for directory in [disk, memory] { try? FileManager.default.removeItem(at: directory) }
        Self.removeTapes { $0 == getpid() }
    }

    private static func sweep() {
        func isGone(_ process: Int32) -> Bool { kill(process, 0) != 0 && errno == ESRCH }
        let parents = [FileManager.default.temporaryDirectory, sharedMemory]
        for url in parents.flatMap(entries) {
            let name = url.lastPathComponent
            guard name.hasPrefix(prefix), let owner = Int32(name.dropFirst(prefix.count)),
                isGone(owner)
            else { continue }
            try? FileManager.default.removeItem(at: url)
        }
        removeTapes(where: isGone)
    }

    /// Tapes are called "bench-", what for, "-", and this process's number; also those of a handler
    /// that it started.
    private static func removeTapes(where isOwner: (Int32) -> Bool) {
        for url in entries(of: sharedMemory) {
            let name = url.lastPathComponent
            guard name.hasPrefix("tapeline"), name.contains(".bench-"),
                let owner = name.split(separator: "-").last.flatMap({ Int32($0) }), isOwner(owner)
            else { continue }
            try? FileManager.default.removeItem(at: url)
        }
    }

    private static func entries(of directory: URL) -> [URL] {
        let found = try? FileManager.default.contentsOfDirectory(
            at: directory, includingPropertiesForKeys: nil)
        return found ?? []
    }
}
