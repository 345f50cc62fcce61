import Ticks

/// Instruments of the equity tapes by their symbols of 11 or 5 letters, which are the same ones.
final class TapeSymbols {
    private static let blank: UInt64 = 0x2020_2020_2020_2020

    private let directory: InstrumentDirectory
    private let venue: UInt32
    private let channel: UInt16
    private let table: CodeTable
    /// Messages whose instrument found no place.
    private(set) var directoryFull: UInt64 = 0

    init(_ setup: DecoderSetup) {
        directory = setup.directory
        venue = setup.directory.venueIndex(setup.venue)
        channel = setup.channel
        table = CodeTable(capacity: setup.directory.capacity)
    }

    /// The instrument of 11 letters padded with spaces, 0 if the directory is full.
    @inline(__always)
    func find11(_ letters: UnsafeRawPointer) -> UInt32 {
        find(letters.wireLetters(0, bytes: 8), letters.wireLetters(8, bytes: 3), letters, 11)
    }

    /// The instrument of 5 letters padded with spaces, 0 if the directory is full.
    @inline(__always)
    func find5(_ letters: UnsafeRawPointer) -> UInt32 {
        find(letters.wireLetters(0, bytes: 5), Self.blank, letters, 5)
    }

    @inline(__always)
    private func find(_ high: UInt64, _ low: UInt64, _ letters: UnsafeRawPointer, _ count: Int)
        -> UInt32
    {
        let known = table.find(high, low)
        return known != 0 ? known : add(high, low, text: letters.wireText(0, bytes: count))
    }

    @inline(never)
    private func add(_ high: UInt64, _ low: UInt64, text: String) -> UInt32 {
        let id = directory.findOrAdd(text: text, venue: venue, code: 0, channel: channel)
        guard id != 0 else {
            directoryFull &+= 1
            return 0
        }
        table.insert(high, low, id: id)
        if directory.entries[Int(id) - 1].details.isEmpty {
            describe(id, lotSize: 0, tickSize: 0) { _ in }
        }
        return id
    }

    /// Sets what a directory message says; quantities count millionths of a share everywhere.
    func describe(
        _ id: UInt32, lotSize: Int64, tickSize: Int64, _ more: (inout InstrumentDetails) -> Void
    ) {
        guard id != 0 else { return }
        var details = InstrumentDetails()
        more(&details)
        details.set(quantityUnit: 1, exponent: -6)
        directory.update(id) {
            $0.lotSize = lotSize &* ConsolidatedEmitter.millionths
            $0.tickSize = tickSize
            $0.details = details.text
        }
    }
}
