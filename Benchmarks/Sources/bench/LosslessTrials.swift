import CReference
import Foundation

/// A program that receives at the end of the wire.
protocol LosslessReceiver {
    /// Its command, which puts what it keeps into `directory`.
    func arguments(_ directory: URL) throws -> [String]
    /// What it says on standard error once it receives.
    var ready: String { get }
    /// Waits until it has taken everything that it ever will.
    func settle(_ directory: URL) throws
    /// From its standard error after the end. `messages` were in the packets that were sent.
    func delivery(_ text: String, messages: UInt64) throws -> LosslessDelivery
}

struct LosslessDelivery {
    var delivered: UInt64
    /// Loss counters by place. Losses of an AF_XDP socket stand under `driver`.
    var counted: [String: UInt64]
    /// More than packets is at fault: it did not keep all that it delivered.
    var isIncomplete = false
}

/// One run at one rate.
struct LosslessTrial {
    let tried: UInt64
    let nanoseconds: UInt64
    let delivery: LosslessDelivery
    /// Of the sending interface: packets, and those that the receiving one's queue had no room for.
    let sentByInterface: UInt64
    let refused: UInt64
    /// Of the receiving interface.
    let dropped: UInt64

    var rate: Double { Double(tried) * 1e9 / Double(nanoseconds) }

    /// Packets that the wire refused are lost as well: the queue that was full is the receiver's.
    var isLossless: Bool {
        delivery.delivered == tried && refused == 0 && !delivery.isIncomplete
            && delivery.counted.values.allSatisfy { $0 == 0 }
    }

    func reconciliation(_ name: String) -> Reconciliation {
        let lost = Int64(tried) - Int64(refused) - Int64(delivery.delivered)
        var counted = delivery.counted
        // The receiving interface counts what a full AF_XDP socket did not take, and what a full
        // backlog made the sending one refuse, once more.
        let driver = delivery.counted["driver"] ?? 0
        let again = driver > 0 ? driver : min(refused, dropped)
        counted["interface"] = dropped > again ? dropped - again : 0
        return Reconciliation(
            name: name, rate: rate.rounded(), sent: tried, notSent: refused,
            delivered: delivery.delivered, lost: lost, counted: counted,
            isExact: lost == Int64(counted.values.reduce(0, +))
                && sentByInterface + refused == tried)
    }
}

/// Runs receivers at rates, each time a process of its own that starts and ends cleanly.
struct LosslessTrials {
    /// Of every socket, ring and packet memory.
    static let bufferBytes = 64 << 20
    let wire: VirtualWire
    let frameBytes: Int
    let settings: Settings

    /// At full speed if `rate` is nil. `isHeldUp` stops the receiver until all is sent, so that every
    /// one of its queues runs over.
    func run(
        _ receiver: any LosslessReceiver, rate: Double?, seconds: Double, isHeldUp: Bool = false
    ) throws -> LosslessTrial {
        let directory = settings.memory.appending(path: "lossless")
        let files = FileManager.default
        try files.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? files.removeItem(at: directory) }
        let log = directory.appending(path: "log").path
        let descriptor = open(log, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw VirtualWire.failure(log) }
        defer { close(descriptor) }

        let process = try wire.start(
            try receiver.arguments(directory), output: descriptor, error: descriptor)
        try wait(for: receiver.ready, in: log, of: process)
        let before = try wire.interfaceCounts()
        let packets = UInt64(seconds * (rate ?? 1_000_000))
        let bytes = frameBytes
        if isHeldUp { process.signal(SIGSTOP) }
        let (tried, nanoseconds) = wire.send(hasPrecedence: true) {
            var nanoseconds: UInt64 = 0
            let tried = reference_send_flow($0, bytes, packets, rate ?? 0, &nanoseconds)
            return (tried, nanoseconds)
        }
        if isHeldUp { process.signal(SIGCONT) }
        try receiver.settle(directory)
        process.signal(SIGINT)
        let status = try process.wait(seconds: 60)
        let after = try wire.interfaceCounts()
        let text = try String(contentsOfFile: log, encoding: .utf8)
        guard status == 0 else {
            throw BenchmarkError.differs("a receiver ended with status \(status): \(text)")
        }
        return LosslessTrial(
            tried: tried, nanoseconds: nanoseconds,
            delivery: try receiver.delivery(
                text, messages: reference_flow_messages(frameBytes, tried)),
            sentByInterface: after.sending.sent - before.sending.sent,
            refused: after.sending.send_dropped - before.sending.send_dropped,
            dropped: after.receiving.receive_dropped - before.receiving.receive_dropped)
    }

    private func wait(for ready: String, in log: String, of process: ChildProcess) throws {
        let end = reference_now() + 30_000_000_000
        while true {
            let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
            if text.contains(ready) { return }
            guard process.isRunning, reference_now() < end else {
                throw BenchmarkError.differs("a receiver did not start: \(text)")
            }
            usleep(5000)
        }
    }
}
