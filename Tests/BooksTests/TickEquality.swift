import Ticks

extension Tick: @retroactive Equatable {
    public static func == (left: Tick, right: Tick) -> Bool {
        unsafeBitCast(left, to: SIMD8<UInt64>.self) == unsafeBitCast(right, to: SIMD8<UInt64>.self)
    }
}
