/// The messages of one feed by their key: which lengths they may have, and how many came.
///
/// Made from the feed's description at start; `accept` is on every message's way.
@frozen
public struct MessageTable {
    /// Index of the message by key; 0 for keys that the feed does not have.
    private let indexes: UnsafeMutablePointer<UInt16>
    private let keyLimit: Int
    /// By index: shortest length, and how much longer it may be.
    private let bounds: UnsafeMutablePointer<(least: Int, span: UInt)>
    private let counts: UnsafeMutablePointer<UInt64>
    private let messages: [ProtocolDescription.Message]
    public private(set) var unknownType: UInt64 = 0
    public private(set) var unexpectedLength: UInt64 = 0

    public init(_ description: ProtocolDescription, feed: String) {
        messages = description.messages(of: feed)
        precondition(!messages.isEmpty, "the description has no feed \(feed)")
        let keyLimit = (messages.map(\.key).max() ?? 0) + 1
        precondition(keyLimit <= 65536, "keys have 16 bits")
        self.keyLimit = keyLimit
        indexes = .allocate(capacity: keyLimit)
        indexes.initialize(repeating: 0, count: keyLimit)
        bounds = .allocate(capacity: messages.count + 1)
        counts = .allocate(capacity: messages.count + 1)
        counts.initialize(repeating: 0, count: messages.count + 1)
        bounds.initialize(repeating: (0, 0), count: messages.count + 1)
        for (index, message) in messages.enumerated() {
            indexes[message.key] = UInt16(index + 1)
            let span = message.most.map { UInt($0 - message.least) } ?? UInt(Int.max)
            bounds[index + 1] = (message.least, span)
        }
    }

    /// Frees the table's memory; its owner calls it once, at its own end.
    public func free() {
        indexes.deallocate()
        bounds.deallocate()
        counts.deallocate()
    }

    /// True, and counted, if the feed has a message with this key and `length` fits it (of the SBE
    /// block, where there is one); otherwise false, and counted as what it is.
    @inline(__always)
    public mutating func accept(_ key: Int, length: Int) -> Bool {
        let index = key >= 0 && key < keyLimit ? Int(indexes[key]) : 0
        let bound = bounds[index]
        if index != 0, length >= bound.least, UInt(bitPattern: length &- bound.least) <= bound.span {
            counts[index] &+= 1
            return true
        }
        refuse(isKnown: index != 0)
        return false
    }

    /// A message that `accept` took turned out to be cut inside (`isWhole` is false).
    @inline(never)
    public mutating func retract(_ key: Int) {
        counts[Int(indexes[key])] &-= 1
        unexpectedLength &+= 1
    }

    @inline(never)
    private mutating func refuse(isKnown: Bool) {
        if isKnown { unexpectedLength &+= 1 } else { unknownType &+= 1 }
    }

    /// Messages decoded so far, in the order of the description.
    public var counted: [(message: ProtocolDescription.Message, count: UInt64)] {
        messages.enumerated().map { ($1, counts[$0 + 1]) }
    }
}
