import Yams

/// What is wrong in a configuration file, with its place.
public struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    public var file: String
    /// Counted from 1; 0 if the place is not known.
    public var line: Int
    public var column: Int
    public var message: String

    public var description: String {
        line > 0 ? "\(file):\(line):\(column): \(message)" : "\(file): \(message)"
    }
}

/// A mapping of the configuration, read key by key. What is left over at the end is unknown, and an
/// error.
final class ConfigurationNode {
    let file: String
    let path: String
    private let node: Node
    private let mapping: Node.Mapping
    private var used: Set<String> = []

    init(_ node: Node, file: String, path: String) throws {
        guard case .mapping(let mapping) = node else {
            throw Self.error(node, file, "\(path.isEmpty ? "the file" : path): expected keys")
        }
        self.node = node
        self.mapping = mapping
        self.file = file
        self.path = path
        var seen: Set<String> = []
        for (key, _) in mapping {
            guard let name = key.string else { throw Self.error(key, file, "a key must be text") }
            guard seen.insert(name).inserted else {
                throw Self.error(key, file, "\(qualified(name)) stands here twice")
            }
        }
    }

    static func error(_ node: Node, _ file: String, _ message: String) -> ConfigurationError {
        ConfigurationError(
            file: file, line: node.mark?.line ?? 0, column: node.mark?.column ?? 0,
            message: message)
    }

    private func qualified(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    private func take(_ key: String) -> Node? {
        used.insert(key)
        return mapping[Node(key)]
    }

    func fail(_ key: String, _ message: String) -> ConfigurationError {
        Self.error(mapping[Node(key)] ?? node, file, "\(qualified(key)): \(message)")
    }

    func string(_ key: String) throws -> String? {
        guard let value = take(key) else { return nil }
        guard let text = value.scalar?.string else { throw fail(key, "expected text") }
        return text
    }

    func required(_ key: String) throws -> String {
        guard let text = try string(key) else {
            throw Self.error(node, file, "\(qualified(key)) is missing")
        }
        return text
    }

    func integer(_ key: String, in range: ClosedRange<Int>, default fallback: Int) throws -> Int {
        guard let text = try string(key) else { return fallback }
        guard let value = Int(text.replacing("_", with: "")), range.contains(value) else {
            throw fail(
                key,
                "'\(text)': expected a whole number from \(range.lowerBound) to "
                    + "\(range.upperBound)")
        }
        return value
    }

    func boolean(_ key: String, default fallback: Bool) throws -> Bool {
        guard let text = try string(key) else { return fallback }
        switch text {
        case "true": return true
        case "false": return false
        default: throw fail(key, "'\(text)': expected true or false")
        }
    }

    /// One of an enumeration's names; nil if the key is absent.
    func choice<Choice: RawRepresentable & CaseIterable>(_ key: String, of type: Choice.Type)
        throws -> Choice? where Choice.RawValue == String
    {
        guard let text = try string(key) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw fail(key, "'\(text)': known are \(known)")
        }
        return choice
    }

    /// A list of whole numbers; nil if there is none.
    func integers(_ key: String, in range: ClosedRange<Int>) throws -> [Int]? {
        guard mapping[Node(key)] != nil else { return nil }
        return try strings(key).map { text in
            guard let value = Int(text), range.contains(value) else {
                throw fail(
                    key,
                    "'\(text)': expected whole numbers from \(range.lowerBound) to "
                        + "\(range.upperBound)")
            }
            return value
        }
    }

    /// A list of texts; empty if there is none.
    func strings(_ key: String) throws -> [String] {
        guard let value = take(key) else { return [] }
        guard case .sequence(let items) = value else { throw fail(key, "expected a list") }
        return try items.map { item in
            guard let text = item.scalar?.string else { throw fail(key, "expected texts") }
            return text
        }
    }

    func child(_ key: String) throws -> ConfigurationNode? {
        guard let value = take(key) else { return nil }
        return try ConfigurationNode(value, file: file, path: qualified(key))
    }

    func children(_ key: String) throws -> [ConfigurationNode] {
        guard let value = take(key) else {
            throw Self.error(node, file, "\(qualified(key)) is missing")
        }
        guard case .sequence(let items) = value, !items.isEmpty else {
            throw fail(key, "expected a list with at least one entry")
        }
        return try items.enumerated().map {
            try ConfigurationNode($0.element, file: file, path: "\(qualified(key))[\($0.offset)]")
        }
    }

    /// Throws if some key was never asked for.
    func finish() throws {
        for (key, _) in mapping {
            guard let name = key.string, !used.contains(name) else { continue }
            let known = used.sorted().joined(separator: ", ")
            throw Self.error(key, file, "unknown key \(qualified(name)): known are \(known)")
        }
    }
}
