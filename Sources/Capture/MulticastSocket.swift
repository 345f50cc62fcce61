import CLinux
import Glibc
import Ticks
import Wire

/// Where a line comes from on the network.
public struct MulticastAddress: Sendable, Equatable {
    /// IPv4 group.
    public var group: String
    public var port: UInt16
    /// The only sender to accept; any if nil.
    public var source: String?
    /// Interface name; the kernel's choice if nil.
    public var interface: String?

    public init(group: String, port: UInt16, source: String? = nil, interface: String? = nil) {
        self.group = group
        self.port = port
        self.source = source
        self.interface = interface
    }
}

/// The portable packet source: a UDP multicast socket read with `recvmmsg`, kernel time stamps.
///
/// Owned by the thread that polls it; allocates nothing after the set-up.
public final class MulticastSocket {
    /// Datagrams of one poll.
    public static let batchCapacity = 32
    /// Largest datagram over Ethernet with jumbo frames; a longer one is cut and counted.
    public static let datagramMax = 9216

    public let line: String
    public let fileDescriptor: Int32
    /// Bytes of receive buffer that the kernel granted.
    public let receiveBuffer: Int
    /// Datagrams that the kernel dropped on this socket, as of the newest datagram.
    @exclusivity(unchecked) public private(set) var drops: UInt64 = 0
    @exclusivity(unchecked) public private(set) var cutDatagrams: UInt64 = 0
    private let receiver: OpaquePointer
    private let datagrams: UnsafeMutablePointer<clinux_datagram>

    /// Joins the group. `line` names the line in errors.
    public init(
        line: String, address: MulticastAddress, receiveBuffer: Int = 16 << 20
    ) throws(CaptureError) {
        self.line = line
        let group = try Self.ipv4(address.group, line)
        guard group >> 28 == 0xE else {
            throw .notMulticast(line: line, group: address.group)
        }
        var source: UInt32 = 0
        if let text = address.source { source = try Self.ipv4(text, line) }
        let interface = try Self.interfaceIndex(address.interface, line)
        var step: UnsafePointer<CChar>?
        fileDescriptor = clinux_udp_join(
            group, address.port, source, interface, Int32(receiveBuffer), &step)
        guard fileDescriptor >= 0 else {
            let call = step.map { String(cString: $0) } ?? "socket"
            throw .system(line: line, call: call, code: errno)
        }
        self.receiveBuffer = Int(clinux_udp_receive_buffer(fileDescriptor))
        guard
            let receiver = clinux_receiver_create(
                fileDescriptor, UInt32(Self.batchCapacity), Self.datagramMax)
        else {
            close(fileDescriptor)
            throw .system(line: line, call: "receive buffers", code: ENOMEM)
        }
        self.receiver = receiver
        datagrams = .allocate(capacity: Self.batchCapacity)
    }

    deinit {
        clinux_receiver_destroy(receiver)
        datagrams.deallocate()
        close(fileDescriptor)
    }

    /// One datagram as the socket received it; borrowed until the next poll.
    public struct Received {
        public var payload: UnsafeRawBufferPointer
        /// UTC ns; 0 if the kernel gave no stamp.
        public var time: UInt64
        /// IPv4 address of the sender.
        public var source: UInt32
        public var sourcePort: UInt16
    }

    /// Hands out what is there, at most a batch, without waiting. Returns how many.
    public func poll(_ body: (Received) -> Void) throws(CaptureError) -> Int {
        let count = Int(clinux_receiver_take(receiver, datagrams))
        if count < 0 { throw .system(line: line, call: "recvmmsg", code: errno) }
        for index in 0..<count {
            let datagram = datagrams[index]
            drops = UInt64(datagram.drops)
            if datagram.is_cut != 0 { cutDatagrams += 1 }
            body(
                Received(
                    payload: UnsafeRawBufferPointer(
                        start: datagram.bytes, count: Int(datagram.length)),
                    time: datagram.has_time != 0 ? datagram.time : 0, source: datagram.source,
                    sourcePort: datagram.source_port))
        }
        return count
    }

    private static func ipv4(_ text: String, _ line: String) throws(CaptureError) -> UInt32 {
        guard let address = IPAddress(text)?.v4 else {
            throw .badAddress(line: line, address: text)
        }
        return address
    }

    private static func interfaceIndex(_ name: String?, _ line: String) throws(CaptureError)
        -> UInt32
    {
        guard let name else { return 0 }
        let index = if_nametoindex(name)
        guard index != 0 else { throw .unknownInterface(line: line, interface: name) }
        return index
    }
}
