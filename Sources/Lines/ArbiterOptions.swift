import Wire

/// Bounds and patience of one channel's arbitration.
public struct ArbiterOptions: Sendable {
    /// How long a hole may wait for its messages, ns of core time.
    public var windowNanoseconds: UInt64
    /// Most packets that wait for their turn.
    public var windowPackets: Int
    /// Most bytes that wait for their turn.
    public var windowBytes: Int
    /// A packet further ahead than this many messages is not followed until several agree.
    public var jumpMax: UInt64
    /// How many consistent packets on one line prove a restart or a jump that nothing else proves.
    public var proofPackets: Int
    /// Most ranges of lost messages that are remembered for late arrivals.
    public var lostRangesMax: Int
    /// How long the channel's message blocks are.
    public var framing: BlockFraming
    /// The transport gives send times and stream offsets, which prove restarts (IEX-TP).
    public var isTimed: Bool

    public init(
        windowNanoseconds: UInt64 = 10_000_000, windowPackets: Int = 4096,
        windowBytes: Int = 8 << 20, jumpMax: UInt64 = 1 << 27, proofPackets: Int = 3,
        lostRangesMax: Int = 1024, framing: BlockFraming = .mold,
        isTimed: Bool = false
    ) {
        self.windowNanoseconds = windowNanoseconds
        self.windowPackets = windowPackets
        self.windowBytes = windowBytes
        self.jumpMax = jumpMax
        self.proofPackets = proofPackets
        self.lostRangesMax = lostRangesMax
        self.framing = framing
        self.isTimed = isTimed
    }
}
