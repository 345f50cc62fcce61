import Testing
import Wire

/// The bytes that `digits` spell.
private func unhex(_ digits: String) -> [UInt8] {
    let values = digits.utf8.map { UInt8($0 > 0x60 ? $0 - 0x57 : $0 - 0x30) }
    return stride(from: 0, to: values.count, by: 2).map { values[$0] << 4 | values[$0 + 1] }
}

/// What a transport makes of the bytes; nil and the reason where it rejects them.
private func parse(
    _ transport: TransportDefinition, _ bytes: [UInt8], channel: UInt32 = 0,
    _ body: (TransportPacket) -> Void
) -> TransportRejection? {
    bytes.withUnsafeBytes { payload in
        switch transport.parse(payload, TransportOptions(channel: channel)) {
        case .packet(let packet):
            body(packet)
            return nil
        case .rejected(let reason): return reason
        }
    }
}

/// A packet that the transport takes.
private func take(
    _ transport: TransportDefinition, _ bytes: [UInt8], _ body: (TransportPacket) -> Void
) {
    #expect(parse(transport, bytes, body) == nil)
}

/// others.md §1.
@Suite struct MEMXPacketTests {
    let live =
        "02125553453164e486c8000000000014eeab00010025001f0a020103177db7afa6673a401f3c"
        + "00000000013ea06a530000038400000000063e82c0"

    @Test func liveData() {
        let rejection = parse(MEMXPacket.transport, unhex(live)) { packet in
            #expect(packet.kind == .data && packet.firstSequence == 1_371_819)
            #expect(packet.session.high == 0x5553_4531_64e4_86c8)
            #expect(packet.messageCount == 1 && packet.announcedCount == 1)
            #expect(packet.blocks.count == 39 && packet.trailingBytes == 0)
        }
        #expect(rejection == nil)
    }

    @Test("Idle packets carry the last number", arguments: [0, 1] as [UInt8])
    func idle(type: UInt8) {
        var bytes = unhex("00125553453164e486c8000000000015e890")
        bytes[0] = type
        let rejection = parse(MEMXPacket.transport, bytes) { packet in
            #expect(packet.kind == (type == 0 ? .heartbeat : .endOfSession))
            #expect(packet.firstSequence == 0x15e891 && packet.messageCount == 0)
        }
        #expect(rejection == nil)
    }

    @Test func rejections() {
        let whole = unhex(live)
        #expect(parse(MEMXPacket.transport, Array(whole[..<17])) { _ in } == .headerCut)
        #expect(parse(MEMXPacket.transport, Array(whole[..<19])) { _ in } == .headerCut)
        #expect(parse(MEMXPacket.transport, [3] + whole[1...]) { _ in } == .wrongProtocol)
        #expect(parse(MEMXPacket.transport, [2, 20] + whole[2...]) { _ in } == .badLength)
        var far = whole
        far[10] = 0x40
        #expect(parse(MEMXPacket.transport, far) { _ in } == .sequenceOutOfRange)
        let cut = parse(MEMXPacket.transport, Array(whole.dropLast())) { packet in
            #expect(packet.announcedCount == 1 && packet.messageCount == 0)
            #expect(packet.trailingBytes == 38)
        }
        #expect(cut == nil)
    }

    @Test func encodes() {
        let message = Array(unhex(live).dropFirst(22))
        let session: UInt64 = 0x5553_4531_64e4_86c8
        #expect(
            MEMXPacket.encode(
                PacketContents(session: session, sequence: 1_371_819, messages: [message]))
                == unhex(live))
        #expect(
            MEMXPacket.encode(
                PacketContents(session: session, sequence: 0x15e891, isHeartbeat: true))
                == unhex("00125553453164e486c8000000000015e890"))
    }
}

/// others.md §2.
@Suite struct MACHPacketTests {
    private func data(_ sequence: UInt8, length: UInt8 = 13, session: UInt8 = 1) -> [UInt8] {
        [sequence, 0, 0, 0, 0, 0, 0, 0, length, 0, 3, session] + [0x31]
    }

    @Test("The live heartbeat before a session has neither number nor session")
    func liveHeartbeat() {
        let bytes = unhex("0000000000000000" + "0c000000")
        let rejection = parse(MACHPacket.transport, bytes) { packet in
            #expect(packet.kind == .heartbeat && packet.firstSequence == 1)
            #expect(packet.session.high == 0)
        }
        #expect(rejection == nil)
    }

    @Test("Start and end of a session")
    func sessionEnds() {
        take(MACHPacket.transport, [0, 0, 0, 0, 0, 0, 0, 0, 12, 0, 1, 2]) { packet in
            #expect(packet.kind == .heartbeat && packet.firstSequence == 1)
            #expect(packet.session.high == 2)
        }
        take(MACHPacket.transport, [9, 0, 0, 0, 0, 0, 0, 0, 12, 0, 2, 2]) { packet in
            #expect(packet.kind == .endOfSession && packet.firstSequence == 10)
        }
    }

    @Test("Packets of one datagram count as its messages, as far as they follow each other")
    func several() {
        func counts(_ bytes: [UInt8]) -> [Int] {
            var result: [Int] = []
            take(MACHPacket.transport, bytes) {
                result = [$0.announcedCount, $0.messageCount, $0.blocks.count, $0.trailingBytes]
            }
            return result
        }
        #expect(counts(data(5) + data(6) + data(7)) == [3, 3, 39, 0])
        #expect(counts(data(5) + data(7)) == [1, 1, 13, 13])
        #expect(counts(data(5) + data(6, session: 2)) == [1, 1, 13, 13])
        #expect(counts(data(5) + data(6, length: 14)) == [2, 1, 13, 13])
        #expect(counts(data(5) + data(6, length: 11)) == [1, 1, 13, 13])
        #expect(counts(data(5) + data(6).prefix(11)) == [1, 1, 13, 11])
        #expect(counts(data(5, length: 99)) == [1, 0, 0, 13])
    }

    @Test func rejections() {
        #expect(parse(MACHPacket.transport, Array(data(1).prefix(11))) { _ in } == .headerCut)
        #expect(parse(MACHPacket.transport, data(1, length: 11)) { _ in } == .badLength)
        var bytes = data(1)
        bytes[10] = 4
        #expect(parse(MACHPacket.transport, bytes) { _ in } == .wrongProtocol)
        bytes = data(1)
        bytes[7] = 0x40
        #expect(parse(MACHPacket.transport, bytes) { _ in } == .sequenceOutOfRange)
    }

    @Test func encodes() {
        let blank = [UInt8](repeating: 0xEE, count: 12) + [0x31]
        #expect(
            MACHPacket.encode(PacketContents(session: 1, sequence: 5, messages: [blank, blank]))
                == data(5) + data(6))
        #expect(
            MACHPacket.encode(PacketContents(session: 1, sequence: 1272, isHeartbeat: true))
                == unhex("f704000000000000" + "0c000001"))
    }
}

/// others.md §8.
@Suite struct OMDPacketTests {
    private let message: [UInt8] = [6, 0, 40, 0, 1, 2]
    private func packet(_ sequence: UInt64, _ messages: [[UInt8]]) -> [UInt8] {
        OMDPacket.encode(PacketContents(sequence: sequence, sendTime: 77, messages: messages))
    }

    @Test func writesAndReads() {
        let bytes = packet(0x0102, [message, message])
        #expect(bytes == unhex("1c000200" + "02010000" + "4d00000000000000") + message + message)
        let rejection = parse(OMDPacket.transport, bytes + [9]) { packet in
            #expect(packet.kind == .data && packet.firstSequence == 0x0102)
            #expect(packet.messageCount == 2 && packet.sendTime == 77)
            #expect(packet.trailingBytes == 1 && !packet.resetsSequence)
        }
        #expect(rejection == nil)
    }

    @Test("A heartbeat carries the last number")
    func heartbeat() {
        let bytes = packet(9, [])
        #expect(bytes[4] == 8)
        take(OMDPacket.transport, bytes) {
            #expect($0.kind == .heartbeat && $0.firstSequence == 9)
        }
    }

    @Test("A sequence reset stands before the number that it announces, whatever its own is")
    func reset() {
        let reset: [UInt8] = [8, 0, 100, 0, 1, 0, 0, 0]
        take(OMDPacket.transport, packet(500, [reset])) {
            #expect($0.resetsSequence && $0.firstSequence == 0 && $0.endSequence == 1)
        }
        take(OMDPacket.transport, packet(500, [reset, message])) {
            #expect(!$0.resetsSequence && $0.firstSequence == 500)
        }
        take(OMDPacket.transport, packet(500, [[8, 0, 100, 0, 0, 0, 0, 0]])) {
            #expect($0.resetsSequence && $0.firstSequence == 0)
        }
    }

    @Test func damage() {
        let bytes = packet(5, [message])
        #expect(parse(OMDPacket.transport, Array(bytes.prefix(15))) { _ in } == .headerCut)
        #expect(parse(OMDPacket.transport, Array(bytes.dropLast())) { _ in } == .badLength)
        #expect(parse(OMDPacket.transport, [15] + bytes.dropFirst()) { _ in } == .badLength)
        var short = bytes
        short[16] = 1
        take(OMDPacket.transport, short) {
            #expect($0.announcedCount == 1 && $0.messageCount == 0 && $0.trailingBytes == 6)
        }
    }
}

/// others.md §12.
@Suite struct MITCHUnitTests {
    private let message: [UInt8] = [6, 0x54, 1, 0, 0, 0]

    @Test func writesAndReads() {
        let bytes = MITCHUnit.encode(
            PacketContents(sequence: 5, channel: 0x41, messages: [message, message]))
        #expect(bytes == unhex("14000241" + "05000000") + message + message)
        let rejection = parse(MITCHUnit.transport, bytes) {
            #expect($0.kind == .data && $0.firstSequence == 5 && $0.messageCount == 2)
        }
        #expect(rejection == nil)
        #expect(parse(MITCHUnit.transport, bytes, channel: 0x42) { _ in } == .wrongChannel)
        #expect(parse(MITCHUnit.transport, bytes, channel: 0x41) { _ in } == nil)
    }

    @Test("A heartbeat carries the next number; number 0 is outside of the order")
    func kinds() {
        take(MITCHUnit.transport, MITCHUnit.encode(PacketContents(sequence: 9))) {
            #expect($0.kind == .heartbeat && $0.firstSequence == 9)
        }
        let loose = MITCHUnit.encode(PacketContents(sequence: 0, messages: [message]))
        take(MITCHUnit.transport, loose) {
            #expect($0.kind == .unsequenced && $0.messageCount == 1)
        }
    }

    @Test func damage() {
        let bytes = MITCHUnit.encode(PacketContents(sequence: 5, messages: [message]))
        #expect(parse(MITCHUnit.transport, Array(bytes.prefix(7))) { _ in } == .headerCut)
        #expect(parse(MITCHUnit.transport, Array(bytes.dropLast())) { _ in } == .badLength)
        #expect(parse(MITCHUnit.transport, [7] + bytes.dropFirst()) { _ in } == .badLength)
        var endless = bytes
        endless[8] = 0
        take(MITCHUnit.transport, endless) {
            #expect($0.announcedCount == 1 && $0.messageCount == 0)
        }
    }
}
