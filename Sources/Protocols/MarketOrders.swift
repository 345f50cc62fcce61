import Ticks

/// Orders without a price: they stand outside of the books, which sort by price, and are told by
/// `imbalance` ticks.
struct MarketOrders {
    struct Order {
        var instrument: UInt32
        var side: Side
        var quantity: Int64
    }

    /// Most that are known at a time.
    private static let capacity = 65_536
    private let orders = OrderTable(
        capacity: capacity, placeholder: Order(instrument: 0, side: .none, quantity: 0))

    /// The order with this reference; quick where there is none at all, as outside of auctions.
    @inline(__always)
    func find(_ reference: UInt64) -> Order? {
        orders.count == 0 ? nil : orders.find(reference)?.pointee
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
            let order = Order(instrument: emitter.instrument, side: side, quantity: quantity)
            hasRoom = orders.set(reference, order)
        }
        emitter.emit(
            .imbalance, orderID: reference, quantity: quantity, side: side, flags: flags,
            detail: ImbalanceDetail.marketOrder.rawValue)
        return hasRoom
    }

    func removeAll() { orders.removeAll() }

    /// Forgets those of one instrument, whose book the venue has emptied.
    func removeAll(of instrument: UInt32) { orders.removeAll { $0.instrument == instrument } }
}
