import CLinux
import Glibc
import Ticks
import Wire

/// The portable packet source: one UDP multicast socket a line, read with `recvmmsg`, kernel stamps.
public final class SocketSource: PacketSource {
    /// Datagrams of one poll.
    public static let batchCapacity = 32
    /// Largest datagram over Ethernet with jumbo frames; a longer one is cut and counted.
    public static let datagramMax = 9216

    public let name: String
    public let counters = CaptureCounters()
    public let fileDescriptors: [Int32]
    /// Bytes of receive buffer that the kernel granted.
    public let receiveBuffer: Int
    private let line: CaptureLine
    private let receiver: OpaquePointer
    private let received: UnsafeMutablePointer<clinux_datagram>
    /// As of the newest datagram.
    @exclusivity(unchecked) private var drops: UInt32 = 0

    /// Joins the line's group.
    public init(line: CaptureLine, options: CaptureOptions) throws(CaptureError) {
        self.line = line
        name = "socket \(line.name)"
        guard let group = line.address.group.v4 else {
            throw .line(name: line.name, problem: "IPv6", remedy: "not yet")
        }
        var interface: UInt32 = 0
        if let named = line.address.interface {
            interface = try NetworkInterface(named, line: line.name).index
        }
        var step: UnsafePointer<CChar>?
        let descriptor = clinux_udp_join(
            group, line.address.port, line.address.sources.first?.v4 ?? 0, interface,
            Int32(options.receiveBufferBytes), &step)
        guard descriptor >= 0 else {
            let call = step.map { String(cString: $0) } ?? "socket"
            throw .line(
                name: line.name, problem: "\(call): \(String(cString: strerror(errno)))",
                remedy: "see the manual page ip(7)")
        }
        fileDescriptors = [descriptor]
        receiveBuffer = Int(clinux_udp_receive_buffer(descriptor))
        guard
            let receiver = clinux_receiver_create(
                descriptor, UInt32(Self.batchCapacity), Self.datagramMax)
        else {
            close(descriptor)
            throw .line(name: line.name, problem: "no memory", remedy: "free some")
        }
        self.receiver = receiver
        received = .allocate(capacity: Self.batchCapacity)
    }

    deinit {
        clinux_receiver_destroy(receiver)
        received.deallocate()
        close(fileDescriptors[0])
    }

    public func poll(into datagrams: UnsafeMutablePointer<CapturedDatagram>, capacity: Int)
        throws(CaptureError) -> Int
    {
        guard capacity >= Self.batchCapacity else { return 0 }
        let count = Int(clinux_receiver_take(receiver, received))
        if count < 0 { throw .failed(place: name, call: "recvmmsg", code: errno) }
        for index in 0..<count {
            let one = received[index]
            drops = one.drops
            counters.add(.datagrams)
            counters.add(.bytes, UInt64(one.length))
            if one.is_cut != 0 { counters.add(.oversize) }
            (datagrams + index).initialize(
                to: CapturedDatagram(
                    bytes: one.bytes, length: one.length, originalLength: one.length,
                    line: line.index, time: one.time,
                    timeSource: one.has_time != 0 ? .kernel : .user, frame: 0))
        }
        return count
    }

    public func release(_ datagrams: UnsafePointer<CapturedDatagram>, count: Int) {}

    public func readDrops() -> [DropReading] {
        [
            DropReading(
                place: .kernel, counter: "SO_RXQ_OVFL of \(line.name)", lines: [line.index],
                value: UInt64(drops))
        ]
    }
}
