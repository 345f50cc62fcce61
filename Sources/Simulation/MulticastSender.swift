import CLinux
import Glibc
import Wire

/// How fast deliveries leave for the network.
public enum SendingPace: Hashable, Sendable {
    /// As in simulated time, `speed` times as fast; above 0.
    case simulated(speed: Double)
    /// Evenly, counted over all lines together; above 0.
    case packetsPerSecond(Double)
    case unlimited
}

/// Sends lines live as IPv4 or IPv6 multicast, one group a line.
///
/// Packets carry a time to live (hop limit) of 1 and loop back to receivers on this host.
public struct MulticastSender: ~Copyable {
    /// A sleep wakes late by about so much; the rest is waited for actively.
    private static let spinNanoseconds: UInt64 = 150_000
    private static let largestRetryCount = 10_000

    /// Per line, what the kernel accepted, and what it refused for want of buffers.
    public private(set) var sentPackets: [Int]
    public private(set) var refusedPackets: [Int]

    private struct Destination {
        var group: clinux_address
        var port: UInt16
        /// As the configuration has it.
        var place: String
        var socket: Int32
    }

    private let destinations: [Destination]
    /// 0 if the sender's address names the interface.
    private let interfaceIndex: UInt32
    private let pace: SendingPace
    /// First delivery: its simulated time and when it left by the host's monotonic clock.
    private var start: (simulated: UInt64, real: UInt64)?
    private var deliveryCount: UInt64 = 0

    /// - Parameter interface: name of the interface to send on, or an IPv4 address of it, which is
    ///   then the sender's over IPv4.
    public init(
        lines: [LineAddress], interface: String = "127.0.0.1", pace: SendingPace
    ) throws(SimulationIOError) {
        let local = IPAddress(interface).flatMap { $0.isV4 ? $0 : nil }
        var groups: [IPAddress] = []
        for line in lines {
            guard let group = IPAddress(line.group) else { throw .notAnAddress(line.group) }
            groups.append(group)
        }
        let index = try Self.interfaceIndex(interface, local, groups)
        var destinations: [Destination] = []
        do {
            for (line, group) in zip(lines, groups) {
                destinations.append(try Self.open(group, line, local: local, index: index))
            }
        } catch {
            for destination in destinations { _ = close(destination.socket) }
            throw error
        }
        self.destinations = destinations
        self.interfaceIndex = index
        self.pace = pace
        self.sentPackets = lines.map { _ in 0 }
        self.refusedPackets = lines.map { _ in 0 }
    }

    deinit {
        for destination in destinations { _ = close(destination.socket) }
    }

    /// Waits until the delivery is due, then sends it.
    public mutating func send(_ delivery: LineDelivery) throws(SimulationIOError) {
        waitUntilDue(delivery)
        deliveryCount += 1
        let destination = destinations[delivery.line]
        for _ in 0..<Self.largestRetryCount {
            let isSent = delivery.payload.withUnsafeBufferPointer {
                clinux_udp_send(
                    destination.socket, destination.group, destination.port, interfaceIndex,
                    $0.baseAddress, $0.count) == 0
            }
            if isSent {
                sentPackets[delivery.line] += 1
                return
            }
            guard errno == EINTR || errno == ENOBUFS || errno == EAGAIN else {
                throw .last("sendto", destination.place)
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

    private static func open(
        _ group: IPAddress, _ line: LineAddress, local: IPAddress?, index: UInt32
    ) throws(SimulationIOError) -> Destination {
        let address = clinux_address(high: group.high, low: group.low)
        let from = clinux_address(high: local?.high ?? 0, low: local?.low ?? 0)
        let place = group.isV4 ? "\(group):\(line.port)" : "[\(group)]:\(line.port)"
        var step: UnsafePointer<CChar>?
        let socket = clinux_udp_sender(address, from, index, &step)
        guard socket >= 0 else {
            throw .last(step.map { String(cString: $0) } ?? "socket", place)
        }
        return Destination(group: address, port: line.port, place: place, socket: socket)
    }

    /// 0 where an address names the interface and all groups are IPv4, which need no more.
    private static func interfaceIndex(
        _ text: String, _ local: IPAddress?, _ groups: [IPAddress]
    ) throws(SimulationIOError) -> UInt32 {
        guard let local else {
            let index = if_nametoindex(text)
            guard index > 0 else { throw .noSuchInterface(text) }
            return index
        }
        if groups.allSatisfy(\.isV4) { return 0 }
        var first: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&first) == 0 else { throw .last("getifaddrs", text) }
        defer { freeifaddrs(first) }
        var next = first
        while let entry = next?.pointee {
            next = entry.ifa_next
            guard let name = entry.ifa_addr, name.pointee.sa_family == sa_family_t(AF_INET) else {
                continue
            }
            let number = UnsafeRawPointer(name).loadUnaligned(as: sockaddr_in.self).sin_addr.s_addr
            if IPAddress(v4: UInt32(bigEndian: number)) == local {
                return if_nametoindex(entry.ifa_name)
            }
        }
        throw .noSuchInterface(text)
    }
}
