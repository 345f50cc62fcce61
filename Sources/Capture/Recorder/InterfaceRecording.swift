import CLinux
import Foundation
import Glibc
import Synchronization
import Ticks
import Wire

/// Feeds one inlet with every frame of one interface, by a TPACKET_V3 ring and a thread of its own.
///
/// Version 3 shows frames only when a block of them is full or its time is over; for a recorder that
/// does not matter, and a system call then serves a thousand packets.
final class InterfaceRecording: @unchecked Sendable {
    /// Bytes of one block: no longer frame is received.
    private static let blockBytes = 1 << 20
    /// Milliseconds after which a block is handed over although it is not full.
    private static let retireMilliseconds = 5
    /// Longest sleep of the thread, and with it the time that it takes to notice a stop.
    private static let pollMilliseconds: Int32 = 50
    /// Milliseconds that the last packets may take to come out of the ring.
    private static let drainMillisecondsMax = 2_000

    let interface: String
    let linkType: LinkType
    private let descriptor: Int32
    private let ring: UnsafeMutableRawPointer
    private let blockCount: Int
    private let onAlarm: @Sendable (String) -> Void
    private let atStart: InterfaceCounters
    private let counted = Mutex(RecorderReadings())
    private let isStopping = Atomic<Bool>(false)
    private let ended = DispatchSemaphore(value: 0)
    private var inlet: RecorderInlet?

    init(
        interface: String, options: PacketRecorderOptions,
        onAlarm: @escaping @Sendable (String) -> Void
    ) throws(CaptureError) {
        self.interface = interface
        self.onAlarm = onAlarm
        let index = try Self.index(of: interface)
        let type = clinux_record_hardware_type(interface)
        linkType = try Self.linkType(hardwareType: type, interface: interface)
        let filter = try RecorderFilter.compile(
            options.filter, interface: interface, snapLength: options.recorder.snapLength)
        atStart = InterfaceCounters.read(of: interface)
        let blockCount = max(options.ringBytes / Self.blockBytes, 2)
        self.blockCount = blockCount
        var step: UnsafePointer<CChar>?
        var memory: UnsafeMutableRawPointer?
        let opened = filter.withUnsafeBufferPointer { instructions in
            var setup = clinux_record_setup()
            setup.interface_index = index
            setup.block_bytes = UInt32(Self.blockBytes)
            setup.block_count = UInt32(blockCount)
            setup.retire_ms = UInt32(Self.retireMilliseconds)
            setup.filter = instructions.isEmpty ? nil : instructions.baseAddress
            setup.filter_length = UInt32(instructions.count)
            setup.promiscuous = options.isPromiscuous ? 1 : 0
            setup.hardware_time = options.wantsHardwareTime ? 1 : 0
            // Loopback shows each packet twice: as it leaves and as it comes.
            setup.ignore_outgoing = type == 772 ? 1 : 0
            return clinux_record_open(&setup, interface, &memory, &step)
        }
        guard opened >= 0, let memory else {
            throw Self.failure(interface, step.map { String(cString: $0) } ?? "socket", errno)
        }
        descriptor = opened
        ring = memory
    }

    deinit { clinux_record_close(descriptor, ring, blockCount * Self.blockBytes) }

    private static func index(of interface: String) throws(CaptureError) -> UInt32 {
        let index = if_nametoindex(interface)
        var flags: UInt32 = 0
        var mtu: UInt32 = 0
        guard index != 0, clinux_interface(interface, &flags, &mtu) == 0 else {
            throw .unavailable(
                method: .packet, place: interface, problem: "no such interface",
                remedy: "see `ip link` for names")
        }
        guard flags & UInt32(CLINUX_INTERFACE_UP.rawValue) != 0 else {
            throw .unavailable(
                method: .packet, place: interface, problem: "the interface is down",
                remedy: "ip link set \(interface) up")
        }
        return index
    }

    private static func linkType(
        hardwareType: Int32, interface: String
    ) throws(CaptureError) -> LinkType {
        switch hardwareType {
        // ARPHRD_ETHER, ARPHRD_LOOPBACK
        case 1, 772: return .ethernet
        // ARPHRD_NONE, ARPHRD_PPP, ARPHRD_TUNNEL, ARPHRD_TUNNEL6, ARPHRD_RAWIP
        case 0xFFFE, 512, 768, 769, 519: return .raw
        default:
            throw .unavailable(
                method: .packet, place: interface,
                problem: "hardware type \(hardwareType) is not known",
                remedy: "record Ethernet, loopback or tunnel interfaces")
        }
    }

    private static func failure(_ interface: String, _ step: String, _ code: Int32) -> CaptureError
    {
        let remedy =
            switch code {
            case EPERM, EACCES:
                "run as root, or: setcap cap_net_raw,cap_net_admin+ep on the program"
            case ENOMEM: "free memory, or a smaller --ring-bytes"
            default: "see the manual page packet(7)"
            }
        return .unavailable(
            method: .packet, place: interface,
            problem: "\(step): \(String(cString: strerror(code)))", remedy: remedy)
    }
}

extension InterfaceRecording {
    /// What was counted since the opening; any thread.
    func readings() -> RecorderReadings {
        let now = InterfaceCounters.read(of: interface)
        return counted.withLock { counted in
            // The kernel's counters begin anew with each reading.
            _ = clinux_record_statistics(
                descriptor, &counted.receivedByFilter, &counted.droppedByKernel)
            // An interface that is gone, or was made anew, keeps what was counted of it.
            if now.received >= atStart.received, now.dropped >= atStart.dropped {
                counted.receivedByInterface = max(
                    counted.receivedByInterface ?? 0, now.received - atStart.received)
                counted.droppedByInterface = max(
                    counted.droppedByInterface ?? 0, now.dropped - atStart.dropped)
            }
            return counted
        }
    }

    func start(into inlet: RecorderInlet) {
        self.inlet = inlet
        let thread = Thread { [self] in
            run(inlet)
            ended.signal()
        }
        thread.name = "record-\(interface)"
        thread.start()
    }

    /// Ends the reception; what the kernel has is still taken.
    func beginStop() { isStopping.store(true, ordering: .releasing) }

    func waitUntilStopped() {
        if inlet != nil { ended.wait() }
        inlet = nil
    }

    private func run(_ inlet: RecorderInlet) {
        var position = 0
        var isShut = false
        var drainedMilliseconds = 0
        while true {
            let block = (ring + position * Self.blockBytes)
                .assumingMemoryBound(to: tpacket_block_desc.self)
            if clinux_record_block_status(block) & UInt32(TP_STATUS_USER) != 0 {
                take(block, inlet)
                clinux_record_block_release(block)
                position = position + 1 == blockCount ? 0 : position + 1
                continue
            }
            if !isShut, isStopping.load(ordering: .acquiring) {
                isShut = true
                _ = clinux_record_shut(descriptor)
            }
            wait(milliseconds: isShut ? Int32(Self.retireMilliseconds) : Self.pollMilliseconds)
            guard isShut else { continue }
            drainedMilliseconds += Self.retireMilliseconds
            let missing = stillInside(inlet)
            // Two rounds at least, for a packet that was on its way past the filter.
            if missing == 0, drainedMilliseconds > 2 * Self.retireMilliseconds { return }
            if drainedMilliseconds > Self.drainMillisecondsMax {
                return onAlarm("\(interface): \(missing) packets did not come out of the ring")
            }
        }
    }

    /// Packets that are counted as received and have not been taken.
    private func stillInside(_ inlet: RecorderInlet) -> UInt64 {
        let counts = readings()
        return counts.receivedByFilter &- counts.droppedByKernel &- inlet.taken
    }

    private func take(_ block: UnsafeMutablePointer<tpacket_block_desc>, _ inlet: RecorderInlet) {
        let header = block.pointee.hdr.bh1
        var at = UnsafeRawPointer(block) + Int(header.offset_to_first_pkt)
        for _ in 0..<header.num_pkts {
            let packet = at.assumingMemoryBound(to: tpacket3_hdr.self)
            let frame = UnsafeRawBufferPointer(
                start: at + Int(packet.pointee.tp_mac), count: Int(packet.pointee.tp_snaplen))
            let time =
                UInt64(packet.pointee.tp_sec) &* 1_000_000_000 &+ UInt64(packet.pointee.tp_nsec)
            let status = packet.pointee.tp_status
            if status & UInt32(TP_STATUS_VLAN_VALID) != 0, linkType == .ethernet {
                let hasType = status & UInt32(TP_STATUS_VLAN_TPID_VALID) != 0
                inlet.take(
                    frame, vlanType: hasType ? packet.pointee.hv1.tp_vlan_tpid : 0x8100,
                    vlanControl: UInt16(truncatingIfNeeded: packet.pointee.hv1.tp_vlan_tci),
                    originalLength: packet.pointee.tp_len, time: time)
            } else {
                inlet.take(frame, originalLength: packet.pointee.tp_len, time: time)
            }
            at += Int(packet.pointee.tp_next_offset)
        }
    }

    private func wait(milliseconds: Int32) {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, milliseconds) > 0, waiting.revents & Int16(POLLERR) != 0 else {
            return
        }
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        // Reading the error also takes it away.
        if getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) == 0, code != 0 {
            onAlarm("\(interface): \(String(cString: strerror(code)))")
        }
        usleep(UInt32(milliseconds) * 1000)
    }
}

/// An interface's receive counters, as the kernel shows them in /proc/net/dev.
struct InterfaceCounters: Equatable {
    var received: UInt64 = 0
    /// rx_dropped and rx_missed_errors.
    var dropped: UInt64 = 0

    /// All zero if the interface is gone.
    static func read(of interface: String) -> InterfaceCounters {
        let path = "/proc/thread-self/net/dev"
        let table = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        return InterfaceCounters(of: interface, table: table)
    }

    init(of interface: String, table: String) {
        for line in table.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[0].drop(while: { $0 == " " }) == interface else {
                continue
            }
            // bytes, packets, errors, dropped, …
            let numbers = parts[1].split(separator: " ").map { UInt64($0) ?? 0 }
            guard numbers.count >= 4 else { return }
            received = numbers[1]
            dropped = numbers[3]
        }
    }
}
