/// A bounded set of order references, each within a scope (an instrument, a side of its book), all
/// orders of which can be forgotten at once: for venues whose messages do not say whether an order
/// is known already.
///
/// Forgetting a scope takes the same time however many orders it has: its orders are of an earlier
/// generation from then on, and leave the table when it is to grow.
final class OrderSet {
    private struct Entry {
        var scope: UInt32
        var generation: UInt32
    }
    private let orders: OrderTable<Entry>
    private let capacity: Int
    /// By scope.
    private let generations: UnsafeMutablePointer<UInt32>
    private let scopeCount: Int
    /// Entries at which those of earlier generations are looked for, if there may be some.
    @exclusivity(unchecked) private var sweepCount = 1024
    @exclusivity(unchecked) private var mayBeStale = false

    /// - Parameter capacity: most references, from 1; further ones are not taken.
    /// - Parameter scopeCount: scopes are numbered from 0 up to below this.
    init(capacity: Int, scopeCount: Int) {
        self.capacity = capacity
        self.scopeCount = scopeCount
        orders = OrderTable(capacity: capacity, placeholder: Entry(scope: 0, generation: 0))
        generations = .allocate(capacity: scopeCount)
        generations.initialize(repeating: 0, count: scopeCount)
        sweepCount = min(sweepCount, capacity)
    }

    deinit { generations.deallocate() }

    /// True if there is no order at all; forgotten ones may still count as there.
    @inline(__always)
    var isEmpty: Bool { orders.count == 0 }

    @inline(__always)
    func contains(_ reference: UInt64) -> Bool {
        guard let entry = orders.find(reference)?.pointee else { return false }
        return isLive(entry)
    }

    /// False if the reference is there already. True if it is new, also if the set is full and does
    /// not take it.
    @inline(__always)
    @discardableResult
    func insert(_ reference: UInt64, scope: UInt32) -> Bool {
        precondition(scope < scopeCount)
        let entry = Entry(scope: scope, generation: generations[Int(scope)])
        if let known = orders.find(reference) {
            let wasLive = isLive(known.pointee)
            known.pointee = entry
            return !wasLive
        }
        if orders.count >= sweepCount { sweep() }
        orders.set(reference, entry)
        return true
    }

    /// False if the reference is not there.
    @discardableResult
    func remove(_ reference: UInt64) -> Bool {
        guard let entry = orders.find(reference)?.pointee else { return false }
        orders.remove(reference)
        return isLive(entry)
    }

    /// Forgets the orders of one scope.
    func removeAll(of scope: UInt32) {
        precondition(scope < scopeCount)
        guard !isEmpty else { return }
        generations[Int(scope)] &+= 1
        mayBeStale = true
    }

    /// Forgets everything and keeps the memory.
    func removeAll() {
        orders.removeAll()
        mayBeStale = false
    }

    @inline(__always)
    private func isLive(_ entry: Entry) -> Bool {
        entry.generation == generations[Int(entry.scope)]
    }

    @inline(never)
    private func sweep() {
        if mayBeStale { orders.removeAll { !isLive($0) } }
        mayBeStale = false
        sweepCount = min(capacity, max(1024, orders.count * 2))
    }
}
