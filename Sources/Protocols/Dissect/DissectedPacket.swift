/// A number as it stands on the wire: its bits, and whether they are signed.
public struct WireNumber: Equatable, Sendable {
    /// Sign-extended where the number is signed.
    public var bits: UInt64
    public var isSigned: Bool

    public init(bits: UInt64, isSigned: Bool) {
        self.bits = bits
        self.isSigned = isSigned
    }

    public var isNegative: Bool { isSigned && Int64(bitPattern: bits) < 0 }

    public var magnitude: UInt64 { isNegative ? Int64(bitPattern: bits).magnitude : bits }
}

/// What a field says.
public enum DissectedValue: Equatable, Sendable {
    case number(WireNumber)
    /// The number times ten to the power of `exponent`.
    case decimal(WireNumber, exponent: Int)
    /// A value of an enumeration; `name` is nil for one that the description does not know. Letters
    /// are shown as such, not as their code.
    case named(WireNumber, name: String?, isLetter: Bool)
    /// The parts of a bit set that are not 0.
    case bits(UInt64, [DissectedBits])
    case time(WireNumber, unit: WireTimeUnit)
    /// Letters without the padding behind them.
    case text(String)
    case bytes([UInt8])
    /// The number that stands for no value.
    case null
    /// Entries of a group or repeating part.
    case entries([[DissectedField]])
}

public struct DissectedBits: Equatable, Sendable {
    public var name: String
    public var value: UInt64

    public init(name: String, value: UInt64) {
        self.name = name
        self.value = value
    }
}

/// A field with its bytes' place in the packet's payload.
public struct DissectedField: Equatable, Sendable {
    public var name: String
    /// From the beginning of the payload.
    public var offset: Int
    public var length: Int
    public var value: DissectedValue

    public init(name: String, offset: Int, length: Int, value: DissectedValue) {
        self.name = name
        self.offset = offset
        self.length = length
        self.value = value
    }
}

/// Whether a message could be read.
public enum MessageStatus: String, Sendable {
    case whole
    /// No message of the description has this key.
    case unknown
    /// Too short, or its groups reach beyond it.
    case malformed
}

/// What names a message.
public struct DissectedKey: Equatable, Sendable {
    public var number: UInt64
    /// As the description writes it: a number, or letters.
    public var text: String
    /// The wire has letters there.
    public var isLetters: Bool

    public init(number: UInt64, text: String, isLetters: Bool) {
        self.number = number
        self.text = text
        self.isLetters = isLetters
    }
}

/// One message of a packet.
public struct DissectedMessage: Equatable, Sendable {
    /// From the beginning of the payload to the message's first byte.
    public var offset: Int
    public var length: Int
    /// Nil if the message is too short to have one.
    public var key: DissectedKey?
    /// Nil for unknown messages.
    public var name: String?
    public var status: MessageStatus
    /// 0 if the packet numbers nothing.
    public var sequence: UInt64
    /// What could be read, also of a malformed message.
    public var fields: [DissectedField]
    /// Bytes behind what the description knows, of a message that may be longer.
    public var extraBytes: Int = 0
    /// Why it is malformed; empty if it is not.
    public var problem: String
    /// Fields of its head that do not have the only value that the description allows.
    public var contradictions = 0

    public init(
        offset: Int, length: Int, key: DissectedKey?, name: String?, status: MessageStatus,
        sequence: UInt64, fields: [DissectedField] = [], problem: String = ""
    ) {
        self.offset = offset
        self.length = length
        self.key = key
        self.name = name
        self.status = status
        self.sequence = sequence
        self.fields = fields
        self.problem = problem
    }
}

/// A packet's payload, taken apart by one feed's transport and description.
public struct DissectedPacket: Equatable, Sendable {
    /// `FeedDefinition.name`.
    public var feed: String
    public var transport: String
    /// data, heartbeat, endOfSession, unsequenced; or rejected, with the reason among the problems.
    public var kind: String
    /// Of the first message, or of the packet where packets are numbered.
    public var sequence: UInt64 = 0
    public var announcedMessages: Int = 0
    /// The packet's header as the description has it; empty if it describes none.
    public var header: [DissectedField] = []
    public var messages: [DissectedMessage] = []
    /// Bytes behind the last message.
    public var trailingBytes: Int = 0
    /// What is wrong with the packet as such.
    public var problems: [String] = []
    /// Fields of the header that do not have the only value that the description allows.
    public var contradictions = 0

    public init(feed: String, transport: String, kind: String) {
        self.feed = feed
        self.transport = transport
        self.kind = kind
    }

    public var isRejected: Bool { kind == Self.rejected }
    static let rejected = "rejected"

    /// Whether anything in it could not be read as the description says. Trailing bytes alone are
    /// no damage: venues pad packets.
    public var isMalformed: Bool {
        !problems.isEmpty || messages.contains { $0.status == .malformed }
    }
}
