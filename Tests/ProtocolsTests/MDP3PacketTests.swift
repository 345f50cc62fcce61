import TestSupport
import Testing
import Wire

/// The packets that cme-mdp3.md §7 prints, and damaged ones.
@Suite struct MDP3PacketTests {
    private let levels = bytes(
        hex: """
            1fd22601c0f1084c6b0e121458000b00200001000500a612074c6b0e121484000020000280f98cc3e3010000
            340100007e36000025fa3b015900000001013000000000000047a6b4e3010000e00100007e36000026fa3b01
            8d0000000201300000000000
            """)

    @Test func livePacket() throws {
        try levels.withUnsafeBytes { payload in
            guard case .packet(let packet) = MDP3Packet.parse(payload) else {
                throw TestFailure("rejected")
            }
            #expect(packet.kind == .data && packet.firstSequence == 19_321_375)
            #expect(packet.messageCount == 1 && packet.announcedCount == 1)
            #expect(packet.sendTime == 1_446_234_284_339_294_656)
            #expect(packet.blocks.count == 88 && packet.trailingBytes == 0)
        }
    }

    @Test func loopsHaveNoNumbers() throws {
        try levels.withUnsafeBytes { payload in
            guard
                case .packet(let packet) = MDP3Packet.loopTransport.parse(
                    payload, TransportOptions())
            else { throw TestFailure("rejected") }
            #expect(packet.kind == .unsequenced && packet.firstSequence == 0)
        }
    }

    /// Of a cut packet another line may have a whole copy: nothing of it is taken.
    @Test func everyCutIsRejected() {
        for length in 0..<levels.count where length != MDP3Packet.headerSize {
            levels.withUnsafeBytes { payload in
                let cut = UnsafeRawBufferPointer(rebasing: payload[..<length])
                guard case .rejected(let reason) = MDP3Packet.parse(cut) else {
                    Issue.record("\(length) bytes were taken")
                    return
                }
                #expect(reason == (length < 12 ? .headerCut : .badLength))
            }
        }
    }

    @Test(arguments: [0, 9, 89, 65535])
    func wrongSizeIsRejected(size: Int) {
        var bytes = levels
        bytes[12] = UInt8(size & 0xFF)
        bytes[13] = UInt8(size >> 8)
        bytes.withUnsafeBytes { payload in
            guard case .rejected(.badLength) = MDP3Packet.parse(payload) else {
                Issue.record("size \(size) was taken")
                return
            }
        }
    }

    @Test func encodesWhatItParses() {
        let contents = PacketContents(
            sequence: 19_321_375, sendTime: 1_446_234_284_339_294_656,
            messages: [Array(levels[12...])])
        #expect(MDP3Packet.transport.encode(contents) == levels)
    }

    /// §1.4, and a public capture's packet.
    @Test func conflatedPackets() throws {
        let transport = MDP3Packet.conflatedTransport
        let heartbeat = bytes(hex: "feca06000000c0c457a0f2c2a2160a000000d20002000000")
        try heartbeat.withUnsafeBytes { payload in
            guard case .packet(let packet) = transport.parse(payload, TransportOptions()) else {
                throw TestFailure("rejected")
            }
            #expect(packet.kind == .data && packet.firstSequence == 6)
            #expect(packet.sendTime == 1_631_080_362_389_521_600)
            #expect(packet.blocks.count == 10)
        }
        let length = try #require(transport.streamPacketLength)
        let second = [0xFE, 0xCA] + levels
        for (stream, expected) in [
            (heartbeat, heartbeat.count), (heartbeat + second, heartbeat.count),
            (second + heartbeat, second.count), (second, second.count),
            // Cut in a message, in the next packet's head, and before there is a head at all.
            (Array(second.prefix(40)), 40), (heartbeat + [0xFE], heartbeat.count),
            (heartbeat + [0xFE, 0xCA], heartbeat.count), (Array(second.prefix(13)), nil),
            // Not of this protocol, and a size that leads nowhere.
            (levels, nil), (heartbeat + [0, 0, 1, 2], heartbeat.count + 4),
        ] as [([UInt8], Int?)] {
            #expect(stream.withUnsafeBytes { length($0) } == expected)
        }
        for length in 0..<second.count where length != 2 + MDP3Packet.headerSize {
            second.withUnsafeBytes { payload in
                let cut = UnsafeRawBufferPointer(rebasing: payload[..<length])
                guard case .rejected = transport.parse(cut, TransportOptions()) else {
                    Issue.record("\(length) bytes were taken")
                    return
                }
            }
        }
        let contents = PacketContents(
            sequence: 19_321_375, sendTime: 1_446_234_284_339_294_656,
            messages: [Array(levels[12...])])
        #expect(transport.encode(contents) == second)
    }

    private struct TestFailure: Error {
        init(_ text: String) {}
    }
}
