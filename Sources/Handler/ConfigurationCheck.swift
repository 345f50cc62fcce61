import Capture
import Foundation
import Glibc
import Logging
import Tape
import Wire

/// Tries what a run would need, item by item, and lets go of it again.
public enum ConfigurationCheck {
    public struct Finding: Sendable, Equatable {
        public var item: String
        public var isGood: Bool
        public var text: String
    }

    public static func run(_ configuration: RunConfiguration) -> [Finding] {
        var findings = configuration.lines.map { check($0, configuration) }
        findings += configuration.threads.all.compactMap(check)
        findings.append(checkTape(configuration))
        if let journal = configuration.journal { findings.append(check(journal)) }
        if let recording = configuration.recording { findings.append(check(recording)) }
        return findings
    }

    /// What the host could do better for the configuration; never wrong, only slow.
    public static func host(_ configuration: RunConfiguration) -> [HostCheck.Row] {
        var wish = HostCheck.Wish()
        for line in configuration.lines {
            guard case .multicast(let address) = line.source else { continue }
            wish.methods.insert(line.method)
            wish.groupCount += 1
            if let interface = address.interface, !wish.interfaces.contains(interface) {
                wish.interfaces.append(interface)
            }
        }
        let placements = configuration.threads.all
        wish.cpus = Set(placements.compactMap(\.cpu)).sorted()
        wish.fifoPriority = placements.compactMap(\.fifoPriority).max()
        wish.locksMemory = configuration.threads.locksMemory
        wish.wantsHugePages = configuration.capture.options.usesHugePages
        wish.wantsHardwareTime = configuration.capture.options.wantsHardwareTime
        wish.receiveBufferBytes = configuration.capture.options.receiveBufferBytes
        return HostCheck.run(wish)
    }

    /// Nothing to say about a thread that may run anywhere.
    private static func check(_ placement: ThreadPlacement) -> Finding? {
        guard placement != ThreadPlacement() else { return nil }
        let wishes = [
            placement.cpu.map { "CPU \($0)" }, placement.fifoPriority.map { "SCHED_FIFO \($0)" },
        ]
        let item = "thread on " + wishes.compactMap { $0 }.joined(separator: ", ")
        do {
            try HostThreads.verify(placement)
            return Finding(item: item, isGood: true, text: "granted")
        } catch {
            return Finding(item: item, isGood: false, text: "\(error)")
        }
    }

    /// Opens the line's source as a run would, alone.
    private static func check(_ line: LineConfiguration, _ configuration: RunConfiguration)
        -> Finding
    {
        let item = "line \(line.name)"
        do {
            switch line.source {
            case .multicast(let address):
                var alone = configuration
                alone.lines = [line]
                let session = try CaptureSession(alone, logger: Logger(label: "check"))
                let names = session.sources.map(\.name).joined(separator: ", ")
                return Finding(
                    item: item, isGood: true,
                    text: "joined \(address.group) port \(address.port), opened \(names)")
            case .file(let path, _):
                let reader = try CaptureReader(path: path)
                _ = try reader.next()
                return Finding(item: item, isGood: true, text: "\(path) is a capture file")
            }
        } catch {
            return Finding(item: item, isGood: false, text: "\(error)")
        }
    }

    /// A tape of that name may exist, but nobody may be publishing it.
    private static func checkTape(_ configuration: RunConfiguration) -> Finding {
        let item = "tape \(configuration.tapeName)"
        let needed = configuration.ringCapacity * 64
        do {
            let probe = try TapePublisher(
                name: "\(configuration.tapeName.prefix(40)).check.\(getpid())",
                options: TapeOptions(
                    ringCapacity: configuration.ringCapacity,
                    instrumentCapacity: configuration.core.instrumentCapacity))
            probe.unlink()
        } catch {
            return Finding(item: item, isGood: false, text: "\(error)")
        }
        if let process = TapePublisher.liveProcess(name: configuration.tapeName) {
            return Finding(
                item: item, isGood: false,
                text: "published by process \(process): stop it or choose another name")
        }
        return Finding(item: item, isGood: true, text: "ring of \(needed) bytes fits")
    }

    private static func check(_ journal: RunConfiguration.JournalConfiguration) -> Finding {
        let item = "journal"
        var directory = URL(fileURLWithPath: journal.directory)
        while !FileManager.default.fileExists(atPath: directory.path), directory.path != "/" {
            directory.deleteLastPathComponent()
        }
        guard access(directory.path, W_OK | X_OK) == 0 else {
            return Finding(
                item: item, isGood: false,
                text: "\(directory.path) cannot be written: change its rights or journal.directory")
        }
        var space = statvfs()
        statvfs(directory.path, &space)
        let free = UInt64(space.f_bavail) * UInt64(space.f_frsize)
        return Finding(
            item: item, isGood: free > journal.segmentBytesMax,
            text: "\(journal.directory): \(free >> 20) MiB free, "
                + "segments of up to \(journal.segmentBytesMax >> 20) MiB")
    }

    /// A recording's directory must be there: nobody makes it.
    private static func check(_ recording: RecorderOptions) -> Finding {
        let item = "record"
        let directory = recording.directory
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory),
            isDirectory.boolValue
        else {
            return Finding(
                item: item, isGood: false,
                text: "\(directory) is no directory: make it or change record.directory")
        }
        guard access(directory, W_OK | X_OK) == 0 else {
            return Finding(
                item: item, isGood: false,
                text: "\(directory) cannot be written: change its rights or record.directory")
        }
        var space = statvfs()
        statvfs(directory, &space)
        let free = UInt64(space.f_bavail) * UInt64(space.f_frsize)
        return Finding(
            item: item, isGood: free > recording.resumeBytes,
            text: "\(directory): \(free >> 20) MiB free")
    }
}
