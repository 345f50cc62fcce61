/// Encodes classic pcap files: little-endian, nanoseconds (capture-formats.md §2).
public enum PcapWriter {
    public static func appendHeader(
        linkType: LinkType = .ethernet, snapLength: UInt32 = 262_144, to output: inout [UInt8]
    ) {
        output.appendLittleEndian(0xA1B2_3C4D as UInt32)
        output.appendLittleEndian(2 as UInt16)
        output.appendLittleEndian(4 as UInt16)
        output.appendLittleEndian(0 as UInt64)
        output.appendLittleEndian(snapLength)
        output.appendLittleEndian(UInt32(linkType.rawValue))
    }

    /// Times end in 2106, when the seconds no longer fit into 32 bits. `originalLength` is that of
    /// `packet` unless given.
    public static func appendPacket(
        _ packet: UnsafeRawBufferPointer, timeNanoseconds: UInt64, originalLength: UInt32? = nil,
        to output: inout [UInt8]
    ) {
        let (seconds, fraction) = timeNanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        let length = UInt32(packet.count)
        let header = (
            UInt32(truncatingIfNeeded: seconds).littleEndian, UInt32(fraction).littleEndian,
            length.littleEndian, (originalLength ?? length).littleEndian
        )
        withUnsafeBytes(of: header) { output += $0 }
        output += packet
    }
}

/// Encodes pcapng files of one section: little-endian, nanoseconds (capture-formats.md §3).
///
/// A pure encoder: it appends to the caller's bytes, which may be written and emptied between any
/// two calls.
public struct PcapngWriter: Sendable {
    /// How many interfaces were described; the next one's id.
    public private(set) var interfaceCount: UInt32 = 0

    /// Appends the Section Header Block that begins the file.
    public init(
        comment: String? = nil, hardware: String? = nil, operatingSystem: String? = nil,
        userApplication: String? = nil, to output: inout [UInt8]
    ) {
        output.appendBlock(type: PcapngSection.headerType) { body in
            body.appendLittleEndian(PcapngSection.byteOrderMagic)
            body.appendLittleEndian(1 as UInt16)
            body.appendLittleEndian(0 as UInt16)
            body.appendLittleEndian(-1 as Int64)
            body.appendOptions([
                (1, comment.map { [UInt8]($0.utf8) }), (2, hardware.map { [UInt8]($0.utf8) }),
                (3, operatingSystem.map { [UInt8]($0.utf8) }),
                (4, userApplication.map { [UInt8]($0.utf8) }),
            ])
        }
    }

    /// Appends an Interface Description Block and returns the interface's id. A `snapLength` of 0
    /// means no limit; `filter` is text.
    @discardableResult
    public mutating func appendInterface(
        name: String, linkType: LinkType = .ethernet, snapLength: UInt32 = 0,
        description: String? = nil, filter: String? = nil, to output: inout [UInt8]
    ) -> UInt32 {
        output.appendBlock(type: 1) { body in
            body.appendLittleEndian(linkType.rawValue)
            body.appendLittleEndian(0 as UInt16)
            body.appendLittleEndian(snapLength)
            body.appendOptions([
                (2, [UInt8](name.utf8)), (3, description.map { [UInt8]($0.utf8) }), (9, [9]),
                (11, filter.map { [0] + [UInt8]($0.utf8) }),
            ])
        }
        defer { interfaceCount += 1 }
        return interfaceCount
    }

    /// Appends an Enhanced Packet Block. `originalLength` is that of `packet` unless given.
    public func appendPacket(
        _ packet: UnsafeRawBufferPointer, interface: UInt32, timeNanoseconds: UInt64,
        originalLength: UInt32? = nil, to output: inout [UInt8]
    ) {
        precondition(interface < interfaceCount, "packet of an interface that was not described")
        let length = UInt32(packet.count)
        let padding = -packet.count & 3
        let total = 32 + length + UInt32(padding)
        let header = (
            UInt32(6).littleEndian, total.littleEndian, interface.littleEndian,
            UInt32(timeNanoseconds >> 32).littleEndian,
            UInt32(truncatingIfNeeded: timeNanoseconds).littleEndian, length.littleEndian,
            (originalLength ?? length).littleEndian
        )
        withUnsafeBytes(of: header) { output += $0 }
        output += packet
        output.append(contentsOf: repeatElement(0, count: padding))
        output.appendLittleEndian(total)
    }

    /// Completes an Enhanced Packet Block whose `length` packet bytes stand 28 bytes behind `block`,
    /// for those who lay out blocks in memory of their own. Returns the block's length, which is
    /// 32 bytes and `length` rounded up to a multiple of 4; `block` must be aligned to 4 bytes.
    @inlinable
    @inline(__always)
    public static func finishPacketBlock(
        _ block: UnsafeMutableRawPointer, interface: UInt32, length: UInt32,
        originalLength: UInt32, timeNanoseconds: UInt64
    ) -> Int {
        let padded = (length &+ 3) & ~3
        let total = 32 &+ padded
        var at = Int(length)
        while at < Int(padded) {
            block.storeBytes(of: 0, toByteOffset: 28 + at, as: UInt8.self)
            at += 1
        }
        block.storeBytes(of: UInt32(6).littleEndian, as: UInt32.self)
        block.storeBytes(of: total.littleEndian, toByteOffset: 4, as: UInt32.self)
        block.storeBytes(of: interface.littleEndian, toByteOffset: 8, as: UInt32.self)
        block.storeBytes(
            of: UInt32(timeNanoseconds >> 32).littleEndian, toByteOffset: 12, as: UInt32.self)
        block.storeBytes(
            of: UInt32(truncatingIfNeeded: timeNanoseconds).littleEndian, toByteOffset: 16,
            as: UInt32.self)
        block.storeBytes(of: length.littleEndian, toByteOffset: 20, as: UInt32.self)
        block.storeBytes(of: originalLength.littleEndian, toByteOffset: 24, as: UInt32.self)
        block.storeBytes(
            of: total.littleEndian, toByteOffset: Int(total) - 4, as: UInt32.self)
        return Int(total)
    }

    /// Appends a custom block that other tools may copy. Readers get `data` padded with zeros to a
    /// multiple of 4 bytes, so it must tell its own length (see `CaptureRecord.custom`).
    public func appendCustom(
        enterprise: UInt32, data: UnsafeRawBufferPointer, to output: inout [UInt8]
    ) {
        output.appendBlock(type: 0x0BAD) { body in
            body.appendLittleEndian(enterprise)
            body += data
        }
    }

    /// Appends an Interface Statistics Block: packets received by the interface and packets
    /// dropped by it or by the operating system.
    public func appendStatistics(
        interface: UInt32, timeNanoseconds: UInt64, received: UInt64, dropped: UInt64,
        to output: inout [UInt8]
    ) {
        var statistics = PcapngStatistics()
        statistics.received = received
        statistics.dropped = dropped
        appendStatistics(
            statistics, interface: interface, timeNanoseconds: timeNanoseconds, to: &output)
    }

    /// Appends an Interface Statistics Block with whatever is known.
    public func appendStatistics(
        _ statistics: PcapngStatistics, interface: UInt32, timeNanoseconds: UInt64,
        to output: inout [UInt8]
    ) {
        precondition(interface < interfaceCount, "statistics of an interface not described")
        func number(_ value: UInt64?) -> [UInt8]? {
            value.map { withUnsafeBytes(of: $0.littleEndian) { [UInt8]($0) } }
        }
        // A time is its upper half, then its lower half.
        func time(_ value: UInt64?) -> [UInt8]? { number(value.map { $0 << 32 | $0 >> 32 }) }
        output.appendBlock(type: 5) { body in
            body.appendLittleEndian(interface)
            body.appendLittleEndian(UInt32(timeNanoseconds >> 32))
            body.appendLittleEndian(UInt32(truncatingIfNeeded: timeNanoseconds))
            body.appendOptions([
                (1, statistics.comment.map { [UInt8]($0.utf8) }),
                (2, time(statistics.startTimeNanoseconds)),
                (3, time(statistics.endTimeNanoseconds)), (4, number(statistics.received)),
                (5, number(statistics.dropped)), (6, number(statistics.filterAccepted)),
                (7, number(statistics.droppedByOperatingSystem)),
                (8, number(statistics.delivered)),
            ])
        }
    }
}

/// What an Interface Statistics Block can say; all counts are since the capture began.
public struct PcapngStatistics: Sendable, Equatable {
    public var comment: String?
    /// When the capture began and when it ended, UTC ns.
    public var startTimeNanoseconds: UInt64?
    public var endTimeNanoseconds: UInt64?
    /// Packets received by the interface (isb_ifrecv).
    public var received: UInt64?
    /// Packets dropped by the interface (isb_ifdrop).
    public var dropped: UInt64?
    /// Packets that the filter let through (isb_filteraccept).
    public var filterAccepted: UInt64?
    /// Packets that the operating system had no room for (isb_osdrop).
    public var droppedByOperatingSystem: UInt64?
    /// Packets that went to the file (isb_usrdeliv).
    public var delivered: UInt64?

    public init() {}
}

extension [UInt8] {
    fileprivate mutating func appendLittleEndian<Integer: FixedWidthInteger>(_ value: Integer) {
        Swift.withUnsafeBytes(of: value.littleEndian) { self += $0 }
    }

    fileprivate mutating func pad() {
        append(contentsOf: repeatElement(0, count: -count & 3))
    }

    fileprivate mutating func appendBlock(type: UInt32, _ fill: (inout [UInt8]) -> Void) {
        var body: [UInt8] = []
        fill(&body)
        body.pad()
        let total = UInt32(body.count + 12)
        appendLittleEndian(type)
        appendLittleEndian(total)
        self += body
        appendLittleEndian(total)
    }

    /// Appends the options that have a value, cut to the 65,535 bytes that one can hold, and the
    /// end of the list.
    fileprivate mutating func appendOptions(_ options: [(code: UInt16, value: [UInt8]?)]) {
        for (code, value) in options {
            guard let value = value?.prefix(Int(UInt16.max)) else { continue }
            appendLittleEndian(code)
            appendLittleEndian(UInt16(value.count))
            self += value
            pad()
        }
        appendLittleEndian(0 as UInt32)
    }
}
