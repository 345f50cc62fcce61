import Protocols
import TestSupport
import Testing
import Ticks
import Wire

private func parsed(
    _ transport: TransportDefinition, _ datagram: [UInt8], channel: UInt32 = 0,
    _ body: (TransportPacket) -> Void = { _ in }
) -> TransportRejection? {
    datagram.withUnsafeBytes { bytes in
        switch transport.parse(bytes, TransportOptions(channel: channel)) {
        case .packet(let packet):
            body(packet)
            return nil
        case .rejected(let reason): return reason
        }
    }
}

/// A datagram that the transport takes.
private func take(
    _ transport: TransportDefinition, _ datagram: [UInt8],
    _ body: (TransportPacket) -> Void
) {
    #expect(parsed(transport, datagram, body) == nil)
}

/// others.md §6, §7, §11, §14.
@Suite struct DerivativesTransportTests {
    /// The packet that others.md §6 prints.
    private let eobi = bytes(
        hex: "2000cc32ffffffffa1a91b00a30200000301000000000000c7cd7be59b305114"
            + "30002c33c8161d0022847ae59b305114279c150000000000beca7ae59b305114"
            + "040000000100000000c5acea43000000")

    @Test func eobiReadsTheLivePacket() {
        let reason = parsed(EOBIPacket.transport, eobi) { packet in
            #expect(packet.firstSequence == 1_812_897 && packet.kind == .data)
            #expect(packet.messageCount == 1 && packet.announcedCount == 1)
            #expect(packet.blocks.count == 80 && packet.trailingBytes == 0)
            #expect(packet.sendTime == 0x1451_309B_E57B_CDC7 && !packet.resetsSequence)
        }
        #expect(reason == nil)
        #expect(EOBIPacket.transport.unit == .packets)
    }

    @Test(arguments: [13000, 13002, 13003, 13004, 13005] as [UInt16])
    func eobiTakesEveryGeneration(template: UInt16) {
        var bytes = eobi
        bytes.putWire(template, at: 2)
        #expect(parsed(EOBIPacket.transport, bytes) == nil)
    }

    @Test func eobiRefusesWhatIsNoHeader() {
        var bytes = eobi
        bytes.putWire(13001 as UInt16, at: 2)
        #expect(parsed(EOBIPacket.transport, bytes) == .wrongProtocol)
        bytes.putWire(13100 as UInt16, at: 2)
        #expect(parsed(EOBIPacket.transport, bytes) == .wrongProtocol)
        bytes.putWire(13004 as UInt16, at: 2)
        bytes[0] = 31
        #expect(parsed(EOBIPacket.transport, bytes) == .badLength)
        #expect(parsed(EOBIPacket.transport, Array(eobi.prefix(31))) == .headerCut)
    }

    /// The indicator stays set for some packets after a start.
    @Test func eobiResets() {
        var bytes = eobi
        bytes[18] = 1
        take(EOBIPacket.transport, bytes) { #expect($0.resetsSequence) }
        bytes[18] = 0
        take(EOBIPacket.transport, bytes) { #expect(!$0.resetsSequence) }
    }

    /// The header that others.md §7 prints.
    private let b3Header = bytes(hex: "320035050112000040b394951bd55217")

    @Test func b3ReadsTheLiveHeader() {
        let datagram = b3Header + bytes(hex: "3c0050eb3000140002000500")
        let reason = parsed(B3Packet.transport, datagram, channel: 50) { packet in
            #expect(packet.session == SessionIdentifier(high: 1333 << 48, low: 0))
            #expect(packet.firstSequence == 4609 && packet.kind == .data)
            #expect(packet.blocks.count == 12 && packet.sendTime == 0x1752_D51B_9594_B340)
        }
        #expect(reason == nil)
        #expect(parsed(B3Packet.transport, datagram, channel: 51) == .wrongChannel)
        #expect(parsed(B3Packet.transport, Array(b3Header.prefix(15))) == .headerCut)
    }

    @Test func b3PacketsWithoutANumber() {
        var header = b3Header
        header.putWire(0 as UInt32, at: 4)
        let sequence = bytes(hex: "100050eb0400020002000500" + "442d0100")
        take(B3Packet.transport, header + sequence) { packet in
            #expect(packet.kind == .heartbeat && packet.firstSequence == 77124)
            #expect(packet.messageCount == 0 && !packet.resetsSequence)
        }
        let reset = bytes(hex: "0c0050eb0000010002000500")
        take(B3Packet.transport, header + reset) { packet in
            #expect(packet.kind == .heartbeat && packet.firstSequence == 1)
            #expect(packet.resetsSequence)
        }
        let other = bytes(hex: "0c0050eb0000090002000500")
        take(B3Packet.transport, header + other) { packet in
            #expect(packet.kind == .unsequenced && packet.messageCount == 1)
        }
        take(B3Packet.transport, header) { #expect($0.kind == .unsequenced) }
        // Cut before the next number.
        take(B3Packet.transport, header + sequence.dropLast()) { packet in
            #expect(packet.kind == .unsequenced)
        }
    }

    /// The header that others.md §14 prints, and the lengths of its two messages.
    private let coinbase =
        bytes(hex: "2c0438affabd8c1615143b020000000031af010200000000")
        + bytes(hex: "28001e001500b1040200") + [UInt8](repeating: 0, count: 30)
        + bytes(hex: "38002a001400b1040200") + [UInt8](repeating: 0, count: 46)

    @Test func coinbaseReadsTheLiveHeader() {
        let reason = parsed(CoinbasePacket.transport, coinbase, channel: 44849) { packet in
            #expect(packet.firstSequence == 37_426_197 && packet.kind == .data)
            #expect(packet.messageCount == 2 && packet.announcedCount == 2)
            #expect(packet.blocks.count == 96 && packet.trailingBytes == 0)
            #expect(packet.sendTime == 0x168C_BDFA_AF38_042C)
        }
        #expect(reason == nil)
        #expect(parsed(CoinbasePacket.transport, coinbase, channel: 1) == .wrongChannel)
        #expect(parsed(CoinbasePacket.snapshotTransport, coinbase) == .wrongProtocol)
        #expect(parsed(CoinbasePacket.transport, Array(coinbase.prefix(23))) == .headerCut)
    }

    @Test func coinbaseHeartbeatCarriesTheNext() {
        var bytes = Array(coinbase.prefix(24))
        bytes[19] = 0
        take(CoinbasePacket.transport, bytes) { packet in
            #expect(packet.kind == .heartbeat && packet.firstSequence == 37_426_197)
            #expect(packet.messageCount == 0)
        }
    }

    @Test func coinbaseDamage() {
        // The second message is cut: the first still counts, the second is announced.
        take(CoinbasePacket.transport, Array(coinbase.dropLast())) { packet in
            #expect(packet.messageCount == 1 && packet.announcedCount == 2)
            #expect(packet.blocks.count == 40)
        }
        var bytes = coinbase
        bytes[15] = 0x40
        #expect(parsed(CoinbasePacket.transport, bytes) == .sequenceOutOfRange)
        bytes = coinbase
        bytes[24] = 1
        bytes[25] = 0
        take(CoinbasePacket.transport, bytes) { #expect($0.messageCount == 0) }
    }

    @Test func coinbaseSnapshotsAreOutsideOfTheOrder() {
        var bytes = coinbase
        bytes[18] = 2
        let reason = parsed(CoinbasePacket.snapshotTransport, bytes) { packet in
            #expect(packet.kind == .unsequenced && packet.firstSequence == 0)
            #expect(packet.messageCount == 1 && packet.blocks.count == bytes.count)
        }
        #expect(reason == nil)
        #expect(parsed(CoinbasePacket.transport, bytes) == .wrongProtocol)
    }

    @Test func optiqReadsTheHeader() {
        // Flags 0x25: compressed, restart 2, high bits of the number 2.
        var bytes = bytes(hex: "0807060504030201" + "78563412" + "2400" + "0500" + "aabb")
        let reason = parsed(OptiqPacket.transport, bytes, channel: 5) { packet in
            #expect(packet.firstSequence == 0x2_1234_5678)
            #expect(packet.session == SessionIdentifier(high: 2, low: 0))
            #expect(packet.sendTime == 0x0102_0304_0506_0708 && packet.blocks.count == 2)
            #expect(packet.messageCount == 1 && packet.kind == .data)
        }
        #expect(reason == nil)
        #expect(parsed(OptiqPacket.transport, bytes, channel: 6) == .wrongChannel)
        bytes[12] |= 1
        #expect(parsed(OptiqPacket.transport, bytes) == .compressed)
        #expect(parsed(OptiqPacket.transport, Array(bytes.prefix(15))) == .headerCut)
    }

    /// What encoders write, parsers read.
    @Test(arguments: [
        EOBIPacket.transport.name, B3Packet.transport.name, CoinbasePacket.transport.name,
        OptiqPacket.transport.name,
    ])
    func encodersAgree(name: String) throws {
        let transport = try #require(
            [
                EOBIPacket.transport, B3Packet.transport, CoinbasePacket.transport,
                OptiqPacket.transport,
            ].first { $0.name == name })
        let message: [UInt8] = [12, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
        let contents = PacketContents(
            session: 3, sequence: 77, sendTime: 88, channel: 9, messages: [message, message])
        take(transport, transport.encode(contents)) { packet in
            #expect(packet.firstSequence == 77 && packet.sendTime == 88 && packet.kind == .data)
            #expect(packet.messageCount == (transport.unit == .packets ? 1 : 2))
            #expect(Array(packet.blocks.suffix(24)) == message + message)
        }
        var idle = contents
        idle.isHeartbeat = true
        idle.messages = []
        take(transport, transport.encode(idle)) { packet in
            #expect(packet.firstSequence == 77)
            #expect(packet.kind == (["b3", "coinbase"].contains(name) ? .heartbeat : .data))
        }
    }
}
