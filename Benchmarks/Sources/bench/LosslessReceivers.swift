import Capture
import Foundation

/// `tapeline run` in a process of its own, polling on the core thread: with the sender and the kernel's
/// receive path on one of two processors, a capture thread would only share the other with the core.
struct HandlerReceiver: LosslessReceiver {
    private let method: CaptureMethod
    private let settings: Settings

    init(_ method: CaptureMethod, _ settings: Settings) {
        self.method = method
        self.settings = settings
    }

    let ready = "publishing tape"

    /// Who sends must wake a core that sleeps, and has less time to send; a core that does not leaves
    /// it to the scheduler when the journal thread has its processor.
    private func configuration(_ directory: URL) -> String {
        let bytes = LosslessTrials.bufferBytes
        return """
            day: \(Settings.date)
            feeds:
              - protocol: itch50
                channels:
                  - name: wire
                    lines:
                      - name: A
                        group: \(VirtualWire.group)
                        port: \(VirtualWire.port)
                        interface: \(VirtualWire.receiving)
            capture:
              method: \(method.rawValue)
              receiveBufferBytes: \(bytes)
              ringBytes: \(bytes)
              frames: \(bytes / 2048)
            core:
              busyPoll: true
            tape:
              name: bench-lossless-\(getpid())
              unlink: true
              instruments: 1024
            books:
              orders: 262144
              levels: 65536
            journal:
              directory: \(directory.appending(path: "journal").path)
            """
    }

    func arguments(_ directory: URL) throws -> [String] {
        guard let tool = settings.tool, FileManager.default.isExecutableFile(atPath: tool) else {
            throw BenchmarkError.differs("no tapeline beside the benchmarks: run tools/bench")
        }
        let file = directory.appending(path: "run.yaml")
        try configuration(directory).write(to: file, atomically: false, encoding: .utf8)
        return [tool, "run", file.path, "--json"]
    }

    /// A stop lets it take what has been received.
    func settle(_ directory: URL) throws { usleep(100_000) }

    private struct Totals: Decodable {
        struct Channel: Decodable {
            struct Line: Decodable { var packets: UInt64 }
            var delivered: UInt64
            var rejected: UInt64
            var lost: UInt64
            var lines: [Line]
        }
        struct Capture: Decodable {
            var droppedByKernel: UInt64
            var droppedByDriver: UInt64
            var droppedByRing: UInt64
        }
        struct Books: Decodable {
            var unknownOrder: UInt64
            var capacityExceeded: UInt64
        }
        struct Journal: Decodable {
            var missing: UInt64
            var ticks: UInt64
        }
        var channels: [Channel]
        var capture: Capture
        var books: Books
        var journal: Journal
        var ticks: UInt64
        var liveOrders: UInt64
    }

    func delivery(_ text: String, messages: UInt64) throws -> LosslessDelivery {
        let line = text.split(separator: "\n").last { $0.hasPrefix("{") }
        guard let line else { throw BenchmarkError.differs("no totals: \(text)") }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let totals = try decoder.decode(Totals.self, from: Data(line.utf8))
        guard let channel = totals.channels.first, let packets = channel.lines.first?.packets
        else { throw BenchmarkError.differs("no channel in the totals: \(line)") }
        let capture = totals.capture
        let delivery = LosslessDelivery(
            delivered: packets,
            counted: [
                "kernel": capture.droppedByKernel, "driver": capture.droppedByDriver,
                "ring": capture.droppedByRing,
            ], isIncomplete: totals.journal.missing > 0 || channel.delivered != messages)
        // What came whole must have been understood whole.
        if channel.delivered == messages,
            channel.rejected + channel.lost + totals.books.unknownOrder
                + totals.books.capacityExceeded + totals.liveOrders > 0
                || totals.journal.missing == 0 && totals.journal.ticks != totals.ticks
        {
            throw BenchmarkError.differs("all came, and yet: \(line)")
        }
        return delivery
    }
}

/// `tcpdump -w` into memory, with a buffer of the same size.
struct TcpdumpReceiver: LosslessReceiver {
    let ready = "listening on"

    func arguments(_ directory: URL) throws -> [String] {
        // As the user who started it: the directory is not everybody's.
        [
            "tcpdump", "-i", VirtualWire.receiving,
            "-w", directory.appending(path: "wire.pcap").path, "-B",
            "\(LosslessTrials.bufferBytes >> 10)", "-n", "-Z", "root",
            "udp port \(VirtualWire.port)",
        ]
    }

    /// A signal makes it leave what is in its ring, whose last block comes to it a second late.
    func settle(_ directory: URL) throws {
        let path = directory.appending(path: "wire.pcap").path
        var size: UInt64 = 0
        var quiet = 0
        while quiet < 12 {
            usleep(100_000)
            var status = stat()
            guard stat(path, &status) == 0 else { throw VirtualWire.failure(path) }
            quiet = UInt64(status.st_size) == size ? quiet + 1 : 0
            size = UInt64(status.st_size)
        }
    }

    func delivery(_ text: String, messages: UInt64) throws -> LosslessDelivery {
        func count(_ words: String) throws -> UInt64 {
            let line = text.split(separator: "\n").last { $0.hasSuffix(words) }
            guard let number = line?.split(separator: " ").first.flatMap({ UInt64($0) }) else {
                throw BenchmarkError.differs("tcpdump does not say '\(words)': \(text)")
            }
            return number
        }
        return LosslessDelivery(
            delivered: try count("packets captured"),
            counted: ["kernel": try count("packets dropped by kernel")])
    }
}
