import Books
import Ticks

/// What the plain books show.
extension ReferenceBooks {
    /// Instruments whose open events are over their time.
    func expired(now: UInt64) -> Set<UInt32> {
        Set(books.filter { $0.value.event.map { $0.deadline <= now } ?? false }.keys)
    }

    func levels(
        _ instrument: UInt32, _ side: Side, _ depth: Books.Depth = .outright
    ) -> [LevelView] {
        var levels = depth == .implied ? [:] : outright(instrument, side)
        for (key, level) in books[instrument]?.implied ?? [:]
        where key.side == side && depth != .outright {
            let known = levels[key]
            levels[key] = LevelView(
                price: key.price, quantity: (known?.quantity ?? 0) + level.quantity,
                orders: known?.orders ?? level.orders)
        }
        return levels.values.sorted { side == .bid ? $0.price > $1.price : $0.price < $1.price }
    }

    private func outright(_ instrument: UInt32, _ side: Side) -> [LevelKey: LevelView] {
        var levels = books[instrument]?.levels.filter { $0.key.side == side } ?? [:]
        for order in orders.values where order.instrument == instrument && order.side == side {
            let key = LevelKey(side: side, price: order.price)
            var level = levels[key] ?? LevelView(price: order.price, quantity: 0, orders: 0)
            level.quantity += order.quantity
            level.orders += 1
            levels[key] = level
        }
        return levels
    }

    func queue(_ instrument: UInt32, _ side: Side) -> [OrderView] {
        orders.filter { $0.value.instrument == instrument && $0.value.side == side }
            .sorted {
                if $0.value.price == $1.value.price { return $0.value.age < $1.value.age }
                return ($0.value.price > $1.value.price) == (side == .bid)
            }
            .map {
                OrderView(
                    id: $0.key.id, price: $0.value.price, quantity: $0.value.quantity)
            }
    }

    func isSuspect(_ instrument: UInt32) -> Bool {
        guard let book = books[instrument] else { return false }
        if book.isDamaged || book.isEventSuspect { return true }
        let channel = channels[book.channel] ?? Channel()
        guard channel.openGaps > 0 || channel.isIncomplete else { return false }
        return !book.isSelfContained || book.lastSequence < channel.gapEnd
    }

    func best(_ instrument: UInt32, _ side: Side) -> BestPrice {
        let book = books[instrument]
        return (side == .bid ? book?.bid : book?.ask) ?? .empty
    }
}

/// A price level, as tests compare it.
struct LevelView: Equatable {
    var price: Int64
    var quantity: Int64
    var orders: UInt32
}

/// A resting order, as tests compare it.
struct OrderView: Equatable {
    var id: UInt64
    var price: Int64
    var quantity: Int64
}

extension Books {
    func levelViews(
        _ instrument: UInt32, _ side: Side, _ depth: Depth = .outright
    ) -> [LevelView] {
        levels(instrument, side, depth).map {
            LevelView(price: $0.price, quantity: $0.quantity, orders: $0.orders)
        }
    }

    func orderViews(_ instrument: UInt32, _ side: Side) -> [OrderView] {
        orders(instrument, side).map {
            OrderView(id: $0.orderID, price: $0.price, quantity: $0.quantity)
        }
    }
}
