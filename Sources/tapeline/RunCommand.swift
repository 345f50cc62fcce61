import ArgumentParser
import CLinux
import Foundation
import Glibc
import Handler
import Logging

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "The handler: lines in, tape and journal out.",
        discussion: """
            SIGINT and SIGTERM end it cleanly: everything received is decoded, journaled and synced. \
            SIGUSR1 prints the totals and goes on. Values of the file are overridden by --set and by \
            TAPELINE_SET (several separated by semicolons).

            A section `record` of the configuration keeps a copy of every packet that the lines' \
            sources take in pcapng files; by AF_XDP these are the packets of the lines only.
            """)

    @Argument(help: "Configuration file (YAML).")
    var configurationPath: String

    @Option(name: .long, help: "Keep the input log in this file (pcapng).")
    var record: String?

    @Flag(name: .long, help: "Replace the input log and recorded files that exist.")
    var force = false

    @Option(name: .customLong("set"), help: "Override path=value, such as journal.directory=/data.")
    var overrides: [String] = []

    @Option(name: .long, help: "Pace of capture files: a multiple of their own; default unpaced.")
    var speed: Double?

    @Flag(name: .long, help: "Totals as JSON.")
    var json = false

    func validate() throws {
        if let speed, !(speed > 0 && speed.isFinite) {
            throw ValidationError("--speed is a multiple above 0")
        }
    }

    func run() throws {
        do {
            try handle()
        } catch {
            throw CommandFailure(error)
        }
    }

    static func load(_ path: String, _ overrides: [String]) throws -> RunConfiguration {
        let environment = ProcessInfo.processInfo.environment["TAPELINE_SET"] ?? ""
        return try RunConfiguration.load(
            path: path,
            overrides: environment.split(separator: ";").map(String.init) + overrides)
    }

    private func handle() throws {
        var configuration = try Self.load(configurationPath, overrides)
        configuration.fileSpeed = speed
        if var options = configuration.recording {
            options.overwrites = force
            Host.current.describe(&options)
            configuration.recording = options
        }
        // Blocked before any thread exists, so that only the loop below receives them.
        var signals = sigset_t()
        sigemptyset(&signals)
        for signal in [SIGINT, SIGTERM, SIGUSR1] { sigaddset(&signals, signal) }
        pthread_sigmask(SIG_BLOCK, &signals, nil)

        var logger = Logger(label: "tapeline") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .notice
        let run = try HandlerRun(
            configuration: configuration, recordPath: record, force: force, logger: logger)
        run.start()
        logger.notice("publishing tape '\(configuration.tapeName)'")
        while !run.wait(seconds: 0) {
            var timeout = timespec(tv_sec: 0, tv_nsec: 20_000_000)
            switch sigtimedwait(&signals, nil, &timeout) {
            case SIGINT, SIGTERM: run.stop.set()
            case SIGUSR1: show(run)
            default: break
            }
        }
        show(run)
        try run.close()
        guard let report = run.report(), !report.truncations.isEmpty else { return }
        let cuts = report.truncations.map { "\($0.path): \($0.truncation)" }
        throw CommandFailure(.data, cuts.joined(separator: "\n"))
    }

    private func show(_ run: HandlerRun) {
        guard let report = run.report() else {
            return standardError("the core thread is busy: no totals now")
        }
        standardError(json ? RunReportText.json(report) : RunReportText.text(report))
    }
}
