import Ticks

/// Arbitration of a single epoch, message by message, in sets and dictionaries: slow, and as plain
/// as the rules are.
struct ReferenceArbiter {
    let windowNanoseconds: UInt64
    private(set) var events: [Event] = []
    private(set) var lost: Set<UInt64> = []
    private(set) var duplicates = 0
    private var next: UInt64 = 1
    private var knownEnd: UInt64 = 1
    private var gapBySequence: [UInt64: UInt32] = [:]
    private var gapID: UInt32 = 1
    private var now: UInt64 = 0
    /// Messages that wait: line, and when the hole before them became known.
    private var waiting: [UInt64: (line: UInt8, since: UInt64)] = [:]
    /// When the messages from `tailFirst` to the end were found to be missing.
    private var tailSince: UInt64?

    init(windowNanoseconds: UInt64) { self.windowNanoseconds = windowNanoseconds }

    mutating func take(_ packet: TestPacket) {
        now = max(now, packet.time)
        let end = packet.first + UInt64(packet.count)
        let announcedEnd = end + UInt64(packet.missing)
        if packet.count > 0, end >= knownEnd { tailSince = nil }
        if announcedEnd > knownEnd {
            knownEnd = announcedEnd
            if announcedEnd > end || packet.count == 0, tailSince == nil { tailSince = now }
        }
        for sequence in packet.first..<end {
            if sequence >= next {
                if waiting[sequence] == nil {
                    waiting[sequence] = (UInt8(packet.line), now)
                } else {
                    duplicates += 1
                }
            } else if lost.remove(sequence) != nil {
                events.append(.recovered(sequence, line: UInt8(packet.line)))
                let id = gapBySequence[sequence, default: 0]
                if !lost.contains(where: { gapBySequence[$0] == id }) { events.append(.filled(id)) }
            } else {
                duplicates += 1
            }
        }
        deliver()
        giveUp()
    }

    mutating func finish() {
        giveUp(.end)
    }

    private mutating func deliver() { while step() {} }

    private mutating func step() -> Bool {
        guard let message = waiting.removeValue(forKey: next) else { return false }
        events.append(.message(next, line: message.line))
        next += 1
        if next >= knownEnd { tailSince = nil }
        return true
    }

    private mutating func giveUp(_ cause: GapCause = .time) {
        while next < knownEnd {
            let since = waiting.values.map(\.since).min() ?? tailSince ?? now
            guard cause == .end || now >= since + windowNanoseconds else { return }
            let end = waiting.keys.min() ?? knownEnd
            events.append(.gap(first: next, count: end - next, cause: cause))
            for sequence in next..<end {
                lost.insert(sequence)
                gapBySequence[sequence] = gapID
            }
            gapID += 1
            next = end
            if next >= knownEnd { tailSince = nil }
            deliver()
        }
    }
}
