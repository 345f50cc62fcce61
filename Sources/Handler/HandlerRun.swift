import Books
import Capture
import Foundation
import Journal
import Logging
import Synchronization
import Tape
import Ticks
import Wire

/// One run of the handler: opens everything, runs core and journal threads, ends cleanly.
public final class HandlerRun: @unchecked Sendable {
    public let configuration: RunConfiguration
    public let publisher: TapePublisher
    private let core: FeedCore
    private let loop: CoreLoop
    private let files: FileLines
    private let capture: CaptureSession
    private let workers: [CaptureWorker]
    private let monitor: CaptureMonitor
    private let clock = TSCClock()
    private let coreHasEnded = StopFlag()
    private let recorder: JournalRecorder?
    private let gate: JournalGate?
    private let output: TapeOutput
    private let logger: Logger
    public let stop = StopFlag()
    private let reports = ReportDesk()
    private let journalStatistics = Mutex(JournalWriterStatistics())

    /// Written by the threads before they end, read after `waitUntilDone`.
    private let condition = NSCondition()
    private var running = 0
    private var isOver = false
    private var failure: (any Error)?

    /// Opens lines, tape, journal, input log and recording; nothing is captured yet.
    public init(
        configuration: RunConfiguration, recordPath: String? = nil, force: Bool = false,
        logger: Logger
    ) throws {
        self.configuration = configuration
        self.logger = logger
        if configuration.threads.locksMemory { try HostThreads.lockMemory() }
        for placement in configuration.threads.all { try HostThreads.verify(placement) }
        capture = try CaptureSession(configuration, logger: logger)
        let signal = CoreSignal()
        let monitor = CaptureMonitor(capture, logger: logger)
        self.monitor = monitor
        let coreHasEnded = coreHasEnded
        workers =
            configuration.capture.usesThreads
            ? capture.sources.map {
                CaptureWorker(
                    source: $0, ringCapacity: configuration.capture.frameRingCapacity,
                    isBusyPolling: configuration.isBusyPolling, signal: signal,
                    monitor: monitor, coreHasEnded: coreHasEnded)
            } : []
        files = try FileLines(configuration.lines, speed: configuration.fileSpeed)

        let opened = try OpenedJournal(configuration, logger: logger)
        gate = opened.journal == nil ? nil : JournalGate()
        publisher = try TapePublisher(
            name: configuration.tapeName,
            options: TapeOptions(
                ringCapacity: configuration.ringCapacity,
                instrumentCapacity: configuration.core.instrumentCapacity,
                firstPosition: opened.nextPosition,
                tradingDay: opened.tradingDay, configurationHash: configuration.hash,
                feeds: configuration.core.channels.map(\.name).joined(separator: ","),
                channels: configuration.core.channelDescriptions,
                lines: configuration.tapeLines, counters: CoreLoop.counterNames,
                isGated: opened.journal != nil))
        output = TapeOutput(
            publisher: publisher, channels: configuration.core.channels, gate: gate,
            waitMaxNanoseconds: configuration.journal?.waitNanosecondsMax ?? 0)
        core = try FeedCore(
            configuration: configuration.core, output: output, resume: opened.resume, isLive: true)
        let log = try recordPath.map {
            try InputLogWriter(path: $0, force: force, configuration: configuration.core)
        }
        if let resume = opened.resume { log?.append(.resume(resume)) }
        loop = CoreLoop(
            input: CoreInput(core: core, log: log), output: output, capture: capture,
            workers: workers, signal: signal, monitor: monitor, clock: clock, files: files,
            gate: gate,
            isBusyPolling: configuration.isBusyPolling, stop: stop, reports: reports)
        recorder = try opened.recorder(configuration, publisher: publisher, gate: gate)
        do { try capture.recording?.start(logger) } catch {
            if configuration.unlinksTape { publisher.unlink() }
            throw error
        }
    }

    /// Starts the threads.
    public func start() {
        condition.lock()
        running = 2 + workers.count + (recorder == nil ? 0 : 1)
        condition.unlock()
        let threads = configuration.threads
        startThread("core", threads.core) { [self] in
            try loop.run()
            publisher.end()
        } atEnd: { [self] in
            coreHasEnded.set()
        }
        for (index, worker) in workers.enumerated() {
            startThread("capture-\(index)", threads.capture(index)) { [self] in
                try worker.run(stop)
            } atEnd: {
                worker.giveUp()
            }
        }
        startThread("control", threads.control) { [self] in
            monitor.run(clock) { coreHasEnded.isSet }
        }
        if recorder != nil { startThread("journal", threads.journal) { [self] in try record() } }
    }

    private func startThread(
        _ name: String, _ placement: ThreadPlacement,
        _ body: @escaping @Sendable () throws -> Void,
        atEnd: @escaping @Sendable () -> Void = {}
    ) {
        let thread = Thread { [self] in
            defer { atEnd() }
            do {
                try HostThreads.apply(placement, to: name)
                try body()
            } catch {
                logger.error("\(name): \(error)")
                condition.lock()
                failure = failure ?? error
                condition.unlock()
                // Whatever failed, the others must come to an end.
                stop.set()
                if name == "core" { publisher.end() }
            }
            condition.lock()
            running -= 1
            let isLast = running == 0
            condition.unlock()
            guard isLast else { return }
            // Only now is nobody left who could hand it a frame.
            capture.recording?.stop()
            condition.lock()
            isOver = true
            condition.broadcast()
            condition.unlock()
        }
        thread.name = name
        thread.stackSize = 4 << 20
        thread.start()
    }

    /// The journal thread: never gives up on an error, for the disk may come back.
    private func record() throws {
        guard let recorder else { return }
        var failing = false
        while true {
            do {
                let (goesOn, didWork) = try recorder.step()
                journalStatistics.withLock { $0 = recorder.statistics }
                if failing { logger.notice("journal: writing again") }
                failing = false
                if !goesOn { return }
                if !didWork { usleep(500) }
            } catch {
                if !failing { logger.error("journal: \(error)") }
                failing = true
                gate?.isFailing.store(true, ordering: .relaxed)
                if publisher.hasEnded { throw error }
                usleep(20_000)
            }
        }
    }

    /// Waits up to `seconds`; true once all threads have ended and the recording is complete.
    public func wait(seconds: Double) -> Bool {
        condition.lock()
        defer { condition.unlock() }
        let deadline = Date(timeIntervalSinceNow: seconds)
        while !isOver {
            if !condition.wait(until: deadline) { break }
        }
        return isOver
    }

    /// After the end: removes the tape if so configured, and throws what stopped a thread.
    public func close() throws {
        if configuration.unlinksTape { publisher.unlink() }
        if let failure { throw failure }
    }

    /// Totals of the run so far; nil if the core thread did not answer within a second.
    public func report() -> RunReport? {
        condition.lock()
        let hasEnded = isOver
        condition.unlock()
        var report = hasEnded ? loop.report() : reports.ask(seconds: 1)
        if recorder != nil { report?.journal = journalStatistics.withLock { $0 } }
        report?.recording = capture.recording?.statistics
        return report
    }
}

/// What a run came to, input and journal included.
public struct RunReport: Sendable {
    public var totals: CoreTotals
    public var datagrams: UInt64
    public var capture: CaptureReport
    public var filePackets: UInt64
    public var fileUnmatched: UInt64
    /// Packets of files that are no UDP datagram.
    public var fileRejected: UInt64
    /// Packets of files without the switch's stamp that their line should have.
    public var fileWithoutTrailer: UInt64
    public var truncations: [(path: String, truncation: CaptureTruncation)]
    public var journal: JournalWriterStatistics?
    public var recording: RecorderStatistics?
    public var journalWaitNanoseconds: UInt64
    public var journalOverruns: UInt64
}
