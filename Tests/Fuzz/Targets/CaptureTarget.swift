import Handler
import Simulation
import Ticks
import Wire

enum CaptureTarget {
    static func run(_ bytes: [UInt8]) {
        readPackets(bytes)
        decode(bytes)
    }

    private static func readPackets(_ bytes: [UInt8]) {
        guard let reader = try? CaptureReader(bytes: bytes) else { return }
        let dissectors = [false, true].map { PacketDissector(verifyUDPChecksum: $0) }
        while let record = try? reader.next() {
            switch record {
            case .custom(_, let data): touch(data)
            case .packet(let packet):
                require(reader.interfaces.indices.contains(packet.interface))
                require(packet.hasTime || packet.timeNanoseconds == 0)
                touch(packet.bytes)
                for dissector in dissectors {
                    guard case .datagram(let datagram) = dissector.dissect(packet) else { continue }
                    require(datagram.payload.count < packet.bytes.count)
                    touch(datagram.payload)
                    for trailer in SwitchTrailer.allCases {
                        guard let stamp = trailer.time(in: packet, of: datagram) else { continue }
                        require(trailer != .none && stamp > 0)
                    }
                }
            }
        }
    }

    private static func decode(_ bytes: [UInt8]) {
        guard let reader = try? CaptureReader(bytes: bytes),
            let checked = try? CheckedCore(CheckedCore.configuration(.itch50))
        else { return }
        let decoder = OfflineDecoder(core: checked.core, verifyUDPChecksum: false)
        try? decoder.decode(.capture(reader), path: "memory")
        checked.finish()
        let report = decoder.report
        let rejected = report.rejected.values.reduce(0, +)
        require(rejected + report.unmatched <= report.packetsRead)
        require(!TotalsReport.text(checked.core.totals(), report).isEmpty)
        require(!TotalsReport.json(checked.core.totals(), report).isEmpty)
    }

    // MARK: Seeds

    static func seeds() throws -> [[UInt8]] {
        let packets = try Seeds.deliveries(messages: 40, seed: 3).prefix(12)
        var seeds: [[UInt8]] = []
        for linkType in [LinkType.ethernet, .raw] {
            var pcap: [UInt8] = []
            PcapWriter.appendHeader(linkType: linkType, to: &pcap)
            var pcapng: [UInt8] = []
            var writer = PcapngWriter(comment: "seed", to: &pcapng)
            let interface = writer.appendInterface(
                name: "eth0", linkType: linkType, snapLength: 2048, to: &pcapng)
            for (index, packet) in packets.enumerated() {
                var frame = Seeds.frame(packet, linkType)
                // Every other one with a MetaWatch trailer of its own second.
                if index % 2 == 0 { frame += Self.trailer(packet.time) }
                frame.withUnsafeBytes {
                    PcapWriter.appendPacket($0, timeNanoseconds: packet.time, to: &pcap)
                    writer.appendPacket(
                        $0, interface: interface, timeNanoseconds: packet.time, to: &pcapng)
                }
            }
            [1, 2, 3].withUnsafeBytes {
                writer.appendCustom(enterprise: 32_473, data: $0, to: &pcapng)
            }
            writer.appendStatistics(
                interface: interface, timeNanoseconds: 1, received: 12, dropped: 0, to: &pcapng)
            seeds += [pcap, pcapng, Zstd.compress(pcap), Zstd.compress(pcapng)]
        }
        return seeds + otherFrames()
    }

    /// Check sequence, seconds, nanoseconds, flags, device and port (capture-formats.md §10).
    private static func trailer(_ time: UInt64) -> [UInt8] {
        let seconds = UInt32(time / 1_000_000_000).bigEndian
        let fraction = UInt32(time % 1_000_000_000).bigEndian
        return [1, 2, 3, 4] + withUnsafeBytes(of: (seconds, fraction)) { [UInt8]($0) }
            + [1, 0, 42, 7]
    }

    /// VLAN tags, Linux cooked captures, loopback, IPv6 and a fragment, one capture each.
    private static func otherFrames() -> [[UInt8]] {
        let ipv4: [UInt8] = Seeds.frame(
            LineDelivery(line: 0, time: 0, payload: [UInt8](repeating: 7, count: 30)), .raw)
        var fragment = ipv4
        fragment[6] = 0x20
        let udp: [UInt8] = [0, 1, 0x67, 0x20, 0, 12, 0, 0, 1, 2, 3, 4]
        let ipv6: [UInt8] =
            [0x60, 0, 0, 0, 0, 20, 0, 16] + [UInt8](repeating: 0xFE, count: 32)
            + [17, 0, 0, 0, 0, 0, 0, 0] + udp
        let addresses = [UInt8](repeating: 2, count: 12)
        let frames: [(UInt16, [UInt8])] = [
            (1, addresses + [0x81, 0, 0, 5, 0x88, 0xA8, 0, 6, 8, 0] + ipv4),
            (1, addresses + [0x86, 0xDD] + ipv6),
            (113, [UInt8](repeating: 0, count: 14) + [8, 0] + ipv4),
            (276, [8, 0] + [UInt8](repeating: 0, count: 18) + ipv4),
            (0, [2, 0, 0, 0] + ipv4), (108, [0, 0, 0, 24] + ipv6), (228, fragment), (229, ipv6),
            (12, ipv6),
        ]
        return frames.map { link, frame in
            var pcap: [UInt8] = []
            PcapWriter.appendHeader(linkType: LinkType(rawValue: link), to: &pcap)
            frame.withUnsafeBytes {
                PcapWriter.appendPacket(
                    $0, timeNanoseconds: 1_577_716_200_000_000_000, to: &pcap)
            }
            return pcap
        }
    }
}
