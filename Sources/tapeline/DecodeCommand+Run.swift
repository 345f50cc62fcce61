import Books
import Handler
import Ticks
import Wire

extension DecodeCommand {
    func decode() throws {
        guard let feed = feed?.value else {
            throw CommandFailure(.usage, "say which protocol with --feed")
        }
        var inputs: [(InputFile, String)] = []
        for path in files { inputs.append((try InputFile.open(path: path), path)) }
        let configuration = CoreConfiguration(
            channels: [
                ChannelConfiguration(
                    name: feed.rawValue, feedProtocol: feed,
                    lines: lines.isEmpty ? ["A", "B", "C", "D"] : lines,
                    windowNanoseconds: UInt64(windowMilliseconds * 1e6))
            ],
            tradingDay: try tradingDay(inputs.first))
        let sink = try formatOptions.fileSink(filter: try filterOptions.filter())
        guard let sink else { throw CommandFailure(.usage, "journal, tape: later") }
        var failure: (any Error)?
        let output = BufferOutput(
            define: { instrument in
                do { try sink.define(instrument) } catch { failure = failure ?? error }
            },
            consume: { ticks, position in
                if failure != nil { return }
                do { try sink.write(ticks, position: position) } catch { failure = error }
            })
        let core = try FeedCore(configuration: configuration, output: output)
        let decoder = OfflineDecoder(
            core: core, routes: try routes(), verifyUDPChecksum: verifyUDPChecksum)
        var damage: (any Error)?
        for (input, path) in inputs {
            do { try decoder.decode(input, path: path) } catch { damage = damage ?? error }
        }
        core.finish()
        try sink.finish()
        try report(core.totals(), decoder.report, failure: failure, damage: damage)
    }

    private func report(
        _ totals: CoreTotals, _ input: OfflineDecoder.Report, failure: (any Error)?,
        damage: (any Error)?
    ) throws {
        if let failure, failure as? SinkError != .limitReached { throw failure }
        if json {
            standardError(TotalsReport.json(totals, input))
        } else {
            standardError(TotalsReport.text(totals, input))
        }
        if let damage { throw damage }
        guard input.truncations.isEmpty else {
            let cuts = input.truncations.map { "\($0.path): \($0.truncation)" }
            throw CommandFailure(.data, cuts.joined(separator: "\n"))
        }
    }

    private func routes() throws -> [LineDestination: LineRoute] {
        var routes: [LineDestination: LineRoute] = [:]
        for (index, text) in lines.enumerated() {
            guard let colon = text.lastIndex(of: ":"),
                let port = UInt16(text[text.index(after: colon)...]),
                IPAddress(String(text[..<colon])) != nil
            else { throw CommandFailure(.usage, "--line \(text): use GROUP:PORT") }
            routes[LineDestination(group: String(text[..<colon]), port: port)] =
                LineRoute(channel: 0, line: index)
        }
        return routes
    }

    /// From the option, else from the first packet's capture time.
    private func tradingDay(_ first: (InputFile, String)?) throws -> String {
        if let date { return try TradingDay(parsing: date).description }
        guard case .capture(let reader)? = first?.0 else {
            throw CommandFailure(
                .usage, "a message file has no date: say --date YYYY-MM-DD")
        }
        guard let time = try reader.peekTime() else {
            throw CommandFailure(.usage, "the capture has no time: say --date YYYY-MM-DD")
        }
        return try TradingDay(containing: time).description
    }
}
