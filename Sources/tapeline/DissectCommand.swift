import ArgumentParser
import Handler
import Protocols
import Wire

struct DissectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dissect",
        abstract: "Packets and every field of every message.",
        discussion: """
            The protocol is guessed from port, group and content of a destination's packets, or given. \
            Each field is printed with its offset in the payload, its bytes and its value. A message \
            that is malformed is shown as far as it can be read, and the exit code is 1.
            """)

    @Argument(help: "pcap, pcapng, or a message file; zstd is looked into; - is standard input.")
    var files: [String]

    @Option(
        name: .customLong("protocol"),
        help: "A feed that `tapeline protocols` lists, or a protocol, such as Pitch; else guessed.")
    var protocolName: String?

    @Flag(name: .long, help: "One JSON object a packet; with --summary, one a destination.")
    var json = false

    @Flag(name: .long, help: "Per destination: protocol, packets, messages by type, damage.")
    var summary = false

    @Option(name: .long, help: "Stop after so many packets of each file.")
    var limit: UInt64?

    func run() throws {
        do {
            try dissect()
        } catch {
            throw CommandFailure(error)
        }
    }

    private func dissect() throws {
        let dissection = FileDissection(feeds: try feeds())
        let output = try OutputFile(path: nil, force: false)
        var totals = DissectionSummary()
        for path in files {
            var left = limit ?? .max
            if left == 0 { break }
            try dissection.dissect(path: path) { record in
                totals.add(record)
                if !summary {
                    try output.append { bytes in
                        if json {
                            DissectionJSON.append(record, to: &bytes)
                        } else {
                            DissectionText.append(record, to: &bytes)
                        }
                    }
                }
                left -= 1
                return left > 0
            }
        }
        if summary {
            let text = json ? DissectionReport.json(totals) : DissectionReport.text(totals)
            try output.append { $0.append(contentsOf: text.utf8) }
        }
        try output.flush()
        try report(dissection, totals)
    }

    /// The feeds to choose from.
    private func feeds() throws -> [FeedDefinition] {
        guard let protocolName else { return FeedRegistry.feeds }
        return try FeedRegistry.select(protocolName, option: "--protocol ")
    }

    private func report(_ dissection: FileDissection, _ totals: DissectionSummary) throws {
        if dissection.withoutPayload > 0 {
            standardError("packets without UDP or TCP payload: \(dissection.withoutPayload)")
        }
        let unrecognized = totals.channels.reduce(0) { $0 + $1.unrecognized }
        if unrecognized > 0 {
            let remedy =
                protocolName.map { "not \($0)? leave --protocol out to guess" }
                ?? "name their protocol with --protocol (tapeline protocols lists them)"
            standardError("packets of no known protocol: \(unrecognized); \(remedy)")
        }
        var damage = dissection.truncations.map { "\($0.path): \($0.truncation)" }
        if totals.malformed > 0 {
            damage.append("\(totals.malformed) packets or messages are malformed")
        }
        guard damage.isEmpty else {
            throw CommandFailure(.data, damage.joined(separator: "\n"))
        }
    }
}

/// The summary as a table, or one JSON object a destination.
enum DissectionReport {
    static func text(_ summary: DissectionSummary) -> String {
        var rows = [
            [
                "destination", "protocol", "packets", "heartbeats", "messages", "unknown",
                "malformed", "unrecognized", "trailing bytes",
            ]
        ]
        for channel in summary.channels {
            rows.append(
                [
                    channel.destination.isEmpty ? "file" : channel.destination,
                    channel.protocols.isEmpty ? "?" : channel.protocols.joined(separator: "+"),
                ]
                    + [
                        channel.packets, channel.heartbeats, channel.messages, channel.unknown,
                        channel.malformed, channel.unrecognized, channel.trailingBytes,
                    ].map { String($0) })
        }
        var text = TextTable.render(rows) + "\n"
        for channel in summary.channels where !channel.types.isEmpty {
            text += "\n\(channel.destination.isEmpty ? "file" : channel.destination)\n"
            let types = channel.types.map { ["  " + $0.name, String($0.count)] }
            text += TextTable.render([["  message", "count"]] + types) + "\n"
        }
        return text
    }

    static func json(_ summary: DissectionSummary) -> String {
        summary.channels.map { channel in
            let types = channel.types.map { "\"\($0.name)\":\($0.count)" }.joined(separator: ",")
            let protocols = channel.protocols.map { "\"\($0)\"" }.joined(separator: ",")
            return "{\"destination\":\"\(channel.destination)\",\"protocols\":[\(protocols)],"
                + "\"packets\":\(channel.packets),\"heartbeats\":\(channel.heartbeats),"
                + "\"messages\":\(channel.messages),\"messages_by_type\":{\(types)},"
                + "\"unknown\":\(channel.unknown),\"malformed\":\(channel.malformed),"
                + "\"unrecognized\":\(channel.unrecognized),"
                + "\"trailing_bytes\":\(channel.trailingBytes)}\n"
        }.joined()
    }
}
