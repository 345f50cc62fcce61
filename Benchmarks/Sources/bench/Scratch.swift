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
        // Tapes, of this process and of a handler that it had to kill.
        for url in Self.entries(of: Self.sharedMemory)
        where url.lastPathComponent.contains("bench-")
            && url.lastPathComponent.split(whereSeparator: { !$0.isNumber })
                .contains("\(getpid())")
        {
            try? FileManager.default.removeItem(at: url)
        }
    }

    private static func sweep() {
        let parents = [FileManager.default.temporaryDirectory, sharedMemory]
        for url in parents.flatMap(entries) {
            let name = url.lastPathComponent
            guard name.hasPrefix(prefix), let owner = Int32(name.dropFirst(prefix.count)),
                kill(owner, 0) != 0, errno == ESRCH
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
