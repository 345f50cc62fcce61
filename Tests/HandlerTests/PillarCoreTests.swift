import Books
import Handler
import Lines
import Protocols
import TestSupport
import Testing
import Ticks
import Wire

/// NYSE packets through the whole core: two lines, resets, retransmissions, refreshes.
@Suite struct PillarCoreTests {
    private func bench() throws -> CoreBench {
        try CoreBench([
            ChannelConfiguration(
                name: "nyse", feedProtocol: FeedProtocol(rawValue: "pillar-integ")!,
                windowNanoseconds: 1000)
        ])
    }

    private func wire(_ write: (inout [UInt8]) -> Void) -> [UInt8] {
        var bytes: [UInt8] = []
        write(&bytes)
        return bytes
    }

    private func packet(
        _ sequence: UInt64, _ messages: [[UInt8]], flag: UInt8? = nil, sentAt: UInt64 = 0
    ) -> [UInt8] {
        var bytes = PillarPacket.encode(
            PacketContents(
                sequence: sequence, sendTime: 1_645_626_600_000_000_000 + sentAt,
                messages: messages))
        if let flag { bytes[2] = flag }
        return bytes
    }

    private func heartbeat(_ next: UInt64) -> [UInt8] {
        PillarPacket.encode(PacketContents(sequence: next, isHeartbeat: true))
    }

    private func reset(at nanoseconds: UInt32) -> [UInt8] {
        wire {
            PillarEncoder.sequenceNumberReset(
                sourceTime: 1_645_626_600, sourceTimeNanoseconds: nanoseconds, productID: 11,
                channelID: 1, to: &$0)
        }
    }

    private var mapping: [UInt8] {
        wire {
            PillarEncoder.symbolIndexMapping(
                symbolIndex: 88, symbol: "IBM", systemID: 7, priceScaleCode: 4, to: &$0)
        }
    }

    private var reference: [UInt8] {
        wire {
            PillarEncoder.sourceTimeReference(systemID: 7, sourceTime: 1_645_626_600, to: &$0)
        }
    }

    private func add(_ id: UInt64, _ volume: UInt32 = 100, price: Int32 = 1_000_000) -> [UInt8] {
        wire {
            PillarEncoder.addOrder(
                sourceTimeNanoseconds: 5, symbolIndex: 88, orderID: id, price: price,
                volume: volume, side: UInt8(ascii: "B"), to: &$0)
        }
    }

    private func refresh(_ id: UInt64) -> [UInt8] {
        wire {
            PillarEncoder.addOrderRefresh(
                sourceTime: 1_645_626_601, symbolIndex: 88, orderID: id, price: 1_000_000,
                volume: 70, side: UInt8(ascii: "B"), to: &$0)
        }
    }

    private var clear: [UInt8] {
        wire { PillarEncoder.symbolClear(symbolIndex: 88, to: &$0) }
    }

    /// Resets are repeated at the start of the day, and come on both lines: one epoch.
    @Test func startOfTheDay() throws {
        let bench = try bench()
        bench.send(heartbeat(1), at: 1000)
        bench.send(heartbeat(1), line: 1, at: 1100)
        for line in 0...1 {
            bench.send(packet(1, [reset(at: 1)]), line: line, at: 2000 + UInt64(line))
        }
        let day = packet(2, [mapping, clear, reference, add(1), add(2)])
        bench.send(day, at: 3000)
        bench.send(day, line: 1, at: 3100)
        bench.send(heartbeat(7), line: 1, at: 3200)
        let ticks = bench.flushed()
        #expect(ticks.filter { $0.tickKind == .epoch }.count <= 2)
        #expect(
            ticks.drop { $0.tickKind == .epoch }.compactMap(\.tickKind)
                == [.definition, .clear, .add, .add])
        #expect(ticks.suffix(2).map(\.sequence) == [5, 6])
        #expect(ticks.suffix(2).allSatisfy { $0.exchangeTime == 1_645_626_600_000_000_005 })
        #expect(bench.core.books.best(1, .bid).quantity == 200)
        #expect(!bench.core.books.isSuspect(1))
        #expect(bench.core.totals().channels[0].total.lost == 0)
    }

    /// What one line misses comes from the other, or from the retransmission group; both lines pack
    /// as they like.
    @Test func lossesAreFilled() throws {
        let bench = try bench()
        bench.send(packet(1, [reset(at: 1)]), at: 1000)
        bench.send(packet(2, [mapping, reference]), at: 1100)
        // A misses 4, which B has; both miss 6, which is sent again.
        bench.send(packet(5, [add(2)]), at: 1200)
        bench.send(packet(3, [reference, add(1), add(2)]), line: 1, at: 1300)
        bench.send(packet(7, [add(4)]), at: 1400)
        bench.send(packet(7, [add(4)]), line: 1, at: 1500)
        bench.send(packet(6, [add(3)], flag: 13), line: 1, at: 1600)
        let ticks = bench.flushed()
        #expect(!ticks.contains { $0.tickKind == .gap })
        let adds = ticks.filter { $0.tickKind == .add }
        #expect(adds.map(\.sequence) == [4, 5, 6, 7] && adds.map(\.orderID) == [1, 2, 3, 4])
        // The packet that closes the hole brings all that it has.
        #expect(adds.map(\.line) == [1, 1, 1, 0])
        #expect(bench.core.books.orders(1, .bid).map(\.orderID) == [1, 2, 3, 4])
        #expect(!bench.core.books.isSuspect(1))
    }

    /// After a failover the numbers begin again: books are those of the refresh in the stream, and
    /// what the slower line still brings of the old run is stale.
    @Test func failover() throws {
        let bench = try bench()
        bench.send(packet(1, [reset(at: 1)]), at: 1000)
        bench.send(packet(2, [mapping, reference, add(1), add(2)]), at: 1100)
        bench.send(packet(1, [reset(at: 1)]), line: 1, at: 1150)
        bench.send(packet(1, [reset(at: 2)], flag: 10, sentAt: 500), at: 2000)
        bench.send(
            packet(2, [mapping, clear, refresh(2), refresh(9), reference], flag: 10), at: 2100)
        bench.send(packet(2, [mapping, reference, add(1), add(2)]), line: 1, at: 2200)
        bench.send(packet(1, [reset(at: 2)], flag: 10, sentAt: 500), line: 1, at: 2300)
        bench.send(
            packet(2, [mapping, clear, refresh(2), refresh(9), reference], flag: 10), line: 1,
            at: 2400)
        bench.send(packet(7, [add(3)]), line: 1, at: 2500)
        bench.send(packet(7, [add(3)]), at: 2600)
        let ticks = bench.flushed()
        #expect(ticks.filter { $0.tickKind == .epoch }.map(\.extra) == [1, 2])
        #expect(!ticks.contains { $0.tickKind == .gap })
        #expect(bench.core.books.orders(1, .bid).map(\.orderID) == [2, 9, 3])
        #expect(bench.core.books.best(1, .bid).quantity == 240)
        #expect(
            ticks.filter { $0.has(.snapshot) }.map(\.exchangeTime)
                == [1_645_626_601_000_000_000, 1_645_626_601_000_000_000])
        #expect(bench.instruments.allSatisfy { $0.symbol == "IBM" && $0.id == 1 })
        #expect(!bench.core.books.isSuspect(1))
    }

    /// A late joiner learns symbols from the refresh group, and nothing else.
    @Test func refreshOutsideOfTheOrder() throws {
        let bench = try bench()
        bench.send(packet(500, [add(1)]), at: 1000)
        bench.send(packet(71, [mapping, refresh(1), refresh(2)], flag: 17), at: 1100)
        bench.send(packet(71, [mapping, refresh(1), refresh(2)], flag: 17), line: 1, at: 1200)
        bench.send(packet(501, [add(3)]), at: 1300)
        let ticks = bench.flushed()
        #expect(ticks.compactMap(\.tickKind) == [.epoch, .add, .definition, .add])
        #expect(ticks[0].detail == EpochCause.joined.rawValue)
        #expect(ticks[1].price == Price.none && ticks[3].price == 100 * Price.scale)
        #expect(bench.symbol(ticks[3]) == "IBM")
        #expect(bench.core.books.isSuspect(1))
        #expect(bench.core.books.orders(1, .bid).map(\.orderID) == [3])
    }
}
