import Foundation
import Protocols
import TestSupport
import Testing
import Ticks
import Wire

/// Real packets, whose files are named after a message in them.
@Suite struct PillarSamplesTests {
    private static let folder = TestFiles.sample("one-message/Nyse")

    /// Feeds by the folders of the samples.
    static let feeds = [
        "Arca.Options.TopFeed.Pillar.1.2.c": "pillar-options", "Bbo.Xdp.v2.3a": "xdp-bbo",
        "ImbalancesFeed.Xdp.v2.1.f": "xdp-imbalances",
        "IntegratedFeed.Pillar.v2.5": "pillar-integ", "IntegratedFeed.Xdp.v2.1": "xdp-integrated",
        "National.Equities.Bbo.Pillar.v2.5": "pillar-bbo",
        "Nyse.Equities.OpenBook.Ultra.2.1.b": "openbook-ultra",
    ]
    /// Our keys for the names of the files; heartbeats of Pillar are no messages.
    private static let keys: [String: UInt32] = [
        "SequenceNumberReset": 1, "SequenceReset": 1, "SourceTimeReference": 2, "Heartbeat": 2,
        "SymbolIndexMapping": 3, "SecurityStatus": 34, "RefreshHeader": 35, "AddOrder": 100,
        "DeleteOrder": 102, "OrderExecution": 103, "ReplaceOrder": 104, "Imbalance": 105,
        "CrossTrade": 111, "Quote": 140, "StockSummary": 223, "FullUpdate": 230,
        "DeltaUpdate": 231, "OptionsQuote": 340,
    ]

    /// What one file's packets become.
    private struct Result {
        var counters: DecoderCounters
        var ticks: [Tick] = []
        var directory: InstrumentDirectory
        var heartbeats = 0
    }

    private func read(_ path: String, feed: String) throws -> Result {
        let definition = try #require(FeedRegistry.find(feed))
        let directory = InstrumentDirectory(capacity: 100)
        let decoder = definition.makeDecoder(
            DecoderSetup(
                directory: directory, venue: "XNYS", channel: 0, midnight: 0, feed: feed))
        var result = Result(counters: DecoderCounters(), directory: directory)
        let reader = try CaptureReader(path: path)
        while let record = try reader.next() {
            guard case .packet(let captured) = record,
                case .datagram(let datagram) = PacketDissector().dissect(captured),
                case .packet(let packet) = definition.transport.parse(
                    datagram.payload, TransportOptions())
            else {
                Issue.record("not a packet of \(feed): \(path)")
                continue
            }
            #expect(packet.messageCount == packet.announcedCount)
            if packet.announcedCount == 0 { result.heartbeats += 1 }
            var cursor = BlockCursor(
                offset: 0, remaining: packet.messageCount, sequence: packet.firstSequence)
            withUnsafeTemporaryAllocation(of: Tick.self, capacity: 2000) { ticks in
                let count = decoder.decode(
                    packet.blocks, cursor: &cursor,
                    context: DeliveryContext(captureTime: 1, channel: 0, line: 0, flags: []),
                    into: ticks.baseAddress!, capacity: 2000)
                result.ticks += ticks[..<count]
            }
        }
        result.counters = decoder.snapshotCounters()
        return result
    }

    @Test(.enabled(if: folder != nil, "the samples are not there"), arguments: feeds)
    func everyFile(folder: String, feed: String) throws {
        let place = URL(filePath: try #require(Self.folder)).appending(path: folder)
        let files = try FileManager.default.contentsOfDirectory(atPath: place.path).sorted()
        #expect(!files.isEmpty)
        for file in files {
            let result = try read(place.appending(path: file).path, feed: feed)
            #expect(result.counters.unknownType == 0 && result.counters.unexpectedLength == 0)
            let name = file.replacing(".pcap", with: "").replacing("Message", with: "")
            if name == "HeartBeat" {
                #expect(result.heartbeats > 0 && result.counters.messageTotal == 0)
            } else {
                let key = try #require(Self.keys[name], "an unknown name: \(file)")
                #expect(result.counters.count(key) > 0, "\(file)")
            }
        }
    }

    /// Values that tshark shows with the public dissector of this feed.
    @Test(.enabled(if: folder != nil, "the samples are not there"))
    func openBook() throws {
        let place = try #require(Self.folder) + "/Nyse.Equities.OpenBook.Ultra.2.1.b/"
        let full = try read(place + "FullUpdateMessage.pcap", feed: "openbook-ultra")
        #expect(full.directory.entries.map(\.symbol) == ["BSAC", "BSMX"])
        #expect(full.directory.entries.map(\.code) == [9053, 40767])
        #expect(
            full.ticks.map(\.tickKind)
                == Array(repeating: [.definition, .status, .clear], count: 2).joined().map { $0 })
        let delta = try read(place + "DeltaUpdateMessage.pcap", feed: "openbook-ultra")
        let levels = delta.ticks.filter { $0.tickKind == .level }
        #expect(levels.count == 21 && delta.ticks.count == 22)
        #expect(levels.allSatisfy { $0.price == 171_600_000_000 && $0.tickSide == .ask })
        #expect(levels.first?.quantity == 8367 && levels.last?.quantity == 7164)
        // 9:30:20.576671 after midnight, which is 0 here.
        #expect(levels.allSatisfy { $0.exchangeTime == 34_220_576_671_000 && $0.extra == 4 })
    }
}
