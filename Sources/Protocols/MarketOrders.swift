import Ticks

/// Orders without a price, by their references: they stand outside of the books, which sort by
/// price, and are told by `imbalance` ticks.
struct MarketOrders {
    /// Most that are known at a time; more are counted as unrepresentable.
    private static let capacity = 65_536
    private var references: Set<UInt64> = []

    init() { references.reserveCapacity(Self.capacity) }

    /// False where there is no room.
    mutating func insert(_ reference: UInt64) -> Bool {
        guard references.count < Self.capacity else { return false }
        references.insert(reference)
        return true
    }

    @inline(__always)
    func contains(_ reference: UInt64) -> Bool {
        !references.isEmpty && references.contains(reference)
    }

    mutating func remove(_ reference: UInt64) { references.remove(reference) }

    mutating func removeAll() { references.removeAll(keepingCapacity: true) }
}

extension TickEmitter {
    /// `quantity` is what the order waits with, 0 once it is gone.
    mutating func marketOrder(
        _ reference: UInt64, quantity: Int64, side: Side = .none,
        flags: TickFlags = .lastOfEvent
    ) {
        emit(
            .imbalance, orderID: reference, quantity: quantity, side: side, flags: flags,
            detail: ImbalanceDetail.marketOrder.rawValue)
    }
}
