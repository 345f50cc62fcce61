import Capture
import Foundation
import Glibc
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
        var findings = configuration.lines.map(check)
        findings.append(checkTape(configuration))
        if let journal = configuration.journal { findings.append(check(journal)) }
        if let recording = configuration.recording { findings.append(check(recording)) }
        return findings
    }

    private static func check(_ line: LineConfiguration) -> Finding {
        let item = "line \(line.name)"
        do {
            switch line.source {
            case .multicast(let address):
                let socket = try SocketSource(
                    line: CaptureLine(index: 0, name: line.name, address: address),
                    options: CaptureOptions())
                return Finding(
                    item: item, isGood: true,
                    text: "joined \(address.group):\(address.port), "
                        + "receive buffer \(socket.receiveBuffer) bytes")
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
