import Synchronization
import Wire

/// Why a packet was kept out, or what else a source counts. Raw values index `CaptureCounters`.
public enum CaptureCounter: Int, CaseIterable, Sendable {
    /// Handed out as datagrams of a line.
    case datagrams
    /// Payload bytes of them.
    case bytes
    /// To a group of no line.
    case otherGroup
    /// To the group of a line, but to a port of none.
    case wrongPort
    /// To the group and port of a line, from a sender that it does not list.
    case wrongSource
    /// To the group and port of a line, with a VLAN tag that it does not have, or without its tag.
    case wrongVLAN
    /// Larger than the memory for one packet, and therefore cut.
    case oversize
    /// Without the switch's time stamp that the line should have; the capture time stands in.
    case noTrailer
    // What is no datagram, as `PacketRejection` has it.
    case runt
    case cutBySnapLength
    case unsupportedLinkType
    case otherProtocol
    case tooManyHeaders
    case badIPHeader
    case badIPv4Checksum
    case fragment
    case contradictoryLengths
    case badUDPChecksum

    public init(_ rejection: PacketRejection) {
        self = CaptureCounter(rawValue: Self.runt.rawValue + Int(rejection.rawValue))!
    }

    /// Kept out by what the configuration lists.
    public var isFilter: Bool {
        switch self {
        case .otherGroup, .wrongPort, .wrongSource, .wrongVLAN: true
        default: false
        }
    }

    /// Packets to the groups of lines that could not be taken whole.
    public var isLoss: Bool {
        switch self {
        case .oversize, .fragment, .cutBySnapLength: true
        default: false
        }
    }

    public var description: String {
        switch self {
        case .datagrams: "datagrams"
        case .bytes: "bytes"
        case .otherGroup: "other group"
        case .wrongPort: "wrong port"
        case .wrongSource: "wrong source"
        case .wrongVLAN: "wrong VLAN"
        case .oversize: "oversize"
        case .noTrailer: "without trailer"
        default:
            PacketRejection(rawValue: UInt8(rawValue - Self.runt.rawValue))!.description
        }
    }
}

/// A source's own counts: one thread adds, any thread reads.
public final class CaptureCounters: @unchecked Sendable {
    private let values: UnsafeMutablePointer<Atomic<UInt64>>

    public init() {
        values = .allocate(capacity: CaptureCounter.allCases.count)
        for index in CaptureCounter.allCases.indices {
            (values + index).initialize(to: Atomic(0))
        }
    }

    deinit {
        values.deinitialize(count: CaptureCounter.allCases.count)
        values.deallocate()
    }

    /// By the polling thread alone: a plain addition, for there is no second writer.
    @inline(__always)
    public func add(_ counter: CaptureCounter, _ count: UInt64 = 1) {
        let value = values + counter.rawValue
        value.pointee.store(
            value.pointee.load(ordering: .relaxed) &+ count, ordering: .relaxed)
    }

    public subscript(counter: CaptureCounter) -> UInt64 {
        values[counter.rawValue].load(ordering: .relaxed)
    }
}
