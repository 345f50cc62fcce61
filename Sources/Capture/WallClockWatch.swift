import Glibc

/// Notices steps of the wall clock (CLOCK_REALTIME) by its distance to CLOCK_MONOTONIC.
///
/// Slewing is no step: the kernel slews both clocks together, by at most 500 ppm (adjtimex(2),
/// clock_gettime(2)), and what is left stays within `driftPartsPerMillion`. A host that was suspended
/// shows a step forward: CLOCK_MONOTONIC stands still meanwhile.
public struct WallClockWatch: Sendable {
    /// Smallest step that counts, in nanoseconds.
    public let thresholdNanoseconds: UInt64
    /// Further allowance, for the monotonic time since the last look; up to 1,000,000.
    public let driftPartsPerMillion: UInt64
    private var last: (wall: UInt64, monotonic: UInt64)?

    public init(thresholdNanoseconds: UInt64 = 1_000_000, driftPartsPerMillion: UInt64 = 1000) {
        precondition(driftPartsPerMillion <= 1_000_000, "no clock drifts as fast as time passes")
        self.thresholdNanoseconds = thresholdNanoseconds
        self.driftPartsPerMillion = driftPartsPerMillion
    }

    /// Wall time minus monotonic time as of the last look, in ns: with it, a monotonic time becomes a
    /// wall time that knows of exactly the steps that were returned.
    public var offset: UInt64 { last.map { $0.wall &- $0.monotonic } ?? 0 }

    /// Takes both clocks as read at one moment, in nanoseconds. Returns by how many nanoseconds the
    /// wall clock stepped since the last look, negative if backward; nil if it did not.
    public mutating func observe(wall: UInt64, monotonic: UInt64) -> Int64? {
        defer { last = (wall, monotonic) }
        // A monotonic clock that goes back is not one to compare with.
        guard let last, monotonic >= last.monotonic else { return nil }
        let elapsed = monotonic - last.monotonic
        let step = Int64(bitPattern: (wall &- last.wall) &- elapsed)
        let (limit, isHuge) = thresholdNanoseconds.addingReportingOverflow(
            elapsed / 1_000_000 * driftPartsPerMillion)
        return isHuge || step.magnitude <= limit ? nil : step
    }

    /// Reads both clocks and observes them; nil too if they could not be read at one moment.
    public mutating func look() -> Int64? {
        guard let reading = ClockReading.now() else { return nil }
        return observe(wall: reading.wall, monotonic: reading.monotonic)
    }
}

/// The wall clock and the monotonic clock at one moment.
public struct ClockReading: Sendable, Equatable {
    /// ns since the Unix epoch, UTC.
    public var wall: UInt64
    /// CLOCK_MONOTONIC in nanoseconds.
    public var monotonic: UInt64
    /// How far apart in time the two can have been read, in nanoseconds.
    public var uncertaintyNanoseconds: UInt64

    /// A tenth of what `WallClockWatch` takes for a step.
    static let uncertaintyMax: UInt64 = 100_000
    private static let attemptCount = 16

    /// The wall clock between two reads of the monotonic one: the tightest of up to 16 tries, because
    /// whoever is interrupted in between would see a step. Nil if all tries were wide.
    public static func now() -> ClockReading? {
        var best: ClockReading?
        for _ in 0..<attemptCount {
            let before = nanoseconds(of: CLOCK_MONOTONIC)
            let wall = nanoseconds(of: CLOCK_REALTIME)
            let after = nanoseconds(of: CLOCK_MONOTONIC)
            let width = after &- before
            if width < best?.uncertaintyNanoseconds ?? uncertaintyMax {
                best = ClockReading(
                    wall: wall, monotonic: before + width / 2, uncertaintyNanoseconds: width)
            }
            if width < 1000 { break }
        }
        return best
    }

    static func nanoseconds(of clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }
}
