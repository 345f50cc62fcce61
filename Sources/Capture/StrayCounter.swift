import CLinux
import Glibc

/// Counts packets to the configured groups that belong to no line, for methods that never see them:
/// an ordinary UDP socket gets nothing with a wrong port or from a wrong sender.
///
/// Two packet sockets whose filters pass exactly those, and that never take one: once their small
/// receive buffers are full, the kernel does no more than count. Needs CAP_NET_RAW. Used by one
/// thread. A datagram in fragments counts once, by its first fragment; tagged frames do not count.
public final class StrayCounter {
    private let wrongPorts: PacketSocket
    private let wrongSources: PacketSocket
    private let interface: String
    private let lines: [UInt16]
    private var wrongPortCount: UInt64 = 0
    private var wrongSourceCount: UInt64 = 0

    /// Throws `.line` for an interface that is not there or down, `.unavailable` without privilege.
    public init(lines: [CaptureLine], interface: String) throws(CaptureError) {
        wrongPorts = try Self.open(lines, interface, .wrongPorts)
        wrongSources = try Self.open(lines, interface, .wrongSources)
        self.interface = interface
        self.lines = lines.map(\.index)
    }

    private static func open(
        _ lines: [CaptureLine], _ interface: String, _ purpose: PacketFilter.Purpose
    ) throws(CaptureError) -> PacketSocket {
        let socket = try PacketSocket(lines: lines, interface: interface, purpose: purpose)
        // What we send ourselves is no stray; on the loopback interface everything would count twice.
        try socket.set(
            CLINUX_PACKET_IGNORE_OUTGOING.rawValue, to: 1, name: "PACKET_IGNORE_OUTGOING")
        // The kernel rounds it up to the smallest that it has.
        try socket.set(SO_RCVBUF, to: 1, level: SOL_SOCKET, name: "SO_RCVBUF")
        try socket.start()
        return socket
    }

    /// Packets since the opening: those to a wrong port, and those from a wrong sender to a right one.
    public func read() -> [DropReading] {
        wrongPortCount += UInt64(wrongPorts.readStatistics().packets)
        wrongSourceCount += UInt64(wrongSources.readStatistics().packets)
        return [
            DropReading(
                place: .filter, counter: "\(CaptureCounter.wrongPort.description) on \(interface)",
                lines: lines, value: wrongPortCount),
            DropReading(
                place: .filter,
                counter: "\(CaptureCounter.wrongSource.description) on \(interface)", lines: lines,
                value: wrongSourceCount),
        ]
    }
}
