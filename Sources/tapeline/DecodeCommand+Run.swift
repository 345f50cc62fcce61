import Books
import Handler
import Ticks
import Wire

extension DecodeCommand {
    func decode() throws {
        let (configuration, resume, isInputLog) = try coreConfiguration()
        let inputs = try files.map { (try InputFile.open(path: $0), $0) }
        let sink = HashingSink(
            try formatOptions.sink(
                filter: try filterOptions.filter(), channels: configuration.channelDescriptions,
                tradingDay: try TradingDay(parsing: configuration.tradingDay).yyyymmdd,
                instrumentCapacity: configuration.instrumentCapacity))
        var failure: (any Error)?
        let output = BufferOutput(
            define: { instrument in
                do { try sink.define(instrument) } catch { failure = failure ?? error }
            },
            consume: { ticks, position in
                if failure != nil { return }
                do { try sink.write(ticks, position: position) } catch { failure = error }
            })
        let core = try FeedCore(configuration: configuration, output: output, resume: resume)
        let decoder = OfflineDecoder(
            core: core, routes: try routes(), verifyUDPChecksum: verifyUDPChecksum,
            isInputLog: isInputLog)
        var damage: (any Error)?
        for (input, path) in inputs {
            do { try decoder.decode(input, path: path) } catch { damage = damage ?? error }
        }
        core.finish()
        try sink.finish()
        if formatOptions.hash { standardError("content hash: \(sink.hash)") }
        try report(core.totals(), decoder.report, failure: failure, damage: damage)
    }

    /// An input log brings its own configuration; everything else is described by the options.
    private func coreConfiguration() throws -> (CoreConfiguration, ResumeState?, Bool) {
        if files.count == 1, files[0] != "-", feed == nil {
            if let head = try InputLogHead.read(path: files[0]) {
                return (head.configuration, head.resume, true)
            }
        }
        guard let feed = feed?.value else {
            throw CommandFailure(
                .usage, "say which protocol with --feed (only an input log says it itself)")
        }
        if feed.isForDissectOnly {
            throw CommandFailure(
                .usage,
                "--feed \(feed.rawValue): it flows through TCP, which only tapeline dissect reads")
        }
        let configuration = CoreConfiguration(
            channels: [
                ChannelConfiguration(
                    name: feed.rawValue, feedProtocol: feed,
                    lines: lines.isEmpty ? ["A", "B", "C", "D"] : lines,
                    windowNanoseconds: UInt64(windowMilliseconds * 1e6))
            ],
            tradingDay: try tradingDay())
        return (configuration, nil, false)
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

    /// From the option, else from the first packet's capture time. On standard input only feeds can
    /// do without whose messages carry their date, as those of transports with send times do.
    private func tradingDay() throws -> String {
        if let date { return try TradingDay(parsing: date).description }
        guard files[0] != "-" else {
            if let feed, !feed.value.definition.transport.isTimed {
                throw CommandFailure(.usage, "standard input: say --date YYYY-MM-DD")
            }
            return "1970-01-01"
        }
        guard case .capture(let reader) = try InputFile.open(path: files[0]) else {
            throw CommandFailure(.usage, "a message file has no date: say --date YYYY-MM-DD")
        }
        guard let time = try reader.firstTime() else {
            throw CommandFailure(.usage, "the capture has no time: say --date YYYY-MM-DD")
        }
        return try TradingDay(containing: time).description
    }
}
