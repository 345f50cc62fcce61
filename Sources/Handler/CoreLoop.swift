import Capture
import Glibc
import Synchronization
import Tape
import Ticks

/// The core thread's loop: takes packets from sources, rings and files, feeds the core, publishes,
/// beats.
final class CoreLoop {
    private let input: CoreInput
    private let output: TapeOutput
    /// What this thread polls itself.
    private let sources: [any PacketSource]
    /// What capture threads fill rings from.
    private let workers: [CaptureWorker]
    private let signal: CoreSignal
    private let monitor: CaptureMonitor
    /// Of each live line, by its index.
    private let routes: [LineRoute]
    private let files: FileLines
    private let gate: JournalGate?
    private let isBusyPolling: Bool
    private let stop: StopFlag
    private let reports: ReportDesk
    private let batch: UnsafeMutablePointer<CapturedDatagram>
    private var pollSet: [pollfd]
    private var clocks = WallClockWatch()
    /// Read in every idle round, which may come millions of times a second.
    private let clock: TSCClock

    private var alertedMissing: UInt64 = 0
    private var lastClock: UInt64 = 0
    @exclusivity(unchecked) private var datagrams: UInt64 = 0
    /// Newest stamp of any datagram.
    @exclusivity(unchecked) private var newestTime: UInt64 = 0
    private var countersTime: UInt64 = 0

    /// Core time moves on at least so often, so that silence is noticed.
    private static let clockNanoseconds: UInt64 = 100_000_000
    private static let batchCapacity = 256
    /// Descriptors taken from one ring before the others are looked at.
    private static let ringMost = 256

    init(
        input: CoreInput, output: TapeOutput, capture: CaptureSession,
        workers: [CaptureWorker], signal: CoreSignal, monitor: CaptureMonitor, clock: TSCClock,
        files: FileLines, gate: JournalGate?, isBusyPolling: Bool, stop: StopFlag,
        reports: ReportDesk
    ) {
        self.input = input
        self.output = output
        sources = workers.isEmpty ? capture.sources : []
        routes = capture.routes
        self.workers = workers
        self.signal = signal
        self.monitor = monitor
        self.clock = clock
        self.files = files
        self.gate = gate
        self.isBusyPolling = isBusyPolling
        self.stop = stop
        self.reports = reports
        batch = .allocate(capacity: Self.batchCapacity)
        pollSet = sources.flatMap(\.fileDescriptors).map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
    }

    deinit { batch.deallocate() }

    private var isLive: Bool { !sources.isEmpty || !workers.isEmpty }

    /// Runs until told to stop, or until the files are read where there are no live lines. Everything
    /// received by then is decoded and published.
    func run() throws {
        var filesLeft = !files.isEmpty
        while !stop.isSet {
            var worked = try takePackets() > 0
            if filesLeft {
                let outcome = try files.feed(input, most: 64)
                filesLeft = outcome != .finished
                worked = worked || outcome == .fed
            }
            finishRound()
            if worked { continue }
            if !isLive && !filesLeft { break }
            idle()
        }
        try drain()
        monitor.look()
        tellNews()
        try input.finish()
        setCounters()
    }

    /// What follows every round: publishing, the heartbeat, and what others asked for.
    private func finishRound() {
        input.core.flush()
        let now = TapeReader.monotonicNanoseconds()
        output.publisher.beat(monotonicNanoseconds: now)
        noteMissing()
        if monitor.hasNews { tellNews() }
        if now &- countersTime > Self.clockNanoseconds {
            countersTime = now
            checkClock()
            setCounters()
        }
        reports.answer { report() }
    }

    /// Takes what had been received when the stop came; a line that goes on sending does not keep
    /// the run alive.
    private func drain() throws {
        let stopTime = SystemClock.utcNanoseconds()
        while true {
            let count = try takePackets()
            finishRound()
            let isOver = workers.isEmpty ? newestTime >= stopTime : false
            if isOver || count == 0 && workers.allSatisfy({ $0.isDone && $0.ring.isEmpty }) {
                break
            }
        }
    }

    /// The run so far, as this thread knows it.
    func report() -> RunReport {
        RunReport(
            totals: input.core.totals(), datagrams: datagrams, capture: monitor.report(),
            filePackets: files.packetsRead, fileUnmatched: files.unmatched,
            fileRejected: files.rejected, fileWithoutTrailer: files.withoutTrailer,
            truncations: files.truncations, journal: nil,
            journalWaitNanoseconds: output.waitedNanoseconds, journalOverruns: output.overruns)
    }

    private func takePackets() throws -> Int {
        var total = 0
        for source in sources {
            let count = try source.poll(into: batch, capacity: Self.batchCapacity)
            guard count > 0 else { continue }
            take(UnsafePointer(batch), count)
            source.release(batch, count: count)
            total += count
        }
        for worker in workers {
            total += worker.ring.consume(most: Self.ringMost) { take($0, $1) }
        }
        datagrams += UInt64(total)
        return total
    }

    private func take(_ datagrams: UnsafePointer<CapturedDatagram>, _ count: Int) {
        for index in 0..<count {
            let datagram = datagrams[index]
            // Silence, or a step of the clock: which one must be known before the core hears of it.
            if datagram.time > newestTime &+ 10_000_000 || datagram.time &+ 1_000_000 < newestTime {
                checkClock()
            }
            newestTime = max(newestTime, datagram.time)
            input.packet(
                routes[Int(datagram.line)], captureTime: datagram.time,
                timeSource: datagram.timeSource, payload: datagram.payload)
        }
    }

    private func checkClock() {
        guard isLive, let step = clocks.look() else { return }
        input.clockStep(nanoseconds: step)
        newestTime = SystemClock.utcNanoseconds()
    }

    /// Nothing was there: time moves on, and the thread rests unless it may spin.
    private func idle() {
        let now = clock.now()
        if isLive, input.core.isWaiting || now &- lastClock >= Self.clockNanoseconds {
            lastClock = now
            checkClock()
            input.clock(now)
            input.core.flush()
        }
        if isBusyPolling { return }
        if workers.isEmpty {
            poll(&pollSet, nfds_t(pollSet.count), 1)
        } else {
            signal.sleep(milliseconds: 1) { workers.allSatisfy { $0.ring.isEmpty } }
        }
    }

    /// What the tape's counters are, in this order.
    static let counterNames = [
        "datagrams", "dropped_interface", "dropped_driver", "dropped_kernel", "dropped_ring",
        "filtered", "journal_wait_nanoseconds", "journal_overruns",
    ]

    private func setCounters() {
        let totals = monitor.totals
        output.publisher.setCounter(0, datagrams)
        for place in DropPlace.allCases {
            output.publisher.setCounter(Int(place.rawValue), totals[place])
        }
        output.publisher.setCounter(6, output.waitedNanoseconds)
        output.publisher.setCounter(7, output.overruns)
        let drops = monitor.drops
        for line in routes.indices { output.setDropped(routes[line], drops[line]) }
    }

    /// What the control thread found goes onto the tape.
    private func tellNews() {
        for news in monitor.takeNews() {
            switch news {
            case .dropped(let line, let place, let count):
                input.lineState(routes[line], .dropped, place: place, count: count)
            case .state(let line, let state):
                input.lineState(routes[line], state)
            }
        }
        input.core.flush()
    }

    /// The journal thread says what it could not record; the tape says it on.
    private func noteMissing() {
        guard let gate else { return }
        let missing = gate.missingCount.load(ordering: .acquiring)
        guard missing != alertedMissing else { return }
        input.alert(
            .journalGap, sequence: gate.missingFirst.load(ordering: .relaxed),
            quantity: Int64(clamping: missing - alertedMissing))
        alertedMissing = missing
        input.core.flush()
    }
}
