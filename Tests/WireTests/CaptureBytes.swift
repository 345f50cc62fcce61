import Wire

/// A capture file put together field by field, in either byte order: what `PcapngWriter` cannot or
/// must not write.
struct CaptureBytes {
    var bytes: [UInt8] = []
    var isBig = false

    mutating func add<Integer: FixedWidthInteger>(_ value: Integer) {
        withUnsafeBytes(of: isBig ? value.bigEndian : value.littleEndian) { bytes += $0 }
    }

    // MARK: pcap

    static func pcap(
        magic: UInt32 = 0xA1B2_C3D4, isBig: Bool = false, link: UInt32 = 1,
        version: (UInt16, UInt16) = (2, 4), snapLength: UInt32 = 262_144
    ) -> CaptureBytes {
        var file = CaptureBytes(isBig: isBig)
        file.add(magic)
        file.add(version.0)
        file.add(version.1)
        file.add(0 as UInt64)
        file.add(snapLength)
        file.add(link)
        return file
    }

    mutating func addRecord(
        _ packet: [UInt8], seconds: UInt32 = 1_700_000_000, fraction: UInt32 = 123_456,
        original: UInt32? = nil, extra: [UInt8] = []
    ) {
        add(seconds)
        add(fraction)
        add(UInt32(packet.count))
        add(original ?? UInt32(packet.count))
        bytes += extra + packet
    }

    // MARK: pcapng

    mutating func addBlock(type: UInt32, _ fill: (inout CaptureBytes) -> Void) {
        var body = CaptureBytes(isBig: isBig)
        fill(&body)
        body.pad()
        add(type)
        add(UInt32(body.bytes.count + 12))
        bytes += body.bytes
        add(UInt32(body.bytes.count + 12))
    }

    mutating func pad() {
        while bytes.count % 4 != 0 { bytes.append(0) }
    }

    mutating func addOption(_ code: UInt16, _ value: [UInt8]) {
        add(code)
        add(UInt16(value.count))
        bytes += value
        pad()
    }

    mutating func addSection(isBig: Bool = false, version: (UInt16, UInt16) = (1, 0)) {
        self.isBig = isBig
        addBlock(type: 0x0A0D_0D0A) { body in
            body.add(0x1A2B_3C4D as UInt32)
            body.add(version.0)
            body.add(version.1)
            body.add(-1 as Int64)
        }
    }

    mutating func addInterface(
        link: UInt16 = 1, snapLength: UInt32 = 0, options: [(UInt16, [UInt8])] = []
    ) {
        addBlock(type: 1) { body in
            body.add(link)
            body.add(0 as UInt16)
            body.add(snapLength)
            for (code, value) in options { body.addOption(code, value) }
        }
    }

    mutating func addPacket(
        _ packet: [UInt8], interface: UInt32 = 0, time: UInt64 = 0, original: UInt32? = nil,
        options: [(UInt16, [UInt8])] = []
    ) {
        addBlock(type: 6) { body in
            body.add(interface)
            body.add(UInt32(time >> 32))
            body.add(UInt32(truncatingIfNeeded: time))
            body.add(UInt32(packet.count))
            body.add(original ?? UInt32(packet.count))
            body.bytes += packet
            body.pad()
            for (code, value) in options { body.addOption(code, value) }
        }
    }

    mutating func addSimplePacket(_ packet: [UInt8], original: UInt32) {
        addBlock(type: 3) { body in
            body.add(original)
            body.bytes += packet
        }
    }
}

/// The examples of capture-formats.md, which tshark has read back.
enum Example {
    static let macs = hex("01005e010203 020000000001")
    /// IPv4 10.0.0.1 to 239.1.2.3, UDP 1000 to 26400, "HELLOWORLD".
    static let ip = hex(
        """
        450000260001000040117fc10a000001ef010203 03e8672000121a3d 48454c4c4f574f524c44
        """)
    static let frame = macs + hex("0800") + ip
    static let datagram = Outcome.datagram(
        OwnedDatagram(
            source: "10.0.0.1", destination: "239.1.2.3", sourcePort: 1000,
            destinationPort: 26_400, payload: [UInt8]("HELLOWORLD".utf8)))

    /// `ip` with other bytes from an offset on, and a valid header checksum.
    static func ip(_ changes: [Int: [UInt8]]) -> [UInt8] {
        var packet = ip
        for (offset, value) in changes {
            packet.replaceSubrange(offset..<offset + value.count, with: value)
        }
        packet[10] = 0
        packet[11] = 0
        var sum = 0
        for index in stride(from: 0, to: Int(packet[0] & 0xF) * 4, by: 2) {
            sum += Int(packet[index]) << 8 | Int(packet[index + 1])
        }
        while sum > 0xFFFF { sum = sum & 0xFFFF + sum >> 16 }
        packet[10] = UInt8(~sum >> 8 & 0xFF)
        packet[11] = UInt8(~sum & 0xFF)
        return packet
    }
}
