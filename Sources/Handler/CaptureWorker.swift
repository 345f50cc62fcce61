import CLinux
import Capture
import Glibc
import Synchronization
import Ticks

/// A capture thread's work: from one source into the frame ring of the core thread.
final class CaptureWorker: @unchecked Sendable {
    let source: any PacketSource
    let ring: FrameRing
    private let isBusyPolling: Bool
    private let signal: CoreSignal
    private let done = Atomic<Bool>(false)
    private var pollSet: [pollfd]

    /// Descriptors of one poll: enough to pay for the publication, few enough to be on their way soon.
    private static let batchMost = 64

    init(
        source: any PacketSource, ringCapacity: Int, isBusyPolling: Bool, signal: CoreSignal
    ) {
        self.source = source
        ring = FrameRing(capacity: ringCapacity)
        self.isBusyPolling = isBusyPolling
        self.signal = signal
        pollSet = source.fileDescriptors.map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
    }

    /// True once the thread has handed on everything that it will.
    var isDone: Bool { done.load(ordering: .acquiring) }

    /// Until told to stop; then what had been received by that moment is still handed on.
    func run(_ stop: StopFlag) throws {
        defer { done.store(true, ordering: .releasing) }
        while !stop.isSet {
            if try step().count == 0 { idle() }
        }
        let stopTime = SystemClock.utcNanoseconds()
        while true {
            let (count, newest) = try step()
            // A full ring is no end: the core is still at work.
            if count == 0 && ring.outstanding < ring.capacity || newest >= stopTime { return }
        }
    }

    /// Takes back what the core is done with, hands on what is there: how much, and its newest stamp.
    private func step() throws -> (count: Int, newest: UInt64) {
        let source = source
        _ = ring.reclaim { source.release($0, count: $1) }
        var newest: UInt64 = 0
        let count = try ring.produce(most: Self.batchMost) {
            (slots, room) throws(CaptureError) in
            let count = try source.poll(into: slots, capacity: room)
            if count > 0 { newest = slots[count - 1].time }
            return count
        }
        if count > 0 { signal.wake() }
        return (count, newest)
    }

    /// A ring that is full keeps the thread from the source, so it only waits for the core then.
    private func idle() {
        if isBusyPolling { return }
        if ring.outstanding == ring.capacity {
            usleep(50)
        } else {
            Glibc.poll(&pollSet, nfds_t(pollSet.count), 1)
        }
    }
}

/// Wakes a core thread that sleeps because its rings were empty.
final class CoreSignal: Sendable {
    private let descriptor: Int32
    private let isSleeping = Atomic<Bool>(false)

    init() { descriptor = clinux_eventfd() }
    deinit { close(descriptor) }

    /// By capture threads, after publishing. A system call only if the core sleeps.
    @inline(__always)
    func wake() {
        guard isSleeping.load(ordering: .relaxed) else { return }
        isSleeping.store(false, ordering: .relaxed)
        var one: UInt64 = 1
        _ = write(descriptor, &one, 8)
    }

    /// By the core thread. `isEmpty` is asked again once wakers see the sleeper; what slips through
    /// costs a millisecond.
    func sleep(milliseconds: Int32, while isEmpty: () -> Bool) {
        isSleeping.store(true, ordering: .sequentiallyConsistent)
        if isEmpty() {
            var set = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            if Glibc.poll(&set, 1, milliseconds) > 0 {
                var count: UInt64 = 0
                _ = read(descriptor, &count, 8)
            }
        }
        isSleeping.store(false, ordering: .relaxed)
    }
}
