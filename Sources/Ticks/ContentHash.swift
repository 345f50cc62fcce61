/// A number for what ticks say, whichever way they came (DESIGN §1.2): two runs over the same messages
/// have the same hash, although their packets interleaved differently.
///
/// Left out: capture time, line, the capture-time bits of the flags, and ticks that only tell how the
/// lines behaved (`gap`, `gapFilled`, `lineState`, `alert`, `heartbeat`). The order counts, but for
/// ticks of messages without sequence: where those stand depends on the lines.
public struct ContentHash: Sendable, Equatable, CustomStringConvertible {
    private static let seed: UInt64 = 0xCBF2_9CE4_8422_2325
    private var ordered = seed
    /// Sum over the ticks without sequence.
    private var unordered: UInt64 = 0
    public var value: UInt64 {
        unordered == 0 ? ordered : Self.mixed(ordered, unordered)
    }
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
        if tick.sequence == 0, tick.tickKind != .epoch {
            unordered &+= Self.hash(tick, from: Self.seed)
        } else {
            ordered = Self.hash(tick, from: ordered)
        }
    }

    private static func hash(_ tick: Tick, from start: UInt64) -> UInt64 {
        var value = mixed(start, tick.exchangeTime)
        value = mixed(value, tick.sequence)
        value = mixed(value, tick.orderID)
        value = mixed(value, UInt64(bitPattern: tick.price))
        value = mixed(value, UInt64(bitPattern: tick.quantity))
        value = mixed(
            value,
            UInt64(tick.instrument) | UInt64(tick.channel) << 32 | UInt64(tick.kind) << 48
                | UInt64(tick.side) << 56)
        return mixed(
            value,
            UInt64(tick.flags & ~leftOutFlags) | UInt64(tick.detail) << 16
                | UInt64(tick.extra) << 32)
    }

    /// One round of a multiply-and-fold hash: every bit of the word reaches every bit of the value.
    private static func mixed(_ value: UInt64, _ word: UInt64) -> UInt64 {
        let product = (value ^ word).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        return product.high ^ product.low &+ 0x2545_F491_4F6C_DD1D
    }

    /// Sixteen hexadecimal digits.
    public var description: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
