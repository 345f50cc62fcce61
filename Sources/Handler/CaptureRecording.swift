import Capture
import Logging
import Synchronization
import Wire

/// Writes a copy of every frame that the sources of a run take; `record` of the configuration.
///
/// What a source sees depends on its method: frames that passed the filter by packet and pcap, what
/// was redirected to the socket by xdp, and by socket and uring the lines' datagrams as IP packets.
/// Each source has an inlet of its own, so that neither capture nor core ever waits for the disk.
final class CaptureRecording {
    private let recorder: FrameRecorder
    private var linkTypes: Set<LinkType> = []
    /// The control thread's.
    private var hasToldEnd = false

    /// Throws `RecorderError` for options that contradict each other.
    init(_ options: RecorderOptions, logger: Logger) throws(RecorderError) {
        recorder = try FrameRecorder(options: options) { logger.warning("recording: \($0)") }
    }

    /// The tap of one source; before `start`.
    ///
    /// - Parameter lines: of the source; their interfaces name the inlet, "any" where none is named.
    func tap(_ lines: [CaptureLine], linkType: LinkType) -> RecordedSource {
        let names = Set(lines.map { $0.address.interface ?? "any" }).sorted()
        linkTypes.insert(linkType)
        return RecordedSource(recorder, names.joined(separator: "+"), linkType)
    }

    /// Opens the first file and starts the writer.
    func start(_ logger: Logger) throws(RecorderError) {
        if linkTypes.count > 1 {
            logger.warning(
                """
                recording: the lines' methods give different link types: tcpdump cannot read such \
                a file
                """)
        }
        try recorder.start()
    }

    /// Tells once that recording has ended by itself while the run goes on; by the control thread.
    func watch(_ logger: Logger) {
        guard !hasToldEnd, recorder.isDone else { return }
        hasToldEnd = true
        let reason = recorder.statistics.stopReason ?? "for no known reason"
        logger.warning("recording: stopped: \(reason); the run goes on without it")
    }

    /// Writes what the sources have left and closes the file; after their threads have ended.
    func stop() { recorder.stop() }

    var statistics: RecorderStatistics { recorder.statistics }
}

/// A source's way into the recording, and its loss counters for the statistics blocks.
final class RecordedSource {
    /// From the control thread, which alone may read a source's counters, to the writer.
    private final class LastReadings: Sendable {
        let value = Mutex(RecorderReadings())
    }

    let inlet: RecorderInlet
    private let last: LastReadings

    fileprivate init(_ recorder: FrameRecorder, _ name: String, _ linkType: LinkType) {
        let last = LastReadings()
        self.last = last
        inlet = recorder.makeInlet(interface: name, linkType: linkType) { taken in
            var readings = last.value.withLock { $0 }
            readings.receivedByFilter = taken &+ readings.droppedByKernel
            return readings
        }
    }

    /// By the control thread.
    ///
    /// - Parameters:
    ///   - losses: the source's own.
    ///   - interfaces: what was lost at interfaces, of any line.
    ///   - lines: of the source.
    func note(_ losses: [DropReading], _ interfaces: [DropReading], lines: [UInt16]) {
        let lines = Set(lines)
        var readings = RecorderReadings()
        for loss in losses where loss.place != .filter { readings.droppedByKernel += loss.value }
        for loss in interfaces where !lines.isDisjoint(with: loss.lines) {
            readings.droppedByInterface = (readings.droppedByInterface ?? 0) + loss.value
        }
        last.value.withLock { $0 = readings }
    }
}
