import Protocols
import Wire

/// What the handler knows of a feed's protocol, for `tapeline protocols` and the README's table: all
/// of it from the feed's definition and description.
public struct ProtocolPage {
    public let feed: FeedDefinition
    public let description: ProtocolDescription
    /// Messages of this feed, in the order of the description.
    public let messages: [ProtocolDescription.Message]
    private let own: ProtocolDescription.Feed?

    public init(_ feed: FeedDefinition) {
        self.feed = feed
        description = feed.description()
        messages = description.messages(of: feed.name)
        own = description.feeds.first { $0.name == feed.name }
    }

    public var title: String {
        own.map(\.title).flatMap { $0.isEmpty ? nil : $0 } ?? description.title
    }
    public var version: String { own?.version ?? "" }

    /// What sequence numbers count.
    public var unit: String { feed.transport.unit == .packets ? "packets" : "messages" }

    /// Messages that become no tick and change no directory.
    public var dropped: [ProtocolDescription.Message] { messages.filter(\.isDropped) }

    /// Kinds of ticks that its messages become, most frequent first in the order of the description.
    public var kinds: [String] {
        var seen: [String] = []
        for message in messages {
            for kind in Self.kinds(of: message) where !seen.contains(kind) { seen.append(kind) }
        }
        return seen
    }

    /// Kinds of ticks that a message becomes, as its mapping names them.
    static func kinds(of message: ProtocolDescription.Message) -> [String] {
        // Framing is the transport's; its heartbeats and epochs are no ticks of the message.
        guard !message.isDropped, !message.mapping.hasPrefix("framing") else { return [] }
        return words(message.mapping)
    }

    /// Fields of mapped messages that go nowhere, with the reason.
    public var droppedFields: [(message: String, field: String, reason: String)] {
        var found: [(message: String, field: String, reason: String)] = []
        func add(_ message: String, _ path: String, _ fields: [ProtocolDescription.Field]) {
            for field in fields where field.mapping.hasPrefix("dropped") {
                found.append((message, path + field.name, Self.reason(field.mapping)))
            }
        }
        func add(_ message: String, _ path: String, _ parts: [ProtocolDescription.Part]) {
            for part in parts {
                let inner = path + part.name + "."
                if part.mapping.hasPrefix("dropped") {
                    found.append((message, path + part.name, Self.reason(part.mapping)))
                }
                add(message, inner, part.fields)
                add(message, inner, part.parts)
            }
        }
        add("every message", "", description.prefix)
        for message in messages where !message.isDropped {
            add(message.name, "", message.fields)
            add(message.name, "", message.parts)
        }
        return found
    }

    /// `dropped: not documented` says "not documented".
    static func reason(_ mapping: String) -> String {
        guard let colon = mapping.firstIndex(of: ":") else { return mapping }
        return String(mapping[mapping.index(after: colon)...]).trimmingPrefix { $0 == " " }
            .description
    }

    /// The kinds that a message's mapping names: its words that are kinds of ticks.
    private static func words(_ mapping: String) -> [String] {
        mapping.split { !$0.isLetter }.map(String.init).filter { TickText.kind(named: $0) != nil }
    }

    /// Length as the description bounds it.
    public static func length(_ message: ProtocolDescription.Message) -> String {
        guard let most = message.most else { return "\(message.least)+" }
        return most == message.least ? "\(most)" : "\(message.least)–\(most)"
    }
}

// MARK: - The list of all feeds

extension ProtocolPage {
    static let head = [
        "feed", "venue", "what", "version", "transport", "sequence counts", "messages", "mapped",
    ]

    var row: [String] {
        [
            feed.name, feed.venue, title, version, feed.transport.name, unit,
            String(messages.count), String(messages.count - dropped.count),
        ]
    }

    /// Rows of the table of all feeds, the head first.
    public static func rows(_ feeds: [FeedDefinition]) -> [[String]] {
        [head] + feeds.map { ProtocolPage($0).row }
    }

    /// The README's table.
    public static func markdown(_ feeds: [FeedDefinition]) -> String {
        var text = "| " + (head + ["ticks"]).joined(separator: " | ") + " |\n"
        text += String(repeating: "|---", count: head.count + 1) + "|\n"
        for feed in feeds {
            let page = ProtocolPage(feed)
            var cells = page.row
            cells[0] = "`\(cells[0])`"
            text += "| " + (cells + [page.kinds.joined(separator: ", ")]).joined(separator: " | ")
            text += " |\n"
        }
        return text
    }
}

// MARK: - One feed

extension ProtocolPage {
    /// Everything about the feed, in Markdown, which reads well as plain text too.
    public func page() -> String {
        var text = "# \(feed.name): \(title) \(version)\n\n"
        text += "Venue \(feed.venue), time zone \(feed.timeZone), transport \(feed.transport.name) "
        text += "(sequence numbers count \(unit)), description \(description.name) "
        text += "(\(description.source)).\n\n"
        for note in description.notes { text += "\(note)\n\n" }
        text += "| key | message | bytes | becomes |\n|---|---|---|---|\n"
        for message in messages where !message.isDropped {
            text += "| \(message.keyText) | \(message.name) | \(Self.length(message)) "
            text += "| \(message.mapping) |\n"
        }
        if !dropped.isEmpty {
            text += "\nNot mapped:\n\n| key | message | bytes | why |\n|---|---|---|---|\n"
            for message in dropped {
                text += "| \(message.keyText) | \(message.name) | \(Self.length(message)) "
                text += "| \(Self.reason(message.mapping)) |\n"
            }
        }
        let fields = droppedFields
        if !fields.isEmpty {
            text += "\nFields that are not mapped:\n\n| message | field | why |\n|---|---|---|\n"
            for field in fields {
                text += "| \(field.message) | \(field.field) | \(field.reason) |\n"
            }
        }
        return text
    }
}

// MARK: - JSON

extension ProtocolPage {
    /// One object on one line.
    public func json() -> String {
        var bytes: [UInt8] = []
        bytes.append(text: "{")
        let heads = [
            ("feed", feed.name), ("title", title), ("version", version), ("venue", feed.venue),
            ("time_zone", feed.timeZone), ("protocol", description.name),
            ("source", description.source), ("transport", feed.transport.name),
            ("sequence_counts", unit),
        ]
        for (name, value) in heads {
            Self.append(name, value, &bytes)
            bytes.append(text: ",")
        }
        bytes.append(text: "\"messages\":[")
        for (index, message) in messages.enumerated() {
            if index > 0 { bytes.append(text: ",") }
            append(message, &bytes)
        }
        bytes.append(text: "]}\n")
        return String(decoding: bytes, as: UTF8.self)
    }

    private func append(_ message: ProtocolDescription.Message, _ bytes: inout [UInt8]) {
        bytes.append(text: "{")
        Self.append("key", message.keyText, &bytes)
        bytes.append(text: ",")
        Self.append("name", message.name, &bytes)
        bytes.append(text: ",\"least\":\(message.least),\"most\":")
        bytes.append(text: message.most.map { String($0) } ?? "null")
        bytes.append(text: ",")
        Self.append("mapping", message.mapping, &bytes)
        bytes.append(text: ",\"fields\":")
        Self.append(message.fields, message.parts, &bytes)
        bytes.append(text: "}")
    }

    private static func append(
        _ fields: [ProtocolDescription.Field], _ parts: [ProtocolDescription.Part],
        _ bytes: inout [UInt8]
    ) {
        bytes.append(text: "[")
        for (index, field) in fields.enumerated() {
            bytes.append(text: index > 0 ? ",{" : "{")
            bytes.append(text: "\"offset\":\(field.offset),\"bytes\":\(field.form.size),")
            append("name", field.name, &bytes)
            bytes.append(text: ",")
            append("mapping", field.mapping, &bytes)
            bytes.append(text: "}")
        }
        for (index, part) in parts.enumerated() {
            bytes.append(text: index + fields.count > 0 ? ",{" : "{")
            append("name", part.name, &bytes)
            bytes.append(text: ",")
            append("kind", part.kind.rawValue, &bytes)
            bytes.append(text: ",")
            append("mapping", part.mapping, &bytes)
            bytes.append(text: ",\"fields\":")
            append(part.fields, part.parts, &bytes)
            bytes.append(text: "}")
        }
        bytes.append(text: "]")
    }

    private static func append(_ name: String, _ value: String, _ bytes: inout [UInt8]) {
        bytes.append(text: "\"\(name)\":\"")
        bytes.append(jsonText: value)
        bytes.append(text: "\"")
    }
}
