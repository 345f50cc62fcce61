/// Bounds and rules of `Books`. Memory is reserved at the start and touched as it is used.
public struct BooksConfiguration: Sendable {
    /// Highest instrument id.
    public var instrumentCapacity: Int
    /// Most live orders over all instruments; one more is refused and counted.
    public var orderCapacity: Int
    /// Most live price levels over all instruments.
    public var levelCapacity: Int
    /// Channel ids are below this.
    public var channelCapacity: Int
    /// How long a venue's event may stay open, in ns of core time, before the book is shown as it
    /// is and marked suspect.
    public var eventNanosecondsMax: UInt64
    /// Touches the memory that the first orders will need when the books are made, not when they
    /// come: for live feeds.
    public var populatesMemory: Bool
    /// Makes the places of orders in the index unpredictable for whoever chooses order ids.
    /// Results do not depend on it.
    public var hashSeed: UInt64

    public init(
        instrumentCapacity: Int = 65_536, orderCapacity: Int = 1 << 22,
        levelCapacity: Int = 1 << 21, channelCapacity: Int = 64,
        eventNanosecondsMax: UInt64 = 1_000_000, populatesMemory: Bool = false,
        hashSeed: UInt64 = 0x5851_F42D_4C95_7F2D
    ) {
        self.instrumentCapacity = instrumentCapacity
        self.orderCapacity = orderCapacity
        self.levelCapacity = levelCapacity
        self.channelCapacity = channelCapacity
        self.eventNanosecondsMax = eventNanosecondsMax
        self.populatesMemory = populatesMemory
        self.hashSeed = hashSeed
    }
}

/// What went wrong in building books; every count has made a book suspect, but for late messages of
/// quote books and `ordersOfLevelBooks`. Where neither message nor order tells which book, all of
/// the channel are.
public struct BookCounters: Sendable, Equatable {
    /// Cancel, modify, delete or fill of an order that is not there.
    public var unknownOrder: UInt64 = 0
    /// A replacement whose original is not there: the new reference is not registered, because its
    /// side is not known.
    public var unknownReplace: UInt64 = 0
    /// An order reference added while it was live; the older order was removed.
    public var duplicateOrder: UInt64 = 0
    /// Cancel or fill of more than was left.
    public var excessQuantity: UInt64 = 0
    /// Quantity of zero or less, or a price or side missing, where it cannot be. A price of zero is a
    /// price, as spreads have it.
    public var impossibleValue: UInt64 = 0
    /// No room for another order or level.
    public var capacityExceeded: UInt64 = 0
    /// Late messages that came after newer ones of their instrument and were kept out.
    public var lateNotApplied: UInt64 = 0
    /// Order events of books that levels feed, not applied, and orders that a book's first level
    /// pushed out.
    public var ordersOfLevelBooks: UInt64 = 0
    /// Events that were not completed in time.
    public var eventsTimedOut: UInt64 = 0

    public init() {}
}

/// One side's best price as books show it.
public struct BestPrice: Equatable, Sendable {
    /// Billionths; `Price.none` if the side is empty.
    public var price: Int64
    public var quantity: Int64
    /// 0 for feeds that do not say.
    public var orders: UInt32

    public init(price: Int64, quantity: Int64, orders: UInt32) {
        self.price = price
        self.quantity = quantity
        self.orders = orders
    }

    public static let empty = BestPrice(price: .max, quantity: 0, orders: 0)
}
