/// How a day's messages spread over its hours: sparse before the open, a peak at the open and the
/// close, a lull at noon.
struct DayProfile: Sendable {
    /// Where a stretch of the day ends (ns since midnight) and its share of all messages.
    private static let stretches: [(end: UInt64, share: Double)] = [
        (clock(7, 0), 0.5), (clock(9, 0), 2), (clock(9, 30), 3), (clock(9, 31), 4),
        (clock(10, 0), 15.5), (clock(11, 0), 14), (clock(12, 0), 9), (clock(14, 0), 14),
        (clock(15, 30), 15), (clock(15, 50), 7), (clock(15, 59), 8), (clock(16, 0), 4),
        (clock(16, 1), 1), (clock(17, 0), 1.5), (clock(20, 0) - 1_000_000_000, 1.5),
    ]

    private struct Stretch: Sendable {
        var startMessage: Double
        var startTime: Double
        var nanosecondsPerMessage: Double
    }

    private let table: [Stretch]
    private var current = 0

    init(messageCount: Int) {
        let total = Self.stretches.reduce(0) { $0 + $1.share }
        var message = 0.0
        var time = Double(clock(4, 0) + 1_000_000)
        var table: [Stretch] = []
        for (end, share) in Self.stretches {
            let count = max(Double(messageCount) * share / total, 1e-9)
            table.append(
                Stretch(
                    startMessage: message, startTime: time,
                    nanosecondsPerMessage: (Double(end) - time) / count))
            message += count
            time = Double(end)
        }
        self.table = table
    }

    /// The time that belongs to the `message`-th of the day's messages, counted from 0; asked for
    /// in almost ascending order.
    mutating func time(ofMessage message: Double) -> UInt64 {
        while current + 1 < table.count, table[current + 1].startMessage <= message { current += 1 }
        while current > 0, table[current].startMessage > message { current -= 1 }
        let stretch = table[current]
        return UInt64(
            stretch.startTime + (message - stretch.startMessage) * stretch.nanosecondsPerMessage)
    }
}

/// ns since midnight.
func clock(_ hour: UInt64, _ minute: UInt64, _ second: UInt64 = 0) -> UInt64 {
    ((hour * 60 + minute) * 60 + second) * 1_000_000_000
}
