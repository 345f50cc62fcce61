import ArgumentParser
import Glibc
import Handler

@main
struct TapelineCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tapeline",
        abstract: "A market-data feed handler: lines in, tape and journal out.",
        discussion: """
            Data goes to standard output, everything else to standard error.

            Exit codes: 0 done; 1 the data is damaged or incomplete; 2 wrong use or configuration; \
            3 an I/O or system failure.
            """,
        subcommands: [
            RunCommand.self, SimulateCommand.self, RecordCommand.self, DecodeCommand.self,
            ReadCommand.self,
            CatCommand.self, ReplayCommand.self, JournalCommand.self, GapsCommand.self,
            TopCommand.self, CheckCommand.self, DissectCommand.self, ProtocolsCommand.self,
        ])

    static func main() {
        // A reader that goes away ends the program where it writes, not by a signal.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let failure as CommandFailure {
            standardError("tapeline: \(failure.message)")
            Glibc.exit(failure.code.rawValue)
        } catch {
            // The parser's own exits: help and version succeed, everything else is wrong use.
            let code = exitCode(for: error)
            let text = fullMessage(for: error)
            if code.isSuccess {
                print(text)
                Glibc.exit(0)
            }
            standardError(text)
            Glibc.exit(CommandFailure.Code.usage.rawValue)
        }
    }
}

/// A command's end other than success, with its documented exit code.
struct CommandFailure: Error {
    enum Code: Int32 {
        case data = 1
        case usage = 2
        case system = 3
    }

    var code: Code
    var message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The exit code that goes with an error of the library.
    init(_ error: any Error) {
        switch error {
        case let failure as CommandFailure: self = failure
        case let error as OutputError: self.init(.init(error), error.description)
        default: self.init(Self.code(of: error), "\(error)")
        }
    }
}

func standardError(_ text: String) {
    FileHandleError.write(text + "\n")
}

/// Unbuffered standard error.
enum FileHandleError {
    static func write(_ text: String) {
        var text = text
        text.withUTF8 { bytes in _ = Glibc.write(STDERR_FILENO, bytes.baseAddress, bytes.count) }
    }
}
