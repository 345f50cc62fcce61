import Wire

/// How packets reach us; `method` of the configuration.
public enum CaptureMethod: String, CaseIterable, Sendable, Codable {
    /// UDP sockets read with `recvmmsg`: the portable default, no privilege.
    case socket
    /// UDP sockets read by io_uring multishot receives into a provided-buffer ring.
    case uring
    /// AF_PACKET with a TPACKET_V2 ring.
    case packet
    /// AF_XDP.
    case xdp
    /// libpcap, live.
    case pcap

    /// Sees whole frames of an interface instead of one socket's datagrams: needs an interface, and
    /// somebody else to hold the multicast memberships.
    public var seesFrames: Bool {
        switch self {
        case .socket, .uring: false
        case .packet, .xdp, .pcap: true
        }
    }
}

/// Where a line comes from on the network.
public struct MulticastAddress: Sendable, Hashable {
    /// IPv4 or IPv6 group.
    public var group: IPAddress
    public var port: UInt16
    /// The only senders to accept, of the group's family; any if empty.
    public var sources: [IPAddress]
    /// Interface name; the kernel's choice if nil.
    public var interface: String?
    /// VLAN tag that frames of the line carry, 0 for none. Only for methods that see frames.
    public var vlan: UInt16

    public init(
        group: IPAddress, port: UInt16, sources: [IPAddress] = [], interface: String? = nil,
        vlan: UInt16 = 0
    ) {
        self.group = group
        self.port = port
        self.sources = sources
        self.interface = interface
        self.vlan = vlan
    }
}

/// One live line as the capture layer knows it.
public struct CaptureLine: Sendable, Hashable {
    /// What `CapturedDatagram.line` says; lines of a run are counted from 0.
    public var index: UInt16
    /// "channel/line", for messages.
    public var name: String
    public var address: MulticastAddress
    /// Hardware time stamps that a capture switch adds to this line's frames.
    public var trailer: SwitchTrailer

    public init(
        index: UInt16, name: String, address: MulticastAddress, trailer: SwitchTrailer = .none
    ) {
        self.index = index
        self.name = name
        self.address = address
        self.trailer = trailer
    }
}
