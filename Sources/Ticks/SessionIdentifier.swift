/// Identifies one session of a channel: up to 16 raw bytes, compared as bytes.
///
/// MoldUDP64 sessions are ten ASCII bytes (moldudp64.md §1.1), IEX-TP sessions a 32-bit number
/// (iex.md §1).
@frozen
public struct SessionIdentifier: Hashable, Sendable, Codable {
    /// Bytes 0–7 and 8–15, big-endian, padded with zero bytes.
    public var high: UInt64
    public var low: UInt64

    @inlinable
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
}
