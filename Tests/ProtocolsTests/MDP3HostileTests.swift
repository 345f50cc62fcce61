import Protocols
import TestSupport
import Testing
import Ticks
import Wire

/// Bytes that no venue sends: nothing traps, the ticks stay within their bound, every message is
/// counted once.
@Suite struct MDP3HostileTests {
    private static let templates: [UInt16] = ProtocolDescription.mdP3.messages.map {
        UInt16($0.key)
    }

    /// A packet of messages with plausible heads and any bytes behind them.
    private func packet(_ random: inout SeededGenerator) -> (bytes: [UInt8], messages: Int) {
        var bytes: [UInt8] = []
        let messages = 1 + random.below(4)
        for _ in 0..<messages {
            let body = random.below(600)
            let start = bytes.appendWire(10 + body)
            for at in 0..<body {
                // Many zeros, few of everything: so that group headers are often possible.
                bytes[start + 10 + at] = random.chance(600) ? 0 : UInt8(random.below(256))
            }
            let template =
                random.chance(950)
                ? Self.templates[random.below(Self.templates.count)] : UInt16(random.below(70))
            let block = random.chance(800) ? random.below(60) : random.below(400)
            bytes.putWire(UInt16(10 + body), at: start)
            bytes.putWire(UInt16(block), at: start + 2)
            bytes.putWire(template, at: start + 4)
            bytes.putWire(UInt16(random.chance(980) ? 1 : 2), at: start + 6)
            bytes.putWire(UInt16(5 + random.below(9)), at: start + 8)
            if random.chance(700), body > block + 8 {
                // A group header where the block ends.
                bytes.putWire(UInt16(random.below(64)), at: start + 10 + block)
                let count = [0, 1, 3, 9, 255][random.below(5)]
                bytes[start + 10 + block + 2] = UInt8(count)
                bytes[start + 10 + block + 7] = UInt8(random.below(4))
            }
        }
        return (bytes, messages)
    }

    @Test(arguments: UInt64(0)..<8)
    func randomBytes(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let bench = MDP3Bench(instruments: 50)
        var sent: UInt64 = 0
        for _ in 0..<1500 {
            let (bytes, messages) = packet(&random)
            sent += UInt64(messages)
            let room = [25, 30, 100, 4096][random.below(4)]
            let flags: TickFlags = random.chance(100) ? .recovered : []
            let ticks = bench.decode(bytes, room: room, flags: flags)
            #expect(ticks.allSatisfy { $0.tickKind != nil && Int($0.instrument) <= 50 })
        }
        let counters = bench.decoder.snapshotCounters()
        #expect(
            counters.messageTotal + counters.unknownType + counters.unexpectedLength == sent)
        #expect(counters.messageTotal > 0 && counters.unexpectedLength > 0)
    }

    /// Group headers that lie about what follows.
    @Test(arguments: [(0, 255), (65535, 255), (0, 1), (26, 2), (27, 255)])
    func hostileGroups(block: Int, count: Int) {
        var message = MDP3Bench.book([MDP3Bench.level(1, "0", 0, 1, 10)])
        message.putWire(UInt16(block), at: 10 + 11)
        message[10 + 11 + 2] = UInt8(count)
        let bench = MDP3Bench()
        #expect(bench.decode(message).isEmpty)
        #expect(bench.decoder.snapshotCounters().unexpectedLength == 1)
        // Its neighbours are decoded all the same.
        let good = MDP3Bench.book([MDP3Bench.level(1, "0", 0, 1, 10)])
        #expect(bench.decode(good + message + good).count == 2)
    }

    /// Entries that later versions made longer are stepped over by their length on the wire.
    @Test func longerBlocksOfALaterVersion() {
        var message = MDP3Bench.book([MDP3Bench.level(1, "0", 0, 1, 10)])
        message.insert(contentsOf: [1, 2, 3, 4, 5], at: 10 + 11)
        message.putWire(UInt16(16), at: 2)
        let entry = 10 + 16 + 3
        message.insert(contentsOf: [9, 9, 9], at: entry + 32)
        message.putWire(UInt16(35), at: entry - 3)
        message.putWire(UInt16(message.count), at: 0)
        let ticks = MDP3Bench().decode(message)
        #expect(ticks.map(\.price) == [10] && ticks[0].has(.lastOfEvent))
    }

    @Test func directoryThatIsFullIsCounted() {
        let bench = MDP3Bench(instruments: 1)
        let ticks = bench.decode(
            MDP3Bench.book([
                MDP3Bench.level(1, "0", 0, 1, 10), MDP3Bench.level(2, "0", 0, 1, 10),
            ]))
        #expect(ticks.map(\.instrument) == [1])
        #expect(bench.decoder.snapshotCounters().directoryFull > 0)
    }
}
