/// A protocol as its `.protocol` file describes it (`DESCRIPTIONS.md`), read from the canonical text
/// that `tools/generate` writes.
///
/// `dissect`, `protocols`, `MessageTable` and the fuzzers' message maker read it; decoders use the
/// generated accessors.
public struct ProtocolDescription: Sendable {
    /// Form of a field on the wire.
    public enum Form: Equatable, Sendable {
        case unsigned(bytes: Int, bigEndian: Bool)
        case signed(bytes: Int, bigEndian: Bool)
        case character
        /// Padded text.
        case text(bytes: Int)
        case bytes(Int)

        public var size: Int {
            switch self {
            case .unsigned(let bytes, _), .signed(let bytes, _), .text(let bytes),
                .bytes(let bytes):
                bytes
            case .character: 1
            }
        }
    }

    public struct Field: Sendable {
        /// Bytes from the start of the message, block, entry or header.
        public var offset: Int
        public var form: Form
        public var name: String
        /// Decimal exponent: the value is the number times 10 to its power.
        public var exponent: Int?
        /// Names of an enumeration and a bit set, or empty.
        public var enumeration: String
        public var bits: String
        /// The number that stands for no value.
        public var null: Int128?
        /// `ns`, `us`, `ms`, `s`, `epoch-ns`, `epoch-s`, `days`, `yyyymmdd`, or empty.
        public var unit: String
        public var constant: String
        public var since: String
        /// Present only if the message is long enough.
        public var isOptional: Bool
        /// Where it goes in the ticks.
        public var mapping: String

        public var end: Int { offset + form.size }
    }

    public enum PartKind: String, Sendable { case group, `repeat`, data, tail }

    /// What follows the fixed part of a message or entry.
    public struct Part: Sendable {
        public var kind: PartKind
        public var name: String
        /// Fields in front of a group's entries or of data; `blockLength` and `count` matter. A field
        /// without name is padding.
        public var dimension: [Field]
        /// Bytes of an entry where the wire does not say it.
        public var size: Int?
        /// The field of the owner that counts the entries.
        public var count: String
        /// One entry if the owner's field has one of the values.
        public var when: (field: String, values: [Int])?
        /// The shortest entry that is accepted.
        public var least: Int
        public var mapping: String
        /// A later schema version added it: the message may end in front of it.
        public var isOptional = false
        public var fields: [Field] = []
        public var parts: [Part] = []

        public var dimensionSize: Int { dimension.last?.end ?? 0 }
    }

    public struct Message: Sendable {
        /// Type byte, template id, or two letters joined (category << 8 | type).
        public var key: Int
        /// The key as people write it.
        public var keyText: String
        public var name: String
        /// Shortest length (of the SBE block, where there is one), and longest if there is one.
        public var least: Int
        public var most: Int?
        public var feeds: [String]
        /// What becomes of it.
        public var mapping: String
        public var fields: [Field] = []
        public var parts: [Part] = []

        public var isDropped: Bool { mapping.hasPrefix("dropped") }
    }

    public struct Feed: Sendable {
        public var name: String
        public var title: String
        public var version: String
        public var venue: String
        /// `port=…`, `group=…`: where it is usually seen.
        public var hints: [String]
    }

    public struct Header: Sendable {
        public var name: String
        public var size: Int
        /// Those whose packets begin with it; if empty, all that no other header names.
        public var feeds: [String] = []
        public var fields: [Field] = []
    }

    public struct Value: Sendable {
        public var number: Int
        public var name: String
        public var text: String
    }

    public struct BitRange: Sendable {
        public var low: Int
        public var high: Int
        public var name: String
        public var text: String
    }

    public internal(set) var name = ""
    public internal(set) var title = ""
    /// Page of protocol facts.
    public internal(set) var source = ""
    /// As the description writes them; `inner` is how messages lie inside a numbered packet.
    public internal(set) var framing = ""
    public internal(set) var inner = ""
    public internal(set) var innerAfter = 0
    /// Bytes in front of every message's own fields; of the SBE block, where there is one.
    public internal(set) var prefixSize = 0
    /// Fields count from a block behind the prefix, whose length is on the wire.
    public internal(set) var isSBE = false
    /// Prefix fields that name the message.
    public internal(set) var key: [String] = []
    public internal(set) var prefix: [Field] = []
    public internal(set) var notes: [String] = []
    public internal(set) var feeds: [Feed] = []
    public internal(set) var headers: [Header] = []
    public internal(set) var enumerations: [String: [Value]] = [:]
    public internal(set) var bitSets: [String: [BitRange]] = [:]
    public internal(set) var messages: [Message] = []

    /// The messages of one feed.
    public func messages(of feed: String) -> [Message] {
        messages.filter { $0.feeds.contains(feed) }
    }
}
