/// Layout of a run of ticks stored by columns: what a `ticks` or `image` block holds once zstd has
/// unpacked it. FORMAT.md ("Columns") is the specification; encoder and decoder share these names.
enum TickColumns {
    static let version: UInt16 = 1
    /// Most ticks one run may hold; bounds every buffer of the decoder.
    static let ticksMax = 1 << 16
    static let prefixSize = 16
    static let columnEntrySize = 8
    static let symbolsOffset = prefixSize + Column.allCases.count * columnEntrySize
    /// Attributes and selectors.
    static let symbolSize = 10
    /// Channels are told apart by this many low bits when sequences are predicted.
    static let channelMask: UInt64 = 63
    /// Orders that an instrument remembers, a power of two. The oldest cannot be referred to: its
    /// place is where the next one is written, needed or not.
    static let recentOrders = 16
    static let rankMax = recentOrders - 2

    /// The columns behind the symbols and their codes, in the order in which they are stored.
    enum Column: Int, CaseIterable {
        /// Ids of the run's instruments, by first occurrence.
        case instrumentID = 0
        /// Changes of the exchange time that need more than 16 bits.
        case timeLong
        /// Change of capture time minus exchange time; only where the capture time changed.
        case capture
        /// Against the channel's expected sequence; only where it differs.
        case sequence
        case line
        case extra
        /// Orders that no tick of the run introduced: against the newest add.
        case orderOld
        /// How many ticks back this order was introduced.
        case distance
        case priceWide
        case quantityWide
        /// Changes of the exchange time below 65,536 ns.
        case timeShort
        /// Which of the run's instruments; only where it is not that of the tick before.
        case instrument
        /// Which of the instrument's recent orders, the newest being 0.
        case rank
        /// Adds and trades: against the newest id of that sort.
        case orderNew
        case priceByte
        case quantityByte

        /// Byte planes of the columns that the decoder reads as they lie; others choose theirs.
        var fixedWidth: Int? {
            switch self {
            case .timeShort, .instrument: 2
            case .rank, .orderNew, .priceByte, .quantityByte: 1
            default: nil
            }
        }

        /// Columns of any width, which the decoder first gathers into whole numbers.
        static let wide = allCases.filter { $0.fixedWidth == nil }
    }

    /// Bits of a symbol's selectors.
    enum Selector {
        static let capture: UInt16 = 1 << 2
        static let sequence: UInt16 = 1 << 3
        static let line: UInt16 = 1 << 4
        static let extra: UInt16 = 1 << 5
        static let instrument: UInt16 = 1 << 6
        /// Above the time's two bits and the five above.
        static let orderShift: UInt16 = 7
        static let priceShift: UInt16 = 10
        static let quantityShift: UInt16 = 13
    }

    /// Bits 0–1: the exchange time.
    enum TimeSelector {
        static let same: UInt16 = 0
        static let short: UInt16 = 1
        static let long: UInt16 = 2
        /// None; the next one counts from the last that there was.
        static let zero: UInt16 = 3
    }

    /// Bits 7–9: the order id.
    enum OrderSelector {
        static let zero: UInt16 = 0
        static let rank: UInt16 = 1
        static let distance: UInt16 = 2
        static let new: UInt16 = 3
        static let old: UInt16 = 4
    }

    /// Bits 10–12: the price.
    enum PriceSelector {
        /// That of the tick that introduced the order; without reference, of the tick before.
        static let base: UInt16 = 0
        static let previous: UInt16 = 1
        /// The last of this instrument and side plus a column's value, in some unit.
        static let centsByte: UInt16 = 2
        static let cents: UInt16 = 3
        static let hundredthCents: UInt16 = 4
        static let units: UInt16 = 5
        static let none: UInt16 = 6
    }

    /// Billionths in the units that prices are counted in.
    static let centUnit: UInt64 = 10_000_000
    static let hundredthCentUnit: UInt64 = 100_000

    /// Bits 13–15: the quantity.
    enum QuantitySelector {
        static let base: UInt16 = 0
        static let previous: UInt16 = 1
        static let roundLot: UInt16 = 2
        static let lotsByte: UInt16 = 3
        static let unitsByte: UInt16 = 4
        static let units: UInt16 = 5
        static let none: UInt16 = 6
    }

    static let roundLot: UInt64 = 100

    /// Bytes 52–59 of a tick without byte 58, the line.
    static let attributesMask: UInt64 = 0xff00_ffff_ffff_ffff
    static let lineShift: UInt64 = 48

    /// Upper bound of the unpacked size of `count` ticks (FORMAT.md, "Columns").
    static func rawSizeMax(count: Int) -> Int { symbolsOffset + count * 72 }
}
