import Handler
import Simulation
import Wire

/// Where the packets of simulated lines go.
enum SimulatedLines {
    static func write<Packets>(
        _ lines: inout FaultyLines<Packets>, _ addresses: [LineAddress], to path: String,
        force: Bool
    ) throws {
        let file = try OutputFile(path: path, force: force)
        try file.append { PcapWriter.appendHeader(to: &$0) }
        let builders = addresses.compactMap { address -> FrameBuilder? in
            guard let source = IPAddress(address.source), let group = IPAddress(address.group)
            else { return nil }
            return FrameBuilder(
                source: source, sourcePort: address.sourcePort, destination: group,
                destinationPort: address.port)
        }
        var frame: [UInt8] = []
        while let delivery = lines.next() {
            frame.removeAll(keepingCapacity: true)
            delivery.payload.withUnsafeBytes {
                _ = builders[delivery.line].append(payload: $0, to: &frame)
            }
            try file.append { bytes in
                frame.withUnsafeBytes {
                    PcapWriter.appendPacket($0, timeNanoseconds: delivery.time, to: &bytes)
                }
            }
        }
        try file.flush()
    }

    static func send<Packets>(
        _ lines: inout FaultyLines<Packets>, _ addresses: [LineAddress],
        _ network: SimulationNetworkOptions
    ) throws {
        var sender = try MulticastSender(
            lines: addresses, interface: network.interface, pace: network.pace)
        while let delivery = lines.next() { try sender.send(delivery) }
        let counts = zip(sender.sentPackets, sender.refusedPackets)
            .map { "\($0) packets sent, \($1) refused" }
        for (name, count) in zip(["A", "B"], counts) { standardError("line \(name): \(count)") }
    }
}
