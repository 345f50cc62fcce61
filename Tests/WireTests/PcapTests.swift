import Testing
import Wire

@Suite struct PcapTests {
    private static let variants: [(magic: UInt32, scale: UInt64, isModified: Bool, isIxia: Bool)] =
        [
            (0xA1B2_C3D4, 1000, false, false), (0xA1B2_3C4D, 1, false, false),
            (0xA1B2_CD34, 1000, true, false), (0x1C00_01AC, 1000, false, true),
            (0x1C00_01AB, 1000, false, true),
        ]

    @Test(arguments: 0..<5, [false, true])
    func everyMagicInBothByteOrders(_ index: Int, _ isBig: Bool) throws {
        let variant = Self.variants[index]
        var file = CaptureBytes.pcap(magic: variant.magic, isBig: isBig)
        if variant.isIxia { file.add(2 * (16 + 52) as UInt32) }
        let extra = variant.isModified ? hex("0000000108000000") : []
        file.addRecord(Example.frame, extra: extra)
        file.addRecord(Example.frame, seconds: .max, fraction: 0, original: 60, extra: extra)
        let reading = try Reading(bytes: file.bytes)
        #expect(reading.error == nil && reading.truncation == nil)
        #expect(reading.packets.map(\.outcome) == [Example.datagram, Example.datagram])
        #expect(reading.packets.map(\.originalLength) == [52, 60])
        #expect(
            reading.packets.map(\.time) == [
                1_700_000_000_000_000_000 + 123_456 * variant.scale, 4_294_967_295_000_000_000,
            ])
        #expect(reading.byteOffset == UInt64(file.bytes.count))
    }

    /// Header and first record header as capture-formats.md §2 gives them.
    @Test(
        arguments: [
            (
                "d4c3b2a1 0200 0400 00000000 00000000 00000400 01000000",
                "00f15365 40e20100 34000000 34000000", 1_700_000_000_123_456_000
            ),
            (
                "4d3cb2a1 0200 0400 00000000 00000000 00000400 01000000",
                "00f15365 15cd5b07 34000000 34000000", 1_700_000_000_123_456_789
            ),
            (
                "a1b23c4d 0002 0004 00000000 00000000 00040000 00000001",
                "6553f100 075bcd15 00000034 00000034", 1_700_000_000_123_456_789
            ),
        ] as [(String, String, UInt64)])
    func examples(_ header: String, _ record: String, _ time: UInt64) throws {
        let reading = try Reading(bytes: hex(header) + hex(record) + Example.frame)
        #expect(reading.packets.map(\.time) == [time])
        #expect(reading.packets.map(\.outcome) == [Example.datagram])
    }

    @Test func bitsAboveTheLinkTypeAreMasked() throws {
        var file = CaptureBytes.pcap(link: 0x0123_0001)
        file.addRecord(Example.frame)
        let reading = try Reading(bytes: file.bytes)
        #expect(reading.interfaces.map(\.linkType) == [.ethernet])
        #expect(reading.packets.map(\.fcsLength) == [0])
        #expect(reading.packets.map(\.outcome) == [Example.datagram])
    }

    @Test func declaredFCSIsCountedAsFarAsCaptured() throws {
        var file = CaptureBytes.pcap(link: 0x2400_0001)
        let whole = Example.frame + hex("a85f7967")
        file.addRecord(whole)
        file.addRecord(Array(whole.dropLast(3)), original: 56)
        file.addRecord(Array(whole.dropLast(6)), original: 56)
        file.addRecord([1, 2])
        let reading = try Reading(bytes: file.bytes)
        #expect(reading.packets.map(\.fcsLength) == [4, 1, 0, 2])
        #expect(
            reading.packets.map(\.outcome) == [
                Example.datagram, Example.datagram, .rejected(.cutBySnapLength),
                .rejected(.runt),
            ])
    }

    @Test func fractionsOfASecondOrMoreAreCounted() throws {
        var file = CaptureBytes.pcap()
        file.addRecord(Example.frame, seconds: 1, fraction: 999_999)
        file.addRecord(Example.frame, seconds: 1, fraction: 1_000_000)
        file.addRecord(Example.frame, seconds: .max, fraction: .max)
        let reading = try Reading(bytes: file.bytes)
        #expect(reading.oddFractionCount == 2)
        #expect(
            reading.packets.map(\.time)
                == [1_999_999_000, 2_000_000_000, 4_294_967_295_000_000_000 + 4_294_967_295_000])
    }

    @Test func originalLengthBelowTheCapturedIsTolerated() throws {
        var file = CaptureBytes.pcap()
        file.addRecord(Example.frame, original: 10)
        #expect(try Reading(bytes: file.bytes).packets.map(\.outcome) == [Example.datagram])
    }

    @Test(
        arguments: [
            (65_535, 262_144, 262_145), (1 << 20, 1 << 20, 1 << 20 + 1),
            (.max, 256 << 20, 256 << 20 + 1),
        ] as [(UInt32, UInt32, UInt32)])
    func absurdCapturedLengthIsDamage(_ snap: UInt32, _ allowed: UInt32, _ absurd: UInt32) throws {
        var file = CaptureBytes.pcap(snapLength: snap)
        file.addRecord(Example.frame)
        let start = UInt64(file.bytes.count)
        for length in [allowed, absurd] {
            var damaged = file
            damaged.add(0 as UInt64)
            damaged.add(length)
            damaged.add(length)
            let reading = try Reading(bytes: damaged.bytes)
            #expect(reading.packets.count == 1)
            if length == allowed {
                #expect(reading.error == nil)
                let cut = CaptureTruncation(part: .packet, byteOffset: start, bytesPresent: 16)
                #expect(reading.truncation == cut)
            } else {
                #expect(reading.error?.byteOffset == start + 8)
                #expect(reading.error?.problem == .absurdCapturedLength(absurd))
                #expect(reading.truncation == nil)
            }
        }
    }

    @Test func afterDamageNothingFollows() throws {
        var file = CaptureBytes.pcap()
        file.addRecord([], original: 0)
        file.bytes.replaceSubrange(32..<36, with: [0xFF, 0xFF, 0xFF, 0xFF])
        let reader = try CaptureReader(bytes: file.bytes)
        #expect(throws: CaptureFileError.self) { try reader.next() != nil }
        #expect(try reader.next() == nil)
    }

    @Test(arguments: [
        ("", CaptureFileError.Problem.empty), ("d4c3", .cutHeader), ("d4c3b2a1 0200", .cutHeader),
        ("1f8b0808", .unknownFormat(firstBytes: 0x1F8B_0808)),
        ("48454c4c4f", .unknownFormat(firstBytes: 0x4845_4C4C)),
        (
            "d4c3b2a1 0300 0000 00000000 00000000 00000400 01000000",
            .unsupportedVersion(major: 3, minor: 0)
        ),
        (
            "d4c3b2a1 0200 0200 00000000 00000000 00000400 01000000",
            .unsupportedVersion(major: 2, minor: 2)
        ),
    ])
    func whatIsNoCapture(_ bytes: String, _ problem: CaptureFileError.Problem) {
        do throws(CaptureFileError) {
            _ = try CaptureReader(bytes: hex(bytes))
            Issue.record("opened")
        } catch {
            #expect(error.problem == problem)
            #expect(error.description.hasPrefix("memory: "))
        }
    }

    @Test func errorsNameThePathAndTheRemedy() {
        let gzip = CaptureFileError(
            path: "day.pcap.gz", byteOffset: 0, problem: .unknownFormat(firstBytes: 0x1F8B_0800))
        #expect(gzip.description.contains("day.pcap.gz: compressed with gzip; decompress"))
        do throws(CaptureFileError) {
            _ = try CaptureReader(path: "/nowhere/x.pcap")
            Issue.record("opened")
        } catch {
            #expect(error.problem == .cannotOpen(code: 2))
            #expect(error.description.contains("/nowhere/x.pcap: cannot open: No such file"))
        }
    }
}
