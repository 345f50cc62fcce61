/// A seeded generator of random numbers: the same seed gives the same numbers on every machine.
///
/// The algorithm is Steele, Lea and Flood's SplitMix64 with its published constants. Everything
/// derived from it here uses integers and the basic operations of `Double` only: functions of the
/// C library, such as `log`, differ in their last bit between its versions.
public struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A generator that is independent of what this one gives afterwards.
    mutating func split() -> SplitMix64 { SplitMix64(seed: next()) }

    /// 0 ..< `bound`; `bound` of 0 gives 0. The bias is below 2⁻³² × `bound`.
    mutating func below(_ bound: Int) -> Int {
        Int(((next() >> 32) &* UInt64(UInt32(truncatingIfNeeded: bound))) >> 32)
    }

    /// 0 ..< 1.
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    mutating func chance(_ probability: Double) -> Bool { unit() < probability }

    /// 1 with probability 1/2, 2 with 1/4, and so on, at most `largest`.
    mutating func halving(atMost largest: Int) -> Int {
        Swift.min(next().trailingZeroBitCount + 1, largest)
    }

    /// Heavy-tailed: at least `scale`, above `scale` × 2ⁿ with probability 2⁻ⁿ (Pareto, exponent
    /// 1), below `scale` × 2^(`octaves` + 1).
    mutating func heavyTailed(scale: Int, octaves: Int) -> Int {
        let bits = next()
        let octave = Swift.min(bits.trailingZeroBitCount, octaves)
        let fraction = ((bits >> 32) &* UInt64(scale)) >> 32
        return (scale + Int(fraction)) << octave
    }
}
