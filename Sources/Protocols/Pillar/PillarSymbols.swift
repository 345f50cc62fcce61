/// What messages need to know of one symbol: whose it is, what its prices mean, whose clock it has.
struct PillarSymbol {
    /// The symbol index on the wire.
    var index: UInt32 = 0
    /// Directory id; 0 for a free place in the table.
    var instrument: UInt32 = 0
    /// Billionths of the price unit in one unit of its prices; 0 if unknown.
    var priceScale: UInt32 = 0
    /// Matching engine partition; `unknownSystem` before the index mapping.
    var system: UInt16 = unknownSystem
    /// Trading status letter last told, 0 before the first (OpenBook Ultra).
    var status: UInt8 = 0
    /// Entered by its index alone.
    var isUnnamed = false

    /// No partition's number, which has 8 bits.
    static let unknownSystem: UInt16 = 256

    /// Billionths in the unit of prices with this scale code (nyse-xdp.md §3), 0 if a tick cannot
    /// hold them.
    static func priceScale(code: UInt8) -> UInt32 {
        guard code <= 9 else { return 0 }
        return (code..<9).reduce(1) { scale, _ in scale * 10 }
    }
}

/// Symbols of one channel by their index: open addressing, a power of two of places at most half
/// full. Looking up allocates nothing; entering may.
struct PillarSymbols {
    private var places: UnsafeMutablePointer<PillarSymbol>
    private var mask: Int
    private var count = 0

    init() {
        mask = 1023
        places = .allocate(capacity: mask + 1)
        places.initialize(repeating: PillarSymbol(), count: mask + 1)
    }

    func free() { places.deallocate() }

    /// The symbol with this index; with instrument 0 if it is not known.
    @inline(__always)
    func find(_ index: UInt32) -> PillarSymbol { places[place(index)] }

    /// Enters a symbol, whose instrument is not 0, or replaces the one with its index.
    mutating func insert(_ symbol: PillarSymbol) {
        precondition(symbol.instrument != 0, "0 is no instrument")
        if places[place(symbol.index)].instrument == 0 {
            if (count + 1) * 2 > mask + 1 { grow() }
            count += 1
        }
        places[place(symbol.index)] = symbol
    }

    private mutating func grow() {
        let old = places
        let oldCount = mask + 1
        mask = oldCount * 2 - 1
        places = .allocate(capacity: mask + 1)
        places.initialize(repeating: PillarSymbol(), count: mask + 1)
        for symbol in UnsafeBufferPointer(start: old, count: oldCount) where symbol.instrument != 0
        {
            places[place(symbol.index)] = symbol
        }
        old.deallocate()
    }

    /// Where the index stands, or the free place where it belongs.
    @inline(__always)
    private func place(_ index: UInt32) -> Int {
        let mixed = UInt64(index) &* 0x9E37_79B9_7F4A_7C15
        var at = Int(truncatingIfNeeded: mixed >> 32) & mask
        while places[at].instrument != 0, places[at].index != index { at = (at &+ 1) & mask }
        return at
    }
}
