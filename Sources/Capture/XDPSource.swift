import CXdp
import Glibc
import Ticks
import Wire

/// AF_XDP: the frames of the configured lines come straight from the driver, past the stack, into
/// memory of ours, and are decoded there. Several receive queues are polled in turn.
///
/// Somebody else has to hold the multicast memberships. A frame of a line on a queue that is not
/// served goes to the stack and is counted; steer the groups to the queues with `ethtool -N`, or
/// serve all of them. An interface that takes VLAN tags off (rx-vlan-offload) hides them from XDP:
/// lines with a tag are refused there, and tagged frames pass for untagged ones. Linux 5.18 or newer.
public final class XDPSource: PacketSource {
    public let name: String
    public let counters = CaptureCounters()
    public let fileDescriptors: [Int32]
    /// How the frames come, as reached: "native" (in the driver) or "generic" (in the stack), then
    /// "zero copy" or "copy".
    public let mode: String
    /// True if all of the packet memory lies on huge pages.
    public let hasHugePages: Bool
    /// What was asked for and could not be had, and what is known to be lost, in words.
    public let remarks: [String]
    /// Sees every frame that reaches a socket of the source. Set before the first poll.
    @exclusivity(unchecked) public var tap: (any FrameTap)?

    /// Descriptors that are looked at before the ring's consumer index is published.
    private static let batchMax = 64
    /// Queues that may be asked for where the driver does not tell how many it has.
    private static let unknownQueueMax: UInt32 = 1024

    private let interface: String
    private let lines: [UInt16]
    private let attachment: XDPAttachment
    private let queues: UnsafeMutableBufferPointer<XDPQueue>
    private let chunkMask: UInt64
    private let isBusyPolling: Bool
    private let baseline: [UInt64]
    @exclusivity(unchecked) private var classifier: FrameClassifier
    @exclusivity(unchecked) private var clock = MonotonicClock()
    @exclusivity(unchecked) private var nextQueue = 0

    /// Attaches the program to the interface and opens a socket on each of `options.queues`.
    public init(
        lines: [CaptureLine], interface: String, options: CaptureOptions
    ) throws(CaptureError) {
        let found = try NetworkInterface(interface, line: lines.first?.name ?? interface)
        try Self.check(lines, interface: found, options: options)
        // All chunks fit into either ring, so that neither can overflow.
        var ringEntries = 64
        while ringEntries < options.frameCount { ringEntries *= 2 }
        let frameMax = options.frameBytes - XDPProgram.headroomBytes
        let attachment = try XDPAttachment(
            lines: lines, interface: found, queueMax: options.queues.max()!, frameMax: frameMax)
        let refused = try attachment.attach(requiresNative: options.zeroCopy == .require)
        let queues = try Self.open(
            options: options, interface: found, ringEntries: ringEntries, attachment: attachment)

        self.interface = interface
        self.lines = lines.map(\.index)
        self.attachment = attachment
        self.queues = queues
        chunkMask = ~UInt64(options.frameBytes - 1)
        isBusyPolling = options.busyPollMicroseconds > 0
        fileDescriptors = queues.map(\.descriptor)
        hasHugePages = queues.allSatisfy(\.memory.isHuge)
        let isZeroCopy = queues.allSatisfy(\.isZeroCopy)
        mode =
            (attachment.isNative ? "native" : "generic") + (isZeroCopy ? ", zero copy" : ", copy")
        let numbers = options.queues.map(String.init).joined(separator: ",")
        name = "xdp \(interface) queue \(numbers)"
        classifier = FrameClassifier(lines: lines, counters: counters)
        baseline = XDPProgram.Counter.allCases.map { attachment.count($0) ?? 0 }

        var remarks = refused.map { [$0] } ?? []
        if options.usesHugePages, !hasHugePages {
            remarks.append("no huge pages free: packet memory is on small ones")
        }
        for queue in queues where queue.zeroCopyRefusal != 0 {
            remarks.append(
                "no zero copy on queue \(queue.queue) of \(interface), frames are copied: "
                    + XDPAttachment.text(queue.zeroCopyRefusal))
        }
        if found.mtu + 18 > frameMax {
            remarks.append(
                "frames above \(frameMax) bytes are counted oversize (MTU \(found.mtu))")
        }
        self.remarks = remarks
    }

    deinit {
        attachment.detach()
        for queue in queues { queue.close() }
        queues.deallocate()
    }

    public func poll(into datagrams: UnsafeMutablePointer<CapturedDatagram>, capacity: Int)
        throws(CaptureError) -> Int
    {
        var total = 0
        for _ in 0..<queues.count {
            let position = nextQueue
            nextQueue = position + 1 == queues.count ? 0 : position + 1
            let room = min(capacity - total, Self.batchMax)
            guard room > 0 else { break }
            let rings = queues[position].rings
            var first: UInt32 = 0
            let received = cxdp_receive_peek(rings, UInt32(room), &first)
            if received > 0 {
                total += take(
                    received, from: position, first: first, into: datagrams + total)
            }
            // In busy polling it is the call that runs the driver.
            if received == 0 && isBusyPolling || cxdp_fill_needs_wakeup(rings) != 0 {
                let code = wake(queues[position].descriptor)
                if code != 0, total == 0 {
                    throw .failed(place: name, call: "recvfrom", code: code)
                }
            }
        }
        return total
    }

    public func release(_ datagrams: UnsafePointer<CapturedDatagram>, count: Int) {
        var position = 0
        var pending: UInt32 = 0
        for index in 0..<count {
            let frame = datagrams[index].frame
            let owner = Int(frame >> 48)
            if owner != position {
                submit(pending, to: position)
                pending = 0
                position = owner
            }
            giveBack(frame & 0xFFFF_FFFF_FFFF, to: queues[owner].rings)
            pending &+= 1
        }
        submit(pending, to: position)
    }

    /// In the program: what came close to a line (`filter`), and frames of lines that no chunk or no
    /// socket could take (`driver`). In the sockets (`driver`): rx_dropped, for want of a free chunk
    /// (in zero-copy mode the interface's own counters have these), and rx_ring_full.
    public func readDrops() -> [DropReading] {
        var readings: [DropReading] = []
        for counter in XDPProgram.Counter.allCases {
            guard let value = attachment.count(counter) else { continue }
            readings.append(
                DropReading(
                    place: counter.isFilter ? .filter : .driver,
                    counter: "\(counter.description), in the XDP program of \(interface)",
                    lines: lines, value: value - baseline[Int(counter.rawValue)]))
        }
        for queue in queues {
            guard let losses = queue.losses else { continue }
            let place = "\(interface) queue \(queue.queue)"
            readings.append(
                DropReading(
                    place: .driver, counter: "rx_dropped of \(place)", lines: lines,
                    value: losses.dropped))
            readings.append(
                DropReading(
                    place: .driver, counter: "rx_ring_full of \(place)", lines: lines,
                    value: losses.ring_full))
        }
        return readings
    }
}

extension XDPSource {
    // MARK: Polling

    /// Classifies `count` frames of a queue, gives back at once what is no datagram of a line, and
    /// returns how many are.
    @inline(__always)
    private func take(
        _ count: UInt32, from position: Int, first: UInt32,
        into datagrams: UnsafeMutablePointer<CapturedDatagram>
    ) -> Int {
        let rings = queues[position].rings
        let memory = queues[position].memory.base
        let tap = tap
        var taken = 0
        var rejected: UInt32 = 0
        var pollTime: UInt64 = 0
        for index in 0..<count {
            let address = cxdp_receive_address(rings, first &+ index)
            let length = cxdp_receive_length(rings, first &+ index)
            let bytes = memory + Int(address)
            let chunk = address & chunkMask
            var time: UInt64
            var source = TimeSource.kernel
            // The kernel keeps 256 bytes in front of a frame, so that these are the chunk's.
            let stamp = bytes - XDPProgram.metadataBytes
            if stamp.loadUnaligned(fromByteOffset: 8, as: UInt64.self) == XDPProgram.magic {
                time = clock.utc(stamp.loadUnaligned(as: UInt64.self))
                // The chunk may come back with a frame that has none.
                stamp.storeBytes(of: 0, toByteOffset: 8, as: UInt64.self)
            } else {
                if pollTime == 0 { pollTime = MonotonicClock.now(CLOCK_REALTIME) }
                time = pollTime
                source = .user
            }
            let frame = UnsafeRawBufferPointer(start: bytes, count: Int(length))
            if let tap { tap.take(frame, originalLength: length, time: time) }
            let datagram = classifier.classify(
                CapturedPacket(bytes: frame, timeNanoseconds: time, originalLength: length),
                timeSource: source, frame: UInt64(position) << 48 | chunk)
            if let datagram {
                (datagrams + taken).initialize(to: datagram)
                taken += 1
            } else {
                giveBack(chunk, to: rings)
                rejected &+= 1
            }
        }
        cxdp_receive_release(rings, count)
        if rejected > 0 { cxdp_fill_submit(rings, rejected) }
        return taken
    }

    @inline(__always)
    private func giveBack(_ chunk: UInt64, to rings: UnsafeMutablePointer<cxdp_socket>) {
        let added = cxdp_fill_add(rings, chunk)
        precondition(added == 1, "the fill ring holds all chunks twice")
    }

    @inline(__always)
    private func submit(_ count: UInt32, to position: Int) {
        if count > 0 { cxdp_fill_submit(queues[position].rings, count) }
    }

    /// Makes the driver look at the fill ring. Returns 0, or why it never will again.
    private func wake(_ descriptor: Int32) -> Int32 {
        guard recv(descriptor, nil, 0, Int32(MSG_DONTWAIT)) < 0 else { return 0 }
        switch errno {
        // A link that is down comes back.
        case EAGAIN, EBUSY, EINTR, ENOBUFS, ENETDOWN: return 0
        default: return errno
        }
    }

    // MARK: Opening

    private static func check(
        _ lines: [CaptureLine], interface: NetworkInterface, options: CaptureOptions
    ) throws(CaptureError) {
        func refuse(_ problem: String, _ remedy: String) -> CaptureError {
            .unavailable(
                method: .xdp, place: interface.name, problem: problem, remedy: remedy)
        }
        if lines.isEmpty { throw refuse("no lines", "configure some") }
        guard options.frameBytes == 2048 || options.frameBytes == 4096 else {
            throw refuse("frameBytes \(options.frameBytes)", "2048 or 4096")
        }
        guard (64...1 << 20).contains(options.frameCount) else {
            throw refuse("frameCount \(options.frameCount)", "64 to 1048576")
        }
        guard !options.queues.isEmpty, Set(options.queues).count == options.queues.count else {
            throw refuse("queues \(options.queues)", "at least one, and none twice")
        }
        let known = cxdp_interface_queues(interface.name)
        let queueCount = known > 0 ? UInt32(known) : unknownQueueMax
        for queue in options.queues where queue >= queueCount {
            throw refuse(
                "no receive queue \(queue): they go from 0 to \(queueCount - 1)",
                "see `ethtool -l \(interface.name)`")
        }
        let stripsTags = cxdp_interface_strips_vlan(interface.name) != 0
        for line in lines {
            let address = line.address
            guard address.sources.allSatisfy({ $0.isV4 == address.group.isV4 }) else {
                throw .line(
                    name: line.name, problem: "a source that is not of the group's family",
                    remedy: "IPv4 or IPv6 for all of them")
            }
            guard address.vlan == 0 || !stripsTags else {
                throw .line(
                    name: line.name,
                    problem: "\(interface.name) takes VLAN tags off before XDP sees them",
                    remedy: "ethtool -K \(interface.name) rxvlan off")
            }
        }
    }

    private static func open(
        options: CaptureOptions, interface: NetworkInterface, ringEntries: Int,
        attachment: XDPAttachment
    ) throws(CaptureError) -> UnsafeMutableBufferPointer<XDPQueue> {
        var opened: [XDPQueue] = []
        do {
            for queue in options.queues {
                let one = try XDPQueue(
                    queue: queue, interface: interface, options: options,
                    ringEntries: ringEntries, isNative: attachment.isNative)
                opened.append(one)
                if options.busyPollMicroseconds > 0 {
                    try one.busyPoll(microseconds: options.busyPollMicroseconds)
                }
                try attachment.add(socket: one.descriptor, queue: queue)
            }
        } catch {
            for one in opened { one.close() }
            throw error
        }
        let queues = UnsafeMutableBufferPointer<XDPQueue>.allocate(capacity: opened.count)
        _ = queues.initialize(from: opened)
        return queues
    }
}
