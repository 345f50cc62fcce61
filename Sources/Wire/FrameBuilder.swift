import CLinux

/// Wraps payloads into UDP over IPv4, over Ethernet or bare, with valid checksums.
public struct FrameBuilder: Sendable {
    /// Largest payload of one UDP datagram over IPv4.
    public static let maximumPayload = 65_507
    /// Smallest Ethernet frame without its frame check sequence; shorter ones are padded.
    private static let minimumFrame = 60

    private let source: IPAddress
    private let destination: IPAddress
    /// All headers, with lengths and checksums still 0.
    private let template: [UInt8]
    private let ipOffset: Int

    /// Nil unless both addresses are IPv4 and `linkType` is Ethernet, raw IP or raw IPv4.
    ///
    /// The destination's MAC address is derived from a multicast group (RFC 1112 §6.4); a
    /// unicast address, and the source, get the locally administered 02:00 and the four bytes.
    public init?(
        source: IPAddress, sourcePort: UInt16, destination: IPAddress, destinationPort: UInt16,
        linkType: LinkType = .ethernet, timeToLive: UInt8 = 16
    ) {
        guard let from = source.v4, let to = destination.v4 else { return nil }
        self.source = source
        self.destination = destination
        var bytes: [UInt8] = []
        switch linkType {
        case .ethernet:
            if destination.isMulticast {
                bytes += [0x01, 0x00, 0x5E]
                bytes.appendBigEndian(to & 0x7F_FFFF, byteCount: 3)
            } else {
                bytes += [0x02, 0x00]
                bytes.appendBigEndian(to, byteCount: 4)
            }
            bytes += [0x02, 0x00]
            bytes.appendBigEndian(from, byteCount: 4)
            bytes += [0x08, 0x00]
        case .raw, .ipv4: break
        default: return nil
        }
        ipOffset = bytes.count
        // Version and header length, DSCP, length, identification, don't fragment, protocol UDP.
        bytes += [0x45, 0, 0, 0, 0, 0, 0x40, 0, timeToLive, 17, 0, 0]
        bytes.appendBigEndian(from, byteCount: 4)
        bytes.appendBigEndian(to, byteCount: 4)
        bytes.appendBigEndian(UInt32(sourcePort), byteCount: 2)
        bytes.appendBigEndian(UInt32(destinationPort), byteCount: 2)
        bytes += [0, 0, 0, 0]
        template = bytes
    }

    /// Appends one packet around `payload`, at most `maximumPayload` bytes, and returns the
    /// packet's length.
    @discardableResult
    public func append(payload: UnsafeRawBufferPointer, to output: inout [UInt8]) -> Int {
        precondition(payload.count <= Self.maximumPayload, "payload does not fit into a datagram")
        let start = output.count
        output += template
        output += payload
        let ip = start + ipOffset
        let udp = ip + 20
        output.storeBigEndian(UInt16(28 + payload.count), at: ip + 2)
        output.storeBigEndian(UInt16(8 + payload.count), at: udp + 4)
        let (ipSum, udpSum) = output.withUnsafeBytes { bytes in
            (
                clinux_internet_sum(
                    (bytes.baseAddress! + ip).assumingMemoryBound(to: UInt8.self), 20, 0),
                internetSum(
                    UnsafeRawBufferPointer(rebasing: bytes[udp...]), pseudoHeaderSource: source,
                    destination: destination, isV4: true)
            )
        }
        output.storeBigEndian(~ipSum, at: ip + 10)
        // 0 would mean "not computed"; 0xFFFF is the same number in ones complement (RFC 768).
        output.storeBigEndian(udpSum == 0xFFFF ? 0xFFFF : ~udpSum, at: udp + 6)
        let length = output.count - start
        guard ipOffset > 0, length < Self.minimumFrame else { return length }
        output.append(contentsOf: repeatElement(0, count: Self.minimumFrame - length))
        return Self.minimumFrame
    }
}

extension [UInt8] {
    fileprivate mutating func appendBigEndian(_ value: UInt32, byteCount: Int) {
        for index in (0..<byteCount).reversed() {
            append(UInt8(truncatingIfNeeded: value >> UInt32(index * 8)))
        }
    }

    fileprivate mutating func storeBigEndian(_ value: UInt16, at offset: Int) {
        self[offset] = UInt8(value >> 8)
        self[offset + 1] = UInt8(value & 0xFF)
    }
}
