/// Instruments by the venue's own numbers or wire keys, for decoders: a key of 128 bits to an id.
///
/// Open addressing, a power of two of slots at most half full. Looking up allocates nothing;
/// entering a key may, and the table takes as many as it was made for.
public final class CodeTable {
    /// Most keys that the table takes.
    public let capacity: Int
    public private(set) var count = 0

    private struct Slot {
        var high: UInt64 = 0
        var low: UInt64 = 0
        /// 0 for a free slot.
        var id: UInt32 = 0
    }
    @exclusivity(unchecked) private var slots: UnsafeMutablePointer<Slot>
    @exclusivity(unchecked) private var mask: Int

    /// `capacity`: usually the directory's.
    public init(capacity: Int) {
        precondition(capacity > 0 && capacity < 1 << 24, "1 … 16777215 keys")
        self.capacity = capacity
        mask = Self.slotCount(for: min(capacity, 512)) - 1
        slots = .allocate(capacity: mask + 1)
        slots.initialize(repeating: Slot(), count: mask + 1)
    }

    deinit { slots.deallocate() }

    /// The id that was entered under the key, 0 if none was.
    @inline(__always)
    public func find(_ high: UInt64, _ low: UInt64) -> UInt32 { slots[index(high, low)].id }

    @inline(__always)
    public func find(_ code: UInt64) -> UInt32 { find(0, code) }

    /// Enters an id, which is not 0, or gives a known key another one. False, with nothing entered,
    /// if the table is full.
    @discardableResult
    public func insert(_ high: UInt64, _ low: UInt64, id: UInt32) -> Bool {
        precondition(id != 0, "0 is no instrument")
        var at = index(high, low)
        if slots[at].id == 0 {
            guard count < capacity else { return false }
            if (count + 1) * 2 > mask + 1 {
                grow()
                at = index(high, low)
            }
            count += 1
        }
        slots[at] = Slot(high: high, low: low, id: id)
        return true
    }

    @discardableResult
    public func insert(_ code: UInt64, id: UInt32) -> Bool { insert(0, code, id: id) }

    /// Forgets all keys and keeps the memory.
    public func removeAll() {
        slots.update(repeating: Slot(), count: mask + 1)
        count = 0
    }

    private static func slotCount(for keys: Int) -> Int {
        var slots = 16
        while slots < keys * 2 { slots *= 2 }
        return slots
    }

    private func grow() {
        let old = slots
        let oldCount = mask + 1
        mask = oldCount * 2 - 1
        slots = .allocate(capacity: mask + 1)
        slots.initialize(repeating: Slot(), count: mask + 1)
        for slot in UnsafeBufferPointer(start: old, count: oldCount) where slot.id != 0 {
            slots[index(slot.high, slot.low)] = slot
        }
        old.deallocate()
    }

    /// The slot that holds the key, or the free one where it belongs.
    @inline(__always)
    private func index(_ high: UInt64, _ low: UInt64) -> Int {
        let mixed = (high &* 0xC2B2_AE3D_27D4_EB4F ^ low) &* 0x9E37_79B9_7F4A_7C15
        var at = Int(truncatingIfNeeded: mixed >> 32 ^ mixed >> 8) & mask
        while slots[at].id != 0, slots[at].high != high || slots[at].low != low {
            at = (at + 1) & mask
        }
        return at
    }
}
