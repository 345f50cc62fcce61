/// Puts together what a directory entry says beyond its own fields: `key=value` lines with keys that
/// all feeds share, so that a program need not know the venue.
///
/// Tick size, lot size and currency are fields of `Instrument` and do not belong here.
public struct InstrumentDetails: Sendable {
    public enum InstrumentType: String, Sendable {
        case equity, etf, future, option, spread, index, bond, fx, warrant, fund, currency, crypto
        case other
    }

    public enum PutCall: String, Sendable { case put, call }

    /// The lines so far, without a newline behind the last one.
    public private(set) var text = ""

    public init() {}

    public mutating func set(type: InstrumentType) { set("type", type.rawValue) }

    /// `expiry`; left out if it is no date of the calendar. `month` and `day` count from 1.
    public mutating func set(expiry year: Int, _ month: Int, _ day: Int) {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard (1...9999).contains(year), (1...12).contains(month),
            (1...days[month - 1]).contains(day)
        else { return }
        set("expiry", "\(Self.padded(year, 4))-\(Self.padded(month, 2))-\(Self.padded(day, 2))")
    }

    /// `expiry` from a number such as 20240315; left out if it is no date.
    public mutating func set(expiry yyyymmdd: Int) {
        guard yyyymmdd > 0 else { return }
        set(expiry: yyyymmdd / 10_000, yyyymmdd / 100 % 100, yyyymmdd % 100)
    }

    /// `strike`: `mantissa` times ten to the power of `exponent`.
    public mutating func set(strike mantissa: Int64, exponent: Int) {
        set("strike", mantissa, exponent: exponent)
    }

    public mutating func set(putCall: PutCall) { set("put_call", putCall.rawValue) }

    /// Units of the underlying, or of currency per price unit, in one contract.
    public mutating func set(multiplier mantissa: Int64, exponent: Int = 0) {
        set("multiplier", mantissa, exponent: exponent)
    }

    /// Symbol, or the venue's number, of what the instrument derives from.
    public mutating func set(underlying: String) { set("underlying", underlying) }

    /// What one unit of `Tick.quantity` is, for feeds with fractional quantities.
    public mutating func set(quantityUnit mantissa: Int64, exponent: Int) {
        set("quantity_unit", mantissa, exponent: exponent)
    }

    public mutating func set(isin: String) { set("isin", isin) }

    /// A decimal number under a key of lower-case letters and underscores.
    public mutating func set(_ key: String, _ mantissa: Int64, exponent: Int) {
        set(key, Self.decimal(mantissa, exponent: exponent))
    }

    /// A line of its own. Blanks around the value go, an empty value leaves the line out, and control
    /// characters become `?`, so that a damaged message cannot begin a line.
    public mutating func set(_ key: String, _ value: String) {
        var scalars = Substring(value).unicodeScalars
        while let first = scalars.first, first == " " || first == "\0" { scalars.removeFirst() }
        while let last = scalars.last, last == " " || last == "\0" { scalars.removeLast() }
        guard !scalars.isEmpty else { return }
        if !text.isEmpty { text += "\n" }
        text += key
        text += "="
        for scalar in scalars {
            text.unicodeScalars.append(scalar.value < 0x20 || scalar.value == 0x7F ? "?" : scalar)
        }
    }

    /// `mantissa` times ten to the power of `exponent` (-18 to 18) without superfluous zeros, such as
    /// `12.5` or `-0.01`.
    public static func decimal(_ mantissa: Int64, exponent: Int) -> String {
        precondition((-18...18).contains(exponent), "exponents of -18 to 18")
        let sign = mantissa < 0 ? "-" : ""
        var digits = String(mantissa.magnitude)
        if mantissa == 0 { return "0" }
        if exponent >= 0 { return sign + digits + String(repeating: "0", count: exponent) }
        let places = -exponent
        if digits.count <= places {
            digits = String(repeating: "0", count: places + 1 - digits.count) + digits
        }
        var fraction = digits.suffix(places)
        while fraction.last == "0" { fraction.removeLast() }
        let whole = digits.dropLast(places)
        return sign + whole + (fraction.isEmpty ? "" : "." + fraction)
    }

    private static func padded(_ value: Int, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
