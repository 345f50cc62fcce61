import Ticks
import Wire

/// Finds out which line a frame of an interface belongs to, and counts what belongs to none.
///
/// The one place where whole frames become datagrams: the sources that see frames share it. Owned by
/// the polling thread; allocates nothing after the set-up.
public struct FrameClassifier: ~Copyable {
    private struct Entry {
        var group: IPAddress
        var port: UInt16
        var vlan: UInt16
        var line: UInt16
        var trailer: SwitchTrailer
        /// Where its senders stand; none for any.
        var firstSource: Int32
        var sourceCount: Int32
    }

    private let entries: UnsafeMutableBufferPointer<Entry>
    private let sources: UnsafeMutableBufferPointer<IPAddress>
    /// Most packets come in runs: the entry that matched last is tried first.
    private var last = 0
    private let dissector = PacketDissector()
    private let counters: CaptureCounters

    public init(lines: [CaptureLine], counters: CaptureCounters) {
        self.counters = counters
        entries = .allocate(capacity: lines.count)
        sources = .allocate(capacity: lines.reduce(0) { $0 + $1.address.sources.count })
        var next = 0
        for (index, line) in lines.enumerated() {
            entries.initializeElement(
                at: index,
                to: Entry(
                    group: line.address.group, port: line.address.port, vlan: line.address.vlan,
                    line: line.index, trailer: line.trailer, firstSource: Int32(next),
                    sourceCount: Int32(line.address.sources.count)))
            for source in line.address.sources {
                sources.initializeElement(at: next, to: source)
                next += 1
            }
        }
    }

    deinit {
        entries.deallocate()
        sources.deallocate()
    }

    /// The datagram in a frame, or nil once it is counted why there is none. `vlan` is a tag that the
    /// kernel took off the frame; tags that are still in it are found. `frame` is kept for the source.
    @inline(__always)
    public mutating func classify(
        _ packet: CapturedPacket, timeSource: TimeSource, vlan: UInt16 = 0, frame: UInt64
    ) -> CapturedDatagram? {
        let datagram: Datagram
        switch dissector.dissect(packet) {
        case .datagram(let found): datagram = found
        case .rejected(let reason):
            counters.add(CaptureCounter(reason))
            return nil
        }
        guard let index = find(datagram, vlan: vlan != 0 ? vlan : Self.tag(packet)) else {
            return nil
        }
        var time = packet.timeNanoseconds
        var source = timeSource
        let trailer = entries[index].trailer
        if trailer != .none {
            if let stamp = trailer.time(in: packet, of: datagram) {
                time = stamp
                source = .hardware
            } else {
                counters.add(.noTrailer)
            }
        }
        counters.add(.datagrams)
        counters.add(.bytes, UInt64(datagram.payload.count))
        return CapturedDatagram(
            bytes: datagram.payload.baseAddress.unsafelyUnwrapped,
            length: UInt32(datagram.payload.count),
            originalLength: UInt32(datagram.payload.count), line: entries[index].line,
            time: time, timeSource: source, frame: frame)
    }

    /// VLAN id of an Ethernet frame's outermost tag, 0 if there is none (or a priority tag).
    @inline(__always)
    private static func tag(_ packet: CapturedPacket) -> UInt16 {
        tag(packet, at: 12)
    }

    @inline(__always)
    private static func tag(_ packet: CapturedPacket, at offset: Int) -> UInt16 {
        guard packet.linkType == .ethernet, packet.bytes.count >= offset + 4 else { return 0 }
        let type = UInt16(
            bigEndian: packet.bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
        switch type {
        case 0x8100, 0x88A8, 0x9100, 0x9200, 0x9300:
            return UInt16(
                bigEndian: packet.bytes.loadUnaligned(fromByteOffset: offset + 2, as: UInt16.self)
            ) & 0xFFF
        case AristaHeader.etherType where offset == 12: return tagBehindHeader(packet)
        default: return 0
        }
    }

    /// A capture switch's time-stamp header stands before the tag.
    @inline(never)
    private static func tagBehindHeader(_ packet: CapturedPacket) -> UInt16 {
        AristaHeader(packet).map { tag(packet, at: $0.nextEtherTypeOffset) } ?? 0
    }

    @inline(__always)
    private mutating func find(_ datagram: Datagram, vlan: UInt16) -> Int? {
        if last < entries.count, matches(entries[last], datagram, vlan) { return last }
        return search(datagram, vlan)
    }

    @inline(__always)
    private func matches(_ entry: Entry, _ datagram: Datagram, _ vlan: UInt16) -> Bool {
        entry.group == datagram.destination && entry.port == datagram.destinationPort
            && entry.vlan == vlan && allows(entry, datagram.source)
    }

    @inline(__always)
    private func allows(_ entry: Entry, _ source: IPAddress) -> Bool {
        if entry.sourceCount == 0 { return true }
        for index in 0..<Int(entry.sourceCount)
        where sources[Int(entry.firstSource) + index] == source {
            return true
        }
        return false
    }

    /// The nearest miss is what is counted: a tag, then a sender, then a port that no line lists.
    @inline(never)
    private mutating func search(_ datagram: Datagram, _ vlan: UInt16) -> Int? {
        var reason = CaptureCounter.otherGroup
        for index in entries.indices {
            let entry = entries[index]
            guard entry.group == datagram.destination else { continue }
            guard entry.port == datagram.destinationPort else {
                if reason == .otherGroup { reason = .wrongPort }
                continue
            }
            guard allows(entry, datagram.source) else {
                if reason != .wrongVLAN { reason = .wrongSource }
                continue
            }
            guard entry.vlan == vlan else {
                reason = .wrongVLAN
                continue
            }
            last = index
            return index
        }
        counters.add(reason)
        return nil
    }
}
