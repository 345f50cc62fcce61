import Foundation
import Testing
import Wire

@Suite struct WriterTests {
    private static let tsharkMissing: Comment = "tshark and capinfos are not installed"
    private static let hasTools = Tool.exists("tshark") && Tool.exists("capinfos")

    private static let payloads: [[UInt8]] = (0..<70).map { count in
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ count) }
    }

    private static func builder(_ linkType: LinkType) throws -> FrameBuilder {
        try #require(
            FrameBuilder(
                source: IPAddress(v4: 0x0A00_0001), sourcePort: 1000,
                destination: IPAddress(v4: 0xEF81_0203), destinationPort: 26_400,
                linkType: linkType))
    }

    private static let time: UInt64 = 1_700_000_000_123_456_789

    /// Two interfaces of differing link types, every block that the writer knows.
    private static func pcapng() throws -> [UInt8] {
        var bytes: [UInt8] = []
        var writer = PcapngWriter(
            comment: "a run", hardware: "none", userApplication: "tapeline", to: &bytes)
        let ethernet = writer.appendInterface(
            name: "line A", snapLength: 9000, description: "first", filter: "udp", to: &bytes)
        let raw = writer.appendInterface(name: "line B", linkType: .raw, to: &bytes)
        #expect((ethernet, raw, writer.interfaceCount) == (0, 1, 2))
        for (index, payload) in payloads.enumerated() {
            let isRaw = index % 2 == 1
            var packet: [UInt8] = []
            let length = try builder(isRaw ? .raw : .ethernet).append(
                payload: payload, to: &packet)
            #expect(length == packet.count)
            writer.appendPacket(
                packet, interface: isRaw ? raw : ethernet,
                timeNanoseconds: time + UInt64(index), to: &bytes)
            if index == 7 {
                writer.appendCustom(enterprise: 32_473, data: payload, to: &bytes)
            }
        }
        let head = [UInt8](payloads[60][0..<20])
        writer.appendPacket(
            head, interface: ethernet, timeNanoseconds: time, originalLength: 60, to: &bytes)
        writer.appendStatistics(
            interface: raw, timeNanoseconds: time, received: 36, dropped: 2, to: &bytes)
        return bytes
    }

    @Test func writtenPcapngReadsBack() throws {
        let reading = try Reading(
            CaptureReader(bytes: try Self.pcapng()), verifyUDPChecksum: true)
        #expect(reading.error == nil && reading.truncation == nil)
        #expect(reading.interfaces.map(\.name) == ["line A", "line B"])
        #expect(reading.interfaces.map(\.description) == ["first", nil])
        #expect(reading.interfaces.map(\.filter) == ["udp", nil])
        #expect(reading.interfaces.map(\.snapLength) == [9000, 0])
        #expect(reading.packets.count == 71)
        for (index, packet) in reading.packets.dropLast().enumerated() {
            let expected = OwnedDatagram(
                source: "10.0.0.1", destination: "239.129.2.3", sourcePort: 1000,
                destinationPort: 26_400, payload: Self.payloads[index])
            #expect(packet.outcome == .datagram(expected))
            #expect(packet.time == Self.time + UInt64(index))
            #expect(packet.interface == index % 2)
        }
        #expect(reading.packets.last?.originalLength == 60)
        #expect(reading.customs.map(\.enterprise) == [32_473])
        #expect(reading.customs.map(\.data) == [Self.payloads[7] + [0]])
    }

    /// Blocks that a caller lays out in its own memory are those that the writer appends.
    @Test func finishedBlocksAreAppendedBlocks() {
        for count in 0...70 {
            let packet = (0..<count).map { UInt8($0 ^ 0x5A) }
            var expected: [UInt8] = []
            var writer = PcapngWriter(to: &expected)
            writer.appendInterface(name: "a", to: &expected)
            writer.appendInterface(name: "b", to: &expected)
            expected = []
            writer.appendPacket(
                packet, interface: 1, timeNanoseconds: Self.time, originalLength: 1500,
                to: &expected)
            var block = [UInt8](repeating: 0xEE, count: 128)
            let length = block.withUnsafeMutableBytes { bytes in
                (bytes.baseAddress! + 28).copyMemory(from: packet, byteCount: count)
                return PcapngWriter.finishPacketBlock(
                    bytes.baseAddress!, interface: 1, length: UInt32(count),
                    originalLength: 1500, timeNanoseconds: Self.time)
            }
            #expect(Array(block[..<length]) == expected)
        }
    }

    @Test(.enabled(if: hasTools, tsharkMissing))
    func tsharkAcceptsWrittenPcapng() throws {
        let scratch = try TemporaryDirectory()
        let bytes = try Self.pcapng()
        let file = try scratch.write(bytes, as: "written.pcapng")
        let rows = try Tool.dissect(file)
        #expect(rows.count == 71)
        #expect(GoldenRow.contradictions(rows, try Reading(bytes: bytes).packets) == [])
        try expectGoodChecksums(file, count: 70)
        let information = try Tool.text(["capinfos", "-M", file.path])
        for line in [
            "a run", "none", "tapeline", "Name = line A", "Description = first",
            "Filter string = udp", "Capture length = 9000", "Name = line B",
            "Encapsulation = Raw IP", "Time precision = nanoseconds (9)",
        ] {
            #expect(information.contains(line), "\(line) is not in \(information)")
        }
    }

    @Test(.enabled(if: hasTools, tsharkMissing))
    func tsharkAcceptsWrittenPcap() throws {
        let scratch = try TemporaryDirectory()
        for linkType in [LinkType.ethernet, .raw, .ipv4] {
            var bytes: [UInt8] = []
            PcapWriter.appendHeader(linkType: linkType, to: &bytes)
            for (index, payload) in Self.payloads.enumerated() {
                var packet: [UInt8] = []
                try Self.builder(linkType).append(payload: payload, to: &packet)
                PcapWriter.appendPacket(
                    packet, timeNanoseconds: Self.time + UInt64(index),
                    originalLength: UInt32(packet.count + index), to: &bytes)
            }
            let file = try scratch.write(bytes, as: "written.pcap")
            let packets = try Reading(bytes: bytes).packets
            let rows = try Tool.dissect(file)
            #expect(rows.count == 70)
            #expect(GoldenRow.contradictions(rows, packets) == [])
            #expect(rows.map(\.payload) == Self.payloads)
            try expectGoodChecksums(file, count: 70)
        }
    }

    /// tshark recomputes both checksums of every packet; 1 means good.
    private func expectGoodChecksums(_ file: URL, count: Int) throws {
        let statuses = try Tool.text([
            "tshark", "-r", file.path, "-o", "udp.check_checksum:TRUE", "-o",
            "ip.check_checksum:TRUE", "-Y", "udp", "-T", "fields", "-e", "ip.checksum.status",
            "-e", "udp.checksum.status",
        ])
        #expect(statuses == String(repeating: "1\t1\n", count: count))
        let complaints = try Tool.text([
            "tshark", "-r", file.path, "-Y", "_ws.malformed || eth.dst.lg == 1",
        ])
        #expect(complaints == "")
    }

    @Test func framesHaveTheAddressesOfTheirGroup() throws {
        var frame: [UInt8] = []
        try Self.builder(.ethernet).append(payload: [1], to: &frame)
        // The upper bit of the group's second byte is not part of the address (RFC 1112 §6.4).
        #expect(Array(frame[..<14]) == hex("01005e010203 02000a000001 0800"))
        #expect(frame.count == 60)
        let unicast = FrameBuilder(
            source: IPAddress(v4: 0x0A00_0001), sourcePort: 1,
            destination: IPAddress(v4: 0x0A00_0002), destinationPort: 2)
        frame = []
        try #require(unicast).append(payload: [], to: &frame)
        #expect(Array(frame[..<6]) == hex("02000a000002"))
    }

    @Test func wrapsIPv6() throws {
        let builder = try #require(
            FrameBuilder(
                source: IPAddress("fe80::1")!, sourcePort: 1000,
                destination: IPAddress("ff02::1:abcd")!, destinationPort: 26_400))
        for payload in Self.payloads {
            var frame: [UInt8] = []
            builder.append(payload: payload, to: &frame)
            #expect(Array(frame[..<14]) == hex("33330001abcd 020000000001 86dd"))
            let outcome = dissect(frame, linkType: .ethernet, verifyUDPChecksum: true)
            guard case .datagram(let found) = outcome else {
                Issue.record("\(payload.count) bytes: \(outcome)")
                continue
            }
            #expect(found.payload == payload && found.sourcePort == 1000)
            #expect(found.destination == "ff02::1:abcd")
        }
    }

    /// A payload chosen so that the checksum comes out as 0, which is sent as 0xFFFF.
    @Test func checksumZeroIsSentAsItsOtherForm() throws {
        let builder = try Self.builder(.raw)
        var found = false
        for word in 0...UInt16.max {
            var packet: [UInt8] = []
            builder.append(payload: [UInt8(word >> 8), UInt8(word & 0xFF)], to: &packet)
            let sum = Array(packet[26..<28])
            #expect(sum != [0, 0])
            guard sum == [0xFF, 0xFF] else { continue }
            found = true
            let outcome = dissect(packet, linkType: .raw, verifyUDPChecksum: true)
            #expect(outcome != .rejected(.badUDPChecksum))
            break
        }
        #expect(found)
    }

    @Test func whatCannotBeBuiltIsRefused() throws {
        let v4 = IPAddress(v4: 1)
        let v6 = try #require(IPAddress("fe80::1"))
        for (source, destination, linkType) in [
            (v6, v4, LinkType.ethernet), (v4, v6, .ethernet), (v4, v4, .linuxSLL),
            (v6, v6, .ipv4), (v4, v4, .ipv6),
        ] {
            #expect(
                FrameBuilder(
                    source: source, sourcePort: 1, destination: destination,
                    destinationPort: 2, linkType: linkType) == nil)
        }
    }
}

extension FrameBuilder {
    @discardableResult
    fileprivate func append(payload: [UInt8], to output: inout [UInt8]) -> Int {
        payload.withUnsafeBytes { append(payload: $0, to: &output) }
    }
}

extension PcapWriter {
    fileprivate static func appendPacket(
        _ packet: [UInt8], timeNanoseconds: UInt64, originalLength: UInt32,
        to output: inout [UInt8]
    ) {
        packet.withUnsafeBytes {
            appendPacket(
                $0, timeNanoseconds: timeNanoseconds, originalLength: originalLength,
                to: &output)
        }
    }
}

extension PcapngWriter {
    fileprivate func appendPacket(
        _ packet: [UInt8], interface: UInt32, timeNanoseconds: UInt64,
        originalLength: UInt32? = nil, to output: inout [UInt8]
    ) {
        packet.withUnsafeBytes {
            appendPacket(
                $0, interface: interface, timeNanoseconds: timeNanoseconds,
                originalLength: originalLength, to: &output)
        }
    }

    fileprivate func appendCustom(
        enterprise: UInt32, data: [UInt8], to output: inout [UInt8]
    ) {
        data.withUnsafeBytes { appendCustom(enterprise: enterprise, data: $0, to: &output) }
    }
}
