/// Where a line's packets go and come from.
///
/// A writer of capture files needs this beside each `LineDelivery`: it wraps `payload` in UDP, IP
/// and Ethernet with these addresses and stamps the frame with `time`. Such a writer is driven as
/// every other consumer of deliveries:
///
///     while let delivery = lines.next() {
///         try writer.write(delivery.payload, at: delivery.time, to: addresses[delivery.line])
///     }
public struct LineAddress: Hashable, Sendable {
    /// IPv4 or IPv6 multicast group.
    public var group: String
    public var port: UInt16
    /// Address of the sender, of the group's family, for capture files; a socket has its own.
    public var source: String
    public var sourcePort: UInt16

    public init(group: String, port: UInt16, source: String, sourcePort: UInt16 = 20_000) {
        self.group = group
        self.port = port
        self.source = source
        self.sourcePort = sourcePort
    }

    /// Lines A and B of a simulated venue, in groups of the range for private use (RFC 2365 §6.2).
    public static let lineA = LineAddress(group: "239.192.1.1", port: 26_400, source: "10.192.1.10")
    public static let lineB = LineAddress(group: "239.192.2.1", port: 26_401, source: "10.192.2.10")
}
