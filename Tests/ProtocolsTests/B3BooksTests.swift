import Protocols
import TestSupport
import Testing
import Ticks
import Wire

extension B3DecoderTests {
    /// Order id xor the mixture, as `MAPPING.md` has it.
    func reference(_ id: UInt64) -> UInt64 {
        var mixed = security &+ 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return id ^ mixed ^ mixed >> 31
    }

    func order(
        _ id: UInt64, _ action: B3UpdateAction = .new, side: Character = "0",
        price: Int64 = 120_000,
        size: Int64 = 10, indicator: UInt8 = 0, blockLength: Int = 72
    ) -> [UInt8] {
        wireBytes {
            B3Encoder.order(
                securityID: security, matchEventIndicator: indicator, updateAction: action.rawValue,
                entryType: side.asciiValue ?? 0, price: price, size: size, enteringFirm: 77,
                insertTimestamp: 30, secondaryOrderID: id, transactTime: 40,
                blockLength: blockLength, to: &$0)
        }
    }

    func delete(_ id: UInt64, side: Character = "0", blockLength: Int = 52) -> [UInt8] {
        wireBytes {
            B3Encoder.deleteOrder(
                securityID: security, entryType: side.asciiValue ?? 0, size: 10,
                secondaryOrderID: id, transactTime: 41, blockLength: blockLength, to: &$0)
        }
    }

    @Test func ordersMakeBooks() throws {
        let bench = try DerivativesBench("b3-umdf")
        let ticks = bench.send([
            order(1), order(2, side: "1", price: 130_000),
            order(1, .change, size: 7), order(1, .overlay, price: 110_000, size: 6),
            delete(2, side: "1"), order(3, indicator: 1 << 4, blockLength: 56),
        ])
        #expect(
            ticks.map(brief) == [
                "add bid 10@12000000000 #\(reference(1)) x77",
                "add ask 10@13000000000 #\(reference(2)) x77",
                "modify bid 7@12000000000 #\(reference(1)) x77",
                "modify bid 6@11000000000 #\(reference(1)) x77",
                "delete ask 10@13000000000 #\(reference(2))",
                "add bid 10@12000000000 #\(reference(3)) x77 [i]",
            ])
        // Blocks of version 5 have no transaction time.
        #expect(ticks.map(\.exchangeTime) == [40, 40, 40, 40, 41, 30])
        #expect(bench.symbol(ticks[0]) == "200304563695" && bench.books.liveOrders == 2)
        #expect(bench.books.counters == .init())
    }

    /// Market orders of an auction: none of them reaches a book, nor does their end.
    @Test func ordersWithoutAPrice() throws {
        let bench = try DerivativesBench("b3-umdf")
        var ticks = bench.send([
            order(1, price: none), order(2), order(1, .change, price: none, size: 4),
            order(1, .change, size: 4), order(2, .change, price: none, size: 3),
            delete(2), delete(1, blockLength: 44),
        ])
        #expect(
            ticks.map(brief) == [
                "imbalance.marketOrder bid 10 #\(reference(1))",
                "add bid 10@12000000000 #\(reference(2)) x77",
                "imbalance.marketOrder bid 4 #\(reference(1))",
                "imbalance.marketOrder bid 0 #\(reference(1))",
                "add bid 4@12000000000 #\(reference(1)) x77",
                "delete bid 10@12000000000 #\(reference(2))",
                "imbalance.marketOrder bid 3 #\(reference(2))",
                "imbalance.marketOrder bid 0 #\(reference(2))",
                "delete bid 4@12000000000 #\(reference(1))",
            ])
        #expect(bench.books.liveOrders == 0 && bench.books.counters == .init())
        // A clear forgets the priceless ones too.
        ticks = bench.send([
            order(5, price: none),
            wireBytes { B3Encoder.emptyBook(securityID: security, entryTimestamp: 50, to: &$0) },
            order(5),
        ])
        #expect(ticks.compactMap(\.tickKind) == [.imbalance, .clear, .add])
        bench.decoder.beginEpoch()
        #expect(bench.send([delete(5)]).first?.tickKind == .delete)
    }

    @Test func clears() throws {
        let bench = try DerivativesBench("b3-umdf")
        let ticks = bench.send([
            order(1), order(3, side: "1", price: none),
            wireBytes {
                B3Encoder.massDeleteOrders(
                    securityID: security, updateAction: 3, entryType: UInt8(ascii: "0"),
                    transactTime: 50, to: &$0)
            },
            // Of the other side: the mass deletion has left it waiting.
            delete(3, side: "1"),
            order(2), wireBytes { B3Encoder.channelReset(entryTimestamp: 51, to: &$0) },
        ])
        #expect(ticks.map(brief)[2] == "clear bid x3" && ticks[2].exchangeTime == 50)
        #expect(ticks.map(brief)[3] == "imbalance.marketOrder ask 0 #\(reference(3))")
        #expect(ticks[5].tickKind == .clear && ticks[5].instrument == 0)
        #expect(bench.books.liveOrders == 0)
    }

    @Test func snapshots() throws {
        let bench = try DerivativesBench("b3-umdf")
        bench.send([order(9)])
        let ticks = bench.send([
            wireBytes { B3Encoder.snapshotHeader(securityID: security, totNumBids: 2, to: &$0) },
            wireBytes {
                B3Encoder.snapshotOrders(
                    securityID: security,
                    entries: [
                        .init(
                            price: 120_000, size: 5, enteringFirm: 3, insertTimestamp: 80,
                            secondaryOrderID: 1, entryType: UInt8(ascii: "0"),
                            matchEventIndicator: 1 << 4),
                        .init(
                            price: none, size: 6, secondaryOrderID: 2,
                            entryType: UInt8(ascii: "1"), matchEventIndicator: 255),
                    ], to: &$0)
            },
        ])
        #expect(
            ticks.map(brief) == [
                "clear [s]", "add bid 5@12000000000 #\(reference(1)) x3 [si]",
                "imbalance.marketOrder ask 6 #\(reference(2)) [s]",
            ])
        #expect(ticks[1].exchangeTime == 80 && bench.books.liveOrders == 1)
        #expect(bench.send([delete(2, side: "1")]).first?.tickKind == .imbalance)
    }
}
