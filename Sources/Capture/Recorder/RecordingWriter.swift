import Glibc
import Wire

/// The two clocks of a recorder, in nanoseconds.
struct RecorderTime {
    /// Since the Unix epoch: names and statistics.
    var utc: UInt64
    /// Durations.
    var monotonic: UInt64

    static func now() -> RecorderTime {
        func read(_ clock: clockid_t) -> UInt64 {
            var time = timespec()
            clock_gettime(clock, &time)
            return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
        }
        return RecorderTime(utc: read(CLOCK_REALTIME), monotonic: read(CLOCK_MONOTONIC))
    }
}

/// Moves blocks from the inlets to files: rotation, limits, statistics, trouble with the disk.
///
/// Belongs to one thread, which calls `turn` again and again and tells the time.
final class RecordingWriter {
    /// Bytes taken from one inlet before the next has its turn.
    static let turnBytes = 1 << 20

    /// About what a statistics block takes.
    private static let statisticsBytes = 256

    let options: RecorderOptions
    let inlets: [RecorderInlet]
    /// Each once, however many inlets it has.
    private let interfaceNames: [String]
    let file: RecordingFile
    let compressor: RecordingCompressor?
    private let onAlarm: @Sendable (String) -> Void
    private(set) var report = RecorderStatistics()
    /// Set when an `autostop` or the disk limit has ended the recording.
    private(set) var isDone = false

    private var sequence: UInt64 = 0
    private var start = RecorderTime(utc: 0, monotonic: 0)
    private var fileStart = RecorderTime(utc: 0, monotonic: 0)
    /// Packets of the open file, those still to be compressed included.
    private var filePackets: UInt64 = 0
    private var pcapng: PcapngWriter?
    private var scratch: [UInt8] = []
    private var lastStatistics: UInt64 = 0
    private var lastFlush: UInt64 = 0
    /// Finished files of this run that are there, oldest first.
    private var finished: [(path: String, bytes: UInt64)] = []
    private var finishedBytes: UInt64 = 0
    /// Set while the disk takes nothing.
    private var retryAt: UInt64?
    private var lostBeforeTrouble: UInt64 = 0
    private var hasSaidIndirect = false

    init(
        options: RecorderOptions, inlets: [RecorderInlet],
        onAlarm: @escaping @Sendable (String) -> Void
    ) throws(RecorderError) {
        try options.validate()
        self.options = options
        self.inlets = inlets
        interfaceNames = inlets.map(\.name).reduce(into: []) {
            if !$0.contains($1) { $0.append($1) }
        }
        self.onAlarm = onAlarm
        file = try RecordingFile(options: options)
        compressor = options.zstdLevel.map { RecordingCompressor(level: $0) }
    }
}

// MARK: - The course of a recording

extension RecordingWriter {
    /// Opens the first file.
    func begin(_ now: RecorderTime) throws(RecorderError) {
        start = now
        if let code = open(now, room: 0) {
            let path = file.path.isEmpty ? options.directory : file.path
            if code == EEXIST { throw .exists(path: path) }
            throw .system(path: path, call: "open", code: code)
        }
    }

    /// Moves what waits. Returns false if there was nothing.
    func turn(_ now: RecorderTime) -> Bool {
        if isDone { return discard() }
        if let retryAt, now.monotonic >= retryAt { resume(now) }
        look(at: now)
        var isBusy = false
        for inlet in inlets {
            let run = inlet.waiting(most: Self.turnBytes)
            guard !run.isEmpty, !isDone else { continue }
            isBusy = true
            inlet.advance(move(run, now))
        }
        file.reap()
        if file.isOpen, file.failure != nil { suspend(now) }
        publishOpenFile()
        return isBusy
    }

    /// After the end the inlets are emptied all the same: what comes is no loss of the recorder's.
    private func discard() -> Bool {
        var isBusy = false
        for inlet in inlets {
            let run = inlet.waiting(most: Self.turnBytes)
            var at = 0
            while at < run.count {
                at += Int(run.loadUnaligned(fromByteOffset: at + 4, as: UInt32.self))
                report.packetsAfterEnd += 1
            }
            inlet.advance(run.count)
            isBusy = isBusy || !run.isEmpty
        }
        return isBusy
    }

    /// Writes what the inlets still hold and closes the file.
    func end(_ now: RecorderTime) {
        while turn(now) {}
        if file.isOpen { close(now) }
        isDone = true
    }

    /// Puts whole blocks into the file. Returns how many bytes of `run` were moved.
    private func move(_ run: UnsafeRawBufferPointer, _ now: RecorderTime) -> Int {
        var at = 0
        while at < run.count {
            let length = Int(run.loadUnaligned(fromByteOffset: at + 4, as: UInt32.self))
            let block = UnsafeRawBufferPointer(rebasing: run[at..<(at + length)])
            at += length
            guard file.isOpen else {
                report.unwrittenPackets += 1
                continue
            }
            put(block, packets: 1)
            filePackets += 1
            if file.failure != nil { suspend(now) }
            checkCounts(now)
            if isDone { break }
        }
        return at
    }

    private func put(_ block: UnsafeRawBufferPointer, packets: UInt64) {
        guard let compressor else { return file.append(block, packets: packets) }
        if !compressor.append(block, packets: packets) {
            flushCompressor(isEnd: false)
            _ = compressor.append(block, packets: packets)
        }
    }

    private func flushCompressor(isEnd: Bool) {
        compressor?.flush(isEnd: isEnd) { bytes, packets in file.append(bytes, packets: packets) }
    }

    /// What ends a file or the recording by counting, after each packet.
    private func checkCounts(_ now: RecorderTime) {
        if let most = options.autostop.packets, packetsSoFar >= most {
            return stop("the number of packets is reached", now)
        }
        guard file.isOpen else { return }
        if let most = options.rotation.packets, filePackets >= most { return rotate(now) }
        if let most = options.rotation.bytes, file.size >= most { return rotate(now) }
        if let most = options.autostop.bytes, file.size >= most {
            if options.rotation.isOff { return stop("the file size is reached", now) }
            return rotate(now)
        }
        if let limit = options.diskLimitBytes { makeRoom(limit, now) }
    }

    /// Packets in finished files and in the open one.
    private var packetsSoFar: UInt64 { report.writtenPackets + filePackets }

    /// What happens by time.
    private func look(at now: RecorderTime) {
        if let most = options.autostop.seconds, seconds(from: start, to: now) >= most {
            return stop("the duration is over", now)
        }
        if file.isOpen, isRotationTime(now) { rotate(now) }
        guard file.isOpen else { return }
        if elapsed(lastStatistics, now, options.statisticsSeconds) {
            appendStatistics(now, isEnd: false)
        }
        if elapsed(lastFlush, now, options.flushSeconds) {
            flushCompressor(isEnd: false)
            file.flush()
            lastFlush = now.monotonic
        }
    }

    private func isRotationTime(_ now: RecorderTime) -> Bool {
        if let most = options.rotation.seconds, seconds(from: fileStart, to: now) >= most {
            return true
        }
        guard let interval = options.rotation.intervalSeconds else { return false }
        let nanoseconds = interval * 1_000_000_000
        return now.utc / nanoseconds > fileStart.utc / nanoseconds
    }

    private func seconds(from: RecorderTime, to: RecorderTime) -> Double {
        Double(to.monotonic - from.monotonic) / 1e9
    }

    private func elapsed(_ since: UInt64, _ now: RecorderTime, _ seconds: Double) -> Bool {
        Double(now.monotonic - since) / 1e9 >= seconds
    }

    private func publishOpenFile() {
        report.openFilePackets = file.isOpen ? filePackets : 0
        report.openFileBytes = file.isOpen ? file.size : 0
        report.path = file.isOpen ? file.path : nil
    }
}

// MARK: - Files

extension RecordingWriter {
    /// Opens the next file and writes its head. Returns nil, or errno.
    private func open(_ now: RecorderTime, room: UInt64) -> Int32? {
        let isFirst = report.files == 0 && sequence == 0
        let triesMax: UInt64 = 1000
        for attempt in 1...triesMax {
            let name = RecorderName.make(
                options.namePattern, sequence: sequence + attempt, interfaces: interfaceNames,
                utcNanoseconds: now.utc, isCompressed: compressor != nil)
            let path = options.directory + "/" + name
            let code = file.open(
                path: path, overwrites: options.overwrites, direct: options.usesDirectIO,
                room: room)
            // Later files give way to what is there already; the first one is the user's word.
            if code == EEXIST, !isFirst, attempt < triesMax { continue }
            if let code { return code }
            sequence += attempt
            break
        }
        if options.usesDirectIO, !file.isDirect, !hasSaidIndirect {
            hasSaidIndirect = true
            onAlarm("\(options.directory): no direct I/O here: writing through the page cache")
        }
        report.files += 1
        fileStart = now
        filePackets = 0
        lastStatistics = now.monotonic
        lastFlush = now.monotonic
        writeHead()
        return nil
    }

    private func writeHead() {
        scratch.removeAll(keepingCapacity: true)
        var writer = PcapngWriter(
            comment: options.comment, hardware: options.hardware,
            operatingSystem: options.operatingSystem, userApplication: options.userApplication,
            to: &scratch)
        for inlet in inlets {
            writer.appendInterface(
                name: inlet.name, linkType: inlet.linkType, snapLength: options.snapLength,
                filter: inlet.filter, to: &scratch)
        }
        pcapng = writer
        compressor?.begin()
        scratch.withUnsafeBytes { put($0, packets: 0) }
    }

    private func appendStatistics(_ now: RecorderTime, isEnd: Bool) {
        guard let pcapng else { return }
        lastStatistics = now.monotonic
        scratch.removeAll(keepingCapacity: true)
        for inlet in inlets {
            var statistics = PcapngStatistics()
            // In this order: what is dropped was taken before.
            let dropped = inlet.dropped
            let taken = inlet.taken
            statistics.comment =
                "dropped by recorder: \(dropped); not written, all interfaces: "
                + "\(report.unwrittenPackets)"
            statistics.startTimeNanoseconds = start.utc
            if isEnd { statistics.endTimeNanoseconds = now.utc }
            if let readings = inlet.readings?(taken) {
                statistics.received = readings.receivedByInterface
                statistics.dropped = readings.droppedByInterface
                statistics.filterAccepted = readings.receivedByFilter
                statistics.droppedByOperatingSystem = readings.droppedByKernel
            }
            statistics.delivered = taken &- dropped
            pcapng.appendStatistics(
                statistics, interface: inlet.index, timeNanoseconds: now.utc, to: &scratch)
        }
        scratch.withUnsafeBytes { put($0, packets: 0) }
    }

    /// Ends the open file; what could not be written of it is counted.
    private func close(_ now: RecorderTime) {
        if file.failure == nil { appendStatistics(now, isEnd: true) }
        flushCompressor(isEnd: true)
        let (packets, bytes) = file.finish()
        report.writtenPackets += packets
        report.unwrittenPackets += filePackets - packets
        if let code = file.failure { noteTrouble(code) }
        filePackets = 0
        publishOpenFile()
        if packets == 0, file.failure != nil {
            unlink(file.path)
            report.files -= 1
            return
        }
        report.writtenBytes += bytes
        finished.append((file.path, bytes))
        finishedBytes += bytes
        report.paths.append(file.path)
    }

    private func rotate(_ now: RecorderTime) {
        close(now)
        if let most = options.autostop.files, report.files >= most {
            return stop("the number of files is reached", now)
        }
        // The file to be opened counts too.
        while let kept = options.rotation.keptFiles, finished.count >= kept { deleteOldest() }
        var code = file.failure
        if code == nil { code = open(now, room: 0) }
        if let code {
            noteTrouble(code)
            retryLater(now)
        }
    }

    private func deleteOldest() {
        guard !finished.isEmpty else { return }
        let (path, bytes) = finished.removeFirst()
        finishedBytes -= bytes
        if unlink(path) != 0 {
            onAlarm("\(path): cannot be deleted: \(String(cString: strerror(errno)))")
        }
        report.deletedFiles += 1
        report.paths.removeAll { $0 == path }
    }

    private func makeRoom(_ limit: UInt64, _ now: RecorderTime) {
        // What the end of the file will add.
        let used = file.size + UInt64(inlets.count * Self.statisticsBytes)
        while finishedBytes + used >= limit, !finished.isEmpty { deleteOldest() }
        if used >= limit { stop("the disk limit is reached", now) }
    }

    private func stop(_ reason: String, _ now: RecorderTime) {
        if file.isOpen { close(now) }
        report.stopReason = reason
        isDone = true
    }
}

// MARK: - Trouble with the disk

extension RecordingWriter {
    private func noteTrouble(_ code: Int32) {
        guard !report.isFailing else { return }
        report.isFailing = true
        report.errors += 1
        let text = String(cString: strerror(code))
        onAlarm(
            "\(file.path): \(text): packets are counted, not written, until the disk takes them")
    }

    /// The open file has failed: closes it, and tries again later.
    private func suspend(_ now: RecorderTime) {
        let code = file.failure
        close(now)
        if code == ENOSPC, options.diskLimitBytes != nil { deleteOldest() }
        retryLater(now)
    }

    private func retryLater(_ now: RecorderTime) {
        retryAt = now.monotonic + UInt64(options.retrySeconds * 1e9)
    }

    private func resume(_ now: RecorderTime) {
        if open(now, room: options.resumeBytes) != nil {
            if options.diskLimitBytes != nil { deleteOldest() }
            return retryLater(now)
        }
        retryAt = nil
        report.isFailing = false
        onAlarm(
            "\(file.path): recording again; not written so far: \(report.unwrittenPackets) packets")
    }
}
