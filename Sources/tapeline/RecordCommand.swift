import ArgumentParser
import Capture
import Foundation
import Glibc
import Logging
import Wire

struct RecordCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "record",
        abstract: "Raw packets of one or more interfaces to pcapng files.",
        discussion: """
            Every frame is recorded with its nanosecond stamp: the network card's where it has one, \
            else the kernel's. The files hold the drop counters as statistics blocks, at intervals \
            and at the end; each stands alone. Nothing is joined: a multicast group that no program \
            of this host is a member of arrives only with --join, or --promiscuous behind a switch \
            that floods. Loopback is recorded once, as it arrives.

            Criteria of -b and -a are as dumpcap has them: duration:SECONDS, filesize:KB (1000 \
            bytes), files:N, packets:N, and for -b also interval:SECONDS; each has an option of \
            its own. -b files:N keeps the newest N files. With -b, -a filesize begins the next file. \
            A file ends with the packet that reaches its criterion.

            --name takes %N, the file's number (%05N with zeros), %i, the interfaces, and what \
            strftime(3) knows, in UTC. A later file whose name is taken gets the next number.

            --disk-limit deletes the oldest files of this run; when the open file alone reaches it, \
            recording stops. It is kept to within a packet, with zstd to within a MiB of packets.

            When the disk is full or fails, packets are counted, not written, and a new file is \
            tried every second. A killed recording lacks at most its last second, or what the disk \
            had not taken, and can be read up to there, compressed or not.

            SIGINT and SIGTERM end it cleanly, SIGUSR1 prints the totals and goes on. Exit code 1 \
            says that the disk did not take every packet; packets dropped otherwise are only counted.
            """)

    @Option(name: [.customShort("i"), .long], help: "Interface; may be repeated.")
    var interface: [String]

    @Option(name: [.customShort("w"), .customLong("directory")], help: "Directory of the files.")
    var directory: String

    @Option(name: .customLong("name"), help: "Pattern of the files' names.")
    var namePattern = RecorderName.defaultPattern

    @Option(name: [.customShort("f"), .long], help: "Capture filter, see pcap-filter(7).")
    var filter: String?

    @Option(
        name: [.customShort("s"), .customLong("snapshot-length")],
        help: "Most bytes kept of a packet.")
    var snapLength: UInt32 = 262_144

    @Option(
        name: [.customShort("b"), .customLong("ring-buffer")],
        help: "When the next file begins, KEY:VALUE; may be repeated.")
    var rotation: [String] = []

    @Option(
        name: [.customShort("a"), .customLong("autostop")],
        help: "When recording ends, KEY:VALUE; may be repeated.")
    var autostop: [String] = []

    @Option(name: .long, help: "Most bytes of all files of this run together.")
    var diskLimit: UInt64?

    @Option(name: .long, help: "Compress with this level of zstd, -7 to 19.")
    var zstd: Int32?

    @Option(name: .long, help: "Comment for every file.")
    var comment: String?

    @Option(name: .long, help: "Bytes of the kernel's ring, and of the recorder's, per interface.")
    var ringBytes = 64 << 20

    @Option(name: .long, help: "Be a member of this multicast group; may be repeated.")
    var join: [String] = []

    @Flag(name: .long, help: "Receive what is addressed to others.")
    var promiscuous = false

    @Flag(
        name: .customLong("hardware-time"), inversion: .prefixedNo,
        help: "Stamps of the network card where it has them.")
    var hardwareTime = true

    @Flag(name: .long, help: "Replace files that exist.")
    var force = false

    @Flag(name: .long, help: "Totals as one JSON object on standard output.")
    var json = false

    func run() throws {
        do {
            try record()
        } catch {
            throw CommandFailure(error)
        }
    }

    private func record() throws {
        let options = try packetOptions()
        // Blocked before any thread exists, so that only the loop below receives them.
        var signals = sigset_t()
        sigemptyset(&signals)
        for signal in [SIGINT, SIGTERM, SIGUSR1] { sigaddset(&signals, signal) }
        pthread_sigmask(SIG_BLOCK, &signals, nil)

        var logger = Logger(label: "tapeline") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .notice
        let alarm = logger
        let recorder = try PacketRecorder(options: options) { alarm.warning("\($0)") }
        try recorder.start()
        logger.notice("recording \(interface.joined(separator: ", ")) to \(directory)")
        var isOver = false
        while !isOver, !recorder.isDone {
            var timeout = timespec(tv_sec: 0, tv_nsec: 50_000_000)
            switch sigtimedwait(&signals, nil, &timeout) {
            case SIGINT, SIGTERM: isOver = true
            case SIGUSR1: standardError(RecordTotals(recorder.totals).text)
            default: break
            }
        }
        recorder.stop()
        let totals = RecordTotals(recorder.totals)
        if let reason = totals.stopped { logger.notice("stopped: \(reason)") }
        standardError(totals.text)
        if json { print(totals.json) }
        if totals.notWritten > 0 {
            throw CommandFailure(
                .data, "\(totals.notWritten) packets are missing: the disk did not take them")
        }
    }

    private func packetOptions() throws -> PacketRecorderOptions {
        var recorder = RecorderOptions(directory: directory)
        recorder.namePattern = namePattern
        recorder.overwrites = force
        for text in rotation { try Criterion(text, option: "-b").apply(to: &recorder.rotation) }
        for text in autostop { try Criterion(text, option: "-a").apply(to: &recorder.autostop) }
        recorder.diskLimitBytes = diskLimit
        recorder.zstdLevel = zstd
        recorder.snapLength = snapLength
        recorder.inletBytes = ringBytes
        recorder.comment = comment
        Host.current.describe(&recorder)
        guard (1 << 16...1 << 32).contains(ringBytes) else {
            throw CommandFailure(.usage, "--ring-bytes: 65536 to 4294967296")
        }
        var options = PacketRecorderOptions(interfaces: interface, recorder: recorder)
        options.filter = filter
        options.isPromiscuous = promiscuous
        options.ringBytes = ringBytes
        options.wantsHardwareTime = hardwareTime
        options.groups = try join.map { text in
            guard let group = IPAddress(text) else {
                throw CommandFailure(.usage, "--join \(text): not an address")
            }
            return group
        }
        return options
    }
}

/// Where a recording was made, as uname(2) says.
struct Host {
    var name: String
    var system: String
    var machine: String

    static var current: Host {
        var names = utsname()
        uname(&names)
        func text<Field>(_ field: Field) -> String {
            withUnsafeBytes(of: field) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
        }
        return Host(
            name: text(names.nodename),
            system: "\(text(names.sysname)) \(text(names.release)) \(text(names.version))",
            machine: text(names.machine))
    }

    /// Puts host and command behind the comment, and the host into its own options.
    func describe(_ options: inout RecorderOptions) {
        options.operatingSystem = system
        options.hardware = machine
        options.comment =
            (options.comment.map { $0 + "\n" } ?? "") + "host: \(name)\nkernel: \(system)\n"
            + "command: " + CommandLine.arguments.joined(separator: " ")
    }
}

/// KEY:VALUE of -a or -b.
private struct Criterion {
    var key: Substring
    var value: Substring
    var option: String

    init(_ text: String, option: String) throws {
        let parts = text.split(separator: ":", maxSplits: 1)
        guard parts.count == 2 else {
            throw CommandFailure(.usage, "\(option) \(text): use KEY:VALUE, such as duration:60")
        }
        key = parts[0]
        value = parts[1]
        self.option = option
    }

    func apply(to rotation: inout RecorderOptions.Rotation) throws {
        switch key {
        case "duration": rotation.seconds = try seconds()
        case "interval": rotation.intervalSeconds = try number()
        case "filesize": rotation.bytes = try kilobytes()
        case "packets": rotation.packets = try number()
        case "files": rotation.keptFiles = Int(clamping: try number())
        default: throw unknown("duration, interval, filesize, packets or files")
        }
    }

    func apply(to autostop: inout RecorderOptions.Autostop) throws {
        switch key {
        case "duration": autostop.seconds = try seconds()
        case "filesize": autostop.bytes = try kilobytes()
        case "packets": autostop.packets = try number()
        case "files": autostop.files = try number()
        default: throw unknown("duration, filesize, packets or files")
        }
    }

    private func unknown(_ known: String) -> CommandFailure {
        CommandFailure(.usage, "\(option) \(key):\(value): use \(known)")
    }

    private func number() throws -> UInt64 {
        guard let number = UInt64(value), number > 0 else {
            throw CommandFailure(.usage, "\(option) \(key):\(value): a whole number above 0")
        }
        return number
    }

    private func kilobytes() throws -> UInt64 {
        let (bytes, isTooMuch) = try number().multipliedReportingOverflow(by: 1000)
        guard !isTooMuch else {
            throw CommandFailure(.usage, "\(option) \(key):\(value): too much")
        }
        return bytes
    }

    private func seconds() throws -> Double {
        guard let number = Double(value), number > 0, number < 1e9 else {
            throw CommandFailure(.usage, "\(option) \(key):\(value): seconds above 0")
        }
        return number
    }
}

/// The totals, as text in tcpdump's wording and as JSON.
private struct RecordTotals {
    private let totals: PacketRecorderTotals
    var stopped: String? { totals.recorder.stopReason }
    var notWritten: UInt64 { totals.recorder.unwrittenPackets }

    init(_ totals: PacketRecorderTotals) {
        self.totals = totals
    }

    var text: String {
        func line(_ count: UInt64, _ what: String) -> String {
            "\(count) packet\(count == 1 ? "" : "s") \(what)"
        }
        var lines = [
            line(totals.captured, "captured"),
            line(totals.receivedByFilter, "received by filter"),
            line(totals.droppedByKernel, "dropped by kernel"),
            line(totals.droppedByInterface, "dropped by interface"),
        ]
        if totals.droppedByRecorder > 0 {
            lines.append(line(totals.droppedByRecorder, "dropped by recorder"))
        }
        return lines.joined(separator: "\n")
    }

    private struct Document: Encodable {
        struct Interface: Encodable {
            var name: String
            var receivedByInterface: UInt64?
            var receivedByFilter: UInt64
            var droppedByKernel: UInt64
            var droppedByInterface: UInt64?
            var droppedByInlet: UInt64
        }
        var captured: UInt64
        var receivedByFilter: UInt64
        var droppedByKernel: UInt64
        var droppedByInterface: UInt64
        var droppedByRecorder: UInt64
        var notWritten: UInt64
        var afterEnd: UInt64
        var bytes: UInt64
        var files: [String]
        var filesWritten: UInt64
        var filesDeleted: UInt64
        var diskErrors: UInt64
        var stopped: String?
        var interfaces: [Interface]
    }

    var json: String {
        let recorder = totals.recorder
        let document = Document(
            captured: totals.captured, receivedByFilter: totals.receivedByFilter,
            droppedByKernel: totals.droppedByKernel,
            droppedByInterface: totals.droppedByInterface,
            droppedByRecorder: totals.droppedByRecorder, notWritten: notWritten,
            afterEnd: recorder.packetsAfterEnd, bytes: recorder.writtenBytes,
            files: recorder.paths, filesWritten: recorder.files,
            filesDeleted: recorder.deletedFiles, diskErrors: recorder.errors, stopped: stopped,
            interfaces: totals.interfaces.map { interface in
                Document.Interface(
                    name: interface.name,
                    receivedByInterface: interface.readings.receivedByInterface,
                    receivedByFilter: interface.readings.receivedByFilter,
                    droppedByKernel: interface.readings.droppedByKernel,
                    droppedByInterface: interface.readings.droppedByInterface,
                    droppedByInlet: interface.droppedByInlet)
            })
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(document)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}
