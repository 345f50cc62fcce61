import Foundation
import Protocols
import TestSupport
import Testing
import Ticks
import Wire

/// A message and the ticks it must become.
private struct Case: CustomTestStringConvertible, Sendable {
    let type: String
    let hex: String
    let instrument: String
    /// ns since midnight.
    let time: UInt64
    let ticks: [TickView]
    var testDescription: String { type }

    init(
        _ type: String, _ hex: String, _ instrument: String, _ time: UInt64,
        _ ticks: (TickView) -> [TickView]
    ) {
        self.type = type
        self.hex = hex
        self.instrument = instrument
        self.time = time
        self.ticks = ticks(
            TickView(
                kind: .status, instrument: instrument, time: ITCH50DecoderTests.midnight + time,
                sequence: 42))
    }
}

extension TickView {
    /// The same message's tick with other values.
    fileprivate func with(
        _ kind: TickKind, id: UInt64 = 0, price: Int64? = nil, quantity: Int64? = nil,
        side: Side = .none, flags: TickFlags = .lastOfEvent, detail: UInt8 = 0, extra: UInt32 = 0
    ) -> TickView {
        TickView(
            kind: kind, instrument: instrument, time: time, sequence: sequence, orderID: id,
            price: price, quantity: quantity, side: side, flags: flags, detail: detail,
            extra: extra)
    }

    fileprivate func status(
        _ detail: StatusDetail, _ text: String, id: UInt64 = 0, flags: TickFlags = .lastOfEvent
    ) -> TickView {
        with(.status, id: id, flags: flags, detail: detail.rawValue, extra: letters(text))
    }

    fileprivate func limit(
        _ detail: LimitsDetail, _ price: Int64, last: Bool = false, extra: UInt32 = 0
    ) -> TickView {
        with(
            .limits, price: price, flags: last ? .lastOfEvent : [], detail: detail.rawValue,
            extra: extra)
    }

    fileprivate func imbalance(
        _ detail: ImbalanceDetail, price: Int64? = nil, quantity: Int64? = nil,
        side: Side = .none, last: Bool = false, extra: UInt32
    ) -> TickView {
        with(
            .imbalance, price: price, quantity: quantity, side: side,
            flags: last ? [.auction, .lastOfEvent] : .auction, detail: detail.rawValue,
            extra: extra)
    }
}

private func at(_ minute: UInt64, _ second: UInt64, _ nanosecond: UInt64) -> UInt64 {
    ((9 * 60 + minute) * 60 + second) * 1_000_000_000 + nanosecond
}

/// Bytes that a venue sent (itch50.md §6). Price ticks: 1e-4 of the venue are 100,000 here.
private let liveOrders: [Case] = [
    Case(
        "A", "41159800001f1aced85306000000000166b53e420000064049564f4f20202020000d55ac", "IVOO",
        at(29, 59, 999_894_278)
    ) {
        [
            $0.with(
                .add, id: 23_508_286, price: 87_390_000_000, quantity: 1600, side: .bid)
        ]
    },
    Case(
        "F",
        "4606ca00001f1aced99936000000000120be75530000006443415359202020200026fd40464c5455", "CASY",
        at(29, 59, 999_977_782)
    ) {
        [
            $0.with(
                .add, id: 18_923_125, price: 255_520_000_000, quantity: 100, side: .ask,
                extra: letters("FLTU"))
        ]
    },
    Case(
        "E", "45092900021f1aced8f061000000000166929a00000019000000000003e63b", "",
        at(29, 59, 999_934_561)
    ) {
        [
            $0.with(.trade, id: 255_547, quantity: 25, flags: []),
            $0.with(.fill, id: 23_499_418, quantity: 25),
        ]
    },
    Case(
        "C", "4313e400011f1aceebb03b00000000013113de0000133e000000000003e65d4e00036e20", "",
        at(30, 0, 1_163_323)
    ) { [$0.with(.fill, id: 19_993_566, quantity: 4926, flags: [.nonPrintable, .lastOfEvent])] },
    Case(
        "C, printable", "4313e400011f1aceebb03b00000000013113de0000133e000000000003e65d5900036e20",
        "", at(30, 0, 1_163_323)
    ) {
        [
            $0.with(.trade, id: 255_581, price: 22_480_000_000, quantity: 4926, flags: []),
            $0.with(.fill, id: 19_993_566, quantity: 4926),
        ]
    },
    Case("X", "5824c500001f1acefe785d0000000002041a0000000064", "", at(30, 0, 2_394_205)) {
        [$0.with(.cancel, id: 33_823_232, quantity: 100)]
    },
    Case("D", "440d1900001f1aced840ed000000000165b51a", "", at(29, 59, 999_889_645)) {
        [$0.with(.delete, id: 23_442_714)]
    },
    Case(
        "U", "551db300001f1aced771e90000000000e6897f000000000145f2c700000064001036c8", "",
        at(29, 59, 999_836_649)
    ) {
        [
            $0.with(.delete, id: 15_108_479, flags: .replaced),
            $0.with(
                .add, id: 21_361_351, price: 106_260_000_000, quantity: 100,
                flags: [.replaced, .lastOfEvent]),
        ]
    },
]

private let liveTrades: [Case] = [
    Case(
        "P",
        "50119300021f1acee462a900000000000000004200000064474f4f474c202020001399f8000000000003e642",
        "GOOGL", at(30, 0, 684_713)
    ) {
        [
            $0.with(
                .trade, id: 255_554, price: 128_460_000_000, quantity: 100,
                flags: [.offBook, .lastOfEvent])
        ]
    },
    Case(
        "Q", "5103d700011f1acee1500300000000000000004241432d5120202000000000000000000003e63e4f",
        "BAC-Q", at(30, 0, 483_331)
    ) {
        [
            $0.with(
                .trade, id: 255_550, price: 0, quantity: 0, flags: [.auction, .lastOfEvent],
                extra: letters("O"))
        ]
    },
    Case(
        "I",
        "491ead00001f1acedb43f1000000000000000000000000000000004f5046544157202020"
            + "0000000000000000000000004f20", "PFTAW", at(30, 0, 87_025)
    ) {
        let extra = letters("OO ")
        return [
            $0.imbalance(.paired, quantity: 0, extra: extra),
            $0.imbalance(.imbalance, quantity: 0, extra: extra),
            $0.imbalance(.far, price: 0, extra: extra),
            $0.imbalance(.near, price: 0, extra: extra),
            $0.imbalance(.reference, price: 0, last: true, extra: extra),
        ]
    },
]

private let liveStates: [Case] = [
    Case(
        "J", "4a2c3d00001f1e703b4f955a585a5a5420202000020918000223440001aa9000000000", "ZXZZT",
        at(30, 15, 592_415_125)
    ) {
        [
            $0.limit(.reference, 13_340_000_000),
            $0.limit(.upper, 14_010_000_000),
            $0.limit(.lower, 10_920_000_000, last: true),
        ]
    },
    Case(
        "L", "4c0e4000001f208142f8464d41584d46444c5320202020594e41", "FDLS",
        at(30, 24, 468_064_326)
    ) { [$0.status(.participant, "MAXM", id: UInt64(letters("YNA")))] },
    Case("Y", "5924bd00001f1ad5cc18b7534f50412020202031", "SOPA", at(30, 0, 116_533_431)) {
        [$0.status(.shortSaleRestriction, "1")]
    },
    Case(
        "H", "482c3d00001f1e7036e4655a585a5a5420202050204c554450", "ZXZZT",
        at(30, 15, 592_125_541)
    ) { [$0.status(.trading, "P", flags: []), $0.status(.tradingReason, "LUDP")] },
    Case("S", "53000000001f1acedb02f051", "-", at(30, 0, 70_384)) {
        [$0.status(.systemEvent, "Q")]
    },
    Case("N", "4e04ea00001f1aceceff2f42495a44202020204e", "BIZD", at(29, 59, 999_282_991)) {
        [$0.status(.retailInterest, "N")]
    },
]

private let prefix = "0005" + "0007" + "000000000009"
private let abc = "4142432020202020"

/// Built from the tables of itch50.md §2: types that no public capture holds, and values that none of
/// the live messages has.
private let fromTables: [Case] = [
    Case(
        "R",
        "52" + prefix + abc + "51" + "4e" + "00000064" + "59" + "43" + "5254" + "50" + "20" + "5a"
            + "32" + "59" + "00000003" + "59", "ABC", 9
    ) { [$0.with(.definition)] },
    Case("W", "57" + "0000" + "0007" + "000000000009" + "32", "-", 9) {
        [$0.status(.marketWideBreaker, "2")]
    },
    Case(
        "V",
        "56" + "0000" + "0007" + "000000000009" + "0000000000000001" + "00000000000f4240"
            + "0ccccccccccccccc", "-", 9
    ) {
        [
            $0.limit(.breakerLevel1, 10),
            $0.limit(.breakerLevel2, 10_000_000),
            $0.limit(.breakerLevel3, 0x0ccc_cccc_cccc_cccc * 10, last: true),
        ]
    },
    Case("K, with a locate", "4b" + prefix + abc + "00008598" + "41" + "00000001", "ABC", 9) {
        [
            $0.with(
                .status, quantity: Int64(ITCH50DecoderTests.midnight) + 34_200_000_000_000,
                flags: [], detail: StatusDetail.ipoQuotation.rawValue, extra: letters("A")),
            $0.with(
                .statistic, price: 100_000, detail: StatisticDetail.ipoPrice.rawValue,
                extra: letters("A")),
        ]
    },
    Case("K, cancelled", "4b" + prefix + abc + "00000000" + "43" + "00000000", "ABC", 9) {
        [
            $0.with(
                .status, quantity: 0, flags: [], detail: StatusDetail.ipoQuotation.rawValue,
                extra: letters("C")),
            $0.with(
                .statistic, price: 0, detail: StatisticDetail.ipoPrice.rawValue,
                extra: letters("C")),
        ]
    },
    Case("h", "68" + prefix + abc + "51" + "48", "ABC", 9) {
        [$0.status(.operationalHalt, "HQ")]
    },
    Case("B", "42" + prefix + "0000000000000063", "", 9) { [$0.with(.tradeBreak, id: 99)] },
    Case(
        "I, all fields",
        "49" + prefix + "0000000000000002" + "0000000000000003" + "53" + abc + "00000004"
            + "00000005"
            + "00000006" + "43" + "4c", "ABC", 9
    ) {
        let extra = letters("SCL")
        return [
            $0.imbalance(.paired, quantity: 2, extra: extra),
            $0.imbalance(.imbalance, quantity: 3, side: .ask, extra: extra),
            $0.imbalance(.far, price: 400_000, extra: extra),
            $0.imbalance(.near, price: 500_000, extra: extra),
            $0.imbalance(.reference, price: 600_000, last: true, extra: extra),
        ]
    },
    Case(
        "Q, all fields",
        "51" + prefix + "0000000100000000" + abc + "00000002" + "0000000000000003" + "48", "ABC", 9
    ) {
        [
            $0.with(
                .trade, id: 3, price: 200_000, quantity: 1 << 32, flags: [.auction, .lastOfEvent],
                extra: letters("H"))
        ]
    },
    Case(
        "O",
        "4f" + prefix + abc + "59" + "00000001" + "00000002" + "00000003" + "0000000000000004"
            + "00000005" + "00000006", "ABC", 9
    ) {
        let extra = letters("Y")
        return [
            $0.limit(.minimumAllowable, 100_000, extra: extra),
            $0.limit(.maximumAllowable, 200_000, extra: extra),
            $0.imbalance(.near, price: 300_000, extra: extra),
            $0.imbalance(
                .executionTime, quantity: Int64(ITCH50DecoderTests.midnight) + 4, extra: extra),
            $0.limit(.lower, 500_000, extra: extra),
            $0.limit(.upper, 600_000, last: true, extra: extra),
        ]
    },
]

@Suite struct ITCH50DecoderTests {
    /// 2019-12-30 in New York.
    static let midnight: UInt64 = 1_577_682_000_000_000_000

    private func decoder(_ directory: InstrumentDirectory) -> ITCH50Decoder {
        ITCH50Decoder(
            directory: directory, venue: "XNAS", channel: 3, midnight: Self.midnight)
    }

    private func decode(
        _ messages: [[UInt8]], _ decoder: ITCH50Decoder, capacity: Int = 64, first: UInt64 = 1
    ) -> [Tick] {
        decodeAll(messages, .mold, capacity: capacity, firstSequence: first) {
            decoder.decode($0, cursor: &$1, context: testContext, into: $2, capacity: $3)
        }
    }

    @Test(arguments: liveOrders + liveTrades + liveStates + fromTables)
    fileprivate func everyFieldHasItsPlace(_ testCase: Case) {
        let directory = InstrumentDirectory(capacity: 10)
        let decoder = decoder(directory)
        let ticks = decode([bytes(hex: testCase.hex)], decoder, first: 42)
        #expect(views(ticks, directory) == testCase.ticks)
        let counters = decoder.snapshotCounters()
        #expect(counters.count(UInt32(bytes(hex: testCase.hex)[0])) == 1)
        #expect(counters.unexpectedLength + counters.unknownType + counters.unrepresentable == 0)
    }

    @Test func everyTypeHasACase() {
        let types = Set((liveOrders + liveTrades + liveStates + fromTables).map(\.type.first))
        #expect(types.count == 23)
        #expect(itchLengths.allSatisfy { types.contains(Character(Unicode.Scalar($0.type))) })
    }

    @Test func directoryMessageDescribesTheInstrument() throws {
        let directory = InstrumentDirectory(capacity: 10)
        _ = decode([bytes(hex: fromTables[0].hex)], decoder(directory))
        let entry = try #require(directory.entries.first)
        #expect(entry.symbol == "ABC" && entry.venue == "XNAS" && entry.code == 5)
        #expect(entry.lotSize == 100 && entry.currency == "USD" && entry.channel == 3)
        #expect(
            entry.details.split(separator: "\n") == [
                "market_category=Q", "financial_status=N", "round_lots_only=Y",
                "issue_classification=C", "issue_subtype=RT", "authenticity=P",
                "short_sale_threshold=", "ipo_flag=Z", "luld_tier=2", "etp_flag=Y",
                "etp_leverage=3", "inverse=Y",
            ])
    }

    // MARK: What should not come

    @Test func unknownTypesAndLengthsKeepTheirSequence() {
        let directory = InstrumentDirectory(capacity: 10)
        let decoder = decoder(directory)
        let delete = bytes(hex: liveOrders[6].hex)
        let ticks = decode(
            [[0x7A, 1, 2], delete, [], Array(delete.dropLast()), delete + [0], delete], decoder)
        #expect(ticks.map(\.sequence) == [2, 6])
        let counters = decoder.snapshotCounters()
        #expect(counters.unknownType == 2 && counters.unexpectedLength == 2)
    }

    @Test func hostileValuesBecomeNone() {
        let directory = InstrumentDirectory(capacity: 10)
        let decoder = decoder(directory)
        for (type, length) in itchLengths {
            let message = [type] + [UInt8](repeating: 0xFF, count: Int(length) - 1)
            let ticks = decode([message], decoder)
            #expect(!ticks.isEmpty && ticks.last!.has(.lastOfEvent))
        }
        // V: three levels, Q: its shares, I: paired and imbalance shares.
        #expect(decoder.snapshotCounters().unrepresentable == 6)
    }

    @Test func randomBytesNeverTrap() {
        var random = SeededGenerator(seed: 5)
        let directory = InstrumentDirectory(capacity: 50)
        let decoder = decoder(directory)
        var messages: [[UInt8]] = []
        for _ in 0..<3000 {
            let (type, length) = itchLengths[random.below(itchLengths.count)]
            var message = random.bytes(random.chance(900) ? Int(length) : random.below(80))
            if !message.isEmpty, random.chance(950) { message[0] = type }
            messages.append(message)
        }
        let ticks = decode(messages, decoder)
        #expect(ticks.allSatisfy { Int($0.instrument) <= 50 })
        let counters = decoder.snapshotCounters()
        let known = counters.messageTotal
        #expect(known + counters.unknownType + counters.unexpectedLength == 3000)
        #expect(counters.directoryFull > 0 && directory.entries.count == 50)
    }

    @Test func piecesGiveWhatTheWholeGives() {
        let messages = (liveOrders + liveTrades + fromTables + fromTables + liveOrders)
            .map { bytes(hex: $0.hex) }
        let whole = decode(
            messages, decoder(InstrumentDirectory(capacity: 10)), capacity: 1000)
        for capacity in [6, 7, 11, 30] {
            let directory = InstrumentDirectory(capacity: 10)
            let pieces = decode(messages, decoder(directory), capacity: capacity)
            #expect(views(pieces, directory) == views(whole, directory))
        }
    }

    // MARK: Instruments

    private func add(_ locate: UInt16, _ symbol: String) -> [UInt8] {
        var bytes: [UInt8] = []
        ITCH50Encoder.addOrder(
            .init(locate: locate, timestamp: 1), orderReference: 1, side: .bid, shares: 1,
            stock: PaddedText8(symbol), price: 1, to: &bytes)
        return bytes
    }

    private func delete(_ locate: UInt16) -> [UInt8] {
        var bytes: [UInt8] = []
        ITCH50Encoder.orderDelete(
            .init(locate: locate, timestamp: 1), orderReference: 1, to: &bytes)
        return bytes
    }

    @Test func firstSymbolNamesALocate() {
        let directory = InstrumentDirectory(capacity: 10)
        let ticks = decode([delete(5), add(5, "ABC"), delete(5), delete(6)], decoder(directory))
        #expect(ticks.map(\.instrument) == [1, 1, 1, 2])
        #expect(directory.entries.map(\.symbol) == ["ABC", ""])
    }

    /// Locate 0 is no instrument's: its messages are told apart by their symbols.
    @Test func locateZeroIsNoInstrument() {
        let directory = InstrumentDirectory(capacity: 10)
        let ticks = decode([add(0, "ABC"), add(0, "DEF"), add(0, "ABC")], decoder(directory))
        #expect(ticks.map(\.instrument) == [1, 2, 1])
    }

    /// After a new epoch the table is empty; the symbols keep their ids.
    @Test func symbolsKeepTheirIDsOverEpochs() {
        let directory = InstrumentDirectory(capacity: 10)
        let decoder = decoder(directory)
        _ = decode([add(5, "ABC"), add(6, "DEF")], decoder)
        decoder.beginEpoch()
        let ticks = decode([delete(9), add(9, "ABC"), delete(9), add(5, "DEF")], decoder)
        #expect(ticks.map(\.instrument) == [3, 1, 1, 2])
        #expect(directory.entries.map(\.symbol) == ["ABC", "DEF", ""])
    }

    @Test func ipoMessageFindsItsSymbolWithoutALocate() {
        let directory = InstrumentDirectory(capacity: 10)
        let decoder = decoder(directory)
        let ipo = bytes(
            hex: "4b" + "0000" + "0000" + "000000000009" + abc + "00000000" + "43" + "00000000")
        #expect(decode([ipo], decoder).map(\.instrument) == [1, 1])
        #expect(directory.entries.map(\.symbol) == ["ABC"])
        #expect(decode([add(5, "ABC")], decoder).map(\.instrument) == [1])
        #expect(decode([ipo], decoder).map(\.instrument) == [1, 1])
    }

    @Test func fullDirectoryIsCounted() {
        let directory = InstrumentDirectory(capacity: 1)
        let decoder = decoder(directory)
        let ticks = decode(
            [add(5, "ABC"), add(6, "DEF"), delete(7), bytes(hex: fromTables[0].hex)], decoder)
        #expect(ticks.map(\.instrument) == [1, 0, 0, 1])
        #expect(decoder.snapshotCounters().directoryFull == 2)
        var listing: [UInt8] = []
        ITCH50Encoder.stockDirectory(
            .init(locate: 8, timestamp: 1), stock: "GHI", listing: .init(), to: &listing)
        #expect(decode([listing], decoder).map(\.instrument) == [0])
        #expect(decoder.snapshotCounters().directoryFull == 3, "counted once a message")
    }

    /// A handler that was restarted knows the day's instruments and their locates.
    @Test func restoredDirectoryKeepsLocates() {
        let directory = InstrumentDirectory(capacity: 10)
        _ = decode([add(5, "ABC"), add(6, "DEF"), delete(7)], decoder(directory))
        let again = InstrumentDirectory(capacity: 10)
        #expect(again.restore(directory.entries))
        let ticks = decode([delete(6), delete(7), add(7, "GHI"), delete(5)], decoder(again))
        #expect(ticks.map(\.instrument) == [2, 3, 3, 1])
        #expect(again.entries.map(\.symbol) == ["ABC", "DEF", "GHI"])
        #expect(!again.restore([]) || again.entries.isEmpty)
    }
}
