import CReference
import Glibc

/// What one run of a subject came to.
struct Sample {
    /// Per unit of work; for latencies the median.
    var nanoseconds: Double
    /// Of the result: equal in every run, or the benchmark fails.
    var hash: UInt64?
    /// Calls of malloc and its kin by the whole process in steady state.
    var allocations: UInt64?
    /// Instructions a unit, where the processor counts them.
    var instructions: Double?
    /// Anything else worth telling: percentiles, bytes a tick, rates.
    var figures: [String: Double] = [:]
}

/// One of the things that are compared.
struct Subject {
    let name: String
    let run: () throws -> Sample
}

/// A subject's samples over all repetitions.
struct Series: Encodable {
    let name: String
    let samples: [Double]
    let median: Double
    let least: Double
    let hash: String?
    /// Most of any run.
    let allocations: UInt64?
    let instructions: Double?
    /// Medians.
    private(set) var figures: [String: Double]

    init(name: String, _ runs: [Sample]) throws(BenchmarkError) {
        self.name = name
        samples = runs.map(\.nanoseconds)
        median = Self.median(samples)
        least = samples.min() ?? 0
        let hashes = Set(runs.compactMap(\.hash))
        guard hashes.count <= 1 else { throw .unstable(name) }
        hash = hashes.first.map { "0x" + String($0, radix: 16) }
        allocations = runs.compactMap(\.allocations).max()
        let instructions = runs.compactMap(\.instructions)
        self.instructions = instructions.isEmpty ? nil : Self.median(instructions)
        let keys = Set(runs.flatMap(\.figures.keys))
        figures = Dictionary(
            uniqueKeysWithValues: keys.map { key in
                (key, Self.median(runs.compactMap { $0.figures[key] }))
            })
        // A median hides the one run that lost packets.
        if keys.contains("lost") {
            figures["lost most"] = runs.compactMap { $0.figures["lost"] }.max()
        }
    }

    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return 0 }
        return sorted.count % 2 == 1
            ? sorted[sorted.count / 2]
            : (sorted[sorted.count / 2 - 1] + sorted[sorted.count / 2]) / 2
    }
}

enum BenchmarkError: Error, CustomStringConvertible {
    case unstable(String)
    case differs(String)
    case peer(String)
    case unknownBenchmark(String, known: [String])
    case countersBroken(expected: UInt64, counted: UInt64)

    var description: String {
        switch self {
        case .unstable(let name): "\(name): two runs gave different results"
        case .differs(let what): "\(what)"
        case .peer(let what): "peer: \(what)"
        case .unknownBenchmark(let name, let known):
            "no benchmark '\(name)': there are \(known.joined(separator: ", "))"
        case .countersBroken(let expected, let counted):
            "the allocation counters saw \(counted) allocations where there were \(expected)"
        }
    }
}

/// Runs every subject once before any runs again: what disturbs the host disturbs all of them.
func interleave(_ subjects: [Subject], repetitions: Int) throws -> [Series] {
    var runs = subjects.map { _ in [Sample]() }
    for _ in 0..<repetitions {
        for (index, subject) in subjects.enumerated() { runs[index].append(try subject.run()) }
    }
    return try zip(subjects, runs).map { try Series(name: $0.name, $1) }
}

/// Instructions retired by the calling thread; nil where nobody counts them (most virtual machines).
final class InstructionCounter {
    private let descriptor: Int32

    init?() {
        descriptor = reference_instructions_open()
        if descriptor < 0 { return nil }
    }

    var value: UInt64 { reference_instructions_read(descriptor) }
}

/// Times `body` over both halves of `0..<count`. Allocations are counted in the second half, when
/// instruments have been met and tables have grown.
func timed(
    count: Int, units: Int, _ body: (Range<Int>) throws -> Void
) rethrows -> Sample {
    let counter = InstructionCounter()
    let instructions = counter?.value
    let start = reference_now()
    try body(0..<count / 2)
    let allocations = reference_allocations()
    try body(count / 2..<count)
    let end = reference_now()
    var sample = Sample(nanoseconds: Double(end - start) / Double(units))
    sample.allocations = reference_allocations() - allocations
    if let counter, let instructions {
        sample.instructions = Double(counter.value - instructions) / Double(units)
    }
    return sample
}

/// Proves that allocations are counted: those of Swift's runtime, of its pointers and of glibc.
func checkAllocationCounters() throws(BenchmarkError) {
    final class Box { var value = 0 }
    let before = reference_allocations()
    let ofThread = reference_thread_allocations()
    let box = Box()
    reference_keep(Unmanaged.passUnretained(box).toOpaque())
    let bytes = UnsafeMutableRawPointer.allocate(byteCount: 100, alignment: 64)
    reference_keep(bytes)
    let copy = strdup("tapeline")
    reference_keep(copy)
    let counted = min(
        reference_allocations() - before, reference_thread_allocations() - ofThread)
    withExtendedLifetime(box) {}
    bytes.deallocate()
    free(copy)
    guard counted == 3 else { throw .countersBroken(expected: 3, counted: counted) }
}
