import Protocols
import Testing
import Ticks

@Suite struct InstrumentDirectoryTests {
    private let option = "SPXW 240315C05100000"

    private func raw(_ text: String) -> UInt64 {
        let padded = Array(text.utf8) + Array(repeating: 0x20, count: 8 - text.utf8.count)
        return padded.reduce(0) { $0 << 8 | UInt64($1) }
    }

    @Test(arguments: ["A", "AAPL", "BRK.B", "ABCDEFGH", "ES Z4", "A\\B"])
    func shortTextsAreTheSameAsRawSymbols(text: String) {
        let directory = InstrumentDirectory(capacity: 10)
        let venue = directory.venueIndex("XXXX")
        let byText = directory.findOrAdd(text: text, venue: venue, code: 0, channel: 0)
        #expect(byText == 1)
        #expect(directory.findOrAdd(symbol: raw(text), venue: venue, code: 0, channel: 0) == 1)
        #expect(directory.findOrAdd(text: text + "  ", venue: venue, code: 0, channel: 0) == 1)
        let other = InstrumentDirectory(capacity: 10)
        let there = other.venueIndex("XXXX")
        #expect(other.findOrAdd(symbol: raw(text), venue: there, code: 0, channel: 0) == 1)
        #expect(other.findOrAdd(text: text, venue: there, code: 0, channel: 0) == 1)
    }

    @Test func longTexts() {
        let directory = InstrumentDirectory(capacity: 3)
        let venue = directory.venueIndex("OPRA")
        let elsewhere = directory.venueIndex("XCBO")
        #expect(directory.find(text: option, venue: venue) == 0)
        #expect(directory.findOrAdd(text: option, venue: venue, code: 7, channel: 2) == 1)
        #expect(directory.findOrAdd(text: option, venue: elsewhere, code: 8, channel: 2) == 2)
        #expect(directory.findOrAdd(text: option, venue: venue, code: 9, channel: 2) == 1)
        #expect(directory.find(text: option, venue: venue) == 1)
        #expect(directory.entries[0].symbol == option && directory.entries[0].code == 7)
        #expect(directory.findOrAdd(text: "123456789", venue: venue, code: 0, channel: 0) == 3)
        #expect(directory.findOrAdd(text: "987654321", venue: venue, code: 0, channel: 0) == 0)
        #expect(directory.findOrAdd(text: option, venue: venue, code: 0, channel: 0) == 1)
    }

    @Test func textsThatAreTooLongStayDistinct() {
        let directory = InstrumentDirectory(capacity: 10)
        let venue = directory.venueIndex("XEUR")
        let head = "A symbol that is longer than "
        let ids = (0..<4).map {
            directory.findOrAdd(text: head + "\($0) bytes", venue: venue, code: 0, channel: 0)
        }
        #expect(ids == [1, 2, 3, 4])
        #expect(directory.entries.allSatisfy { $0.symbol.utf8.count == 31 })
        #expect(directory.entries.allSatisfy { $0.symbol.hasPrefix("A symbol that is longe~") })
        #expect(Set(directory.entries.map(\.symbol)).count == 4)
    }

    @Test func restoredInstrumentsAreFoundAgain() {
        let directory = InstrumentDirectory(capacity: 10)
        let venue = directory.venueIndex("XXXX")
        let texts = [
            option, "ESZ4", "A\nnew line", "ES Z4", String(repeating: "long", count: 20), "A\\B",
        ]
        let ids = texts.map {
            directory.findOrAdd(text: $0, venue: venue, code: 0, channel: 0)
        }
        #expect(ids == [1, 2, 3, 4, 5, 6])
        let next = InstrumentDirectory(capacity: 10)
        #expect(next.restore(directory.entries))
        let there = next.venueIndex("XXXX")
        #expect(
            texts.map { next.findOrAdd(text: $0, venue: there, code: 0, channel: 0) } == ids)
        #expect(next.entries == directory.entries)
        #expect(next.entries.allSatisfy { !$0.symbol.contains("\n") })
    }

    @Test func whatStaysAsItWasIsNoChange() {
        let directory = InstrumentDirectory(capacity: 10)
        let venue = directory.venueIndex("XXXX")
        let id = directory.findOrAdd(text: option, venue: venue, code: 0, channel: 0)
        func changes() -> [Int64] {
            var lots: [Int64] = []
            directory.takeChanges { lots.append($0.lotSize) }
            return lots
        }
        #expect(changes() == [0] && !directory.hasChanges)
        directory.update(id) { $0.lotSize = 100 }
        #expect(changes() == [100])
        directory.update(id) { entry in
            entry.lotSize = 50
            entry.lotSize = 100
        }
        #expect(!directory.hasChanges && directory.entries[0].lotSize == 100)
    }

    @Test func unnamedInstrumentsGetLongNames() {
        let directory = InstrumentDirectory(capacity: 10)
        let venue = directory.venueIndex("XCME")
        let first = directory.addUnnamed(venue: venue, code: 5, channel: 0)
        let second = directory.addUnnamed(venue: venue, code: 6, channel: 0)
        #expect(directory.name(first, text: option, venue: venue))
        #expect(directory.name(first, text: option, venue: venue))
        #expect(!directory.name(second, text: option, venue: venue))
        #expect(directory.name(second, text: "ESZ4", venue: venue))
        #expect(directory.entries.map(\.symbol) == [option, "ESZ4"])
        #expect(directory.findOrAdd(symbol: raw("ESZ4"), venue: venue, code: 0, channel: 0) == 2)
    }
}
