import ArgumentParser
import Foundation
import Handler
import Simulation
import Ticks
import Wire

struct SimulateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate", abstract: "A venue, from a seed: to files or to the network.",
        subcommands: [SimulateITCH50Command.self, SimulateMDP3Command.self])
}

struct SimulateITCH50Command: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "itch50",
        abstract: "A day of Nasdaq TotalView-ITCH 5.0: the same seed gives the same bytes.",
        discussion: """
            --out writes a message file, --pcap a capture with lines A and B, --live sends both \
            lines by multicast. Faults apply to --pcap and --live; those of line B are as those of \
            line A unless given.
            """)

    @Option(name: .long, help: "Messages of the day.")
    var messages: Int = 1_000_000

    @Option(name: .long, help: "Listed symbols.")
    var symbols: Int = 8000

    @Option(name: .long, help: "Seed of everything random.")
    var seed: UInt64 = 1

    @Option(name: .long, help: "Trading day YYYY-MM-DD.")
    var date: String = "2026-03-16"

    @Option(name: .long, help: "Message file to write.")
    var out: String?

    @Option(name: .long, help: "Capture file to write (pcap, nanoseconds).")
    var pcap: String?

    @Flag(name: .long, help: "Send to both multicast lines.")
    var live = false

    @Flag(name: .long, help: "Replace files that exist.")
    var force = false

    @OptionGroup var faults: FaultOptions
    @OptionGroup var network: SimulationNetworkOptions

    @Option(name: .long, help: "File for the ground truth (JSON): what was lost where.")
    var truth: String?

    func run() throws {
        do {
            try simulate()
        } catch {
            throw CommandFailure(error)
        }
    }

    private func simulate() throws {
        guard [out != nil, pcap != nil, live].filter({ $0 }).count == 1 else {
            throw CommandFailure(.usage, "say one of --out FILE, --pcap FILE, --live")
        }
        var day = try ITCH50Day(
            ITCH50DayConfiguration(
                messages: messages, symbols: symbols, seed: seed,
                date: try TradingDay(parsing: date)))
        if let out {
            try MessageFileWriter(path: out, overwrite: force).finish(with: &day)
            return
        }
        var settings = LinePacketizerConfiguration(
            session: MoldUDP64Encoder.session("TL\(String(seed % 100_000_000))"))
        settings.heartbeatNanoseconds = network.heartbeats ? 1_000_000_000 : nil
        let packetizer = LinePacketizer(day, configuration: settings)
        var lines = FaultyLines(
            packetizer, lines: [faults.lineA, faults.lineB], seed: seed &+ 0x5EED)
        let addresses = try network.addresses()
        if let pcap {
            try SimulatedLines.write(&lines, addresses, to: pcap, force: force)
        } else {
            try SimulatedLines.send(&lines, addresses, network)
        }
        if let truth { try TruthFile.write(lines.truth, path: truth, force: force) }
    }
}

/// Faults of the two lines.
struct FaultOptions: ParsableArguments {
    @Option(name: .customLong("loss"), help: "Loss probability of line A.")
    var loss: Double = 0
    @Option(name: .customLong("loss-b"), help: "Of line B.")
    var lossB: Double?
    @Option(name: .customLong("duplicate"), help: "Duplication probability of line A.")
    var duplicate: Double = 0
    @Option(name: .customLong("duplicate-b"), help: "Of line B.")
    var duplicateB: Double?
    @Option(name: .customLong("reorder"), help: "Reordering probability of line A.")
    var reorder: Double = 0
    @Option(name: .customLong("reorder-b"), help: "Of line B.")
    var reorderB: Double?
    @Option(name: .customLong("delay"), help: "Delay of line A in microseconds.")
    var delayMicroseconds: Double = 5
    @Option(name: .customLong("delay-b"), help: "Of line B.")
    var delayMicrosecondsB: Double?

    private func faults(
        _ loss: Double, _ duplicate: Double, _ reorder: Double, _ delay: Double
    ) -> LineFaults {
        var faults = LineFaults()
        faults.lossProbability = loss
        faults.duplicationProbability = duplicate
        faults.reorderProbability = reorder
        faults.delayNanoseconds = UInt64(max(delay, 0) * 1000)
        return faults
    }

    var lineA: LineFaults { faults(loss, duplicate, reorder, delayMicroseconds) }
    var lineB: LineFaults {
        faults(
            lossB ?? loss, duplicateB ?? duplicate, reorderB ?? reorder,
            delayMicrosecondsB ?? delayMicroseconds)
    }

    func validate() throws {
        for value in [loss, lossB ?? 0, duplicate, duplicateB ?? 0, reorder, reorderB ?? 0]
        where !(0...1).contains(value) {
            throw ValidationError("probabilities are from 0 to 1, not \(value)")
        }
    }
}

/// Where a simulated venue sends, and how fast.
struct SimulationNetworkOptions: ParsableArguments {
    @Option(name: .customLong("group-a"), help: "GROUP:PORT of line A, IPv4 or IPv6.")
    var groupA: String = "239.192.1.1:26400"
    @Option(name: .customLong("group-b"), help: "GROUP:PORT of line B.")
    var groupB: String = "239.192.2.1:26401"
    @Option(name: .long, help: "Interface to send through.")
    var interface: String = "lo"
    @Option(name: .long, help: "Packets a second, both lines together; 0 is as fast as possible.")
    var rate: Double?
    @Option(name: .long, help: "Multiple of the simulated pace, if no --rate is given.")
    var speed: Double = 1
    @Flag(name: .customLong("heartbeats"), inversion: .prefixedNo, help: "Heartbeats when idle.")
    var heartbeats = true

    var pace: SendingPace {
        guard let rate else { return .simulated(speed: speed) }
        return rate > 0 ? .packetsPerSecond(rate) : .unlimited
    }

    /// IPv6 groups may stand in brackets. The senders only stand in captures: live, they are the
    /// host's own.
    func addresses() throws -> [LineAddress] {
        try [groupA, groupB].enumerated().map { index, text in
            guard let colon = text.lastIndex(of: ":"),
                let port = UInt16(text[text.index(after: colon)...]),
                let group = IPAddress(
                    text[..<colon].trimmingCharacters(in: CharacterSet(charactersIn: "[]"))),
                group.isMulticast
            else { throw CommandFailure(.usage, "'\(text)': use GROUP:PORT of a multicast group") }
            let number = index + 1
            return LineAddress(
                group: group.description, port: port,
                source: group.isV4 ? "10.192.\(number).10" : "fd00:192:\(number)::10")
        }
    }
}

/// What a simulation did to its lines, for checkers.
enum TruthFile {
    static func write(_ truth: LineTruth, path: String, force: Bool) throws {
        func ranges(_ ranges: [Range<UInt64>]) -> [[UInt64]] {
            ranges.map { [$0.lowerBound, $0.upperBound] }
        }
        let root: [String: Any] = [
            "messages": truth.messages, "data_packets": truth.dataPackets,
            "heartbeats": truth.heartbeats, "lost_everywhere": ranges(truth.lostEverywhere),
            "lost_everywhere_messages": truth.lostEverywhereMessages,
            "lines": truth.lines.map { line in
                [
                    "arrived": line.arrived, "lost": line.lost, "duplicated": line.duplicated,
                    "reordered": line.reordered, "lost_messages": line.lostMessages,
                ] as [String: Any]
            },
        ]
        let data = try JSONSerialization.data(withJSONObject: root, options: [.sortedKeys])
        let file = try OutputFile(path: path, force: force)
        try file.write(Array(data) + [10])
    }
}
