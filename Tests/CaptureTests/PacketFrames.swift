import Wire

/// Ethernet frames for the tests of the sources that see whole frames, built by hand.
struct TestFrame {
    var tags: [(type: UInt16, id: UInt16)] = []
    var source = "10.9.0.1"
    var group = "239.9.0.1"
    var port: UInt16 = 5000
    var ipProtocol: UInt8 = 17
    /// The 16 bits of flags and offset (IPv4), or offset and flag of a fragment header (IPv6).
    var fragment: UInt16?
    /// IPv4 option bytes, in fours.
    var options: [UInt8] = []
    /// IPv6 extension headers of 8 bytes each, in front of any fragment header.
    var extensions: [UInt8] = []
    var payload: [UInt8] = []

    var bytes: [UInt8] {
        let to = IPAddress(group)!
        var frame: [UInt8] = [0x01, 0x00, 0x5E, 0x09, 0, 1, 2, 0, 0, 0, 0, 1]
        for tag in tags { frame += be(tag.type) + be(tag.id) }
        let udp = be(UInt16(40_000)) + be(port) + be(UInt16(8 + payload.count)) + [0, 0] + payload
        frame += to.isV4 ? be(UInt16(0x0800)) + v4(udp) : be(UInt16(0x86DD)) + v6(udp)
        while frame.count < 60 { frame.append(0) }
        return frame
    }

    private func v4(_ body: [UInt8]) -> [UInt8] {
        let headerLength = 20 + options.count
        var header = [UInt8(0x40 | headerLength / 4), 0] + be(UInt16(headerLength + body.count))
        header += [0, 1] + be(fragment ?? 0) + [16, ipProtocol, 0, 0]
        header += be(IPAddress(source)!.v4!) + be(IPAddress(group)!.v4!) + options
        var sum: UInt32 = 0
        for index in stride(from: 0, to: header.count, by: 2) {
            sum += UInt32(header[index]) << 8 | UInt32(header[index + 1])
        }
        while sum > 0xFFFF { sum = (sum & 0xFFFF) + (sum >> 16) }
        header.replaceSubrange(10..<12, with: be(~UInt16(sum)))
        return header + body
    }

    private func v6(_ body: [UInt8]) -> [UInt8] {
        var chain = extensions
        if fragment != nil { chain.append(44) }
        chain.append(ipProtocol)
        var headers: [UInt8] = []
        for (index, kind) in chain.dropLast().enumerated() {
            let middle: [UInt8] = kind == 44 ? be(fragment!) + [0, 0, 0, 9] : [1, 4, 0, 0, 0, 0]
            headers += [chain[index + 1], 0] + middle
        }
        let (from, to) = (IPAddress(source)!, IPAddress(group)!)
        return [0x60, 0, 0, 0] + be(UInt16(headers.count + body.count)) + [chain[0], 16]
            + be(from.high) + be(from.low) + be(to.high) + be(to.low) + headers + body
    }
}

/// Big-endian bytes.
func be<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
    withUnsafeBytes(of: number.bigEndian) { [UInt8]($0) }
}
