import Testing
import Wire

/// 1700000000, the second of the examples of capture-formats.md §10.
private let second: UInt64 = 1_700_000_000

/// The stamp of a packet that no file holds.
func stamp(
    _ trailer: SwitchTrailer, _ bytes: [UInt8], captured: UInt64, hasTime: Bool = true,
    originalLength: Int? = nil, linkType: LinkType = .ethernet, fcsLength: Int = 0
) -> UInt64? {
    bytes.withUnsafeBytes { buffer in
        let packet = CapturedPacket(
            bytes: buffer, timeNanoseconds: captured, hasTime: hasTime,
            originalLength: UInt32(originalLength ?? bytes.count), linkType: linkType,
            fcsLength: fcsLength)
        guard case .datagram(let datagram) = PacketDissector().dissect(packet) else { return nil }
        return trailer.time(in: packet, of: datagram)
    }
}

@Suite struct SwitchTrailerTests {
    /// Padded to the shortest Ethernet frame.
    private static let frame = Example.frame + [UInt8](repeating: 0, count: 8)
    private static let captured = second * 1_000_000_000 + 170_404_442
    private static let stamped = second * 1_000_000_000 + 123_456_789

    @Test(arguments: [
        // With and without the new check sequence, without and with extensions: sub-nanoseconds,
        // sequence number before them, three words, a long one of 2 and one of 3 words.
        "a85f7967 6553f100 075bcd15 01 002a 07",
        "a85f7967 6553f100 075bcd15 01 002a 07 11223344",
        "a85f7967 80000021 6553f100 075bcd15 03 002a 07",
        "a85f7967 80000021 6553f100 075bcd15 03 002a 07 11223344",
        "a85f7967 00000520 80000001 6553f100 075bcd15 03 002a 07",
        "a85f7967 0102030405060708 0000 00a2 6553f100 075bcd15 02 002a 07",
        "a85f7967 61626364 0000 007f 6553f100 075bcd15 03 002a 07",
        "a85f7967 61626364 65666768 0000 00bf 6553f100 075bcd15 03 002a 07 11223344",
        // Duplicate, degraded, clause-49: the time is taken all the same.
        "a85f7967 6553f100 075bcd15 35 002a 07",
    ])
    func metaWatch(_ trailer: String) {
        for frame in [Example.frame, Self.frame] {
            let bytes = frame + hex(trailer)
            #expect(stamp(.metawatch, bytes, captured: Self.captured) == Self.stamped)
            #expect(stamp(.exablaze, bytes, captured: Self.captured) == nil)
            #expect(stamp(.arista, bytes, captured: Self.captured) == nil)
            #expect(stamp(.none, bytes, captured: Self.captured) == nil)
        }
    }

    @Test(arguments: [
        "a85f7967 6553f100 3b9aca00 01 002a 07",
        // Extensions that never end, or reach into the check sequence or the payload.
        "a85f7967 80000001 6553f100 075bcd15 03 002a 07",
        "80000021 6553f100 075bcd15 03 002a 07",
        "a85f7967 00000062 6553f100 075bcd15 03 002a 07",
        "a85f7967 0000ffff 6553f100 075bcd15 03 002a 07",
        // Cut at either end.
        "5f7967 6553f100 075bcd15 01 002a 07", "a85f7967 6553f100 075bcd15 01 002a",
    ])
    func brokenMetaWatch(_ trailer: String) {
        let bytes = Example.frame + hex(trailer)
        #expect(stamp(.metawatch, bytes, captured: Self.captured) == nil)
    }

    @Test func announcedCheckSequenceIsNoTrailer() {
        let trailer = hex("a85f7967 6553f100 075bcd15 01 002a 07")
        let sequence = hex("11223344")
        let whole = Self.frame + trailer + sequence
        #expect(
            stamp(.metawatch, whole, captured: Self.captured, fcsLength: 4) == Self.stamped)
        #expect(
            stamp(.metawatch, Self.frame + trailer, captured: Self.captured, fcsLength: 4) == nil)
    }

    @Test func exablaze() {
        let example = Self.frame + hex("a85f7967 03 09 6553f100 8000000400 00")
        let expected = second * 1_000_000_000 + 500_000_000
        #expect(stamp(.exablaze, example, captured: Self.captured) == expected)
        #expect(
            stamp(.exablaze, example + hex("11223344"), captured: Self.captured) == expected)
        // The vendor's sample.
        let sample = Self.frame + hex("0a56d03e 00 2f 5b0c9a4d 2b9fa023f4 00 5e820efc")
        #expect(
            stamp(.exablaze, sample, captured: 1_527_552_589_170_404_442)
                == 1_527_552_589_170_404_442)
        let last = Self.frame + hex("a85f7967 03 09 6553f100 ffffffffff 00")
        #expect(
            stamp(.exablaze, last, captured: Self.captured)
                == second * 1_000_000_000 + 999_999_999)
    }

    @Test(arguments: [
        ("0010 6553f125 075bcd15"), ("0011 6553f125 075bcd15"), ("0110 6553f100 075bcd15"),
        ("0111 6553f100 075bcd15"), ("0020 f125 075bcd15"), ("0021 f125 075bcd15"),
        ("0120 f100 075bcd15"), ("0121 f100 075bcd15"),
    ])
    func arista(_ header: String) {
        for (before, after) in [("", ""), ("8100 0064", ""), ("", "8100 0064")] {
            let bytes =
                Example.macs + hex(before + "d28b 0001" + header + after + "0800") + Example.ip
            #expect(dissect(bytes) == Example.datagram)
            #expect(stamp(.arista, bytes, captured: Self.captured) == Self.stamped)
            #expect(stamp(.metawatch, bytes, captured: Self.captured) == nil)
            #expect(
                stamp(.arista, bytes, captured: Self.captured - 4_000_000_000_000) == nil)
        }
        let cooked =
            hex("0002 0001 0006 0200000000010000 d28b 0001" + header + "0800") + Example.ip
        #expect(
            stamp(.arista, cooked, captured: Self.captured, linkType: .linuxSLL) == Self.stamped)
    }

    @Test func aristaSecondsWrap() {
        // 16 bits of seconds that have just begun anew, on either side of the capture time.
        let wrap: UInt64 = 0x6554_0000
        let low = Example.macs + hex("d28b 0001 0120 0001 00000005 0800") + Example.ip
        let high = Example.macs + hex("d28b 0001 0120 fffe 00000005 0800") + Example.ip
        for captured in [wrap - 3, wrap + 3] {
            let time = captured * 1_000_000_000
            #expect(stamp(.arista, low, captured: time) == (wrap + 1) * 1_000_000_000 + 5)
            #expect(stamp(.arista, high, captured: time) == (wrap - 2) * 1_000_000_000 + 5)
        }
        // The ends of time.
        for captured in [0, 1_000_000_000, UInt64.max] {
            _ = stamp(.arista, low, captured: captured)
            _ = stamp(.arista, high, captured: captured)
        }
        #expect(stamp(.arista, low, captured: 0) == 1_000_000_005)
        #expect(stamp(.arista, high, captured: 0) == nil)
    }

    @Test(arguments: [
        "d28b", "d28b 00", "d28b 0002 0110 6553f100 075bcd15 0800",
        "d28b 0001 0130 6553f100 075bcd15 0800", "d28b 0001 0110 6553f100 075bcd",
        "d28b 0001 0110 6553f100 075bcd15", "d28b 0001 0110 6553f100 075bcd15 08",
    ])
    func unknownOrCutAristaHeaders(_ header: String) {
        let bytes = Example.macs + hex(header)
        #expect(dissect(bytes) == .rejected(.otherProtocol))
        #expect(stamp(.arista, bytes, captured: Self.captured) == nil)
    }

    @Test func nestedAristaHeadersEnd() {
        let header = "d28b 0001 0120 f100 075bcd15"
        let many = String(repeating: header, count: 9)
        #expect(
            dissect(Example.macs + hex(many + "0800") + Example.ip) == .rejected(.tooManyHeaders))
    }

    @Test func stampsFarFromTheCaptureTimeAreNone() {
        let bytes = Self.frame + hex("a85f7967 6553f100 075bcd15 01 002a 07")
        let limit = SwitchTrailer.toleranceNanoseconds
        for (captured, isNear) in [
            (Self.stamped - limit, true), (Self.stamped - limit - 1, false),
            (Self.stamped + limit, true), (Self.stamped + limit + 1, false), (0, false),
            (UInt64.max, false),
        ] {
            let expected = isNear ? Self.stamped : nil
            #expect(stamp(.metawatch, bytes, captured: captured) == expected)
        }
        #expect(stamp(.metawatch, bytes, captured: Self.captured, hasTime: false) == nil)
        // The end of a packet that was cut is not the end of the frame.
        #expect(
            stamp(.metawatch, bytes, captured: Self.captured, originalLength: bytes.count + 4)
                == nil)
    }

    @Test func payloadIsNoTrailer() {
        // The datagram reaches to the end of the frame, and ends as a trailer would.
        let payload = hex("a85f7967 6553f100 075bcd15 01 002a 07")
        let builder = FrameBuilder(
            source: IPAddress(v4: 0x0A00_0001), sourcePort: 1,
            destination: IPAddress(v4: 0xEF01_0203), destinationPort: 2)
        var frame: [UInt8] = []
        payload.withUnsafeBytes { payload in
            _ = builder?.append(payload: UnsafeRawBufferPointer(payload), to: &frame)
        }
        #expect(stamp(.metawatch, Array(frame.prefix(58)), captured: Self.captured) == nil)
        #expect(
            stamp(.metawatch, Array(frame.prefix(58)) + payload, captured: Self.captured)
                == Self.stamped)
    }

    /// Every stamp that comes out of damaged bytes keeps what is promised of all stamps.
    @Test func damageNeverCrashes() {
        var random = SeededGenerator(state: 7)
        let seeds: [(SwitchTrailer, [UInt8])] = [
            (.metawatch, Self.frame + hex("a85f7967 80000021 6553f100 075bcd15 03 002a 07")),
            (.exablaze, Self.frame + hex("a85f7967 03 09 6553f100 8000000400 00 11223344")),
            (
                .arista,
                Example.macs + hex("d28b 0001 0020 f125 075bcd15 0800") + Example.ip
            ),
        ]
        for _ in 0..<20_000 {
            var (trailer, bytes) = seeds.randomElement(using: &random)!
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                switch Int.random(in: 0..<4, using: &random) {
                case 0 where !bytes.isEmpty:
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(
                        in: 0...255, using: &random)
                case 1: bytes.removeLast(Int.random(in: 0...bytes.count, using: &random))
                case 2: bytes.append(.random(in: 0...255, using: &random))
                default: trailer = SwitchTrailer.allCases.randomElement(using: &random)!
                }
            }
            let captured = Self.captured &+ UInt64.random(in: 0...9, using: &random) << 40
            let time = stamp(
                trailer, bytes, captured: captured,
                fcsLength: Int.random(in: 0...5, using: &random))
            guard let time else { continue }
            let distance = max(time, captured) - min(time, captured)
            #expect(distance <= SwitchTrailer.toleranceNanoseconds)
        }
    }
}
