import ArgumentParser
import Foundation

@main
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measures Tapeline beside bare C and public packages.",
        discussion: Benchmark.all.map { "\($0.name): \($0.summary)" }.joined(separator: "\n"))

    @Argument(help: "Benchmarks to run; all if none is named.")
    var names: [String] = []

    @Flag(help: "One JSON object a line.")
    var json = false

    @Flag(help: "A tenth of the work or less: to see that it runs, not to quote.")
    var quick = false

    @Option(help: "How often each side runs.")
    var repetitions: Int?

    @Option(help: "Seed of the simulated day.")
    var seed: UInt64 = 7

    @Option(parsing: .upToNextOption, help: "protocols: feeds to measure; all if none is named.")
    var feeds: [String] = []

    @Option(help: "The two processors for what needs two, such as 0,1.")
    var processors = "0,1"

    @Option(help: "Folder with the scripts that run public packages.")
    var peers = "peers"

    @Option(help: "Python interpreter that has the public packages.")
    var python: String?

    func validate() throws {
        guard processorPair != nil else {
            throw ValidationError("--processors takes two numbers, such as 0,1")
        }
        guard repetitions ?? 1 >= 1 else {
            throw ValidationError("--repetitions takes 1 or more")
        }
    }

    private var processorPair: (Int, Int)? {
        let numbers = processors.split(separator: ",").compactMap { Int($0) }
        return numbers.count == 2 ? (numbers[0], numbers[1]) : nil
    }

    func run() throws {
        let chosen = try names.isEmpty ? Benchmark.all : names.map(Self.find)
        let scratch = try Scratch()
        defer { scratch.remove() }
        var settings = Settings(
            scratch: scratch.disk, memory: scratch.memory, peers: URL(filePath: peers))
        settings.isQuick = quick
        settings.repetitions = repetitions ?? (quick ? 3 : 5)
        settings.seed = seed
        settings.feeds = feeds
        settings.processors = processorPair ?? (0, 1)
        settings.python = python
        settings.tool =
            Bundle.main.executableURL?
            .deletingLastPathComponent().appending(path: "tapeline").path
        try checkAllocationCounters()
        let report = Report(isJSON: json)
        try report.printHost(Host(), settings: settings)
        for benchmark in chosen {
            let outcomes = try benchmark.run(settings)
            for outcome in outcomes { try report.printOutcome(outcome) }
            if let table = benchmark.table, !outcomes.isEmpty { report.printTable(table(outcomes)) }
        }
    }

    private static func find(_ name: String) throws -> Benchmark {
        guard let benchmark = Benchmark.all.first(where: { $0.name == name }) else {
            throw BenchmarkError.unknownBenchmark(name, known: Benchmark.all.map(\.name))
        }
        return benchmark
    }
}
