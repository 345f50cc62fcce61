import CLinux
import CUring
import Glibc
import Synchronization
import Ticks
import Wire

/// UDP multicast sockets read by io_uring: one ring for all lines of the method, one multishot receive
/// a line, into one set of buffers that the kernel takes from and that come back on release.
///
/// Looking for packets costs no system call while there are none; a run of them costs one. When the
/// buffers are used up, packets wait in their sockets, and the kernel counts what these cannot hold.
/// Needs Linux 6.1. `SO_BUSY_POLL` has no effect on it.
public final class UringSource: PacketSource {
    /// Most completions of one look.
    private static let batchCapacity = 64
    /// What the kernel takes at most.
    private static let bufferCountMax = 32_768

    public let name: String
    public let counters = CaptureCounters()
    public let sockets: [LineSocket]
    /// The ring, which tells of completions that are left, and the sockets, because the kernel wakes
    /// nobody who waits for the ring alone when a packet has come but its completion is deferred.
    public let fileDescriptors: [Int32]

    private let receiver: OpaquePointer
    private let intakes: UnsafeMutableBufferPointer<DatagramIntake>
    private let events: UnsafeMutablePointer<curing_event>
    private let bufferCount: Int
    /// Which lines' receives have ended.
    private let isEnded: UnsafeMutableBufferPointer<Bool>
    @exclusivity(unchecked) private var endedCount: Int
    /// Buffers that are out.
    @exclusivity(unchecked) private var heldCount = 0
    /// Buffers to be given back together.
    @exclusivity(unchecked) private var returnCount: UInt32 = 0
    @exclusivity(unchecked) private var isEnabled = false
    private let rearms = Atomic<UInt64>(0)

    /// How often a receive had ended, for want of buffers or otherwise, and was armed again.
    public var rearmCount: UInt64 { rearms.load(ordering: .relaxed) }

    /// Opens and joins the lines' sockets, at least one.
    ///
    /// The thread that polls first is the one that must go on polling and releasing.
    ///
    /// - Parameter tap: gets each datagram as a raw IP packet (`LinkType.raw`), also those that are
    ///   kept out.
    public init(
        lines: [CaptureLine], options: CaptureOptions, tap: (any FrameTap)? = nil
    ) throws(CaptureError) {
        precondition(!lines.isEmpty, "no lines")
        var sockets: [LineSocket] = []
        for line in lines { sockets.append(try LineSocket(line: line, options: options)) }
        self.sockets = sockets
        let place = lines.count == 1 ? lines[0].name : "\(lines.count) lines"
        name = "uring \(place)"
        var buffers = 1
        while buffers < min(options.frameCount, Self.bufferCountMax) { buffers *= 2 }
        bufferCount = buffers
        var step: UnsafePointer<CChar>?
        guard
            let receiver = curing_receiver_create(
                UInt32(lines.count), UInt32(buffers), sockets.map(\.payloadMax).max()!,
                Int(CLINUX_NAME_SIZE), Int(CLINUX_CONTROL_SIZE), &step)
        else {
            throw Self.error(place: place, call: step.map { String(cString: $0) } ?? "", errno)
        }
        self.receiver = receiver
        fileDescriptors = [curing_receiver_descriptor(receiver)] + sockets.map(\.descriptor)
        intakes = .allocate(capacity: lines.count)
        for (index, socket) in sockets.enumerated() {
            (intakes.baseAddress! + index).initialize(
                to: DatagramIntake(socket: socket, counters: counters, tap: tap))
        }
        events = .allocate(capacity: Self.batchCapacity)
        isEnded = .allocate(capacity: lines.count)
        isEnded.initialize(repeating: true)
        endedCount = lines.count
    }

    deinit {
        curing_receiver_destroy(receiver)
        intakes.deinitialize()
        intakes.deallocate()
        events.deallocate()
        isEnded.deallocate()
    }

    public func poll(into datagrams: UnsafeMutablePointer<CapturedDatagram>, capacity: Int)
        throws(CaptureError) -> Int
    {
        if endedCount > 0 { try armEnded() }
        let count = Int(
            curing_receiver_take(
                receiver, events, UInt32(clamping: min(capacity, Self.batchCapacity))))
        if count <= 0 {
            if count < 0 { throw .failed(place: name, call: "io_uring_enter", code: Int32(-count)) }
            return 0
        }
        var accepted = 0
        for index in 0..<count {
            let event = events[index]
            if event.is_ended != 0 { try end(event) }
            guard event.has_buffer != 0 else { continue }
            guard let datagram = accept(event) else {
                put(event.buffer)
                continue
            }
            (datagrams + accepted).initialize(to: datagram)
            accepted += 1
        }
        heldCount += accepted
        giveBack()
        return accepted
    }

    @inline(__always)
    private func accept(_ event: curing_event) -> CapturedDatagram? {
        guard let payload = event.payload, let name = event.name else { return nil }
        var received = clinux_datagram()
        clinux_udp_describe(name, event.control, Int(event.control_length), &received)
        received.original_length = event.original_length
        return intakes[Int(event.tag)].accept(
            received, bytes: UnsafeRawPointer(payload), length: event.length,
            frame: UInt64(event.buffer))
    }

    public func release(_ datagrams: UnsafePointer<CapturedDatagram>, count: Int) {
        for index in 0..<count { put(UInt32(truncatingIfNeeded: datagrams[index].frame)) }
        heldCount -= count
        giveBack()
    }

    @inline(__always)
    private func put(_ buffer: UInt32) {
        curing_receiver_put(receiver, buffer, returnCount)
        returnCount += 1
    }

    @inline(__always)
    private func giveBack() {
        guard returnCount > 0 else { return }
        curing_receiver_give_back(receiver, returnCount)
        returnCount = 0
    }

    public func readDrops() -> [DropReading] { sockets.map { $0.readDrops() } }

    /// Notes that a receive must be armed again.
    private func end(_ event: curing_event) throws(CaptureError) {
        switch event.error {
        // No buffer; or an empty datagram, which ends a receive like the end of a stream.
        case 0, ENOBUFS, EAGAIN, EINTR, ECANCELED: break
        default:
            throw .failed(
                place: sockets[Int(event.tag)].line.name, call: "io_uring recvmsg",
                code: event.error)
        }
        isEnded[Int(event.tag)] = true
        endedCount += 1
    }

    @inline(never)
    private func armEnded() throws(CaptureError) {
        // Without a buffer it would end at once.
        guard heldCount < bufferCount else { return }
        let isFirst = !isEnabled
        if isFirst {
            try check(curing_receiver_enable(receiver), "io_uring_register")
            isEnabled = true
        }
        for index in isEnded.indices where isEnded[index] {
            try check(
                curing_receiver_arm(receiver, sockets[index].descriptor, UInt32(index)),
                "io_uring_get_sqe")
            isEnded[index] = false
        }
        if !isFirst {
            rearms.store(
                rearms.load(ordering: .relaxed) &+ UInt64(endedCount), ordering: .relaxed)
        }
        endedCount = 0
        try check(curing_receiver_submit(receiver), "io_uring_enter")
    }

    private func check(_ code: Int32, _ call: String) throws(CaptureError) {
        if code < 0 { throw .failed(place: name, call: call, code: -code) }
    }

    private static func error(place: String, call: String, _ code: Int32) -> CaptureError {
        let (problem, remedy) =
            switch code {
            case ENOSYS:
                ("this kernel has no io_uring", "use Linux 6.1 or later, or the method socket")
            case EPERM:
                (
                    "io_uring is not allowed here",
                    "set the sysctl kernel.io_uring_disabled to 0, allow io_uring in the "
                        + "container's seccomp profile, or use the method socket"
                )
            case EINVAL:
                (
                    "this kernel has no multishot receives with deferred completions",
                    "use Linux 6.1 or later, or the method socket"
                )
            case ENOMEM:
                ("no memory", "raise `ulimit -l`, or configure fewer frames")
            case EMFILE, ENFILE: ("no file descriptor left", "raise `ulimit -n`")
            default:
                (
                    "\(call): \(String(cString: strerror(code)))",
                    "see io_uring_setup(2), or use the method socket"
                )
            }
        return .unavailable(method: .uring, place: place, problem: problem, remedy: remedy)
    }
}
