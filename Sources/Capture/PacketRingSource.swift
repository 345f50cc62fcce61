import CLinux
import Glibc
import Synchronization
import Ticks
import Wire

/// Packet sockets that share the packets of one interface, each polled by a thread of its own.
///
/// Packets are dealt out by the hash of their addresses and ports, so that what one sender sends to
/// one line stays on one socket and in order. Dealing in turn (LB) or by processor (CPU, which
/// follows interrupts) would tear a line apart into several rings without an order between them.
public final class FanoutGroup: Sendable {
    /// Sockets in the group.
    public let count: Int
    /// The kernel's number of the group, and how many sockets have joined so far, those that were
    /// closed since included.
    private let state = Mutex((id: UInt16(0), joined: 0))

    /// - Parameter count: sockets that will share the interface, at least 1.
    public init(count: Int) {
        precondition(count > 0, "a fanout group of no socket")
        self.count = count
    }

    /// The kernel picks the number for the first socket, so that no other program's group, with
    /// which packets would be shared, can be met. Returns the socket's place in the group.
    fileprivate func join(_ socket: PacketSocket) throws(CaptureError) -> Int {
        let result = state.withLock { (state) -> Result<Int, CaptureError> in
            let mode = Int32(CLINUX_FANOUT_HASH.rawValue)
            let flags = state.joined == 0 ? Int32(CLINUX_FANOUT_UNIQUE_ID.rawValue) : 0
            let value = Int32(state.id) | (mode | flags) << 16
            guard socket.trySet(CLINUX_PACKET_FANOUT.rawValue, to: value) else {
                return .failure(socket.error(call: "PACKET_FANOUT"))
            }
            if state.joined == 0 {
                var made: Int32 = 0
                var length = socklen_t(MemoryLayout<Int32>.size)
                guard
                    getsockopt(
                        socket.descriptor, Int32(CLINUX_SOL_PACKET.rawValue),
                        Int32(CLINUX_PACKET_FANOUT.rawValue), &made, &length) == 0
                else { return .failure(socket.error(call: "PACKET_FANOUT")) }
                state.id = UInt16(truncatingIfNeeded: made)
            }
            state.joined += 1
            return .success((state.joined - 1) % count)
        }
        return try result.get()
    }
}

/// AF_PACKET with a mapped TPACKET_V2 ring: frames are decoded where the kernel put them, each visible
/// as soon as it is there.
///
/// The multicast memberships are somebody else's. Busy polling (`SO_BUSY_POLL`) is passed on to the
/// kernel, for those who sleep in poll(2); polling the ring itself makes no system call.
public final class PacketRingSource: PacketSource {
    public let name: String
    public let counters = CaptureCounters()
    public let fileDescriptors: [Int32]
    /// Bytes of one frame's slot in the ring, headers included.
    public let slotBytes: Int
    /// Frames that the ring holds.
    public let slotCount: Int
    /// Gets every frame that the filter passes, tags put back; set before the first poll.
    @exclusivity(unchecked) public var tap: (any FrameTap)?

    private let socket: PacketSocket
    private let lines: [UInt16]
    private let dropsName: String
    private let ring: UnsafeMutableRawPointer
    private let ringBytes: Int
    private let blockBytes: Int
    private let slotsPerBlock: Int
    /// The control thread's: drops so far, as each reading sets the kernel's count to 0.
    private var drops: UInt64 = 0

    @exclusivity(unchecked) private var classifier: FrameClassifier
    /// The slot that the kernel fills next, and how many of its block are left with it.
    @exclusivity(unchecked) private var next: UnsafeMutableRawPointer
    @exclusivity(unchecked) private var leftInBlock: Int

    /// A frame that is out: not the kernel's, and not to be handed out again when the ring has gone
    /// round. No status of the kernel's has this bit.
    private static let held: UInt32 = 1 << 16

    /// Opens the ring: packets are kept from now on. `fanout` is the same for all the sockets that
    /// share an interface, of as many lines each.
    ///
    /// Throws `.line` for an interface that is not there or down, `.unavailable` for what this host
    /// or process lacks.
    public init(
        lines: [CaptureLine], interface: String, options: CaptureOptions,
        fanout: FanoutGroup? = nil
    ) throws(CaptureError) {
        let socket = try PacketSocket(lines: lines, interface: interface, purpose: .groups)
        let layout = PacketRingLayout(
            ringBytes: options.ringBytes, frameBytes: options.frameBytes, mtu: socket.interface.mtu)
        try Self.configure(socket, options)
        var step: UnsafePointer<CChar>?
        guard
            let ring = clinux_packet_ring(
                socket.descriptor, UInt32(layout.blockBytes), UInt32(clamping: layout.blockCount),
                UInt32(layout.slotBytes), &step)
        else { throw socket.error(call: step.map { String(cString: $0) } ?? "mmap") }
        var place = interface
        do {
            try socket.start()
            // Between these two, this socket gets packets of the group's others, too: a line may
            // come twice for a moment, which is counted as duplicates. The other order is not to be
            // had, and a filter that drops meanwhile would lose packets without a trace.
            if let fanout { place += " socket \(try fanout.join(socket))" }
        } catch {
            munmap(ring, layout.blockBytes * layout.blockCount)
            throw error
        }
        name = "packet \(place)"
        dropsName = "tp_drops of \(place)"
        fileDescriptors = [socket.descriptor]
        slotBytes = layout.slotBytes
        slotCount = layout.slotsPerBlock * layout.blockCount
        self.socket = socket
        self.lines = lines.map(\.index)
        self.ring = ring
        ringBytes = layout.blockBytes * layout.blockCount
        blockBytes = layout.blockBytes
        slotsPerBlock = layout.slotsPerBlock
        classifier = FrameClassifier(lines: lines, counters: counters)
        next = ring
        leftInBlock = layout.slotsPerBlock
    }

    deinit { munmap(ring, ringBytes) }

    private static func configure(_ socket: PacketSocket, _ options: CaptureOptions)
        throws(CaptureError)
    {
        try socket.set(
            CLINUX_PACKET_VERSION.rawValue, to: Int32(CLINUX_TPACKET_V2.rawValue),
            name: "PACKET_VERSION")
        // Only since Linux 4.20; `poll` looks at the kind of each packet in any case.
        _ = socket.trySet(CLINUX_PACKET_IGNORE_OUTGOING.rawValue, to: 1)
        if options.wantsHardwareTime {
            // Frames without a stamp of the card's still get the kernel's; so do all where the card
            // cannot, which is no error.
            _ = clinux_interface_stamp_packets(socket.interface.name)
            try socket.set(
                CLINUX_PACKET_TIMESTAMP.rawValue,
                to: Int32(CLINUX_TIMESTAMP_RAW_HARDWARE.rawValue), name: "PACKET_TIMESTAMP")
        }
        // Makes the kernel stamp packets as they come in, not when they are put into the ring.
        try socket.set(SO_TIMESTAMPNS, to: 1, level: SOL_SOCKET, name: "SO_TIMESTAMPNS")
        if options.busyPollMicroseconds > 0 {
            try socket.set(
                SO_BUSY_POLL, to: Int32(clamping: options.busyPollMicroseconds),
                level: SOL_SOCKET, name: "SO_BUSY_POLL")
        }
    }

    public func poll(into datagrams: UnsafeMutablePointer<CapturedDatagram>, capacity: Int)
        throws(CaptureError) -> Int
    {
        var count = 0
        // Frames of no line are bounded as well: a flood of them must not keep the caller.
        for _ in 0..<capacity {
            let slot = next
            let header = slot.assumingMemoryBound(to: clinux_packet_header.self)
            let status = clinux_packet_status(header)
            guard status & CLINUX_TP_STATUS_USER != 0 else { break }
            advance()
            if let datagram = take(slot, status) {
                (datagrams + count).initialize(to: datagram)
                count += 1
                clinux_packet_set_status(header, Self.held)
            } else {
                clinux_packet_set_status(header, CLINUX_TP_STATUS_KERNEL)
            }
        }
        return count
    }

    public func release(_ datagrams: UnsafePointer<CapturedDatagram>, count: Int) {
        for index in 0..<count {
            let slot = UnsafeMutablePointer<clinux_packet_header>(
                bitPattern: UInt(datagrams[index].frame))
            clinux_packet_set_status(slot.unsafelyUnwrapped, CLINUX_TP_STATUS_KERNEL)
        }
    }

    public func readDrops() -> [DropReading] {
        drops += UInt64(socket.readStatistics().drops)
        // An interface that went down leaves an error behind that poll(2) would report for ever.
        var pending: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(socket.descriptor, SOL_SOCKET, SO_ERROR, &pending, &length)
        return [DropReading(place: .kernel, counter: dropsName, lines: lines, value: drops)]
    }

    @inline(__always)
    private func advance() {
        leftInBlock &-= 1
        if leftInBlock > 0 {
            next += slotBytes
            return
        }
        // The end of a block that holds no whole slot is skipped.
        next += blockBytes &- (slotsPerBlock &- 1) &* slotBytes
        if next == ring + ringBytes { next = ring }
        leftInBlock = slotsPerBlock
    }

    @inline(__always)
    private func take(_ slot: UnsafeMutableRawPointer, _ status: UInt32) -> CapturedDatagram? {
        let header = slot.assumingMemoryBound(to: clinux_packet_header.self)
        guard clinux_packet_kind(header) != UInt8(CLINUX_PACKET_OUTGOING.rawValue) else {
            return nil
        }
        let length = Int(header.pointee.captured_length)
        let original = header.pointee.length
        let frame = slot + Int(header.pointee.link_offset)
        let time =
            UInt64(header.pointee.seconds) &* 1_000_000_000 &+ UInt64(header.pointee.nanoseconds)
        let isTagged = status & CLINUX_TP_STATUS_VLAN_VALID != 0
        if let tap {
            if isTagged {
                give(tap, slot, status, time)
            } else {
                tap.take(
                    UnsafeRawBufferPointer(start: frame, count: length), originalLength: original,
                    time: time)
            }
        }
        guard original <= header.pointee.captured_length else {
            counters.add(.oversize)
            return nil
        }
        let packet = CapturedPacket(
            bytes: UnsafeRawBufferPointer(start: frame, count: length), timeNanoseconds: time,
            originalLength: original)
        return classifier.classify(
            packet,
            timeSource: status & CLINUX_TP_STATUS_RAW_HARDWARE != 0 ? .hardware : .kernel,
            vlan: isTagged ? header.pointee.vlan_tci & 0xFFF : 0,
            frame: UInt64(UInt(bitPattern: slot)))
    }

    /// Gives the tap a frame with the tag that the kernel took off it. The room in front of a frame
    /// is in its slot and ours; afterwards the frame is as it was.
    @inline(never)
    private func give(
        _ tap: any FrameTap, _ slot: UnsafeMutableRawPointer, _ status: UInt32, _ time: UInt64
    ) {
        let header = slot.assumingMemoryBound(to: clinux_packet_header.self).pointee
        let frame = slot + Int(header.link_offset)
        let length = Int(header.captured_length)
        guard length >= 12 else { return }
        let type = status & CLINUX_TP_STATUS_VLAN_TPID_VALID != 0 ? header.vlan_tpid : 0x8100
        let overwritten = (frame + 8).loadUnaligned(as: UInt32.self)
        memmove(frame - 4, frame, 12)
        (frame + 8).storeBytes(of: type.bigEndian, as: UInt16.self)
        (frame + 10).storeBytes(of: header.vlan_tci.bigEndian, as: UInt16.self)
        tap.take(
            UnsafeRawBufferPointer(start: frame - 4, count: length + 4),
            originalLength: header.length + 4, time: time)
        memmove(frame, frame - 4, 8)
        (frame + 8).storeBytes(of: overwritten, as: UInt32.self)
    }
}

/// How a ring's memory is divided.
struct PacketRingLayout: Equatable {
    /// A multiple of TPACKET_ALIGNMENT.
    let slotBytes: Int
    /// A power of two of at least a page.
    let blockBytes: Int
    let blockCount: Int

    var slotsPerBlock: Int { blockBytes / slotBytes }

    /// Slots for `frameBytes`, or for the largest frame of the interface if that is more.
    init(ringBytes: Int, frameBytes: Int, mtu: Int) {
        let alignment = Int(CLINUX_TPACKET_ALIGNMENT.rawValue)
        // What stands before the network header: the kernel's two headers and 16 bytes at least for
        // the link header, aligned; a tag that is left in the frame adds to that, as does another.
        let headers = Int(CLINUX_TPACKET2_HEADERS.rawValue) + 16 + 2 * 4
        func roundedUp(_ size: Int) -> Int { (size + alignment - 1) / alignment * alignment }
        slotBytes = roundedUp(max(frameBytes, roundedUp(headers) + mtu))
        // At least 8 slots, so that little is left over at a block's end.
        var block = 1 << 16
        while block < 8 * slotBytes { block *= 2 }
        blockBytes = block
        blockCount = max(2, ringBytes / block)
    }
}
