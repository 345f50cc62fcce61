import Foundation
import Testing
import Wire

/// Files put together here, for what no public capture holds, against the tshark of this machine.
@Suite(.enabled(if: Tool.exists("tshark"), "tshark is not installed"))
struct LiveTsharkTests {
    private static let v6 = hex(
        """
        6000000000121140 fe800000000000000000000000000001 ff020000000000000000000000010002
        03e86720001217bb48454c4c4f574f524c44
        """)

    /// Link type, header, IP packet.
    private static let packets: [(UInt16, String, [UInt8])] = [
        (1, "01005e010203 020000000001 88a8 00c8 8100 6064 0800", Example.ip),
        (1, "01005e010203 020000000001 9100 00c8 0800", Example.ip),
        (1, "333300010002 020000000001 86dd", v6),
        (113, "0002 0001 0006 0200000000010000 0800", Example.ip),
        (113, "0002 0001 0006 0200000000010000 8100 0064 0800", Example.ip),
        (276, "0800 0000 00000007 0001 02 06 0200000000010000", Example.ip),
        (276, "86dd 0000 00000007 0001 02 06 0200000000010000", v6),
        (0, "02000000", Example.ip), (0, "1c000000", v6), (108, "00000002", Example.ip),
        (101, "", Example.ip), (101, "", v6), (228, "", Example.ip), (229, "", v6),
    ]

    @Test func everyLinkLayer() throws {
        var file = CaptureBytes()
        file.addSection()
        for (index, packet) in Self.packets.enumerated() {
            file.addInterface(link: packet.0)
            let bytes = hex(packet.1) + packet.2
            let interface = UInt32(index)
            file.addPacket(bytes, interface: interface)
            file.addPacket(
                Array(bytes.dropLast(3)), interface: interface, original: UInt32(bytes.count))
            file.addPacket(bytes + hex("000102030405"), interface: interface)
        }
        let readings = try compare(file.bytes)
        let datagrams = readings.filter { if case .datagram = $0.outcome { true } else { false } }
        #expect(datagrams.count == Self.packets.count * 2)
    }

    @Test func checkSequences() throws {
        let whole = Example.macs + hex("0800") + Example.ip([2: hex("0000")]) + hex("a85f7967")
        var file = CaptureBytes()
        file.addSection()
        file.addInterface()
        file.addPacket(Example.frame + hex("a85f7967"), options: [(2, [0x80, 0, 0, 0])])
        file.addPacket(whole, options: [(2, [0x80, 0, 0, 0])])
        let packets = try compare(file.bytes)
        #expect(packets.map(\.outcome) == [Example.datagram, Example.datagram])
        var classic = CaptureBytes.pcap(link: 0x2400_0001)
        classic.addRecord(whole)
        #expect(try compare(classic.bytes).map(\.outcome) == [Example.datagram])
    }

    @Test(
        arguments: [
            (0xA1B2_CD34, false), (0xA1B2_CD34, true), (0x1C00_01AC, true), (0x1C00_01AB, false),
            (0xA1B2_3C4D, true),
        ] as [(UInt32, Bool)])
    func rareMagicNumbers(_ magic: UInt32, _ isBig: Bool) throws {
        var file = CaptureBytes.pcap(magic: magic, isBig: isBig)
        if magic >> 24 == 0x1C { file.add(3 * 68 as UInt32) }
        let extra = magic == 0xA1B2_CD34 ? hex("0000000108000000") : []
        for index in 0..<3 {
            file.addRecord(Example.frame, seconds: UInt32(index), extra: extra)
        }
        #expect(try compare(file.bytes).count == 3)
    }

    private func compare(_ bytes: [UInt8]) throws -> [OwnedPacket] {
        let scratch = try TemporaryDirectory()
        let rows = try Tool.dissect(try scratch.write(bytes, as: "capture"))
        let packets = try Reading(bytes: bytes).packets
        #expect(GoldenRow.contradictions(rows, packets) == [])
        return packets
    }
}
