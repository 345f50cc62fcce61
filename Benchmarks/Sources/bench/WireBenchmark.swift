import Books
import CReference
import CTapeline
import Capture
import Foundation
import Handler
import Histogram
import Journal
import Lines
import Protocols
import Tape
import Ticks
import Wire

extension Benchmark {
    static let wire = Benchmark(
        name: "wire", summary: "UDP multicast over loopback to published ticks, journal on"
    ) { settings in
        try [20_000, 100_000, 300_000].map { rate in
            let path = WirePath(
                rate: rate, count: settings.size(full: 2 * rate, quick: rate / 2), warmUp: rate / 4,
                settings: settings)
            let series = try interleave(
                [
                    Subject(name: "tapeline, socket") { try path.run() },
                    Subject(name: "bare C recv loop") { try path.runReference() },
                ], repetitions: settings.repetitions)
            var outcome = Outcome(
                "wire", "\(grouped(rate)) packets/s: send to published, p50", unit: "packet",
                parameters: [
                    ("packets", grouped(path.count - path.warmUp)),
                    ("after a warm-up of", grouped(path.warmUp)),
                    ("frame", "\(WirePath.packet.count + 42) bytes, 5 messages"),
                    ("ring", "\(grouped(WirePath.ringCapacity)) ticks"),
                    ("sender and journal on processor", "\(settings.processors.0)"),
                    ("core on", "\(settings.processors.1)"),
                ], series)
            let other = outcome.references[0].series
            outcome.targets = [
                .atMost(1.2, series[0].median / other.median, "p50 over the bare C loop's"),
                .atMost(
                    1.5, (series[0].figures["p99"] ?? 0) / (other.figures["p99"] ?? 1),
                    "p99 over the bare C loop's"),
            ]
            outcome.notes = [
                "ours: stamped after the release store, with books and a journal thread;"
                    + " bare C: stamped after recv; allocations: of the core thread"
            ]
            return outcome
        }
    }
}

/// A paced sender on one processor, a receiver on the other.
private final class WirePath: @unchecked Sendable {
    static let ringCapacity = 1 << 20
    static let group = "239.192.77.1"
    static let port: UInt16 = 27_077
    let rate: Int
    /// Warm-up included.
    let count: Int
    /// The first packets, which meet memory that nobody has touched: sent but not counted.
    let warmUp: Int
    private let settings: Settings
    private var runs = 0
    private let latencies: UnsafeMutablePointer<UInt64>
    private let sentAll: UnsafeMutablePointer<Int32>
    /// By the bare C loop.
    private var received = 0

    init(rate: Int, count: Int, warmUp: Int, settings: Settings) {
        self.rate = rate
        self.count = warmUp + count
        self.warmUp = warmUp
        self.settings = settings
        latencies = .allocate(capacity: self.count)
        latencies.initialize(repeating: 0, count: self.count)
        sentAll = .allocate(capacity: 1)
        sentAll.initialize(to: 0)
    }

    deinit {
        latencies.deallocate()
        sentAll.deallocate()
    }

    /// An order is added, cut, and deleted; another is added and deleted.
    static let packet: [UInt8] = {
        var bytes: [UInt8] = []
        MoldUDP64Encoder.appendHeader(
            session: MoldUDP64Encoder.session("WIRE"), sequence: 1, count: 5, to: &bytes)
        let header: [UInt8] = [0, 1, 0, 0, 0, 0, 0, 0, 0, 0]
        let reference = [UInt8](repeating: 0, count: 8)
        let add: [UInt8] =
            [UInt8(ascii: "A")] + header + reference + [UInt8(ascii: "B"), 0, 0, 0, 100]
            + Array("TAPE    ".utf8) + [0, 1, 0, 0]
        let cut: [UInt8] = [UInt8(ascii: "X")] + header + reference + [0, 0, 0, 10]
        let delete: [UInt8] = [UInt8(ascii: "D")] + header + reference
        for message in [add, cut, delete, add, delete] {
            MoldUDP64Encoder.appendBlock(message, to: &bytes)
        }
        return bytes
    }()

    // MARK: Sender

    private func startSender() throws -> PinnedThread {
        sentAll.pointee = 0
        let socket = reference_multicast_sender(Self.group, Self.port)
        guard socket >= 0 else { throw Self.failure("sender") }
        return PinnedThread(processor: settings.processors.0) { [self] in
            var packet = Self.packet
            _ = reference_send_paced(
                socket, &packet, packet.count, UInt64(count), Double(rate))
            close(socket)
            reference_note_sent(sentAll)
        }
    }

    private static func failure(_ what: String) -> BenchmarkError {
        .differs("wire, \(what): \(String(cString: strerror(errno)))")
    }

    /// Percentiles of the latencies after the warm-up.
    private func sample(received: Int) throws -> Sample {
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
        return sample
    }

    // MARK: Bare C

    func runReference() throws -> Sample {
        let socket = reference_multicast_receiver(Self.group, Self.port)
        guard socket >= 0 else { throw Self.failure("receiver") }
        defer { close(socket) }
        let sender = try startSender()
        PinnedThread(processor: settings.processors.1) { [self] in
            received = Int(reference_receive(socket, latencies, UInt64(count), sentAll))
        }.join()
        sender.join()
        return try sample(received: received)
    }

    // MARK: Ours

    func run() throws -> Sample {
        runs += 1
        let core = try WireCore(
            directory: settings.scratch.appending(path: "wire-\(rate)-\(runs)").path,
            latencies: latencies, count: count)
        let journal = PinnedThread(processor: settings.processors.0) { core.recordJournal() }
        let sender = try startSender()
        PinnedThread(processor: settings.processors.1) { [self] in core.receive(sentAll) }.join()
        sender.join()
        journal.join()
        try core.close()
        var sample = try sample(received: core.received)
        sample.allocations = core.allocations
        return sample
    }
}

/// The handler's receive path: socket, core, tape, journal, as a run wires them.
private final class WireCore: @unchecked Sendable {
    private let socket: SocketSource
    private let batch = UnsafeMutablePointer<CapturedDatagram>.allocate(capacity: 64)
    private let core: FeedCore
    private let output: StampingOutput
    private let publisher: TapePublisher
    private let recorder: JournalRecorder
    private var failure: (any Error)?
    private(set) var allocations: UInt64 = 0

    var received: Int { output.received }

    init(directory: String, latencies: UnsafeMutablePointer<UInt64>, count: Int) throws {
        let configuration = CoreConfiguration(
            channels: [ChannelConfiguration(name: "wire", feedProtocol: .itch50)],
            tradingDay: Settings.date, instrumentCapacity: 16_384)
        socket = try SocketSource(
            line: CaptureLine(
                index: 0, name: "wire/A",
                address: MulticastAddress(
                    group: IPAddress(WirePath.group)!, port: WirePath.port, interface: "lo")),
            options: CaptureOptions())
        publisher = try TapePublisher(
            name: "bench-wire-\(getpid())",
            options: TapeOptions(
                ringCapacity: WirePath.ringCapacity, instrumentCapacity: 16_384,
                channels: configuration.channelDescriptions,
                lines: ["A", "B"].enumerated().map {
                    TapeLine(channel: 0, id: UInt8($0.offset), name: $0.element)
                }, isGated: true))
        let gate = JournalGate()
        output = StampingOutput(
            TapeOutput(publisher: publisher, channels: configuration.channels, gate: gate),
            latencies: latencies, count: count)
        core = try FeedCore(configuration: configuration, output: output, isLive: true)
        recorder = try JournalRecorder(
            reader: try TapeReader(name: publisher.name, from: .oldest), publisher: publisher,
            channels: configuration.channelDescriptions,
            books: BooksConfiguration(instrumentCapacity: 16_384), gate: gate
        ) { preamble in
            try JournalWriter.open(
                storage: try FileStorage(path: directory, create: true),
                identity: JournalIdentity(
                    tradingDay: 20_191_230, generation: 1, configHash: 0, feeds: ["wire"]),
                preamble: preamble
            ).writer
        }
    }

    /// The core thread's loop, until nothing comes any more.
    func receive(_ sentAll: UnsafeMutablePointer<Int32>) {
        var last = reference_now()
        do {
            while true {
                let count = try socket.poll(into: batch, capacity: 64)
                for index in 0..<count {
                    core.packet(
                        channel: 0, line: 0, captureTime: batch[index].time, timeSource: .kernel,
                        payload: batch[index].payload)
                }
                socket.release(batch, count: count)
                core.flush()
                let now = reference_now()
                publisher.beat(monotonicNanoseconds: now)
                if count > 0 {
                    last = now
                } else if reference_has_sent(sentAll) != 0, now - last > 50_000_000 {
                    break
                }
            }
            core.finish()
        } catch {
            failure = error
        }
        allocations = output.allocations
        publisher.end()
    }

    /// The journal thread.
    func recordJournal() {
        do {
            while true {
                let (goesOn, didWork) = try recorder.step()
                if !goesOn { return }
                if !didWork { usleep(500) }
            }
        } catch {
            failure = error
        }
    }

    func close() throws {
        publisher.unlink()
        if let failure { throw failure }
    }
}

/// Stamps every packet after the release store of its ticks: the first order's reference is its send
/// time, doubled.
private final class StampingOutput: TickOutput {
    private let inner: TapeOutput
    private let latencies: UnsafeMutablePointer<UInt64>
    private let count: Int
    private(set) var received = 0
    private var claimed: UnsafeMutablePointer<Tick>?
    private var atHalf: UInt64?

    init(_ inner: TapeOutput, latencies: UnsafeMutablePointer<UInt64>, count: Int) {
        self.inner = inner
        self.latencies = latencies
        self.count = count
    }

    var position: UInt64 { inner.position }
    var batchCapacity: Int { inner.batchCapacity }
    /// By the core thread, in the second half of the packets.
    var allocations: UInt64 { atHalf.map { newest - $0 } ?? 0 }
    private var newest: UInt64 = 0

    func claim(_ count: Int) -> UnsafeMutablePointer<Tick> {
        let ticks = inner.claim(count)
        claimed = ticks
        return ticks
    }

    func publish(_ published: Int) {
        inner.publish(published)
        let now = reference_now()
        guard let claimed else { return }
        for index in 0..<published
        where claimed[index].kind == TickKind.add.rawValue && claimed[index].orderID & 1 == 0 {
            guard received < count else { return }
            latencies[received] = now - claimed[index].orderID >> 1
            received += 1
        }
        guard received >= count / 2 else { return }
        newest = reference_thread_allocations()
        if atHalf == nil { atHalf = newest }
    }

    func setTop(_ instrument: UInt32, _ top: tapeline_top) { inner.setTop(instrument, top) }
    func setInstrument(_ instrument: Instrument) { inner.setInstrument(instrument) }

    func setStatus(
        channel: Int, _ status: ChannelStatus, lines: [LineStatus], epochs: [tapeline_epoch]
    ) {
        inner.setStatus(channel: channel, status, lines: lines, epochs: epochs)
    }
}
