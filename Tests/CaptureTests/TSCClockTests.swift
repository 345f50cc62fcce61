import Foundation
import Glibc
import Testing

@testable import Capture

@Suite struct TSCCalibrationTests {
    private static let start: UInt64 = 1_700_000_000_000_000_000

    /// A counter of 2.5 GHz, exactly or off by parts per million, `nanoseconds` after the start.
    private func sample(at nanoseconds: Int64, fastPPM: Double = 0, stepped: Int64 = 0)
        -> TSCSample
    {
        TSCSample(
            counter: 1_000_000 + UInt64(Double(nanoseconds) * 2.5 * (1 + fastPPM / 1e6)),
            wall: Self.start + UInt64(nanoseconds + stepped), width: 60)
    }

    private func distance(_ first: UInt64, _ second: UInt64) -> UInt64 {
        max(first, second) - min(first, second)
    }

    @Test func followsItsSamples() throws {
        let line = try #require(
            TSCCalibration(from: sample(at: 0), to: sample(at: 50_000_000)))
        for nanoseconds: Int64 in [0, 1, 50_000_000, 86_400_000_000_000] {
            let expected = sample(at: nanoseconds)
            #expect(distance(line.time(at: expected.counter), expected.wall) <= 40)
        }
    }

    @Test func implausibleSamplesAreNone() {
        let first = sample(at: 0)
        #expect(TSCCalibration(from: first, to: first) == nil)
        #expect(TSCCalibration(from: sample(at: 9), to: first) == nil)
        let slow = TSCSample(counter: first.counter + 10, wall: first.wall + 1000, width: 1)
        let fast = TSCSample(counter: first.counter + 1000, wall: first.wall + 10, width: 1)
        #expect(TSCCalibration(from: first, to: slow) == nil)
        #expect(TSCCalibration(from: first, to: fast) == nil)
    }

    @Test func errorsAreWorkedOffWithoutAStep() throws {
        // The first rate is 20 ppm off: 1 µs in 50 ms.
        var off = sample(at: 50_000_000)
        off.wall += 1000
        var line = try #require(TSCCalibration(from: sample(at: 0), to: off))
        var previous = off
        var errors: [UInt64] = []
        for second: Int64 in 1...6 {
            let next = sample(at: second * 1_000_000_000)
            let before = line.time(at: next.counter)
            let (adjusted, error, isStep) = line.adjusted(to: next, since: previous)
            #expect(!isStep)
            #expect(adjusted.time(at: next.counter) == before)
            errors.append(error.magnitude)
            (line, previous) = (adjusted, next)
        }
        #expect(errors[0] > 15_000)
        #expect(errors[3...].allSatisfy { $0 <= 5 })
    }

    @Test func stepsAreFollowedAtOnceAndLeaveTheRateAlone() throws {
        let first = sample(at: 50_000_000)
        let line = try #require(TSCCalibration(from: sample(at: 0), to: first))
        for step: Int64 in [1_000_000_000, -3_000_000] {
            let next = sample(at: 1_000_000_000, stepped: step)
            let (adjusted, error, isStep) = line.adjusted(to: next, since: first)
            #expect(isStep)
            #expect((error - step).magnitude <= 2)
            #expect(adjusted.rate == line.rate)
            #expect(adjusted.time(at: next.counter) == next.wall)
        }
    }

    @Test func slewIsBounded() throws {
        let first = sample(at: 50_000_000)
        let line = try #require(TSCCalibration(from: sample(at: 0), to: first))
        // 0.9 ms in one interval of 50 ms would be 18,000 ppm.
        let next = sample(at: 100_000_000, stepped: 900_000)
        let (adjusted, _, isStep) = line.adjusted(to: next, since: first)
        #expect(!isStep)
        let later = adjusted.time(at: next.counter + 2_500_000_000)
        #expect(distance(later - adjusted.time(at: next.counter), 1_000_500_000) < 100)
    }

    @Test func timesBeforeTheLineAndFarBehindIt() throws {
        let line = try #require(
            TSCCalibration(from: sample(at: 0), to: sample(at: 50_000_000)))
        #expect(line.time(at: line.counter - 25) == line.time - 10)
        _ = line.time(at: 0)
        _ = line.time(at: .max)
        _ = line.time(at: line.counter &+ 1 << 63)
    }
}

@Suite struct TSCClockTests {
    @Test func staysWithTheSystemClockAndNeverGoesBack() {
        let clock = TSCClock()
        var last: UInt64 = 0
        for round in 0..<20_000 {
            if round % 5000 == 4999 { clock.adjust() }
            let before = ClockReading.nanoseconds(of: CLOCK_REALTIME)
            let now = clock.now()
            let after = ClockReading.nanoseconds(of: CLOCK_REALTIME)
            #expect(now >= last)
            // Generous: a busy machine, and a wall clock that is being slewed.
            #expect(now + 2_000_000 >= before && now <= after + 2_000_000)
            last = now
        }
    }

    @Test func withoutTheCounterItIsTheSystemClock() {
        let clock = TSCClock(isTrusted: false)
        #expect(!clock.isUsable)
        #expect(clock.adjust() == nil)
        let before = ClockReading.nanoseconds(of: CLOCK_REALTIME)
        #expect(clock.now() >= before)
    }

    @Test func readerAndAdjusterAgree() async {
        let clock = TSCClock()
        guard clock.isUsable else { return }
        let adjusting = Thread { for _ in 0..<2000 { clock.adjust() } }
        adjusting.start()
        var last: UInt64 = 0
        var backward = 0
        var rounds = 0
        while !adjusting.isFinished, rounds < 50_000_000 {
            let now = clock.now()
            if now < last { backward += 1 }
            last = now
            rounds += 1
        }
        #expect(backward == 0)
    }

    @Test func trustNeedsFlagsAndTheKernel() throws {
        let tree = try MadeUpTree()
        let source = "sys/devices/system/clocksource/clocksource0/current_clocksource"
        let flags = "processor : 0\nflags\t\t: fpu constant_tsc rdtscp nonstop_tsc\n"
        #expect(!TSCClock.isTrusted(root: tree.root))
        try tree.write("tsc\n", to: source)
        #expect(!TSCClock.isTrusted(root: tree.root))
        try tree.write(flags, to: "proc/cpuinfo")
        #if arch(x86_64)
            #expect(TSCClock.isTrusted(root: tree.root))
        #endif
        try tree.write("kvm-clock\n", to: source)
        #expect(!TSCClock.isTrusted(root: tree.root))
        try tree.write("tsc\n", to: source)
        try tree.write(
            flags.replacingOccurrences(of: "nonstop_tsc", with: ""), to: "proc/cpuinfo")
        #expect(!TSCClock.isTrusted(root: tree.root))
    }
}
