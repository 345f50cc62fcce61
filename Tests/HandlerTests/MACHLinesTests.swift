import Handler
import Lines
import Protocols
import Testing
import Ticks
import Wire

/// Several numbered packets in a datagram (MIAX MACH, others.md §2) over two lines whose datagrams
/// hold different runs of them.
@Suite struct MACHLinesTests {
    private func add(_ id: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        MiaxEncoder.addOrder(
            symbolID: 7, orderID: id, side: UInt8(ascii: "B"), price: 1_000_000, size: 10,
            to: &bytes)
        return bytes
    }

    private func datagram(_ numbers: ClosedRange<UInt64>, session: UInt64 = 1) -> [UInt8] {
        MACHPacket.encode(
            PacketContents(
                session: session, sequence: numbers.lowerBound, messages: numbers.map(add)))
    }

    private func bench() throws -> CoreBench {
        let feed = try #require(FeedProtocol(rawValue: "miax-dom"))
        return try CoreBench([
            ChannelConfiguration(name: "dom", feedProtocol: feed, windowNanoseconds: 1000)
        ])
    }

    @Test("Each message comes once, whichever line and datagram brings it first")
    func differentBoundaries() throws {
        let bench = try bench()
        bench.send(datagram(1...3), at: 1000)
        bench.send(datagram(1...2), line: 1, at: 1010)
        bench.send(datagram(3...6), line: 1, at: 1020)
        bench.send(datagram(4...4), at: 1030)
        bench.send(datagram(5...8), at: 1040)
        let ticks = bench.flushed()
        #expect(ticks.compactMap(\.tickKind) == [.epoch] + [TickKind](repeating: .add, count: 8))
        #expect(ticks.dropFirst().map(\.sequence) == Array(1...8))
        #expect(ticks.dropFirst().map(\.line) == [0, 0, 0, 1, 1, 1, 0, 0])
        #expect(bench.core.books.best(1, .bid).quantity == 80)
    }

    @Test("What one line misses the other fills; a heartbeat's last number shows what both miss")
    func losses() throws {
        let bench = try bench()
        bench.send(datagram(1...1), at: 1000)
        bench.send(datagram(4...5), at: 1010)
        bench.send(datagram(2...3), line: 1, at: 1020)
        let heartbeat = MACHPacket.encode(
            PacketContents(session: 1, sequence: 7, isHeartbeat: true))
        bench.send(heartbeat, at: 1030)
        bench.core.clock(5000)
        let ticks = bench.flushed()
        #expect(
            ticks.compactMap(\.tickKind)
                == [.epoch] + [TickKind](repeating: .add, count: 5) + [.gap])
        #expect(ticks.last?.sequence == 6 && ticks.last?.quantity == 1)
    }

    @Test("Another session number begins an epoch, from 1")
    func sessions() throws {
        let bench = try bench()
        bench.send(datagram(1...2), at: 1000)
        bench.send(datagram(1...1, session: 2), at: 2000)
        let ticks = bench.flushed()
        #expect(ticks.compactMap(\.tickKind) == [.epoch, .add, .add, .epoch, .add])
        #expect(ticks[3].detail == EpochCause.session.rawValue && ticks[4].sequence == 1)
        #expect(bench.core.books.orders(ticks[4].instrument, .bid).map(\.orderID) == [1])
    }
}
