import Ticks

/// Options by what the wire says of them: root, expiration and strike.
final class OPRASeries {
    private let directory: InstrumentDirectory
    private let venue: UInt32
    private let channel: UInt16
    private let table: CodeTable
    /// Messages whose instrument found no place.
    private(set) var directoryFull: UInt64 = 0
    /// Messages whose series cannot exist: another denominator or month letter, or day.
    private(set) var impossible: UInt64 = 0

    init(_ setup: DecoderSetup) {
        directory = setup.directory
        venue = setup.directory.venueIndex(setup.venue)
        channel = setup.channel
        table = CodeTable(capacity: setup.directory.capacity)
    }

    /// Billionths in one of what a denominator letter says: A to H are 10 to 10^8, I is 1.
    @inline(__always)
    static func scale(_ letter: UInt8) -> Int64? {
        switch letter {
        case UInt8(ascii: "A"): 100_000_000
        case UInt8(ascii: "B"): 10_000_000
        case UInt8(ascii: "C"): 1_000_000
        case UInt8(ascii: "D"): 100_000
        case UInt8(ascii: "E"): 10_000
        case UInt8(ascii: "F"): 1_000
        case UInt8(ascii: "G"): 100
        case UInt8(ascii: "H"): 10
        case UInt8(ascii: "I"): 1_000_000_000
        default: nil
        }
    }

    /// A series as the table keys it.
    struct Key {
        /// Root, five letters in the high bytes, then month letter, day and year.
        var high: UInt64
        /// Strike in billionths.
        var strike: UInt64

        @inline(__always)
        init(root: UInt64, month: UInt8, day: UInt8, year: UInt8, strike: UInt64) {
            // Letters are padded to eight; the last three make room for the date.
            high = root & ~0xFF_FFFF | UInt64(month) << 16 | UInt64(day) << 8 | UInt64(year)
            self.strike = strike
        }
    }

    /// The series of a message of categories a, d, f or k, which all name it alike. Nil, and
    /// counted, if there can be no such series; 0 if there is no place for it.
    @inline(__always)
    func find(_ message: UnsafeRawPointer) -> UInt32? {
        let sale = OpraLastSale(message)
        guard let scale = Self.scale(sale.strikeDenominator) else { return refuse() }
        return find(
            Key(
                root: message.wireLetters(12, bytes: 5), month: sale.expirationMonth,
                day: sale.expirationDay, year: sale.expirationYear,
                strike: UInt64(sale.strike) &* UInt64(scale)))
    }

    /// The series of a short quote: four letters, strike in tenths.
    @inline(__always)
    func findShort(_ quote: OpraShortQuote) -> UInt32? {
        find(
            Key(
                root: quote.base.wireLetters(12, bytes: 4), month: quote.expirationMonth,
                day: quote.expirationDay, year: quote.expirationYear,
                strike: UInt64(quote.strike) &* 100_000_000))
    }

    /// The series of a mapping, and the multicast line that it says.
    func map(_ mapping: OpraSeriesMapping) -> UInt32? {
        guard let scale = Self.scale(mapping.strikeDenominator) else { return refuse() }
        let key = Key(
            root: mapping.base.wireLetters(12, bytes: 5), month: mapping.expirationMonth,
            day: mapping.expirationDay, year: mapping.expirationYear,
            strike: UInt64(mapping.strike) &* UInt64(scale))
        guard let id = find(key) else { return nil }
        if id == 0 { return id }
        let details = details(of: key, line: mapping.line)
        directory.update(id) { $0.details = details.text }
        return id
    }

    /// What options derive from, by five letters: its key has no date.
    func findUnderlying(_ letters: UnsafeRawPointer) -> UInt32 {
        let high = letters.wireLetters(0, bytes: 5) & ~0xFF_FFFF
        let known = table.find(high, 0)
        if known != 0 { return known }
        return enter(high, 0, text: letters.wireText(0, bytes: 5))
    }

    @inline(__always)
    private func find(_ key: Key) -> UInt32? {
        let known = table.find(key.high, key.strike)
        return known != 0 ? known : add(key)
    }

    @inline(never)
    private func refuse() -> UInt32? {
        impossible &+= 1
        return nil
    }

    @inline(never)
    private func add(_ key: Key) -> UInt32? {
        guard key.month < 24, (1...31).contains(key.day), key.year < 100 else { return refuse() }
        let id = enter(key.high, key.strike, text: key.symbol)
        if id != 0, directory.entries[Int(id) - 1].details.isEmpty {
            let details = details(of: key, line: nil)
            directory.update(id) { $0.details = details.text }
        }
        return id
    }

    /// 0 if the directory is full.
    private func enter(_ high: UInt64, _ low: UInt64, text: String) -> UInt32 {
        let id = directory.findOrAdd(text: text, venue: venue, code: 0, channel: channel)
        guard id != 0 else {
            directoryFull &+= 1
            return 0
        }
        table.insert(high, low, id: id)
        return id
    }

    private func details(of key: Key, line: UInt16?) -> InstrumentDetails {
        var details = InstrumentDetails()
        details.set(type: .option)
        details.set(expiry: 2000 + key.year, key.month % 12 + 1, key.day)
        details.set(strike: Int64(key.strike), exponent: -9)
        details.set(putCall: key.month < 12 ? .call : .put)
        details.set(underlying: key.root)
        if let line { details.set("multicast_line", Int64(line), exponent: 0) }
        return details
    }
}

extension OPRASeries.Key {
    /// 0 to 11 for calls of January to December, 12 to 23 for puts, more for other letters.
    fileprivate var month: Int { Int(UInt8(truncatingIfNeeded: high >> 16) &- UInt8(ascii: "A")) }
    fileprivate var day: Int { Int(UInt8(truncatingIfNeeded: high >> 8)) }
    fileprivate var year: Int { Int(UInt8(truncatingIfNeeded: high)) }

    fileprivate var root: String {
        withUnsafeBytes(of: high.bigEndian) {
            $0.baseAddress.unsafelyUnwrapped.wireText(0, bytes: 5)
        }
    }

    /// OSI: root in six places, yymmdd, C or P, strike in thousandths with eight digits.
    fileprivate var symbol: String {
        func padded(_ number: UInt64, _ width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let root = root
        let blanks = String(repeating: " ", count: max(0, 6 - root.utf8.count))
        let date = [year, month % 12 + 1, day].map { padded(UInt64($0), 2) }.joined()
        let isOSI = strike % 1_000_000 == 0 && strike / 1_000_000 < 100_000_000
        let price =
            isOSI
            ? padded(strike / 1_000_000, 8)
            : InstrumentDetails.decimal(Int64(strike), exponent: -9)
        return root + blanks + date + (month < 12 ? "C" : "P") + price
    }
}
