import Glibc

/// How fast deliveries leave for the network.
public enum SendingPace: Hashable, Sendable {
    /// As in simulated time, `speed` times as fast; above 0.
    case simulated(speed: Double)
    /// Evenly, counted over all lines together; above 0.
    case packetsPerSecond(Double)
    case unlimited
}

/// Sends lines live as IPv4 multicast, one group a line.
///
/// Packets carry a time to live of 1 and loop back to receivers on this host.
public struct MulticastSender: ~Copyable {
    /// A sleep wakes late by about so much; the rest is waited for actively.
    private static let spinNanoseconds: UInt64 = 150_000
    private static let largestRetryCount = 10_000

    /// Per line, what the kernel accepted, and what it refused for want of buffers.
    public private(set) var sentPackets: [Int]
    public private(set) var refusedPackets: [Int]

    private let sockets: [Int32]
    private let destinations: [sockaddr_in]
    private let places: [String]
    private let pace: SendingPace
    /// First delivery: its simulated time and when it left by the host's monotonic clock.
    private var start: (simulated: UInt64, real: UInt64)?
    private var deliveryCount: UInt64 = 0

    /// - Parameter interface: name or IPv4 address of the interface to send on.
    public init(
        lines: [LineAddress], interface: String = "127.0.0.1", pace: SendingPace
    ) throws(SimulationIOError) {
        var request = try Self.interfaceRequest(interface)
        var destinations: [sockaddr_in] = []
        for line in lines { destinations.append(try Self.address(line.group, line.port)) }
        var sockets: [Int32] = []
        do {
            for line in lines { sockets.append(try Self.open(&request, line.group)) }
        } catch {
            for socket in sockets { _ = close(socket) }
            throw error
        }
        self.sockets = sockets
        self.destinations = destinations
        self.places = lines.map { "\($0.group):\($0.port)" }
        self.pace = pace
        self.sentPackets = lines.map { _ in 0 }
        self.refusedPackets = lines.map { _ in 0 }
    }

    deinit {
        for socket in sockets { _ = close(socket) }
    }

    /// Waits until the delivery is due, then sends it.
    public mutating func send(_ delivery: LineDelivery) throws(SimulationIOError) {
        waitUntilDue(delivery)
        deliveryCount += 1
        var destination = destinations[delivery.line]
        for _ in 0..<Self.largestRetryCount {
            let sent = delivery.payload.withUnsafeBytes { payload in
                withUnsafePointer(to: &destination) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        sendto(
                            sockets[delivery.line], payload.baseAddress, payload.count, 0, $0,
                            socklen_t(MemoryLayout<sockaddr_in>.size))
                    }
                }
            }
            if sent >= 0 {
                sentPackets[delivery.line] += 1
                return
            }
            guard errno == EINTR || errno == ENOBUFS || errno == EAGAIN else {
                throw .last("sendto", places[delivery.line])
            }
            sched_yield()
        }
        refusedPackets[delivery.line] += 1
    }

    private mutating func waitUntilDue(_ delivery: LineDelivery) {
        let start = self.start ?? (delivery.time, Self.monotonicNanoseconds())
        self.start = start
        let offset: Double
        switch pace {
        case .unlimited: return
        case .simulated(let speed): offset = Double(delivery.time - start.simulated) / speed
        case .packetsPerSecond(let rate): offset = Double(deliveryCount) * 1e9 / rate
        }
        let due = start.real + UInt64(offset)
        let now = Self.monotonicNanoseconds()
        if due > now + Self.spinNanoseconds {
            let wake = due - Self.spinNanoseconds
            var request = timespec(
                tv_sec: Int(wake / 1_000_000_000), tv_nsec: Int(wake % 1_000_000_000))
            while clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &request, nil) == EINTR {}
        }
        while Self.monotonicNanoseconds() < due {}
    }

    private static func monotonicNanoseconds() -> UInt64 {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
    }

    private static func address(
        _ text: String, _ port: UInt16
    ) throws(SimulationIOError) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        guard inet_pton(AF_INET, text, &address.sin_addr) == 1 else { throw .notAnAddress(text) }
        return address
    }

    private static func interfaceRequest(_ text: String) throws(SimulationIOError) -> ip_mreqn {
        var request = ip_mreqn()
        if inet_pton(AF_INET, text, &request.imr_address) == 1 { return request }
        let index = if_nametoindex(text)
        guard index > 0 else { throw .noSuchInterface(text) }
        request.imr_ifindex = Int32(index)
        return request
    }

    private static func open(
        _ interface: inout ip_mreqn, _ place: String
    ) throws(SimulationIOError) -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .last("socket", place) }
        var one: UInt8 = 1
        let ip = Int32(IPPROTO_IP)
        let size = socklen_t(MemoryLayout<ip_mreqn>.size)
        guard setsockopt(descriptor, ip, IP_MULTICAST_IF, &interface, size) == 0,
            setsockopt(descriptor, ip, IP_MULTICAST_LOOP, &one, 1) == 0,
            setsockopt(descriptor, ip, IP_MULTICAST_TTL, &one, 1) == 0
        else {
            let error = SimulationIOError.last("setsockopt", place)
            _ = close(descriptor)
            throw error
        }
        return descriptor
    }
}
