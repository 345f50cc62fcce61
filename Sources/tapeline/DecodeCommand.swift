import ArgumentParser
import Books
import Handler
import Ticks
import Wire

struct DecodeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode",
        abstract: "Captures, message files or input logs through the whole pipeline, offline.",
        discussion: """
            Totals go to standard error. A file that is cut inside its last packet gives everything \
            before it, and exit code 1.
            """)

    @Argument(help: "pcap, pcapng, or a message file; zstd is looked into; - is standard input.")
    var files: [String]

    @Option(name: .long, help: "The feed, as `tapeline protocols` names it.")
    var feed: FeedProtocolArgument?

    @Option(name: .long, help: "Trading day YYYY-MM-DD; else the capture's day in New York.")
    var date: String?

    @Option(
        name: .customLong("line"),
        help: "GROUP:PORT of a line, in the order A, B, …; else every new destination is one.")
    var lines: [String] = []

    @Option(name: .customLong("window"), help: "How long a hole may wait, in milliseconds.")
    var windowMilliseconds: Double = 10

    @Flag(name: .customLong("verify-udp-checksum"), help: "Reject datagrams with wrong checksums.")
    var verifyUDPChecksum = false

    @Flag(name: .customLong("json"), help: "Totals as JSON.")
    var json = false

    @OptionGroup var formatOptions: FormatOptions
    @OptionGroup var filterOptions: FilterOptions

    func validate() throws {
        guard (0...3_600_000).contains(windowMilliseconds) else {
            throw ValidationError("--window is from 0 to 3600000 milliseconds")
        }
    }

    func run() throws {
        do {
            try decode()
        } catch {
            throw CommandFailure(error)
        }
    }
}

/// `FeedProtocol` as an option.
struct FeedProtocolArgument: ExpressibleByArgument {
    var value: FeedProtocol

    init?(argument: String) {
        guard let value = FeedProtocol(rawValue: argument) else { return nil }
        self.value = value
    }

    static var allValueStrings: [String] { FeedProtocol.allCases.map(\.rawValue) }
}
