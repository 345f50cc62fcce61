import Foundation
import Handler
import Journal

/// Journal reports as text and as JSON.
enum JournalText {
    static func verification(_ report: JournalReport) -> String {
        var lines: [String] = []
        for segment in report.segments {
            lines.append(
                "\(segment.name): \(segment.blocks) blocks, \(segment.ticks) ticks, "
                    + (segment.problems.isEmpty ? "ok" : "\(segment.problems.count) problems"))
            for problem in segment.problems {
                lines.append("  bytes \(problem.bytes): \(problem.reason)")
            }
        }
        for range in report.missing { lines.append("not recorded: positions \(range)") }
        for range in report.holes { lines.append("hole: positions \(range)") }
        for range in report.overlaps { lines.append("twice: positions \(range)") }
        lines.append(
            "\(report.ticks) ticks in \(report.segments.count) segments: "
                + (report.isIntact ? "intact" : "NOT INTACT"))
        return lines.joined(separator: "\n")
    }

    static func description(_ report: JournalReport) -> String {
        var lines: [String] = []
        for segment in report.segments {
            let day = segment.header?.identity.tradingDay ?? 0
            lines.append(
                "\(segment.name): day \(day), positions \(segment.positions), "
                    + "\(segment.ticks) ticks, \(segment.imageTicks) image ticks, "
                    + "\(segment.blocks) blocks, \(segment.bytes) bytes"
                    + (segment.isFinished ? "" : ", not finished"))
        }
        if let times = report.captureTimes {
            lines.append(
                "captured from \(TickText.time(times.lowerBound)) "
                    + "to \(TickText.time(times.upperBound))")
        }
        let ratio = report.bytesPerTick.map { String(format: "%.2f", $0) } ?? "-"
        lines.append(
            "\(report.ticks) ticks, \(report.bytes) bytes, \(ratio) bytes a tick, "
                + "\(report.definitions.instruments.count) instruments")
        for channel in report.definitions.channels {
            lines.append(
                "channel \(channel.id) \(channel.name): \(channel.venue) \(channel.protocolName)")
        }
        return lines.joined(separator: "\n")
    }

    static func json(_ report: JournalReport) -> String {
        func range(_ range: Range<UInt64>) -> [UInt64] { [range.lowerBound, range.upperBound] }
        let root: [String: Any] = [
            "intact": report.isIntact, "ticks": report.ticks, "bytes": report.bytes,
            "bytes_per_tick": report.bytesPerTick ?? 0, "blocks": report.blocks,
            "instruments": report.definitions.instruments.count,
            "missing": report.missing.map(range), "holes": report.holes.map(range),
            "overlaps": report.overlaps.map(range),
            "segments": report.segments.map { segment in
                [
                    "name": segment.name, "ticks": segment.ticks, "blocks": segment.blocks,
                    "bytes": segment.bytes, "image_ticks": segment.imageTicks,
                    "positions": range(segment.positions), "finished": segment.isFinished,
                    "problems": segment.problems.map {
                        ["bytes": range($0.bytes), "reason": "\($0.reason)"] as [String: Any]
                    },
                ] as [String: Any]
            },
        ]
        let data = try? JSONSerialization.data(withJSONObject: root, options: [.sortedKeys])
        return data.map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}
