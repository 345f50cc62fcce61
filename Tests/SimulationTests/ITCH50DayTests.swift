import Simulation
import Testing
import Ticks

/// All messages of a day, one by one.
func messages(_ configuration: ITCH50DayConfiguration) throws -> [[UInt8]] {
    var day = try ITCH50Day(configuration)
    var messages: [[UInt8]] = []
    var message: [UInt8] = []
    while day.next(into: &message) {
        messages.append(message)
        message = []
    }
    return messages
}

/// FNV-1a over the messages of a day and their framing.
func contentHash(_ messages: [[UInt8]]) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for message in messages {
        for byte in [UInt8(message.count)] + message {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
        }
    }
    return hash
}

func configuration(
    messages: Int = 50_000, symbols: Int = 200, seed: UInt64 = 7, date: String = "2024-05-06"
) throws -> ITCH50DayConfiguration {
    ITCH50DayConfiguration(
        messages: messages, symbols: symbols, seed: seed, date: try TradingDay(parsing: date))
}

struct DaySize: Sendable, CustomTestStringConvertible {
    let messages: Int
    let symbols: Int
    let seed: UInt64
    var testDescription: String { "\(messages) messages, \(symbols) symbols, seed \(seed)" }
}

@Suite struct ITCH50DayTests {
    @Test(arguments: [
        DaySize(messages: 50_000, symbols: 200, seed: 7),
        DaySize(messages: 20_000, symbols: 2_000, seed: 8),
        DaySize(messages: 20_000, symbols: 16, seed: 9),
        DaySize(messages: 10_000, symbols: 1, seed: 10),
    ])
    func isAValidMarket(_ size: DaySize) throws {
        let all = try messages(
            configuration(messages: size.messages, symbols: size.symbols, seed: size.seed))
        #expect(all.count == size.messages)
        var market = NaiveMarket()
        for message in all { market.apply(message) }
        #expect(market.violations == [])
        #expect(market.listed.count == size.symbols)
        #expect(market.events == "OSQMEC")
        #expect(all.first?[11] == UInt8(ascii: "O") && all.last?[11] == UInt8(ascii: "C"))
        #expect((market.counts["Q"] ?? 0) >= 2 * size.symbols)
        #expect(market.halted.isEmpty)
        #expect(market.orders.count < 10 + size.messages / 10)
    }

    @Test func isRealistic() throws {
        let all = try messages(configuration())
        var market = NaiveMarket()
        for message in all { market.apply(message) }
        // Every type of itch50.md §1 but B, which is rarer than this day is long.
        #expect(market.counts.count >= 22, "\(market.counts.keys.sorted())")
        func percent(_ types: String) -> Double {
            Double(types.reduce(0) { $0 + (market.counts[$1] ?? 0) }) * 100 / Double(all.count)
        }
        #expect((36...48).contains(percent("AF")))
        #expect((30...44).contains(percent("D")))
        #expect((3...9).contains(percent("E")))
        #expect((3...9).contains(percent("U")))
        #expect((1...5).contains(percent("X")))
        #expect((0.05...1).contains(percent("C")))

        let busiest = market.messagesByLocate.values.sorted(by: >)
        #expect(busiest.prefix(20).reduce(0, +) > all.count * 35 / 100, "activity has a heavy tail")
        let lives = market.lives.sorted()
        #expect(try #require(lives.first) < 10_000, "some lives last microseconds")
        #expect(try #require(lives.last) > 8 * 3_600_000_000_000, "others the whole day")

        let times = all.map { $0[5..<11].reduce(0) { $0 << 8 | Int($1) } }
        let gaps = zip(times, times.dropFirst()).map { $1 - $0 }.sorted()
        #expect(gaps[gaps.count / 2] < 10_000, "messages come in bursts")
        #expect(gaps[gaps.count * 95 / 100] > 10_000_000, "with pauses between them")
    }

    @Test func everyTypeAppearsInALongerDay() throws {
        var day = try ITCH50Day(configuration(messages: 200_000, symbols: 50))
        var types: Set<UInt8> = []
        var message: [UInt8] = []
        while day.next(into: &message) {
            types.insert(message[0])
            message.removeAll(keepingCapacity: true)
        }
        #expect(types == Set("SRHYLVWKJhAFECXDUPQBINO".utf8))
    }

    @Test func equalConfigurationsGiveEqualBytes() throws {
        let first = try contentHash(messages(configuration(messages: 10_000)))
        #expect(try contentHash(messages(configuration(messages: 10_000))) == first)
        #expect(try contentHash(messages(configuration(messages: 10_000, seed: 8))) != first)
        #expect(
            try contentHash(messages(configuration(messages: 10_000, date: "2024-12-02"))) == first)
    }

    /// Bytes must not change by accident: recorded benchmarks and bug reports name only a seed.
    @Test func bytesStayAsTheyWere() throws {
        let hash = try contentHash(messages(configuration(messages: 10_000)))
        #expect(hash == 12_373_509_106_737_603_501)
    }

    @Test func aCopyGoesOnByItself() throws {
        var day = try ITCH50Day(configuration(messages: 5_000))
        var message: [UInt8] = []
        for _ in 0..<3_000 { _ = day.next(into: &message) }
        var copy = day
        var rest: [UInt8] = []
        var restOfCopy: [UInt8] = []
        while day.next(into: &rest) {}
        while copy.next(into: &restOfCopy) {}
        #expect(rest == restOfCopy)
        #expect(!rest.isEmpty)
    }

    @Test func tellsTheTimeInUTC() throws {
        var day = try ITCH50Day(configuration(messages: 5_000))
        var message: [UInt8] = []
        let isThere = day.next(into: &message)
        #expect(isThere)
        #expect(day.timestamp == message[5..<11].reduce(0) { $0 << 8 | UInt64($1) })
        // Four hours west of Greenwich in May.
        #expect(day.time == 1_714_968_000_000_000_000 + day.timestamp)
    }

    @Test func holdsExactlyTheRequiredMessagesAtLeast() throws {
        let error = #expect(throws: ITCH50DayError.self) {
            try ITCH50Day(configuration(messages: 0))
        }
        guard case .tooFewMessages(_, let minimum) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(try messages(configuration(messages: minimum)).count == minimum)
        #expect(try messages(configuration(messages: minimum + 1)).count == minimum + 1)
        #expect(throws: ITCH50DayError.tooFewMessages(minimum - 1, minimum: minimum)) {
            try ITCH50Day(configuration(messages: minimum - 1))
        }
    }

    @Test func refusesImpossibleSizes() throws {
        #expect(throws: ITCH50DayError.symbolsOutOfRange(0)) {
            try ITCH50Day(configuration(symbols: 0))
        }
        #expect(throws: ITCH50DayError.symbolsOutOfRange(65_536)) {
            try ITCH50Day(configuration(symbols: 65_536))
        }
        #expect(throws: ITCH50DayError.tooManyMessages(300_000_001)) {
            try ITCH50Day(configuration(messages: 300_000_001))
        }
    }
}

@Suite struct SplitMix64Tests {
    /// The reference implementation's first numbers for this seed.
    @Test func equalsTheReference() {
        var random = SplitMix64(seed: 1_234_567)
        let numbers = (0..<5).map { _ in random.next() }
        #expect(
            numbers == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
                4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
            ])
    }
}
