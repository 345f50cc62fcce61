/// A day of the calendar, for venues that count days.
struct CalendarDate: Equatable {
    var year: Int
    var month: Int
    var day: Int

    /// The proleptic Gregorian day so many days after 1 January 1970. Counts beyond 32 bits, which no
    /// venue sends, are taken for the nearest.
    init(daysSince1970 days: Int) {
        // Years are counted from March, so that the leap day is a year's last.
        let shifted = min(max(days, -(1 << 31)), 1 << 31) + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }
}

extension InstrumentDetails {
    mutating func set(expiry date: CalendarDate) { set(expiry: date.year, date.month, date.day) }
}
