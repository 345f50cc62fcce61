import ArgumentParser
import Foundation
import Handler
import Journal
import Tape
import Ticks

struct CatCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cat",
        abstract: "A recorded tape in any format; several journals are merged in time order.")

    @Argument(help: "Journal directories.")
    var journals: [String]

    @OptionGroup var formatOptions: FormatOptions
    @OptionGroup var filterOptions: FilterOptions

    func run() throws {
        do {
            let filter = try filterOptions.filter()
            let described = try JournalDescription(journals)
            let sink = HashingSink(
                try formatOptions.sink(
                    filter: filter, channels: described.channels,
                    tradingDay: described.tradingDay, firstPosition: described.firstPosition))
            let source = try JournalSource(directories: journals, from: filter.from)
            do { try source.run(into: sink) } catch SinkError.limitReached {}
            try sink.finish()
            if formatOptions.hash { standardError("content hash: \(sink.hash)") }
            try report(source.report)
        } catch {
            throw CommandFailure(error)
        }
    }
}

/// Says what a journal did not have; exit code 1 if anything.
func report(_ report: JournalSource.Report) throws {
    for range in report.missing {
        standardError("not recorded: positions \(range.lowerBound) to \(range.upperBound - 1)")
    }
    for damage in report.damaged {
        standardError(
            "damaged: \(damage.segment) bytes \(damage.bytes): \(damage.reason), "
                + "positions \(damage.positions)")
    }
    if !report.missing.isEmpty || !report.damaged.isEmpty {
        throw CommandFailure(.data, "the journal is not whole")
    }
}

/// What journals say of themselves: for tapes and journals made from them.
struct JournalDescription {
    var channels: [ChannelDescription] = []
    var tradingDay: UInt32 = 0
    var firstPosition: UInt64 = 0
    var instruments = 0

    init(_ directories: [String]) throws {
        for directory in directories {
            let report = try JournalVerify(
                storage: try FileStorage(path: directory, create: false)
            ).describe()
            // As `JournalSource` numbers the channels of several journals: behind each other.
            let first = directories.count > 1 ? (channels.map(\.id).max().map { $0 + 1 } ?? 0) : 0
            for var channel in report.definitions.channels {
                channel.id += first
                channels.append(channel)
            }
            instruments += report.definitions.instruments.count
            if let header = report.segments.first?.header {
                tradingDay = header.identity.tradingDay
                firstPosition = header.firstPosition
            }
        }
    }
}

struct JournalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "journal", abstract: "Looks after journals.",
        subcommands: [VerifyCommand.self, DescribeCommand.self])

    struct VerifyCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify",
            abstract: "Checks every byte of a journal: checksums, compression, counts, positions.")

        @Argument(help: "Journal directory.")
        var journal: String

        @Flag(name: .long, help: "As JSON.")
        var json = false

        func run() throws {
            do {
                let report = try JournalVerify(
                    storage: try FileStorage(path: journal, create: false)
                ).verify()
                print(json ? JournalText.json(report) : JournalText.verification(report))
                guard report.isIntact else {
                    throw CommandFailure(.data, "\(journal): damaged or incomplete")
                }
            } catch {
                throw CommandFailure(error)
            }
        }
    }

    struct DescribeCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "describe", abstract: "What a journal holds, from its headers.")

        @Argument(help: "Journal directory.")
        var journal: String

        @Flag(name: .long, help: "As JSON.")
        var json = false

        func run() throws {
            do {
                let report = try JournalVerify(
                    storage: try FileStorage(path: journal, create: false)
                ).describe()
                print(json ? JournalText.json(report) : JournalText.description(report))
            } catch {
                throw CommandFailure(error)
            }
        }
    }
}
