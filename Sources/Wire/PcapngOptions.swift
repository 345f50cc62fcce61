/// Walks the options of a pcapng block: {u16 code, u16 length, value padded to 4 bytes}, ended by
/// code 0 or by the block (capture-formats.md §3).
struct PcapngOptions {
    struct Option {
        var code: UInt16
        var value: UnsafeRawBufferPointer
    }

    private let block: UnsafeRawBufferPointer
    private let end: Int
    private let isSwapped: Bool
    /// Where in the block the walk stands.
    private(set) var offset: Int
    /// True when the walk stopped at an option that does not fit.
    private(set) var isDamaged = false

    /// `block` is a whole block, trailing length included; `from` at most its length less 4.
    init(_ block: UnsafeRawBufferPointer, from offset: Int, isSwapped: Bool) {
        self.block = block
        self.offset = offset
        self.isSwapped = isSwapped
        end = block.count - 4
    }

    mutating func next() -> Option? {
        guard end - offset >= 4 else {
            isDamaged = offset < end
            return nil
        }
        let base = block.baseAddress!
        let code = load(base, offset, as: UInt16.self, swapped: isSwapped)
        if code == 0 { return nil }
        let length = Int(load(base, offset + 2, as: UInt16.self, swapped: isSwapped))
        guard length <= end - offset - 4 else {
            isDamaged = true
            return nil
        }
        let value = UnsafeRawBufferPointer(start: base + offset + 4, count: length)
        offset = min(offset + 4 + (length + 3) & ~3, end)
        return Option(code: code, value: value)
    }
}

/// Converts an interface's timestamps to nanoseconds since the Unix epoch, exactly, rounding down.
struct TimestampUnit {
    private enum Scale {
        case multiply(UInt64)
        case divide(UInt64)
        /// Units of 2^-shift seconds.
        case shift(UInt64)
        /// Units so small that 2^64 of them are less than a nanosecond.
        case vanishing
    }

    private let scale: Scale
    private let offsetSeconds: Int64

    init(_ resolution: TimestampResolution, offsetSeconds: Int64) {
        self.offsetSeconds = offsetSeconds
        switch resolution {
        case .decimal(let exponent) where exponent <= 9:
            scale = .multiply(Self.powerOfTen(9 - exponent))
        case .decimal(let exponent) where exponent - 9 <= 19:
            scale = .divide(Self.powerOfTen(exponent - 9))
        case .binary(let exponent) where exponent < 94: scale = .shift(UInt64(exponent))
        case .decimal, .binary: scale = .vanishing
        }
    }

    private static func powerOfTen(_ exponent: UInt8) -> UInt64 {
        (0..<exponent).reduce(1) { power, _ in power * 10 }
    }

    /// Nil if the time is before 1970 or does not fit into 64 bits of nanoseconds.
    @inline(__always)
    func nanoseconds(_ units: UInt64) -> UInt64? {
        let unsigned: UInt64?
        switch scale {
        case .multiply(let factor):
            let (product, overflow) = units.multipliedReportingOverflow(by: factor)
            unsigned = overflow ? nil : product
        case .divide(let divisor): unsigned = units / divisor
        case .shift(let shift):
            // The product has at most 94 bits.
            let product = units.multipliedFullWidth(by: 1_000_000_000)
            if shift >= 64 {
                unsigned = product.high >> (shift - 64)
            } else if shift == 0 {
                unsigned = product.high == 0 ? product.low : nil
            } else if product.high >> shift != 0 {
                unsigned = nil
            } else {
                unsigned = product.high << (64 - shift) | product.low >> shift
            }
        case .vanishing: unsigned = 0
        }
        if offsetSeconds == 0 { return unsigned }
        return Self.shifted(units: units, scale: scale, bySeconds: offsetSeconds)
    }

    /// The same with an offset, in 128 bits: the sum may fit where the stamp alone does not.
    private static func shifted(
        units: UInt64, scale: Scale, bySeconds seconds: Int64
    ) -> UInt64? {
        let unshifted: Int128 =
            switch scale {
            case .multiply(let factor): Int128(units) * Int128(factor)
            case .divide(let divisor): Int128(units / divisor)
            case .shift(let shift): (Int128(units) * 1_000_000_000) >> Int128(shift)
            case .vanishing: 0
            }
        return UInt64(exactly: unshifted + Int128(seconds) * 1_000_000_000)
    }
}
