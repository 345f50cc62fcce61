/// The messages of one feed by their key: which lengths they may have, and how many came.
///
/// Made from the feed's description at start; `accept` is on every message's way. One thread owns it.
@frozen
public struct MessageTable {
    /// By key: shortest length, and how much longer it may be. Keys that the feed does not have
    /// take no length at all.
    private let bounds: UnsafeMutablePointer<(least: UInt32, span: UInt32)>
    private let counts: UnsafeMutablePointer<UInt64>
    private let keyLimit: Int
    /// Messages not taken: of unknown type, of unexpected length.
    private let refused: UnsafeMutablePointer<(unknownType: UInt64, unexpectedLength: UInt64)>
    private let messages: [ProtocolDescription.Message]

    /// Far from 0 and from -1, the lengths that decoders give a block that lies about its own.
    private static let absent: UInt32 = 1 << 31

    public init(_ description: ProtocolDescription, feed: String) {
        messages = description.messages(of: feed)
        precondition(!messages.isEmpty, "the description has no feed \(feed)")
        // Every byte is a key that `accept(byte:length:)` may look at.
        keyLimit = max((messages.map(\.key).max() ?? 0) + 1, 256)
        precondition(keyLimit <= 65536, "keys have 16 bits")
        bounds = .allocate(capacity: keyLimit)
        bounds.initialize(repeating: (Self.absent, 0), count: keyLimit)
        counts = .allocate(capacity: keyLimit)
        counts.initialize(repeating: 0, count: keyLimit)
        refused = .allocate(capacity: 1)
        refused.initialize(to: (0, 0))
        for message in messages {
            let span = message.most.map { UInt32($0 - message.least) } ?? UInt32(Int32.max)
            bounds[message.key] = (UInt32(message.least), span)
        }
    }

    /// Frees the table's memory; its owner calls it once, at its own end.
    public func free() {
        bounds.deallocate()
        counts.deallocate()
        refused.deallocate()
    }

    /// True, and counted, if the feed has a message with this key and `length` fits it (of the SBE
    /// block, where there is one); otherwise false, and counted as what it is.
    @inline(__always)
    public func accept(_ key: Int, length: Int) -> Bool {
        guard key >= 0, key < keyLimit else {
            refuse(key)
            return false
        }
        let bound = bounds[key]
        guard UInt32(truncatingIfNeeded: length) &- bound.least <= bound.span else {
            refuse(key)
            return false
        }
        counts[key] &+= 1
        return true
    }

    /// `accept` for keys that are one byte, on the way of every message: no key is out of range.
    @inline(__always)
    public func accept(byte key: UInt8, length: Int) -> Bool {
        let bound = bounds[Int(key)]
        guard UInt32(truncatingIfNeeded: length) &- bound.least <= bound.span else {
            refuse(Int(key))
            return false
        }
        counts[Int(key)] &+= 1
        return true
    }

    @inline(never)
    private func refuse(_ key: Int) {
        if key < 0 || key >= keyLimit || bounds[key].least == Self.absent {
            refused.pointee.unknownType &+= 1
        } else {
            refused.pointee.unexpectedLength &+= 1
        }
    }

    /// A message that `accept` took turned out to be cut inside (`isWhole` is false).
    @inline(never)
    public func retract(_ key: Int) {
        counts[key] &-= 1
        refused.pointee.unexpectedLength &+= 1
    }

    public var unknownType: UInt64 { refused.pointee.unknownType }
    public var unexpectedLength: UInt64 { refused.pointee.unexpectedLength }

    /// Decoded messages so far, in the order of the description.
    public var counted: [(message: ProtocolDescription.Message, count: UInt64)] {
        messages.map { ($0, counts[$0.key]) }
    }

    /// Sets what this table counts; the rest of `counters` is its owner's.
    public func fill(_ counters: inout DecoderCounters) {
        counters.unknownType = unknownType
        counters.unexpectedLength = unexpectedLength
        counters.messages = counted.filter { $0.count > 0 }.map { message, count in
            MessageCount(key: UInt32(message.key), name: message.keyText, count: count)
        }.sorted { $0.key < $1.key }
    }
}
