import Glibc
import Synchronization
import Wire

/// The way from one polling thread to the recorder's writer: a ring of ready pcapng packet blocks.
///
/// Single producer, single consumer, bounded. `take` neither waits nor allocates nor calls the system;
/// a frame that does not fit is counted in `dropped`. The blocks lie in the ring as they will lie in
/// the file, so that the writer copies and does not encode.
public final class RecorderInlet: FrameTap, @unchecked Sendable {
    /// Name of the interface.
    public let name: String
    public let linkType: LinkType
    /// The capture filter as text.
    public let filter: String?
    /// Bytes of the ring.
    public let capacity: Int
    let index: UInt32
    let readings: (@Sendable (_ taken: UInt64) -> RecorderReadings)?
    private let snapLength: Int
    private let mask: UInt64
    private let ring: UnsafeMutableRawPointer
    /// Cache lines, 128 bytes apart, because processors fetch them in pairs: published, consumed,
    /// counts of the polling thread.
    private let shared: UnsafeMutableRawPointer
    private static let spacing = 128

    // The polling thread's.
    @exclusivity(unchecked) private var head: UInt64 = 0
    @exclusivity(unchecked) private var consumedSeen: UInt64 = 0
    // The writer's.
    @exclusivity(unchecked) private var tail: UInt64 = 0

    /// Stands where a block would not fit before the ring's end.
    private static let wrapMark: UInt32 = .max
    private static let blockOverhead = 32
    private static let tagLength = 4

    /// `capacity` in bytes, rounded up to a power of two that holds at least two of the longest
    /// frames; `snapLength` is the most bytes kept of a frame.
    init(
        name: String, linkType: LinkType, filter: String?, index: UInt32, capacity: Int,
        snapLength: UInt32, readings: (@Sendable (_ taken: UInt64) -> RecorderReadings)?
    ) {
        self.name = name
        self.linkType = linkType
        self.filter = filter
        self.index = index
        self.readings = readings
        self.snapLength = Int(snapLength)
        var size = 1 << 16
        let longest = Self.blockOverhead + Int(snapLength) + 4
        while size < max(capacity, 2 * longest) { size *= 2 }
        self.capacity = size
        mask = UInt64(size - 1)
        ring = .allocate(byteCount: size, alignment: 4096)
        // Touched now, so that the polling thread meets no page fault.
        ring.initializeMemory(as: UInt8.self, repeating: 0, count: size)
        shared = .allocate(byteCount: 3 * Self.spacing, alignment: Self.spacing)
        shared.initializeMemory(as: UInt8.self, repeating: 0, count: 3 * Self.spacing)
    }

    deinit {
        ring.deallocate()
        shared.deallocate()
    }

    @inline(__always)
    private var published: UnsafeMutablePointer<Atomic<UInt64>> {
        shared.assumingMemoryBound(to: Atomic<UInt64>.self)
    }
    @inline(__always)
    private var consumed: UnsafeMutablePointer<Atomic<UInt64>> {
        (shared + Self.spacing).assumingMemoryBound(to: Atomic<UInt64>.self)
    }
    @inline(__always)
    private var takenCount: UnsafeMutablePointer<Atomic<UInt64>> {
        (shared + 2 * Self.spacing).assumingMemoryBound(to: Atomic<UInt64>.self)
    }
    @inline(__always)
    private var droppedCount: UnsafeMutablePointer<Atomic<UInt64>> {
        takenCount + 1
    }

    /// Frames handed to `take` so far, those dropped included.
    public var taken: UInt64 { takenCount.pointee.load(ordering: .relaxed) }
    /// Frames that did not fit, because the writer was behind by `capacity` bytes.
    public var dropped: UInt64 { droppedCount.pointee.load(ordering: .relaxed) }
}

extension RecorderInlet {
    // MARK: The polling thread

    public func take(_ frame: UnsafeRawBufferPointer, originalLength: UInt32, time: UInt64) {
        add(to: takenCount)
        let length = min(frame.count, snapLength)
        guard let block = reserve(payload: length) else { return add(to: droppedCount) }
        if length > 0 {
            (block + 28).copyMemory(from: frame.baseAddress!, byteCount: length)
        }
        publish(block, length: length, originalLength: originalLength, time: time)
    }

    /// Takes an Ethernet frame whose VLAN tag (type, then control information) the kernel has taken
    /// out, and puts it back behind the addresses.
    func take(
        _ frame: UnsafeRawBufferPointer, vlanType: UInt16, vlanControl: UInt16,
        originalLength: UInt32, time: UInt64
    ) {
        let addresses = 12
        guard frame.count >= addresses else {
            return take(frame, originalLength: originalLength, time: time)
        }
        add(to: takenCount)
        let length = min(frame.count + Self.tagLength, snapLength)
        // Room for the whole tag, even if the snapshot length cuts inside it.
        guard let block = reserve(payload: length + Self.tagLength + addresses) else {
            return add(to: droppedCount)
        }
        let start = block + 28
        start.copyMemory(from: frame.baseAddress!, byteCount: addresses)
        (start + 12).storeBytes(of: vlanType.bigEndian, as: UInt16.self)
        (start + 14).storeBytes(of: vlanControl.bigEndian, as: UInt16.self)
        let rest = length - addresses - Self.tagLength
        if rest > 0 {
            (start + 16).copyMemory(from: frame.baseAddress! + addresses, byteCount: rest)
        }
        publish(
            block, length: length, originalLength: originalLength &+ UInt32(Self.tagLength),
            time: time)
    }

    @inline(__always)
    private func add(to count: UnsafeMutablePointer<Atomic<UInt64>>) {
        // The only writer of it.
        count.pointee.store(
            count.pointee.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
    }

    @inline(__always)
    private func blockLength(_ length: Int) -> Int { Self.blockOverhead + (length + 3) & ~3 }

    /// A place for a block with that much payload, in one piece; nil if there is none.
    @inline(__always)
    private func reserve(payload: Int) -> UnsafeMutableRawPointer? {
        let needed = blockLength(payload)
        let untilEnd = capacity - Int(head & mask)
        let skipped = needed <= untilEnd ? 0 : untilEnd
        if capacity - Int(head &- consumedSeen) < skipped + needed {
            consumedSeen = consumed.pointee.load(ordering: .acquiring)
            if capacity - Int(head &- consumedSeen) < skipped + needed { return nil }
        }
        if skipped > 0 {
            (ring + Int(head & mask)).storeBytes(of: Self.wrapMark, as: UInt32.self)
            head &+= UInt64(skipped)
        }
        return ring + Int(head & mask)
    }

    @inline(__always)
    private func publish(
        _ block: UnsafeMutableRawPointer, length: Int, originalLength: UInt32, time: UInt64
    ) {
        let total = PcapngWriter.finishPacketBlock(
            block, interface: index, length: UInt32(length), originalLength: originalLength,
            timeNanoseconds: time)
        head &+= UInt64(total)
        published.pointee.store(head, ordering: .releasing)
    }

    // MARK: The writer

    /// The blocks that wait, oldest first: as many as lie in one piece, in full, at most `most` bytes.
    func waiting(most: Int) -> UnsafeRawBufferPointer {
        let end = published.pointee.load(ordering: .acquiring)
        if end == tail { return UnsafeRawBufferPointer(start: nil, count: 0) }
        let start = Int(tail & mask)
        if (ring + start).load(as: UInt32.self) == Self.wrapMark {
            advance(capacity - start)
            return waiting(most: most)
        }
        let available = min(Int(end &- tail), capacity - start)
        var length = 0
        while length < available {
            let block = ring + start + length
            if block.load(as: UInt32.self) == Self.wrapMark { break }
            let next = length + Int(block.load(fromByteOffset: 4, as: UInt32.self))
            if next > most, length > 0 { break }
            length = next
        }
        return UnsafeRawBufferPointer(start: ring + start, count: length)
    }

    /// Gives the oldest `count` bytes back to the polling thread.
    func advance(_ count: Int) {
        tail &+= UInt64(count)
        consumed.pointee.store(tail, ordering: .releasing)
    }
}

/// What the way to an inlet has counted, since the capture began.
public struct RecorderReadings: Sendable, Equatable {
    /// Packets that the interface received; nil if nobody counted them.
    public var receivedByInterface: UInt64?
    /// Packets that the interface or its driver dropped; nil if nobody counted them.
    public var droppedByInterface: UInt64?
    /// Packets that passed the filter, those dropped by the kernel included.
    public var receivedByFilter: UInt64 = 0
    /// Packets that passed the filter and found no room in the kernel's ring or buffer.
    public var droppedByKernel: UInt64 = 0

    public init() {}
}
