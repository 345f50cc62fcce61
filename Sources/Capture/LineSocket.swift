import CLinux
import Glibc
import Synchronization
import Wire

/// The UDP socket of one line, bound to its group and port and joined; what `socket` and `uring` read.
///
/// With sources listed, the host joins only those, and the kernel keeps other senders out before any
/// counter of a line's sees them; what gets through all the same is counted `.wrongSource`.
public final class LineSocket {
    /// Largest datagram over Ethernet with jumbo frames, in bytes.
    static let jumboPayload = 9216

    public let line: CaptureLine
    public let descriptor: Int32
    /// Bytes of receive buffer that the kernel granted; about half of it holds datagrams, the rest is
    /// the kernel's overhead (socket(7)).
    public let receiveBuffer: Int
    /// Bytes that hold every datagram which comes in one packet of the interface: what a larger one
    /// has more, is cut.
    let payloadMax: Int
    /// `SO_RXQ_OVFL` as of the newest datagram; written by the polling thread.
    let newestDrops = Atomic<UInt32>(0)
    // The control thread's.
    private var lastDrops: UInt32 = 0
    private var drops: UInt64 = 0

    /// Opens the socket and joins the line's group.
    public init(line: CaptureLine, options: CaptureOptions) throws(CaptureError) {
        self.line = line
        let address = line.address
        try GroupJoin.checkAddresses(of: line)
        var interface: NetworkInterface?
        if let name = address.interface {
            interface = try NetworkInterface(name, line: line.name)
            // Without the privilege, or a card that can: kernel stamps.
            if options.wantsHardwareTime { _ = clinux_interface_stamp_packets(name) }
        }
        payloadMax = min(max(interface?.mtu ?? Self.jumboPayload, 1500), Self.jumboPayload)
        var wanted = clinux_udp_options(
            receive_buffer: Int32(clamping: options.receiveBufferBytes),
            busy_poll: Int32(clamping: options.busyPollMicroseconds),
            hardware_time: options.wantsHardwareTime ? 1 : 0)
        var step: UnsafePointer<CChar>?
        descriptor = clinux_udp_open(
            clinux_address(address.group), address.port, interface?.index ?? 0, &wanted, &step)
        guard descriptor >= 0 else {
            throw Self.openingError(line, call: step.map { String(cString: $0) } ?? "socket", errno)
        }
        receiveBuffer = Int(clinux_udp_receive_buffer(descriptor))
        if let code = GroupJoin.join(descriptor, address, interface?.index ?? 0) {
            throw GroupJoin.error(line, code)
        }
    }

    deinit { close(descriptor) }

    /// What the kernel dropped since the socket was opened: the larger of what came with the newest
    /// datagram (`SO_RXQ_OVFL`) and what the socket says now (`SO_MEMINFO`), which knows the tail too.
    /// Control thread only.
    func readDrops() -> DropReading {
        var now = newestDrops.load(ordering: .relaxed)
        var asked: UInt32 = 0
        if clinux_udp_drops(descriptor, &asked) == 0, Int32(bitPattern: asked &- now) > 0 {
            now = asked
        }
        // The kernel counts in 32 bits.
        let difference = now &- lastDrops
        if Int32(bitPattern: difference) > 0 {
            drops += UInt64(difference)
            lastDrops = now
        }
        return DropReading(
            place: .kernel, counter: "SO_MEMINFO of \(line.name)", lines: [line.index],
            value: drops)
    }

    private static func openingError(
        _ line: CaptureLine, call: String, _ code: Int32
    ) -> CaptureError {
        let port = line.address.port
        let remedy =
            switch (call, code) {
            case ("bind", EADDRINUSE):
                "end the program that holds the port for itself: see `ss -ulpn sport = :\(port)`"
            case ("bind", EACCES):
                "use a port from 1024, or give the capability CAP_NET_BIND_SERVICE"
            case ("socket", EMFILE), ("socket", ENFILE): "raise `ulimit -n`"
            case ("socket", EAFNOSUPPORT): "switch on IPv6 on this host"
            case ("SO_BUSY_POLL", EPERM):
                "give the capability CAP_NET_ADMIN, or set the busy polling time to 0"
            default: "see the manual pages socket(7), ip(7) and ipv6(7)"
            }
        return .line(
            name: line.name,
            problem: "\(line.address.place): \(call): \(String(cString: strerror(code)))",
            remedy: remedy)
    }
}

extension MulticastAddress {
    /// "239.1.1.1:26400", "[ff02::1]:26400", with the interface if one is named.
    var place: String {
        let text = group.isV4 ? "\(group):\(port)" : "[\(group)]:\(port)"
        return interface.map { "\(text) on \($0)" } ?? text
    }
}

extension clinux_address {
    @inline(__always)
    init(_ address: IPAddress) {
        self.init(high: address.high, low: address.low)
    }
}

extension IPAddress {
    @inline(__always)
    init(_ address: clinux_address) {
        self.init(high: address.high, low: address.low)
    }
}
