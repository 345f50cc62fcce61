import Glibc
import Synchronization

/// The way from one capture thread to the core thread: descriptors of datagrams, not their bytes.
///
/// Single producer, single consumer, no locks. Each side keeps the other's index as it last saw it and
/// looks again only when that is used up; whole batches are published by one release store. What the
/// consumer has taken back to the source is read off `consumed`: the slots before it still hold the
/// descriptors, so the producer can release them to the source in order.
public final class FrameRing: @unchecked Sendable {
    public let capacity: Int
    private let mask: UInt64
    private let slots: UnsafeMutablePointer<CapturedDatagram>
    /// Four cache lines: published, the producer's own, consumed, the consumer's own. 128 bytes apart,
    /// because processors fetch lines in pairs.
    private let shared: UnsafeMutableRawPointer
    private static let spacing = 128

    // The producer's.
    @exclusivity(unchecked) private var head: UInt64 = 0
    @exclusivity(unchecked) private var released: UInt64 = 0
    @exclusivity(unchecked) private var consumedSeen: UInt64 = 0

    /// `capacity` is rounded up to a power of two.
    public init(capacity: Int) {
        var size = 2
        while size < capacity { size *= 2 }
        self.capacity = size
        mask = UInt64(size - 1)
        slots = .allocate(capacity: size)
        shared = .allocate(byteCount: 4 * Self.spacing, alignment: Self.spacing)
        shared.initializeMemory(as: UInt8.self, repeating: 0, count: 4 * Self.spacing)
    }

    deinit {
        slots.deallocate()
        shared.deallocate()
    }

    @inline(__always)
    private var published: UnsafeMutablePointer<Atomic<UInt64>> {
        shared.assumingMemoryBound(to: Atomic<UInt64>.self)
    }
    @inline(__always)
    private var consumed: UnsafeMutablePointer<Atomic<UInt64>> {
        (shared + 2 * Self.spacing).assumingMemoryBound(to: Atomic<UInt64>.self)
    }
    /// The consumer's own: next position, and `published` as last seen.
    @inline(__always)
    private var tail: UnsafeMutablePointer<UInt64> {
        (shared + 3 * Self.spacing).assumingMemoryBound(to: UInt64.self)
    }
}

extension FrameRing {
    // MARK: The capture thread

    /// Lets `body` write descriptors into the free slots that lie in a row, at most `most`, and
    /// publishes as many as it returns. 0 if the ring is full.
    @inline(__always)
    public func produce<Failure: Error>(
        most: Int,
        _ body: (UnsafeMutablePointer<CapturedDatagram>, Int) throws(Failure) -> Int
    ) throws(Failure) -> Int {
        var room = capacity - Int(head &- released)
        let untilEnd = capacity - Int(head & mask)
        room = min(room, untilEnd, most)
        guard room > 0 else { return 0 }
        let count = try body(slots + Int(head & mask), room)
        if count > 0 {
            head &+= UInt64(count)
            published.pointee.store(head, ordering: .releasing)
        }
        return count
    }

    /// Hands what the core thread is done with to `body`, oldest first, in one or two runs. Returns
    /// how many descriptors that were.
    @inline(__always)
    public func reclaim(_ body: (UnsafePointer<CapturedDatagram>, Int) -> Void) -> Int {
        consumedSeen = consumed.pointee.load(ordering: .acquiring)
        var total = 0
        while released != consumedSeen {
            let start = Int(released & mask)
            let count = min(Int(consumedSeen &- released), capacity - start)
            body(UnsafePointer(slots + start), count)
            released &+= UInt64(count)
            total += count
        }
        return total
    }

    /// Descriptors that the source has not got back yet.
    public var outstanding: Int { Int(head &- released) }

    // MARK: The core thread

    /// Hands up to `most` descriptors to `body`, oldest first, and gives them back when it returns.
    /// Returns how many.
    @inline(__always)
    public func consume(most: Int, _ body: (UnsafePointer<CapturedDatagram>, Int) -> Void) -> Int {
        let position = tail[0]
        if tail[1] == position {
            tail[1] = published.pointee.load(ordering: .acquiring)
            if tail[1] == position { return 0 }
        }
        let start = Int(position & mask)
        let count = min(Int(tail[1] &- position), capacity - start, most)
        body(UnsafePointer(slots + start), count)
        tail[0] = position &+ UInt64(count)
        consumed.pointee.store(tail[0], ordering: .releasing)
        return count
    }

    /// True if nothing waits for the core thread; for either side.
    public var isEmpty: Bool {
        published.pointee.load(ordering: .acquiring) == consumed.pointee.load(ordering: .acquiring)
    }
}
