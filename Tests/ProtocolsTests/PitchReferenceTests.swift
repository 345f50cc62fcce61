import Protocols
import TestSupport
import Testing
import Ticks

/// What PITCH messages tell beyond their own ticks: time, auctions, the directory.
@Suite struct PitchReferenceTests {
    private static let second: UInt64 = 1_000_000_000

    private func delete(_ offset: UInt32 = 5) -> [UInt8] {
        PitchBench.message { PitchEncoder.deleteOrder(timeOffset: offset, orderID: 1, to: &$0) }
    }

    // MARK: Time

    @Test func timeIsUnknownBeforeItsMessage() {
        let bench = PitchBench("pitch-us")
        let ticks = bench.decode([delete(), PitchBench.time(10), delete(), delete(999_999_999)])
        let ten = PitchBench.midnight + 10 * Self.second
        #expect(ticks.map(\.exchangeTime) == [0, ten + 5, ten + 999_999_999])
        bench.decoder.beginEpoch()
        #expect(bench.decode([delete()])[0].exchangeTime == 0)
    }

    @Test func epochSecondsWin() {
        let bench = PitchBench("pitch-cfe")
        let time = PitchBench.message {
            PitchEncoder.time(seconds: 60_302, epochSeconds: 1_556_747_102, to: &$0)
        }
        #expect(
            bench.decode([time, delete()])[0].exchangeTime == 1_556_747_102 * Self.second + 5)
    }

    @Test func timeReferenceGivesTheMidnight() {
        let bench = PitchBench("pitch-options")
        let reference = PitchBench.message {
            PitchEncoder.timeReference(
                midnight: 1_556_686_800, seconds: 7, timeOffset: 9, tradeDate: 20_190_501,
                to: &$0)
        }
        let ticks = bench.decode([reference, delete(), PitchBench.time(8), delete()])
        let midnight = 1_556_686_800 * Self.second
        #expect(
            ticks.map(\.exchangeTime) == [
                midnight + 7 * Self.second + 5, midnight + 8 * Self.second + 5,
            ])
        // It holds for the epoch.
        bench.decoder.beginEpoch()
        let after = bench.decode([PitchBench.time(8), delete()])
        #expect(after[0].exchangeTime == PitchBench.midnight + 8 * Self.second + 5)
    }

    /// What comes late is of the second of its place, and changes nothing for what comes in turn.
    @Test func lateMessagesHaveTheirOwnSecond() {
        let bench = PitchBench("pitch-us")
        _ = bench.decode([PitchBench.time(10), delete()], sequence: 1)
        _ = bench.decode([PitchBench.time(30), delete()], sequence: 8)
        let late = bench.decode(
            [delete(), PitchBench.time(20), delete()], sequence: 4, isLate: true, capacity: 8)
        let rest = bench.decode([delete()], sequence: 7, isLate: true)
        let next = bench.decode([delete()], sequence: 10)
        let seconds = (late + rest + next).map {
            ($0.exchangeTime - PitchBench.midnight) / Self.second
        }
        #expect(seconds == [10, 20, 20, 30])
        #expect(bench.decode([delete()], sequence: 1, isLate: true)[0].exchangeTime == 0)
    }

    @Test func unsequencedMessagesHaveNoNumber() {
        let ticks = PitchBench("pitch-us").decode([delete(), delete()], sequence: 0)
        #expect(ticks.map(\.sequence) == [0, 0])
    }

    // MARK: Auctions

    @Test func auctionsInstrumentIsKept() {
        let bench = PitchBench("pitch-options")
        let ticks = bench.decode([
            PitchBench.message {
                PitchEncoder.auctionNotification(symbol: "027wuE", auctionID: 55, to: &$0)
            },
            PitchBench.message { PitchEncoder.auctionTrade(auctionID: 55, to: &$0) },
            PitchBench.message { PitchEncoder.auctionCancel(auctionID: 55, to: &$0) },
            PitchBench.message { PitchEncoder.auctionCancel(auctionID: 56, to: &$0) },
        ])
        #expect(ticks.map(\.instrument) == [1, 1, 1, 1, 0])
    }

    // MARK: Directory

    @Test func symbolMappingDescribesTheOption() throws {
        let bench = PitchBench("pitch-options")
        // The layout of a live message of the complex feed.
        let mapping = bytes(
            hex: "262e3032377775455350582020203230303631395030353030303030304e5350582020202020")
        try #require(mapping.count == 38)
        #expect(bench.decode([mapping], sequence: 0).map(\.tickKind) == [.definition])
        let entry = try #require(bench.directory.entries.first)
        #expect(entry.symbol == "027wuE" && entry.currency == "USD" && entry.channel == 3)
        #expect(
            Set(entry.details.split(separator: "\n")) == [
                "type=option", "underlying=SPX", "put_call=put", "expiry=2020-06-19",
                "strike=5000", "osi=SPX   200619P05000000", "condition=N",
            ])
        // Venues repeat their mappings all day: only news become ticks.
        #expect(bench.decode([mapping, mapping], sequence: 0).isEmpty)
        var closing = mapping
        closing[29] = UInt8(ascii: "C")
        #expect(bench.decode([closing], sequence: 0).count == 1)
        #expect(bench.directory.entries[0].details.contains("condition=C"))
        #expect(bench.directory.entries.count == 1)
    }

    @Test func constituentMappingNamesItsQuotation() {
        let bench = PitchBench("pitch-options")
        let mapping = PitchBench.message {
            PitchEncoder.constituentSymbolMapping(
                feedSymbol: "027wuE", osiSymbol: "no OSI symbol", condition: UInt8(ascii: "N"),
                underlying: "SPX", quotationID: "SPX-SOQ", to: &$0)
        }
        #expect(bench.decode([mapping]).count == 1)
        #expect(
            bench.directory.entries[0].details
                == "type=option\nunderlying=SPX\nosi=no OSI symbol\ncondition=N\nsoq=SPX-SOQ")
    }

    @Test func complexDefinitionNamesItsLegs() {
        let bench = PitchBench("pitch-complex")
        let definition = PitchBench.message {
            PitchEncoder.complexDefinitionExpanded(
                symbol: "T01uVj", underlying: "SPX",
                legs: [
                    .init(symbol: "021FXz", ratio: 1, kind: UInt8(ascii: "O")),
                    .init(symbol: "SPY", ratio: -100, kind: UInt8(ascii: "E")),
                ], to: &$0)
        }
        #expect(bench.decode([definition]).map(\.tickKind) == [.definition])
        #expect(bench.directory.entries[0].symbol == "T01uVj")
        #expect(
            bench.directory.entries[0].details
                == "type=spread\nunderlying=SPX\nlegs=1*021FXz/O -100*SPY/E")
        // A leg that does not lie inside the message.
        var cut = definition
        cut[24] = 3
        #expect(bench.decode([cut]).isEmpty)
        #expect(bench.decoder.snapshotCounters().unexpectedLength == 1)
    }

    /// 1.1.6 has no contract date: its legs begin at 41, later ones at 45.
    @Test(arguments: [41, 45] as [UInt8])
    func futureDefinitionDescribesTheFuture(legOffset: UInt8) {
        let bench = PitchBench("pitch-cfe")
        let definition = PitchBench.message {
            PitchEncoder.futureDefinition(
                timeOffset: 123, symbol: "0004yj", unitTime: 1_613_081_295,
                reportSymbol: "ZAMB1", expiry: 20_210_301, contractSize: 50,
                listingState: UInt8(ascii: "T"), increment: 2500, legOffset: legOffset,
                contract: legOffset == 45 ? [.init(contractDate: 20_210_201)] : [],
                legs: [.init(ratio: -1, symbol: "0004R9"), .init(ratio: 1, symbol: "0004yz")],
                to: &$0)
        }
        let ticks = bench.decode([definition], sequence: 0)
        #expect(ticks.map(\.tickKind) == [.definition])
        #expect(ticks[0].exchangeTime == 1_613_081_295 * Self.second + 123)
        let entry = bench.directory.entries[0]
        #expect(entry.symbol == "0004yj" && entry.tickSize == 250_000_000)
        #expect(
            entry.details
                == "type=spread\nexpiry=2021-03-01\nmultiplier=50\nreport_symbol=ZAMB1\n"
                + "listing_state=T\n" + (legOffset == 45 ? "contract_date=20210201\n" : "")
                + "legs=-1*0004R9 1*0004yz")
        // Times are no news.
        var again = definition
        again[2] = 9
        again[12] = 9
        #expect(bench.decode([again], sequence: 0).isEmpty)
    }

    @Test func futureWithoutLegs() {
        let bench = PitchBench("pitch-cfe")
        let definition = PitchBench.message {
            PitchEncoder.futureDefinition(
                symbol: "0002Tt", reportSymbol: "ZVAO", expiry: 20_200_619, contractSize: 1,
                increment: 500, rest: [1, 2, 3], to: &$0)
        }
        #expect(bench.decode([definition]).count == 1)
        #expect(bench.directory.entries[0].tickSize == 50_000_000)
        #expect(bench.directory.entries[0].details.hasPrefix("type=future\nexpiry=2020-06-19\n"))
    }

    @Test func messagesWithoutALayoutAreCountedOnly() {
        let bench = PitchBench("pitch-complex")
        let definition = PitchBench.message {
            PitchEncoder.complexDefinition(timeOffset: 1, rest: [1, 2, 3], to: &$0)
        }
        #expect(bench.decode([definition]).isEmpty)
        #expect(bench.decoder.snapshotCounters().count(0x9F) == 1)
        let futures = PitchBench("pitch-cfe")
        let mapping = PitchBench.message {
            PitchEncoder.varianceMapping(rest: [UInt8](repeating: 1, count: 34), to: &$0)
        }
        #expect(futures.decode([mapping]).isEmpty)
        #expect(futures.decoder.snapshotCounters().count(0xFA) == 1)
    }
}
