import Foundation
import Testing
import Wire

@Suite struct PcapngTests {
    /// The start of a file, then a packet of interface 1, as capture-formats.md §3 gives them.
    @Test func example() throws {
        let file = hex(
            """
            0a0d0d0a 1c000000 4d3c2b1a 0100 0000 ffffffffffffffff 1c000000
            01000000 20000000 0100 0000 00000400 0900 0100 09000000 0000 0000 20000000
            01000000 20000000 0100 0000 00000400 0900 0100 09000000 0000 0000 20000000
            06000000 54000000 01000000 fe9c9717 15cd853d 34000000 34000000
            """)
        let reading = try Reading(bytes: file + Example.frame + hex("54000000"))
        #expect(reading.error == nil && reading.truncation == nil)
        #expect(reading.packets.map(\.time) == [1_700_000_000_123_456_789])
        #expect(reading.packets.map(\.interface) == [1])
        #expect(reading.packets.map(\.outcome) == [Example.datagram])
    }

    @Test func interfacesCountOverSectionsOfEitherByteOrder() throws {
        var file = CaptureBytes()
        file.addSection()
        file.addInterface(options: [(2, [UInt8]("a".utf8))])
        file.addInterface(
            link: 113, snapLength: 96,
            options: [
                (2, [UInt8]("b".utf8)), (3, [UInt8]("tap".utf8)), (9, [9]),
                (11, [0] + [UInt8]("udp".utf8)), (13, [4]),
            ])
        file.addPacket(Example.frame, interface: 0)
        file.addSection(isBig: true)
        file.addInterface(link: 101, options: [(9, [0x8A]), (0, []), (2, [1])])
        file.addPacket(Example.ip, interface: 0)
        let reading = try Reading(bytes: file.bytes)
        #expect(reading.error == nil)
        #expect(reading.packets.map(\.interface) == [0, 2])
        #expect(reading.packets.map(\.outcome) == [Example.datagram, Example.datagram])
        #expect(reading.interfaces.map(\.name) == ["a", "b", nil])
        #expect(reading.interfaces.map(\.linkType) == [.ethernet, .linuxSLL, .raw])
        #expect(reading.interfaces.map(\.snapLength) == [0, 96, 0])
        #expect(reading.interfaces.map(\.section) == [0, 0, 1])
        #expect(reading.interfaces.map(\.fcsLength) == [0, 4, 0])
        #expect(reading.interfaces[1].filter == "udp")
        #expect(reading.interfaces[1].description == "tap")
        #expect(
            reading.interfaces.map(\.resolution) == [
                .decimal(exponent: 6), .decimal(exponent: 9), .binary(exponent: 10),
            ])
    }

    @Test(arguments: [false, true])
    func everyPacketBlockAndCustomBlocks(_ isBig: Bool) throws {
        var file = CaptureBytes()
        file.addSection(isBig: isBig)
        file.addInterface(snapLength: 46)
        file.addInterface(snapLength: 0)
        file.addBlock(type: 2) { body in
            body.add(1 as UInt16)
            body.add(0xFFFF as UInt16)
            body.add(0 as UInt32)
            body.add(7 as UInt32)
            body.add(52 as UInt32)
            body.add(52 as UInt32)
            body.bytes += Example.frame
        }
        file.addSimplePacket(Array(Example.frame.prefix(46)), original: 52)
        file.addBlock(type: 0x0BAD) { body in
            body.add(32_473 as UInt32)
            body.bytes += [1, 2, 3, 4, 5]
        }
        file.addBlock(type: 0x4000_0BAD) { $0.add(7 as UInt32) }
        for type in [4, 5, 9, 10, 0x8000_0001, 0x1234] as [UInt32] {
            file.addBlock(type: type) { $0.bytes += [9, 9, 9, 9] }
        }
        file.addPacket(Example.frame, interface: 1)
        let reading = try Reading(bytes: file.bytes)
        #expect(reading.error == nil && reading.truncation == nil)
        #expect(reading.packets.map(\.interface) == [1, 0, 1])
        #expect(reading.packets.map(\.time) == [7000, nil, 0])
        #expect(reading.packets.map(\.bytes.count) == [52, 46, 52])
        #expect(
            reading.packets.map(\.outcome)
                == [Example.datagram, .rejected(.cutBySnapLength), Example.datagram])
        #expect(reading.customs.map(\.enterprise) == [32_473, 7])
        #expect(reading.customs.map(\.data) == [[1, 2, 3, 4, 5, 0, 0, 0], []])
    }

    @Test func packetFlagsOverrideTheInterfaceFCS() throws {
        let whole = Example.frame + hex("a85f7967")
        var file = CaptureBytes()
        file.addSection()
        for length in [4, 32, 0] as [UInt8] { file.addInterface(options: [(13, [length])]) }
        file.addPacket(whole, interface: 0)
        file.addPacket(whole, interface: 1)
        file.addPacket(whole, interface: 2)
        // Bits 5–8 of the flags: 4 bytes; then 2; then not stated.
        file.addPacket(whole, interface: 2, options: [(1, [65]), (2, [0x80, 0, 0, 0])])
        file.addPacket(whole, interface: 0, options: [(2, [0x40, 0, 0, 0])])
        file.addPacket(whole, interface: 0, options: [(2, [0x01, 0, 0, 0]), (0, [])])
        let reading = try Reading(bytes: file.bytes)
        #expect(reading.packets.map(\.fcsLength) == [4, 4, 0, 4, 2, 4])
        #expect(reading.packets.allSatisfy { $0.outcome == Example.datagram })
    }

    /// Exact at every resolution: the table was computed with unbounded integers.
    @Test func timestampsAreBitExact() throws {
        let table = try String(
            contentsOf: Place.fixtures.appendingPathComponent("spec/timestamps.tsv"),
            encoding: .utf8)
        var file = CaptureBytes()
        file.addSection()
        var expected: [UInt64?] = []
        for (index, line) in table.split(separator: "\n").enumerated() {
            let fields = line.split(separator: "\t")
            let resolution = try #require(UInt8(fields[0]))
            let offset = try #require(Int64(fields[1]))
            let bytes = withUnsafeBytes(of: offset.littleEndian) { [UInt8]($0) }
            var options: [(UInt16, [UInt8])] = [(9, [resolution])]
            if offset != 0 { options.append((14, bytes)) }
            file.addInterface(options: options)
            file.addPacket(
                [], interface: UInt32(index), time: try #require(UInt64(fields[2])))
            expected.append(UInt64(fields[3]))
        }
        let reading = try Reading(bytes: file.bytes)
        #expect(expected.count == 1190)
        let wrong = zip(reading.packets, expected).enumerated().filter { $1.0.time != $1.1 }
        #expect(reading.packets.count == expected.count)
        #expect(wrong.map { "row \($0.offset + 1)" } == [])
    }

    @Test(arguments: [0, 2, 1] as [UInt16])
    func minorVersions(_ minor: UInt16) throws {
        var file = CaptureBytes()
        file.addSection(version: (1, minor))
        let error = try Reading(bytes: file.bytes).error
        let unsupported = CaptureFileError.Problem.unsupportedVersion(major: 1, minor: minor)
        #expect(error?.problem == (minor == 1 ? unsupported : nil))
    }
}

@Suite struct PcapngDamageTests {
    /// A section with one interface, then what `damage` adds.
    private func expect(
        _ problem: CaptureFileError.Problem, at offset: Int, interfaces: Int = 1,
        _ damage: (inout CaptureBytes) -> Void
    ) throws {
        var file = CaptureBytes()
        file.addSection()
        for _ in 0..<interfaces { file.addInterface() }
        let start = file.bytes.count
        damage(&file)
        let reading = try Reading(bytes: file.bytes)
        #expect(reading.error?.problem == problem)
        #expect(reading.error?.byteOffset == UInt64(start + offset))
        #expect(reading.truncation == nil)
    }

    @Test(arguments: [0, 8, 11, 13, 14, .max, 0x1000_0004] as [UInt32])
    func impossibleBlockLength(_ length: UInt32) throws {
        try expect(.badBlockLength(length), at: 4) { file in
            file.add(6 as UInt32)
            file.add(length)
            file.bytes += [UInt8](repeating: 0, count: 40)
        }
    }

    @Test func lengthsThatDisagree() throws {
        try expect(.badBlockLength(16), at: 12) { file in
            file.add(4 as UInt32)
            file.add(16 as UInt32)
            file.add(0 as UInt32)
            file.add(20 as UInt32)
        }
    }

    @Test(arguments: [1, 2, 3, 6, 0x0BAD, 0x0A0D_0D0A] as [UInt32])
    func blockTooShortForItsFields(_ type: UInt32) throws {
        let isSection = type == 0x0A0D_0D0A
        try expect(.badBlockLength(isSection ? 16 : 12), at: 4) { file in
            file.addBlock(type: type) { body in
                if isSection { body.add(0x1A2B_3C4D as UInt32) }
            }
        }
    }

    @Test func packetLargerThanItsBlock() throws {
        try expect(.absurdCapturedLength(9), at: 20) { file in
            file.addBlock(type: 6) { body in
                for value in [0, 0, 0, 9, 9, 0, 0] as [UInt32] { body.add(value) }
            }
        }
    }

    @Test func packetOfAnUnknownInterface() throws {
        try expect(.unknownInterface(1), at: 8) { $0.addPacket(Example.frame, interface: 1) }
        try expect(.unknownInterface(0), at: 0, interfaces: 0) {
            $0.addSimplePacket(Example.frame, original: 52)
        }
    }

    @Test func interfacesEndWithTheirSection() throws {
        try expect(.unknownInterface(0), at: 28 + 8) { file in
            file.addSection(isBig: true)
            file.addPacket(Example.frame)
        }
    }

    @Test func optionPastItsBlock() throws {
        try expect(.badOption, at: 16) { file in
            file.addBlock(type: 1) { body in
                body.add(1 as UInt64)
                body.add(2 as UInt16)
                body.add(5 as UInt16)
                body.add(0 as UInt32)
            }
        }
        try expect(.badOption, at: 28) { file in
            file.addBlock(type: 6) { body in
                for value in [0, 0, 0, 0, 0, 0x0005_0001] as [UInt32] { body.add(value) }
            }
        }
    }

    @Test func unknownByteOrderMagic() throws {
        try expect(.badByteOrderMagic(0x1122_3344), at: 8) { file in
            file.addBlock(type: 0x0A0D_0D0A) { body in
                body.bytes += hex("11223344 01000000 ffffffffffffffff")
            }
        }
    }

    @Test func interfacesAreBounded() throws {
        var file = CaptureBytes()
        file.addSection()
        for _ in 0...65_536 { file.addInterface() }
        let reading = try Reading(bytes: file.bytes)
        #expect(reading.interfaces.count == 65_536)
        #expect(reading.error?.problem == .tooManyInterfaces)
    }
}
