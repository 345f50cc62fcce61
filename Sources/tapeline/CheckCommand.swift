import ArgumentParser
import Capture
import Foundation
import Handler
import Tape

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Validates a configuration: opens what a run would open, and lets go of it.")

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
            if json {
                let rows = findings.map {
                    ["item": $0.item, "ok": $0.isGood, "finding": $0.text] as [String: Any]
                }
                let data = try JSONSerialization.data(withJSONObject: rows, options: [.sortedKeys])
                print(String(decoding: data, as: UTF8.self))
            } else {
                print(
                    TextTable.render(
                        [["item", "", "finding"]]
                            + findings.map { [$0.item, $0.isGood ? "ok" : "FAIL", $0.text] }))
            }
            let failed = findings.count { !$0.isGood }
            if failed > 0 { throw CommandFailure(.usage, "\(failed) of the items fail") }
        } catch {
            throw CommandFailure(error)
        }
    }
}
