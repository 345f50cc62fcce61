import Foundation
import Handler
import Protocols
import TestSupport
import Testing
import Ticks
import Wire

/// What holds for every feed that the handler knows.
@Suite struct FeedRegistryTests {
    @Test func namesAreUniqueAndShort() throws {
        let names = FeedRegistry.feeds.map(\.name)
        #expect(Set(names).count == names.count)
        let day = try TradingDay(parsing: "2024-03-11")
        for feed in FeedRegistry.feeds {
            #expect((1...15).contains(feed.name.utf8.count), "\(feed.name)")
            #expect((1...15).contains(feed.venue.utf8.count), "\(feed.name)")
            #expect((1...1000).contains(feed.ticksPerMessageMax), "\(feed.name)")
            #expect(try day.midnightNanoseconds(in: feed.timeZone) > 0, "\(feed.name)")
            #expect(FeedRegistry.find(feed.name)?.transport.name == feed.transport.name)
            let isPacket = feed.transport.framing == .packet
            #expect(isPacket == (feed.transport.unit == .packets), "\(feed.name)")
        }
        #expect(FeedRegistry.find("nothing") == nil)
    }

    @Test func feedsAreWrittenAsTheirNames() throws {
        #expect(FeedProtocol.allCases.map(\.rawValue) == FeedRegistry.feeds.map(\.name))
        #expect(FeedProtocol.itch50.defaultVenue == "XNAS")
        let text = try JSONEncoder().encode([FeedProtocol.itch50, .deep10])
        #expect(String(decoding: text, as: UTF8.self) == #"["itch50","deep10"]"#)
        #expect(try JSONDecoder().decode([FeedProtocol].self, from: text) == [.itch50, .deep10])
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([FeedProtocol].self, from: Data(#"["nothing"]"#.utf8))
        }
    }

    @Test func channelsComeFromTheTransport() {
        func channel(_ feed: FeedProtocol) -> UInt32 {
            ChannelConfiguration(name: "x", feedProtocol: feed).transportChannel
        }
        #expect([channel(.itch50), channel(.tops16), channel(.deep10)] == [0, 1, 1])
        let configuration = CoreConfiguration(
            channels: FeedProtocol.allCases.map {
                ChannelConfiguration(name: $0.rawValue, feedProtocol: $0)
            }, tradingDay: "2024-03-11")
        #expect(
            configuration.channelDescriptions.map(\.unit)
                == FeedRegistry.feeds.map(\.transport.unit))
    }

    @Test func aBatchHoldsEveryMessage() {
        #expect(throws: CoreError.batchTooSmall(feed: "itch50", ticks: 6, batch: 5)) {
            try CoreBench([CoreBench.itch()], batchCapacity: 5)
        }
        #expect("\(CoreError.batchTooSmall(feed: "x", ticks: 200, batch: 128))".contains("1600"))
    }

    @Test func messageFilesAreNotForEveryFeed() throws {
        let path = TestFiles.temporary("framed-otherwise.itch")
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data([0, 1, 65, 255, 255]).write(to: URL(filePath: path))
        let bench = try CoreBench([CoreBench.deep()])
        #expect(throws: CoreError.noMessageFile(feed: "deep10")) {
            try OfflineDecoder(core: bench.core).decode(path: path)
        }
    }

    /// Packets of random messages, well framed, some of them damaged or without a number: nothing
    /// traps, the accounts balance, the counters add up where messages are numbered.
    @Test(arguments: FeedProtocol.allCases, UInt64(0)..<10)
    func randomMessages(feed: FeedProtocol, seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let definition = feed.definition
        let bench = try CoreBench([
            ChannelConfiguration(
                name: "x", feedProtocol: feed, windowNanoseconds: 1000, windowPackets: 20,
                windowBytes: 5000)
        ])
        var sequence: UInt64 = 1
        for index in 0..<100 {
            let count = random.below(5)
            let isPacket = definition.transport.unit == .packets
            var packet = definition.transport.encode(
                PacketContents(
                    session: 1, sequence: random.chance(50) ? 0 : sequence,
                    sendTime: UInt64(1000 + index),
                    channel: definition.transport.defaultChannel, isHeartbeat: count == 0,
                    messages: (0..<count).map { _ in
                        message(definition.transport.framing, &random)
                    }))
            sequence += isPacket ? 1 : UInt64(count)
            for line in 0...1 {
                if random.chance(100) {
                    for _ in 0...random.below(4) {
                        packet[random.below(packet.count)] = UInt8(random.below(256))
                    }
                }
                bench.send(packet, line: line, at: UInt64(index * 300 + line))
            }
        }
        bench.core.finish()
        #expect(bench.core.isBalanced)
        bench.core.books.checkInvariants()
        let channel = bench.core.totals().channels[0]
        #expect(channel.lines.map(\.status.packets) == [100, 100])
        #expect(bench.ticks.allSatisfy { $0.tickKind != nil && $0.side <= 2 })
        guard definition.transport.unit == .messages else { return }
        #expect(
            channel.decoder.messageTotal + channel.decoder.unknownType
                + channel.decoder.unexpectedLength
                == channel.total.delivered + channel.total.unsequenced)
    }

    /// Transports with packets without a number.
    private static let withUnsequenced: Set<String> = [
        "pitch-unit", "mitch-unit", "b3", "coinbase-snap",
    ]

    /// Packets without a number, of transports that have them: delivered once, in no balance.
    @Test(arguments: FeedProtocol.allCases)
    func unsequencedPackets(feed: FeedProtocol) throws {
        var random = SeededGenerator(seed: 1)
        let transport = feed.definition.transport
        let packet = transport.encode(
            PacketContents(
                session: 1, sequence: 0, sendTime: 1000, channel: transport.defaultChannel,
                messages: (0..<3).map { _ in message(transport.framing, &random) }))
        let outcome = packet.withUnsafeBytes {
            transport.parse($0, TransportOptions(channel: transport.defaultChannel))
        }
        guard case .packet(let parsed) = outcome, parsed.kind == .unsequenced else {
            #expect(!Self.withUnsequenced.contains(transport.name), "\(transport.name)")
            return
        }
        #expect(Self.withUnsequenced.contains(transport.name), "\(transport.name)")
        let bench = try CoreBench([ChannelConfiguration(name: "x", feedProtocol: feed)])
        bench.send(packet, line: 0, at: 1000)
        bench.send(packet, line: 1, at: 2000)
        bench.core.finish()
        let channel = bench.core.totals().channels[0]
        let count = UInt64(parsed.messageCount)
        #expect(channel.total.unsequenced == count && channel.total.unsequencedDuplicate == count)
        #expect(channel.total.received == 0 && channel.epochs == 0 && bench.core.isBalanced)
        #expect(bench.ticks.allSatisfy { $0.sequence == 0 })
        guard transport.unit == .messages else { return }
        #expect(
            channel.decoder.messageTotal + channel.decoder.unknownType
                + channel.decoder.unexpectedLength == count)
    }

    private func message(_ framing: BlockFraming, _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = random.bytes(framing.offset + framing.width + 4 + random.below(80))
        if framing.kind == .inclusive {
            for byte in 0..<framing.width {
                let shift = 8 * (framing.bigEndian ? framing.width - 1 - byte : byte)
                bytes[framing.offset + byte] = UInt8(truncatingIfNeeded: bytes.count >> shift)
            }
        }
        return bytes
    }
}
