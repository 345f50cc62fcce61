import CReference
import Handler
import Ticks
import Wire

extension Benchmark {
    static let frames = Benchmark(
        name: "frames", summary: "a pcap of both lines in memory: frames, arbitration, ticks"
    ) { settings in
        let day = try CapturedDay(
            messages: settings.size(full: 4_000_000, quick: 500_000), seed: settings.seed,
            fillsPackets: true)
        let path = FramePath(day)
        let hash = try path.digest()
        let series = try interleave(
            [
                Subject(name: "tapeline") { try path.run(hash: hash) },
                Subject(name: "bare C loop, no writes") { try path.runReference() },
            ], repetitions: settings.repetitions)
        var outcome = Outcome(
            "frames", "pcap in memory to ticks: capture file, headers, arbitration, decoding",
            unit: "message",
            parameters: day.parameters + [("batch", "up to 8,192 ticks (512 KiB)")], series)
        outcome.notes = [
            "each message is in the file twice; the C loop checks neither checksums nor the bytes of"
                + " the second copy"
        ]
        return [outcome]
    }
}

extension CoreConfiguration {
    /// One ITCH channel with two lines.
    static func oneChannel(buildsBooks: Bool) -> CoreConfiguration {
        CoreConfiguration(
            channels: [ChannelConfiguration(name: "itch", feedProtocol: .itch50)],
            tradingDay: Settings.date, instrumentCapacity: 16_384, buildsBooks: buildsBooks)
    }
}

/// Counts the allocations of the second half of a run by looking at every batch.
final class SteadyState {
    private let half: UInt64
    private var atHalf: UInt64?
    private var newest: UInt64 = 0

    /// `ticks` is what the whole run will come to.
    init(ticks: Int) { half = UInt64(ticks) / 2 }

    @inline(__always)
    func note(_ position: UInt64) {
        guard position >= half else { return }
        newest = reference_allocations()
        if atHalf == nil { atHalf = newest }
    }

    var allocations: UInt64? { atHalf.map { newest - $0 } }
}

/// The core over a capture file in memory.
final class FramePath {
    private let day: CapturedDay
    private var ticks = 0

    init(_ day: CapturedDay) { self.day = day }

    func run(hash: UInt64) throws -> Sample {
        let steady = SteadyState(ticks: ticks)
        let output = BufferOutput(batchCapacity: 8192) { _, position in steady.note(position) }
        let core = try FeedCore(configuration: .oneChannel(buildsBooks: false), output: output)
        let decoder = OfflineDecoder(core: core)
        let reader = try CaptureReader(bytes: day.pcap)
        var sample = try timed(count: 2, units: day.messages) { range in
            guard range.lowerBound == 0 else { return core.finish() }
            try decoder.decode(.capture(reader), path: "memory")
        }
        sample.allocations = steady.allocations
        sample.hash = hash
        sample.figures["nsPerPacket"] =
            sample.nanoseconds * Double(day.messages) / Double(day.packets)
        guard Int(output.position) == ticks, Int(decoder.report.packetsRead) == day.packets else {
            throw BenchmarkError.differs("not every packet or tick came through")
        }
        return sample
    }

    /// Of all ticks, in a run of its own.
    func digest() throws -> UInt64 {
        var digest = TickDigest()
        let output = BufferOutput(batchCapacity: 8192) { ticks, _ in digest.add(ticks) }
        let core = try FeedCore(configuration: .oneChannel(buildsBooks: false), output: output)
        try OfflineDecoder(core: core).decode(
            .capture(try CaptureReader(bytes: day.pcap)), path: "memory")
        core.finish()
        ticks = digest.count
        return digest.value
    }

    func runReference() throws -> Sample {
        var result = reference_frames_result()
        var sample = timed(count: 2, units: day.messages) { range in
            guard range.lowerBound == 0 else { return }
            result = day.pcap.withUnsafeBytes {
                reference_read_frames($0.bindMemory(to: UInt8.self).baseAddress, $0.count)
            }
        }
        guard Int(result.messages) == day.messages, Int(result.packets) == day.packets else {
            throw BenchmarkError.differs("the bare C loop found \(result.messages) messages")
        }
        sample.hash = result.sum
        sample.allocations = nil
        sample.figures["nsPerPacket"] =
            sample.nanoseconds * Double(day.messages) / Double(day.packets)
        return sample
    }
}
