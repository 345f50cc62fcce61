import ArgumentParser
import Simulation
import Ticks

struct SimulateMDP3Command: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mdp3",
        abstract:
            "A channel of CME MDP 3.0 (schema version 9): the same seed gives the same bytes.",
        discussion: """
            Definitions, a snapshot of every book, then events of outright and implied levels, \
            orders, trades and statistics. --pcap writes a capture with lines A and B, --live sends \
            both lines by multicast. Faults of line B are as those of line A unless given.
            """)

    @Option(name: .long, help: "Events after the opening.")
    var events: Int = 100_000

    @Option(name: .long, help: "Futures; their spread is one more instrument.")
    var futures: Int = 4

    @Option(name: .long, help: "Seed of everything random.")
    var seed: UInt64 = 1

    @Option(name: .long, help: "Trading day YYYY-MM-DD.")
    var date: String = "2026-03-16"

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

    func validate() throws {
        guard events >= 0 else { throw ValidationError("--events counts from 0") }
        guard (1...800).contains(futures) else { throw ValidationError("1 to 800 --futures") }
    }

    func run() throws {
        do {
            try simulate()
        } catch {
            throw CommandFailure(error)
        }
    }

    private func simulate() throws {
        guard (pcap != nil) != live else {
            throw CommandFailure(.usage, "say one of --pcap FILE, --live")
        }
        let day = MDP3Day(
            MDP3DayConfiguration(
                events: events, futures: futures, seed: seed,
                date: try TradingDay(parsing: date)))
        var lines = FaultyLines(
            day, lines: [faults.lineA, faults.lineB], seed: seed &+ 0x5EED)
        let addresses = try network.addresses()
        if let pcap {
            try SimulatedLines.write(&lines, addresses, to: pcap, force: force)
        } else {
            try SimulatedLines.send(&lines, addresses, network)
        }
        if let truth { try TruthFile.write(lines.truth, path: truth, force: force) }
    }
}
