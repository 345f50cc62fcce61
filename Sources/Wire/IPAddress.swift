import Glibc

/// An IPv4 or IPv6 address. IPv4 addresses are held as IPv4-mapped ones, ::ffff:a.b.c.d
/// (RFC 4291 §2.5.5.2), so that a mapped address equals the IPv4 address that it stands for.
@frozen
public struct IPAddress: Hashable, Sendable, CustomStringConvertible {
    /// Bytes 0–7 and 8–15 of the IPv6 form, as big-endian numbers.
    public var high: UInt64
    public var low: UInt64

    @inlinable
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// 10.0.0.1 is 0x0A00_0001.
    @inlinable
    public init(v4: UInt32) {
        high = 0
        low = 0xFFFF_0000_0000 | UInt64(v4)
    }

    @inlinable
    public var isV4: Bool { high == 0 && low >> 32 == 0xFFFF }

    /// The number that `init(v4:)` takes; nil for IPv6.
    @inlinable
    public var v4: UInt32? { isV4 ? UInt32(truncatingIfNeeded: low) : nil }

    /// 224.0.0.0/4 or ff00::/8.
    @inlinable
    public var isMulticast: Bool {
        isV4 ? low >> 28 & 0xF == 0xE : high >> 56 == 0xFF
    }

    /// Parses the usual notations of either family (RFC 4291 §2.2); nil for anything else.
    public init?(_ text: String) {
        guard !text.utf8.contains(0) else { return nil }
        var v4 = in_addr()
        if inet_pton(AF_INET, text, &v4) == 1 {
            self.init(v4: UInt32(bigEndian: v4.s_addr))
            return
        }
        var v6 = in6_addr()
        guard inet_pton(AF_INET6, text, &v6) == 1 else { return nil }
        self = withUnsafeBytes(of: &v6) { bytes in
            IPAddress(
                high: UInt64(bigEndian: bytes.load(as: UInt64.self)),
                low: UInt64(bigEndian: bytes.load(fromByteOffset: 8, as: UInt64.self)))
        }
    }

    public var description: String {
        if isV4 {
            return "\(low >> 24 & 0xFF).\(low >> 16 & 0xFF).\(low >> 8 & 0xFF).\(low & 0xFF)"
        }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        return withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { bytes in
            String(
                cString: inet_ntop(
                    AF_INET6, bytes.baseAddress, &text, socklen_t(INET6_ADDRSTRLEN)))
        }
    }
}
