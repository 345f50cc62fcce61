import Foundation

/// Why a `TradingDay` could not be made.
public enum TradingDayError: Error, Hashable, Sendable, CustomStringConvertible {
    case malformed(String)
    case noSuchDate(year: Int, month: Int, day: Int)
    case timeZoneUnavailable(String)

    public var description: String {
        switch self {
        case .malformed(let text):
            "'\(text)' is not a date: write YYYY-MM-DD, such as 2019-12-30"
        case .noSuchDate(let year, let month, let day):
            "\(year)-\(month)-\(day) is not in the calendar (years 1970 to 2200)"
        case .timeZoneUnavailable(let name):
            "time zone \(name) is unknown on this host: install the package tzdata"
        }
    }
}

/// A calendar day of the US exchanges, in New York, with the instant it begins at.
///
/// ITCH stamps messages in ns since that midnight (itch50.md §1). Daylight saving is Foundation's
/// time zone data; making a value is slow, so keep it off the hot path.
public struct TradingDay: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let year: Int
    public let month: Int
    public let day: Int
    /// ns since the Unix epoch, UTC, at which the day begins in New York.
    public let midnightNanoseconds: UInt64

    public static let timeZoneName = "America/New_York"

    /// - Parameter year: 1970 to 2200.
    public init(year: Int, month: Int, day: Int) throws(TradingDayError) {
        let calendar = try Self.calendar(Self.timeZoneName)
        let parts = DateComponents(year: year, month: month, day: day)
        // Calendar carries 31 February over into March, so what comes back has to be compared.
        guard (1970...2200).contains(year), (1...12).contains(month), (1...31).contains(day),
            let date = calendar.date(from: parts),
            calendar.dateComponents([.year, .month, .day], from: date) == parts,
            date.timeIntervalSince1970 >= 0
        else { throw .noSuchDate(year: year, month: month, day: day) }
        self.year = year
        self.month = month
        self.day = day
        // Midnight falls on a whole second, which a Double holds exactly.
        self.midnightNanoseconds = UInt64(date.timeIntervalSince1970) * 1_000_000_000
    }

    /// Reads `YYYY-MM-DD`.
    public init(parsing text: String) throws(TradingDayError) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [4, 2, 2],
            parts.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
            let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2])
        else { throw .malformed(text) }
        try self.init(year: year, month: month, day: day)
    }

    /// The day in New York at an instant.
    /// - Parameter nanoseconds: ns since the Unix epoch, UTC, up to the year 2200.
    public init(containing nanoseconds: UInt64) throws(TradingDayError) {
        let date = Date(timeIntervalSince1970: Double(nanoseconds / 1_000_000_000))
        let parts = try Self.calendar(Self.timeZoneName).dateComponents(
            [.year, .month, .day], from: date)
        try self.init(year: parts.year ?? 0, month: parts.month ?? 0, day: parts.day ?? 0)
    }

    /// ns since the Unix epoch, UTC, at which the day begins in another time zone, such as
    /// `Asia/Hong_Kong`; where daylight saving skips midnight, the first instant that there is.
    public func midnightNanoseconds(in zoneName: String) throws(TradingDayError) -> UInt64 {
        if zoneName == Self.timeZoneName { return midnightNanoseconds }
        let calendar = try Self.calendar(zoneName)
        let parts = DateComponents(year: year, month: month, day: day)
        guard let date = calendar.date(from: parts), date.timeIntervalSince1970 >= 0 else {
            throw .noSuchDate(year: year, month: month, day: day)
        }
        return UInt64(date.timeIntervalSince1970) * 1_000_000_000
    }

    /// The date as one number, such as 20191230.
    public var yyyymmdd: UInt32 { UInt32(year * 10_000 + month * 100 + day) }

    /// `YYYY-MM-DD`.
    public var description: String {
        func padded(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(year)-\(padded(month))-\(padded(day))"
    }

    public static func < (left: TradingDay, right: TradingDay) -> Bool {
        left.yyyymmdd < right.yyyymmdd
    }

    private static func calendar(_ zoneName: String) throws(TradingDayError)
        -> Calendar
    {
        guard let zone = TimeZone(identifier: zoneName) else {
            throw .timeZoneUnavailable(zoneName)
        }
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        return calendar
    }
}
