import ArgumentParser
import Handler
import Protocols

struct ProtocolsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "protocols",
        abstract: "The feeds that are known, their messages, and what becomes of them.",
        discussion: """
            Without a name: every feed with venue, version and transport. With one: its messages, what \
            each is mapped to, and what is left out and why.
            """)

    @Argument(help: "A feed, such as itch50, or a protocol, such as Pitch, with all its feeds.")
    var name: String?

    @Flag(name: .long, help: "One JSON object a feed, with all messages and fields.")
    var json = false

    @Flag(name: .long, help: "As the README has it.")
    var markdown = false

    func run() throws {
        if markdown, json || name != nil {
            throw CommandFailure(.usage, "--markdown is the table of all feeds: give it alone")
        }
        let feeds = try name.map { try FeedRegistry.select($0) } ?? FeedRegistry.feeds
        if json {
            for feed in feeds { print(ProtocolPage(feed).json(), terminator: "") }
        } else if name != nil {
            for feed in feeds { print(ProtocolPage(feed).page(), terminator: "") }
        } else if markdown {
            print(ProtocolPage.markdown(feeds), terminator: "")
        } else {
            print(TextTable.render(ProtocolPage.rows(feeds)))
        }
    }
}

extension FeedRegistry {
    /// The feed of this name, or the feeds of the protocol. `option` begins the message of an error.
    static func select(_ name: String, option: String = "") throws -> [FeedDefinition] {
        if let feed = find(name) { return [feed] }
        let found = feeds.filter { $0.description().name.lowercased() == name.lowercased() }
        guard found.isEmpty else { return found }
        let known = feeds.map(\.name).joined(separator: ", ")
        throw CommandFailure(.usage, "\(option)\(name): known are \(known)")
    }
}
