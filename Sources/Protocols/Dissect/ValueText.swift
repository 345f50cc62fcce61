/// What a wire time counts.
public enum WireTimeUnit: String, Sendable {
    case nanoseconds = "ns"
    case microseconds = "us"
    case milliseconds = "ms"
    case seconds = "s"
    case epochNanoseconds = "epoch-ns"
    case epochMicroseconds = "epoch-us"
    case epochMilliseconds = "epoch-ms"
    case epochSeconds = "epoch-s"
    /// Days since 1970-01-01.
    case days
    /// A date as one number, such as 20191230.
    case yyyymmdd

    /// Nanoseconds of one unit; nil for dates.
    public var nanoseconds: UInt64? {
        switch self {
        case .nanoseconds, .epochNanoseconds: 1
        case .microseconds, .epochMicroseconds: 1000
        case .milliseconds, .epochMilliseconds: 1_000_000
        case .seconds, .epochSeconds: 1_000_000_000
        case .days, .yyyymmdd: nil
        }
    }

    /// Counted from 1970 on, UTC.
    public var isEpoch: Bool { rawValue.hasPrefix("epoch") }
}

/// Wire values as people read them.
public enum ValueText {
    public static func number(_ value: WireNumber) -> String {
        (value.isNegative ? "-" : "") + String(value.magnitude)
    }

    /// The exact decimal: as many digits behind the point as the exponent says, zeros beyond the
    /// fourth left out.
    public static func decimal(_ value: WireNumber, exponent: Int) -> String {
        let sign = value.isNegative ? "-" : ""
        var digits = String(value.magnitude)
        if exponent >= 0 {
            return sign + digits + (value.magnitude == 0 ? "" : zeros(exponent))
        }
        let places = -exponent
        digits = zeros(places + 1 - digits.count) + digits
        let whole = digits.dropLast(places)
        var fraction = digits.suffix(places)
        while fraction.count > 4, fraction.last == "0" { fraction.removeLast() }
        return sign + whole + "." + fraction
    }

    /// A date, an ISO time, or a time of day; nil where the number alone says it better.
    public static func time(_ value: WireNumber, unit: WireTimeUnit) -> String? {
        guard !value.isNegative else { return nil }
        switch unit {
        case .days:
            return value.bits < 200_000 ? date(days: Int(value.bits)) : nil
        case .yyyymmdd:
            let (year, month, day) =
                (value.bits / 10_000, value.bits / 100 % 100, value.bits % 100)
            guard (1900...2199).contains(year), (1...12).contains(month), (1...31).contains(day)
            else { return nil }
            return padded(year, 4) + "-" + padded(month, 2) + "-" + padded(day, 2)
        default:
            let (total, overflow) =
                value.bits.multipliedReportingOverflow(by: unit.nanoseconds ?? 1)
            guard !overflow else { return nil }
            return unit.isEpoch ? instant(total) : clock(total)
        }
    }

    /// 2019-12-30T14:30:00.000000230Z.
    public static func instant(_ nanoseconds: UInt64) -> String {
        let days = nanoseconds / dayNanoseconds
        return date(days: Int(days)) + "T" + hours(nanoseconds % dayNanoseconds) + "Z"
    }

    /// A time of day; nil for less than a second or more than a day, which are offsets.
    private static func clock(_ nanoseconds: UInt64) -> String? {
        (1_000_000_000..<dayNanoseconds * 2).contains(nanoseconds) ? hours(nanoseconds) : nil
    }

    private static func hours(_ nanoseconds: UInt64) -> String {
        let seconds = nanoseconds / 1_000_000_000
        return padded(seconds / 3600, 2) + ":" + padded(seconds / 60 % 60, 2) + ":"
            + padded(seconds % 60, 2) + "." + padded(nanoseconds % 1_000_000_000, 9)
    }

    /// Proleptic Gregorian date of a day count since 1970-01-01, by counting in eras of 400 years
    /// that begin on 1 March.
    static func date(days: Int) -> String {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        return padded(UInt64(year), 4) + "-" + padded(UInt64(month), 2) + "-"
            + padded(UInt64(day), 2)
    }

    private static let dayNanoseconds: UInt64 = 86_400_000_000_000

    private static func padded(_ value: UInt64, _ width: Int) -> String {
        let text = String(value)
        return zeros(width - text.count) + text
    }

    private static func zeros(_ count: Int) -> String {
        String(repeating: "0", count: max(count, 0))
    }
}
