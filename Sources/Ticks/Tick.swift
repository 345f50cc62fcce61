import CTapeline

/// One normalized market-data record: 64 bytes, one cache line.
///
/// The layout is that of `tapeline_tick.h`; `Sources/Tape/LAYOUT.md` gives every field's meaning.
public typealias Tick = tapeline_tick

/// What a tick says. Raw values are those of `tapeline_tick.h`.
@frozen
public enum TickKind: UInt8, CaseIterable, Sendable {
    /// A new resting order; `quantity` is its shown size.
    case add = 1
    /// An order's or entry's new total.
    case modify = 2
    /// Part of an order is gone; `quantity` is the decrement.
    case cancel = 3
    /// An order is gone; `quantity` is what was left.
    case delete = 4
    /// A resting order traded; `quantity` is the decrement, `price` the order's own.
    case fill = 5
    /// An execution; `orderID` is the match id, `side` the aggressor's where known.
    case trade = 6
    /// The trade with match id `orderID` is void.
    case tradeBreak = 7
    case tradeCorrect = 8
    /// An aggregated price level is now `quantity`; zero removes it.
    case level = 9
    /// The best price of `side` is now this; one tick a side.
    case quote = 10
    /// The instrument's book (or, with instrument 0, the channel's books) is empty.
    case clear = 11
    case status = 12
    case limits = 13
    case imbalance = 14
    case statistic = 15
    /// The directory has a new or changed entry for `instrument`.
    case definition = 16
    /// Sequences `sequence ..< sequence + quantity` have not been delivered.
    case gap = 17
    /// The gap with id `extra` is whole again.
    case gapFilled = 18
    /// A new run of sequence numbers begins.
    case epoch = 19
    case heartbeat = 20
    case lineState = 21
    case alert = 22
}

/// Side of a book. Raw values are those of `tapeline_tick.h`.
@frozen
public enum Side: UInt8, CaseIterable, Sendable {
    case none = 0
    case bid = 1
    case ask = 2

    @inlinable
    public var opposite: Side {
        switch self {
        case .none: .none
        case .bid: .ask
        case .ask: .bid
        }
    }
}

/// Where `captureTime` comes from; bits 14 and 15 of a tick's flags.
@frozen
public enum TimeSource: UInt16, CaseIterable, Sendable {
    case user = 0
    case kernel = 1
    case hardware = 2
    case file = 3

    @inlinable
    public var flags: TickFlags { TickFlags(rawValue: rawValue << 14) }
}

/// The sixteen flag bits of a tick.
@frozen
public struct TickFlags: OptionSet, Sendable {
    public let rawValue: UInt16

    @inlinable
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    // Computed, so that other modules see the number: a stored one is a call into this module.

    /// The book may be shown again after this tick: the venue's event is complete.
    @inlinable public static var lastOfEvent: TickFlags { TickFlags(rawValue: 1 << 0) }
    @inlinable public static var snapshot: TickFlags { TickFlags(rawValue: 1 << 1) }
    /// Came after its gap had been declared.
    @inlinable public static var recovered: TickFlags { TickFlags(rawValue: 1 << 2) }
    @inlinable public static var replaced: TickFlags { TickFlags(rawValue: 1 << 3) }
    /// This tick moved the instrument's best bid or offer.
    @inlinable public static var topChanged: TickFlags { TickFlags(rawValue: 1 << 4) }
    @inlinable public static var implied: TickFlags { TickFlags(rawValue: 1 << 5) }
    @inlinable public static var offBook: TickFlags { TickFlags(rawValue: 1 << 6) }
    @inlinable public static var nonPrintable: TickFlags { TickFlags(rawValue: 1 << 7) }
    @inlinable public static var auction: TickFlags { TickFlags(rawValue: 1 << 8) }
    @inlinable public static var bookSuspect: TickFlags { TickFlags(rawValue: 1 << 9) }
    @inlinable public static var crossed: TickFlags { TickFlags(rawValue: 1 << 10) }
    @inlinable public static var locked: TickFlags { TickFlags(rawValue: 1 << 11) }
    @inlinable public static var outlier: TickFlags { TickFlags(rawValue: 1 << 12) }
    @inlinable public static var badCaptureTime: TickFlags { TickFlags(rawValue: 1 << 13) }
    @inlinable public static var timeSourceMask: TickFlags { TickFlags(rawValue: 3 << 14) }
}

extension Tick {
    /// Values of `line` above the real lines.
    public static let lineRetransmission: UInt8 = 254
    public static let lineSnapshot: UInt8 = 255

    @inlinable
    public var tickKind: TickKind? { TickKind(rawValue: kind) }

    @inlinable
    public var tickSide: Side { Side(rawValue: side) ?? .none }

    @inlinable
    public var tickFlags: TickFlags {
        get { TickFlags(rawValue: flags) }
        set { flags = newValue.rawValue }
    }

    @inlinable
    public var timeSource: TimeSource { TimeSource(rawValue: flags >> 14) ?? .user }

    @inlinable
    public func has(_ flag: TickFlags) -> Bool { flags & flag.rawValue != 0 }
}

/// Prices and quantities in ticks: integer billionths, with one sentinel each.
public enum Price {
    /// No price.
    public static let none = Int64.max
    /// Billionths in one price unit.
    public static let scale: Int64 = 1_000_000_000
}

public enum Quantity {
    /// No quantity.
    public static let none = Int64.min
}
