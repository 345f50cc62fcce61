import Protocols
import TestSupport
import Testing
import Wire

/// What `tools/generate` makes of descriptions that use every feature (`Scratch/`): bytes written
/// down by hand are read by accessors, and encoders write the same bytes.
@Suite struct GeneratedCodeTests {
    private func hex(_ bytes: [UInt8]) -> String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    @Test func fixedMessage() {
        let text = "17000100" + "00e1f505" + "ffffffffffffff7f" + "53" + "000000000102"
        var made: [UInt8] = []
        ScratchEncoder.fixed(
            price: 100_000_000, price8: UInt64(Int64.max), side: ScratchSide.ask.rawValue,
            time: 0x0102, to: &made)
        #expect(hex(made) == text)
        made.withUnsafeBytes { raw in
            let message = ScratchFixed(raw.baseAddress!)
            #expect(message.price == 100_000_000)
            #expect(message.priceBillionths == 10_000_000_000_000)
            #expect(message.price8Billionths == nil, "ten times the largest tick price")
            #expect(!message.price8IsNull)
            #expect(ScratchSide(rawValue: message.side) == .ask)
            #expect(message.time == 0x0102)
        }
    }

    @Test(arguments: 12...17) func presenceByLength(length: Int) {
        var made: [UInt8] = []
        ScratchEncoder.`var`(x: 7, sym: "AB", n: 0b1011, late: -5, length: length, to: &made)
        #expect(made.count == length)
        #expect(Int(made[0]) == length)
        made.withUnsafeBytes { raw in
            let message = ScratchVar(raw.baseAddress!, length: raw.count)
            #expect(message.symKey == 0x4142_2020_2020_2020)
            #expect(message.symLetters == 0x2020_4241)
            #expect(message.symText == "AB")
            #expect(message.hasN == (length >= 13))
            #expect(message.hasLate == (length >= 17))
            #expect(message.n == (length >= 13 ? 0b1011 : 0))
            let flags = ScratchFlags(rawValue: message.n)
            #expect(flags.first == (length >= 13))
            #expect(flags.several == (length >= 13 ? 0b101 : 0))
            #expect(message.lateIsNull == (length < 17))
        }
    }

    private func parts() -> [UInt8] {
        var made: [UInt8] = []
        ScratchEncoder.parts(
            indicator: UInt8(ascii: "R"), in: 9,
            legs: [.init(ratio: -1, symbol: "X"), .init(ratio: 2, symbol: "LONGER")],
            bid: [.init(who: UInt8(ascii: "N"), px: 12345)],
            entries: [.init(px: Int64.max, m: 3)], text: Array("hello".utf8), rest: [1, 2],
            to: &made)
        return made
    }

    @Test func repeatsGroupsAndData() {
        let made = parts()
        let text =
            "3f000300" + "02" + "52" + "0900" + "00000000" + "ffffffff" + "582020202020"
            + "02000000" + "4c4f4e474552" + "4e" + "39300000" + "0900" + "0000000000" + "01"
            + "ffffffffffffff7f" + "03" + "0500" + "68656c6c6f" + "0102"
        #expect(hex(made) == text)
        made.withUnsafeBytes { raw in
            let base = raw.baseAddress!
            #expect(ScratchParts.isWhole(base, length: raw.count))
            let message = ScratchParts(base)
            #expect(message.legs.count == 2)
            #expect(message.legs[0].ratio == -1 && message.legs[1].symbolText == "LONGER")
            #expect(message.bid.count == 1 && message.bid[0].pxBillionths == 123_450_000_000)
            #expect(message.entries.count == 1)
            #expect(message.entries[0].pxIsNull && message.entries[0].m == 3)
            #expect(Array(message.textBytes) == Array("hello".utf8))
            #expect(Array(message.restBytes(messageLength: raw.count)) == [1, 2])
        }
    }

    /// A message that is cut anywhere before its tail is not whole, and asking never reads outside.
    @Test(arguments: 12..<63) func cutMessages(length: Int) {
        let cut = Array(parts()[..<length])
        let whole = cut.withUnsafeBytes {
            ScratchParts.isWhole($0.baseAddress!, length: $0.count)
        }
        #expect(whole == (length >= 61))
    }

    /// Entries shorter than what is read of them are refused, whatever their count.
    @Test func shortEntries() {
        var made = parts()
        made[37] = 8
        let whole = made.withUnsafeBytes {
            ScratchParts.isWhole($0.baseAddress!, length: $0.count)
        }
        #expect(!whole)
    }

    @Test func repeatInsideRepeat() {
        var made: [UInt8] = []
        ScratchEncoder.nested(
            a: 1,
            points: [
                .init(price: 5, side: 66, markets: [.init(market: 1), .init(market: 2)]),
                .init(price: 6, side: 83, markets: []),
                .init(price: 7, side: 66, markets: [.init(market: 3, orders: 4, volume: 5)]),
            ], to: &made)
        #expect(made.count == 9 + 3 * 6 + 3 * 8)
        made.withUnsafeBytes { raw in
            let base = raw.baseAddress!
            #expect(ScratchNested.isWhole(base, length: raw.count))
            #expect(!ScratchNested.isWhole(base, length: raw.count - 1))
            let points = ScratchNested(base).points
            let first = points.first
            let second = points.next(after: first)
            let third = points.next(after: second)
            #expect([first.price, second.price, third.price] == [5, 6, 7])
            #expect(first.markets[1].market == 2)
            #expect(second.markets.count == 0)
            #expect(third.markets[0].volume == 5)
            #expect(third.end == base + raw.count)
        }
    }

    @Test func blocksOfOlderVersions() {
        for (block, has) in [(8, false), (12, true), (20, true)] {
            var made: [UInt8] = []
            SbexEncoder.grp(
                ts: 3, extra: 44, entries: [.init(px: 1, q: 2, tradeable: 3)],
                more: [.init(z: 9), .init(z: 10)], blockLength: block, to: &made)
            made.withUnsafeBytes { raw in
                let at = raw.baseAddress! + 6
                #expect(raw[1] == UInt8(block) && raw[2] == 11 && raw[3] == 2 && raw[4] == 1)
                #expect(SbexGrp.isWhole(at, blockLength: block, length: raw.count - 6))
                let message = SbexGrp(at, blockLength: block)
                #expect(message.hasExtra == has)
                #expect(message.entries[0].tradeable == 3)
                #expect(message.more.count == 2 && message.more[1].z == 10)
            }
        }
        // Entries of version 9 have no tradeable size.
        let old: [UInt8] =
            [0, 0, 0, 0, 0, 0, 0, 3, 0, 12, 1] + [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2] + [0]
        old.withUnsafeBytes { raw in
            let at = raw.baseAddress!
            #expect(SbexGrp.isWhole(at, blockLength: 8, length: raw.count))
            let entry = SbexGrp(at, blockLength: 8).entries[0]
            #expect(!entry.hasTradeable && entry.tradeableIsNull && entry.q == 2)
        }
    }

    @Test func descriptions() throws {
        let scratch = ProtocolDescription.scratch
        #expect(scratch.feeds.map(\.name) == ["scratch-a", "scratch-b"])
        #expect(scratch.feeds[0].hints == ["port=1-5", "group=224.0.0.1"])
        #expect(scratch.messages(of: "scratch-b").count == scratch.messages.count - 1)
        let parts = try #require(scratch.messages.first { $0.name == "Parts" })
        #expect(parts.parts.map(\.kind) == [.repeat, .repeat, .group, .data, .tail])
        #expect(parts.parts[1].when?.values == [0x50, 0x52, 0x56])
        #expect(parts.parts[2].dimensionSize == 8)
        let nested = try #require(scratch.messages.first { $0.name == "Nested" })
        #expect(nested.parts[0].parts[0].fields.map(\.name) == ["market", "orders", "volume"])
        #expect(scratch.enumerations["Side"]?.map(\.number) == [66, 83, 32])
        #expect(ProtocolDescription.sbex.isSBE)
    }

    @Test func messageTable() {
        let table = MessageTable(.scratch, feed: "scratch-b")
        defer { table.free() }
        #expect(table.counted.map(\.message.name) == ["Var", "Parts", "Nested", "Gone"])
        for (key, length, taken) in [
            (2, 11, false), (2, 12, true), (2, 17, true), (2, 18, false), (1, 23, false),
            (5, 8, true), (5, 60000, true), (5, 7, false), (99, 8, false), (-1, 8, false),
            (1, -1, false), (1, 0, false), (2, -1, false),
            (70000, 8, false),
        ] {
            #expect(table.accept(key, length: length) == taken, "\(key) \(length)")
        }
        #expect(table.unknownType == 6 && table.unexpectedLength == 4)
        #expect(table.counted.map(\.count) == [2, 0, 0, 2])
    }
}
