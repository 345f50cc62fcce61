/// Index 0 of every pool means "none".
let noNode: UInt32 = 0

/// A live order, 32 bytes: half a cache line, so that one miss finds it.
struct OrderNode: BitwiseCopyable {
    /// Order reference mixed with its channel's salt.
    var key: UInt64
    var quantity: Int64
    /// Queue neighbours, older and newer, at the same price.
    var previous: UInt32
    var next: UInt32
    var level: UInt32
    /// Instrument shifted left by one; bit 0 is set for the ask side.
    var place: UInt32
}

/// A price level of an order book, 32 bytes. Level feeds use it without a queue.
struct LevelNode: BitwiseCopyable {
    var price: Int64
    var quantity: Int64
    /// Oldest and newest order; a free level keeps the next free one in `head`.
    var head: UInt32
    var tail: UInt32
    var orderCount: UInt32
    var reserved: UInt32
}

/// A rung of a side's ladder: ascending by `rank`, so the best price stands last on either side.
struct Rung: BitwiseCopyable {
    /// The price for bids, its complement for asks (which cannot overflow).
    var rank: Int64
    var level: UInt32
    var reserved: UInt32
}

/// One side's levels: a run of rungs in the arena.
struct Ladder: BitwiseCopyable {
    /// First rung's index in the arena.
    var base: UInt32
    var count: UInt32
    /// Rungs that fit, 0 or a power of two.
    var capacity: UInt32
}

struct Book: BitwiseCopyable {
    var bids: Ladder
    var asks: Ladder
    /// Newest sequence applied in this epoch.
    var lastSequence: UInt64
    /// Exchange time of the open event.
    var eventTime: UInt64
    /// Core time at which the open event is given up.
    var eventDeadline: UInt64
    var channel: UInt16
    var flags: UInt16
    var reserved: UInt32
    /// Sequence of its channel behind the last one that an image of the book contains; 0 if none
    /// came. A book lies in one cache line of 64 bytes, which this fills.
    var imageEnd: UInt64

    /// Something was missed or contradictory: wrong until clear, snapshot or epoch.
    static let damaged: UInt16 = 1
    static let eventOpen: UInt16 = 2
    /// An event was given up: suspect until the next one completes.
    static let eventSuspect: UInt16 = 8
    /// Its top stands in the list of tops to publish.
    static let topListed: UInt16 = 16
    static let inUse: UInt16 = 32
    /// Complete in every message (quotes): only a gap newer than `lastSequence` makes it suspect.
    static let selfContained: UInt16 = 64
    /// A side's best level may have changed since the top was last shown.
    static let touchedBid: UInt16 = 128
    static let touchedAsk: UInt16 = 256
    /// The listed top has other values, not only other flags.
    static let topMoved: UInt16 = 512
    /// The top was last listed as suspect.
    static let shownSuspect: UInt16 = 1024
    /// Has seen levels: its order events are told, but not applied.
    static let levelFed: UInt16 = 2048
    /// Has or had implied levels: its best prices are those of both ladders together.
    static let hasImplied: UInt16 = 4096
    /// Its channel is the one that changes it. Before, it is that of whatever named it first: a
    /// definition, or an image from a channel of its own.
    static let isHome: UInt16 = 8192
}

struct ChannelState: BitwiseCopyable {
    var salt: UInt64
    var openGaps: UInt32
    /// Joined in mid-session, or resumed: what was before is not known.
    var incomplete: Bool
    /// Highest sequence behind the newest gap.
    var gapEnd: UInt64

    var isSuspect: Bool { openGaps > 0 || incomplete }
}

struct WatchedEvent: BitwiseCopyable {
    var deadline: UInt64
    var instrument: UInt32
}
