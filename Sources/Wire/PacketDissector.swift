/// Finds the UDP datagram in a captured packet: Ethernet II with VLAN tags, Linux SLL and SLL2,
/// BSD loopback and raw IP; IPv4 with options, IPv6 with extension headers
/// (capture-formats.md §4–§8). Fragments are not reassembled.
public struct PacketDissector: Sendable {
    /// Off by default: captures on the sending machine hold checksums that its network card was to
    /// fill in (capture-formats.md §8).
    public var verifyUDPChecksum: Bool
    /// On by default: until the sum holds, no field of an IPv4 header is to be believed. Off to look
    /// at captures whose addresses somebody has blanked out.
    public var verifyIPv4Checksum: Bool

    /// VLAN tags, and IPv6 extension headers, that are followed in one packet.
    static let maximumNesting = 8

    public init(verifyUDPChecksum: Bool = false, verifyIPv4Checksum: Bool = true) {
        self.verifyUDPChecksum = verifyUDPChecksum
        self.verifyIPv4Checksum = verifyIPv4Checksum
    }

    /// The datagram borrows from `packet.bytes`.
    public func dissect(_ packet: CapturedPacket) -> Dissection {
        let frame = Frame(packet)
        switch packet.linkType {
        case .ethernet: return dissectEtherType(at: 12, in: frame)
        case .linuxSLL: return dissectEtherType(at: 14, in: frame)
        case .linuxSLL2: return dissectSLL2(frame)
        case .null, .loop: return dissectLoopback(frame, isLoop: packet.linkType == .loop)
        case .ipv4: return dissectIPv4(at: 0, in: frame)
        case .ipv6: return dissectIPv6(at: 0, in: frame)
        // 12 and 14 are what BSD and OpenBSD systems called raw IP in their files.
        case .raw, LinkType(rawValue: 12), LinkType(rawValue: 14):
            guard frame.count > 0 else { return .rejected(frame.shortfall(at: 1)) }
            return frame.byte(0) >> 4 == 6
                ? dissectIPv6(at: 0, in: frame) : dissectIPv4(at: 0, in: frame)
        default: return .rejected(.unsupportedLinkType)
        }
    }

    /// Follows the EtherType at `offset` and any VLAN tags, whose 2 bytes of control information
    /// are followed by the next EtherType, and a capture switch's time-stamp header.
    @inline(__always)
    private func dissectEtherType(at offset: Int, in frame: Frame) -> Dissection {
        var offset = offset
        for _ in 0...Self.maximumNesting {
            guard frame.count >= offset + 2 else {
                return .rejected(frame.shortfall(at: offset + 2))
            }
            switch frame.word16(offset) {
            case 0x0800: return dissectIPv4(at: offset + 2, in: frame)
            case 0x86DD: return dissectIPv6(at: offset + 2, in: frame)
            case 0x8100, 0x88A8, 0x9100, 0x9200, 0x9300: offset += 4
            case AristaHeader.etherType:
                guard let length = AristaHeader.length(at: offset, in: frame) else {
                    return .rejected(.otherProtocol)
                }
                offset += length
            default: return .rejected(.otherProtocol)
            }
        }
        return .rejected(.tooManyHeaders)
    }

    /// The protocol stands at the front of the 20-byte header, tags behind it.
    private func dissectSLL2(_ frame: Frame) -> Dissection {
        guard frame.count >= 20 else { return .rejected(frame.shortfall(at: 20)) }
        switch frame.word16(0) {
        case 0x0800: return dissectIPv4(at: 20, in: frame)
        case 0x86DD: return dissectIPv6(at: 20, in: frame)
        case 0x8100, 0x88A8, 0x9100, 0x9200, 0x9300:
            return dissectEtherType(at: 22, in: frame)
        default: return .rejected(.otherProtocol)
        }
    }

    /// A 4-byte address family: big-endian for LOOP, in the capturing host's order for NULL, which
    /// the file need not share.
    private func dissectLoopback(_ frame: Frame, isLoop: Bool) -> Dissection {
        guard frame.count >= 4 else { return .rejected(frame.shortfall(at: 4)) }
        var family = frame.word32(0)
        if !isLoop, family > 0xFFFF { family = family.byteSwapped }
        switch family {
        case 2: return dissectIPv4(at: 4, in: frame)
        case 24, 28, 30: return dissectIPv6(at: 4, in: frame)
        default: return .rejected(.otherProtocol)
        }
    }
}

/// The bytes of a packet without its frame check sequence, and big-endian loads from them. The
/// caller has compared the offsets with `count`.
struct Frame {
    let base: UnsafeRawPointer?
    let count: Int
    /// The packet's length on the wire if less was captured, else 0.
    private let cutLength: Int

    @inline(__always)
    init(_ packet: CapturedPacket) {
        base = packet.bytes.baseAddress
        count = packet.bytes.count &- packet.fcsLength
        let original = Int(packet.originalLength)
        cutLength = original > packet.bytes.count ? original : 0
    }

    /// Why fewer than `needed` bytes, headers, are there.
    func shortfall(at needed: Int) -> PacketRejection {
        needed <= cutLength ? .cutBySnapLength : .runt
    }

    @inline(__always)
    func byte(_ offset: Int) -> UInt8 {
        base.unsafelyUnwrapped.load(fromByteOffset: offset, as: UInt8.self)
    }

    @inline(__always)
    func word16(_ offset: Int) -> UInt16 {
        UInt16(
            bigEndian: base.unsafelyUnwrapped.loadUnaligned(
                fromByteOffset: offset, as: UInt16.self))
    }

    @inline(__always)
    func word32(_ offset: Int) -> UInt32 {
        UInt32(
            bigEndian: base.unsafelyUnwrapped.loadUnaligned(
                fromByteOffset: offset, as: UInt32.self))
    }

    @inline(__always)
    func word64(_ offset: Int) -> UInt64 {
        UInt64(
            bigEndian: base.unsafelyUnwrapped.loadUnaligned(
                fromByteOffset: offset, as: UInt64.self))
    }
}
