import Protocols
import Testing
import Ticks

/// Messages laid out by hand from the pages' tables, for feeds of which no live bytes are known: their
/// other tests use encoders that are made from the descriptions, as the decoders' accessors are.
@Suite struct WireLiteralTests {
    private typealias Place = (offset: Int, width: Int, value: Int64)

    private func bytes(_ count: Int, bigEndian: Bool = false, _ places: [Place]) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        for place in places {
            for index in 0..<place.width {
                let shift = Int64(8 * (bigEndian ? place.width - 1 - index : index))
                bytes[place.offset + index] = UInt8(truncatingIfNeeded: place.value >> shift)
            }
        }
        return bytes
    }

    private func letter(_ letter: Character) -> Int64 { Int64(letter.asciiValue!) }

    private func told(_ ticks: [Tick]) -> [String] {
        ticks.map { tick in
            "\(tick.tickKind!) #\(tick.orderID) @\(tick.price) x\(tick.quantity) \(tick.tickSide)"
        }
    }

    /// others.md §8.
    @Test func omdC() {
        let add = bytes(
            32,
            [
                (0, 2, 32), (2, 2, 30), (4, 4, 700), (8, 8, 0x11_2233_4455), (16, 4, 123_450),
                (20, 4, 9), (24, 2, 1), (26, 1, letter("2")),
            ])
        let modify = bytes(
            28,
            [(0, 2, 28), (2, 2, 31), (4, 4, 700), (8, 8, 0x11_2233_4455), (16, 4, 4), (20, 2, 1)])
        let trade = bytes(
            32,
            [
                (0, 2, 32), (2, 2, 50), (4, 4, 700), (8, 4, 77), (12, 4, 123_400), (16, 4, 500),
                (24, 8, 1_700_000_000_000_000_000),
            ])
        // One level of 3 orders, new at the best place.
        let levels = bytes(
            36,
            [
                (0, 2, 36), (2, 2, 53), (4, 4, 700), (11, 1, 1), (12, 8, 6000), (20, 4, 99_950),
                (24, 4, 3), (28, 2, 0), (30, 1, 1), (31, 1, 0),
            ])
        let probe = FeedProbe("omd-c")
        let ticks = probe.decode(add, modify, trade)
        // Order ids are unique within a security; ticks have one for all.
        let id = ticks[0].orderID
        #expect(
            told(ticks) == [
                "add #\(id) @123450000000 x9 ask", "modify #\(id) @\(Price.none) x4 ask",
                "trade #77 @123400000000 x500 none",
            ])
        let level = probe.decode(levels)
        #expect(told(level) == ["level #0 @99950000000 x6000 bid"])
        #expect(level[0].extra == 3)
    }

    /// others.md §12.
    @Test func mitch() {
        let time = bytes(6, [(0, 1, 6), (1, 1, letter("T")), (2, 4, 36_000)])
        let add = bytes(
            44,
            [
                (0, 1, 44), (1, 1, letter("A")), (2, 4, 5000), (6, 8, 901), (14, 1, letter("S")),
                (15, 4, 250), (19, 4, 7), (25, 8, 1_234_500_000),
            ])
        let executed = bytes(
            39,
            [
                (0, 1, 39), (1, 1, letter("C")), (2, 4, 6000), (6, 8, 901), (14, 4, 50),
                (18, 4, 200), (22, 8, 31), (30, 1, letter("Y")), (31, 8, 1_234_400_000),
            ])
        let trade = bytes(
            35,
            [
                (0, 1, 35), (1, 1, letter("P")), (2, 4, 7000), (6, 4, 40), (10, 4, 7),
                (16, 8, 99_000_000), (24, 8, 32),
            ])
        let ticks = FeedProbe("mitch").decode(time, add, executed, trade)
        #expect(
            told(ticks) == [
                "add #901 @12345000000 x250 ask",
                "modify #901 @\(Price.none) x250 none",
                "trade #31 @12344000000 x50 none",
                "fill #901 @\(Price.none) x50 none",
                "trade #32 @990000000 x40 none",
            ])
        #expect(ticks.map(\.exchangeTime).first == 36_000_000_005_000)
    }

    /// others.md §2: each message in a packet of its own, several to a datagram.
    @Test func miaxDepth() {
        func packet(_ sequence: Int64, _ size: Int, _ places: [Place]) -> [UInt8] {
            bytes(
                12 + size,
                [(0, 8, sequence), (8, 2, Int64(12 + size)), (10, 1, 3), (11, 1, 1)]
                    + places.map { ($0.offset + 12, $0.width, $0.value) })
        }
        let datagram =
            packet(1, 5, [(0, 1, 49), (1, 4, 1_700_000_000)])
            + packet(
                2, 34,
                [
                    (0, 1, 20), (1, 4, 7), (5, 4, 3), (9, 8, 99), (17, 1, letter("B")),
                    (18, 8, 12_345_678), (26, 4, 40),
                ])
            + packet(
                3, 38,
                [
                    (0, 1, 24), (1, 4, 8), (5, 4, 3), (9, 8, 99), (17, 8, 55),
                    (25, 8, 12_345_600), (33, 4, 15),
                ])
            + packet(4, 17, [(0, 1, 23), (1, 4, 9), (5, 4, 3), (9, 8, 99)])
        let ticks = FeedProbe("miax-dom").decode(packet: datagram)
        #expect(
            told(ticks) == [
                "add #99 @12345678000 x40 bid", "trade #55 @12345600000 x15 none",
                "fill #99 @\(Price.none) x15 none",
                "delete #99 @\(Price.none) x\(Quantity.none) none",
            ])
        #expect(ticks.map(\.exchangeTime).first == 1_700_000_000_000_000_007)
        #expect(ticks.map(\.sequence) == [2, 3, 3, 4])
    }

    /// others.md §4.
    @Test func utdf() {
        var trade = bytes(
            81, bigEndian: true,
            [
                (0, 1, letter("1")), (1, 1, letter("T")), (2, 1, letter("N")),
                (3, 1, letter("Q")), (4, 1, letter(" ")), (5, 8, 1_700_000_000_000_000_002),
                (13, 8, 1_700_000_000_000_000_001), (48, 8, 4711), (56, 8, 104_760_000),
                (64, 8, 300_000_000), (76, 1, letter(" ")), (79, 1, letter("A")),
                (80, 1, letter("A")),
            ])
        trade.replaceSubrange(37..<48, with: "MSFT       ".utf8)
        trade.replaceSubrange(72..<76, with: "@   ".utf8)
        let probe = FeedProbe("utdf")
        let ticks = probe.decode(trade).filter { $0.tickKind == .trade }
        #expect(told(ticks) == ["trade #4711 @104760000000 x300000000 none"])
        #expect(ticks.first?.exchangeTime == 1_700_000_000_000_000_001)
        #expect(probe.entry("MSFT") != nil)
    }

    /// others.md §6, release 14.1: quantities count ten-thousandths.
    @Test func eobi() throws {
        let header = bytes(
            32,
            [
                (0, 2, 32), (2, 2, 13_002), (4, 4, -1), (8, 4, 5), (12, 4, 688), (16, 1, 1),
                (17, 1, 1), (24, 8, 1_700_000_000_000_000_009),
            ])
        let add = bytes(
            56,
            [
                (0, 2, 56), (2, 2, 13_100), (4, 4, 1), (16, 8, 42),
                (24, 8, 1_700_000_000_000_000_008), (32, 8, 250_000), (40, 1, 2), (41, 1, 2),
                (42, 1, -1), (48, 8, 291_700_000_000),
            ])
        let samePriority = bytes(
            72,
            [
                (0, 2, 72), (2, 2, 13_106), (4, 4, 2), (16, 8, 1_700_000_000_000_000_010),
                (24, 8, 250_000), (32, 8, 42), (40, 8, 1_700_000_000_000_000_008),
                (48, 8, 100_000), (56, 1, 2), (57, 1, 2), (58, 1, -1), (64, 8, 291_700_000_000),
            ])
        let bench = try DerivativesBench("eobi")
        let ticks = bench.decode(header + add + samePriority)
        #expect(ticks.map(\.tickKind) == [.add, .modify])
        #expect(ticks.map(\.orderID)[0] == ticks.map(\.orderID)[1])
        #expect(ticks.map(\.price) == [2_917_000_000_000, 2_917_000_000_000])
        #expect(ticks.map(\.quantity) == [250_000, 100_000])
        #expect(ticks.map(\.tickSide) == [.ask, .ask])
        #expect(bench.symbol(ticks[0]) == "42")
    }
}
