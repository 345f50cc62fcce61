import CLinux

/// Wraps payloads into UDP over IPv4 or IPv6, over Ethernet or bare, with valid checksums.
public struct FrameBuilder: Sendable {
    /// Largest payload of one UDP datagram over IPv4.
    public static let maximumPayload = 65_507
    /// Most bytes that stand before a payload: Ethernet, IPv6, UDP.
    public static let maximumHeader = 14 + 40 + 8
    /// Smallest Ethernet frame without its frame check sequence; shorter ones are padded.
    private static let minimumFrame = 60

    private let source: IPAddress
    private let sourcePort: UInt16
    private let destination: IPAddress
    private let isV4: Bool
    /// All headers, with lengths and checksums still 0.
    private let template: [UInt8]
    private let ipOffset: Int
    private let udpOffset: Int

    /// Nil unless both addresses are of one family and `linkType` is Ethernet, raw IP, or the raw
    /// type of that family.
    ///
    /// The destination's MAC address is derived from a multicast group (RFC 1112 §6.4, RFC 2464
    /// §7); a unicast address, and the source, get the locally administered 02:00 and the address's
    /// last four bytes.
    public init?(
        source: IPAddress, sourcePort: UInt16, destination: IPAddress, destinationPort: UInt16,
        linkType: LinkType = .ethernet, timeToLive: UInt8 = 16
    ) {
        guard source.isV4 == destination.isV4 else { return nil }
        self.source = source
        self.sourcePort = sourcePort
        self.destination = destination
        isV4 = source.isV4
        var bytes: [UInt8] = []
        switch linkType {
        case .ethernet: bytes = Self.ethernetHeader(source, destination)
        case .raw: break
        case .ipv4 where isV4: break
        case .ipv6 where !isV4: break
        default: return nil
        }
        ipOffset = bytes.count
        if isV4 {
            // Version and header length, DSCP, length, identification, don't fragment, UDP.
            bytes += [0x45, 0, 0, 0, 0, 0, 0x40, 0, timeToLive, 17, 0, 0]
            bytes.appendBigEndian(source.low, byteCount: 4)
            bytes.appendBigEndian(destination.low, byteCount: 4)
        } else {
            // Version, traffic class and flow label, payload length, UDP, hop limit.
            bytes += [0x60, 0, 0, 0, 0, 0, 17, timeToLive]
            for address in [source, destination] {
                bytes.appendBigEndian(address.high, byteCount: 8)
                bytes.appendBigEndian(address.low, byteCount: 8)
            }
        }
        udpOffset = bytes.count
        bytes.appendBigEndian(UInt64(sourcePort), byteCount: 2)
        bytes.appendBigEndian(UInt64(destinationPort), byteCount: 2)
        bytes += [0, 0, 0, 0]
        template = bytes
    }

    private static func ethernetHeader(_ source: IPAddress, _ destination: IPAddress) -> [UInt8] {
        var bytes: [UInt8] = []
        if !destination.isMulticast {
            bytes += [0x02, 0x00]
            bytes.appendBigEndian(destination.low, byteCount: 4)
        } else if destination.isV4 {
            bytes += [0x01, 0x00, 0x5E]
            bytes.appendBigEndian(destination.low & 0x7F_FFFF, byteCount: 3)
        } else {
            bytes += [0x33, 0x33]
            bytes.appendBigEndian(destination.low, byteCount: 4)
        }
        bytes += [0x02, 0x00]
        bytes.appendBigEndian(source.low, byteCount: 4)
        return bytes + (source.isV4 ? [0x08, 0x00] : [0x86, 0xDD])
    }

    /// Appends one packet around `payload`, at most `maximumPayload` bytes, and returns the
    /// packet's length.
    @discardableResult
    public func append(payload: UnsafeRawBufferPointer, to output: inout [UInt8]) -> Int {
        let start = output.count
        let room = max(template.count + payload.count, Self.minimumFrame)
        output.append(contentsOf: repeatElement(0, count: room))
        let length = output.withUnsafeMutableBytes {
            write(
                payload: payload, originalLength: payload.count, source: source,
                sourcePort: sourcePort, into: UnsafeMutableRawBufferPointer(rebasing: $0[start...]))
        }
        output.removeLast(room - length)
        return length
    }

    /// Writes one packet around `payload`, from a sender of the builder's family, and returns its
    /// length. Allocates nothing.
    ///
    /// - Parameters:
    ///   - payload: at most `maximumPayload` bytes.
    ///   - originalLength: bytes of the whole payload, which the headers tell; where it is more than
    ///     `payload`, the UDP checksum is left out.
    ///   - output: has room for `maximumHeader` and the payload, at least 60 bytes.
    public func write(
        payload: UnsafeRawBufferPointer, originalLength: Int, source: IPAddress, sourcePort: UInt16,
        into output: UnsafeMutableRawBufferPointer
    ) -> Int {
        precondition(
            max(payload.count, originalLength) <= Self.maximumPayload && source.isV4 == isV4,
            "payload does not fit into a datagram")
        let length = template.count + payload.count
        precondition(output.count >= max(length, Self.minimumFrame), "no room for the packet")
        template.withUnsafeBytes { output.copyMemory(from: $0) }
        UnsafeMutableRawBufferPointer(rebasing: output[template.count...]).copyMemory(from: payload)
        output.storeBigEndian(sourcePort, at: udpOffset)
        output.storeBigEndian(UInt16(8 + originalLength), at: udpOffset + 4)
        if isV4 {
            output.storeBigEndian(UInt16(28 + originalLength), at: ipOffset + 2)
            let v4 = UInt32(truncatingIfNeeded: source.low).bigEndian
            output.storeBytes(of: v4, toByteOffset: ipOffset + 12, as: UInt32.self)
            let header = UnsafeRawBufferPointer(rebasing: output[ipOffset..<udpOffset])
            let sum = clinux_internet_sum(
                header.baseAddress!.assumingMemoryBound(to: UInt8.self), header.count, 0)
            output.storeBigEndian(~sum, at: ipOffset + 10)
        } else {
            output.storeBigEndian(UInt16(8 + originalLength), at: ipOffset + 4)
            output.storeBytes(
                of: source.high.bigEndian, toByteOffset: ipOffset + 8, as: UInt64.self)
            output.storeBytes(
                of: source.low.bigEndian, toByteOffset: ipOffset + 16, as: UInt64.self)
        }
        if originalLength <= payload.count {
            let udp = UnsafeRawBufferPointer(rebasing: output[udpOffset..<length])
            let sum = internetSum(
                udp, pseudoHeaderSource: source, destination: destination, isV4: isV4)
            // 0 would mean "not computed"; 0xFFFF is the same in ones complement (RFC 768).
            output.storeBigEndian(sum == 0xFFFF ? 0xFFFF : ~sum, at: udpOffset + 6)
        }
        guard ipOffset > 0, length < Self.minimumFrame else { return length }
        UnsafeMutableRawBufferPointer(rebasing: output[length..<Self.minimumFrame])
            .initializeMemory(as: UInt8.self, repeating: 0)
        return Self.minimumFrame
    }
}

extension [UInt8] {
    fileprivate mutating func appendBigEndian(_ value: UInt64, byteCount: Int) {
        for index in (0..<byteCount).reversed() {
            append(UInt8(truncatingIfNeeded: value >> UInt64(index * 8)))
        }
    }
}

extension UnsafeMutableRawBufferPointer {
    @inline(__always)
    fileprivate func storeBigEndian(_ value: UInt16, at offset: Int) {
        storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt16.self)
    }
}
