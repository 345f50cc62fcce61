/// The second that a unit's time offsets count from (cboe-pitch.md §1.4).
struct PitchClock {
    private static let nanoseconds: UInt64 = 1_000_000_000
    private static let historyMax = 16

    /// UTC ns at which the present second begins; 0 before the first Time message.
    private(set) var second: UInt64 = 0
    /// UTC ns of the midnight that seconds of the day count from.
    private var midnight: UInt64
    /// What holds again at the next epoch.
    private let dayMidnight: UInt64
    /// The newest seconds by the sequence of their messages, ascending.
    private var history: [(sequence: UInt64, second: UInt64)] = []
    private var secondBeforeLate: UInt64 = 0

    /// `midnight`: UTC ns of the trading day's midnight in the feed's time zone.
    init(midnight: UInt64) {
        self.midnight = midnight
        dayMidnight = midnight
        history.reserveCapacity(Self.historyMax + 1)
    }

    /// ns since the Unix epoch, 0 if the second is not known.
    @inline(__always)
    func time(_ offset: UInt32) -> UInt64 { second == 0 ? 0 : second &+ UInt64(offset) }

    mutating func beginEpoch() {
        second = 0
        midnight = dayMidnight
        history.removeAll(keepingCapacity: true)
    }

    mutating func setMidnight(epochSeconds: UInt32) {
        midnight = UInt64(epochSeconds) &* Self.nanoseconds
    }

    /// Seconds of the day, for messages without a time since 1970.
    mutating func begin(secondOfDay: UInt32, sequence: UInt64) {
        begin(midnight &+ UInt64(secondOfDay) &* Self.nanoseconds, sequence)
    }

    mutating func begin(epochSeconds: UInt32, sequence: UInt64) {
        begin(UInt64(epochSeconds) &* Self.nanoseconds, sequence)
    }

    private mutating func begin(_ time: UInt64, _ sequence: UInt64) {
        second = time
        var place = history.count
        while place > 0, history[place - 1].sequence > sequence { place -= 1 }
        history.insert((sequence, time), at: place)
        if history.count > Self.historyMax { history.removeFirst() }
    }

    /// Messages that come late, from `sequence` on, have the second of their place in the order;
    /// what they say of it must not hold for those that come in turn.
    mutating func beginLate(sequence: UInt64) {
        secondBeforeLate = second
        second = history.last { $0.sequence < sequence }?.second ?? 0
    }

    mutating func endLate() { second = secondBeforeLate }
}
