import Ticks

/// One UDP datagram of a line, where the driver, the kernel or a buffer of ours put it.
///
/// `bytes` stays valid until the datagram is released.
@frozen
public struct CapturedDatagram {
    /// The UDP payload.
    public var bytes: UnsafeRawPointer
    /// Capture time, ns since the Unix epoch, UTC.
    public var time: UInt64
    /// The source's own name for the memory behind `bytes`; nobody else reads it.
    public var frame: UInt64
    /// Payload bytes that are there.
    public var length: UInt32
    /// Payload bytes on the wire; more than `length` if the datagram was cut.
    public var originalLength: UInt32
    /// `CaptureLine.index`.
    public var line: UInt16
    public var timeSource: TimeSource

    @inlinable
    public init(
        bytes: UnsafeRawPointer, length: UInt32, originalLength: UInt32, line: UInt16,
        time: UInt64, timeSource: TimeSource, frame: UInt64
    ) {
        self.bytes = bytes
        self.time = time
        self.frame = frame
        self.length = length
        self.originalLength = originalLength
        self.line = line
        self.timeSource = timeSource
    }

    @inlinable
    public var payload: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: bytes, count: Int(length))
    }
}

/// A way to the wire. One thread polls and releases; `readDrops` belongs to another one.
///
/// Datagrams are released in the order in which they were handed out, in runs of any size. As long
/// as they are not, the source keeps their memory untouched; a source that has no memory left hands
/// out nothing, so that what comes meanwhile waits, and is finally dropped and counted, in the kernel.
/// Polling and releasing allocate nothing, take no lock and make no system call per packet beyond
/// what the method itself is (`recvmmsg` is a call, a mapped ring is none).
public protocol PacketSource: AnyObject {
    /// Method and place, such as "xdp eth1 queue 0", for messages and reports.
    var name: String { get }
    /// Becomes readable when packets wait: what poll(2) may sleep on.
    var fileDescriptors: [Int32] { get }
    /// Written by the polling thread, read by any.
    var counters: CaptureCounters { get }

    /// Hands out what is there, at most `capacity` datagrams, without waiting. Returns how many.
    /// What belongs to no line is counted and given back at once.
    func poll(into datagrams: UnsafeMutablePointer<CapturedDatagram>, capacity: Int)
        throws(CaptureError) -> Int

    /// Takes back the oldest `count` datagrams that are out, which stand in `datagrams` in order.
    func release(_ datagrams: UnsafePointer<CapturedDatagram>, count: Int)

    /// What was lost so far and where, counted from the opening of the source. Called by the control
    /// thread only, also while another thread polls, and once more after the last poll.
    func readDrops() -> [DropReading]
}

/// One loss counter at one moment.
public struct DropReading: Sendable, Equatable {
    public var place: DropPlace
    /// The counter as an operator finds it, such as "SO_MEMINFO of itch/A" or "tp_drops of eth1".
    public var counter: String
    /// `CaptureLine.index` of the lines whose packets it may count.
    public var lines: [UInt16]
    /// Since the source opened.
    public var value: UInt64

    public init(place: DropPlace, counter: String, lines: [UInt16], value: UInt64) {
        self.place = place
        self.counter = counter
        self.lines = lines
        self.value = value
    }
}

/// Receives a copy of every frame that a source sees; the recorder's end.
public protocol FrameTap: AnyObject {
    /// Called by the polling thread: must not block or allocate; what does not fit is counted.
    func take(_ frame: UnsafeRawBufferPointer, originalLength: UInt32, time: UInt64)
}
