import Ticks

/// Names and numbers of ticks as text.
public enum TickText {
    private static let kindNames: [String] = {
        var names = [String](repeating: "unknown", count: 256)
        for kind in TickKind.allCases { names[Int(kind.rawValue)] = "\(kind)" }
        return names
    }()

    public static func kind(_ raw: UInt8) -> String { kindNames[Int(raw)] }

    /// The kind of that name, as `jsonl` and `csv` spell it.
    public static func kind(named name: String) -> TickKind? {
        TickKind.allCases.first { "\($0)" == name }
    }

    public static func side(_ raw: UInt8) -> String {
        switch raw {
        case 1: "bid"
        case 2: "ask"
        default: "none"
        }
    }

    /// 12.3400 for 12_340_000_000: at least four decimals, no more than needed.
    public static func decimal(_ price: Int64) -> String {
        let magnitude = price.magnitude
        var fraction = String(magnitude % 1_000_000_000)
        fraction = String(repeating: "0", count: 9 - fraction.count) + fraction
        while fraction.count > 4, fraction.hasSuffix("0") { fraction.removeLast() }
        return (price < 0 ? "-" : "") + String(magnitude / 1_000_000_000) + "." + fraction
    }

    /// 2019-12-30T14:30:00.000000230Z.
    public static func time(_ nanoseconds: UInt64) -> String {
        let seconds = nanoseconds / 1_000_000_000
        let (year, month, day) = civil(days: Int(seconds / 86_400))
        let rest = seconds % 86_400
        func padded(_ value: Int, _ width: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(width - text.count, 0)) + text
        }
        return padded(year, 4) + "-" + padded(month, 2) + "-" + padded(day, 2) + "T"
            + padded(Int(rest / 3600), 2) + ":" + padded(Int(rest / 60 % 60), 2) + ":"
            + padded(Int(rest % 60), 2) + "." + padded(Int(nanoseconds % 1_000_000_000), 9) + "Z"
    }

    /// Proleptic Gregorian date of a day count since 1970-01-01, by counting in eras of 400 years
    /// that begin on 1 March.
    static func civil(days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }
}

extension [UInt8] {
    mutating func append(text: StaticString) {
        append(
            contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func append(text: String) { append(contentsOf: text.utf8) }

    mutating func append(decimal value: UInt64) {
        if value == 0 { return append(UInt8(ascii: "0")) }
        var digits: (UInt64, UInt64, UInt32) = (0, 0, 0)
        Swift.withUnsafeMutableBytes(of: &digits) { buffer in
            var rest = value
            var start = 20
            while rest > 0 {
                let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: 10)
                start -= 1
                buffer[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: remainder)
                rest = quotient
            }
            append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[start..<20]))
        }
    }

    mutating func append(decimal value: Int64) {
        if value < 0 { append(UInt8(ascii: "-")) }
        append(decimal: value.magnitude)
    }

    /// Text inside JSON quotes: symbols are printable ASCII, but nothing depends on it.
    mutating func append(jsonText text: String) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                append(UInt8(ascii: "\\"))
                append(byte)
            case 0..<0x20:
                append(text: "\\u00" + (byte < 16 ? "0" : "") + String(byte, radix: 16))
            default:
                append(byte)
            }
        }
    }

    /// A CSV field: quoted where it must be.
    mutating func append(csvText text: String) {
        guard text.utf8.contains(where: { $0 == 0x22 || $0 == 0x2C || $0 < 0x20 }) else {
            return append(text: text)
        }
        append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            if byte == 0x22 { append(byte) }
            append(byte)
        }
        append(UInt8(ascii: "\""))
    }
}
