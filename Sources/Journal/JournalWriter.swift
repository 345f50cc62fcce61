import Glibc
public import Ticks

/// How a journal is cut into segments and blocks.
public struct JournalOptions: Equatable, Sendable {
    /// A segment that has reached this size is followed by another one.
    public var segmentBytesMax: UInt64 = 256 << 20
    /// The same by age.
    public var segmentDurationNanosecondsMax: UInt64 = 3_600_000_000_000
    /// Ticks in a block, 1 … 65,536.
    public var blockTicksMax = 32_768
    /// zstd's level, −7 … 19 without 0. Measured on a simulated ITCH day, in bytes a tick, ns a
    /// tick to encode, ns a tick to decode: level 1 4.8, 59, 24; level 3 4.9, 78, 25. Columns have
    /// few repetitions to find, so higher levels gain nothing.
    public var compressionLevel: Int32 = 1
    /// Bytes that may wait in memory for a sync; then `append` syncs by itself.
    public var unsyncedBytesMax = 64 << 20

    public init() {}

    func validate() throws(JournalError) {
        guard (1...TickColumns.ticksMax).contains(blockTicksMax) else {
            throw .option(name: "blockTicksMax", allowed: "1 … \(TickColumns.ticksMax)")
        }
        guard (-7...19).contains(compressionLevel), compressionLevel != 0 else {
            throw .option(name: "compressionLevel", allowed: "−7 … 19 without 0")
        }
        guard segmentBytesMax >= 1 << 12 else {
            throw .option(name: "segmentBytesMax", allowed: "at least 4096")
        }
        guard unsyncedBytesMax >= 1 << 12 else {
            throw .option(name: "unsyncedBytesMax", allowed: "at least 4096")
        }
    }
}

/// What every segment begins with, so that it stands alone.
public struct SegmentPreamble: Sendable {
    public var definitions: JournalDefinitions
    /// Ticks flagged *snapshot* that rebuild the books.
    public var image: [Tick]

    public init(definitions: JournalDefinitions, image: [Tick] = []) {
        self.definitions = definitions
        self.image = image
    }
}

/// Writes a journal. Sans-thread and sans-clock: one thread owns it and tells it the time.
///
/// What was closed into blocks waits in memory until a sync has succeeded, so that after an error
/// the same call can simply be made again: the same bytes go to the same place.
public final class JournalWriter {
    let storage: any JournalStorage
    let options: JournalOptions
    private var identity: JournalIdentity
    private let preamble: (_ position: UInt64) -> SegmentPreamble
    private let encoder: BlockEncoder
    private let states = ChannelStateTable()
    /// Ticks that are in no block yet.
    private let buffer: UnsafeMutablePointer<Tick>
    private var buffered = 0
    private var segment: OpenSegment?
    private var nextSegmentNumber: UInt64
    private var finished = false

    /// Position behind the last tick taken.
    public private(set) var nextPosition: UInt64
    /// Everything below this position survives a crash.
    public private(set) var syncedPosition: UInt64
    /// Counters since this writer was opened.
    public private(set) var statistics = JournalWriterStatistics()

    /// The storage's lock must be held; `open` is the way in.
    init(
        storage: any JournalStorage, identity: JournalIdentity, options: JournalOptions,
        recovered: RecoveredJournal, preamble: @escaping (_ position: UInt64) -> SegmentPreamble
    ) {
        self.storage = storage
        self.options = options
        self.identity = identity
        self.preamble = preamble
        encoder = BlockEncoder(
            ticksMax: options.blockTicksMax, level: options.compressionLevel)
        buffer = .zeroed(capacity: options.blockTicksMax)
        nextSegmentNumber = recovered.nextSegmentNumber
        nextPosition = recovered.nextPosition
        syncedPosition = recovered.nextPosition
        for state in recovered.definitions.states { states.set(state) }
    }

    deinit {
        segment?.close()
        free(buffer)
        if !finished { storage.unlock() }
    }

    /// Takes the directory's lock, brings what a crash left behind in order, and goes on behind it.
    ///
    /// - Parameter preamble: called whenever a segment begins, with the position at which it does:
    ///   all ticks below have been appended, none from there on.
    public static func open(
        storage: any JournalStorage, identity: JournalIdentity,
        options: JournalOptions = JournalOptions(),
        preamble: @escaping (_ position: UInt64) -> SegmentPreamble
    ) throws(JournalError) -> (writer: JournalWriter, recovered: RecoveredJournal) {
        try options.validate()
        do throws(StorageError) {
            try storage.lock()
        } catch {
            // EWOULDBLOCK
            if error.code == 11 { throw .locked }
            throw .storage(error)
        }
        do throws(JournalError) {
            let recovered = try JournalRecovery(storage: storage).run()
            let writer = JournalWriter(
                storage: storage, identity: identity, options: options, recovered: recovered,
                preamble: preamble)
            return (writer, recovered)
        } catch {
            storage.unlock()
            throw error
        }
    }

    /// Takes ticks whose positions begin at `firstPosition`, which must be `nextPosition`.
    ///
    /// All or nothing: if this throws, none was taken, and the call can be repeated. An error while
    /// blocks are written in passing is left to `sync`.
    ///
    /// - Parameter now: ns since the Unix epoch, UTC.
    public func append(
        _ ticks: UnsafeBufferPointer<Tick>, firstPosition: UInt64, now: UInt64
    ) throws(JournalError) {
        try prepare(firstPosition: firstPosition, now: now)
        guard let start = ticks.baseAddress else { return }
        var done = 0
        while done < ticks.count {
            let count = min(ticks.count - done, options.blockTicksMax - buffered)
            (buffer + buffered).update(from: start + done, count: count)
            buffered += count
            done += count
            nextPosition += UInt64(count)
            if buffered == options.blockTicksMax { closeBlock() }
        }
    }

    /// Takes definitions that the ticks appended from here on refer to. Channel states among them
    /// replace what the writer derived from the ticks.
    public func appendDefinitions(
        _ definitions: JournalDefinitions, now: UInt64
    ) throws(JournalError) {
        try prepare(firstPosition: nextPosition, now: now)
        closeBlock()
        for state in definitions.states { states.set(state) }
        appendDefinitionBlocks(definitions)
        flushInPassing()
    }

    /// Notes that the positions of `range`, which must begin at `nextPosition`, were not recorded.
    public func appendMissing(_ range: Range<UInt64>, now: UInt64) throws(JournalError) {
        guard !range.isEmpty else { return }
        try prepare(firstPosition: range.lowerBound, now: now)
        closeBlock()
        var header = BlockHeader(kind: .missing)
        header.firstPosition = range.lowerBound
        header.endPosition = range.upperBound
        nextPosition = range.upperBound
        appendBlock(UnsafeRawBufferPointer(start: nil, count: 0), &header)
        statistics.missing += UInt64(range.count)
        flushInPassing()
    }

    /// Makes a block of the ticks that wait for one. Never fails; writing it may, in `sync`.
    public func closeBlock() {
        guard buffered > 0, let segment else { return }
        let ticks = UnsafeBufferPointer(start: buffer, count: buffered)
        var header = BlockHeader(kind: .ticks)
        header.firstPosition = nextPosition - UInt64(buffered)
        header.endPosition = nextPosition
        header.noteTimes(ticks)
        header.channels = states.advance(over: ticks)
        let before = segment.pending.count
        segment.begin(&header)
        encoder.append(ticks, header: &header, to: segment.pending)
        segment.note(header)
        statistics.blocks += 1
        statistics.ticks += UInt64(buffered)
        statistics.tickBytes += UInt64(segment.pending.count - before)
        buffered = 0
        flushInPassing()
    }

    /// Makes every closed block durable.
    ///
    /// After an error, the call can be repeated: nothing is lost as long as the process lives.
    ///
    /// - Returns: `syncedPosition`, the position below which everything survives a crash.
    @discardableResult
    public func sync() throws(JournalError) -> UInt64 {
        guard let segment, segment.hasUnsynced else { return syncedPosition }
        let end = nextPosition - UInt64(buffered)
        try segment.sync(storage)
        statistics.syncs += 1
        syncedPosition = end
        return end
    }

    /// Closes the segment, with its index, and lets the next one begin. `identity`, if given,
    /// counts from there on (the trading day rolls).
    public func rotate(identity: JournalIdentity? = nil) throws(JournalError) {
        guard !finished else { throw .finished }
        closeBlock()
        if let segment {
            segment.appendIndex(encoder, endPosition: nextPosition)
            try sync()
            segment.close()
            self.segment = nil
        }
        if let identity { self.identity = identity }
    }

    /// Closes the last segment and gives up the directory. After an error it can be repeated.
    public func finish() throws(JournalError) {
        guard !finished else { return }
        try rotate()
        finished = true
        storage.unlock()
    }

    /// Everything that may fail, before anything is taken.
    private func prepare(firstPosition: UInt64, now: UInt64) throws(JournalError) {
        guard !finished else { throw .finished }
        guard firstPosition == nextPosition else {
            throw .position(expected: nextPosition, given: firstPosition)
        }
        if let segment {
            let age = now > segment.createdTime ? now - segment.createdTime : 0
            if segment.isComplete || segment.size >= options.segmentBytesMax
                || age >= options.segmentDurationNanosecondsMax
            {
                try rotate()
            } else if segment.pending.count >= options.unsyncedBytesMax {
                try sync()
            }
        }
        if segment == nil { beginSegment(now: now) }
    }

    private func beginSegment(now: UInt64) {
        let header = SegmentHeader(
            identity: identity, number: nextSegmentNumber, firstPosition: nextPosition,
            createdTime: now)
        nextSegmentNumber += 1
        segment = OpenSegment(header: header)
        statistics.segments += 1
        let body = ByteBuffer(capacity: 256)
        header.encode(to: body)
        var block = BlockHeader(kind: .segment)
        appendBlock(body.contents, &block)
        let preamble = preamble(nextPosition)
        for state in preamble.definitions.states { states.set(state) }
        var definitions = preamble.definitions
        definitions.states = states.all
        appendDefinitionBlocks(definitions)
        preamble.image.withUnsafeBufferPointer { image in
            var start = 0
            while start < image.count {
                let end = min(start + options.blockTicksMax, image.count)
                appendImage(UnsafeBufferPointer(rebasing: image[start..<end]))
                start = end
            }
        }
    }

    private func appendImage(_ ticks: UnsafeBufferPointer<Tick>) {
        guard let segment else { return }
        var header = BlockHeader(kind: .image)
        header.firstPosition = nextPosition
        header.endPosition = nextPosition
        header.noteTimes(ticks)
        segment.begin(&header)
        encoder.append(ticks, header: &header, to: segment.pending)
        segment.note(header)
    }

    private func appendDefinitionBlocks(_ definitions: JournalDefinitions) {
        DefinitionsCodec.encode(definitions) { body, entries in
            var header = BlockHeader(kind: .definitions)
            header.count = UInt32(entries)
            appendBlock(body, &header)
        }
    }

    /// Appends a block that holds no ticks.
    private func appendBlock(_ body: UnsafeRawBufferPointer, _ header: inout BlockHeader) {
        guard let segment else { return }
        if header.kind != .missing {
            header.firstPosition = nextPosition
            header.endPosition = nextPosition
        }
        segment.begin(&header)
        encoder.append(body, header: &header, to: segment.pending)
        segment.note(header)
    }

    /// Hands closed blocks to the system early; `sync` meets the same error if there is one.
    private func flushInPassing() {
        do throws(JournalError) { try segment?.flush(storage) } catch {
            statistics.errorsInPassing += 1
        }
    }
}

/// What a writer has done.
public struct JournalWriterStatistics: Equatable, Sendable {
    public var segments: UInt64 = 0
    public var blocks: UInt64 = 0
    public var ticks: UInt64 = 0
    /// Bytes of the blocks that hold these ticks, headers included.
    public var tickBytes: UInt64 = 0
    public var missing: UInt64 = 0
    public var syncs: UInt64 = 0
    /// Writes outside `sync` that failed and are tried again there.
    public var errorsInPassing: UInt64 = 0

    public init() {}
}
