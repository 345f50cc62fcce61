/// Hardware time stamps that capture switches add to frames (capture-formats.md §10).
public enum SwitchTrailer: String, CaseIterable, Sendable, Codable {
    case none
    /// Arista 7130 MetaWatch (Metamako) and cPacket: a 16-byte trailer with extensions.
    case metawatch
    /// Exablaze and Cisco Nexus 3550 HPT: a 16-byte trailer.
    case exablaze
    /// Arista 7280R and 7500R: a header of EtherType 0xD28B behind the MAC addresses.
    case arista
}

extension SwitchTrailer {
    /// The switch's stamp of a frame, ns since the Unix epoch, UTC; nil if the frame has none that is
    /// close to its capture time. `datagram` is what was found in the packet.
    public func time(in packet: CapturedPacket, of datagram: Datagram) -> UInt64? {
        nil
    }
}
