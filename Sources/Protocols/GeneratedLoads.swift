import Foundation
import Ticks

/// What generated accessors are made of. The caller has checked that the bytes are there.
extension UnsafeRawPointer {
    /// `bytes` bytes as a big-endian number.
    @inlinable @inline(__always)
    public func wireBig(_ offset: Int, bytes: Int) -> UInt64 {
        // `bytes` is a constant where this is inlined; six single bytes would not be joined.
        if bytes == 6 {
            let high = UInt16(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt16.self))
            let low = UInt32(
                bigEndian: loadUnaligned(fromByteOffset: offset &+ 2, as: UInt32.self))
            return UInt64(high) << 32 | UInt64(low)
        }
        var value: UInt64 = 0
        for index in 0..<bytes {
            value = value << 8 | UInt64(load(fromByteOffset: offset &+ index, as: UInt8.self))
        }
        return value
    }

    /// `bytes` bytes as a little-endian number.
    @inlinable @inline(__always)
    public func wireLittle(_ offset: Int, bytes: Int) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<bytes {
            let byte = UInt64(load(fromByteOffset: offset &+ index, as: UInt8.self))
            value |= byte << UInt64(8 &* index)
        }
        return value
    }

    /// Up to eight letters as `InstrumentDirectory` keys them: big-endian, padded with spaces.
    @inlinable @inline(__always)
    public func wireLetters(_ offset: Int, bytes: Int) -> UInt64 {
        if bytes == 8 {
            return UInt64(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        let padding = 0x2020_2020_2020_2020 as UInt64 >> UInt64(8 &* bytes)
        return wireBig(offset, bytes: bytes) << UInt64(64 &- 8 &* bytes) | padding
    }

    /// Padded text without its trailing spaces and zeros; bytes that are no printable ASCII as
    /// `\xNN`, so that damaged text stays distinct and printable.
    public func wireText(_ offset: Int, bytes: Int) -> String {
        var count = bytes
        while count > 0 {
            let last = load(fromByteOffset: offset + count - 1, as: UInt8.self)
            guard last == 0x20 || last == 0 else { break }
            count -= 1
        }
        let letters = UnsafeRawBufferPointer(start: self + offset, count: count)
        if letters.allSatisfy({ (0x20...0x7E).contains($0) && $0 != 0x5C }) {
            return String(decoding: letters, as: UTF8.self)
        }
        return letters.reduce(into: "") { text, byte in
            if (0x20...0x7E).contains(byte) && byte != 0x5C {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                text += String(format: "\\x%02x", byte)
            }
        }
    }
}

extension UnsafeRawBufferPointer {
    /// Behind the last byte.
    @inlinable @inline(__always)
    public var wireEnd: UnsafeRawPointer { baseAddress.unsafelyUnwrapped + count }
}

/// `raw * scale` billionths; nil if that does not fit a tick (or is its sentinel).
@inlinable @inline(__always)
public func wireBillionths<Raw: FixedWidthInteger>(_ raw: Raw, scale: Int64) -> Int64? {
    guard let value = Int64(exactly: raw) else { return nil }
    let (product, overflow) = value.multipliedReportingOverflow(by: scale)
    return overflow || product == Price.none ? nil : product
}
