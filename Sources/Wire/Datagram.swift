/// One UDP datagram, borrowed from the packet that carried it.
@frozen
public struct Datagram {
    public var source: IPAddress
    public var destination: IPAddress
    public var sourcePort: UInt16
    public var destinationPort: UInt16
    /// What the UDP length covers: never Ethernet padding, a trailer or a frame check sequence.
    public var payload: UnsafeRawBufferPointer

    @inlinable
    public init(
        source: IPAddress, destination: IPAddress, sourcePort: UInt16, destinationPort: UInt16,
        payload: UnsafeRawBufferPointer
    ) {
        self.source = source
        self.destination = destination
        self.sourcePort = sourcePort
        self.destinationPort = destinationPort
        self.payload = payload
    }
}

/// Why a packet yields no datagram. Raw values count from 0 without holes, to index counters.
public enum PacketRejection: UInt8, CaseIterable, Sendable, CustomStringConvertible {
    /// Shorter than its headers, on the wire too.
    case runt
    /// The capture holds less of the packet than the wire did, and what is needed is missing.
    case cutBySnapLength
    case unsupportedLinkType
    /// ARP, TCP, IGMP and whatever else is not UDP over IP.
    case otherProtocol
    /// More than 8 VLAN tags or IPv6 extension headers.
    case tooManyHeaders
    /// Another IP version than announced, or an IPv4 header length under 20 bytes.
    case badIPHeader
    case badIPv4Checksum
    case fragment
    /// IP or UDP lengths that exceed what encloses them.
    case contradictoryLengths
    /// Only found when verification is on: a wrong UDP checksum, or none over IPv6.
    case badUDPChecksum

    public var description: String {
        switch self {
        case .runt: "runt"
        case .cutBySnapLength: "cut by snap length"
        case .unsupportedLinkType: "unsupported link type"
        case .otherProtocol: "other protocol"
        case .tooManyHeaders: "too many headers"
        case .badIPHeader: "bad IP header"
        case .badIPv4Checksum: "bad IPv4 checksum"
        case .fragment: "fragment"
        case .contradictoryLengths: "contradictory lengths"
        case .badUDPChecksum: "bad UDP checksum"
        }
    }
}

/// What a packet turned out to be.
@frozen
public enum Dissection {
    case datagram(Datagram)
    case rejected(PacketRejection)
}
