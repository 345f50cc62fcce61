import CLinux

/// Order key → order node: open addressing over 8-byte entries, at most half full, no tombstones.
///
/// An entry holds 32 bits of the key's hash above the node's index. The hash's low bits give the
/// home place, so deletion can shift entries back without touching a node.
struct OrderIndex {
    private let entries: Reserved<UInt64>
    private let mask: UInt32
    private let seed: UInt64

    init(orderCapacity: Int, seed: UInt64) {
        var size = 16
        while size < orderCapacity * 2 { size *= 2 }
        precondition(size <= 1 << 31, "at most 2^30 orders")
        entries = Reserved(capacity: size)
        mask = UInt32(size - 1)
        self.seed = seed
    }

    func free() { entries.free() }

    /// All of it: the first orders already go everywhere.
    func populate() { entries.populate(bytes: .max) }

    /// Eight consecutive references share a cache line: venues number orders nearly in sequence, so
    /// that new ones, and those that live shortly, find their line in the cache. Lines are scattered.
    @inline(__always)
    private func hash(_ key: UInt64) -> UInt32 {
        let product = ((key ^ seed) >> 3).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        let line = UInt32(truncatingIfNeeded: product.high ^ (product.low >> 29))
        return line << 3 | UInt32(truncatingIfNeeded: key & 7)
    }

    @inline(__always)
    func prefetch(_ key: UInt64) {
        clinux_prefetch_write(entries[hash(key) & mask])
    }

    /// A node that may be the key's, to prefetch; `noNode` if the home place is free.
    @inline(__always)
    func guess(_ key: UInt64) -> UInt32 {
        UInt32(truncatingIfNeeded: entries[hash(key) & mask].pointee)
    }

    @inline(__always)
    func find(_ key: UInt64, in orders: Reserved<OrderNode>) -> UInt32 {
        let wanted = hash(key)
        var place = wanted & mask
        while true {
            let entry = entries[place].pointee
            if entry == 0 { return noNode }
            let node = UInt32(truncatingIfNeeded: entry)
            if UInt32(truncatingIfNeeded: entry >> 32) == wanted, orders[node].pointee.key == key {
                return node
            }
            place = (place &+ 1) & mask
        }
    }

    /// The key must not be there.
    @inline(__always)
    func insert(_ key: UInt64, _ node: UInt32) {
        let hash = hash(key)
        var place = hash & mask
        while entries[place].pointee != 0 { place = (place &+ 1) & mask }
        entries[place].pointee = UInt64(hash) << 32 | UInt64(node)
    }

    /// The key must be there, for this node.
    @inline(__always)
    func remove(_ key: UInt64, _ node: UInt32) {
        let hash = hash(key)
        var hole = hash & mask
        while UInt32(truncatingIfNeeded: entries[hole].pointee) != node {
            hole = (hole &+ 1) & mask
        }
        var place = hole
        while true {
            place = (place &+ 1) & mask
            let entry = entries[place].pointee
            if entry == 0 { break }
            let home = UInt32(truncatingIfNeeded: entry >> 32) & mask
            // Moves into the hole unless its home lies behind the hole on the way to its place.
            if (place &- home) & mask >= (place &- hole) & mask {
                entries[hole].pointee = entry
                hole = place
            }
        }
        entries[hole].pointee = 0
    }
}
