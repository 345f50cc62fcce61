import Glibc

/// UTC from CLOCK_MONOTONIC, the clock that the XDP program reads. No system calls: both clocks are
/// in the vDSO.
struct MonotonicClock {
    /// The offset follows the wall clock, steps included, at most this much later.
    private static let refreshNanoseconds: UInt64 = 10_000_000
    /// Two readings this close together were not interrupted.
    private static let closeNanoseconds: UInt64 = 1_000

    private var offset: UInt64 = 0
    private var refreshAt: UInt64 = 0

    @inline(__always)
    mutating func utc(_ monotonic: UInt64) -> UInt64 {
        if monotonic >= refreshAt { refresh() }
        return monotonic &+ offset
    }

    @inline(never)
    private mutating func refresh() {
        var least = UInt64.max
        for _ in 0..<3 where least > Self.closeNanoseconds {
            let before = Self.now(CLOCK_MONOTONIC)
            let utc = Self.now(CLOCK_REALTIME)
            let after = Self.now(CLOCK_MONOTONIC)
            guard after &- before < least else { continue }
            least = after &- before
            offset = utc &- (before &+ least / 2)
            refreshAt = after &+ Self.refreshNanoseconds
        }
    }

    static func now(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }
}
