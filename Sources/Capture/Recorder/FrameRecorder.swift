import Foundation
import Synchronization
import Wire

/// What a recorder has done so far.
public struct RecorderStatistics: Sendable, Equatable {
    /// Packets and bytes of finished files, those deleted since included.
    public var writtenPackets: UInt64 = 0
    public var writtenBytes: UInt64 = 0
    /// Of the file that is open: in it or on their way to it.
    public var openFilePackets: UInt64 = 0
    public var openFileBytes: UInt64 = 0
    /// Packets that the disk did not take.
    public var unwrittenPackets: UInt64 = 0
    /// Packets that found an inlet full.
    public var droppedByInlets: UInt64 = 0
    /// Packets that came after recording had ended by itself.
    public var packetsAfterEnd: UInt64 = 0
    public var files: UInt64 = 0
    public var deletedFiles: UInt64 = 0
    /// Times that the disk began to fail.
    public var errors: UInt64 = 0
    /// True while the disk takes nothing.
    public var isFailing = false
    /// The open file.
    public var path: String?
    /// Finished files that are there, oldest first.
    public var paths: [String] = []
    /// Why recording ended by itself, if it did.
    public var stopReason: String?

    public init() {}

    /// Packets captured: in files, or on their way.
    public var packets: UInt64 { writtenPackets + openFilePackets }
    /// Packets that came as far as the recorder and are in no file.
    public var droppedByRecorder: UInt64 { unwrittenPackets + droppedByInlets }
}

/// Records frames of one or more polling threads to pcapng files from a thread of its own.
///
/// Everything between the polling threads and the disk is bounded; a slow disk costs counted packets,
/// never time on a polling thread. Blocks of different inlets stand in the file as the writer met
/// them: within an inlet in order, between inlets up to some milliseconds out of order.
public final class FrameRecorder: @unchecked Sendable {
    public let options: RecorderOptions
    private let onAlarm: @Sendable (String) -> Void
    private var inlets: [RecorderInlet] = []
    private var writer: RecordingWriter?
    private let isStopping = Atomic<Bool>(false)
    private let hasEnded = Atomic<Bool>(false)
    private let published = Mutex(RecorderStatistics())
    private let ended = DispatchSemaphore(value: 0)
    private var isRunning = false

    /// How long the writer sleeps when nothing waits: an inlet must hold what comes meanwhile.
    private static let idleMicroseconds: UInt32 = 1_000

    /// `onAlarm` is called on the writer's thread with what an operator must know: that the disk is
    /// full, that it takes packets again.
    public init(
        options: RecorderOptions, onAlarm: @escaping @Sendable (String) -> Void
    ) throws(RecorderError) {
        try options.validate()
        self.options = options
        self.onAlarm = onAlarm
    }

    /// The way in for one polling thread and interface; before `start`.
    ///
    /// - Parameters:
    ///   - linkType: tcpdump reads a file only if all its interfaces have the same.
    ///   - filter: the capture filter as text.
    ///   - readings: the drop counters for the statistics blocks; called on the writer's thread with
    ///     `RecorderInlet.taken`.
    public func makeInlet(
        interface name: String, linkType: LinkType, filter: String? = nil,
        readings: (@Sendable (_ taken: UInt64) -> RecorderReadings)? = nil
    ) -> RecorderInlet {
        precondition(writer == nil, "an inlet after the start")
        let inlet = RecorderInlet(
            name: name, linkType: linkType, filter: filter, index: UInt32(inlets.count),
            capacity: options.inletBytes, snapLength: options.snapLength, readings: readings)
        inlets.append(inlet)
        return inlet
    }

    /// Opens the first file and starts the writer's thread.
    public func start() throws(RecorderError) {
        precondition(writer == nil && !inlets.isEmpty, "started once, with an inlet")
        let writer = try RecordingWriter(options: options, inlets: inlets, onAlarm: onAlarm)
        try writer.begin(.now())
        self.writer = writer
        isRunning = true
        let thread = Thread { [self] in run() }
        thread.name = "recorder"
        thread.start()
    }

    /// Writes what the inlets hold, closes the file and waits for that. The polling threads must have
    /// ended.
    public func stop() {
        guard isRunning else { return }
        isRunning = false
        isStopping.store(true, ordering: .releasing)
        ended.wait()
    }

    /// True once recording has ended by itself or by `stop`.
    public var isDone: Bool { hasEnded.load(ordering: .acquiring) }

    public var statistics: RecorderStatistics {
        var statistics = published.withLock { $0 }
        statistics.droppedByInlets = inlets.reduce(0) { $0 + $1.dropped }
        return statistics
    }

    private func run() {
        guard let writer else { return }
        while !isStopping.load(ordering: .acquiring) {
            let isBusy = writer.turn(.now())
            published.withLock { $0 = writer.report }
            if writer.isDone { hasEnded.store(true, ordering: .releasing) }
            if !isBusy { usleep(Self.idleMicroseconds) }
        }
        writer.end(.now())
        published.withLock { $0 = writer.report }
        hasEnded.store(true, ordering: .releasing)
        ended.signal()
    }
}
