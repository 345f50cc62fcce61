import CLinux
import Glibc
import Synchronization
import Ticks
import Wire

/// What happens to a datagram of a line's socket, however it was read: senders that the line does not
/// list and datagrams that were cut are kept out, stamps chosen, counters moved, the recorder served.
/// Owned by the polling thread; allocates nothing.
struct DatagramIntake: ~Copyable {
    private let socket: LineSocket
    private let counters: CaptureCounters
    private let line: UInt16
    private let sources: UnsafeMutableBufferPointer<IPAddress>
    private let tap: RawPacketTap?

    /// `allowed` are the line's sources, if not said otherwise.
    init(
        socket: LineSocket, counters: CaptureCounters, tap: (any FrameTap)?,
        sources allowed: [IPAddress]? = nil
    ) {
        let allowed = allowed ?? socket.line.address.sources
        self.socket = socket
        self.counters = counters
        line = socket.line.index
        sources = .allocate(capacity: allowed.count)
        _ = sources.initialize(from: allowed)
        self.tap = tap.flatMap {
            RawPacketTap(address: socket.line.address, payloadMax: socket.payloadMax, tap: $0)
        }
    }

    deinit { sources.deallocate() }

    /// The datagram to hand out, or nil once it is counted why there is none. `length` bytes of it
    /// are there.
    @inline(__always)
    func accept(
        _ received: borrowing clinux_datagram, bytes: UnsafeRawPointer, length: UInt32,
        frame: UInt64
    ) -> CapturedDatagram? {
        if received.has_drops != 0 {
            socket.newestDrops.store(received.drops, ordering: .relaxed)
        }
        var time = received.hardware_time
        var timeSource = TimeSource.hardware
        if time == 0 {
            time = received.software_time
            timeSource = .kernel
        }
        if time == 0 {
            time = Self.realtimeNanoseconds()
            timeSource = .user
        }
        if let tap {
            tap.take(
                UnsafeRawBufferPointer(start: bytes, count: Int(length)), received, time: time)
        }
        guard allows(IPAddress(received.source)) else {
            counters.add(.wrongSource)
            return nil
        }
        guard received.original_length <= length else {
            counters.add(.oversize)
            return nil
        }
        counters.add(.datagrams)
        counters.add(.bytes, UInt64(length))
        return CapturedDatagram(
            bytes: bytes, length: length, originalLength: length, line: line, time: time,
            timeSource: timeSource, frame: frame)
    }

    @inline(__always)
    private func allows(_ source: IPAddress) -> Bool {
        if sources.isEmpty { return true }
        for index in sources.indices where sources[index] == source { return true }
        return false
    }

    private static func realtimeNanoseconds() -> UInt64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
    }
}

/// Gives datagrams to a recorder as the IP packets that they came in, as far as a socket tells.
private final class RawPacketTap {
    private let builder: FrameBuilder
    private let buffer: UnsafeMutableRawBufferPointer
    private let isV4: Bool
    private let tap: any FrameTap

    /// Nil if no packet can be built, which a line that was opened rules out.
    init?(address: MulticastAddress, payloadMax: Int, tap: any FrameTap) {
        let anySource = address.group.isV4 ? IPAddress(v4: 0) : IPAddress(high: 0, low: 0)
        guard
            let builder = FrameBuilder(
                source: anySource, sourcePort: 0, destination: address.group,
                destinationPort: address.port, linkType: .raw)
        else { return nil }
        self.builder = builder
        self.tap = tap
        isV4 = address.group.isV4
        buffer = .allocate(
            byteCount: FrameBuilder.maximumHeader + FrameBuilder.maximumPayload, alignment: 64)
    }

    deinit { buffer.deallocate() }

    func take(_ payload: UnsafeRawBufferPointer, _ received: clinux_datagram, time: UInt64) {
        let source = IPAddress(received.source)
        guard source.isV4 == isV4 else { return }
        let whole = min(Int(received.original_length), FrameBuilder.maximumPayload)
        let length = builder.write(
            payload: payload, originalLength: whole, source: source,
            sourcePort: received.source_port, into: buffer)
        tap.take(
            UnsafeRawBufferPointer(rebasing: buffer[..<length]),
            originalLength: UInt32(length + whole - payload.count), time: time)
    }
}
