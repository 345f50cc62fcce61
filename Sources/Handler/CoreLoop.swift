import Capture
import Glibc
import Synchronization
import Tape
import Ticks

/// The core thread's loop: polls sockets and files, feeds the core, publishes, beats.
final class CoreLoop {
    private let input: CoreInput
    private let output: TapeOutput
    private let sockets: [(socket: MulticastSocket, route: LineRoute)]
    private let files: FileLines
    private let gate: JournalGate?
    private let isBusyPolling: Bool
    private let stop: StopFlag
    private var pollSet: [pollfd]
    private var alertedMissing: UInt64 = 0
    private var lastClock: UInt64 = 0
    private(set) var datagrams: UInt64 = 0

    /// Core time moves on at least so often, so that silence is noticed.
    private static let clockNanoseconds: UInt64 = 100_000_000

    init(
        input: CoreInput, output: TapeOutput,
        sockets: [(socket: MulticastSocket, route: LineRoute)], files: FileLines,
        gate: JournalGate?, isBusyPolling: Bool, stop: StopFlag
    ) {
        self.input = input
        self.output = output
        self.sockets = sockets
        self.files = files
        self.gate = gate
        self.isBusyPolling = isBusyPolling
        self.stop = stop
        pollSet = sockets.map {
            pollfd(fd: $0.socket.fileDescriptor, events: Int16(POLLIN), revents: 0)
        }
    }

    /// Runs until told to stop, or until the files are read where there are no sockets. Everything
    /// received by then is decoded and published.
    func run() throws {
        var filesLeft = !files.isEmpty
        while true {
            let isStopping = stop.isSet
            var worked = try pollSockets() > 0
            if filesLeft {
                filesLeft = try files.feed(input, most: 64)
                worked = true
            }
            input.core.flush()
            output.publisher.beat(monotonicNanoseconds: TapeReader.monotonicNanoseconds())
            noteMissing()
            if worked { continue }
            if isStopping || (sockets.isEmpty && !filesLeft) { break }
            idle()
        }
        try input.finish()
        setCounters()
    }

    private func pollSockets() throws -> Int {
        var total = 0
        for (socket, route) in sockets {
            total += try socket.poll { datagram in
                let hasTime = datagram.time != 0
                input.packet(
                    route, captureTime: hasTime ? datagram.time : SystemClock.utcNanoseconds(),
                    timeSource: hasTime ? .kernel : .user, payload: datagram.payload)
            }
        }
        datagrams += UInt64(total)
        return total
    }

    /// Nothing was there: time moves on, and the thread rests unless it may spin.
    private func idle() {
        let now = SystemClock.utcNanoseconds()
        if input.core.isWaiting || now &- lastClock >= Self.clockNanoseconds {
            lastClock = now
            input.clock(now)
            input.core.flush()
            setCounters()
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
            datagrams, sockets.reduce(0) { $0 + $1.socket.drops },
            sockets.reduce(0) { $0 + $1.socket.cutDatagrams }, output.waitedNanoseconds,
            output.overruns,
        ]
        for (index, value) in values.enumerated() { output.publisher.setCounter(index, value) }
    }

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

/// Set once, by a signal or a caller; seen by the threads of a run.
public final class StopFlag: Sendable {
    private let flag = Atomic<Bool>(false)
    public init() {}
    public var isSet: Bool { flag.load(ordering: .acquiring) }
    public func set() { flag.store(true, ordering: .releasing) }
}
