import Ticks
import Wire

/// The one way into the core of a running handler: everything that goes in is recorded first, if an
/// input log is kept.
final class CoreInput {
    let core: FeedCore
    private let log: InputLogWriter?

    init(core: FeedCore, log: InputLogWriter?) {
        self.core = core
        self.log = log
    }

    @inline(__always)
    func packet(
        _ route: LineRoute, captureTime: UInt64, timeSource: TimeSource,
        payload: UnsafeRawBufferPointer
    ) {
        log?.append(
            route, captureTime: captureTime, timeSource: timeSource, payload: payload)
        core.packet(
            channel: route.channel, line: route.line, captureTime: captureTime,
            timeSource: timeSource, payload: payload)
    }

    func clock(_ time: UInt64) {
        log?.append(.clock(time))
        core.clock(time)
    }

    func lineState(
        _ route: LineRoute, _ state: LineStateDetail, place: DropPlace? = nil, count: UInt64 = 0
    ) {
        log?.append(.lineState(route, state, place: place, count: count))
        core.lineState(route, state, place: place, count: count)
    }

    func clockStep(nanoseconds: Int64) {
        log?.append(.clockStep(nanoseconds: nanoseconds))
        core.clockStep(nanoseconds: nanoseconds)
    }

    func alert(_ cause: AlertCause, sequence: UInt64, quantity: Int64) {
        log?.append(.alert(cause, sequence: sequence, quantity: quantity))
        core.alert(cause, sequence: sequence, quantity: quantity)
    }

    func finish() throws(OutputError) {
        core.finish()
        log?.append(.finish)
        try log?.close()
    }
}
