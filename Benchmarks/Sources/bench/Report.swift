import CReference
import Foundation

/// The host, as every report begins with it.
struct Host: Encodable {
    let processor: String
    let cores: Int
    let kernel: String
    let swift: String
    let governor: String
    let hugePages: String

    init() {
        let information = Self.read("/proc/cpuinfo")
        let model = information.split(separator: "\n").first { $0.hasPrefix("model name") }
        processor =
            model?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
            ?? "unknown"
        cores = ProcessInfo.processInfo.activeProcessorCount
        kernel = Self.read("/proc/sys/kernel/osrelease")
        swift = ProcessInfo.processInfo.environment["BENCH_TOOLCHAIN"] ?? "unknown"
        let frequency = "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"
        governor = Self.read(frequency).isEmpty ? "none" : Self.read(frequency)
        hugePages = Self.read("/sys/kernel/mm/transparent_hugepage/shmem_enabled")
    }

    private static func read(_ path: String) -> String {
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

/// Prints outcomes as lines for people, or one JSON object a line.
struct Report {
    let isJSON: Bool
    private let encoder = JSONEncoder()

    init(isJSON: Bool) {
        self.isJSON = isJSON
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    }

    func printHost(_ host: Host, settings: Settings) throws {
        if isJSON {
            print(String(decoding: try encoder.encode(["host": host]), as: UTF8.self))
        } else {
            print("\(host.processor), \(host.cores) cores, Linux \(host.kernel)")
            print(host.swift)
            print(
                "\(settings.repetitions) interleaved repetitions: median, least in brackets;"
                    + " both sides for the same processor")
        }
    }

    func printOutcome(_ outcome: Outcome) throws {
        defer { fflush(nil) }
        if isJSON {
            print(String(decoding: try encoder.encode(outcome), as: UTF8.self))
            return
        }
        let parameters = outcome.parameters.map { "\($0.name) \($0.value)" }
        print("\n\(outcome.benchmark): \(outcome.title)")
        if !parameters.isEmpty { print("  " + parameters.joined(separator: ", ")) }
        printSeries(outcome.ours, unit: outcome.unit, ratio: nil)
        for reference in outcome.references {
            printSeries(reference.series, unit: outcome.unit, ratio: reference.ratio)
        }
        for target in outcome.targets {
            print(
                "  \(target.isMet ? "met   " : "MISSED") \(target.text): \(short(target.reached))")
        }
        for one in outcome.reconciliations {
            print("  \(one.isExact ? "exact " : "WRONG ") \(one.text)")
        }
        for note in outcome.notes { print("  note   \(note)") }
    }

    /// The first row is the head.
    func printTable(_ rows: [[String]]) {
        guard !isJSON, let head = rows.first else { return }
        print()
        for (index, row) in rows.enumerated() {
            print("| " + row.joined(separator: " | ") + " |")
            if index == 0 { print("|" + head.map { _ in "---|" }.joined()) }
        }
    }

    private func printSeries(_ series: Series, unit: String, ratio: Double?) {
        var line = "  " + series.name.padding(toLength: 24, withPad: " ", startingAt: 0)
        line += String(format: "%9.2f [%.2f] ns/%@", series.median, series.least, unit)
        if let ratio { line += String(format: "  ours takes %.2f of it", ratio) }
        if let allocations = series.allocations { line += "  allocations \(allocations)" }
        if let count = series.instructions { line += String(format: "  instructions %.0f", count) }
        if let hash = series.hash { line += "  hash \(hash)" }
        print(line)
        guard !series.figures.isEmpty else { return }
        let figures = series.figures.sorted { $0.key < $1.key }
            .map { "\($0.key) \(short($0.value))" }
        print("  " + String(repeating: " ", count: 24) + figures.joined(separator: ", "))
    }
}
