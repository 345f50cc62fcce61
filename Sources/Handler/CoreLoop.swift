import Capture
import Glibc
import Synchronization
import Tape
import Ticks

/// The core thread's loop: polls sockets and files, feeds the core, publishes, beats.
final class CoreLoop {
    private let input: CoreInput
    private let output: TapeOutput
    private let sources: [any PacketSource]
    /// Of each live line, by its index.
    private let routes: [LineRoute]
    private let batch: UnsafeMutablePointer<CapturedDatagram>
    private static let batchCapacity = 256
    private let files: FileLines
    private let gate: JournalGate?
    private let isBusyPolling: Bool
    private let stop: StopFlag
    private var pollSet: [pollfd]
    private var alertedMissing: UInt64 = 0
    private var lastClock: UInt64 = 0
    private var datagrams: UInt64 = 0
    /// Newest kernel stamp of any datagram.
    private var newestTime: UInt64 = 0
    private var countersTime: UInt64 = 0
    private let reports: ReportDesk

    /// Core time moves on at least so often, so that silence is noticed.
    private static let clockNanoseconds: UInt64 = 100_000_000

    init(
        input: CoreInput, output: TapeOutput,
        sources: [any PacketSource], routes: [LineRoute], files: FileLines,
        gate: JournalGate?, isBusyPolling: Bool, stop: StopFlag, reports: ReportDesk
    ) {
        self.reports = reports
        self.input = input
        self.output = output
        self.sources = sources
        self.routes = routes
        batch = .allocate(capacity: Self.batchCapacity)
        self.files = files
        self.gate = gate
        self.isBusyPolling = isBusyPolling
        self.stop = stop
        pollSet = sources.flatMap(\.fileDescriptors).map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
    }

    deinit { batch.deallocate() }

    /// Runs until told to stop, or until the files are read where there are no sockets. Everything
    /// received by then is decoded and published.
    func run() throws {
        var filesLeft = !files.isEmpty
        while !stop.isSet {
            var worked = try pollSources() > 0
            if filesLeft {
                filesLeft = try files.feed(input, most: 64)
                worked = true
            }
            finishRound()
            if worked { continue }
            if sources.isEmpty && !filesLeft { break }
            idle()
        }
        try drainSources()
        try input.finish()
        setCounters()
    }

    /// What follows every round: publishing, the heartbeat, and what others asked for.
    private func finishRound() {
        input.core.flush()
        let now = TapeReader.monotonicNanoseconds()
        output.publisher.beat(monotonicNanoseconds: now)
        noteMissing()
        if now &- countersTime > Self.clockNanoseconds {
            countersTime = now
            setCounters()
        }
        reports.answer { report() }
    }

    /// Takes what had been received when the stop came; a line that goes on sending does not keep
    /// the run alive.
    private func drainSources() throws {
        let stopTime = SystemClock.utcNanoseconds()
        while try pollSources() > 0, newestTime < stopTime { finishRound() }
        finishRound()
    }

    /// The run so far, as this thread knows it.
    func report() -> RunReport {
        RunReport(
            totals: input.core.totals(), datagrams: datagrams,
            kernelDrops: drops,
            cutDatagrams: cut,
            filePackets: files.packetsRead, fileUnmatched: files.unmatched,
            fileRejected: files.rejected, truncations: files.truncations, journal: nil,
            journalWaitNanoseconds: output.waitedNanoseconds, journalOverruns: output.overruns)
    }

    private func pollSources() throws -> Int {
        var total = 0
        for source in sources {
            let count = try source.poll(into: batch, capacity: Self.batchCapacity)
            guard count > 0 else { continue }
            for index in 0..<count { take(batch[index]) }
            source.release(batch, count: count)
            total += count
        }
        datagrams += UInt64(total)
        return total
    }

    @inline(__always)
    private func take(_ datagram: CapturedDatagram) {
        newestTime = max(newestTime, datagram.time)
        input.packet(
            routes[Int(datagram.line)], captureTime: datagram.time,
            timeSource: datagram.timeSource, payload: datagram.payload)
    }

    /// Nothing was there: time moves on, and the thread rests unless it may spin.
    private func idle() {
        let now = SystemClock.utcNanoseconds()
        if input.core.isWaiting || now &- lastClock >= Self.clockNanoseconds {
            lastClock = now
            input.clock(now)
            input.core.flush()
        }
        if isBusyPolling { return }
        poll(&pollSet, nfds_t(pollSet.count), 1)
    }

    /// What the tape's counters are, in this order.
    static let counterNames = [
        "datagrams", "kernel_drops", "cut_datagrams", "journal_wait_nanoseconds",
        "journal_overruns",
    ]

    private func setCounters() {
        let values = [
            datagrams, drops, cut, output.waitedNanoseconds, output.overruns,
        ]
        for (index, value) in values.enumerated() { output.publisher.setCounter(index, value) }
    }

    private var drops: UInt64 {
        sources.reduce(0) { $0 + $1.readDrops().reduce(0) { $0 + $1.value } }
    }
    private var cut: UInt64 { sources.reduce(0) { $0 + $1.counters[.oversize] } }

    /// The journal thread says what it could not record; the tape says it on.
    private func noteMissing() {
        guard let gate else { return }
        let missing = gate.missingCount.load(ordering: .acquiring)
        guard missing != alertedMissing else { return }
        input.alert(
            .journalGap, sequence: gate.missingFirst.load(ordering: .relaxed),
            quantity: missing - alertedMissing)
        alertedMissing = missing
        input.core.flush()
    }
}

/// Where other threads ask the core thread for a report: only it may look at its own counts.
final class ReportDesk: Sendable {
    private let isWanted = Atomic<Bool>(false)
    private let answer = Mutex<RunReport?>(nil)

    /// Asks, and waits up to `seconds` for the answer.
    func ask(seconds: Double) -> RunReport? {
        answer.withLock { $0 = nil }
        isWanted.store(true, ordering: .releasing)
        for _ in 0..<Int(seconds * 1000) {
            if let report = answer.withLock({ $0 }) { return report }
            usleep(1000)
        }
        return nil
    }

    /// Called by the core thread every round.
    func answer(_ make: () -> RunReport) {
        guard isWanted.load(ordering: .relaxed) else { return }
        isWanted.store(false, ordering: .relaxed)
        let report = make()
        answer.withLock { $0 = report }
    }
}

/// Set once, by a signal or a caller; seen by the threads of a run.
public final class StopFlag: Sendable {
    private let flag = Atomic<Bool>(false)
    public init() {}
    public var isSet: Bool { flag.load(ordering: .acquiring) }
    public func set() { flag.store(true, ordering: .releasing) }
}
