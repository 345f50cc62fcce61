import TestSupport
import Ticks
import Wire

/// A venue's run of messages as several lines bring it, with everything that networks do to it.
struct RandomStream {
    var lineCount = 2
    var messages: UInt64 = 300
    var isTimed = false
    /// Parts of a thousand packets, on each line for itself.
    var loss = 30
    var repeats = 30
    var cuts = 20
    /// Packets that come much later than others.
    var delays = 40
    var delayMax: UInt64 = 3_000_000
    /// ns between messages.
    var pace = 5000
    var start: UInt64 = 1_000_000_000
    var run: UInt64 = 1
    var endsSession = true
    /// All lines pack the messages in the same way.
    var hasEqualBoundaries = false

    /// The packets of all lines in the order of their arrival.
    func packets(_ random: inout SeededGenerator) -> [TestPacket] {
        var times = [start]
        for _ in 0..<messages { times.append(times[times.count - 1] + UInt64(random.below(pace))) }
        var all: [TestPacket] = []
        let boundaries = random.next()
        for line in 0..<lineCount {
            var sizes = SeededGenerator(
                seed: boundaries &+ (hasEqualBoundaries ? 0 : UInt64(line)))
            all += packets(line, times, &sizes, &random)
        }
        // Arrival order with a defined order of equal times.
        return all.enumerated().sorted {
            ($0.element.time, $0.offset) < ($1.element.time, $1.offset)
        }
        .map(\.element)
    }

    private func packets(
        _ line: Int, _ times: [UInt64], _ sizes: inout SeededGenerator,
        _ random: inout SeededGenerator
    ) -> [TestPacket] {
        var sent: [TestPacket] = []
        var next: UInt64 = 1
        while next <= messages {
            let count = min(UInt64(1 + sizes.below(6)), messages + 1 - next)
            let time = times[Int(next + count - 1)] + UInt64(random.below(3000))
            sent.append(packet(line, next, Int(count), time))
            next += count
            if random.chance(50) {
                sent.append(packet(line, next, 0, time + 10, .heartbeat))
            }
        }
        if endsSession, !isTimed {
            sent.append(packet(line, next, 0, times[Int(messages)] + 10_000_000, .endOfSession))
        }
        var arrived: [TestPacket] = []
        for packet in sent where !random.chance(loss) {
            var packet = packet
            if packet.count > 1, random.chance(cuts) {
                packet.missing = 1 + random.below(packet.count)
                packet.count -= packet.missing
            }
            // Heartbeats are sent when nothing else is: they do not overtake.
            if packet.kind == .data, random.chance(delays) {
                packet.time += random.next() % delayMax
            }
            arrived.append(packet)
            if random.chance(repeats) {
                packet.time += random.next() % 100_000
                arrived.append(packet)
            }
        }
        return arrived
    }

    private func packet(
        _ line: Int, _ first: UInt64, _ count: Int, _ time: UInt64,
        _ kind: TransportPacketKind = .data
    ) -> TestPacket {
        TestPacket(
            line: line, time: time + 20_000 + UInt64(line) * 7000, first: first, count: count,
            kind: kind, run: run, sendTime: isTimed ? time : 0)
    }
}
