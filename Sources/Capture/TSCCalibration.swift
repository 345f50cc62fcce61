import CLinux
import Glibc

/// The time stamp counter and the wall clock at one moment.
struct TSCSample: Sendable, Equatable {
    var counter: UInt64
    /// CLOCK_REALTIME, ns since the Unix epoch, UTC.
    var wall: UInt64
    /// Ticks between the two counter reads around the wall clock.
    var width: UInt64

    /// The tightest of `attemptCount` brackets: an interrupt inside one makes it wide, not wrong.
    static func take(attemptCount: Int = 32) -> TSCSample {
        var best = TSCSample(counter: 0, wall: 0, width: .max)
        for _ in 0..<attemptCount {
            let before = clinux_tsc_ordered()
            let wall = ClockReading.nanoseconds(of: CLOCK_REALTIME)
            let width = clinux_tsc_ordered() &- before
            if width < best.width {
                best = TSCSample(counter: before &+ width / 2, wall: wall, width: width)
            }
        }
        return best
    }
}

/// A line through (counter, time): what the clock reads between two adjustments. Pure arithmetic.
struct TSCCalibration: Sendable, Equatable {
    /// An error beyond it is a step of the wall clock, and is followed at once; a smaller one is
    /// worked off.
    static let stepNanoseconds: UInt64 = 1_000_000
    /// Fastest way to work off an error: 500 ppm, as the kernel slews.
    static let slewMaximum = 500e-6
    /// Shortest time between two samples that a rate is taken from.
    static let rateIntervalNanoseconds: UInt64 = 50_000_000
    /// A rate that differs by more from the one before is a wall clock that was stepped or a counter
    /// that was set, not a rate.
    static let rateChangeMaximum = 1000e-6
    /// Binary places of `multiplier`.
    static let fractionBits: UInt64 = 60

    /// A moment that the line goes through.
    var counter: UInt64
    var time: UInt64
    /// Nanoseconds a tick, times 2^60: exact below the nanosecond over years.
    var multiplier: UInt64
    /// Nanoseconds a tick, without what works off an error.
    var rate: Double

    /// From two samples; nil if they are no plausible clock (under 100 MHz, over 10 GHz).
    init?(from first: TSCSample, to second: TSCSample) {
        guard second.counter > first.counter, second.wall > first.wall else { return nil }
        let rate = Double(second.wall - first.wall) / Double(second.counter - first.counter)
        guard rate > 0.1, rate < 10 else { return nil }
        counter = second.counter
        time = second.wall
        self.rate = rate
        multiplier = Self.multiplier(rate)
    }

    private static func multiplier(_ rate: Double) -> UInt64 {
        UInt64(rate * Double(1 << fractionBits as UInt64))
    }

    /// The time at a counter value, also one that is somewhat before the line's moment.
    @inline(__always)
    static func time(at now: UInt64, counter: UInt64, time: UInt64, multiplier: UInt64) -> UInt64 {
        let ticks = Int64(bitPattern: now &- counter)
        let product = ticks.magnitude.multipliedFullWidth(by: multiplier)
        let span = product.high << (64 - fractionBits) | product.low >> fractionBits
        return ticks < 0 ? time &- span : time &+ span
    }

    func time(at now: UInt64) -> UInt64 {
        Self.time(at: now, counter: counter, time: time, multiplier: multiplier)
    }

    /// The line from `sample` on, and the error that was found: wall clock less this clock. A small
    /// error is gone after another interval like the one since `previous`; `isStep` says that the
    /// line does not continue this one.
    func adjusted(
        to sample: TSCSample, since previous: TSCSample
    ) -> (line: TSCCalibration, error: Int64, isStep: Bool) {
        let predicted = time(at: sample.counter)
        let error = Int64(bitPattern: sample.wall &- predicted)
        var line = self
        line.counter = sample.counter
        guard error.magnitude <= Self.stepNanoseconds else {
            line.time = sample.wall
            line.multiplier = Self.multiplier(rate)
            return (line, error, true)
        }
        line.time = predicted
        let interval = max(
            sample.wall > previous.wall ? sample.wall - previous.wall : 0,
            Self.rateIntervalNanoseconds)
        if let measured = TSCCalibration(from: previous, to: sample)?.rate,
            sample.wall - previous.wall >= Self.rateIntervalNanoseconds,
            abs(measured / rate - 1) <= Self.rateChangeMaximum
        {
            line.rate = measured
        }
        let slew = Double(error) / Double(interval)
        line.multiplier = Self.multiplier(
            line.rate * (1 + min(max(slew, -Self.slewMaximum), Self.slewMaximum)))
        return (line, error, false)
    }
}
