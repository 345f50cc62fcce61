/// TCP, for looking at recorded recovery dialogs: nothing is reassembled, and the data path never
/// comes here.
extension PacketDissector {
    /// The ports and the payload of the TCP segment in a packet that `dissect` rejects as of another
    /// protocol; nil if it holds none, or not whole. IPv6 without extension headers.
    public func tcpSegment(_ packet: CapturedPacket) -> Datagram? {
        let frame = Frame(packet)
        guard let start = networkHeader(packet.linkType, frame), frame.count >= start + 20 else {
            return nil
        }
        if frame.byte(start) >> 4 == 6 { return tcpOverIPv6(at: start, in: frame) }
        let header = Int(frame.byte(start) & 0xF) * 4
        let total = Int(frame.word16(start + 2))
        // 0 is what a host that leaves segmentation to its network card captures of itself.
        let end = total == 0 ? frame.count : start + total
        guard frame.byte(start) >> 4 == 4, header >= 20, frame.byte(start + 9) == Self.tcp,
            frame.word16(start + 6) & 0x3FFF == 0, end <= frame.count
        else { return nil }
        return tcpPayload(
            at: start + header, end: end, in: frame,
            source: IPAddress(v4: frame.word32(start + 12)),
            destination: IPAddress(v4: frame.word32(start + 16)))
    }

    private static let tcp: UInt8 = 6

    /// Where the IP header begins; nil if another protocol follows the link header.
    private func networkHeader(_ linkType: LinkType, _ frame: Frame) -> Int? {
        var offset: Int
        switch linkType {
        case .ethernet: offset = 12
        case .linuxSLL: offset = 14
        case .linuxSLL2: return 20
        case .null, .loop: return 4
        case .ipv4, .ipv6, .raw: return 0
        default: return nil
        }
        for _ in 0...Self.maximumNesting {
            guard frame.count >= offset + 2 else { return nil }
            switch frame.word16(offset) {
            case 0x0800, 0x86DD: return offset + 2
            case 0x8100, 0x88A8, 0x9100, 0x9200, 0x9300: offset += 4
            default: return nil
            }
        }
        return nil
    }

    private func tcpOverIPv6(at start: Int, in frame: Frame) -> Datagram? {
        guard frame.count >= start + 40, frame.byte(start + 6) == Self.tcp else { return nil }
        let end = start + 40 + Int(frame.word16(start + 4))
        guard end <= frame.count else { return nil }
        return tcpPayload(
            at: start + 40, end: end, in: frame,
            source: IPAddress(high: frame.word64(start + 8), low: frame.word64(start + 16)),
            destination: IPAddress(high: frame.word64(start + 24), low: frame.word64(start + 32)))
    }

    private func tcpPayload(
        at start: Int, end: Int, in frame: Frame, source: IPAddress, destination: IPAddress
    ) -> Datagram? {
        guard start + 20 <= end else { return nil }
        let payload = start + Int(frame.byte(start + 12) >> 4) * 4
        guard payload >= start + 20, payload <= end, let base = frame.base else { return nil }
        return Datagram(
            source: source, destination: destination, sourcePort: frame.word16(start),
            destinationPort: frame.word16(start + 2),
            payload: UnsafeRawBufferPointer(start: base + payload, count: end - payload))
    }
}
