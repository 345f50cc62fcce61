import CReference
import Capture
import Foundation

extension Benchmark {
    static let lossless = Benchmark(
        name: "lossless",
        summary: "highest rate without loss through `tapeline run` with books and journal, each"
            + " source beside tcpdump, and what counted the losses above it (root)",
        table: table
    ) { settings in
        guard let wire = try VirtualWire.make(for: "lossless", settings) else { return [] }
        return try (settings.isQuick ? [200] : [200, 1000]).flatMap { bytes in
            let plan = LosslessPlan(settings)
            let trials = LosslessTrials(wire: wire, frameBytes: bytes, settings: settings)
            let other = try LosslessSearch(plan, trials, TcpdumpReceiver()).run()
            return try [CaptureMethod.xdp, .packet, .uring, .socket, .pcap].map { method in
                let ours = try LosslessSearch(plan, trials, HandlerReceiver(method, settings)).run()
                return try outcome(method, bytes, plan, wire, ours, other)
            }
        }
    }

    @Sendable
    private static func table(_ outcomes: [Outcome]) -> [[String]] {
        var rows = [
            ["frames", "", "packets/s", "of tcpdump's", "sender's most", "all losses counted"]
        ]
        var frames = ""
        for outcome in outcomes {
            let other = outcome.references[0].series
            // The same one beside all sources.
            if outcome.parameters[0].value != frames {
                frames = outcome.parameters[0].value
                rows.append([frames] + cells(other, ratio: "", isExact: ""))
            }
            let isExact = outcome.reconciliations.allSatisfy(\.isExact)
            let ratio = rate(other) > 0 ? rate(outcome.ours) / rate(other) : 0
            rows.append(
                [""]
                    + cells(
                        outcome.ours, ratio: String(format: "%.2f", ratio),
                        isExact: isExact ? "yes" : "NO"))
        }
        return rows
    }

    private static func rate(_ series: Series) -> Double { series.figures["packets/s"] ?? 0 }

    private static func cells(_ series: Series, ratio: String, isExact: String) -> [String] {
        [
            series.name, short(rate(series)), ratio,
            short(series.figures["sender's most"] ?? 0), isExact,
        ]
    }

    private static func outcome(
        _ method: CaptureMethod, _ bytes: Int, _ plan: LosslessPlan, _ wire: VirtualWire,
        _ ours: LosslessResult, _ other: LosslessResult
    ) throws -> Outcome {
        var outcome = Outcome(
            "lossless",
            "\(method.rawValue), \(bytes)-byte packets: time of one at the highest rate"
                + " without loss", unit: "packet",
            parameters: [
                (
                    "frames",
                    "\(reference_flow_add_bytes(bytes)) and \(reference_flow_delete_bytes(bytes))"
                        + " bytes"
                ),
                ("searches", "1"), ("confirmed over", "\(short(plan.confirmationSeconds)) s"),
                ("found over", "\(short(plan.stepSeconds)) s a step"),
                ("buffers", "\(LosslessTrials.bufferBytes >> 20) MiB, files in memory"),
                ("sender and the kernel's receive path on processor", "\(wire.processors.sender)"),
                ("core, journal and control thread, or tcpdump, on", "\(wire.processors.receiver)"),
            ],
            [
                try Series(name: "tapeline, \(method.rawValue)", [ours.sample]),
                try Series(name: "tcpdump -w", [other.sample]),
            ])
        let ratio = other.rate > 0 ? ours.rate / other.rate : 0
        if method == .xdp || method == .packet {
            outcome.targets = [.atLeast(0.8, ratio, "rate over tcpdump's")]
        } else {
            outcome.notes.append("rate over tcpdump's: \(short(ratio))")
        }
        for (name, result) in [("tapeline", ours), ("tcpdump", other)] {
            if result.isSenderBound {
                outcome.notes.append("\(name) lost nothing as fast as the sender goes")
            }
            if result.rate == 0 { outcome.notes.append("\(name): no rate was confirmed") }
        }
        outcome.reconciliations = ours.reconciliations
        return outcome
    }
}

/// How long things are tried: a whole run stays below six minutes, also on a host that is busy.
struct LosslessPlan {
    let steps: Int
    let stepSeconds: Double
    let confirmationSeconds: Double
    /// After so long a search halves its interval no more, and after half as long again it lowers the
    /// rate no more.
    let searchSecondsMax: Double
    /// A rate that is not confirmed is lowered by these, one after the other.
    let retreats = [0.95, 0.9, 0.85, 0.8, 0.7]

    init(_ settings: Settings) {
        steps = settings.isQuick ? 3 : 6
        stepSeconds = settings.isQuick ? 0.3 : 0.7
        confirmationSeconds = settings.isQuick ? 0.6 : 3
        searchSecondsMax = settings.isQuick ? 5 : 18
    }
}

/// What the search for a rate came to.
struct LosslessResult {
    /// Packets a second, as achieved; 0 if none was confirmed.
    var rate: Double
    /// The sender at full speed, with this receiver at the other end.
    var senderRate: Double
    var isSenderBound: Bool
    var reconciliations: [Reconciliation]

    var sample: Sample {
        var sample = Sample(nanoseconds: rate > 0 ? 1e9 / rate : 0)
        sample.figures = ["packets/s": rate.rounded(), "sender's most": senderRate.rounded()]
        return sample
    }
}

/// Finds the highest rate of one receiver by bisection.
struct LosslessSearch {
    private let plan: LosslessPlan
    private let trials: LosslessTrials
    private let receiver: any LosslessReceiver

    init(_ plan: LosslessPlan, _ trials: LosslessTrials, _ receiver: any LosslessReceiver) {
        self.plan = plan
        self.trials = trials
        self.receiver = receiver
    }

    func run() throws -> LosslessResult {
        let start = reference_now()
        let full = try trials.run(receiver, rate: nil, seconds: plan.stepSeconds)
        var reconciliations = [full.reconciliation("at full speed")]
        var low = 0.0
        var high = full.rate
        if full.isLossless {
            low = high
        } else {
            for _ in 0..<plan.steps where isWithin(plan.searchSecondsMax, since: start) {
                let middle = (low + high) / 2
                // What else the host does can only lower a rate: a loss must happen twice.
                let isLossless = try (0..<2).contains { _ in
                    try trials.run(receiver, rate: middle, seconds: plan.stepSeconds).isLossless
                }
                if isLossless { low = middle } else { high = middle }
            }
        }
        let isSenderBound = full.isLossless
        var confirmed = 0.0
        for tries in 0...plan.retreats.count where low > 0 && confirmed == 0 {
            guard tries == 0 || isWithin(plan.searchSecondsMax * 1.5, since: start) else { break }
            let trial = try trials.run(
                receiver, rate: low, seconds: plan.confirmationSeconds)
            if trial.isLossless {
                confirmed = trial.rate
                reconciliations.insert(trial.reconciliation("confirmed"), at: 0)
            } else if tries < plan.retreats.count {
                low *= plan.retreats[tries]
            }
        }
        let above = confirmed * 1.5
        if above > 0, above < full.rate {
            let trial = try trials.run(receiver, rate: above, seconds: plan.stepSeconds)
            reconciliations.append(trial.reconciliation("at 1.5 times the rate"))
        }
        if full.isLossless {
            let trial = try trials.run(
                receiver, rate: nil, seconds: plan.stepSeconds, isHeldUp: true)
            reconciliations.append(trial.reconciliation("held up, at full speed"))
        }
        return LosslessResult(
            rate: confirmed, senderRate: full.rate, isSenderBound: isSenderBound && confirmed > 0,
            reconciliations: reconciliations)
    }
}

private func isWithin(_ seconds: Double, since start: UInt64) -> Bool {
    Double(reference_now() - start) < seconds * 1e9
}

/// Packets of one run, and every counter that says where some are.
struct Reconciliation: Encodable {
    let name: String
    /// Packets a second, as sent.
    let rate: Double
    let sent: UInt64
    /// Refused by the sender's interface, whose counter agrees: they never left.
    let notSent: UInt64
    let delivered: UInt64
    /// Packets that left and were not delivered; negative would be too many.
    let lost: Int64
    /// By place, each packet once.
    let counted: [String: UInt64]
    /// All of `lost` is in `counted`.
    let isExact: Bool

    var text: String {
        let places = counted.filter { $0.value > 0 }.sorted { $0.key < $1.key }
            .map { "\($0.key) \(grouped(Int($0.value)))" }
        return "\(name): \(grouped(Int(rate))) packets/s, sent \(grouped(Int(sent)))"
            + " − refused by the sender's interface \(grouped(Int(notSent)))"
            + " − delivered \(grouped(Int(delivered))) = lost \(grouped(Int(lost)));"
            + " counted: \(places.isEmpty ? "none" : places.joined(separator: ", "))"
    }
}
