/// A move of a loss counter: what a `dropped` tick says.
public struct LineLoss: Sendable, Equatable {
    public var place: DropPlace
    /// Packets more than before.
    public var count: UInt64
    /// Other lines share the counter: the packets may have been theirs.
    public var isShared: Bool

    public init(_ place: DropPlace, _ count: UInt64, isShared: Bool = false) {
        self.place = place
        self.count = count
        self.isShared = isShared
    }

    /// `extra` of the tick: the place in the low byte, bit 8 for a shared counter.
    public var code: UInt32 { UInt32(place.rawValue) | (isShared ? 0x100 : 0) }

    /// Nil if the code names no place.
    public init?(code: UInt32, count: UInt64) {
        guard let place = DropPlace(rawValue: UInt8(truncatingIfNeeded: code)) else { return nil }
        self.init(place, count, isShared: code & 0x100 != 0)
    }
}
