import Foundation
import Protocols
import TestSupport
import Testing
import Ticks
import Wire

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

    @Test(arguments: itch50Cases)
    func everyFieldHasItsPlace(_ testCase: ITCH50Case) {
        let directory = InstrumentDirectory(capacity: 10)
        let decoder = decoder(directory)
        let ticks = decode([bytes(hex: testCase.hex)], decoder, first: 42)
        #expect(views(ticks, directory) == testCase.ticks)
        let counters = decoder.snapshotCounters()
        #expect(counters.count(UInt32(bytes(hex: testCase.hex)[0])) == 1)
        #expect(counters.unexpectedLength + counters.unknownType + counters.unrepresentable == 0)
    }

    @Test func everyTypeHasACase() {
        let types = Set(itch50Cases.map(\.type.first))
        #expect(types.count == 23)
        #expect(itchLengths.allSatisfy { types.contains(Character(Unicode.Scalar($0.type))) })
    }

    @Test func directoryMessageDescribesTheInstrument() throws {
        let directory = InstrumentDirectory(capacity: 10)
        _ = decode([bytes(hex: itchCasesFromTables[0].hex)], decoder(directory))
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
        let delete = bytes(hex: itchLiveOrders[6].hex)
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
        let messages =
            (itchLiveOrders + itchLiveTrades + itchCasesFromTables + itchCasesFromTables
            + itchLiveOrders)
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
            hex: "4b" + "0000" + "0000" + "000000000009" + "4142432020202020" + "00000000" + "43"
                + "00000000")
        #expect(decode([ipo], decoder).map(\.instrument) == [1, 1])
        #expect(directory.entries.map(\.symbol) == ["ABC"])
        #expect(decode([add(5, "ABC")], decoder).map(\.instrument) == [1])
        #expect(decode([ipo], decoder).map(\.instrument) == [1, 1])
    }

    @Test func fullDirectoryIsCounted() {
        let directory = InstrumentDirectory(capacity: 1)
        let decoder = decoder(directory)
        let ticks = decode(
            [add(5, "ABC"), add(6, "DEF"), delete(7), bytes(hex: itchCasesFromTables[0].hex)],
            decoder)
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
