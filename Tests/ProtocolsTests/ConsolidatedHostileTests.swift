import Protocols
import TestSupport
import Testing
import Ticks
import Wire

/// Messages of every known key whose bytes mean nothing.
@Suite struct ConsolidatedHostileTests {
    /// A message with this key and random bytes: of the least length or longer.
    private func message(
        _ feed: FeedDefinition, _ kind: ProtocolDescription.Message,
        _ random: inout SeededGenerator
    ) -> [UInt8] {
        var bytes = random.bytes(kind.least + random.below(80))
        // Letters are likelier to lead somewhere than other bytes.
        for offset in bytes.indices where random.chance(400) {
            bytes[offset] = UInt8(ascii: "0") + UInt8(random.below(43))
        }
        let key = [UInt8(kind.key >> 8 & 0xFF), UInt8(kind.key & 0xFF)]
        switch feed.transport.framing {
        case .opra:
            bytes[1] = key[1]
            if key[1] == UInt8(ascii: "C") { bytes += random.bytes(2 + 255) }
            if key[1] == UInt8(ascii: "C") { bytes[12] = 0 }
            bytes += [UInt8](repeating: 0, count: 40)
            let length = bytes.withUnsafeBytes { BlockFraming.opra.length(in: $0, at: 0) }
            return Array(bytes.prefix(length))
        case .mold:
            bytes.replaceSubrange(1..<3, with: key)
        default:
            bytes[0] = UInt8(bytes.count >> 8)
            bytes[1] = UInt8(bytes.count & 0xFF)
            bytes.replaceSubrange(2..<4, with: key)
        }
        return bytes
    }

    /// Nothing traps, no message becomes more ticks than its feed says, and the counters add up.
    @Test(arguments: ["cqs", "cts", "uqdf", "utdf", "opra"], UInt64(0)..<4)
    func everyKey(name: String, seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let bench = try ConsolidatedBench(name, instruments: 20)
        let kinds = bench.feed.description().messages(of: name)
        var sent: UInt64 = 0
        for _ in 0..<40 {
            for kind in kinds {
                let message = message(bench.feed, kind, &random)
                let ticks = try bench.decode([message])
                #expect(ticks.count <= bench.feed.ticksPerMessageMax)
                #expect(ticks.dropLast().allSatisfy { !$0.flags.contains(.lastOfEvent) })
                #expect(ticks.last?.flags.contains(.lastOfEvent) != false)
                sent += bench.delivered([message])
            }
        }
        let counters = bench.counters
        #expect(counters.messageTotal + counters.unexpectedLength + counters.unknownType == sent)
        #expect(counters.unknownType == 0)
        #expect(bench.directory.entries.count <= 20 && counters.directoryFull > 0)
    }
}
