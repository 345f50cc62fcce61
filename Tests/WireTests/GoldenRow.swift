import Wire

/// One packet as tshark reads it; a row that `Fixtures/wire/dissect` prints.
struct GoldenRow {
    var encapsulation: Int
    var time: UInt64?
    var capturedLength: Int
    var originalLength: UInt32
    /// Like eth:ethertype:vlan:ethertype:ip:udp:data.
    var protocols: [Substring]
    var source: Substring
    var destination: Substring
    var sourcePort: UInt16?
    var destinationPort: UInt16?
    var payload: [UInt8]
    var isChecksumBad: Bool
    var isFragment: Bool

    /// Leaves out what tshark shows but is no packet (custom blocks, journal entries): rows
    /// without an encapsulation.
    static func parse(_ table: String) -> [GoldenRow] {
        table.split(separator: "\n").compactMap { GoldenRow(line: $0) }
    }

    private init?(line: Substring) {
        let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
        guard fields.count == 15, let encapsulation = Int(fields[0]),
            let captured = Int(fields[2]), let original = UInt32(fields[3])
        else { return nil }
        self.encapsulation = encapsulation
        let time = fields[1].split(separator: ".")
        if time.count == 2, let seconds = UInt64(time[0]), let fraction = UInt64(time[1]) {
            self.time = seconds * 1_000_000_000 + fraction
        }
        capturedLength = captured
        originalLength = original
        protocols = fields[4].split(separator: ":")
        source = fields[5].isEmpty ? fields[7] : fields[5]
        destination = fields[6].isEmpty ? fields[8] : fields[6]
        sourcePort = UInt16(fields[9])
        destinationPort = UInt16(fields[10])
        payload = hex(String(fields[11]))
        isChecksumBad = fields[12] == "0"
        isFragment = fields[13] == "1" || (UInt16(fields[14]) ?? 0) > 0
    }

    /// Whether UDP lies directly in the packet's own IP header, not in a tunnel or ICMP error.
    var isUDP: Bool {
        let inner = protocols.drop { !["ip", "ipv6"].contains($0) }.dropFirst()
        return inner.drop { $0.hasPrefix("ipv6.") || $0 == "ah" }.first == "udp"
    }

    /// What contradicts tshark in `packet`, or nil.
    func contradiction(to packet: OwnedPacket) -> String? {
        if packet.bytes.count != capturedLength { return "captured \(packet.bytes.count)" }
        if packet.originalLength != originalLength { return "original \(packet.originalLength)" }
        if packet.time != time { return "time \(packet.time as Any)" }
        switch packet.outcome {
        case .datagram(let datagram):
            if !isUDP { return "datagram where tshark sees \(protocols)" }
            let expected = OwnedDatagram(
                source: String(source), destination: String(destination),
                sourcePort: sourcePort ?? 0, destinationPort: destinationPort ?? 0,
                payload: payload)
            return datagram == expected ? nil : "\(datagram) where tshark sees \(expected)"
        case .rejected(let reason):
            return isJustified(reason) ? nil : "\(reason) where tshark sees \(protocols)"
        }
    }

    private func isJustified(_ reason: PacketRejection) -> Bool {
        switch reason {
        case .otherProtocol: !isUDP && !isChecksumBad && !isFragment
        case .cutBySnapLength: capturedLength < originalLength
        case .fragment: isFragment
        case .badIPv4Checksum: isChecksumBad
        // wiretap's numbers for Ethernet, NULL, raw IP, SLL and SLL2.
        case .unsupportedLinkType: ![1, 15, 7, 25, 210].contains(encapsulation)
        // tshark marks these malformed; none of the captures has one.
        case .runt, .badIPHeader, .tooManyHeaders, .contradictoryLengths, .badUDPChecksum: false
        }
    }

    /// All contradictions between a file's packets and its rows.
    static func contradictions(_ rows: [GoldenRow], _ packets: [OwnedPacket]) -> [String] {
        var found = zip(rows, packets).enumerated().compactMap { index, pair in
            pair.0.contradiction(to: pair.1).map { "packet \(index + 1): \($0)" }
        }
        if rows.count != packets.count {
            found.append("\(packets.count) packets where tshark sees \(rows.count)")
        }
        return found
    }
}
