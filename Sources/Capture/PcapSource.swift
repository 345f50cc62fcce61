import CLinux
import CPcap
import Glibc
import Synchronization
import Ticks
import Wire

/// libpcap, live: for interfaces that nothing else can open, and for filters by the user.
///
/// libpcap's packets last only until its next call, so payloads are copied into memory of our own.
/// Stamps are the kernel's. The multicast memberships are somebody else's.
public final class PcapSource: PacketSource {
    public let name: String
    public let counters = CaptureCounters()
    public let fileDescriptors: [Int32]
    /// Gets every frame that the filter passes; set before the first poll.
    @exclusivity(unchecked) public var tap: (any FrameTap)?

    private let handle: PcapHandle
    private let interface: String
    private let lines: [UInt16]
    /// Of the frames that the tap gets.
    public let linkType: LinkType
    /// Nanoseconds in the unit that follows the seconds of libpcap's stamps.
    private let nanosecondsPerUnit: UInt64

    /// One `pcap_t` may be used by one thread at a time (pcap(3PCAP)), and `pcap_stats` is no
    /// exception. Whoever polls never waits for it: a poll that meets a reading gets nothing.
    private let isInUse = Atomic(false)
    /// The control thread's: libpcap's 32-bit counts as read last, and their sums.
    private var seen: UInt32 = 0
    private var drops: UInt64 = 0

    @exclusivity(unchecked) private var classifier: FrameClassifier
    @exclusivity(unchecked) private var copies: PayloadRing
    /// Where the running poll puts its datagrams.
    @exclusivity(unchecked) private var output: UnsafeMutablePointer<CapturedDatagram>?
    @exclusivity(unchecked) private var outputCount = 0

    /// Opens the interface with `options.pcapFilter`, else with a filter made from the lines.
    ///
    /// Throws `.line` for an interface that is not there or down, `.unavailable` for what this host
    /// or process lacks and for a filter that libpcap does not understand.
    public init(lines: [CaptureLine], interface: String, options: CaptureOptions)
        throws(CaptureError)
    {
        let line = lines.first?.name ?? interface
        // Names that the kernel does not know, such as "any", can still be libpcap's.
        let isKnown = if_nametoindex(interface) != 0
        // With the MTU given, libpcap's ring holds many frames instead of a few huge ones.
        let frameMax =
            isKnown ? try NetworkInterface(interface, line: line).mtu + 64 : 262_144
        handle = try PcapHandle(
            interface: interface, line: line, snapLength: frameMax, bufferBytes: options.ringBytes)
        let linkType = LinkType(rawValue: UInt16(truncatingIfNeeded: handle.linkType))
        guard Self.supported.contains(linkType) else {
            throw .unavailable(
                method: .pcap, place: interface,
                problem: "frames are of the \(linkType.description), which is not understood",
                remedy: "use the method socket")
        }
        try handle.setFilter(
            options.pcapFilter
                ?? Self.expression(
                    groups: lines.map(\.address.group), linkType: linkType,
                    hasAristaHeader: lines.contains { $0.trailer == .arista }))
        name = "pcap \(interface)"
        fileDescriptors = handle.selectable.map { [$0] } ?? []
        self.interface = interface
        self.lines = lines.map(\.index)
        self.linkType = linkType
        nanosecondsPerUnit = handle.hasNanoseconds ? 1 : 1000
        classifier = FrameClassifier(lines: lines, counters: counters)
        copies = PayloadRing(bytes: options.frameCount * options.frameBytes, pieceMax: frameMax)
    }

    private static let supported: [LinkType] = [
        .ethernet, .linuxSLL, .linuxSLL2, .null, .loop, .raw, LinkType(rawValue: 12),
        LinkType(rawValue: 14), .ipv4, .ipv6,
    ]

    /// UDP to one of the groups in libpcap's language; behind IPv6 extension headers, the dissector
    /// finds out.
    static func expression(
        groups: [IPAddress], linkType: LinkType, hasAristaHeader: Bool = false
    ) -> String {
        var families: [String] = []
        for (isV4, isUDP) in [
            (true, "ip proto 17"),
            (
                false,
                "ip6 and (ip6[6]=17 or ip6[6]=0 or ip6[6]=43 or ip6[6]=44 or ip6[6]=51"
                    + " or ip6[6]=60 or ip6[6]=135)"
            ),
        ] {
            let hosts = Set(groups.filter { $0.isV4 == isV4 }.map { "dst host \($0)" }).sorted()
            if !hosts.isEmpty {
                families.append("(\(isUDP) and (\(hosts.joined(separator: " or "))))")
            }
        }
        let untagged = families.joined(separator: " or ")
        // From the word "vlan" on, offsets are those behind a tag: it must come last. Wrong tags are
        // passed so that they are counted.
        guard linkType == .ethernet else { return untagged }
        // Arista's header stands in front of everything, so such frames pass unseen.
        let stamped = hasAristaHeader ? "(ether proto 0xd28b) or " : ""
        return "\(stamped)(\(untagged)) or (vlan and (\(untagged)))"
    }

    public func poll(into datagrams: UnsafeMutablePointer<CapturedDatagram>, capacity: Int)
        throws(CaptureError) -> Int
    {
        // libpcap takes 0 for "no limit".
        let most = min(capacity, copies.room)
        guard most > 0, !isInUse.exchange(true, ordering: .acquiring) else { return 0 }
        output = datagrams
        outputCount = 0
        let result = pcap_dispatch(
            handle.pointer, Int32(clamping: most),
            { user, header, bytes in
                Unmanaged<PcapSource>.fromOpaque(user.unsafelyUnwrapped)
                    ._withUnsafeGuaranteedRef {
                        $0.take(header.unsafelyUnwrapped.pointee, bytes.unsafelyUnwrapped)
                    }
            },
            UnsafeMutableRawPointer(Unmanaged.passUnretained(self).toOpaque())
                .assumingMemoryBound(to: UInt8.self))
        let code = errno
        isInUse.store(false, ordering: .releasing)
        if result < 0 {
            throw .failed(
                place: name, call: "pcap_dispatch: \(handle.message)", code: code)
        }
        return outputCount
    }

    @inline(__always)
    private func take(_ header: pcap_pkthdr, _ bytes: UnsafePointer<UInt8>) {
        let time =
            UInt64(truncatingIfNeeded: header.ts.tv_sec) &* 1_000_000_000
            &+ UInt64(truncatingIfNeeded: header.ts.tv_usec) &* nanosecondsPerUnit
        let frame = UnsafeRawBufferPointer(start: bytes, count: Int(header.caplen))
        tap?.take(frame, originalLength: header.len, time: time)
        guard header.len <= header.caplen else {
            counters.add(.oversize)
            return
        }
        let packet = CapturedPacket(
            bytes: frame, timeNanoseconds: time, originalLength: header.len, linkType: linkType)
        guard var datagram = classifier.classify(packet, timeSource: .kernel, frame: 0) else {
            return
        }
        (datagram.bytes, datagram.frame) = copies.append(datagram.payload)
        (output.unsafelyUnwrapped + outputCount).initialize(to: datagram)
        outputCount &+= 1
    }

    public func release(_ datagrams: UnsafePointer<CapturedDatagram>, count: Int) {
        if count > 0 { copies.release(upTo: datagrams[count - 1].frame) }
    }

    /// `ps_ifdrop` is left out: on Linux libpcap takes it from the interface's own counters.
    public func readDrops() -> [DropReading] {
        // For no longer than one poll; on the control thread.
        while isInUse.exchange(true, ordering: .acquiring) { sched_yield() }
        var statistics = pcap_stat()
        if pcap_stats(handle.pointer, &statistics) == 0 {
            drops += UInt64(statistics.ps_drop &- seen)
            seen = statistics.ps_drop
        }
        isInUse.store(false, ordering: .releasing)
        return [
            DropReading(
                place: .kernel, counter: "ps_drop of \(interface)", lines: lines,
                value: drops)
        ]
    }
}

/// Memory for copied payloads, given back in the order in which it was taken.
private struct PayloadRing: ~Copyable {
    /// No two payloads share a cache line.
    private static let alignment = 64

    private let base: UnsafeMutableRawPointer
    private let size: UInt64
    private let pieceMax: Int
    /// Bytes ever taken and ever given back, with what was skipped at the end of the memory.
    private var head: UInt64 = 0
    private var tail: UInt64 = 0

    init(bytes: Int, pieceMax: Int) {
        self.pieceMax = Self.aligned(pieceMax)
        // Room for a few at least, whatever was asked for.
        let size = max(Self.aligned(bytes), 8 * self.pieceMax)
        self.size = UInt64(size)
        base = .allocate(byteCount: size, alignment: Self.alignment)
    }

    deinit { base.deallocate() }

    private static func aligned(_ count: Int) -> Int {
        (count + alignment - 1) & ~(alignment - 1)
    }

    /// Payloads of the largest size that fit, also if the end of the memory must be skipped.
    var room: Int { Int(size - (head - tail)) / pieceMax - 1 }

    /// The copy, and what to give back later. There must be room.
    @inline(__always)
    mutating func append(
        _ payload: UnsafeRawBufferPointer
    ) -> (bytes: UnsafeRawPointer, end: UInt64) {
        let length = UInt64(Self.aligned(payload.count))
        var offset = head % size
        if offset + length > size {
            head += size - offset
            offset = 0
        }
        head += length
        let copy = base + Int(offset)
        if let bytes = payload.baseAddress {
            copy.copyMemory(from: bytes, byteCount: payload.count)
        }
        return (UnsafeRawPointer(copy), head)
    }

    mutating func release(upTo end: UInt64) { tail = end }
}
