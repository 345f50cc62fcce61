import Capture
import Foundation

/// A run's report as text and as JSON.
public enum RunReportText {
    public static func text(_ report: RunReport) -> String {
        var lines = text(report.capture)
        if report.filePackets > 0 {
            lines.append(
                "packets from files: \(report.filePackets), of no line: \(report.fileUnmatched), "
                    + "no datagram: \(report.fileRejected), "
                    + "without trailer: \(report.fileWithoutTrailer)")
        }
        lines.append(TotalsReport.text(report.totals, nil))
        if let journal = report.journal {
            let ratio =
                journal.ticks > 0
                ? String(format: "%.2f", Double(journal.tickBytes) / Double(journal.ticks)) : "-"
            lines.append(
                "journal: ticks \(journal.ticks), bytes a tick \(ratio), blocks \(journal.blocks), "
                    + "segments \(journal.segments), syncs \(journal.syncs), "
                    + "not recorded \(journal.missing), "
                    + "waited \(report.journalWaitNanoseconds / 1_000_000) ms")
        }
        if let recording = report.recording { lines.append(text(recording)) }
        return lines.joined(separator: "\n")
    }

    private static func text(_ recording: RecorderStatistics) -> String {
        var text =
            "recording: packets \(recording.packets), files \(recording.files), "
            + "deleted \(recording.deletedFiles), dropped by recorder "
            + "\(recording.droppedByRecorder), not written \(recording.unwrittenPackets)"
        if let reason = recording.stopReason {
            text += ", stopped: \(reason), packets since \(recording.packetsAfterEnd)"
        }
        return text
    }

    /// With the names that `tapeline record --json` has.
    private static func object(_ recording: RecorderStatistics) -> [String: Any] {
        var object: [String: Any] = [
            "captured": recording.packets, "dropped_by_recorder": recording.droppedByRecorder,
            "not_written": recording.unwrittenPackets, "after_end": recording.packetsAfterEnd,
            "bytes": recording.writtenBytes, "files": recording.paths,
            "files_written": recording.files, "files_deleted": recording.deletedFiles,
            "disk_errors": recording.errors,
        ]
        if let reason = recording.stopReason { object["stopped"] = reason }
        return object
    }

    /// The four lines that tcpdump users know, then every counter that is not 0 by its own name.
    private static func text(_ capture: CaptureReport) -> [String] {
        guard !capture.sources.isEmpty else { return [] }
        let kernel = capture.lost(.kernel) + capture.lost(.driver)
        var lines = [
            "\(capture.captured) packets captured",
            "\(capture.captured + capture.keptOut + kernel) packets received by filter",
            "\(kernel) packets dropped by kernel",
            "\(capture.lost(.interface)) packets dropped by interface",
        ]
        for source in capture.sources {
            let counts = source.counts.map { "\($0.counter.description) \($0.value)" }
            if !counts.isEmpty {
                lines.append("  \(source.name): " + counts.joined(separator: ", "))
            }
        }
        for reading in capture.readings where reading.value > 0 {
            lines.append("  \(reading.place): \(reading.counter) \(reading.value)")
        }
        return lines
    }

    private static func object(_ capture: CaptureReport) -> [String: Any] {
        [
            "captured": capture.captured, "kept_out": capture.keptOut,
            "dropped_by_kernel": capture.lost(.kernel),
            "dropped_by_driver": capture.lost(.driver),
            "dropped_by_ring": capture.lost(.ring),
            "dropped_by_interface": capture.lost(.interface),
            "filtered": capture.lost(.filter),
            "sources": capture.sources.map { source in
                [
                    "name": source.name,
                    "counts": Dictionary(
                        uniqueKeysWithValues: source.counts.map {
                            ($0.counter.description, $0.value)
                        }),
                ] as [String: Any]
            },
            "readings": capture.readings.map {
                [
                    "place": "\($0.place)", "counter": $0.counter, "value": $0.value,
                    "lines": $0.lines,
                ] as [String: Any]
            },
        ]
    }

    public static func json(_ report: RunReport) -> String {
        let totals = Data(TotalsReport.json(report.totals, nil).utf8)
        var root = (try? JSONSerialization.jsonObject(with: totals)) as? [String: Any] ?? [:]
        root["datagrams"] = report.datagrams
        root["capture"] = object(report.capture)
        root["file_packets"] = report.filePackets
        root["file_unmatched"] = report.fileUnmatched
        root["file_rejected"] = report.fileRejected
        root["file_without_trailer"] = report.fileWithoutTrailer
        if let journal = report.journal {
            root["journal"] = [
                "ticks": journal.ticks, "tick_bytes": journal.tickBytes,
                "blocks": journal.blocks, "segments": journal.segments, "syncs": journal.syncs,
                "missing": journal.missing, "wait_ns": report.journalWaitNanoseconds,
                "overruns": report.journalOverruns,
            ]
        }
        if let recording = report.recording { root["record"] = object(recording) }
        let data = try? JSONSerialization.data(withJSONObject: root, options: [.sortedKeys])
        return data.map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}
