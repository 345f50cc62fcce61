import ArgumentParser
import Foundation
import Handler
import Tape
import Ticks

struct GapsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gaps",
        abstract: "What is missing on a tape or in a journal: range, cause and state of every gap.",
        discussion: """
            A tape shows what its ring still holds; its journal shows the whole day. Exit code 1 if \
            a gap is open.
            """)

    @Argument(help: "Journal directory, or name of a tape.")
    var source: String

    @Flag(name: .long, help: "As JSON.")
    var json = false

    func run() throws {
        do {
            let collector = GapCollector()
            var isDirectory: ObjCBool = false
            if FileManager.default.fileExists(atPath: source, isDirectory: &isDirectory),
                isDirectory.boolValue
            {
                let journal = try JournalSource(directories: [source])
                try journal.run(into: collector)
                for range in journal.report.missing {
                    standardError("journal: positions \(range) were not recorded")
                }
            } else {
                try collect(tape: source, into: collector)
            }
            print(json ? collector.json() : collector.text())
            let open = collector.gaps.count { $0.filledAt == nil }
            if open > 0 { throw CommandFailure(.data, "\(open) gaps are open") }
        } catch {
            throw CommandFailure(error)
        }
    }

    private func collect(tape: String, into collector: GapCollector) throws {
        let reader = try TapeReader(name: tape, from: .oldest)
        let end = reader.publishedPosition
        let buffer = UnsafeMutableBufferPointer<Tick>.allocate(capacity: 8192)
        defer { buffer.deallocate() }
        if reader.position > reader.header.firstPosition {
            standardError("positions before \(reader.position) are in the journal only")
        }
        while reader.position < end {
            let position = reader.position
            switch reader.copy(into: buffer) {
            case .ticks(let count):
                try collector.write(
                    UnsafeBufferPointer(rebasing: UnsafeBufferPointer(buffer)[..<count]),
                    position: position)
            case .overrun: continue
            case .nothing, .ended, .superseded: return
            }
        }
    }
}

/// Gathers gaps from ticks.
final class GapCollector: TickSink {
    struct Gap {
        var channel: UInt16
        var epoch: UInt32
        var id: UInt32
        var first: UInt64
        var count: UInt64
        var cause: GapCause?
        var declaredAt: UInt64
        var filledAt: UInt64?
        /// Messages of it that came late.
        var recovered: UInt64 = 0
        /// Lines that brought them.
        var recoveredBy: Set<UInt8> = []
    }

    private(set) var gaps: [Gap] = []
    private var epochs: [UInt16: UInt32] = [:]
    private var lastRecovered: [UInt16: UInt64] = [:]

    func define(_ instrument: Instrument) throws {}
    func finish() throws {}

    func write(_ ticks: UnsafeBufferPointer<Tick>, position: UInt64) throws {
        for tick in ticks { take(tick) }
    }

    private func take(_ tick: Tick) {
        switch tick.tickKind {
        case .epoch:
            if tick.detail != EpochCause.end.rawValue { epochs[tick.channel] = tick.extra }
        case .gap:
            gaps.append(
                Gap(
                    channel: tick.channel, epoch: epochs[tick.channel] ?? 0, id: tick.extra,
                    first: tick.sequence, count: UInt64(max(tick.quantity, 0)),
                    cause: GapCause(rawValue: tick.detail), declaredAt: tick.captureTime))
        case .gapFilled:
            if let index = gaps.lastIndex(where: {
                $0.channel == tick.channel && $0.id == tick.extra
            }) {
                gaps[index].filledAt = tick.captureTime
            }
        default:
            if tick.has(.recovered) { noteRecovered(tick) }
        }
    }

    private func noteRecovered(_ tick: Tick) {
        // One message may be several ticks.
        if lastRecovered[tick.channel] == tick.sequence { return }
        lastRecovered[tick.channel] = tick.sequence
        guard
            let index = gaps.lastIndex(where: {
                $0.channel == tick.channel && $0.first <= tick.sequence
                    && tick.sequence < $0.first &+ $0.count
            })
        else { return }
        gaps[index].recovered += 1
        gaps[index].recoveredBy.insert(tick.line)
    }

    func text() -> String {
        if gaps.isEmpty { return "no gaps" }
        let head = [
            "channel", "epoch", "gap", "first", "last", "count", "cause", "state", "declared",
        ]
        let rows = gaps.map { gap in
            [
                String(gap.channel), String(gap.epoch), String(gap.id), String(gap.first),
                String(gap.first + gap.count - 1), String(gap.count),
                gap.cause.map { "\($0)" } ?? "?", state(gap), TickText.time(gap.declaredAt),
            ]
        }
        return TextTable.render([head] + rows)
    }

    private func state(_ gap: Gap) -> String {
        if gap.filledAt != nil { return "filled" }
        return gap.recovered > 0 ? "open, \(gap.recovered) recovered" : "open"
    }

    func json() -> String {
        let rows = gaps.map { gap in
            [
                "channel": gap.channel, "epoch": gap.epoch, "id": gap.id, "first": gap.first,
                "count": gap.count, "cause": gap.cause.map { "\($0)" } ?? "unknown",
                "state": gap.filledAt == nil ? "open" : "filled", "recovered": gap.recovered,
                "lines": gap.recoveredBy.sorted(), "declared_at": gap.declaredAt,
                "filled_at": gap.filledAt ?? 0,
            ] as [String: Any]
        }
        let data = try? JSONSerialization.data(withJSONObject: rows, options: [.sortedKeys])
        return data.map { String(decoding: $0, as: UTF8.self) } ?? "[]"
    }
}

/// Columns of text, right-aligned where all below the head is numbers.
enum TextTable {
    static func render(_ rows: [[String]]) -> String {
        guard let head = rows.first else { return "" }
        let widths = head.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        let numeric = head.indices.map { column in
            rows.dropFirst().allSatisfy { $0[column].allSatisfy { $0.isNumber || $0 == "." } }
        }
        return rows.map { row in
            row.indices.map { column in
                let padding = String(repeating: " ", count: widths[column] - row[column].count)
                return numeric[column] ? padding + row[column] : row[column] + padding
            }
            .joined(separator: "  ").trimmingTrailingSpaces
        }
        .joined(separator: "\n")
    }
}

extension String {
    fileprivate var trimmingTrailingSpaces: String {
        var text = self
        while text.hasSuffix(" ") { text.removeLast() }
        return text
    }
}
