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
    private var orders: [UInt64: Order] = [:]

    init() { orders.reserveCapacity(Self.capacity) }

    /// The order with this reference; quick where there is none at all, as outside of auctions.
    @inline(__always)
    func find(_ reference: UInt64) -> Order? { orders.isEmpty ? nil : orders[reference] }

    /// Notes a new order or a new total, and tells it. False where there is no room for it.
    mutating func set(
        _ reference: UInt64, side: Side, quantity: Int64, _ emitter: inout TickEmitter
    ) -> Bool {
        let hasRoom = orders.count < Self.capacity || orders[reference] != nil
        if quantity <= 0 {
            orders[reference] = nil
        } else if hasRoom {
            orders[reference] = Order(
                instrument: emitter.instrument, side: side, quantity: quantity)
        }
        emitter.emit(
            .imbalance, orderID: reference, quantity: quantity, side: side,
            detail: ImbalanceDetail.marketOrder.rawValue)
        return hasRoom
    }

    mutating func removeAll() { orders.removeAll(keepingCapacity: true) }
}
