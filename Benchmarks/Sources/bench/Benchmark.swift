import Foundation

/// What a run of the tool needs to know.
struct Settings {
    var isQuick = false
    var repetitions = 5
    var seed: UInt64 = 7
    /// Feeds to measure; all if empty.
    var feeds: [String] = []
    /// Processors for the two threads of what needs two.
    var processors = (0, 1)
    /// Where files may be put; removed in the end.
    var scratch: URL
    /// Where files may be put that are to stay in memory; removed in the end.
    var memory: URL
    /// The command-line tool, built as this one was.
    var tool: String?
    /// The interpreter that has the public packages; nil if `tools/peers` has not run.
    var python: String?
    /// The folder with the scripts that run public packages.
    var peers: URL

    static let date = "2019-12-30"

    func size(full: Int, quick: Int) -> Int { isQuick ? quick : full }
}

/// A figure that has to be reached.
struct Target: Encodable {
    let text: String
    let reached: Double
    let isMet: Bool

    static func atMost(_ limit: Double, _ reached: Double, _ text: String) -> Target {
        Target(text: "\(text) ≤ \(short(limit))", reached: reached, isMet: reached <= limit)
    }

    static func atLeast(_ limit: Double, _ reached: Double, _ text: String) -> Target {
        Target(text: "\(text) ≥ \(short(limit))", reached: reached, isMet: reached >= limit)
    }
}

/// One comparison: ours, and what it is measured against in the same run.
struct Outcome: Encodable {
    let benchmark: String
    let title: String
    /// What `samples`, `median` and `least` are per.
    let unit: String
    /// Sizes, in order: rings, batches, messages.
    var parameters: [Parameter]
    let ours: Series
    var references: [Reference] = []
    var targets: [Target] = []
    var notes: [String] = []
    /// Runs that lost packets, and who counted them.
    var reconciliations: [Reconciliation] = []

    struct Parameter: Encodable {
        let name: String
        let value: String
    }

    struct Reference: Encodable {
        let series: Series
        /// Our time over its time.
        let ratio: Double
    }

    init(
        _ benchmark: String, _ title: String, unit: String, parameters: [(String, String)],
        _ series: [Series]
    ) {
        self.benchmark = benchmark
        self.title = title
        self.unit = unit
        self.parameters = parameters.map { Parameter(name: $0.0, value: $0.1) }
        ours = series[0]
        references = series.dropFirst().map {
            Reference(series: $0, ratio: $0.median > 0 ? series[0].median / $0.median : 0)
        }
    }
}

struct Benchmark: Sendable {
    let name: String
    let summary: String
    let run: @Sendable (Settings) throws -> [Outcome]
    /// All outcomes at a glance, as Markdown, for people.
    let table: (@Sendable ([Outcome]) -> [[String]])?

    init(
        name: String, summary: String, table: (@Sendable ([Outcome]) -> [[String]])? = nil,
        run: @escaping @Sendable (Settings) throws -> [Outcome]
    ) {
        self.name = name
        self.summary = summary
        self.run = run
        self.table = table
    }

    static let all = [
        decode, protocols, books, frames, ring, roundTrip, journal, fileToJournal, latency,
        lossless,
    ]
}

func short(_ value: Double) -> String {
    if value == value.rounded(), abs(value) < 1e15 { return grouped(Int(value)) }
    return String(format: abs(value) < 10 ? "%.2f" : "%.1f", value)
}

/// 1234567 as 1,234,567.
func grouped(_ value: Int) -> String {
    var text = String(abs(value))
    var index = text.count - 3
    while index > 0 {
        text.insert(",", at: text.index(text.startIndex, offsetBy: index))
        index -= 3
    }
    return (value < 0 ? "-" : "") + text
}
