import Ticks

/// Prices by the denominator of each instrument (others.md §9, §16).
struct PriceScales {
    /// Where the denominator stands in an instrument's details, for a restarted handler.
    static let detailKey = "price_denominator"

    private struct Scale {
        /// Billionths in one unit of the wire; 0 where that is no whole number, or not known.
        var factor: Int64 = 0
        /// 0 if not known.
        var denominator: UInt32 = 0
    }
    /// By instrument id.
    private let scales: UnsafeMutablePointer<Scale>
    private let capacity: Int

    /// Takes over what the directory's details tell.
    init(_ directory: InstrumentDirectory) {
        capacity = directory.capacity + 1
        scales = .allocate(capacity: capacity)
        scales.initialize(repeating: Scale(), count: capacity)
        for entry in directory.entries {
            for line in entry.details.split(separator: "\n") {
                let parts = line.split(separator: "=")
                guard parts.count == 2, parts[0] == Self.detailKey,
                    let denominator = UInt32(parts[1])
                else { continue }
                set(denominator, instrument: entry.id)
            }
        }
    }

    func free() { scales.deallocate() }

    /// Nothing for instrument 0, which found no place in the directory.
    func set(_ denominator: UInt32, instrument: UInt32) {
        guard instrument != 0 else { return }
        let isWhole = denominator != 0 && Price.scale % Int64(denominator) == 0
        scales[Int(instrument)] = Scale(
            factor: isWhole ? Price.scale / Int64(denominator) : 0, denominator: denominator)
    }

    /// Nil if the denominator is not known or the price does not fit a tick.
    @inline(__always)
    func billionths(_ raw: Int64, instrument: UInt32) -> Int64? {
        let scale = scales[Int(instrument)]
        if scale.factor != 0 { return wireBillionths(raw, scale: scale.factor) }
        return Self.billionths(raw, over: scale.denominator)
    }

    /// `raw / denominator` in billionths, rounded to zero; nil if that does not fit a tick.
    @inline(never)
    static func billionths(_ raw: Int64, over denominator: UInt32) -> Int64? {
        guard denominator != 0 else { return nil }
        let value = Int64(exactly: Int128(raw) * Int128(Price.scale) / Int128(denominator))
        return value == Price.none ? nil : value
    }
}
