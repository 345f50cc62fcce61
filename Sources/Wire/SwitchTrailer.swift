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
    /// How far a stamp may be from the capture time, either way: one hour. Both clocks are meant to
    /// be synchronised, and a stamp far in the future would carry the core's time with it. Dissectors
    /// for files of unknown origin allow 7 to 30 days; the more a limit allows, the more often
    /// payload or padding passes for a stamp.
    public static let toleranceNanoseconds: UInt64 = 3600 * 1_000_000_000

    /// The switch's stamp of a frame, ns since the Unix epoch, UTC, rounded down; nil if the frame has
    /// none that is within `toleranceNanoseconds` of its capture time, or no capture time. `datagram`
    /// is what was found in the packet: a trailer lies behind it.
    ///
    /// A MetaWatch stamp that the switch itself calls degraded (flag 0x10: its clock is in holdover) is
    /// taken: to go back and forth between two clocks would be worse. A 3550-T may be set to TAI; its
    /// stamps do not say so.
    public func time(in packet: CapturedPacket, of datagram: Datagram) -> UInt64? {
        // The last bytes of a packet that was cut are not the last bytes of the frame.
        guard self != .none, packet.hasTime, packet.originalLength <= packet.bytes.count,
            let base = packet.bytes.baseAddress
        else { return nil }
        if self == .arista { return AristaHeader(packet)?.time(near: packet.timeNanoseconds) }
        guard let payload = datagram.payload.baseAddress else { return nil }
        let start = payload - base + datagram.payload.count
        // The packet's own check sequence, or else one that nobody announced.
        let end = packet.bytes.count - packet.fcsLength
        if let time = trailerTime(base, from: start, to: end, near: packet.timeNanoseconds) {
            return time
        }
        guard packet.fcsLength == 0 else { return nil }
        return trailerTime(base, from: start, to: end - 4, near: packet.timeNanoseconds)
    }

    /// The stamp of a trailer that ends at `end` and begins at `start` or later.
    @inline(__always)
    private func trailerTime(
        _ base: UnsafeRawPointer, from start: Int, to end: Int, near captureTime: UInt64
    ) -> UInt64? {
        guard start >= 0, end - start >= 16 else { return nil }
        if self == .metawatch {
            let flags = base.load(fromByteOffset: end - 4, as: UInt8.self)
            if flags & 0x02 != 0,
                !Self.hasWholeExtensions(base, from: start + 4, to: end - 12)
            {
                return nil
            }
            return Self.time(
                seconds: UInt64(base.word32(end - 12)),
                nanoseconds: UInt64(base.word32(end - 8)), near: captureTime)
        }
        // 40 bits of 2^-40 s: 10^9 is 5^9 times 2^9, so that the product fits into 61 bits.
        let fraction =
            UInt64(base.word32(end - 6)) << 8
            | UInt64(base.load(fromByteOffset: end - 2, as: UInt8.self))
        return Self.time(
            seconds: UInt64(base.word32(end - 10)), nanoseconds: (fraction * 1_953_125) >> 31,
            near: captureTime)
    }

    /// Whether the MetaWatch extensions that end at `end` come to their final one not before `start`.
    /// Their contents do not matter here: what is below the nanosecond is rounded away.
    private static func hasWholeExtensions(
        _ base: UnsafeRawPointer, from start: Int, to end: Int
    ) -> Bool {
        var end = end
        while end - start >= 4 {
            let header = base.word32(end - 4)
            let isLong = header & 0x1F == 31
            let wordCount = isLong ? Int(header >> 6 & 0x3FF) + 1 : Int(header >> 6 & 0x3) + 1
            end -= 4 * wordCount
            if header & 0x20 != 0 { return end >= start }
        }
        return false
    }

    /// Nil unless it is a time of day close to the capture time.
    @inline(__always)
    static func time(seconds: UInt64, nanoseconds: UInt64, near captureTime: UInt64) -> UInt64? {
        guard nanoseconds < 1_000_000_000 else { return nil }
        let time = seconds &* 1_000_000_000 &+ nanoseconds
        let distance = time > captureTime ? time - captureTime : captureTime - time
        return distance <= toleranceNanoseconds ? time : nil
    }
}

/// The time-stamp header of an Arista 7280R or 7500R: EtherType 0xD28B, subtype 1, version, stamp
/// (capture-formats.md §10). It stands where the frame's EtherType would, which follows it.
public struct AristaHeader {
    public static let etherType: UInt16 = 0xD28B
    /// TAI minus UTC since 2017, in seconds.
    static let taiOffsetSeconds: UInt64 = 37

    /// Where the version stands in the packet.
    private let versionOffset: Int
    private let base: UnsafeRawPointer
    /// Offset of the EtherType behind the header.
    public let nextEtherTypeOffset: Int

    /// The header of an Ethernet or Linux SLL packet, also behind VLAN tags.
    public init?(_ packet: CapturedPacket) {
        var offset: Int
        switch packet.linkType {
        case .ethernet: offset = 12
        case .linuxSLL: offset = 14
        default: return nil
        }
        let frame = Frame(packet)
        for _ in 0...PacketDissector.maximumNesting {
            guard frame.count >= offset + 2 else { return nil }
            switch frame.word16(offset) {
            case 0x8100, 0x88A8, 0x9100, 0x9200, 0x9300: offset += 4
            case Self.etherType:
                guard let length = Self.length(at: offset, in: frame) else { return nil }
                base = frame.base.unsafelyUnwrapped
                versionOffset = offset + 4
                nextEtherTypeOffset = offset + length
                return
            default: return nil
            }
        }
        return nil
    }

    /// Bytes from the EtherType 0xD28B at `offset` to the one behind the header; nil if the subtype or
    /// version is unknown or cut off.
    @inline(never)
    static func length(at offset: Int, in frame: Frame) -> Int? {
        guard frame.count >= offset + 6, frame.word16(offset + 2) == 1 else { return nil }
        let length: Int
        switch frame.word16(offset + 4) {
        case 0x0010, 0x0011, 0x0110, 0x0111: length = 14
        case 0x0020, 0x0021, 0x0120, 0x0121: length = 12
        default: return nil
        }
        return frame.count >= offset + length + 2 ? length : nil
    }

    /// ns since the Unix epoch, UTC; nil unless close to the capture time.
    func time(near captureTime: UInt64) -> UInt64? {
        let version = base.word16(versionOffset)
        let offsetSeconds = version & 0x0100 != 0 ? 0 : Self.taiOffsetSeconds
        guard version & 0x0020 != 0 else {
            let seconds = UInt64(base.word32(versionOffset + 2))
            guard seconds >= offsetSeconds else { return nil }
            return SwitchTrailer.time(
                seconds: seconds - offsetSeconds,
                nanoseconds: UInt64(base.word32(versionOffset + 6)), near: captureTime)
        }
        // 16 bits of the seconds: of the moments that end in them, the one next to the capture time.
        let captured = captureTime / 1_000_000_000 + offsetSeconds
        let low = UInt64(base.word16(versionOffset + 2))
        let distance = Int64(Int16(truncatingIfNeeded: low &- captured))
        let (seconds, isNegative) = captured.addingReportingOverflow(
            UInt64(bitPattern: distance))
        guard distance >= 0 ? !isNegative : isNegative, seconds >= offsetSeconds else { return nil }
        return SwitchTrailer.time(
            seconds: seconds - offsetSeconds,
            nanoseconds: UInt64(base.word32(versionOffset + 4)), near: captureTime)
    }
}

extension UnsafeRawPointer {
    @inline(__always)
    fileprivate func word16(_ offset: Int) -> UInt16 {
        UInt16(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }

    @inline(__always)
    fileprivate func word32(_ offset: Int) -> UInt32 {
        UInt32(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }
}
