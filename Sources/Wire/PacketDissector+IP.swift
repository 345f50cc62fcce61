import CLinux

private enum IPProtocol {
    static let hopByHop: UInt8 = 0
    static let udp: UInt8 = 17
    static let routing: UInt8 = 43
    static let fragment: UInt8 = 44
    static let authentication: UInt8 = 51
    static let destinationOptions: UInt8 = 60
    static let mobility: UInt8 = 135
}

extension PacketDissector {
    /// IPv4 (capture-formats.md §6). The checksum comes first: until it holds, no field is to be
    /// believed. Fragments and other protocols are told apart before any length, so that they are
    /// counted as what they are.
    @inline(__always)
    func dissectIPv4(at start: Int, in frame: Frame) -> Dissection {
        guard frame.count >= start + 20 else { return .rejected(frame.shortfall(at: start + 20)) }
        let versionAndLength = frame.byte(start)
        let headerLength = Int(versionAndLength & 0xF) * 4
        guard versionAndLength >> 4 == 4, headerLength >= 20 else {
            return .rejected(.badIPHeader)
        }
        guard frame.count >= start + headerLength else {
            return .rejected(frame.shortfall(at: start + headerLength))
        }
        guard isSumValid(at: start, length: headerLength, in: frame) || !verifyIPv4Checksum else {
            return .rejected(.badIPv4Checksum)
        }
        // More fragments, or an offset that is not 0.
        guard frame.word16(start + 6) & 0x3FFF == 0 else { return .rejected(.fragment) }
        guard frame.byte(start + 9) == IPProtocol.udp else { return .rejected(.otherProtocol) }
        let total = Int(frame.word16(start + 2))
        // 0 is what a host that leaves segmentation to its network card captures of itself.
        let end = total == 0 ? frame.count : start + total
        guard total == 0 || total >= headerLength + 8, end <= frame.count else {
            return .rejected(lengthRejection(end: end, isShort: end > frame.count, in: frame))
        }
        return dissectUDP(
            at: start + headerLength, end: end, in: frame,
            source: IPAddress(v4: frame.word32(start + 12)),
            destination: IPAddress(v4: frame.word32(start + 16)), isV4: true)
    }

    /// IPv6 (capture-formats.md §7).
    func dissectIPv6(at start: Int, in frame: Frame) -> Dissection {
        guard frame.count >= start + 40 else { return .rejected(frame.shortfall(at: start + 40)) }
        guard frame.byte(start) >> 4 == 6 else { return .rejected(.badIPHeader) }
        let end = start + 40 + Int(frame.word16(start + 4))
        var next = frame.byte(start + 6)
        var offset = start + 40
        var headerCount = 0
        while next != IPProtocol.udp {
            guard headerCount < Self.maximumNesting else { return .rejected(.tooManyHeaders) }
            headerCount += 1
            // No extension header is shorter than 8 bytes.
            let needed = offset + 8
            guard Self.isExtension(next) else { return .rejected(.otherProtocol) }
            guard needed <= end else { return .rejected(.contradictoryLengths) }
            guard needed <= frame.count else {
                return .rejected(lengthRejection(end: needed, isShort: true, in: frame))
            }
            let length = Int(frame.byte(offset + 1))
            switch next {
            case IPProtocol.fragment:
                // A fragment header that says "the whole packet" is an atomic fragment (RFC 6946).
                guard frame.word16(offset + 2) & 0xFFF9 == 0 else {
                    return .rejected(.fragment)
                }
                next = frame.byte(offset)
                offset += 8
            case IPProtocol.authentication:
                next = frame.byte(offset)
                offset += (length + 2) * 4
            default:
                next = frame.byte(offset)
                offset += (length + 1) * 8
            }
        }
        guard offset + 8 <= end else { return .rejected(.contradictoryLengths) }
        guard end <= frame.count else {
            return .rejected(lengthRejection(end: end, isShort: true, in: frame))
        }
        return dissectUDP(
            at: offset, end: end, in: frame,
            source: IPAddress(high: frame.word64(start + 8), low: frame.word64(start + 16)),
            destination: IPAddress(high: frame.word64(start + 24), low: frame.word64(start + 32)),
            isV4: false)
    }

    private static func isExtension(_ header: UInt8) -> Bool {
        switch header {
        case IPProtocol.hopByHop, IPProtocol.routing, IPProtocol.fragment,
            IPProtocol.authentication, IPProtocol.destinationOptions, IPProtocol.mobility:
            true
        default: false
        }
    }

    /// UDP at `start`, in an IP packet that ends at `end`, which is captured
    /// (capture-formats.md §8).
    @inline(__always)
    private func dissectUDP(
        at start: Int, end: Int, in frame: Frame, source: IPAddress, destination: IPAddress,
        isV4: Bool
    ) -> Dissection {
        // Only where the IPv4 total length is 0 can the header itself be missing.
        guard start + 8 <= end else { return .rejected(frame.shortfall(at: start + 8)) }
        let length = Int(frame.word16(start + 4))
        guard length >= 8, start + length <= end else {
            let isShort = length >= 8 && start + length > frame.count
            return .rejected(lengthRejection(end: start + length, isShort: isShort, in: frame))
        }
        if verifyUDPChecksum,
            !isUDPSumValid(
                at: start, length: length, in: frame, source: source, destination: destination,
                isV4: isV4)
        {
            return .rejected(.badUDPChecksum)
        }
        return .datagram(
            Datagram(
                source: source, destination: destination, sourcePort: frame.word16(start),
                destinationPort: frame.word16(start + 2),
                payload: UnsafeRawBufferPointer(
                    start: frame.base.unsafelyUnwrapped + start + 8, count: length - 8)))
    }

    /// A length that reaches past the captured bytes is honest if the packet was cut there.
    private func lengthRejection(end: Int, isShort: Bool, in frame: Frame) -> PacketRejection {
        isShort && frame.shortfall(at: end) == .cutBySnapLength
            ? .cutBySnapLength : .contradictoryLengths
    }

    /// Whether the ones-complement sum of a header, `length` a multiple of 4 up to 60, is 0xFFFF.
    /// The sum is the same in any byte order, and folds from wider words (RFC 1071 §2).
    @inline(__always)
    private func isSumValid(at start: Int, length: Int, in frame: Frame) -> Bool {
        var sum: UInt64 = 0
        var offset = start
        while offset < start + length {
            sum &+= UInt64(frame.word32(offset))
            offset += 4
        }
        sum = (sum & 0xFFFF_FFFF) + (sum >> 32)
        sum = (sum & 0xFFFF) + (sum >> 16)
        sum = (sum & 0xFFFF) + (sum >> 16)
        sum = (sum & 0xFFFF) + (sum >> 16)
        return sum == 0xFFFF
    }

    private func isUDPSumValid(
        at start: Int, length: Int, in frame: Frame, source: IPAddress, destination: IPAddress,
        isV4: Bool
    ) -> Bool {
        // No checksum is allowed over IPv4 alone (RFC 768, RFC 8200 §8.1).
        if frame.word16(start + 6) == 0 { return isV4 }
        let bytes = UnsafeRawBufferPointer(
            start: frame.base.unsafelyUnwrapped + start, count: length)
        return internetSum(
            bytes, pseudoHeaderSource: source, destination: destination, isV4: isV4) == 0xFFFF
    }
}

/// Ones-complement sum of a UDP header with its data and the pseudo-header of RFC 768 or
/// RFC 8200 §8.1, folded to 16 bits.
func internetSum(
    _ udp: UnsafeRawBufferPointer, pseudoHeaderSource source: IPAddress,
    destination: IPAddress, isV4: Bool
) -> UInt16 {
    let start =
        UInt32(IPProtocol.udp) + UInt32(truncatingIfNeeded: udp.count)
        + wordSum(of: source, isV4: isV4) + wordSum(of: destination, isV4: isV4)
    return clinux_internet_sum(
        udp.baseAddress!.assumingMemoryBound(to: UInt8.self), udp.count, start)
}

/// Sum of an address's 16-bit words.
@inline(__always)
private func wordSum(of address: IPAddress, isV4: Bool) -> UInt32 {
    var sum = UInt32(address.low >> 16 & 0xFFFF) + UInt32(address.low & 0xFFFF)
    if isV4 { return sum }
    sum += UInt32(address.low >> 48) + UInt32(address.low >> 32 & 0xFFFF)
    sum += UInt32(address.high >> 48) + UInt32(address.high >> 32 & 0xFFFF)
    sum += UInt32(address.high >> 16 & 0xFFFF) + UInt32(address.high & 0xFFFF)
    return sum
}
