import Simulation
import Testing
import Wire

/// Messages at given times.
struct ScriptedSource: MessageSource {
    var script: [(time: UInt64, message: [UInt8])]
    var time: UInt64 = 0

    init(_ script: [(UInt64, Int)]) {
        self.script = script.enumerated().map { index, entry in
            (entry.0, [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: entry.1))
        }
    }

    mutating func next(into bytes: inout [UInt8]) -> Bool {
        guard !script.isEmpty else { return false }
        let (time, message) = script.removeFirst()
        self.time = time
        bytes.append(contentsOf: message)
        return true
    }
}

/// A MoldUDP64 packet, read by the offsets of moldudp64.md §1.1.
struct MoldPacket: Equatable {
    var session: [UInt8]
    var sequence: UInt64
    var count: Int
    var messages: [[UInt8]] = []

    init(_ payload: [UInt8]) {
        session = Array(payload[..<10])
        sequence = payload[10..<18].reduce(0) { $0 << 8 | UInt64($1) }
        count = Int(payload[18]) << 8 | Int(payload[19])
        var offset = 20
        while offset < payload.count {
            let length = Int(payload[offset]) << 8 | Int(payload[offset + 1])
            messages.append(Array(payload[offset + 2..<offset + 2 + length]))
            offset += 2 + length
        }
    }

    var sequences: Range<UInt64> { sequence..<sequence + UInt64(messages.count) }
}

@Suite struct LinePacketizerTests {
    private func pack(
        _ script: [(UInt64, Int)], _ change: (inout LinePacketizerConfiguration) -> Void = { _ in }
    ) -> [LinePacket] {
        var configuration = LinePacketizerConfiguration(session: MoldUDP64Encoder.session("S1"))
        configuration.endOfSessionCount = 2
        change(&configuration)
        var packetizer = LinePacketizer(ScriptedSource(script), configuration: configuration)
        var packets: [LinePacket] = []
        while let packet = packetizer.next() { packets.append(packet) }
        return packets
    }

    @Test func packsABurstAndFlushesWhenItEnds() {
        let packets = pack([(1_000, 3), (11_000, 4), (21_000, 0), (31_001, 5)])
        #expect(packets.map(\.kind) == [.data, .data, .endOfSession, .endOfSession])
        #expect(packets.map(\.sequences) == [1..<4, 4..<5, 5..<5, 5..<5])
        #expect(packets.map(\.time) == [31_000, 41_001, 1_041_001, 1_001_041_001])
        let read = packets.map { MoldPacket($0.payload) }
        #expect(read.map(\.count) == [3, 1, 0xFFFF, 0xFFFF])
        #expect(read.map(\.sequence) == [1, 4, 5, 5])
        #expect(read[0].messages == [[0, 0, 0], [1, 1, 1, 1], []])
        #expect(read[1].messages == [[3, 3, 3, 3, 3]])
        #expect(read.allSatisfy { $0.session == Array("S1        ".utf8) })
    }

    @Test func fillsNoPacketBeyondItsLimit() {
        // 20 bytes of header and two blocks of 40 are exactly 100.
        let packets = pack(Array(repeating: (1_000, 38), count: 5)) { $0.payloadByteLimit = 100 }
        let data = packets.filter { $0.kind == .data }
        #expect(data.map(\.sequences) == [1..<3, 3..<5, 5..<6])
        #expect(data.map(\.payload.count) == [100, 100, 60])
        // A full packet leaves at once, the last one after waiting.
        #expect(data.map(\.time) == [1_000, 1_000, 11_000])
    }

    @Test func sendsAnOversizedMessageAlone() {
        let packets = pack([(0, 10), (0, 200), (0, 10)]) { $0.payloadByteLimit = 100 }
        #expect(packets.filter { $0.kind == .data }.map(\.sequences) == [1..<2, 2..<3, 3..<4])
    }

    @Test func sendsHeartbeatsWhileIdle() {
        let packets = pack([(0, 1), (3_500_000_000, 1)])
        #expect(
            packets.map(\.kind) == [
                .data, .heartbeat, .heartbeat, .heartbeat, .data, .endOfSession, .endOfSession,
            ])
        #expect(packets[1...3].map(\.time) == [1_000_010_000, 2_000_010_000, 3_000_010_000])
        #expect(packets[1...3].map { MoldPacket($0.payload).sequence } == [2, 2, 2])
        #expect(packets[1...3].map { MoldPacket($0.payload).count } == [0, 0, 0])
        let silent = pack([(0, 1), (3_500_000_000, 1)]) { $0.heartbeatNanoseconds = nil }
        #expect(silent.map(\.kind) == [.data, .data, .endOfSession, .endOfSession])
    }

    @Test func sendsNothingForNothing() {
        #expect(pack([]) == [])
    }

    @Test func carriesADayUnchanged() throws {
        let expected = try messages(configuration(messages: 5_000))
        var packetizer = LinePacketizer(
            try ITCH50Day(configuration(messages: 5_000)),
            configuration: LinePacketizerConfiguration(session: MoldUDP64Encoder.session("DAY")))
        var carried: [[UInt8]] = []
        var last: UInt64 = 0
        while let packet = packetizer.next() {
            #expect(packet.time >= last)
            #expect(packet.payload.count <= 1_400)
            last = packet.time
            let read = MoldPacket(packet.payload)
            #expect(read.sequence == UInt64(carried.count + 1))
            carried += read.messages
        }
        #expect(carried == expected)
        #expect(packetizer.nextSequence == 5_001)
    }
}
