import Ticks

/// Instruments of Coinbase Derivatives by the venue's number, for incremental and snapshot channels
/// alike. The symbol is the number, so that both find the same entry whichever comes first.
final class CoinbaseInstruments {
    private let directory: InstrumentDirectory
    private let codes: CodeTable
    private let venue: UInt32
    private let channel: UInt16
    private(set) var directoryFull: UInt64 = 0
    /// Digests of the definitions that instruments were last described by, by id.
    @exclusivity(unchecked) private var digests: [UInt64]

    init(_ setup: DecoderSetup) {
        directory = setup.directory
        codes = CodeTable(capacity: setup.directory.capacity)
        venue = setup.directory.venueIndex(setup.venue)
        channel = setup.channel
        digests = Array(repeating: 0, count: setup.directory.capacity + 1)
    }

    /// The id of the instrument; 0, and counted, if the directory is full.
    @inline(__always)
    func find(_ number: Int32) -> UInt32 {
        let known = codes.find(UInt64(UInt32(bitPattern: number)))
        return known != 0 ? known : enter(number)
    }

    @inline(never)
    private func enter(_ number: Int32) -> UInt32 {
        let code = UInt64(UInt32(bitPattern: number))
        let id = directory.findOrAdd(
            text: String(number), venue: venue, code: code, channel: channel)
        guard id != 0 else {
            directoryFull &+= 1
            return 0
        }
        codes.insert(code, id: id)
        return id
    }

    /// False if these parts of a definition are those that the instrument was described by already:
    /// snapshots repeat them all day, and describing takes as long as decoding dozens of orders.
    func isNews(
        _ id: UInt32, _ definition: UnsafeRawPointer, _ first: Range<Int>, _ second: Range<Int>,
        _ third: Range<Int> = 0..<0
    ) -> Bool {
        var digest = Self.digest(definition, first, 1)
        digest = Self.digest(definition, second, digest)
        digest = Self.digest(definition, third, digest)
        guard id != 0, digests[Int(id)] != digest else { return false }
        digests[Int(id)] = digest
        return true
    }

    private static func digest(
        _ bytes: UnsafeRawPointer, _ range: Range<Int>, _ start: UInt64
    ) -> UInt64 {
        var digest = start
        func add(_ word: UInt64) {
            let (high, low) = (digest ^ word).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
            digest = (high ^ low) &+ 0xD1B5_4A32_D192_ED03
        }
        var at = range.lowerBound
        while at &+ 8 <= range.upperBound {
            add(bytes.little64(at))
            at &+= 8
        }
        while at < range.upperBound {
            add(UInt64(bytes.byte(at)))
            at &+= 1
        }
        return digest
    }

    /// What outrights, spreads and options have in common.
    struct Definition {
        var symbol: String
        var product: String
        /// ISO 10962, as the venue pads it.
        var classification: String
        var currency = ""
        /// Billionths, least value = none.
        var tickSize: Int64
        /// Days since 1970.
        var lastSession: UInt16
        /// Least value = none.
        var contractSize = Int32.min
    }

    /// Describes an instrument; `more` adds what only its kind has.
    func describe(
        _ id: UInt32, _ definition: Definition, more: (inout InstrumentDetails) -> Void = { _ in }
    ) {
        guard id != 0 else { return }
        var details = InstrumentDetails()
        details.set(type: Self.type(definition.classification))
        details.set("symbol", definition.symbol)
        details.set("product", definition.product)
        details.set("cfi", definition.classification)
        if definition.classification.hasPrefix("OC") { details.set(putCall: .call) }
        if definition.classification.hasPrefix("OP") { details.set(putCall: .put) }
        if definition.lastSession != 0 {
            details.set(expiry: CalendarDate(daysSince1970: Int(definition.lastSession)))
        }
        if definition.contractSize > 0 {
            details.set(multiplier: Int64(definition.contractSize))
        }
        more(&details)
        directory.update(id) { entry in
            entry.details = details.text
            entry.tickSize =
                definition.tickSize > 0 && definition.tickSize != Price.none
                ? definition.tickSize : 0
            entry.currency = definition.currency
        }
    }

    private static func type(_ classification: String) -> InstrumentDetails.InstrumentType {
        switch classification.first {
        case "F": .future
        case "O", "H": .option
        case "K", "L": .spread
        default: .other
        }
    }
}
