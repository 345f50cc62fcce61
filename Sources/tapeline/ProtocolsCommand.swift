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

    @Argument(help: "A feed, such as itch50.")
    var name: String?

    @Flag(name: .long, help: "One JSON object a feed, with all messages and fields.")
    var json = false

    @Flag(name: .long, help: "As the README has it.")
    var markdown = false

    func run() throws {
        var feeds = FeedRegistry.feeds
        if let name {
            guard let feed = FeedRegistry.find(name) else {
                let known = feeds.map(\.name).joined(separator: ", ")
                throw CommandFailure(.usage, "no feed \(name): known are \(known)")
            }
            feeds = [feed]
        }
        if json {
            for feed in feeds { print(ProtocolPage(feed).json(), terminator: "") }
        } else if name != nil {
            print(ProtocolPage(feeds[0]).page(), terminator: "")
        } else if markdown {
            print(ProtocolPage.markdown(feeds), terminator: "")
        } else {
            print(TextTable.render(ProtocolPage.rows(feeds)))
        }
    }
}
