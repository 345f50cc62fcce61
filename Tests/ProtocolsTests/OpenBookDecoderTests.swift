import Protocols
import TestSupport
import Testing
import Ticks
import Wire

/// 9:30:20.576671 in New York, as these packets say it.
private let milliseconds: UInt32 = 34_220_576
private let time = PillarBench.midnight + 34_220_576_671_000

private struct Point {
    var price: Int32
    var volume: UInt32
    var side: Unicode.Scalar = "B"
}

private func full(_ index: UInt32, _ symbol: String, _ points: [Point]) -> [UInt8] {
    wire { bytes in
        OpenBookEncoder.fullUpdateEntry(
            size: UInt16(34 + 12 * points.count), symbolIndex: index, sourceTime: milliseconds,
            microseconds: 671, symbol: symbol, priceScaleCode: 4, tradingStatus: letter("P"),
            minimumPriceVariation: 1, to: &bytes)
        for point in points {
            OpenBookEncoder.fullUpdatePoint(
                price: point.price, volume: point.volume, orders: 3, side: letter(point.side),
                to: &bytes)
        }
    }
}

private func delta(
    _ index: UInt32, _ points: [Point], status: Unicode.Scalar = "O", scale: UInt8 = 4
) -> [UInt8] {
    wire { bytes in
        OpenBookEncoder.deltaUpdateEntry(
            size: UInt16(20 + 28 * points.count), symbolIndex: index, sourceTime: milliseconds,
            microseconds: 671, tradingStatus: letter(status), priceScaleCode: scale, to: &bytes)
        for point in points {
            OpenBookEncoder.deltaUpdatePoint(
                price: point.price, volume: point.volume, changedQuantity: 1, orders: 4,
                side: letter(point.side), reason: letter("E"), to: &bytes)
        }
    }
}

private func packet(_ type: UInt8, _ entries: [[UInt8]]) -> [UInt8] {
    OpenBookPacket.encode(
        PacketContents(
            sequence: 5,
            messages: [[0, 0, 0, type] + Array(repeating: 0, count: 12)] + entries))
}

@Suite struct OpenBookDecoderTests {
    private func tick(
        _ kind: TickKind, _ symbol: String = "BSAC", sequence: UInt64 = 1, price: Int64? = nil,
        quantity: Int64? = nil, side: Side = .none, flags: TickFlags = [], detail: UInt8 = 0,
        extra: UInt32 = 0
    ) -> TickView {
        .pillar(
            kind, symbol, time, sequence: sequence, price: price, quantity: quantity, side: side,
            flags: flags, detail: detail, extra: extra)
    }

    private func status(_ text: String, _ symbol: String = "BSAC", sequence: UInt64 = 1) -> TickView
    {
        tick(
            .status, symbol, sequence: sequence, detail: StatusDetail.marketState.rawValue,
            extra: letters(text))
    }

    @Test func fullAndDelta() {
        let bench = PillarBench("openbook-ultra")
        let image = packet(
            230,
            [
                full(9053, "BSAC", [Point(price: 171_600, volume: 300)]), full(40767, "BSMX", []),
            ])
        #expect(
            bench.decode([image]) == [
                tick(.definition), status("P"), tick(.clear, flags: .snapshot),
                tick(
                    .level, price: 17_160_000_000, quantity: 300, side: .bid,
                    flags: [.snapshot, .lastOfEvent], extra: 3),
                tick(.definition, "BSMX"), status("P", "BSMX"),
                tick(.clear, "BSMX", flags: [.snapshot, .lastOfEvent]),
            ])
        let change = packet(
            231,
            [
                delta(
                    9053,
                    [
                        Point(price: 171_600, volume: 0),
                        Point(price: 171_700, volume: 9, side: "S"),
                    ]),
                delta(40767, [], status: "P"), delta(40767, [Point(price: 1, volume: 2)]),
            ])
        #expect(
            bench.decode([change]) == [
                status("O", sequence: 2),
                tick(.level, sequence: 2, price: 17_160_000_000, quantity: 0, side: .bid, extra: 4),
                tick(
                    .level, sequence: 2, price: 17_170_000_000, quantity: 9, side: .ask,
                    flags: .lastOfEvent, extra: 4),
                status("O", "BSMX", sequence: 2),
                tick(
                    .level, "BSMX", sequence: 2, price: 100_000, quantity: 2, side: .bid,
                    flags: .lastOfEvent, extra: 4),
            ])
        // Known symbols are not defined again, and their books begin anew.
        #expect(bench.decode([image]).map(\.kind) == [.status, .clear, .level, .status, .clear])
        #expect(bench.directory.entries.map(\.symbol) == ["BSAC", "BSMX"])
        #expect(bench.counters.count(230) == 2 && bench.counters.count(231) == 1)
    }

    @Test func unnamedUntilTheFullUpdate() {
        let bench = PillarBench("openbook-ultra")
        let change = packet(231, [delta(7, [Point(price: 1, volume: 2, side: " ")], scale: 10)])
        let early = bench.decode([change])
        #expect(early.map(\.instrument) == ["", ""] && early[1].price == nil)
        #expect(early[1].side == .none && bench.counters.unrepresentable == 1)
        #expect(
            bench.decode([packet(230, [full(7, "A", [])])]).map(\.instrument) == ["A", "A", "A"])
        #expect(bench.directory.entries.count == 1)
    }

    @Test func otherPackets() {
        let bench = PillarBench("openbook-ultra")
        let reset = OpenBookPacket.encode(
            PacketContents(sequence: 1, messages: [[0, 0, 0, 1] + Array(repeating: 0, count: 16)]))
        let idle = OpenBookPacket.encode(PacketContents(sequence: 0, isHeartbeat: true))
        #expect(bench.decode([reset]).isEmpty && bench.decodeUnsequenced([idle]).isEmpty)
        #expect(bench.counters.messageTotal == 2)
        #expect(bench.decode([packet(35, [])]).isEmpty && bench.counters.unknownType == 1)
        #expect(bench.decode([Array(reset[..<18])]).isEmpty && bench.counters.unexpectedLength == 1)
    }

    /// Entries in front of a damaged one count, those behind it are not found.
    @Test func damagedEntries() {
        let good = delta(7, [Point(price: 1, volume: 2)])
        func damaged(_ size: Int) -> [UInt8] {
            [UInt8(size >> 8), UInt8(size & 0xFF)] + good[2...]
        }
        for bad in [
            damaged(0), damaged(19), damaged(47), damaged(49), damaged(48 * 3), Array(good[..<40]),
            [0], delta(7, Array(repeating: Point(price: 1, volume: 1), count: 129)),
        ] {
            let bench = PillarBench("openbook-ultra")
            #expect(bench.decode([packet(231, [good, bad])]).map(\.kind) == [.status, .level])
            #expect(bench.counters.unexpectedLength == 1 && bench.counters.count(231) == 1)
        }
    }

    /// Decoding stops between entries where there is no room for another one's ticks.
    @Test func littleRoom() {
        let points = (1...100).map { Point(price: $0, volume: 5) }
        let packets = [
            packet(230, (1...5).map { full($0, "S\($0)", points) }),
            packet(231, (1...5).map { delta($0, points) }),
        ]
        let much = PillarBench("openbook-ultra")
        let little = PillarBench("openbook-ultra")
        for packet in packets {
            let all = much.decode([packet], capacity: 2000)
            #expect(all.count >= 505)
            #expect(little.decode([packet], capacity: 131) == all)
        }
    }

    @Test func goesOnAfterARestart() {
        let first = PillarBench("openbook-ultra")
        _ = first.decode([packet(230, [full(7, "A", [])])])
        let directory = InstrumentDirectory(capacity: 100)
        #expect(directory.restore(first.directory.entries))
        let second = PillarBench("openbook-ultra", directory: directory)
        let ticks = second.decode([packet(230, [full(7, "A", [])])])
        #expect(
            ticks.map(\.kind) == [.status, .clear] && ticks.allSatisfy { $0.instrument == "A" })
    }

    @Test func fullDirectory() {
        let bench = PillarBench("openbook-ultra", directory: InstrumentDirectory(capacity: 1))
        let ticks = bench.decode([
            packet(230, [full(7, "A", []), full(8, "B", [Point(price: 1, volume: 1)])])
        ])
        #expect(ticks.allSatisfy { $0.instrument == "A" } && bench.counters.directoryFull == 1)
        #expect(bench.decode([packet(231, [delta(8, [])])]).isEmpty)
        #expect(bench.counters.directoryFull == 2)
    }
}
