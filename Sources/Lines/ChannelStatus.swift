import Ticks

/// A channel's books of account, in its sequence unit, for the current epoch (DESIGN §1.4):
/// `received = delivered + duplicate + stale + rejected + late + held` and
/// `knownEnd − first = delivered + lost + waiting`, at every moment.
public struct ChannelStatus: Sendable, Equatable {
    /// Numbered from 1; 0 before the first packet.
    public var epoch: UInt32 = 0
    public var session = SessionIdentifier(high: 0, low: 0)
    public var hasEnded = false
    /// First sequence of the epoch that we count from.
    public var first: UInt64 = 0
    /// Next sequence to be delivered.
    public var next: UInt64 = 0
    /// Behind the highest sequence known to exist.
    public var knownEnd: UInt64 = 0

    public var received: UInt64 = 0
    public var delivered: UInt64 = 0
    public var duplicate: UInt64 = 0
    public var stale: UInt64 = 0
    /// Announced by a header, but not in its packet.
    public var rejected: UInt64 = 0
    /// From before the first sequence that we count from.
    public var late: UInt64 = 0
    /// Waiting for their turn, or for proof of another epoch, or about to be handed out.
    public var held: UInt64 = 0

    public var lost: UInt64 = 0
    /// Delivered after their gap had been declared; part of `delivered`.
    public var recovered: UInt64 = 0
    /// Gaps declared in this epoch, those open, and those filled since.
    public var gaps: UInt64 = 0
    public var gapsOpen: UInt64 = 0
    public var gapsFilled: UInt64 = 0
    public var mismatches: UInt64 = 0
    /// Messages without numbers that were delivered, and copies of them; in none of the balances.
    public var unsequenced: UInt64 = 0
    public var unsequencedDuplicate: UInt64 = 0

    public var waiting: UInt64 { knownEnd - next }

    public var isBalanced: Bool {
        received == delivered + duplicate + stale + rejected + late + held
            && knownEnd - first == delivered + lost + waiting
    }

    public init() {}

    /// What earlier epochs of the run add up to, for totals.
    public mutating func add(_ other: ChannelStatus) {
        received += other.received
        delivered += other.delivered
        duplicate += other.duplicate
        stale += other.stale
        rejected += other.rejected
        late += other.late
        lost += other.lost
        recovered += other.recovered
        gaps += other.gaps
        gapsFilled += other.gapsFilled
        mismatches += other.mismatches
        unsequenced += other.unsequenced
        unsequencedDuplicate += other.unsequencedDuplicate
    }
}

/// What one line delivered and when; over all epochs of the run.
public struct LineStatus: Sendable {
    public static let skewBuckets = 32

    public var packets: UInt64 = 0
    public var messages: UInt64 = 0
    /// Of message blocks; of rejected datagrams the whole payload.
    public var bytes: UInt64 = 0
    public var heartbeats: UInt64 = 0
    /// Messages that this line delivered first.
    public var wins: UInt64 = 0
    public var duplicates: UInt64 = 0
    public var stale: UInt64 = 0
    /// Messages that the line skipped and has not brought since.
    public var lost: UInt64 = 0
    /// Messages that the line brought after higher ones.
    public var outOfOrder: UInt64 = 0
    /// Packets that are none of this transport, and messages announced but absent.
    public var rejected: UInt64 = 0
    /// Messages without numbers, and those of them that another line had brought; in no other count
    /// of messages.
    public var unsequenced: UInt64 = 0
    public var unsequencedDuplicates: UInt64 = 0
    /// Core time of the newest packet, 0 before the first.
    public var lastTime: UInt64 = 0
    public var isSilent = false
    /// Packets by how long after the winner they came: bucket 0 holds 0 ns, bucket i
    /// 2^(i-1) ..< 2^i ns, the last one everything above.
    public var skew = [UInt64](repeating: 0, count: skewBuckets)

    public init() {}

    mutating func noteSkew(_ nanoseconds: UInt64) {
        let bucket = min(64 - nanoseconds.leadingZeroBitCount, Self.skewBuckets - 1)
        skew[bucket] += 1
    }
}

/// A line's own run of sequence numbers.
struct LineRun {
    /// Epoch that the line's packets belong to; 0 before its first.
    var epoch: UInt32 = 0
    var session = SessionIdentifier(high: 0, low: 0)
    /// Behind the highest sequence that the line brought.
    var next: UInt64 = 0
    /// What it skipped and may still bring.
    var missing = SequenceRanges(capacity: 64)
    var candidate: RestartCandidate

    init(candidate: RestartCandidate) { self.candidate = candidate }
}
