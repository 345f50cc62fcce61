import Testing
import Wire

/// Unit headers, with the live bytes of cboe-pitch.md §7.
@Suite struct PITCHUnitTests {
    private static let equities =
        "4200031f9e8b00000620988500001a2250810b00d9c2cdc18ab2043942082059414e4720206d04011a22a0c7"
        + "0b00dac2cdc18ab204394264005853564e20203b1201"
    private static let options =
        "23000121ec3498001b23803ab21acbb6add02ed5983c01000000dcce14e85a02000066"

    private func bytes(_ hex: String) -> [UInt8] {
        stride(from: 0, to: hex.utf8.count, by: 2).map { at in
            let start = hex.index(hex.startIndex, offsetBy: at)
            return UInt8(hex[start..<hex.index(start, offsetBy: 2)], radix: 16)!
        }
    }

    private func parse<Result>(
        _ payload: [UInt8], unit: UInt32 = 0, _ body: (TransportPacket) -> Result
    ) throws -> Result {
        try payload.withUnsafeBytes {
            guard case .packet(let packet) = PITCHUnit.parse($0, unit: unit) else {
                throw Rejected()
            }
            return body(packet)
        }
    }

    private func rejection(_ payload: [UInt8], unit: UInt32 = 0) -> TransportRejection? {
        payload.withUnsafeBytes {
            if case .rejected(let reason) = PITCHUnit.parse($0, unit: unit) { reason } else { nil }
        }
    }

    private struct Rejected: Error {}

    @Test func liveEquities() throws {
        try parse(bytes(Self.equities), unit: 31) { packet in
            #expect(packet.kind == .data && packet.firstSequence == 35742)
            #expect(packet.messageCount == 3 && packet.announcedCount == 3)
            #expect(packet.trailingBytes == 0 && packet.blocks.count == 58)
            #expect(packet.blocks[0] == 6 && packet.blocks[1] == 0x20 && packet.blocks[6] == 26)
        }
    }

    @Test func liveOptions() throws {
        try parse(bytes(Self.options), unit: 33) { packet in
            #expect(packet.firstSequence == 9_975_020 && packet.messageCount == 1)
        }
    }

    @Test func heartbeatTellsTheNextNumber() throws {
        try parse(bytes("080000018e520000")) { packet in
            #expect(packet.kind == .heartbeat && packet.firstSequence == 21134)
            #expect(packet.messageCount == 0)
        }
    }

    @Test(arguments: ["0800000100000000", "0e000121000000000620988500 00"])
    func withoutNumber(hex: String) throws {
        let payload = bytes(hex.replacing(" ", with: ""))
        try parse(payload) { packet in
            #expect(packet.kind == .unsequenced && packet.firstSequence == 0)
            #expect(packet.messageCount == Int(payload[2]))
        }
    }

    @Test func trailingBytesAreNoMessages() throws {
        try parse(bytes(Self.options) + [1, 2, 3]) { packet in
            #expect(packet.messageCount == 1 && packet.trailingBytes == 3)
        }
    }

    @Test func messageBeyondTheLengthIsNotWhole() throws {
        var payload = bytes(Self.options)
        payload[8] = 28
        try parse(payload) { packet in
            #expect(packet.messageCount == 0 && packet.announcedCount == 1)
            #expect(packet.blocks.isEmpty)
        }
        payload[8] = 0
        try parse(payload) { #expect($0.messageCount == 0) }
    }

    @Test func rejections() {
        let payload = bytes(Self.options)
        #expect(rejection(Array(payload[..<7])) == .headerCut)
        #expect(rejection([]) == .headerCut)
        #expect(rejection(Array(payload[..<34])) == .badLength)
        #expect(rejection([7, 0] + payload[2...]) == .badLength)
        #expect(rejection(payload, unit: 32) == .wrongChannel)
    }

    @Test func encodingGivesTheLiveBytes() {
        let live = bytes(Self.equities)
        let messages = [Array(live[8..<14]), Array(live[14..<40]), Array(live[40...])]
        let contents = PacketContents(sequence: 35742, channel: 31, messages: messages)
        #expect(PITCHUnit.encode(contents) == live)
        #expect(
            PITCHUnit.encode(PacketContents(sequence: 21134, channel: 1, isHeartbeat: true))
                == bytes("080000018e520000"))
    }
}
