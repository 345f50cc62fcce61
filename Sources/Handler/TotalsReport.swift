import Foundation
import Lines
import Wire

/// The totals of a run as text and as JSON.
public enum TotalsReport {
    public static func text(_ totals: CoreTotals, _ input: OfflineDecoder.Report?) -> String {
        var lines: [String] = []
        if let input {
            lines.append("packets read: \(input.packetsRead)")
            for (reason, count) in input.rejected.sorted(by: { $0.key.rawValue < $1.key.rawValue })
            {
                lines.append("  no datagram, \(reason): \(count)")
            }
            if input.unmatched > 0 { lines.append("  of no configured line: \(input.unmatched)") }
        }
        for (reason, count) in totals.transportRejections.sorted(by: { "\($0.key)" < "\($1.key)" })
        where count > 0 {
            lines.append("  not of the transport, \(reason): \(count)")
        }
        for channel in totals.channels { lines += text(channel) }
        lines.append(
            "ticks: \(totals.ticks), instruments: \(totals.instruments), "
                + "live orders: \(totals.liveOrders)")
        lines += text(totals)
        return lines.joined(separator: "\n")
    }

    private static func text(_ channel: CoreTotals.Channel) -> [String] {
        let total = channel.total
        var lines = [
            "channel \(channel.name): epochs \(channel.epochs), delivered \(total.delivered), "
                + "duplicate \(total.duplicate), stale \(total.stale), lost \(total.lost), "
                + "gaps \(total.gaps) (filled \(total.gapsFilled)), recovered \(total.recovered), "
                + "rejected \(total.rejected), late \(total.late)"
        ]
        if total.unsequenced + total.unsequencedDuplicate > 0 {
            lines.append(
                "  without sequence: \(total.unsequenced), "
                    + "duplicate \(total.unsequencedDuplicate)")
        }
        for line in channel.lines where line.status.packets > 0 {
            let status = line.status
            lines.append(
                "  line \(line.name): packets \(status.packets), messages \(status.messages), "
                    + "first with \(status.wins), duplicate \(status.duplicates), "
                    + "lost \(status.lost), out of order \(status.outOfOrder), "
                    + "stale \(status.stale)")
        }
        let types = channel.decoder.messages.map { "\($0.name) \($0.count)" }
        lines.append("  messages by type: " + types.joined(separator: ", "))
        if channel.decoder.unknownType + channel.decoder.unexpectedLength > 0 {
            lines.append(
                "  not decoded: unknown type \(channel.decoder.unknownType), "
                    + "unexpected length \(channel.decoder.unexpectedLength)")
        }
        return lines
    }

    private static func text(_ totals: CoreTotals) -> [String] {
        let books = totals.books
        let findings: [(String, UInt64)] = [
            ("unknown orders", books.unknownOrder),
            ("replacements of unknown orders", books.unknownReplace),
            ("duplicate order references", books.duplicateOrder),
            ("excess quantities", books.excessQuantity),
            ("impossible values", books.impossibleValue),
            ("over capacity", books.capacityExceeded),
            ("late, not applied", books.lateNotApplied),
            ("events timed out", books.eventsTimedOut),
        ]
        let present = findings.filter { $0.1 > 0 }.map { "\($0.0) \($0.1)" }
        return present.isEmpty ? [] : ["books: " + present.joined(separator: ", ")]
    }

    /// One JSON object; counts that are 0 stay in, so that programs need no defaults.
    public static func json(_ totals: CoreTotals, _ input: OfflineDecoder.Report?) -> String {
        var root: [String: Any] = [
            "ticks": totals.ticks, "instruments": totals.instruments,
            "live_orders": totals.liveOrders,
            "trailing_byte_packets": totals.trailingBytePackets,
            "transport_rejections": Dictionary(
                uniqueKeysWithValues: totals.transportRejections.map { ("\($0.key)", $0.value) }),
            "channels": totals.channels.map(object),
            "books": [
                "unknown_order": totals.books.unknownOrder,
                "unknown_replace": totals.books.unknownReplace,
                "duplicate_order": totals.books.duplicateOrder,
                "excess_quantity": totals.books.excessQuantity,
                "impossible_value": totals.books.impossibleValue,
                "capacity_exceeded": totals.books.capacityExceeded,
                "late_not_applied": totals.books.lateNotApplied,
                "events_timed_out": totals.books.eventsTimedOut,
            ],
        ]
        if let input {
            root["packets_read"] = input.packetsRead
            root["unmatched"] = input.unmatched
            root["packet_rejections"] = Dictionary(
                uniqueKeysWithValues: input.rejected.map { ("\($0.key)", $0.value) })
            root["truncations"] = input.truncations.map {
                ["path": $0.path, "offset": $0.truncation.byteOffset] as [String: Any]
            }
        }
        let data = try? JSONSerialization.data(withJSONObject: root, options: [.sortedKeys])
        return data.map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    private static func object(_ channel: CoreTotals.Channel) -> [String: Any] {
        let total = channel.total
        let types = Dictionary(
            channel.decoder.messages.map { ($0.name, $0.count) }, uniquingKeysWith: +)
        return [
            "name": channel.name, "epochs": channel.epochs, "received": total.received,
            "delivered": total.delivered, "duplicate": total.duplicate, "stale": total.stale,
            "rejected": total.rejected, "late": total.late, "lost": total.lost,
            "gaps": total.gaps, "gaps_filled": total.gapsFilled, "recovered": total.recovered,
            "mismatches": total.mismatches, "unsequenced": total.unsequenced,
            "unsequenced_duplicate": total.unsequencedDuplicate, "messages_by_type": types,
            "unknown_type": channel.decoder.unknownType,
            "unexpected_length": channel.decoder.unexpectedLength,
            "lines": channel.lines.map { line in
                [
                    "name": line.name, "packets": line.status.packets,
                    "messages": line.status.messages, "wins": line.status.wins,
                    "duplicates": line.status.duplicates, "stale": line.status.stale,
                    "lost": line.status.lost, "out_of_order": line.status.outOfOrder,
                    "rejected": line.status.rejected, "unsequenced": line.status.unsequenced,
                    "skew_ns_log2": line.status.skew,
                ] as [String: Any]
            },
        ]
    }
}
