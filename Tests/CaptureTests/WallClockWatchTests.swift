import Testing

@testable import Capture

@Suite struct WallClockWatchTests {
    private static let second: UInt64 = 1_000_000_000
    private static let start: UInt64 = 1_700_000_000 * second

    /// What a watch says of looks a second apart at a wall clock that is off by `offsets`.
    private func steps(_ offsets: [Int64], threshold: UInt64 = 1_000_000) -> [Int64?] {
        var watch = WallClockWatch(thresholdNanoseconds: threshold)
        return offsets.enumerated().map { index, offset in
            let elapsed = UInt64(index) * Self.second
            return watch.observe(
                wall: Self.start &+ elapsed &+ UInt64(bitPattern: offset), monotonic: 5 + elapsed)
        }
    }

    @Test func stepsAreSaidOnceAndExactly() {
        #expect(steps([0, 0, 2_500_000, 2_500_000]) == [nil, nil, 2_500_000, nil])
        #expect(steps([0, -3_600_000_000_000, 0]) == [nil, -3_600_000_000_000, 3_600_000_000_000])
        // A leap second.
        #expect(steps([0, -1_000_000_000]) == [nil, -1_000_000_000])
    }

    @Test func theLimitIsNoStep() {
        // 1 ms, and 1000 ppm of one second.
        #expect(steps([0, 2_000_000, 0]) == [nil, nil, nil])
        #expect(steps([0, 2_000_001]) == [nil, 2_000_001])
        #expect(steps([0, 1_000_001], threshold: 0) == [nil, 1_000_001])
    }

    @Test func slewingIsNoStep() {
        #expect(steps((0..<1000).map { $0 * 500_000 }).allSatisfy { $0 == nil })
        #expect(steps((0..<1000).map { -$0 * 500_000 }).allSatisfy { $0 == nil })
    }

    @Test func extremesDoNotTrap() {
        var watch = WallClockWatch(thresholdNanoseconds: .max)
        #expect(watch.observe(wall: 0, monotonic: 0) == nil)
        #expect(watch.observe(wall: .max, monotonic: .max) == nil)
        #expect(watch.observe(wall: 0, monotonic: 0) == nil)
        var other = WallClockWatch(thresholdNanoseconds: 0, driftPartsPerMillion: 1_000_000)
        #expect(other.observe(wall: .max, monotonic: 0) == nil)
        #expect(other.observe(wall: 0, monotonic: .max) == nil)
        #expect(other.observe(wall: 1 << 63, monotonic: .max) == Int64.min)
    }

    @Test func bothClocksAreRead() throws {
        let reading = try #require(ClockReading.now())
        #expect(reading.uncertaintyNanoseconds < ClockReading.uncertaintyMax)
        #expect(reading.wall > Self.start)
        #expect(reading.monotonic > 0)
    }
}
