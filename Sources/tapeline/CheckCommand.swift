import ArgumentParser
import Capture
import Foundation
import Handler
import Tape

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Validates a configuration: opens what a run would open, and lets go of it.",
        discussion: """
            The first table says what would fail; exit code 2 if anything would. The second one says \
            what this host does not do for low latency, and how to change it; a run works without.
            """)

    @Argument(help: "Configuration file (YAML).")
    var configurationPath: String

    @Option(name: .customLong("set"), help: "Override path=value.")
    var overrides: [String] = []

    @Flag(name: .long, help: "As JSON.")
    var json = false

    func run() throws {
        do {
            let configuration = try RunCommand.load(configurationPath, overrides)
            let findings = ConfigurationCheck.run(configuration)
            let host = ConfigurationCheck.host(configuration)
            print(json ? Self.json(findings, host) : Self.text(findings, host))
            let failed = findings.count { !$0.isGood }
            if failed > 0 { throw CommandFailure(.usage, "\(failed) of the items fail") }
        } catch {
            throw CommandFailure(error)
        }
    }

    private static func text(
        _ findings: [ConfigurationCheck.Finding], _ host: [HostCheck.Row]
    ) -> String {
        let items = TextTable.render(
            [["item", "", "finding"]]
                + findings.map { [$0.item, $0.isGood ? "ok" : "FAIL", $0.text] })
        let rows = TextTable.render(
            [["host", "", "as it is", "to change it"]]
                + host.map { [$0.item, $0.state.rawValue, $0.value, $0.remedy ?? ""] })
        return items + "\n\n" + rows
    }

    private static func json(
        _ findings: [ConfigurationCheck.Finding], _ host: [HostCheck.Row]
    ) -> String {
        let root: [String: Any] = [
            "items": findings.map {
                ["item": $0.item, "ok": $0.isGood, "finding": $0.text] as [String: Any]
            },
            "host": host.map {
                [
                    "item": $0.item, "state": $0.state.rawValue, "value": $0.value,
                    "remedy": $0.remedy ?? "",
                ]
            },
        ]
        let data = try? JSONSerialization.data(withJSONObject: root, options: [.sortedKeys])
        return data.map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}
