import CLinux
import Glibc
import Synchronization

/// The time of day from the processor's time stamp counter: no system call, no lock.
///
/// One thread reads the clock; another one calls `adjust()`, once a second or so and regularly, to
/// keep it with CLOCK_REALTIME. A reader's time goes back only where the wall clock was set back by
/// more than a millisecond. Where the counter cannot be trusted, `now()` reads CLOCK_REALTIME.
public final class TSCClock: @unchecked Sendable {
    /// False where `now()` asks the system instead.
    public let isUsable: Bool

    /// Word 0 is the version; the line of version v stands in the words from 1 + 8 (v mod 2) on:
    /// counter, time, multiplier, number of steps. The writer fills the other one, so that a reader
    /// never waits for it.
    private let words: UnsafeMutablePointer<Atomic<UInt64>>
    private static let wordCount = 16

    // The reader's.
    @exclusivity(unchecked) private var last: UInt64 = 0
    @exclusivity(unchecked) private var stepsSeen: UInt64 = 0

    // The adjusting thread's.
    private var line: TSCCalibration?
    private var sample: TSCSample
    private var steps: UInt64 = 0

    /// Takes 50 ms where the counter is usable: the first rate is only as good as its interval.
    public convenience init() {
        self.init(isTrusted: Self.isTrusted())
    }

    init(isTrusted: Bool) {
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: Self.wordCount * MemoryLayout<UInt64>.stride, alignment: 128)
        words = memory.bindMemory(to: Atomic<UInt64>.self, capacity: Self.wordCount)
        for index in 0..<Self.wordCount { (words + index).initialize(to: Atomic(0)) }
        sample = TSCSample(counter: 0, wall: 0, width: 0)
        if isTrusted { (line, sample) = Self.calibrate() }
        isUsable = line != nil
        if let line { publish(line) }
    }

    deinit {
        words.deinitialize(count: Self.wordCount)
        UnsafeMutableRawPointer(words).deallocate()
    }

    /// ns since the Unix epoch, UTC. By the reading thread alone.
    public func now() -> UInt64 {
        guard isUsable else { return ClockReading.nanoseconds(of: CLOCK_REALTIME) }
        while true {
            let version = words[0].load(ordering: .acquiring)
            let slot = words + (1 + 8 * Int(version & 1))
            let time = TSCCalibration.time(
                at: clinux_tsc(), counter: slot[0].load(ordering: .relaxed),
                time: slot[1].load(ordering: .relaxed),
                multiplier: slot[2].load(ordering: .relaxed))
            let steps = slot[3].load(ordering: .relaxed)
            atomicMemoryFence(ordering: .acquiring)
            guard words[0].load(ordering: .relaxed) == version else { continue }
            if steps != stepsSeen {
                stepsSeen = steps
            } else if time < last {
                return last
            }
            last = time
            return time
        }
    }

    /// Compares with the wall clock and corrects the rate and the error found. Returns the error in
    /// nanoseconds, positive if this clock was behind; nil if the counter is not in use.
    @discardableResult
    public func adjust() -> Int64? {
        guard isUsable, let current = line else { return nil }
        let next = TSCSample.take()
        let (adjusted, error, isStep) = current.adjusted(to: next, since: sample)
        if isStep { steps += 1 }
        sample = next
        line = adjusted
        publish(adjusted)
        return error
    }

    private func publish(_ line: TSCCalibration) {
        let version = words[0].load(ordering: .relaxed) + 1
        // Keeps the stores below behind the version that sent readers away from these words.
        atomicMemoryFence(ordering: .releasing)
        let slot = words + (1 + 8 * Int(version & 1))
        slot[0].store(line.counter, ordering: .relaxed)
        slot[1].store(line.time, ordering: .relaxed)
        slot[2].store(line.multiplier, ordering: .relaxed)
        slot[3].store(steps, ordering: .relaxed)
        words[0].store(version, ordering: .releasing)
    }

    private static func calibrate() -> (TSCCalibration?, TSCSample) {
        let first = TSCSample.take()
        usleep(UInt32(TSCCalibration.rateIntervalNanoseconds / 1000))
        let second = TSCSample.take()
        return (TSCCalibration(from: first, to: second), second)
    }

    /// Whether the counter runs at one rate, in deep sleep too, alike on all processors: the first two
    /// are processor flags, the third is what the kernel checks before it uses the counter itself.
    static func isTrusted(root: String = "/") -> Bool {
        let tree = HostTree(root: root)
        let source = tree.line("sys/devices/system/clocksource/clocksource0/current_clocksource")
        guard clinux_has_tsc() != 0, source == "tsc" else { return false }
        let flags = tree.text("proc/cpuinfo")?.split(separator: "\n").first {
            $0.hasPrefix("flags")
        }
        guard let flags else { return false }
        let names = Set(flags.split(separator: " "))
        return names.isSuperset(of: ["constant_tsc", "nonstop_tsc", "rdtscp"])
    }
}
