/// Order references of venues that number orders within an instrument or a side of its book only.
enum OrderKey {
    /// `reference` xor a mixture of what it is unique in: unique there, and across mixtures equal for
    /// two live orders with a probability of about one in 2^64.
    ///
    /// Xor with the same mixture gives the venue's reference again.
    @inline(__always)
    static func make(_ reference: UInt64, within scope: UInt64) -> UInt64 {
        reference ^ mixed(scope)
    }

    /// Every bit of the result depends on every bit of `value`, and no two values give one result.
    @inline(__always)
    static func mixed(_ value: UInt64) -> UInt64 {
        var mixed = value &+ 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
