import Glibc
import Ticks

/// States of all channels, found by channel id without hashing.
final class ChannelStateTable {
    /// Index into `states` plus 1; 0 for channels that never occurred.
    private let indexes: UnsafeMutablePointer<Int32>
    private var states: [ChannelState] = []
    /// Run in which the state was last listed by `advance`.
    private var listed: [UInt64] = []
    private var run: UInt64 = 0

    init() {
        indexes = .zeroed(capacity: 1 << 16)
    }

    deinit { free(indexes) }

    /// In the order of first occurrence.
    var all: [ChannelState] { states }

    func set(_ state: ChannelState) { states[index(of: state.channel)] = state }

    /// Moves on past the ticks; returns the states, before them, of the first 255 channels that
    /// occur.
    func advance(over ticks: UnsafeBufferPointer<Tick>) -> [ChannelState] {
        run += 1
        var before: [ChannelState] = []
        var start = 0
        while start < ticks.count {
            let channel = ticks[start].channel
            let at = index(of: channel)
            if listed[at] != run {
                listed[at] = run
                if before.count < BlockHeader.channelsMax { before.append(states[at]) }
            }
            // A copy: an access to this object is checked each time, and there is one a tick.
            var state = states[at]
            var end = start
            while end < ticks.count && ticks[end].channel == channel {
                state.apply(ticks[end])
                end += 1
            }
            states[at] = state
            start = end
        }
        return before
    }

    private func index(of channel: UInt16) -> Int {
        let known = indexes[Int(channel)]
        if known > 0 { return Int(known) - 1 }
        indexes[Int(channel)] = Int32(states.count + 1)
        states.append(ChannelState(channel: channel))
        listed.append(0)
        return states.count - 1
    }
}

extension BlockHeader {
    /// Sets the time range from the ticks.
    mutating func noteTimes(_ ticks: UnsafeBufferPointer<Tick>) {
        var (captureMin, captureMax) = (UInt64.max, UInt64(0))
        var (exchangeMin, exchangeMax) = (UInt64.max, UInt64(0))
        for tick in ticks {
            captureMin = min(captureMin, tick.captureTime)
            captureMax = max(captureMax, tick.captureTime)
            // Zero minus one wraps to the largest value, which is no minimum.
            exchangeMin = min(exchangeMin, tick.exchangeTime &- 1)
            exchangeMax = max(exchangeMax, tick.exchangeTime)
        }
        captureTimeMin = ticks.isEmpty ? 0 : captureMin
        captureTimeMax = captureMax
        exchangeTimeMin = exchangeMin == .max ? 0 : exchangeMin &+ 1
        exchangeTimeMax = exchangeMax
    }
}
