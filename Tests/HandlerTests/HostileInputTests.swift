import Foundation
import Handler
import Protocols
import TestSupport
import Testing
import Ticks
import Wire

/// Whatever comes in: nothing traps, the accounts balance, the counters add up.
@Suite struct HostileInputTests {
    /// Valid packets of a feed, to be damaged.
    private func packets(_ feed: FeedProtocol, _ random: inout SeededGenerator) -> [[UInt8]] {
        var sequence: UInt64 = 1
        return (0..<60).map { index in
            let count = 1 + random.below(5)
            defer { sequence += UInt64(count) }
            if feed == .itch50 {
                let messages = (0..<count).map { _ in
                    random.chance(300)
                        ? ITCH.execute(UInt64(random.below(20)), 5)
                        : ITCH.add(UInt64(random.below(20)), .bid, 100, UInt32(random.below(30)))
                }
                return ITCH.packet(sequence, messages)
            }
            let messages = (0..<count).map { _ in
                DEEP.level(
                    random.chance(500) ? .bid : .ask, Int64(random.below(30)),
                    UInt32(random.below(9)), complete: random.chance(500), time: Int64(index))
            }
            return DEEP.segment(Int64(sequence), messages, sentAt: Int64(index * 100))
        }
    }

    private func damage(_ packet: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var packet = packet
        switch random.below(6) {
        case 0: return random.bytes(random.below(120))
        case 1: return Array(packet.prefix(random.below(packet.count + 1)))
        case 2: return packet + random.bytes(random.below(40))
        case 3:
            // A field of all ones where counts, lengths and sequences stand.
            let at = random.below(min(packet.count, 44))
            for index in at..<min(at + 8, packet.count) { packet[index] = 0xFF }
            return packet
        default:
            for _ in 0...random.below(4) {
                packet[random.below(packet.count)] = UInt8(random.below(256))
            }
            return packet
        }
    }

    @Test(arguments: [FeedProtocol.itch50, .tops16, .deep10], UInt64(0)..<20)
    func damagedPackets(feed: FeedProtocol, seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let bench = try CoreBench([
            ChannelConfiguration(
                name: "x", feedProtocol: feed, windowNanoseconds: 1000, windowPackets: 20,
                windowBytes: 5000)
        ])
        var sent: [UInt64] = [0, 0]
        for (index, packet) in packets(feed, &random).enumerated() {
            for line in 0...1 {
                let isDamaged = random.chance(400)
                bench.send(
                    isDamaged ? damage(packet, &random) : packet, line: line,
                    at: UInt64(index * 300 + line))
                sent[line] += 1
            }
            if random.chance(100) { bench.core.clock(UInt64(index * 300 + 200)) }
        }
        bench.core.finish()
        #expect(bench.core.isBalanced)
        bench.core.books.checkInvariants()
        let totals = bench.core.totals()
        let channel = totals.channels[0]
        #expect(channel.lines.map(\.status.packets) == sent)
        #expect(totals.ticks == UInt64(bench.ticks.count))
        let decoded = channel.decoder.messageTotal
        #expect(
            decoded + channel.decoder.unknownType + channel.decoder.unexpectedLength
                == channel.total.delivered)
        #expect(bench.ticks.allSatisfy { $0.tickKind != nil && $0.side <= 2 })
        #expect(bench.ticks.allSatisfy { $0.instrument <= 100 && $0.channel == 0 })
    }

    /// A capture of valid frames, its bytes damaged, through the whole offline pipeline.
    @Test(arguments: UInt64(0)..<20)
    func damagedCaptures(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var capture = captureFile(packets(.itch50, &random))
        for _ in 0..<(1 + random.below(40)) {
            // The file header stays, so that the file is taken for what it is.
            capture[24 + random.below(capture.count - 24)] = UInt8(random.below(256))
        }
        if random.chance(500) { capture.removeLast(random.below(200)) }
        try decodeFile(capture, "capture-\(seed).pcap")
    }

    @Test(arguments: UInt64(0)..<20)
    func damagedMessageFiles(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var file: [UInt8] = []
        for index in 0..<300 {
            MoldUDP64Encoder.appendBlock(ITCH.add(UInt64(index)), to: &file)
        }
        for _ in 0..<random.below(30) {
            file[4 + random.below(file.count - 4)] = UInt8(random.below(256))
        }
        try decodeFile(file, "messages-\(seed).itch")
    }

    private func captureFile(_ payloads: [[UInt8]]) -> [UInt8] {
        func little(_ value: UInt32) -> [UInt8] {
            (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * $0)) }
        }
        func big16(_ value: Int) -> [UInt8] { [UInt8(value >> 8 & 0xFF), UInt8(value & 0xFF)] }
        var file = little(0xA1B2_3C4D) + [2, 0, 4, 0] + little(0) + little(0)
        file += little(65535) + little(1)
        for (index, payload) in payloads.enumerated() {
            var ip: [UInt8] =
                [0x45, 0] + big16(28 + payload.count) + [0, 0, 0x40, 0, 64, 17, 0, 0]
            ip += [10, 0, 0, 1, 239, 1, 1, UInt8(1 + index % 2)]
            var sum = stride(from: 0, to: 20, by: 2).reduce(0) {
                $0 + Int(ip[$1]) << 8 + Int(ip[$1 + 1])
            }
            sum = (sum & 0xFFFF) + sum >> 16
            ip.replaceSubrange(10..<12, with: big16(~sum & 0xFFFF))
            let udp = big16(1000) + big16(5000) + big16(8 + payload.count) + [0, 0]
            let frame = [UInt8](repeating: 2, count: 12) + [8, 0] + ip + udp + payload
            file += little(1) + little(UInt32(index * 1000))
            file += little(UInt32(frame.count)) + little(UInt32(frame.count)) + frame
        }
        return file
    }

    private func decodeFile(_ bytes: [UInt8], _ name: String) throws {
        let path = TestFiles.temporary(name)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(bytes).write(to: URL(filePath: path))
        let bench = try CoreBench([CoreBench.itch()])
        let decoder = OfflineDecoder(core: bench.core)
        var failure: String?
        do {
            try decoder.decode(path: path)
        } catch {
            failure = "\(error)"
        }
        bench.core.finish()
        #expect(bench.core.isBalanced)
        bench.core.books.checkInvariants()
        let report = decoder.report
        let rejected = report.rejected.values.reduce(0, +)
        let taken = bench.core.totals().channels[0].lines.reduce(0) { $0 + $1.status.packets }
        #expect(report.packetsRead == rejected + report.unmatched + taken)
        // A damaged file is named with its place, or cut, or nothing in it was damaged that counts.
        #expect(failure?.isEmpty != true)
    }

    /// The capture of these tests is a good one as long as nobody damages it.
    @Test func undamagedCapture() throws {
        var random = SeededGenerator(seed: 1)
        let path = TestFiles.temporary("good.pcap")
        defer { try? FileManager.default.removeItem(atPath: path) }
        let payloads = packets(.itch50, &random)
        try Data(captureFile(payloads)).write(to: URL(filePath: path))
        let bench = try CoreBench([CoreBench.itch()])
        let decoder = OfflineDecoder(core: bench.core)
        try decoder.decode(path: path)
        bench.core.finish()
        #expect(decoder.report.packetsRead == 60 && decoder.report.rejected.isEmpty)
        let total = bench.core.totals().channels[0].total
        #expect(total.lost == 0 && total.gaps == 0 && total.delivered > 60)
        #expect(bench.core.totals().channels[0].lines.map(\.status.packets) == [30, 30])
    }
}
