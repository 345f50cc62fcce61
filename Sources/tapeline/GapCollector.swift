import Foundation
import Handler
import Ticks

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
        /// Loss counters that moved with it.
        var losses: [Loss] = []

        /// One entry for each line and place.
        var sums: [Loss] {
            var sums: [Loss] = []
            for loss in losses {
                if let index = sums.firstIndex(where: {
                    $0.line == loss.line && $0.place == loss.place
                }) {
                    sums[index].count += loss.count
                } else {
                    sums.append(loss)
                }
            }
            return sums
        }
    }

    /// A loss counter of a line that moved.
    struct Loss {
        var line: UInt8
        var place: DropPlace
        var count: UInt64
        var time: UInt64
        /// A gap has it.
        var isClaimed = false
    }

    private(set) var gaps: [Gap] = []
    private var epochs: [UInt16: UInt32] = [:]
    private var lastRecovered: [UInt16: UInt64] = [:]
    /// Losses of a channel that a gap may still claim.
    private var losses: [UInt16: [Loss]] = [:]

    /// Counters are looked at every 20 ms. A hole is declared when its window ends, some time after the
    /// packets were dropped; what was dropped last may be noticed after the declaration.
    private static let lossNanosecondsBefore: UInt64 = 1_000_000_000
    private static let lossNanosecondsAfter: UInt64 = 100_000_000

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
                    cause: GapCause(rawValue: tick.detail), declaredAt: tick.captureTime,
                    losses: lossesBefore(tick)))
        case .lineState:
            noteLoss(tick)
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

    /// What was lost shortly before a gap's declaration: by the counters' moves that no earlier gap has,
    /// or by the last ones where gaps share them.
    private func lossesBefore(_ gap: Tick) -> [Loss] {
        let recent = (losses[gap.channel] ?? []).filter {
            $0.time &+ Self.lossNanosecondsBefore >= gap.captureTime
        }
        let unclaimed = recent.filter { !$0.isClaimed }
        for index in (losses[gap.channel] ?? []).indices {
            losses[gap.channel]?[index].isClaimed = true
        }
        return unclaimed.isEmpty ? recent : unclaimed
    }

    private func noteLoss(_ tick: Tick) {
        guard tick.detail == LineStateDetail.dropped.rawValue,
            let place = DropPlace(rawValue: UInt8(truncatingIfNeeded: tick.extra))
        else { return }
        var loss = Loss(
            line: tick.line, place: place, count: UInt64(max(tick.quantity, 0)),
            time: tick.captureTime)
        var recent = losses[tick.channel] ?? []
        recent.removeAll { $0.time &+ Self.lossNanosecondsBefore < tick.captureTime }
        for index in gaps.indices.reversed() {
            guard gaps[index].declaredAt &+ Self.lossNanosecondsAfter >= loss.time else { break }
            guard gaps[index].channel == tick.channel else { continue }
            gaps[index].losses.append(loss)
            loss.isClaimed = true
        }
        losses[tick.channel] = recent + [loss]
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
            "counters that moved",
        ]
        let rows = gaps.map { gap in
            [
                String(gap.channel), String(gap.epoch), String(gap.id), String(gap.first),
                String(gap.first + gap.count - 1), String(gap.count),
                gap.cause.map { "\($0)" } ?? "?", state(gap), TickText.time(gap.declaredAt),
                gap.sums.isEmpty
                    ? "none"
                    : gap.sums.map { "line \($0.line) \($0.place) \($0.count)" }
                        .joined(separator: ", "),
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
                "counters": gap.sums.map {
                    ["line": $0.line, "place": "\($0.place)", "count": $0.count] as [String: Any]
                },
            ] as [String: Any]
        }
        let data = try? JSONSerialization.data(withJSONObject: rows, options: [.sortedKeys])
        return data.map { String(decoding: $0, as: UTF8.self) } ?? "[]"
    }
}
