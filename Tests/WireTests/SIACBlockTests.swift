import Testing
import Ticks
import Wire

/// Blocks of CTA and OPRA (others.md §3, §5).
@Suite struct SIACBlockTests {
    /// A block that OPRA sent (others.md §5).
    private static let live = hex(
        "06003c4f200017fea462016567a58c2fab03000f8d"
            + "5471204d041cdaf72fa5ae99414d5a4e4c1d1705320582002b05b900024e420000058200000032")

    private func parse(
        _ bytes: [UInt8], _ transport: TransportDefinition,
        _ body: (TransportPacket) -> Void = { _ in }
    ) -> TransportRejection? {
        bytes.withUnsafeBytes { raw in
            switch transport.parse(raw, TransportOptions()) {
            case .packet(let packet):
                body(packet)
                return nil
            case .rejected(let reason):
                return reason
            }
        }
    }

    /// A CTA message of nothing but its header.
    private func control(_ category: Character, _ type: Character) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 26)
        bytes[1] = 26
        bytes[2] = category.asciiValue!
        bytes[3] = type.asciiValue!
        return bytes
    }

    private func opraControl(_ type: Character) -> [UInt8] {
        [UInt8(ascii: "O"), UInt8(ascii: "H"), type.asciiValue!, UInt8(ascii: " ")]
            + [UInt8](repeating: 0, count: 8)
    }

    // MARK: Live bytes

    @Test func liveBlockIsRead() {
        let reason = parse(Self.live, OPRABlock.transport) { packet in
            #expect(packet.kind == .data && !packet.resetsSequence)
            #expect(packet.firstSequence == 0x17fe_a462)
            #expect(packet.messageCount == 1 && packet.announcedCount == 1)
            #expect(packet.sendTime == 0x6567_a58c * 1_000_000_000 + 0x2fab_0300)
            #expect(packet.blocks.count == 39 && packet.trailingBytes == 0)
        }
        #expect(reason == nil)
    }

    /// The block's own writer gives the bytes that were sent.
    @Test func liveBlockIsWritten() {
        let written = OPRABlock.transport.encode(
            PacketContents(
                sequence: 0x17fe_a462, sendTime: 0x6567_a58c * 1_000_000_000 + 0x2fab_0300,
                messages: [Array(Self.live[21...].prefix(39))]))
        #expect(written == Self.live)
    }

    /// Every single changed byte is noticed.
    @Test func everyChangedByteIsRejected() {
        for offset in Self.live.indices {
            var bytes = Self.live
            bytes[offset] &+= 1
            #expect(parse(bytes, OPRABlock.transport) != nil, "offset \(offset)")
        }
        var bytes = Self.live
        bytes[30] ^= 4
        #expect(parse(bytes, OPRABlock.transport) == .badChecksum)
    }

    // MARK: Headers

    @Test func headersAreChecked() {
        let good = CTABlock.quotes.encode(
            PacketContents(sequence: 5, messages: [control("C", "O")]))
        #expect(good.count == 46)
        #expect(parse(good, CTABlock.quotes) == nil)
        #expect(parse(good, CTABlock.trades) == .wrongProtocol)
        #expect(parse(good, OPRABlock.transport) == .wrongVersion)
        #expect(parse(Array(good[..<19]), CTABlock.quotes) == .headerCut)
        #expect(parse(Array(good[..<45]), CTABlock.quotes) == .badLength)
        #expect(parse([], CTABlock.quotes) == .headerCut)
        var bytes = good
        bytes[0] = 3
        #expect(parse(bytes, CTABlock.quotes) == .wrongVersion)
        bytes = good
        bytes[2] = 19
        #expect(parse(bytes, CTABlock.quotes) == .badLength)
        bytes = good
        bytes[9] = 0
        #expect(parse(bytes, CTABlock.quotes) == .badLength)
        bytes = good
        bytes[45] = 1
        #expect(parse(bytes, CTABlock.quotes) == .badChecksum)
        // Padding of the network does not belong to the block.
        let padded = parse(good + [1, 2], CTABlock.quotes) { #expect($0.trailingBytes == 2) }
        #expect(padded == nil)
    }

    @Test(arguments: [0, 1, 2] as [UInt8])
    func versionsOfTheTapes(version: UInt8) {
        var bytes = CTABlock.trades.encode(
            PacketContents(sequence: 1, messages: [control("A", "A")]))
        bytes[0] = version
        // The sum is that of version 2.
        let sum = (Int(bytes[18]) << 8 | Int(bytes[19])) - 2 + Int(version)
        bytes[18] = UInt8(sum >> 8 & 0xFF)
        bytes[19] = UInt8(sum & 0xFF)
        #expect(parse(bytes, CTABlock.trades) == nil)
    }

    @Test func padByteBelongsToNoMessage() {
        var odd = control("A", "A") + [7]
        odd[1] = 27
        let bytes = CTABlock.trades.encode(PacketContents(sequence: 1, messages: [odd]))
        #expect(bytes.count == 48)
        let reason = parse(bytes, CTABlock.trades) { packet in
            #expect(packet.trailingBytes == 0 && packet.blocks.count == 27)
        }
        #expect(reason == nil)
    }

    @Test func cutMessagesAreAnnounced() {
        var long = control("A", "A")
        long[1] = 80
        let bytes = CTABlock.trades.encode(
            PacketContents(sequence: 9, messages: [control("A", "B"), long]))
        let reason = parse(bytes, CTABlock.trades) { packet in
            #expect(packet.messageCount == 1 && packet.announcedCount == 2)
            #expect(packet.endSequence == 11 && packet.trailingBytes == 26)
        }
        #expect(reason == nil)
    }

    // MARK: Control messages

    /// Line Integrity carries the last number, a heartbeat the next one.
    @Test func lineIntegrityIsAHeartbeat() {
        for (transport, message) in [
            (CTABlock.quotes, control("C", "T")), (CTABlock.trades, control("C", "T")),
            (OPRABlock.transport, opraControl("N")),
        ] {
            let sent = transport.encode(PacketContents(sequence: 41, messages: [message]))
            let own = transport.encode(PacketContents(sequence: 42, isHeartbeat: true))
            for bytes in [sent, own] {
                let reason = parse(bytes, transport) { packet in
                    #expect(packet.kind == .heartbeat && packet.firstSequence == 42)
                    #expect(packet.messageCount == 0 && packet.announcedCount == 0)
                    #expect(packet.blocks.isEmpty && !packet.resetsSequence)
                }
                #expect(reason == nil)
            }
        }
    }

    /// Reset carries the number that the counter is set to, and is not delivered.
    @Test func resetBeginsANewRun() {
        for (transport, message) in [
            (CTABlock.quotes, control("C", "L")), (OPRABlock.transport, opraControl("K")),
        ] {
            var bytes = transport.encode(PacketContents(sequence: 1, messages: [message]))
            let reason = parse(bytes, transport) { packet in
                #expect(packet.kind == .heartbeat && packet.firstSequence == 1)
                #expect(packet.resetsSequence && packet.messageCount == 0)
            }
            #expect(reason == nil)
            // A retransmitted one resets nothing.
            let sum = transport.name == "opra" ? 19 : 18
            let total = Int(bytes[sum]) << 8 | Int(bytes[sum + 1])
            let changed = total - Int(bytes[4]) + Int(UInt8(ascii: "V"))
            bytes[4] = UInt8(ascii: "V")
            bytes[sum] = UInt8(changed >> 8 & 0xFF)
            bytes[sum + 1] = UInt8(changed & 0xFF)
            let repeated = parse(bytes, transport) { #expect(!$0.resetsSequence) }
            #expect(repeated == nil)
        }
    }

    /// Start of day is a message of its own with number 0.
    @Test func startOfDayBeginsANewRun() {
        for (transport, message) in [
            (CTABlock.trades, control("C", "A")), (OPRABlock.transport, opraControl("C")),
        ] {
            let bytes = transport.encode(PacketContents(sequence: 0, messages: [message]))
            let reason = parse(bytes, transport) { packet in
                #expect(packet.kind == .data && packet.firstSequence == 0)
                #expect(packet.resetsSequence && packet.messageCount == 1)
            }
            #expect(reason == nil)
        }
    }

    /// Other control messages, and control letters of messages that do not travel alone, are data.
    @Test func otherControlMessagesAreData() {
        let cases: [(TransportDefinition, [[UInt8]])] = [
            (CTABlock.trades, [control("C", "Z")]), (CTABlock.quotes, [control("C", "O")]),
            (CTABlock.trades, [control("A", "T")]),
            (CTABlock.trades, [control("C", "T"), control("C", "T")]),
            (OPRABlock.transport, [opraControl("J")]),
        ]
        for (transport, messages) in cases {
            let bytes = transport.encode(PacketContents(sequence: 8, messages: messages))
            let reason = parse(bytes, transport) { packet in
                #expect(packet.kind == .data && packet.messageCount == messages.count)
                #expect(packet.firstSequence == 8 && !packet.resetsSequence)
            }
            #expect(reason == nil)
        }
    }

    /// Blocks of all sizes up to some thousands of the largest bytes: the parser takes the sum of them
    /// one by one, and no other.
    @Test func sums() {
        for size in Array(43...120) + [1043, 1044, 1045, 2070, 4500, 65_535] {
            var bytes = [UInt8](repeating: 0xFF, count: size)
            bytes.replaceSubrange(0..<21, with: Self.live[..<21])
            bytes[1] = UInt8(size >> 8)
            bytes[2] = UInt8(size & 0xFF)
            (bytes[19], bytes[20]) = (0, 0)
            let sum = bytes.reduce(0) { $0 + Int($1) } & 0xFFFF
            for difference in [0, 1] {
                bytes[19] = UInt8((sum ^ difference) >> 8)
                bytes[20] = UInt8((sum ^ difference) & 0xFF)
                let reason = parse(bytes, OPRABlock.transport)
                #expect((reason == .badChecksum) == (difference == 1), "\(size) bytes")
            }
        }
    }
}
