import CLinux
import Glibc

/// A packet socket on one Ethernet interface, with its filter: what the ring and the counters share.
final class PacketSocket {
    let descriptor: Int32
    let interface: NetworkInterface

    /// Makes the socket with the filter of the lines. It receives nothing before `start`, so that no
    /// packet gets past the filter.
    init(lines: [CaptureLine], interface name: String, purpose: PacketFilter.Purpose)
        throws(CaptureError)
    {
        interface = try NetworkInterface(name, line: lines.first?.name ?? name)
        let filter = PacketFilter(lines: lines, purpose: purpose).instructions
        guard filter.count <= BPFAssembler.instructionMax else {
            throw .unavailable(
                method: .packet, place: name,
                problem: "too many groups for the kernel's packet filter"
                    + " (\(filter.count) instructions of \(BPFAssembler.instructionMax))",
                remedy: "spread the lines over several interfaces or use another method")
        }
        switch clinux_interface_is_ethernet(name) {
        case 1: break
        case 0:
            throw .unavailable(
                method: .packet, place: name, problem: "not an Ethernet interface",
                remedy: "use the method pcap or socket")
        default: throw Self.error(name, call: "SIOCGIFHWADDR")
        }
        descriptor = clinux_packet_socket()
        guard descriptor >= 0 else { throw Self.error(name, call: "socket") }
        guard clinux_packet_filter(descriptor, filter, UInt32(filter.count)) == 0 else {
            throw Self.error(name, call: "SO_ATTACH_FILTER")
        }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Sets an option of whole-number value; `level` is the packet sockets' own unless told.
    func set(
        _ option: some BinaryInteger, to value: Int32, level: Int32? = nil, name: String
    ) throws(CaptureError) {
        if !trySet(option, to: value, level: level) { throw error(call: name) }
    }

    func trySet(_ option: some BinaryInteger, to value: Int32, level: Int32? = nil) -> Bool {
        var value = value
        return setsockopt(
            descriptor, level ?? Int32(CLINUX_SOL_PACKET.rawValue), Int32(option), &value,
            socklen_t(MemoryLayout<Int32>.size)) == 0
    }

    /// From now on packets come in.
    func start() throws(CaptureError) {
        guard clinux_packet_bind(descriptor, interface.index) == 0 else {
            throw error(call: "bind")
        }
    }

    /// What passed the filter and what of it was dropped, since the last reading.
    func readStatistics() -> (packets: UInt32, drops: UInt32) {
        var packets: UInt32 = 0
        var drops: UInt32 = 0
        // Fails only for arguments that are not these.
        _ = clinux_packet_statistics(descriptor, &packets, &drops)
        return (packets, drops)
    }

    /// The failed call as `errno` has it.
    func error(call: String) -> CaptureError { Self.error(interface.name, call: call) }

    private static func error(_ place: String, call: String) -> CaptureError {
        let code = errno
        let text = "\(call): \(String(cString: strerror(code)))"
        let remedy =
            switch (code, call) {
            case (EPERM, "socket"), (EACCES, "socket"):
                "needs the capability CAP_NET_RAW: run as root, or"
                    + " `setcap cap_net_raw+ep` the program"
            case (EPERM, "SO_BUSY_POLL"):
                "needs the capability CAP_NET_ADMIN, or 0 microseconds of busy polling"
            case (EAFNOSUPPORT, _): "the kernel has no packet sockets: load the module af_packet"
            case (ENOMEM, "SO_ATTACH_FILTER"):
                "the filter needs more option memory: raise `sysctl net.core.optmem_max`"
            case (ENOMEM, _), (ENOBUFS, _), (_, "PACKET_RX_RING"):
                "no memory for the ring: set a smaller capture.ringBytes"
            case (ENODEV, _), (ENXIO, _), (ENETDOWN, _): "see `ip link show \(place)`"
            default: "see the manual page packet(7)"
            }
        return .unavailable(method: .packet, place: place, problem: text, remedy: remedy)
    }
}
