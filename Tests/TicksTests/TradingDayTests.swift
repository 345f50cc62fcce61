import Testing
import Ticks

/// One day and when it began in New York, as GNU `date -d 'TZ="America/New_York" …' +%s` says.
struct DayCase: Sendable, CustomTestStringConvertible {
    let text: String
    let midnightSeconds: UInt64
    var testDescription: String { text }
}

@Suite struct TradingDayTests {
    @Test(arguments: [
        DayCase(text: "1970-01-01", midnightSeconds: 18_000),
        DayCase(text: "2019-12-30", midnightSeconds: 1_577_682_000),
        DayCase(text: "2023-08-22", midnightSeconds: 1_692_676_800),
        // Daylight saving begins on 10 and ends on 3 November 2024, at two o'clock.
        DayCase(text: "2024-03-10", midnightSeconds: 1_710_046_800),
        DayCase(text: "2024-03-11", midnightSeconds: 1_710_129_600),
        DayCase(text: "2024-11-03", midnightSeconds: 1_730_606_400),
        DayCase(text: "2024-11-04", midnightSeconds: 1_730_696_400),
        DayCase(text: "2024-02-29", midnightSeconds: 1_709_182_800),
    ])
    func beginsAtMidnightInNewYork(_ day: DayCase) throws {
        let parsed = try TradingDay(parsing: day.text)
        #expect(parsed.midnightNanoseconds == day.midnightSeconds * 1_000_000_000)
        #expect(parsed.description == day.text)
        #expect(try TradingDay(containing: parsed.midnightNanoseconds) == parsed)
        if parsed.midnightNanoseconds > 18_000_000_000_000 {
            #expect(try TradingDay(containing: parsed.midnightNanoseconds - 1) < parsed)
        }
    }

    /// As GNU `date` says.
    @Test(arguments: [
        ("2024-03-11", "America/New_York", UInt64(1_710_129_600)),
        ("2024-03-11", "America/Chicago", 1_710_133_200), ("2024-03-11", "UTC", 1_710_115_200),
        ("2024-03-31", "Europe/Berlin", 1_711_839_600),
        ("2024-04-01", "Europe/Berlin", 1_711_922_400),
        ("2024-03-11", "Asia/Hong_Kong", 1_710_086_400),
        // Daylight saving skipped midnight there.
        ("2018-11-04", "America/Sao_Paulo", 1_541_300_400),
    ])
    func beginsElsewhere(day: String, zone: String, seconds: UInt64) throws {
        let day = try TradingDay(parsing: day)
        #expect(try day.midnightNanoseconds(in: zone) == seconds * 1_000_000_000)
    }

    @Test func refusesUnknownZones() throws {
        let day = try TradingDay(parsing: "2024-03-11")
        #expect(throws: TradingDayError.timeZoneUnavailable("Nowhere/Here")) {
            try day.midnightNanoseconds(in: "Nowhere/Here")
        }
    }

    @Test func knowsItsNumber() throws {
        #expect(try TradingDay(year: 2019, month: 12, day: 30).yyyymmdd == 20_191_230)
        #expect(try TradingDay(year: 2024, month: 1, day: 2).description == "2024-01-02")
    }

    @Test(arguments: [
        "", "2024", "2024-1-2", "2024-01-02-", "20240102", "2024/01/02", "+024-01-02", "２024-01-02",
    ])
    func refusesWhatIsNotADate(_ text: String) {
        #expect(throws: TradingDayError.malformed(text)) { try TradingDay(parsing: text) }
    }

    @Test(arguments: [
        "2023-02-29", "2024-02-30", "2024-13-01", "2024-00-10", "2024-04-31", "1969-12-31",
    ])
    func refusesWhatIsNotInTheCalendar(_ text: String) {
        #expect(throws: TradingDayError.self) { try TradingDay(parsing: text) }
    }
}
