import CReference
import Capture
import Dispatch
import Foundation
import Histogram

extension Benchmark {
    static let latency = Benchmark(
        name: "latency",
        summary: "wire to published ticks over a virtual Ethernet pair, journal on, each source"
            + " beside its bare C loop (root)",
        table: LatencyPath.table
    ) { settings in
        guard let wire = try VirtualWire.make(for: "latency", settings) else { return [] }
        return try [20_000, 100_000, 300_000].flatMap { rate in
            let path = LatencyPath(rate: rate, wire: wire, settings: settings)
            return try path.measure()
        }
    }
}

extension CaptureMethod {
    var reference: reference_method {
        switch self {
        case .socket: REFERENCE_SOCKET
        case .uring: REFERENCE_URING
        case .packet: REFERENCE_PACKET
        case .xdp: REFERENCE_XDP
        case .pcap: REFERENCE_PCAP
        }
    }

    /// What its bare C loop is.
    fileprivate var referenceName: String {
        switch self {
        case .socket: "bare C, recv"
        case .uring: "bare C, io_uring"
        case .packet: "bare C, TPACKET_V2"
        case .xdp: "bare C, AF_XDP"
        case .pcap: "bare C, libpcap"
        }
    }
}

/// A paced sender at one end, on one processor, and a receiver at the other, on the other.
private final class LatencyPath: @unchecked Sendable {
    /// Ethernet, IPv4, UDP, MoldUDP64 and five messages; `reference_send_stamped` makes it.
    static let frameBytes = 205
    private let rate: Int
    /// Warm-up included.
    private let count: Int
    /// The first packets, which meet memory that nobody has touched: sent but not counted.
    private let warmUp: Int
    private let wire: VirtualWire
    private let settings: Settings
    private let options = CaptureOptions()
    private var runs = 0
    private let latencies: UnsafeMutablePointer<UInt64>
    private let sentAll: UnsafeMutablePointer<Int32>
    /// By the bare C loop, and why it could not be opened.
    private var received = 0
    private var problem: String?

    init(rate: Int, wire: VirtualWire, settings: Settings) {
        self.rate = rate
        self.wire = wire
        self.settings = settings
        warmUp = rate / 5
        count = warmUp + settings.size(full: rate, quick: rate / 4)
        latencies = .allocate(capacity: count)
        latencies.initialize(repeating: 0, count: count)
        sentAll = .allocate(capacity: 1)
        sentAll.initialize(to: 0)
    }

    deinit {
        latencies.deallocate()
        sentAll.deallocate()
    }

    /// All methods and their references once before any runs again.
    func measure() throws -> [Outcome] {
        let methods: [CaptureMethod] = [.xdp, .packet, .uring, .socket, .pcap]
        let subjects = methods.flatMap { method in
            [
                Subject(name: "tapeline, \(method.rawValue)") { try self.run(method) },
                Subject(name: method.referenceName) { try self.runReference(method) },
            ]
        }
        let series = try interleave(subjects, repetitions: settings.repetitions)
        return methods.indices.map { index in
            outcome(methods[index], ours: series[2 * index], other: series[2 * index + 1])
        }
    }

    private func outcome(_ method: CaptureMethod, ours: Series, other: Series) -> Outcome {
        var outcome = Outcome(
            "latency",
            "\(method.rawValue), \(grouped(rate)) packets/s: send to published, p50",
            unit: "packet",
            parameters: [
                ("packets/s", grouped(rate)), ("packets", grouped(count - warmUp)),
                ("after a warm-up of", grouped(warmUp)),
                ("frame", "\(Self.frameBytes) bytes, 5 messages"),
                ("ring", "\(grouped(LatencyCore.ringCapacity)) ticks"),
                ("sender and journal on processor", "\(wire.processors.sender)"),
                ("core on", "\(wire.processors.receiver)"),
            ], [ours, other])
        outcome.targets = [
            .atMost(1.2, ours.median / other.median, "p50 over the bare C loop's"),
            .atMost(
                1.5, (ours.figures["p99"] ?? 0) / (other.figures["p99"] ?? 1),
                "p99 over the bare C loop's"),
        ]
        outcome.notes = [
            "ours: stamped after the release store, with books and a journal thread;"
                + " bare C: stamped at the payload; allocations: of the core thread"
        ]
        for series in [ours, other] where (series.figures["lost most"] ?? 0) > 0 {
            outcome.notes.append(
                "\(series.name) lost packets (up to \(short(series.figures["lost most"] ?? 0))"
                    + " of a run): its percentiles are of the others")
        }
        return outcome
    }

    @Sendable
    static func table(_ outcomes: [Outcome]) -> [[String]] {
        let head = [
            "packets/s", "", "p50 µs", "p90 µs", "p99 µs", "p99.9 µs", "max µs", "lost",
            "p50 ratio", "p99 ratio",
        ]
        var rows = [head]
        for outcome in outcomes {
            let ratios = outcome.targets.map { String(format: "%.2f", $0.reached) }
            rows.append([outcome.parameters[0].value] + cells(outcome.ours) + ratios)
            rows.append([""] + cells(outcome.references[0].series) + ["", ""])
        }
        return rows
    }

    private static func cells(_ series: Series) -> [String] {
        let microseconds = ["p50", "p90", "p99", "p99.9", "max"].map { key in
            String(format: "%.2f", (series.figures[key] ?? 0) / 1000)
        }
        return [series.name] + microseconds + [short(series.figures["lost most"] ?? 0)]
    }

    // MARK: One run

    private func send() -> reference_sent {
        wire.send { [self] in reference_send_stamped($0, UInt64(count), Double(rate)) }
    }

    /// Percentiles of the latencies after the warm-up.
    private func sample(received: Int, _ sent: reference_sent) throws -> Sample {
        guard received > max(count / 2, warmUp) else {
            throw BenchmarkError.differs("of \(count) packets only \(received) came")
        }
        var histogram = Histogram<UInt64>(
            highestTrackableValue: 60_000_000_000, numberOfSignificantValueDigits: .three)
        for index in warmUp..<received { _ = histogram.record(latencies[index]) }
        var sample = Sample(nanoseconds: Double(histogram.valueAtPercentile(50)))
        for percentile in [50, 90, 99, 99.9] {
            sample.figures["p" + short(percentile)] =
                Double(histogram.valueAtPercentile(percentile))
        }
        sample.figures["max"] = Double(histogram.max)
        sample.figures["lost"] = Double(count - received)
        sample.figures["refused"] = Double(sent.refused)
        sample.figures["rate"] = Double(count) * 1e9 / Double(sent.nanoseconds)
        return sample
    }

    private func runReference(_ method: CaptureMethod) throws -> Sample {
        let isReady = DispatchSemaphore(value: 0)
        sentAll.pointee = 0
        problem = nil
        received = 0
        let receiver = wire.startReceiver { [self] in
            var step: UnsafePointer<CChar>?
            let isSocket = method == .socket || method == .uring
            let opened = reference_receiver_open(
                method.reference, VirtualWire.receiving, VirtualWire.group, VirtualWire.port,
                isSocket ? options.receiveBufferBytes : options.ringBytes,
                UInt32(options.frameCount), &step)
            guard let opened else {
                problem =
                    "\(step.map { String(cString: $0) } ?? ""): \(String(cString: strerror(errno)))"
                isReady.signal()
                return
            }
            isReady.signal()
            received = Int(reference_receiver_run(opened, latencies, UInt64(count), sentAll))
            reference_receiver_close(opened)
        }
        isReady.wait()
        let sent = problem == nil ? send() : reference_sent()
        reference_note_sent(sentAll)
        receiver.join()
        if let problem {
            throw BenchmarkError.differs("\(method.referenceName): \(problem)")
        }
        return try sample(received: received, sent)
    }

    private func run(_ method: CaptureMethod) throws -> Sample {
        runs += 1
        sentAll.pointee = 0
        let core = try LatencyCore(
            directory: settings.scratch.appending(path: "latency-\(rate)-\(runs)").path,
            latencies: latencies, count: count)
        let isReady = DispatchSemaphore(value: 0)
        let journal = PinnedThread(processor: wire.processors.sender) { core.recordJournal() }
        let receiver = wire.startReceiver { [self] in
            core.receive(by: method, options, isReady: isReady, sentAll)
        }
        isReady.wait()
        let sent = core.isOpen ? send() : reference_sent()
        reference_note_sent(sentAll)
        receiver.join()
        journal.join()
        try core.close()
        var sample = try sample(received: core.received, sent)
        sample.allocations = core.allocations
        return sample
    }
}
