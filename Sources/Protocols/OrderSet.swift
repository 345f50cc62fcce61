/// A bounded set of order references, each with its instrument: for venues whose messages do not say
/// whether an order is known already.
///
/// Open addressing without tombstones, at most half full; grows up to its bound.
struct OrderSet {
    private struct Slot {
        var reference: UInt64 = 0
        var instrument: UInt32 = 0
        var isUsed = false
    }
    private var slots: [Slot]
    private let capacity: Int
    private(set) var count = 0

    /// - Parameter capacity: most references, from 1; further ones are not taken.
    init(capacity: Int) {
        precondition(capacity > 0)
        self.capacity = capacity
        slots = Array(repeating: Slot(), count: 1024)
    }

    func contains(_ reference: UInt64) -> Bool { slots[place(reference)].isUsed }

    /// False if the reference is there already, or the set is full.
    @discardableResult
    mutating func insert(_ reference: UInt64, instrument: UInt32) -> Bool {
        var at = place(reference)
        guard !slots[at].isUsed, count < capacity else { return false }
        if (count + 1) * 2 > slots.count {
            grow()
            at = place(reference)
        }
        slots[at] = Slot(reference: reference, instrument: instrument, isUsed: true)
        count += 1
        return true
    }

    /// False if the reference is not there.
    @discardableResult
    mutating func remove(_ reference: UInt64) -> Bool {
        let at = place(reference)
        guard slots[at].isUsed else { return false }
        remove(at: at)
        return true
    }

    /// Forgets the orders of one instrument.
    mutating func removeAll(of instrument: UInt32) {
        guard count > 0 else { return }
        let kept = slots.filter { $0.isUsed && $0.instrument != instrument }
        removeAll()
        for slot in kept { insert(slot.reference, instrument: slot.instrument) }
    }

    /// Forgets everything and keeps the memory.
    mutating func removeAll() {
        guard count > 0 else { return }
        for index in slots.indices { slots[index].isUsed = false }
        count = 0
    }

    /// Entries behind the freed place move up, so that searches need no tombstones.
    private mutating func remove(at start: Int) {
        var free = start
        var at = start
        while true {
            at = (at + 1) & (slots.count - 1)
            guard slots[at].isUsed else { break }
            let home = home(slots[at].reference)
            let distance = (at - home) & (slots.count - 1)
            if distance >= (at - free) & (slots.count - 1) {
                slots[free] = slots[at]
                free = at
            }
        }
        slots[free].isUsed = false
        count -= 1
    }

    private mutating func grow() {
        let old = slots
        slots = Array(repeating: Slot(), count: old.count * 2)
        for slot in old where slot.isUsed { slots[place(slot.reference)] = slot }
    }

    private func home(_ reference: UInt64) -> Int {
        Int(truncatingIfNeeded: OrderKey.mixed(reference)) & (slots.count - 1)
    }

    /// The slot that holds the reference, or the free one where it belongs.
    private func place(_ reference: UInt64) -> Int {
        var at = home(reference)
        while slots[at].isUsed, slots[at].reference != reference {
            at = (at + 1) & (slots.count - 1)
        }
        return at
    }
}
