import Glibc
import Ticks
import Wire

/// A packet that was copied because its turn has not come.
struct StoredPacket {
    var first: UInt64
    var count: Int
    /// Where its blocks stand in the store.
    var offset: Int
    var length: Int
    /// Core time at which the hole before it became known: of its own arrival, or of that of a
    /// packet behind it which came earlier.
    var arrival: UInt64
    var captureTime: UInt64
    var streamOffset: UInt64
    var sendTime: UInt64
    var line: UInt8
    var timeSource: TimeSource

    var end: UInt64 { first &+ UInt64(count) }
}

/// Packets ahead of their turn, sorted by sequence, in memory of fixed size.
///
/// Bytes go to the top of one arena; when it is full, the packets that are still there move
/// together. Bounded in packets and bytes.
struct PacketStore {
    private let bytes: UnsafeMutableRawPointer
    private let byteCapacity: Int
    private let packets: UnsafeMutablePointer<StoredPacket>
    private let packetCapacity: Int
    /// Places of the packets by their offset, for moving them together.
    private let order: UnsafeMutablePointer<Int>
    private(set) var count = 0
    private var head = 0
    private var top = 0
    private var liveBytes = 0

    init(packetCapacity: Int, byteCapacity: Int) {
        self.packetCapacity = packetCapacity
        self.byteCapacity = byteCapacity
        bytes = .allocate(byteCount: byteCapacity, alignment: 64)
        packets = .allocate(capacity: packetCapacity)
        order = .allocate(capacity: packetCapacity)
    }

    func free() {
        bytes.deallocate()
        packets.deallocate()
        order.deallocate()
    }

    var isEmpty: Bool { count == 0 }
    /// The packet whose turn comes first.
    var first: StoredPacket { packets[head] }

    func blocks(_ packet: StoredPacket) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: bytes + packet.offset, count: packet.length)
    }

    /// Index of the first packet above `sequence`; of packets that begin with the same one, the
    /// first to come stands first.
    private func place(_ sequence: UInt64) -> Int {
        var low = head
        var high = head + count
        while low < high {
            let middle = (low + high) / 2
            if packets[middle].first <= sequence { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// True if one stored packet holds all of `first ..< first + count`.
    func covers(_ first: UInt64, _ count: Int) -> Bool {
        let at = place(first)
        return at > head && packets[at - 1].end >= first &+ UInt64(count)
    }

    func hasRoom(_ length: Int) -> Bool {
        count < packetCapacity && liveBytes + length <= byteCapacity
    }

    /// Copies the packet in; `hasRoom` must be true.
    mutating func insert(_ packet: StoredPacket, _ blocks: UnsafeRawBufferPointer) {
        if count == 0 {
            head = 0
            top = 0
        }
        if top + blocks.count > byteCapacity { moveTogether() }
        if head + count == packetCapacity {
            packets.update(from: packets + head, count: count)
            head = 0
        }
        var stored = packet
        stored.offset = top
        stored.length = blocks.count
        if let source = blocks.baseAddress {
            (bytes + top).copyMemory(from: source, byteCount: blocks.count)
        }
        top += blocks.count
        liveBytes += blocks.count
        let at = place(packet.first)
        let end = head + count
        if at < end {
            stored.arrival = min(stored.arrival, packets[at].arrival)
            (packets + at + 1).update(from: packets + at, count: end - at)
        }
        packets[at] = stored
        count += 1
    }

    /// Takes the first packet out; its bytes stay until the next `insert`.
    mutating func takeFirst() -> StoredPacket {
        let packet = packets[head]
        head += 1
        count -= 1
        liveBytes -= packet.length
        return packet
    }

    /// Packets stand by sequence, bytes by arrival: moving goes through the arena from the bottom.
    private mutating func moveTogether() {
        for index in 0..<count { order[index] = head + index }
        var places = UnsafeMutableBufferPointer(start: order, count: count)
        places.sort { packets[$0].offset < packets[$1].offset }
        var to = 0
        for place in places {
            let packet = packets[place]
            if packet.offset != to {
                memmove(bytes + to, bytes + packet.offset, packet.length)
            }
            packets[place].offset = to
            to += packet.length
        }
        top = to
    }
}

/// Consecutive packets on one line that would be a restart or a jump if enough of them agree.
struct RestartCandidate {
    private let bytes: UnsafeMutableRawPointer
    private let byteCapacity: Int
    private(set) var packets: [StoredPacket] = []
    private var used = 0
    /// Sequence that the next consistent packet must have.
    private(set) var next: UInt64 = 0
    private(set) var first: UInt64 = 0
    /// Consistent packets so far, heartbeats included.
    private(set) var agreed = 0

    init(packetCapacity: Int) {
        byteCapacity = packetCapacity * 16_384
        bytes = .allocate(byteCount: byteCapacity, alignment: 64)
        packets.reserveCapacity(packetCapacity)
    }

    func free() { bytes.deallocate() }

    var messages: UInt64 { packets.reduce(0) { $0 + UInt64($1.count) } }

    func continues(_ sequence: UInt64) -> Bool { agreed > 0 && sequence == next }

    /// Keeps a copy. False, with nothing kept, if the bytes do not fit.
    mutating func add(_ packet: StoredPacket, _ blocks: UnsafeRawBufferPointer) -> Bool {
        guard used + blocks.count <= byteCapacity else { return false }
        if agreed == 0 { first = packet.first }
        agreed += 1
        next = packet.end
        guard packet.count > 0, let source = blocks.baseAddress else { return true }
        var stored = packet
        stored.offset = used
        stored.length = blocks.count
        (bytes + used).copyMemory(from: source, byteCount: blocks.count)
        used += blocks.count
        packets.append(stored)
        return true
    }

    func blocks(_ packet: StoredPacket) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: bytes + packet.offset, count: packet.length)
    }

    mutating func clear() {
        packets.removeAll(keepingCapacity: true)
        used = 0
        agreed = 0
    }
}
