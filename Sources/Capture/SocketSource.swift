import CLinux
import Glibc
import Ticks
import Wire

/// The portable packet source: one UDP multicast socket a line, read with `recvmmsg`, no privilege.
///
/// Datagrams stay in the memory that the kernel copied them to until they are released; when all of it
/// is in use, nothing is received, and the kernel counts what its own buffer then cannot hold. A
/// datagram that is larger than a packet of the line's interface (of 9216 bytes where none is named)
/// is counted `.oversize` and not handed out.
public final class SocketSource: PacketSource {
    /// Most datagrams of one `recvmmsg`.
    private static let batchCapacity = 64

    public let name: String
    public let counters = CaptureCounters()
    public let socket: LineSocket
    public var fileDescriptors: [Int32] { [socket.descriptor] }
    /// Bytes of receive buffer that the kernel granted.
    public var receiveBuffer: Int { socket.receiveBuffer }

    private let receiver: OpaquePointer
    private let intake: DatagramIntake
    private let received: UnsafeMutablePointer<clinux_datagram>
    private let memory: UnsafeMutableRawPointer
    private let slotBytes: Int
    private let slotCount: Int
    /// Slots in use, and the room between them, go round in a ring: from `oldest` to before `next`.
    @exclusivity(unchecked) private var oldest = 0
    @exclusivity(unchecked) private var next = 0
    @exclusivity(unchecked) private var heldCount = 0
    /// Datagrams to ask for: 1, and twice as many after each run that came full. Looking for a second
    /// datagram delays the first, so only a backlog is taken in runs.
    @exclusivity(unchecked) private var wanted = 1

    /// Opens and joins the line's socket.
    ///
    /// - Parameter tap: gets each datagram as a raw IP packet (`LinkType.raw`), also those that are
    ///   kept out.
    public init(
        line: CaptureLine, options: CaptureOptions, tap: (any FrameTap)? = nil
    ) throws(CaptureError) {
        let socket = try LineSocket(line: line, options: options)
        self.socket = socket
        name = "socket \(line.name)"
        slotBytes = (socket.payloadMax + 63) & ~63
        slotCount = max(options.frameCount, 1)
        guard
            let receiver = clinux_receiver_create(socket.descriptor, UInt32(Self.batchCapacity))
        else {
            throw .line(
                name: line.name, problem: "no memory",
                remedy: "give the process more, or configure fewer frames")
        }
        self.receiver = receiver
        intake = DatagramIntake(socket: socket, counters: counters, tap: tap)
        received = .allocate(capacity: Self.batchCapacity)
        memory = .allocate(byteCount: slotBytes * slotCount, alignment: 64)
    }

    deinit {
        clinux_receiver_destroy(receiver)
        received.deallocate()
        memory.deallocate()
    }

    public func poll(into datagrams: UnsafeMutablePointer<CapturedDatagram>, capacity: Int)
        throws(CaptureError) -> Int
    {
        if heldCount == slotCount { return 0 }
        let first = next
        let room = (first < oldest ? oldest : slotCount) - first
        let asked = min(wanted, room, capacity)
        if asked <= 0 { return 0 }
        let count = Int(
            clinux_receiver_take(
                receiver, (memory + first * slotBytes).assumingMemoryBound(to: UInt8.self),
                slotBytes, UInt32(asked), received))
        if count < 0 { throw .failed(place: name, call: "recvmmsg", code: errno) }
        if count < asked {
            wanted = 1
        } else if asked == wanted {
            wanted = min(wanted * 2, Self.batchCapacity)
        }
        var accepted = 0
        var used = 0
        for index in 0..<count {
            let slot = first + index
            let length = min(received[index].original_length, UInt32(slotBytes))
            guard
                let datagram = intake.accept(
                    received[index], bytes: memory + slot * slotBytes, length: length,
                    frame: UInt64(slot))
            else { continue }
            (datagrams + accepted).initialize(to: datagram)
            accepted += 1
            used = index + 1
        }
        // Slots behind the last datagram that goes out are free again at once; those between are
        // released with the one that follows.
        heldCount += used
        next = first + used == slotCount ? 0 : first + used
        return accepted
    }

    public func release(_ datagrams: UnsafePointer<CapturedDatagram>, count: Int) {
        guard count > 0 else { return }
        let last = Int(datagrams[count - 1].frame)
        heldCount -= (last < oldest ? last + slotCount : last) - oldest + 1
        oldest = last + 1 == slotCount ? 0 : last + 1
        // What is used again at once is still in the processor's caches.
        if heldCount == 0 {
            oldest = 0
            next = 0
        }
    }

    public func readDrops() -> [DropReading] { [socket.readDrops()] }
}
