/// The newest packets that were taken in, found by their first sequence: for skew between lines, and
/// for telling a repeated packet from a restarted stream.
struct ArrivalHistory {
    struct Arrival {
        var first: UInt64
        var end: UInt64
        var streamOffset: UInt64
        var streamEnd: UInt64
        var sendTime: UInt64
        var captureTime: UInt64
        var line: UInt8
        var isUsed: Bool
    }

    private static let capacity = 1024
    private let arrivals: UnsafeMutablePointer<Arrival>

    init() {
        arrivals = .allocate(capacity: Self.capacity)
        clear()
    }

    func free() { arrivals.deallocate() }

    func clear() {
        let none = Arrival(
            first: 0, end: 0, streamOffset: 0, streamEnd: 0, sendTime: 0, captureTime: 0, line: 0,
            isUsed: false)
        arrivals.initialize(repeating: none, count: Self.capacity)
    }

    func note(
        _ first: UInt64, count: Int, streamOffset: UInt64, bytes: Int, sendTime: UInt64,
        captureTime: UInt64, line: UInt8
    ) {
        arrivals[Int(first % UInt64(Self.capacity))] = Arrival(
            first: first, end: first &+ UInt64(count), streamOffset: streamOffset,
            streamEnd: streamOffset &+ UInt64(bytes), sendTime: sendTime,
            captureTime: captureTime, line: line, isUsed: true)
    }

    func find(_ first: UInt64) -> Arrival? {
        let arrival = arrivals[Int(first % UInt64(Self.capacity))]
        return arrival.isUsed && arrival.first == first ? arrival : nil
    }

    /// A packet that overlaps or touches `first ... end`; the search is bounded.
    func find(touching first: UInt64, _ end: UInt64) -> Arrival? {
        for sequence in first...min(end, first + UInt64(Self.capacity)) {
            if let arrival = find(sequence) { return arrival }
        }
        for back in 1...UInt64(Self.capacity) {
            guard back <= first else { return nil }
            if let arrival = find(first - back), arrival.end >= first { return arrival }
        }
        return nil
    }
}
