import Glibc

/// The distinct combinations of attributes and selectors of a run, numbered by first occurrence.
final class SymbolTable {
    private struct Slot {
        var attributes: UInt64 = 0
        var selectors: UInt16 = 0
        var isTaken: UInt16 = 0
        var code: UInt32 = 0
    }

    private let slots: UnsafeMutablePointer<Slot>
    private let mask: Int
    /// By code, the slot.
    private let taken: UnsafeMutablePointer<UInt32>
    private(set) var count = 0

    init(ticksMax: Int) {
        let size = hashTableSize(ticksMax)
        mask = size - 1
        slots = .zeroed(capacity: size)
        taken = .allocate(capacity: ticksMax)
    }

    deinit {
        free(slots)
        taken.deallocate()
    }

    func removeAll() {
        for code in 0..<count { slots[Int(taken[code])].isTaken = 0 }
        count = 0
    }

    @inline(__always)
    func code(attributes: UInt64, selectors: UInt16) -> UInt16 {
        let key = (attributes ^ UInt64(selectors) &<< 40) &* 0x9e37_79b9_7f4a_7c15
        var slot = Int(truncatingIfNeeded: (key ^ UInt64(selectors) &<< 32) &>> 40) & mask
        while slots[slot].isTaken != 0 {
            if slots[slot].attributes == attributes && slots[slot].selectors == selectors {
                return UInt16(truncatingIfNeeded: slots[slot].code)
            }
            slot = (slot &+ 1) & mask
        }
        return insert(attributes, selectors, at: slot)
    }

    @inline(never)
    private func insert(_ attributes: UInt64, _ selectors: UInt16, at slot: Int) -> UInt16 {
        slots[slot] = Slot(
            attributes: attributes, selectors: selectors, isTaken: 1, code: UInt32(count))
        taken[count] = UInt32(slot)
        count += 1
        return UInt16(truncatingIfNeeded: count - 1)
    }

    /// Writes ten planes: the attributes' bytes, then the selectors', lowest first.
    func write(to writer: inout ColumnWriter) {
        for byte in 0..<TickColumns.symbolSize {
            writer.bytes(count: count) { code in
                let slot = slots[Int(taken[code])]
                return byte < 8
                    ? UInt8(truncatingIfNeeded: slot.attributes >> UInt64(byte * 8))
                    : UInt8(truncatingIfNeeded: slot.selectors >> UInt16((byte - 8) * 8))
            }
        }
    }
}
