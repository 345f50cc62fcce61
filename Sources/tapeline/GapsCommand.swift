import ArgumentParser
import Foundation
import Handler
import Tape
import Ticks

struct GapsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gaps",
        abstract: "What is missing on a tape or in a journal: range, cause and state of every gap.",
        discussion: """
            A tape shows what its ring still holds; its journal shows the whole day. Exit code 1 if \
            a gap is open.
            """)

    @Argument(help: "Journal directory, or name of a tape.")
    var source: String

    @Flag(name: .long, help: "As JSON.")
    var json = false

    func run() throws {
        do {
            let collector = GapCollector()
            var isDirectory: ObjCBool = false
            if FileManager.default.fileExists(atPath: source, isDirectory: &isDirectory),
                isDirectory.boolValue
            {
                let journal = try JournalSource(directories: [source])
                try journal.run(into: collector)
                for range in journal.report.missing {
                    standardError("journal: positions \(range) were not recorded")
                }
            } else {
                try collect(tape: source, into: collector)
            }
            print(json ? collector.json() : collector.text())
            let open = collector.gaps.count { $0.filledAt == nil }
            if open > 0 { throw CommandFailure(.data, "\(open) gaps are open") }
        } catch {
            throw CommandFailure(error)
        }
    }

    private func collect(tape: String, into collector: GapCollector) throws {
        let reader = try TapeReader(name: tape, from: .oldest)
        let end = reader.publishedPosition
        let buffer = UnsafeMutableBufferPointer<Tick>.allocate(capacity: 8192)
        defer { buffer.deallocate() }
        if reader.position > reader.header.firstPosition {
            standardError("positions before \(reader.position) are in the journal only")
        }
        while reader.position < end {
            let position = reader.position
            switch reader.copy(into: buffer) {
            case .ticks(let count):
                try collector.write(
                    UnsafeBufferPointer(rebasing: UnsafeBufferPointer(buffer)[..<count]),
                    position: position)
            case .overrun: continue
            case .nothing, .ended, .superseded: return
            }
        }
    }
}
