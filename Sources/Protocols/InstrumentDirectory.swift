import Foundation
import Ticks

/// The instruments of one tape: dense ids from 1, found by venue and symbol.
///
/// Bounded by `capacity`; at the bound an instrument gets id 0 and is counted by the caller.
/// Finding an instrument allocates nothing, adding one may.
public final class InstrumentDirectory {
    /// Most instruments that the directory takes.
    public let capacity: Int
    /// Entry `i` describes id `i + 1`.
    public private(set) var entries: [Instrument] = []
    /// Ids whose entries are new or changed since `takeChanges()`.
    private var changes: [UInt32] = []

    /// Open addressing, a power of two of slots at most half full.
    private struct Slot {
        var symbol: UInt64
        var venue: UInt32
        var id: UInt32
    }
    private let slots: UnsafeMutablePointer<Slot>
    private let slotMask: Int
    private var venues: [String] = []

    /// Ids of symbols of more than eight bytes.
    private struct LongSymbol: Hashable {
        var text: String
        var venue: UInt32
    }
    private var longSymbols: [LongSymbol: UInt32] = [:]
    /// Most bytes of a symbol.
    private static let symbolByteMax = 31

    public init(capacity: Int) {
        precondition(capacity > 0 && capacity < 1 << 24, "1 … 16777215 instruments")
        self.capacity = capacity
        var slotCount = 2
        while slotCount < capacity * 2 { slotCount *= 2 }
        slots = .allocate(capacity: slotCount)
        slots.initialize(repeating: Slot(symbol: 0, venue: 0, id: 0), count: slotCount)
        slotMask = slotCount - 1
        entries.reserveCapacity(capacity)
        changes.reserveCapacity(256)
    }

    deinit { slots.deallocate() }

    /// A small number for the venue, to be kept by the decoder.
    public func venueIndex(_ name: String) -> UInt32 {
        if let known = venues.firstIndex(of: name) { return UInt32(known) }
        venues.append(name)
        return UInt32(venues.count - 1)
    }

    /// The id for eight raw symbol bytes (space padded, as on the wire, big-endian), 0 if unknown.
    public func find(symbol: UInt64, venue: UInt32) -> UInt32 {
        slots[slotIndex(symbol: symbol, venue: venue)].id
    }

    /// The id for eight raw symbol bytes; a new instrument is entered. 0 if the directory is full.
    public func findOrAdd(symbol: UInt64, venue: UInt32, code: UInt64, channel: UInt16) -> UInt32 {
        let index = slotIndex(symbol: symbol, venue: venue)
        if slots[index].id != 0 { return slots[index].id }
        let id = add(
            symbol: Self.text(symbol), venue: venue, code: code, channel: channel)
        if id != 0 { slots[index] = Slot(symbol: symbol, venue: venue, id: id) }
        return id
    }

    /// The id for a symbol as people write it, such as `SPXW 240315C05100000`; a new instrument is
    /// entered. 0 if the directory is full.
    ///
    /// Not for every message: keep ids in a `CodeTable`. Up to eight bytes are the same instrument as
    /// by `findOrAdd(symbol:)`. Blanks behind the text do not count; of a text of more than 31 bytes
    /// of UTF-8 the first ones and a checksum of all stay.
    public func findOrAdd(text: String, venue: UInt32, code: UInt64, channel: UInt16) -> UInt32 {
        let text = Self.symbol(text)
        if let index = shortIndex(text, venue) {
            if slots[index.slot].id != 0 { return slots[index.slot].id }
            let id = add(symbol: text, venue: venue, code: code, channel: channel)
            if id != 0 { slots[index.slot] = Slot(symbol: index.raw, venue: venue, id: id) }
            return id
        }
        let key = LongSymbol(text: text, venue: venue)
        if let known = longSymbols[key] { return known }
        let id = add(symbol: text, venue: venue, code: code, channel: channel)
        if id != 0 { longSymbols[key] = id }
        return id
    }

    /// The id for a symbol as people write it, 0 if unknown.
    public func find(text: String, venue: UInt32) -> UInt32 {
        let text = Self.symbol(text)
        if let index = shortIndex(text, venue) { return slots[index.slot].id }
        return longSymbols[LongSymbol(text: text, venue: venue)] ?? 0
    }

    /// Enters an instrument whose symbol is not known yet. 0 if the directory is full.
    public func addUnnamed(venue: UInt32, code: UInt64, channel: UInt16) -> UInt32 {
        add(symbol: "", venue: venue, code: code, channel: channel)
    }

    /// Names an instrument that was entered without a symbol.
    ///
    /// Returns false if another entry carries the symbol already; it stays unnamed then.
    public func name(_ id: UInt32, symbol: UInt64, venue: UInt32) -> Bool {
        let index = slotIndex(symbol: symbol, venue: venue)
        if slots[index].id != 0 { return slots[index].id == id }
        slots[index] = Slot(symbol: symbol, venue: venue, id: id)
        update(id) { $0.symbol = Self.text(symbol) }
        return true
    }

    /// As `name(_:symbol:venue:)`, for a symbol as people write it.
    public func name(_ id: UInt32, text: String, venue: UInt32) -> Bool {
        let text = Self.symbol(text)
        let known = find(text: text, venue: venue)
        if known != 0 { return known == id }
        if let index = shortIndex(text, venue) {
            slots[index.slot] = Slot(symbol: index.raw, venue: venue, id: id)
        } else {
            longSymbols[LongSymbol(text: text, venue: venue)] = id
        }
        update(id) { $0.symbol = text }
        return true
    }

    /// What decoders of several channels know together about the same instruments: made by the first
    /// one that asks for `key`.
    public func shared<Shared: AnyObject>(_ key: String, make: () -> Shared) -> Shared {
        if let known = sharedObjects[key] as? Shared { return known }
        let made = make()
        sharedObjects[key] = made
        return made
    }
    private var sharedObjects: [String: AnyObject] = [:]

    /// Changes an entry, and notes the change if there is one: venues repeat their definitions.
    public func update(_ id: UInt32, _ body: (inout Instrument) -> Void) {
        var entry = entries[Int(id) - 1]
        body(&entry)
        guard entry != entries[Int(id) - 1] else { return }
        entries[Int(id) - 1] = entry
        changes.append(id)
    }

    /// Enters what an earlier run of the same trading day knew, in its order of ids.
    ///
    /// Only into an empty directory. Returns false, with nothing entered, if the ids are not dense
    /// or do not fit.
    public func restore(_ instruments: [Instrument]) -> Bool {
        guard entries.isEmpty, instruments.count <= capacity else { return false }
        for (index, instrument) in instruments.enumerated() where instrument.id != index + 1 {
            return false
        }
        for instrument in instruments {
            let venue = venueIndex(instrument.venue)
            entries.append(instrument)
            changes.append(instrument.id)
            if instrument.symbol.isEmpty { continue }
            if let index = shortIndex(instrument.symbol, venue) {
                slots[index.slot] = Slot(symbol: index.raw, venue: venue, id: instrument.id)
            } else {
                longSymbols[LongSymbol(text: instrument.symbol, venue: venue)] = instrument.id
            }
        }
        return true
    }

    public var hasChanges: Bool { !changes.isEmpty }

    /// Hands out the ids that changed, oldest first, and forgets them.
    public func takeChanges(_ body: (Instrument) -> Void) {
        for id in changes { body(entries[Int(id) - 1]) }
        changes.removeAll(keepingCapacity: true)
    }

    private func add(symbol: String, venue: UInt32, code: UInt64, channel: UInt16) -> UInt32 {
        guard entries.count < capacity else { return 0 }
        let id = UInt32(entries.count + 1)
        entries.append(
            Instrument(
                id: id, symbol: symbol, venue: venues[Int(venue)], code: code, channel: channel))
        changes.append(id)
        return id
    }

    /// Where a symbol of at most eight bytes belongs; nil for longer ones.
    private func shortIndex(_ text: String, _ venue: UInt32) -> (slot: Int, raw: UInt64)? {
        guard let raw = text.isEmpty ? Self.blank : Self.raw(text) else { return nil }
        return (slotIndex(symbol: raw, venue: venue), raw)
    }

    /// The slot that holds the symbol, or the free one where it belongs.
    @inline(__always)
    private func slotIndex(symbol: UInt64, venue: UInt32) -> Int {
        // Of a product, only the highest bits depend on every bit of the symbol and the venue.
        let mixed = (symbol ^ UInt64(venue) << 56) &* 0x9E37_79B9_7F4A_7C15
        var index = Int(truncatingIfNeeded: mixed >> UInt64(slotMask.leadingZeroBitCount))
        while true {
            let slot = slots[index]
            if slot.id == 0 || (slot.symbol == symbol && slot.venue == venue) { return index }
            index = (index + 1) & slotMask
        }
    }

    /// Eight spaces: a symbol that the venue left blank.
    private static let blank: UInt64 = 0x2020_2020_2020_2020

    /// A text as the directory keeps it: without blanks behind it, backslashes and control
    /// characters as `\xNN`, at most 31 bytes long.
    private static func symbol(_ text: String) -> String {
        var scalars = Substring(text).unicodeScalars
        while let last = scalars.last, last == " " || last == "\0" { scalars.removeLast() }
        let whole = scalars.reduce(into: "") { whole, scalar in
            if scalar.value < 0x20 || scalar.value == 0x7F || scalar == "\\" {
                whole += escaped(UInt8(scalar.value))
            } else {
                whole.unicodeScalars.append(scalar)
            }
        }
        guard whole.utf8.count > symbolByteMax else { return whole }
        // FNV-1a: the same in every run, so that a restart finds the instrument again.
        let checksum = whole.utf8.reduce(0x811C_9DC5 as UInt32) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
        let tail = String(format: "~%08x", checksum)
        var head = ""
        for scalar in whole.unicodeScalars {
            guard head.utf8.count + String(scalar).utf8.count + tail.utf8.count <= symbolByteMax
            else { break }
            head.unicodeScalars.append(scalar)
        }
        return head + tail
    }

    /// Eight raw bytes as text: trailing spaces and zeros gone, bytes outside printable ASCII as
    /// `\xNN`, so that damaged symbols stay distinct and printable.
    static func text(_ raw: UInt64) -> String {
        withUnsafeBytes(of: raw.bigEndian) { bytes in
            var count = 8
            while count > 0, bytes[count - 1] == 0x20 || bytes[count - 1] == 0 { count -= 1 }
            let plain = bytes[..<count].allSatisfy {
                (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\\")
            }
            if plain { return String(decoding: bytes[..<count], as: UTF8.self) }
            return bytes[..<count].reduce(into: "") { text, byte in
                if (0x21...0x7E).contains(byte) && byte != UInt8(ascii: "\\") {
                    text.unicodeScalars.append(Unicode.Scalar(byte))
                } else {
                    text += escaped(byte)
                }
            }
        }
    }

    private static func escaped(_ byte: UInt8) -> String { String(format: "\\x%02x", byte) }

    /// The raw bytes, space padded, of what `text` gave; nil for anything else.
    static func raw(_ text: String) -> UInt64? {
        var bytes: [UInt8] = []
        var rest = Substring(text)
        while let letter = rest.first {
            if letter == "\\" {
                guard rest.hasPrefix("\\x"),
                    let byte = UInt8(rest.dropFirst(2).prefix(2), radix: 16)
                else { return nil }
                bytes.append(byte)
                rest = rest.dropFirst(4)
            } else {
                bytes.append(contentsOf: letter.utf8)
                rest = rest.dropFirst()
            }
        }
        guard !bytes.isEmpty, bytes.count <= 8 else { return nil }
        return (0..<8).reduce(UInt64(0)) { raw, index in
            raw << 8 | UInt64(index < bytes.count ? bytes[index] : 0x20)
        }
    }
}
