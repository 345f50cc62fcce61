import ArgumentParser
import Books
import Foundation
import Handler
import Ticks

enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case jsonl
    case csv
    case npy
    case bbo
    case journal
    case tape
}

/// Where ticks go and as what; the same for every command that has ticks.
struct FormatOptions: ParsableArguments {
    @Option(name: .customLong("to"), help: "jsonl, csv, npy, bbo, journal or tape.")
    var format: OutputFormat = .jsonl

    @Option(name: .long, help: "File (journal: directory) to write; standard output if absent.")
    var out: String?

    @Flag(name: .long, help: "Replace the output file if it exists.")
    var force = false

    @Flag(name: .long, help: "ISO times and decimal prices.")
    var pretty = false

    @Flag(name: .long, help: "Print the content hash: equal for equal messages, however captured.")
    var hash = false

    @Option(name: .customLong("tape"), help: "Name of the tape for --to tape.")
    var tapeName: String?

    /// A sink for the text and array formats; nil for journal and tape.
    func fileSink(filter: TickFilter) throws -> (any TickSink)? {
        switch format {
        case .journal, .tape: return nil
        case .jsonl: return JSONLinesSink(file: try file(), filter: filter, isPretty: pretty)
        case .csv: return CSVSink(file: try file(), filter: filter, isPretty: pretty)
        case .bbo: return BBOSink(file: try file(), filter: filter, isPretty: pretty)
        case .npy: return try NPYSink(file: try file(), filter: filter)
        }
    }

    private func file() throws -> OutputFile { try OutputFile(path: out, force: force) }
}

/// Which ticks; the same options everywhere.
struct FilterOptions: ParsableArguments {
    @Option(name: .long, help: "First time: UTC nanoseconds, or ISO 8601.")
    var from: String?

    @Option(name: .customLong("to-time"), help: "Last time: UTC nanoseconds, or ISO 8601.")
    var toTime: String?

    @Option(name: .customLong("instrument"), help: "A symbol; may be repeated.")
    var instruments: [String] = []

    @Option(name: .customLong("kind"), help: "A kind of tick; may be repeated.")
    var kinds: [String] = []

    @Option(name: .customLong("channel"), help: "A channel id; may be repeated.")
    var channels: [UInt16] = []

    @Option(name: .long, help: "Stop after so many.")
    var limit: UInt64?

    func filter() throws -> TickFilter {
        var filter = TickFilter()
        filter.from = try from.map(Self.time)
        filter.to = try toTime.map(Self.time)
        filter.symbols = Set(instruments)
        filter.channels = Set(channels)
        filter.limit = limit
        for name in kinds {
            guard let kind = TickText.kind(named: name) else {
                let known = TickKind.allCases.map { "\($0)" }.joined(separator: ", ")
                throw CommandFailure(.usage, "--kind \(name): use one of \(known)")
            }
            filter.kinds.insert(kind)
        }
        return filter
    }

    static func time(_ text: String) throws -> UInt64 {
        if let nanoseconds = UInt64(text) { return nanoseconds }
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let fraction = parts.count == 2 ? parts[1].prefix { $0.isNumber } : ""
        let whole = parts[0].hasSuffix("Z") ? String(parts[0]) : parts[0] + "Z"
        guard fraction.count <= 9, let date = ISO8601DateFormatter().date(from: whole),
            date.timeIntervalSince1970 >= 0
        else {
            throw CommandFailure(
                .usage, "time '\(text)': use UTC nanoseconds or 2019-12-30T14:30:00.000000230Z")
        }
        let padded = fraction + String(repeating: "0", count: 9 - fraction.count)
        return UInt64(date.timeIntervalSince1970) * 1_000_000_000 + (UInt64(padded) ?? 0)
    }
}
