/// What a decoder remembers of orders, by reference, up to a bound.
///
/// Open addressing without tombstones, at most half full. Looking up allocates nothing; entering
/// may, until the table has grown to its bound.
final class OrderTable<Value: BitwiseCopyable> {
    private struct Slot {
        var reference: UInt64
        var isUsed: Bool
        var value: Value
    }
    @exclusivity(unchecked) private var slots: UnsafeMutablePointer<Slot>
    @exclusivity(unchecked) private var mask: Int
    @exclusivity(unchecked) private(set) var count = 0
    private let capacity: Int
    private let free: Slot

    /// - Parameter capacity: most references, from 1; further ones are not taken.
    /// - Parameter placeholder: what free places hold.
    init(capacity: Int, placeholder: Value) {
        precondition(capacity > 0)
        self.capacity = capacity
        free = Slot(reference: 0, isUsed: false, value: placeholder)
        mask = 1023
        slots = .allocate(capacity: mask + 1)
        slots.initialize(repeating: free, count: mask + 1)
    }

    deinit { slots.deallocate() }

    /// What is known of the order, to be read or changed before the next call; nil if nothing is.
    @inline(__always)
    func find(_ reference: UInt64) -> UnsafeMutablePointer<Value>? {
        let slot = slots + place(reference)
        guard slot.pointee.isUsed else { return nil }
        return UnsafeMutableRawPointer(slot).advanced(by: MemoryLayout<Slot>.offset(of: \.value)!)
            .assumingMemoryBound(to: Value.self)
    }

    /// Enters an order, or replaces what is known of it. False, with nothing entered, if it is new
    /// and the table is full.
    @discardableResult
    func set(_ reference: UInt64, _ value: Value) -> Bool {
        var at = place(reference)
        if !slots[at].isUsed {
            guard count < capacity else { return false }
            if (count + 1) * 2 > mask + 1 {
                grow()
                at = place(reference)
            }
            count += 1
        }
        slots[at] = Slot(reference: reference, isUsed: true, value: value)
        return true
    }

    /// False if the order is not there.
    @discardableResult
    func remove(_ reference: UInt64) -> Bool {
        let at = place(reference)
        guard slots[at].isUsed else { return false }
        remove(at: at)
        return true
    }

    func removeAll(where isGone: (Value) -> Bool) {
        guard count > 0 else { return }
        var at = 0
        while at <= mask {
            if slots[at].isUsed, isGone(slots[at].value) {
                // Another one may have moved here.
                remove(at: at)
            } else {
                at += 1
            }
        }
    }

    /// Forgets everything and keeps the memory.
    func removeAll() {
        guard count > 0 else { return }
        slots.update(repeating: free, count: mask + 1)
        count = 0
    }

    /// Entries behind the freed place move up, so that searches need no tombstones.
    private func remove(at start: Int) {
        var vacant = start
        var at = start
        while true {
            at = (at + 1) & mask
            guard slots[at].isUsed else { break }
            let distance = (at - home(slots[at].reference)) & mask
            if distance >= (at - vacant) & mask {
                slots[vacant] = slots[at]
                vacant = at
            }
        }
        slots[vacant] = free
        count -= 1
    }

    @inline(never)
    private func grow() {
        let old = slots
        let oldCount = mask + 1
        mask = oldCount * 2 - 1
        slots = .allocate(capacity: mask + 1)
        slots.initialize(repeating: free, count: mask + 1)
        for slot in UnsafeBufferPointer(start: old, count: oldCount) where slot.isUsed {
            slots[place(slot.reference)] = slot
        }
        old.deallocate()
    }

    @inline(__always)
    private func home(_ reference: UInt64) -> Int {
        Int(truncatingIfNeeded: OrderKey.mixed(reference)) & mask
    }

    /// The slot that holds the reference, or the free one where it belongs.
    @inline(__always)
    private func place(_ reference: UInt64) -> Int {
        var at = home(reference)
        while slots[at].isUsed, slots[at].reference != reference { at = (at + 1) & mask }
        return at
    }
}
