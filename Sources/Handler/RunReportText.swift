import Foundation

/// A run's report as text and as JSON.
public enum RunReportText {
    public static func text(_ report: RunReport) -> String {
        var lines = [
            "datagrams received: \(report.datagrams), dropped by kernel: \(report.kernelDrops), "
                + "cut: \(report.cutDatagrams)"
        ]
        if report.filePackets > 0 {
            lines.append(
                "packets from files: \(report.filePackets), of no line: \(report.fileUnmatched), "
                    + "no datagram: \(report.fileRejected)")
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
        return lines.joined(separator: "\n")
    }

    public static func json(_ report: RunReport) -> String {
        let totals = Data(TotalsReport.json(report.totals, nil).utf8)
        var root = (try? JSONSerialization.jsonObject(with: totals)) as? [String: Any] ?? [:]
        root["datagrams"] = report.datagrams
        root["kernel_drops"] = report.kernelDrops
        root["cut_datagrams"] = report.cutDatagrams
        root["file_packets"] = report.filePackets
        root["file_unmatched"] = report.fileUnmatched
        root["file_rejected"] = report.fileRejected
        if let journal = report.journal {
            root["journal"] = [
                "ticks": journal.ticks, "tick_bytes": journal.tickBytes,
                "blocks": journal.blocks, "segments": journal.segments, "syncs": journal.syncs,
                "missing": journal.missing, "wait_ns": report.journalWaitNanoseconds,
                "overruns": report.journalOverruns,
            ]
        }
        let data = try? JSONSerialization.data(withJSONObject: root, options: [.sortedKeys])
        return data.map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}
