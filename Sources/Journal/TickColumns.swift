import Ticks

/// Layout of a run of ticks stored by columns: what a `ticks` or `image` block holds once zstd has
/// unpacked it. FORMAT.md ("Columns") is the specification; encoder and decoder share these names.
enum TickColumns {
    static let version: UInt16 = 1
    /// Most ticks one run may hold; bounds every buffer of the decoder.
    static let ticksMax = 1 << 16
    static let prefixSize = 16
    static let fieldEntrySize = 12
    static let dictionaryOffset = prefixSize + Field.allCases.count * fieldEntrySize
    /// Channels are told apart by this many low bits when sequences are predicted.
    static let channelMask: UInt64 = 63
    /// `TickFlags.lastOfEvent`, as a constant that needs no call.
    static let lastOfEventBit: UInt16 = 1
    static let priceTableBitsMax = 12
    static let priceTableBitsMin = 6

    /// The residual columns, in the order in which they are stored.
    enum Field: Int, CaseIterable {
        /// Against the last exchange time that was not zero.
        case exchangeTime = 0
        /// Against the last capture time; only where it changed.
        case captureTime
        /// Against the channel's expected sequence; only where it differs.
        case sequence
        /// Adds and trades: against the newest id of that sort.
        case orderNew
        /// Orders not seen in this run: against the newest add.
        case orderOld
        /// How many ticks back this order was seen.
        case reference
        case price
        case quantity
        case instrument
        case extra
    }

    /// Bits 0–1 of the first selector byte: where the order id comes from.
    enum OrderSelector {
        static let zero: UInt8 = 0
        static let reference: UInt8 = 1
        static let new: UInt8 = 2
        static let old: UInt8 = 3
    }

    /// Bits 2–4 of the first selector byte: where the price comes from.
    enum PriceSelector {
        /// The base tick's.
        static let base: UInt8 = 0
        /// The last price of the same instrument and side, plus the residual in units of …
        static let cents: UInt8 = 1
        static let hundredthCents: UInt8 = 2
        static let units: UInt8 = 3
        static let none: UInt8 = 4
    }

    /// Billionths in the units that price residuals are counted in.
    static let centUnit: UInt64 = 10_000_000
    static let hundredthCentUnit: UInt64 = 100_000

    /// Bits 5–7 of the first selector byte: where the quantity comes from.
    enum QuantitySelector {
        static let base: UInt8 = 0
        static let hundreds: UInt8 = 1
        static let units: UInt8 = 2
        static let none: UInt8 = 3
    }

    /// The second selector byte: which of these have a residual.
    enum Present {
        static let captureTime: UInt8 = 1
        static let sequence: UInt8 = 2
        static let extra: UInt8 = 4
        static let instrument: UInt8 = 8
        static let all: UInt8 = 15
    }

    /// Upper bound of the unpacked size of `count` ticks (FORMAT.md, "Columns").
    static func rawSizeMax(count: Int) -> Int { dictionaryOffset + count * 76 }

    /// Bits of the last-price table's index for a run of `count` ticks.
    static func priceTableBits(count: Int) -> Int {
        let wanted = count <= 1 ? 0 : Int.bitWidth - (count - 1).leadingZeroBitCount
        return min(max(wanted, priceTableBitsMin), priceTableBitsMax)
    }
}

/// Scratch memory of one encoder or decoder: allocated once, for runs of up to `ticksMax` ticks.
final class ColumnScratch {
    let ticksMax: Int
    /// One array of residuals a field, each with one spare element that unconditional loads may hit.
    let residuals: [UnsafeMutablePointer<UInt64>]
    let lastPrices: UnsafeMutablePointer<Int64>
    let nextSequences: UnsafeMutablePointer<UInt64>
    let zeroTick: UnsafeMutablePointer<Tick>
    /// Per tick of a chunk, how many ticks back its base is.
    let bases: UnsafeMutablePointer<Int32>

    init(ticksMax: Int) {
        precondition(ticksMax > 0 && ticksMax <= TickColumns.ticksMax)
        self.ticksMax = ticksMax
        residuals = TickColumns.Field.allCases.map { _ in
            let values = UnsafeMutablePointer<UInt64>.allocate(capacity: ticksMax + 1)
            values.initialize(repeating: 0, count: ticksMax + 1)
            return values
        }
        lastPrices = .allocate(capacity: 1 << TickColumns.priceTableBitsMax)
        nextSequences = .allocate(capacity: Int(TickColumns.channelMask) + 1)
        zeroTick = .allocate(capacity: 1)
        zeroTick.initialize(to: Tick())
        bases = .allocate(capacity: DecoderState.chunkSize)
    }

    deinit {
        for values in residuals { values.deallocate() }
        lastPrices.deallocate()
        nextSequences.deallocate()
        zeroTick.deallocate()
        bases.deallocate()
    }

    /// Brings the predictors to where every run begins.
    func reset(priceTableBits: Int) {
        lastPrices.update(repeating: 0, count: 1 << priceTableBits)
        nextSequences.update(repeating: 0, count: Int(TickColumns.channelMask) + 1)
    }
}
