import Ticks

/// Orders without a price: they stand outside of the books, which sort by price, and are told by
/// `imbalance` ticks.
///
/// Forgetting an instrument's takes the same time however many there are: they are of an earlier
/// generation from then on, and leave the table when it is full.
final class MarketOrders {
    struct Order: BitwiseCopyable {
        var instrument: UInt32
        var side: Side
        var quantity: Int64
        fileprivate var generation: UInt32
    }

    /// Most that are known at a time.
    private static let capacity = 65_536
    private let orders = OrderTable(
        capacity: capacity,
        placeholder: Order(instrument: 0, side: .none, quantity: 0, generation: 0))
    /// By instrument, where it is not 0.
    @exclusivity(unchecked) private var generations: [UInt32: UInt32] = [:]
    @exclusivity(unchecked) private var mayBeStale = false

    /// The order with this reference; quick where there is none at all, as outside of auctions.
    @inline(__always)
    func find(_ reference: UInt64) -> Order? {
        guard orders.count > 0, let order = orders.find(reference)?.pointee, isLive(order)
        else { return nil }
        return order
    }

    private func isLive(_ order: Order) -> Bool {
        order.generation == generations[order.instrument, default: 0]
    }

    /// Notes a new order or a new total, and tells it. False where there is no room for it.
    func set(
        _ reference: UInt64, side: Side, quantity: Int64, flags: TickFlags = .lastOfEvent,
        _ emitter: inout TickEmitter
    ) -> Bool {
        var hasRoom = true
        if quantity <= 0 {
            orders.remove(reference)
        } else {
            let order = Order(
                instrument: emitter.instrument, side: side, quantity: quantity,
                generation: generations[emitter.instrument, default: 0])
            hasRoom = enter(reference, order)
        }
        emitter.emit(
            .imbalance, orderID: reference, quantity: quantity, side: side, flags: flags,
            detail: ImbalanceDetail.marketOrder.rawValue)
        return hasRoom
    }

    private func enter(_ reference: UInt64, _ order: Order) -> Bool {
        if orders.set(reference, order) { return true }
        guard mayBeStale else { return false }
        orders.removeAll { !isLive($0) }
        mayBeStale = false
        return orders.set(reference, order)
    }

    func removeAll() {
        orders.removeAll()
        mayBeStale = false
    }

    /// Forgets those of one instrument, whose book the venue has emptied.
    func removeAll(of instrument: UInt32) {
        guard orders.count > 0 else { return }
        generations[instrument, default: 0] &+= 1
        mayBeStale = true
    }
}
