import CReference
import Foundation
import Handler
import Journal
import Ticks
import Wire

extension Benchmark {
    static let journal = Benchmark(
        name: "journal", summary: "ticks to a journal in memory and back, and bytes a tick"
    ) { settings in
        let ticks = try RecordedTicks(
            messages: settings.size(full: 4_000_000, quick: 500_000), seed: settings.seed)
        let path = JournalPath(ticks)
        var encoding = [Subject(name: "tapeline") { try path.encode() }]
        var decoding = [Subject(name: "tapeline") { try path.decode() }]
        var notes: [String] = []
        var peer: PeerProcess?
        if let python = settings.python {
            let file = settings.scratch.appending(path: "ticks.bin")
            try ticks.write(to: file)
            let script = settings.peers.appending(path: "dbn_zstd.py")
            let process = try PeerProcess(
                python: python, script: script, arguments: [file.path])
            encoding.append(Subject(name: process.name) { try process.run() })
            decoding.append(
                Subject(name: process.name) {
                    var sample = try process.run()
                    sample.nanoseconds = sample.figures["decode"] ?? 0
                    return sample
                })
            peer = process
        } else {
            notes.append("databento-dbn (PyPI) is not here: tools/peers installs it")
        }
        defer { peer?.stop() }
        let encoded = try interleave(encoding, repetitions: settings.repetitions)
        let decoded = try interleave(decoding, repetitions: settings.repetitions)
        guard encoded[0].hash == decoded[0].hash else {
            throw BenchmarkError.differs("the journal gives other ticks than it was given")
        }
        let parameters = [
            ("ticks", grouped(ticks.count)), ("block", "32,768 ticks"), ("zstd", "level 1"),
        ]
        var first = Outcome(
            "journal", "encode: ticks to blocks in memory", unit: "tick", parameters: parameters,
            encoded)
        first.targets = [.atMost(60, first.ours.median, "ns a tick")]
        if let own = encoded[0].figures["bytesPerTick"], encoded.count > 1,
            let other = encoded[1].figures["bytesPerTick"]
        {
            first.targets.append(.atMost(0.45, own / other, "of DBN's bytes a tick"))
            notes.append(
                "DBN: the same ticks as MBO records, zstd level 3, in one frame; both without the ticks that"
                    + " MBO has no record for")
        }
        first.notes = notes
        var second = Outcome(
            "journal", "decode: blocks in memory to ticks", unit: "tick", parameters: parameters,
            decoded)
        second.targets = [.atMost(15, second.ours.median, "ns a tick")]
        second.notes = ["hash: of all ticks, before and after; DBN: zstd alone, no record touched"]
        return [first, second]
    }

    static let fileToJournal = Benchmark(
        name: "file-to-journal", summary: "a message file on disk to a journal on disk, with books"
    ) { settings in
        let day = try SimulatedDay(
            messages: settings.size(full: 10_000_000, quick: 1_000_000), seed: settings.seed)
        let file = settings.scratch.appending(path: "day.itch")
        try day.write(to: file)
        let path = FileToJournalPath(
            file: file.path, scratch: settings.scratch, messages: day.messages,
            bytes: day.byteCount)
        let raw = settings.scratch.appending(path: "raw.zst").path
        let series = try interleave(
            [
                Subject(name: "tapeline") { try path.run() },
                Subject(name: "bare C, fields and zstd") {
                    var written: UInt64 = 0
                    var sample = timed(count: 2, units: day.messages) { range in
                        guard range.lowerBound == 0 else { return }
                        written = reference_record_file(
                            day.blocks.bindMemory(to: UInt8.self).baseAddress, day.byteCount, raw)
                    }
                    guard written > 0 else {
                        throw BenchmarkError.differs("\(raw): \(String(cString: strerror(errno)))")
                    }
                    sample.allocations = nil
                    path.addRates(&sample, written: written)
                    return sample
                },
            ], repetitions: settings.repetitions)
        var outcome = Outcome(
            "file-to-journal",
            "message file through decoder and books to a synced journal, one thread",
            unit: "message", parameters: day.parameters + [("batch", "up to 8,192 ticks")], series)
        outcome.notes = [
            "bare C: 64-byte records of the messages' bytes, zstd level 1, written and synced; no books,"
                + " no columns"
        ]
        return [outcome]
    }
}

/// The finished ticks of a simulated day, as a tape carried them: those that DBN has a record for, so
/// that both sides hold the same.
final class RecordedTicks {
    private(set) var ticks: [Tick] = []
    private(set) var instruments: [Instrument] = []
    /// From `add` to `trade`.
    private static let marketByOrder = TickKind.add.rawValue...TickKind.trade.rawValue

    init(messages: Int, seed: UInt64) throws {
        let day = try CapturedDay(messages: messages, seed: seed, fillsPackets: false)
        ticks.reserveCapacity(messages * 5 / 4)
        let output = BufferOutput(
            batchCapacity: 8192, define: { _ in },
            consume: { [unowned self] batch, _ in
                for tick in batch where Self.marketByOrder.contains(tick.kind) {
                    self.ticks.append(tick)
                }
            })
        let core = try FeedCore(configuration: .oneChannel(buildsBooks: true), output: output)
        try OfflineDecoder(core: core).decode(
            .capture(try CaptureReader(bytes: day.pcap)), path: "memory")
        core.finish()
        instruments = core.directory.entries
    }

    var count: Int { ticks.count }

    func write(to url: URL) throws {
        try ticks.withUnsafeBytes { try Data($0).write(to: url) }
    }
}

/// Ticks into a journal in memory and out of it.
final class JournalPath {
    /// Ticks of one append: what a core publishes at a time.
    private static let batch = 512
    private let recorded: RecordedTicks
    private let hash: UInt64
    private var storage = MemoryStorage()

    init(_ recorded: RecordedTicks) {
        self.recorded = recorded
        var digest = TickDigest()
        recorded.ticks.withUnsafeBufferPointer { digest.add($0) }
        hash = digest.value
    }

    func encode() throws -> Sample {
        storage = MemoryStorage()
        let definitions = JournalDefinitions(instruments: recorded.instruments)
        var options = JournalOptions()
        options.segmentBytesMax = 1 << 30
        options.unsyncedBytesMax = 1 << 20
        // The simulated day is thin: with a segment an hour, definitions would outweigh its ticks.
        options.segmentDurationNanosecondsMax = .max
        let (writer, _) = try JournalWriter.open(
            storage: storage,
            identity: JournalIdentity(
                tradingDay: 20_191_230, generation: 1, configHash: 0, feeds: ["itch"]),
            options: options
        ) { _ in SegmentPreamble(definitions: definitions) }
        let count = recorded.count
        var sample = try recorded.ticks.withUnsafeBufferPointer { ticks in
            try timed(count: count, units: count) { range in
                var at = range.lowerBound
                while at < range.upperBound {
                    let end = min(at + Self.batch, range.upperBound)
                    try writer.append(
                        UnsafeBufferPointer(rebasing: ticks[at..<end]), firstPosition: UInt64(at),
                        now: ticks[at].captureTime)
                    at = end
                }
                if range.upperBound == count { writer.closeBlock() }
            }
        }
        try writer.finish()
        sample.hash = hash
        sample.figures["bytesPerTick"] = Double(storage.byteCount) / Double(count)
        return sample
    }

    func decode() throws -> Sample {
        if storage.byteCount == 0 { _ = try encode() }
        let reader = try JournalReader(storage: storage)
        let count = recorded.count
        var seen = 0
        var sample = try timed(count: count, units: count) { range in
            while seen < range.upperBound {
                guard let event = try reader.next() else { return }
                if case .ticks(_, let ticks) = event { seen += ticks.count }
            }
        }
        guard seen == count else { throw BenchmarkError.differs("the journal has \(seen) ticks") }
        sample.hash = try digest()
        return sample
    }

    private func digest() throws -> UInt64 {
        var digest = TickDigest()
        let reader = try JournalReader(storage: storage)
        while let event = try reader.next() {
            if case .ticks(_, let ticks) = event { digest.add(ticks) }
        }
        return digest.value
    }
}

/// A message file through the core into a journal of files.
final class FileToJournalPath {
    private let file: String
    private let scratch: URL
    private let messages: Int
    private let bytes: Int
    private var ticks = 0
    private var runs = 0

    init(file: String, scratch: URL, messages: Int, bytes: Int) {
        self.file = file
        self.scratch = scratch
        self.messages = messages
        self.bytes = bytes
    }

    func run() throws -> Sample {
        runs += 1
        let directory = scratch.appending(path: "journal-\(runs)")
        defer { try? FileManager.default.removeItem(at: directory) }
        let (writer, _) = try JournalWriter.open(
            storage: try FileStorage(path: directory.path, create: true),
            identity: JournalIdentity(
                tradingDay: 20_191_230, generation: 1, configHash: 0, feeds: ["itch"])
        ) { _ in SegmentPreamble(definitions: JournalDefinitions()) }
        let steady = SteadyState(ticks: ticks)
        var digest = TickDigest()
        var failure: JournalError?
        let output = BufferOutput(batchCapacity: 8192) { ticks, position in
            do throws(JournalError) {
                try writer.append(ticks, firstPosition: position, now: ticks[0].exchangeTime)
            } catch {
                failure = error
            }
            steady.note(position)
            if let last = ticks.last { digest.add(last.exchangeTime ^ last.orderID) }
        }
        let core = try FeedCore(configuration: .oneChannel(buildsBooks: true), output: output)
        let decoder = OfflineDecoder(core: core)
        var sample = try timed(count: 2, units: messages) { range in
            guard range.lowerBound == 0 else { return try writer.finish() }
            try decoder.decode(path: file)
            core.finish()
        }
        if let failure { throw failure }
        sample.allocations = ticks > 0 ? steady.allocations : nil
        ticks = Int(output.position)
        sample.hash = digest.value
        addRates(&sample, written: writer.statistics.tickBytes)
        return sample
    }

    func addRates(_ sample: inout Sample, written: UInt64) {
        let seconds = sample.nanoseconds * Double(messages) / 1e9
        sample.figures["millionMessagesPerSecond"] = Double(messages) / seconds / 1e6
        sample.figures["megabytesPerSecondIn"] = Double(bytes) / seconds / 1e6
        sample.figures["megabytesOut"] = Double(written) / 1e6
    }
}
