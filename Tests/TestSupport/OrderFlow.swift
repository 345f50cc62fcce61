/// What happens to one order, or to one instrument's book.
public enum OrderChange: Equatable, Sendable {
    case add(id: UInt64, instrument: Int, isAsk: Bool, price: Int64, quantity: UInt64)
    /// Takes a part away, or all that is left: then the order is gone.
    case reduce(id: UInt64, by: UInt64)
    /// Like `reduce`, by a trade; `price` is nil where it traded at its own price.
    case execute(id: UInt64, quantity: UInt64, price: Int64?)
    /// New totals: at the same price the order keeps its place, at another it goes to the end there.
    case modify(id: UInt64, price: Int64, quantity: UInt64)
    /// `old` goes and `new` comes at the end of its price's queue, on the same side.
    case replace(old: UInt64, new: UInt64, price: Int64, quantity: UInt64)
    case delete(id: UInt64)
    case clear(instrument: Int)
}

/// An event of `OrderFlow`, with what encoders need that must say more than the change does.
public struct OrderEvent: Sendable {
    public var change: OrderChange
    public var instrument: Int
    /// False for clears, which touch both sides.
    public var isAsk: Bool
    /// The order as it was; nil for adds and clears.
    public var before: NaiveOrder?
}

/// Random order flow: the same events from the same seed on every host. Books never cross: bids are
/// priced below the best ask and asks above the best bid. Prices are whole ticks.
///
///     var flow = OrderFlow(seed: 1, instruments: 4)
///     let event = flow.next()
///     // encode, decode, apply; then compare the touched side with flow.book
public struct OrderFlow {
    /// How often what happens, in parts of their sum; 0 for what a protocol cannot say.
    public struct Mix: Sendable {
        public var add = 420
        public var partialReduction = 60
        public var fullReduction = 20
        public var partialExecution = 90
        public var fullExecution = 60
        /// Executions at another price than the order's, in parts of a thousand executions.
        public var executionsElsewhere = 50
        /// A smaller quantity at the same price.
        public var shrink = 60
        /// A larger quantity at the same price; 0 for venues where that loses the place.
        public var grow = 20
        /// A modification to another price.
        public var reprice = 60
        public var replace = 90
        /// Replacements that keep the identifier, in parts of a thousand replacements.
        public var replacesInPlace = 0
        public var delete = 120
        /// Clears of an instrument, in a million events.
        public var clearsPerMillion = 50

        public init() {}
    }

    /// The books after the last event.
    public private(set) var book: NaiveBook
    private var generator: SeededGenerator
    private let mix: Mix
    private let liveOrdersMax: Int
    private let identify: (UInt64) -> UInt64
    private var nextID: UInt64 = 1
    /// The price around which an instrument's orders come, in ticks.
    private var centers: [Int64]
    private let centerRange: ClosedRange<Int64>

    /// - Parameters:
    ///   - liveOrdersMax: resting orders of one instrument at any time, from 2.
    ///   - startPrice: in ticks, from 1,000; prices stay within a half and twice of it.
    ///   - identify: turns 1, 2, 3 … into a venue's identifiers; must not repeat.
    public init(
        seed: UInt64, instruments: Int, mix: Mix = Mix(), liveOrdersMax: Int = 80,
        startPrice: Int64 = 10_000, identify: @escaping (UInt64) -> UInt64 = { $0 }
    ) {
        precondition(instruments > 0 && liveOrdersMax >= 2 && startPrice >= 1000)
        generator = SeededGenerator(seed: seed)
        book = NaiveBook(instruments: instruments)
        self.mix = mix
        self.liveOrdersMax = liveOrdersMax
        self.identify = identify
        centers = Array(repeating: startPrice, count: instruments)
        centerRange = (startPrice / 2 + 100)...(startPrice * 2 - 100)
    }

    /// The next event, which `book` has taken in already.
    public mutating func next() -> OrderEvent {
        let event = choose()
        book.apply(event.change)
        return event
    }

    private mutating func choose() -> OrderEvent {
        let instrument = generator.below(book.instruments)
        if generator.chance(100) { move(instrument) }
        if generator.below(1_000_000) < mix.clearsPerMillion {
            return OrderEvent(
                change: .clear(instrument: instrument), instrument: instrument, isAsk: false)
        }
        let count = book.orderCount(instrument)
        if count == 0 { return add(instrument) }
        var weights = [
            mix.add, mix.partialReduction, mix.fullReduction, mix.partialExecution,
            mix.fullExecution, mix.shrink, mix.grow, mix.reprice, mix.replace, mix.delete,
        ]
        if count >= liveOrdersMax { weights[0] = 0 }
        let kind = pick(weights)
        if kind == 0 { return add(instrument) }
        return change(kind, instrument)
    }

    private mutating func pick(_ weights: [Int]) -> Int {
        var total = 0
        for weight in weights { total += weight }
        precondition(total > 0, "a mix of nothing")
        var value = generator.below(total)
        for (index, weight) in weights.enumerated() {
            if value < weight { return index }
            value -= weight
        }
        return weights.count - 1
    }

    /// A change of an order that rests, by the place of its weight in `choose`.
    private mutating func change(_ kind: Int, _ instrument: Int) -> OrderEvent {
        var isAsk = generator.chance(500)
        if book.levelCount(instrument, isAsk: isAsk) == 0 { isAsk.toggle() }
        let isExecution = kind == 3 || kind == 4
        let order = restingOrder(instrument, isAsk, isExecution && !generator.chance(100))
        let part = order.quantity > 1 ? UInt64(generator.below(Int(order.quantity) - 1)) + 1 : 1
        let change: OrderChange
        switch kind {
        case 1: change = .reduce(id: order.id, by: part)
        case 2: change = .reduce(id: order.id, by: order.quantity)
        case 3, 4:
            let elsewhere =
                generator.chance(mix.executionsElsewhere)
                ? order.price + Int64(generator.below(9)) - 4 : nil
            change = .execute(
                id: order.id, quantity: kind == 3 ? part : order.quantity,
                price: elsewhere == order.price ? nil : elsewhere)
        case 5:
            change = .modify(id: order.id, price: order.price, quantity: part)
        case 6:
            change = .modify(
                id: order.id, price: order.price, quantity: order.quantity + min(part, 1000))
        case 7:
            change = .modify(
                id: order.id, price: price(instrument, isAsk: isAsk), quantity: quantity())
        case 8:
            change = .replace(
                old: order.id,
                new: generator.chance(mix.replacesInPlace) ? order.id : newID(),
                price: price(instrument, isAsk: isAsk), quantity: quantity())
        default: change = .delete(id: order.id)
        }
        return OrderEvent(change: change, instrument: instrument, isAsk: isAsk, before: order)
    }

    private mutating func add(_ instrument: Int) -> OrderEvent {
        let isAsk = generator.chance(500)
        return OrderEvent(
            change: .add(
                id: newID(), instrument: instrument, isAsk: isAsk,
                price: price(instrument, isAsk: isAsk), quantity: quantity()),
            instrument: instrument, isAsk: isAsk)
    }

    /// The order whose turn it is, or any.
    private mutating func restingOrder(
        _ instrument: Int, _ isAsk: Bool, _ isFirst: Bool
    ) -> NaiveOrder {
        if isFirst { return book.orders(instrument, isAsk: isAsk, level: 0)[0] }
        let level = generator.below(book.levelCount(instrument, isAsk: isAsk))
        let orders = book.orders(instrument, isAsk: isAsk, level: level)
        return orders[generator.below(orders.count)]
    }

    private mutating func newID() -> UInt64 {
        defer { nextID += 1 }
        return identify(nextID)
    }

    private mutating func move(_ instrument: Int) {
        let moved = centers[instrument] + Int64(generator.below(7)) - 3
        centers[instrument] = min(max(moved, centerRange.lowerBound), centerRange.upperBound)
    }

    /// Mostly near the center, sometimes far away, never through the other side.
    private mutating func price(_ instrument: Int, isAsk: Bool) -> Int64 {
        let distance = Int64(generator.chance(100) ? generator.below(40) : generator.below(8))
        let opposite = book.best(instrument, isAsk: !isAsk)
        if isAsk {
            let wanted = centers[instrument] + 1 + distance
            return opposite.map { max(wanted, $0 + 1) } ?? wanted
        }
        let wanted = centers[instrument] - 1 - distance
        return opposite.map { min(wanted, $0 - 1) } ?? wanted
    }

    /// Mostly round lots, sometimes a single unit.
    private mutating func quantity() -> UInt64 {
        generator.chance(200)
            ? UInt64(generator.below(99)) + 1 : (UInt64(generator.below(20)) + 1) * 100
    }
}
