import Books
import Ticks

/// Books in dictionaries, rebuilt from scratch at every question: slow, and as plain as the rules.
final class ReferenceBooks {
    struct OrderKey: Hashable {
        var channel: UInt16
        var id: UInt64
    }
    struct Order {
        var instrument: UInt32
        var side: Side
        var price: Int64
        var quantity: Int64
        /// Orders queue by when they came.
        var age: Int
    }
    struct LevelKey: Hashable {
        var side: Side
        var price: Int64
    }
    struct Event {
        var time: UInt64
        var deadline: UInt64
    }
    struct State {
        var channel: UInt16
        var levels: [LevelKey: LevelView] = [:]
        var implied: [LevelKey: LevelView] = [:]
        var isLevelFed = false
        var isDamaged = false
        var isSelfContained = false
        var lastSequence: UInt64 = 0
        var event: Event?
        var isEventSuspect = false
        var bid = BestPrice.empty
        var ask = BestPrice.empty
    }
    struct Channel {
        var openGaps = 0
        var gapEnd: UInt64 = 0
        var isIncomplete = false
    }

    private let configuration: BooksConfiguration
    private(set) var orders: [OrderKey: Order] = [:]
    private(set) var books: [UInt32: State] = [:]
    private(set) var channels: [UInt16: Channel] = [:]
    private(set) var counters = BookCounters()
    private var age = 0
    private var replacedSide = Side.none
    private var replacedInstrument: UInt32 = 0
    private var lastDeadline: UInt64 = 0

    init(_ configuration: BooksConfiguration) { self.configuration = configuration }

    // MARK: Applying

    /// Applies the tick and says what completing it must make of it.
    func apply(_ tick: inout Tick, before: inout Tick?) {
        guard let kind = tick.tickKind else { return }
        if tick.instrument == 0 { nameInstrument(kind, &tick, &before) }
        if tick.instrument == 0 { return applyToChannel(kind, tick) }
        guard Int(tick.instrument) <= configuration.instrumentCapacity else { return }
        let instrument = tick.instrument
        if books[instrument] == nil { books[instrument] = State(channel: tick.channel) }
        let shown = (best(instrument, .bid), best(instrument, .ask))
        if let event = books[instrument]?.event, event.time != tick.exchangeTime, kind != .alert {
            books[instrument]?.event = nil
            books[instrument]?.isEventSuspect = false
            show(instrument)
        }
        var knownOrder = true
        switch kind {
        case .add, .modify, .cancel, .delete, .fill, .level, .quote, .clear:
            if tick.has(.recovered), books[instrument]!.lastSequence > tick.sequence {
                counters.lateNotApplied += 1
                if !books[instrument]!.isSelfContained { damage(instrument) }
                knownOrder = false
            } else {
                books[instrument]!.lastSequence = tick.sequence
                knownOrder = change(kind, &tick)
                finish(kind, tick)
            }
        case .status where tick.detail == StatusDetail.eventEnd.rawValue:
            books[instrument]?.event = nil
            books[instrument]?.isEventSuspect = false
            show(instrument)
        case .alert where tick.detail == AlertCause.eventTimedOut.rawValue:
            if books[instrument]?.event != nil {
                counters.eventsTimedOut += 1
                books[instrument]?.event = nil
                books[instrument]?.isEventSuspect = true
                show(instrument)
            }
        default: break
        }
        if shown != (best(instrument, .bid), best(instrument, .ask)) {
            tick.tickFlags.insert(.topChanged)
        }
        if isSuspect(instrument) { tick.tickFlags.insert(.bookSuspect) }
        if kind == .fill, before != nil, !books[instrument]!.isLevelFed {
            completeTrade(&before!, tick, knownOrder)
        }
    }

    /// An order event without instrument is about its order's; of an unknown order, any book of
    /// the channel may be wrong.
    private func nameInstrument(_ kind: TickKind, _ tick: inout Tick, _ before: inout Tick?) {
        let key = OrderKey(channel: tick.channel, id: tick.orderID)
        switch kind {
        case .add where tick.has(.replaced):
            tick.instrument = replacedInstrument
            replacedInstrument = 0
        case .modify, .cancel, .delete, .fill:
            tick.instrument = orders[key]?.instrument ?? 0
            if kind == .delete, tick.has(.replaced) { replacedInstrument = tick.instrument }
        default: return
        }
        if tick.instrument != 0 { return }
        if tick.has(.recovered) {
            counters.lateNotApplied += 1
        } else if kind == .add {
            counters.unknownReplace += 1
        } else {
            counters.unknownOrder += 1
        }
        var channel = channels[tick.channel] ?? Channel()
        if !channel.isIncomplete {
            channel.isIncomplete = true
            for instrument in books.keys where books[instrument]?.channel == tick.channel {
                books[instrument]?.event = nil
                show(instrument)
            }
        }
        channels[tick.channel] = channel
        tick.tickFlags.insert(.bookSuspect)
        if kind == .fill, before != nil { completeTrade(&before!, tick, false) }
    }

    private func completeTrade(_ trade: inout Tick, _ fill: Tick, _ knownOrder: Bool) {
        guard trade.tickKind == .trade, !trade.has(.lastOfEvent), trade.sequence == fill.sequence,
            trade.channel == fill.channel
        else { return }
        if trade.instrument == 0 {
            trade.instrument = fill.instrument
            if fill.has(.bookSuspect) { trade.tickFlags.insert(.bookSuspect) }
        }
        if knownOrder {
            if trade.price == Price.none { trade.price = fill.price }
            if trade.side == 0 { trade.side = fill.tickSide.opposite.rawValue }
        } else {
            trade.tickFlags.insert(.bookSuspect)
        }
    }

    private func change(_ kind: TickKind, _ tick: inout Tick) -> Bool {
        if books[tick.instrument]!.isLevelFed, kind != .level, kind != .quote, kind != .clear {
            counters.ordersOfLevelBooks += 1
            return true
        }
        switch kind {
        case .add: add(&tick)
        case .cancel, .fill: return reduce(&tick)
        case .modify: return modify(&tick)
        case .delete: delete(&tick)
        case .level: setLevel(tick)
        case .quote: setQuote(tick)
        default:
            if tick.tickSide == .none {
                clear(tick.instrument)
            } else {
                empty(tick.instrument, tick.tickSide)
            }
        }
        return true
    }

    private func finish(_ kind: TickKind, _ tick: Tick) {
        if tick.has(.lastOfEvent) {
            if kind == .level {
                books[tick.instrument]?.event = nil
                books[tick.instrument]?.isEventSuspect = false
            }
            show(tick.instrument)
        } else if kind == .level, books[tick.instrument]?.event == nil {
            lastDeadline = max(lastDeadline, tick.captureTime + configuration.eventNanosecondsMax)
            books[tick.instrument]?.event = Event(time: tick.exchangeTime, deadline: lastDeadline)
        }
    }

    private func show(_ instrument: UInt32) {
        func first(_ side: Side) -> BestPrice {
            levels(instrument, side, .consolidated).first.map {
                BestPrice(price: $0.price, quantity: $0.quantity, orders: $0.orders)
            } ?? .empty
        }
        let (bid, ask) = (first(.bid), first(.ask))
        books[instrument]?.bid = bid
        books[instrument]?.ask = ask
    }

    private func damage(_ instrument: UInt32) { books[instrument]?.isDamaged = true }

    private func impossible(_ instrument: UInt32) {
        counters.impossibleValue += 1
        damage(instrument)
    }

    private func add(_ tick: inout Tick) {
        if tick.has(.replaced) {
            if tick.side == 0 { tick.side = replacedSide.rawValue }
            replacedSide = .none
            if tick.side == 0 {
                counters.unknownReplace += 1
                return damage(tick.instrument)
            }
        }
        guard tick.quantity > 0, tick.price != Price.none, tick.side != 0 else {
            return impossible(tick.instrument)
        }
        let key = OrderKey(channel: tick.channel, id: tick.orderID)
        if let old = orders.removeValue(forKey: key) {
            counters.duplicateOrder += 1
            damage(tick.instrument)
            damage(old.instrument)
            if old.instrument != tick.instrument { show(old.instrument) }
        }
        let levelKey = LevelKey(side: tick.tickSide, price: tick.price)
        if books[tick.instrument]?.levels[levelKey] != nil { return impossible(tick.instrument) }
        let isNewLevel = !levels(tick.instrument, tick.tickSide).contains { $0.price == tick.price }
        if orders.count >= configuration.orderCapacity
            || (isNewLevel && levelCount >= configuration.levelCapacity)
        {
            counters.capacityExceeded += 1
            return damage(tick.instrument)
        }
        age += 1
        orders[key] = Order(
            instrument: tick.instrument, side: tick.tickSide, price: tick.price,
            quantity: tick.quantity, age: age)
    }

    private var levelCount: Int {
        books.keys.reduce(0) { count, instrument in
            [Side.bid, .ask].reduce(count) {
                $0 + levels(instrument, $1).count + levels(instrument, $1, .implied).count
            }
        }
    }

    private func find(_ tick: Tick) -> (OrderKey, Order)? {
        let key = OrderKey(channel: tick.channel, id: tick.orderID)
        guard let order = orders[key], order.instrument == tick.instrument else { return nil }
        return (key, order)
    }

    private func reduce(_ tick: inout Tick) -> Bool {
        guard let (key, order) = find(tick) else {
            counters.unknownOrder += 1
            damage(tick.instrument)
            return false
        }
        tick.price = order.price
        tick.side = order.side.rawValue
        guard tick.quantity > 0 else {
            impossible(tick.instrument)
            return true
        }
        if tick.quantity > order.quantity {
            counters.excessQuantity += 1
            damage(tick.instrument)
        }
        let left = order.quantity - min(tick.quantity, order.quantity)
        if left == 0 { orders[key] = nil } else { orders[key]?.quantity = left }
        return true
    }

    private func modify(_ tick: inout Tick) -> Bool {
        guard let (key, order) = find(tick) else {
            counters.unknownOrder += 1
            damage(tick.instrument)
            return false
        }
        if tick.price == Price.none { tick.price = order.price }
        tick.side = order.side.rawValue
        guard tick.quantity > 0 else {
            impossible(tick.instrument)
            return true
        }
        if tick.price == order.price {
            orders[key]?.quantity = tick.quantity
            return true
        }
        orders[key] = nil
        let levelKey = LevelKey(side: order.side, price: tick.price)
        if books[tick.instrument]?.levels[levelKey] != nil {
            impossible(tick.instrument)
            return true
        }
        let isNewLevel = !levels(tick.instrument, order.side).contains { $0.price == tick.price }
        if isNewLevel && levelCount >= configuration.levelCapacity {
            counters.capacityExceeded += 1
            damage(tick.instrument)
            return true
        }
        age += 1
        orders[key] = Order(
            instrument: tick.instrument, side: order.side, price: tick.price,
            quantity: tick.quantity, age: age)
        return true
    }

    private func delete(_ tick: inout Tick) {
        guard let (key, order) = find(tick) else {
            if tick.has(.replaced) { replacedSide = .none }
            counters.unknownOrder += 1
            return damage(tick.instrument)
        }
        if tick.has(.replaced) { replacedSide = order.side }
        tick.price = order.price
        tick.quantity = order.quantity
        tick.side = order.side.rawValue
        orders[key] = nil
    }

    private func setLevel(_ tick: Tick) {
        guard tick.price != Price.none, tick.side != 0, tick.quantity >= 0 else {
            return impossible(tick.instrument)
        }
        if !books[tick.instrument]!.isLevelFed {
            let before = orders.count
            empty(tick.instrument, .bid)
            empty(tick.instrument, .ask)
            counters.ordersOfLevelBooks += UInt64(before - orders.count)
            books[tick.instrument]!.isLevelFed = true
        }
        let key = LevelKey(side: tick.tickSide, price: tick.price)
        let ladder: WritableKeyPath<State, [LevelKey: LevelView]> =
            tick.has(.implied) ? \.implied : \.levels
        if tick.quantity == 0 {
            books[tick.instrument]![keyPath: ladder][key] = nil
            return
        }
        if books[tick.instrument]![keyPath: ladder][key] == nil,
            levelCount >= configuration.levelCapacity
        {
            counters.capacityExceeded += 1
            return damage(tick.instrument)
        }
        books[tick.instrument]![keyPath: ladder][key] = LevelView(
            price: tick.price, quantity: tick.quantity, orders: tick.extra)
    }

    private func setQuote(_ tick: Tick) {
        books[tick.instrument]?.isSelfContained = true
        guard tick.side != 0 else { return impossible(tick.instrument) }
        books[tick.instrument]?.isDamaged = false
        empty(tick.instrument, tick.tickSide)
        if tick.quantity <= 0 || tick.price == 0 || tick.price == Price.none { return }
        books[tick.instrument]?.levels[LevelKey(side: tick.tickSide, price: tick.price)] =
            LevelView(price: tick.price, quantity: tick.quantity, orders: 0)
    }

    private func empty(_ instrument: UInt32, _ side: Side) {
        orders = orders.filter { $0.value.instrument != instrument || $0.value.side != side }
        let others = books[instrument]?.levels.filter { $0.key.side != side }
        books[instrument]?.levels = others ?? [:]
        let implied = books[instrument]?.implied.filter { $0.key.side != side }
        books[instrument]?.implied = implied ?? [:]
    }

    private func clear(_ instrument: UInt32) {
        empty(instrument, .bid)
        empty(instrument, .ask)
        books[instrument]?.isDamaged = false
        books[instrument]?.isEventSuspect = false
        books[instrument]?.event = nil
    }

    private func applyToChannel(_ kind: TickKind, _ tick: Tick) {
        var channel = channels[tick.channel] ?? Channel()
        let own = books.keys.filter { books[$0]?.channel == tick.channel }
        switch kind {
        case .gap:
            channel.openGaps += 1
            channel.gapEnd = max(channel.gapEnd, tick.sequence + UInt64(max(tick.quantity, 0)))
        case .gapFilled: channel.openGaps = max(channel.openGaps - 1, 0)
        case .epoch where tick.detail != EpochCause.end.rawValue:
            for instrument in own {
                clear(instrument)
                books[instrument]?.lastSequence = 0
            }
            channel = Channel(gapEnd: tick.sequence, isIncomplete: tick.sequence > 1)
        case .clear:
            own.forEach(clear)
            channel.openGaps = 0
            channel.isIncomplete = false
        default: return
        }
        channels[tick.channel] = channel
        for instrument in own {
            books[instrument]?.event = nil
            show(instrument)
        }
    }
}
