import CXdp
import Glibc

/// Packet memory of one queue: a mapping of our own, on huge pages if there are any.
struct XDPMemory {
    let base: UnsafeMutableRawPointer
    let byteCount: Int
    let isHuge: Bool

    private static let hugePageBytes = 2 << 20

    /// nil with errno set if there is no memory.
    init?(bytes: Int, wantsHugePages: Bool) {
        let common = MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE
        if wantsHugePages {
            let rounded = (bytes + Self.hugePageBytes - 1) & ~(Self.hugePageBytes - 1)
            let mapped = mmap(
                nil, rounded, PROT_READ | PROT_WRITE, common | MAP_HUGETLB, -1, 0)
            if let mapped, mapped != MAP_FAILED {
                base = mapped
                byteCount = rounded
                isHuge = true
                return
            }
        }
        let mapped = mmap(nil, bytes, PROT_READ | PROT_WRITE, common, -1, 0)
        guard let mapped, mapped != MAP_FAILED else { return nil }
        base = mapped
        byteCount = bytes
        isHuge = false
    }

    func free() { munmap(base, byteCount) }
}

/// One AF_XDP socket: a queue, its rings and its memory. The polling thread's, but for `losses`.
struct XDPQueue {
    let queue: UInt32
    let memory: XDPMemory
    let rings: UnsafeMutablePointer<cxdp_socket>
    let descriptor: Int32
    let isZeroCopy: Bool
    /// `errno` of why zero copy was wanted and is not; 0 otherwise.
    let zeroCopyRefusal: Int32

    /// Packets of one busy poll.
    private static let busyPollBudget: Int32 = 64
    /// One second, then the queue is taken by somebody else.
    static let releaseTries = 100
    static let releaseMicroseconds: UInt32 = 10_000

    /// Opens the socket and gives all of its `frameCount` chunks to the kernel.
    init(
        queue: UInt32, interface: NetworkInterface, options: CaptureOptions, ringEntries: Int,
        isNative: Bool
    ) throws(CaptureError) {
        let bytes = options.frameCount * options.frameBytes
        guard let memory = XDPMemory(bytes: bytes, wantsHugePages: options.usesHugePages) else {
            throw XDPAttachment.failure("\(bytes) bytes for packets", errno, interface.name)
        }
        let rings = UnsafeMutablePointer<cxdp_socket>.allocate(capacity: 1)
        var step: UnsafePointer<CChar>?
        func open(zeroCopy: Bool) -> Int32 {
            cxdp_socket_open(
                rings, interface.name, queue, memory.base, UInt64(bytes),
                UInt32(options.frameBytes), UInt32(ringEntries), zeroCopy ? 1 : 0, &step)
        }
        var refusal: Int32 = options.zeroCopy == .off ? 0 : EOPNOTSUPP
        func openAsWanted() -> Int32 {
            if options.zeroCopy != .off, isNative {
                let result = open(zeroCopy: true)
                if result >= 0 || result == -EBUSY { return result }
                refusal = -result
            }
            return options.zeroCopy == .require ? -refusal : open(zeroCopy: false)
        }
        var result = openAsWanted()
        // The kernel lets go of a queue only some time after its last socket was closed.
        for _ in 0..<Self.releaseTries where result == -EBUSY {
            usleep(Self.releaseMicroseconds)
            result = openAsWanted()
        }
        guard result >= 0 else {
            rings.deallocate()
            memory.free()
            throw Self.failure(
                step: step.map { String(cString: $0) } ?? "bind", code: -result, queue: queue,
                interface: interface, options: options)
        }
        self.queue = queue
        self.memory = memory
        self.rings = rings
        descriptor = cxdp_socket_descriptor(rings)
        isZeroCopy = cxdp_socket_is_zero_copy(descriptor) != 0
        zeroCopyRefusal = isZeroCopy ? 0 : refusal
        for index in 0..<options.frameCount {
            let added = cxdp_fill_add(rings, UInt64(index * options.frameBytes))
            precondition(added == 1, "the fill ring holds all chunks twice")
        }
        cxdp_fill_submit(rings, UInt32(options.frameCount))
    }

    func close() {
        cxdp_socket_close(rings)
        rings.deallocate()
        memory.free()
    }

    /// Lets the polling thread run the driver instead of its interrupts.
    func busyPoll(microseconds: Int) throws(CaptureError) {
        let result = cxdp_socket_busy_poll(
            descriptor, Int32(microseconds), Self.busyPollBudget)
        guard result == 0 else {
            throw XDPAttachment.failure("SO_BUSY_POLL", -result, "queue \(queue)")
        }
    }

    /// What the kernel lost for want of our rings and chunks. For any thread.
    var losses: cxdp_statistics? {
        var statistics = cxdp_statistics()
        return cxdp_socket_statistics(descriptor, &statistics) == 0 ? statistics : nil
    }

    private static func failure(
        step: String, code: Int32, queue: UInt32, interface: NetworkInterface,
        options: CaptureOptions
    ) -> CaptureError {
        let place = "\(interface.name) queue \(queue)"
        if step == "bind", options.zeroCopy == .require,
            code == EOPNOTSUPP || code == EINVAL || code == ENOTSUP
        {
            return .unavailable(
                method: .xdp, place: place,
                problem: "no zero copy: \(XDPAttachment.text(code))",
                remedy: "zeroCopy auto, or a driver with AF_XDP zero copy (MTU at most "
                    + "\(options.frameBytes - XDPProgram.headroomBytes - 18) for these chunks)")
        }
        switch code {
        case EBUSY where step == "bind":
            return .unavailable(
                method: .xdp, place: place, problem: "another AF_XDP socket has the queue",
                remedy: "see `ss --xdp -p`, and end its owner or use another queue")
        case EINVAL where step == "bind":
            return .unavailable(
                method: .xdp, place: place, problem: "the queue cannot be bound",
                remedy: "see `ethtool -l \(interface.name)` for the queues that exist")
        default:
            return XDPAttachment.failure("AF_XDP socket, \(step)", code, place)
        }
    }
}
