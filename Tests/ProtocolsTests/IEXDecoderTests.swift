import Foundation
import Protocols
import TestSupport
import Testing
import Ticks
import Wire

/// A message and the ticks it must become.
private struct Case: CustomTestStringConvertible, Sendable {
    let name: String
    let hex: String
    let feed: String
    let ticks: [TickView]
    var testDescription: String { name }

    init(
        _ name: String, _ hex: String, _ feed: String = "deep10", symbol: String, time: UInt64,
        _ ticks: (TickView) -> [TickView]
    ) {
        self.name = name
        self.hex = hex
        self.feed = feed
        self.ticks = ticks(TickView(kind: .status, instrument: symbol, time: time, sequence: 9))
    }

    /// A recorded message of `Fixtures/iex`.
    init(
        fixture: String, _ feed: String = "deep10", symbol: String, time: UInt64,
        _ ticks: (TickView) -> [TickView]
    ) {
        self.init(
            fixture, TestFiles.fixture("iex/\(fixture).hex"), feed, symbol: symbol, time: time,
            ticks)
    }
}

extension TickView {
    fileprivate func with(_ kind: TickKind, _ change: (inout TickView) -> Void = { _ in })
        -> TickView
    {
        var view = self
        view.kind = kind
        change(&view)
        return view
    }

    fileprivate func status(
        _ detail: StatusDetail, _ text: String, flags: TickFlags = .lastOfEvent
    ) -> TickView {
        with(.status) {
            $0.detail = detail.rawValue
            $0.extra = letters(text)
            $0.flags = flags
        }
    }

    fileprivate func value(
        _ detail: ImbalanceDetail, price: Int64? = nil, quantity: Int64? = nil,
        side: Side = .none, last: Bool = false, extra: UInt32
    ) -> TickView {
        with(.imbalance) {
            $0.detail = detail.rawValue
            $0.price = price
            $0.quantity = quantity
            $0.side = side
            $0.flags = last ? [.auction, .lastOfEvent] : .auction
            $0.extra = extra
        }
    }
}

extension TestFiles {
    /// The text of a file in `Fixtures`, empty if it is not there.
    static func fixture(_ name: String) -> String {
        let url = root.appending(path: "Fixtures").appending(path: name)
        return (try? String(contentsOf: url, encoding: .utf8)) ?? ""
    }
}

/// Bytes that the exchange sent (`Fixtures/iex`).
private let recorded: [Case] = [
    Case(fixture: "IEXSystemEventMessage", symbol: "-", time: 0x14f3_e030_c155_e6ee) {
        [$0.status(.systemEvent, "S")]
    },
    Case(fixture: "IEXSecurityDirectoryMessage", symbol: "ZEXIT", time: 0x14f3_de98_5ddd_dba1) {
        [$0.with(.definition)]
    },
    Case(fixture: "IEXTradingStatusMessage", symbol: "ZWZZT", time: 0x14f3_e124_0a93_1f7a) {
        [$0.status(.trading, "H", flags: []), $0.status(.tradingReason, "NA  ")]
    },
    Case(fixture: "IEXOperationalHaltStatusMessage", symbol: "AA", time: 0x14f3_de98_5cf0_5021) {
        [$0.status(.operationalHalt, "N")]
    },
    Case(
        fixture: "IEXShortSalePriceTestStatusMessage", symbol: "ACET",
        time: 0x14f3_e121_8f9f_b03e
    ) { [$0.status(.shortSaleRestriction, "\u{1}N")] },
    Case(fixture: "IEXSecurityEventMessage", symbol: "ACRX", time: 0x14f3_e51a_041d_e82f) {
        [$0.status(.securityEvent, "O")]
    },
    Case(fixture: "IEXQuoteUpdateMessage", "tops16", symbol: "A", time: 0x14f3_de98_5cf0_0fc8) {
        let quote = $0.with(.quote) {
            $0.price = 0
            $0.quantity = 0
            $0.extra = 0x40
        }
        return [Side.bid, .ask].map { side in
            quote.with(.quote) {
                $0.side = side
                $0.flags = side == .ask ? .lastOfEvent : []
            }
        }
    },
    Case(fixture: "IEXPriceLevelUpdateMessage", symbol: "ZXIET", time: 0x14f3_e2ed_9add_63ce) {
        [
            $0.with(.level) {
                $0.price = 99_910_000_000
                $0.quantity = 5431
                $0.side = .bid
            }
        ]
    },
    Case(fixture: "IEXTradeReportMessage", symbol: "ZXIET", time: 0x14f3_e2ed_ceab_c5a6) {
        [
            $0.with(.trade) {
                $0.orderID = 3_914_566
                $0.price = 99_950_000_000
                $0.quantity = 471
                $0.extra = 0xC0
            }
        ]
    },
    Case(fixture: "IEXAuctionInformationMessage", symbol: "ZXIET", time: 0x14f3_e2a5_68d6_72e5) {
        let extra = letters("H\0")
        return [
            $0.value(.paired, quantity: 0, extra: extra),
            $0.value(.reference, price: 100_000_000_000, extra: extra),
            $0.value(.indicativeClearing, price: 100_000_000_000, extra: extra),
            $0.value(.imbalance, quantity: 0, extra: extra),
            $0.value(.executionTime, quantity: 1_509_799_800_000_000_000, extra: extra),
            $0.value(.bookClearing, price: 100_000_000_000, extra: extra),
            $0.value(.collarReference, price: 0, extra: extra),
            $0.value(.collarLower, price: 0, extra: extra),
            $0.value(.collarUpper, price: 0, last: true, extra: extra),
        ]
    },
]

private let prefix = "0100000000000000" + "4142432020202020"

/// Built from the tables of iex.md §2 and §3: what no recorded message has.
private let fromTables: [Case] = [
    Case("I", "4941" + prefix, symbol: "ABC", time: 1) { [$0.status(.retailInterest, "A")] },
    Case(
        "Q", "5180" + prefix + "02000000" + "0300000000000000" + "0400000000000000" + "05000000",
        "tops16", symbol: "ABC", time: 1
    ) {
        [
            $0.with(.quote) {
                $0.price = 300_000
                $0.quantity = 2
                $0.side = .bid
                $0.flags = []
                $0.extra = 0x80
            },
            $0.with(.quote) {
                $0.price = 400_000
                $0.quantity = 5
                $0.side = .ask
                $0.extra = 0x80
            },
        ]
    },
    Case(
        "5, event open", "3500" + prefix + "02000000" + "0300000000000000", symbol: "ABC", time: 1
    ) {
        [
            $0.with(.level) {
                $0.price = 300_000
                $0.quantity = 2
                $0.side = .ask
                $0.flags = []
            }
        ]
    },
    Case(
        "T, single-price cross",
        "5408" + prefix + "02000000" + "0300000000000000" + "0400000000000000", "tops16",
        symbol: "ABC", time: 1
    ) {
        [
            $0.with(.trade) {
                $0.orderID = 4
                $0.price = 300_000
                $0.quantity = 2
                $0.flags = [.auction, .lastOfEvent]
                $0.extra = 8
            }
        ]
    },
    Case(
        "B", "4220" + prefix + "02000000" + "0300000000000000" + "0400000000000000",
        symbol: "ABC", time: 1
    ) {
        [
            $0.with(.tradeBreak) {
                $0.orderID = 4
                $0.price = 300_000
                $0.quantity = 2
                $0.extra = 0x20
            }
        ]
    },
    Case("X, opening", "5851" + prefix + "0300000000000000", symbol: "ABC", time: 1) {
        [
            $0.with(.statistic) {
                $0.price = 300_000
                $0.detail = StatisticDetail.officialOpen.rawValue
                $0.extra = letters("Q")
            }
        ]
    },
    Case("X, closing", "584d" + prefix + "0300000000000000", symbol: "ABC", time: 1) {
        [
            $0.with(.statistic) {
                $0.price = 300_000
                $0.detail = StatisticDetail.officialClose.rawValue
                $0.extra = letters("M")
            }
        ]
    },
    Case(
        "A",
        "4143" + prefix + "02000000" + "0300000000000000" + "0400000000000000" + "05000000" + "53"
            + "06" + "07000000" + "0800000000000000" + "0900000000000000" + "0a00000000000000"
            + "0b00000000000000", symbol: "ABC", time: 1
    ) {
        let extra = letters("C\u{6}")
        return [
            $0.value(.paired, quantity: 2, extra: extra),
            $0.value(.reference, price: 300_000, extra: extra),
            $0.value(.indicativeClearing, price: 400_000, extra: extra),
            $0.value(.imbalance, quantity: 5, side: .ask, extra: extra),
            $0.value(.executionTime, quantity: 7_000_000_000, extra: extra),
            $0.value(.bookClearing, price: 800_000, extra: extra),
            $0.value(.collarReference, price: 900_000, extra: extra),
            $0.value(.collarLower, price: 1_000_000, extra: extra),
            $0.value(.collarUpper, price: 1_100_000, last: true, extra: extra),
        ]
    },
]

@Suite struct IEXDecoderTests {
    private func decoder(_ feed: String, _ directory: InstrumentDirectory) -> IEXDecoder {
        iexDecoder(feed, directory, channel: 3)
    }

    private func decode(
        _ messages: [[UInt8]], _ decoder: IEXDecoder, capacity: Int = 64, first: UInt64 = 1
    ) -> [Tick] {
        decodeAll(messages, .iex, capacity: capacity, firstSequence: first) {
            decoder.decode($0, cursor: &$1, context: testContext, into: $2, capacity: $3)
        }
    }

    @Test(arguments: recorded + fromTables)
    fileprivate func everyFieldHasItsPlace(_ testCase: Case) {
        let directory = InstrumentDirectory(capacity: 10)
        let message = bytes(hex: testCase.hex)
        let decoder = decoder(testCase.feed, directory)
        #expect(views(decode([message], decoder, first: 9), directory) == testCase.ticks)
        #expect(decoder.snapshotCounters().count(UInt32(message[0])) == 1)
    }

    /// Messages may grow at their end in later versions (iex.md §1).
    @Test(arguments: recorded + fromTables)
    fileprivate func longerMessagesSayTheSame(_ testCase: Case) {
        let directory = InstrumentDirectory(capacity: 10)
        let message = bytes(hex: testCase.hex) + [1, 2, 3]
        let ticks = decode([message], decoder(testCase.feed, directory), first: 9)
        #expect(views(ticks, directory) == testCase.ticks)
    }

    @Test(arguments: recorded + fromTables)
    fileprivate func shorterMessagesAreCounted(_ testCase: Case) {
        let decoder = decoder(testCase.feed, InstrumentDirectory(capacity: 10))
        let message = bytes(hex: testCase.hex)
        #expect(
            decode([Array(message.dropLast()), message], decoder).allSatisfy { $0.sequence == 2 })
        #expect(decoder.snapshotCounters().unexpectedLength == 1)
    }

    @Test func typesOfTheOtherFeedAreUnknown() {
        for (feed, types) in [("tops16", "E85"), ("deep10", "Q")] {
            let decoder = decoder(feed, InstrumentDirectory(capacity: 10))
            let messages = types.utf8.map { [$0] + [UInt8](repeating: 0, count: 60) }
            #expect(decode(messages + [[]], decoder).isEmpty)
            #expect(decoder.snapshotCounters().unknownType == UInt64(types.utf8.count) + 1)
        }
    }

    @Test func directoryMessageDescribesTheInstrument() throws {
        let directory = InstrumentDirectory(capacity: 10)
        let message = bytes(hex: TestFiles.fixture("iex/IEXSecurityDirectoryMessage.hex"))
        _ = decode([message], decoder("deep10", directory))
        let entry = try #require(directory.entries.first)
        #expect(entry.symbol == "ZEXIT" && entry.venue == "IEXG" && entry.lotSize == 100)
        #expect(
            entry.details == "flags=128\nadjusted_previous_close=10000000000\nluld_tier=1")
    }

    /// Whole segments: header, blocks and messages (iex.md §1).
    @Test func recordedSegments() throws {
        let directory = InstrumentDirectory(capacity: 100)
        let tops = decoder("tops16", directory)
        let segment = bytes(hex: TestFiles.fixture("iex/BigTopsSegment.hex"))
        try segment.withUnsafeBytes { payload in
            guard
                case .packet(let packet) = IEXTP.parse(
                    payload, messageProtocol: .tops16, channel: 1)
            else {
                Issue.record("the segment is whole")
                return
            }
            #expect(packet.firstSequence == 314 && packet.streamOffset == 8514)
            #expect(packet.messageCount == 52 && packet.announcedCount == 52)
            #expect(packet.sendTime == 1_509_795_046_075_055_236 && packet.trailingBytes == 0)
            var cursor = BlockCursor(offset: 0, remaining: 52, sequence: 314)
            let ticks = UnsafeMutablePointer<Tick>.allocate(capacity: 600)
            defer { ticks.deallocate() }
            let count = tops.decode(
                packet.blocks, cursor: &cursor, context: testContext, into: ticks, capacity: 600)
            // 13 times P, O, H (two ticks) and Q (two ticks), one instrument after the other.
            #expect(count == 13 * 6 && cursor.remaining == 0)
            #expect(
                (0..<count).allSatisfy { ticks[$0].sequence >= 314 && ticks[$0].sequence < 366 })
            let counters = tops.snapshotCounters()
            for type in "POHQ".utf8 { #expect(counters.count(UInt32(type)) == 13) }
            #expect(directory.entries.count == 13 && directory.entries[0].symbol == "ACRS")
            let price = try #require(views([ticks[0]], directory).first)
            #expect(price.kind == .status && price.instrument == "ACRS")
        }
    }

    /// The segment of the exchange's own document (iex.md §7).
    @Test func segmentOfTheDocument() {
        let segment = bytes(
            hex: "0100048001000000000087424800020" + "08ca6210000000000cac3000000000000"
                + "ec45c22096866d14" + "26005400ac63c02096866d145a4945585420202064000000"
                + "241d0f0000000000968f060000000000" + "1e003801ac63c02096866d14"
                + "5a49455854202020e4250000241d0f0000000000")
        let directory = InstrumentDirectory(capacity: 10)
        let deep = decoder("deep10", directory)
        segment.withUnsafeBytes { payload in
            guard
                case .packet(let packet) = IEXTP.parse(
                    payload, messageProtocol: .deep10, channel: 1)
            else {
                Issue.record("the segment is whole")
                return
            }
            #expect(packet.session == SessionIdentifier(high: 1_116_143_616 << 32, low: 0))
            #expect(packet.firstSequence == 50122 && packet.messageCount == 2)
            var cursor = BlockCursor(offset: 0, remaining: 2, sequence: 50122)
            let ticks = UnsafeMutablePointer<Tick>.allocate(capacity: 20)
            defer { ticks.deallocate() }
            let count = deep.decode(
                packet.blocks, cursor: &cursor, context: testContext, into: ticks, capacity: 20)
            let seen = views((0..<count).map { ticks[$0] }, directory)
            #expect(seen.map(\.kind) == [.trade, .level])
            #expect(seen.map(\.price) == [99_050_000_000, 99_050_000_000])
            #expect(seen.map(\.quantity) == [100, 9700] && seen[0].orderID == 429_974)
            #expect(seen.map(\.instrument) == ["ZIEXT", "ZIEXT"] && seen[1].side == .bid)
        }
    }

    @Test func hostileBytesNeverTrap() {
        var random = SeededGenerator(seed: 6)
        for feed in ["tops16", "deep10"] {
            let decoder = decoder(feed, InstrumentDirectory(capacity: 20))
            let types = Array("SDHIOPETBXAQ85z".utf8)
            var messages: [[UInt8]] = types.map { [$0] + [UInt8](repeating: 0xFF, count: 90) }
            for _ in 0..<2000 {
                var message = random.bytes(random.below(90))
                if !message.isEmpty { message[0] = types[random.below(types.count)] }
                messages.append(message)
            }
            let whole = decode(messages, decoder, capacity: 20_000)
            let again = self.decoder(feed, InstrumentDirectory(capacity: 20))
            #expect(decode(messages, again, capacity: 9).count == whole.count)
            let counters = decoder.snapshotCounters()
            let known = counters.messageTotal
            #expect(
                known + counters.unknownType + counters.unexpectedLength
                    == UInt64(messages.count))
            #expect(counters.unrepresentable > 0 && counters.directoryFull > 0)
        }
    }
}
