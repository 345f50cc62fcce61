/// A number for what ticks say, whichever way they came (DESIGN §1.2): two runs over the same messages
/// have the same hash, although their packets interleaved differently.
///
/// Left out: capture time, line, the capture-time bits of the flags, and ticks that only tell how the
/// lines behaved (`gap`, `gapFilled`, `lineState`, `alert`, `heartbeat`). The order counts.
public struct ContentHash: Sendable, Equatable, CustomStringConvertible {
    public private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325
    /// Ticks taken in.
    public private(set) var count: UInt64 = 0

    private static let leftOutFlags =
        TickFlags.timeSourceMask.rawValue | TickFlags.badCaptureTime.rawValue

    public init() {}

    public mutating func add(_ tick: Tick) {
        switch tick.tickKind {
        case .gap, .gapFilled, .lineState, .alert, .heartbeat: return
        default: break
        }
        count += 1
        mix(tick.exchangeTime)
        mix(tick.sequence)
        mix(tick.orderID)
        mix(UInt64(bitPattern: tick.price))
        mix(UInt64(bitPattern: tick.quantity))
        mix(
            UInt64(tick.instrument) | UInt64(tick.channel) << 32 | UInt64(tick.kind) << 48
                | UInt64(tick.side) << 56)
        mix(
            UInt64(tick.flags & ~Self.leftOutFlags) | UInt64(tick.detail) << 16
                | UInt64(tick.extra) << 32)
    }

    /// One round of a multiply-and-fold hash: every bit of the word reaches every bit of the value.
    private mutating func mix(_ word: UInt64) {
        let product = (value ^ word).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        value = product.high ^ product.low &+ 0x2545_F491_4F6C_DD1D
    }

    /// Sixteen hexadecimal digits.
    public var description: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
