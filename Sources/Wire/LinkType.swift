/// What stands at the start of a captured packet (capture-formats.md §4, tcpdump.org/linktypes).
@frozen
public struct LinkType: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public var rawValue: UInt16

    @inlinable
    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// BSD loopback: 4 bytes in the capturing host's byte order.
    public static let null = LinkType(rawValue: 0)
    public static let ethernet = LinkType(rawValue: 1)
    /// An IPv4 or IPv6 packet without any link header.
    public static let raw = LinkType(rawValue: 101)
    /// OpenBSD loopback: 4 bytes, big-endian.
    public static let loop = LinkType(rawValue: 108)
    /// Linux "cooked" capture, 16 bytes.
    public static let linuxSLL = LinkType(rawValue: 113)
    public static let ipv4 = LinkType(rawValue: 228)
    public static let ipv6 = LinkType(rawValue: 229)
    /// Linux "cooked" capture version 2, 20 bytes.
    public static let linuxSLL2 = LinkType(rawValue: 276)

    public var description: String {
        switch self {
        case .null: "null"
        case .ethernet: "Ethernet"
        case .raw: "raw IP"
        case .loop: "loop"
        case .linuxSLL: "Linux SLL"
        case .linuxSLL2: "Linux SLL2"
        case .ipv4: "raw IPv4"
        case .ipv6: "raw IPv6"
        default: "link type \(rawValue)"
        }
    }
}
