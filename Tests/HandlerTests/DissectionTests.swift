import Foundation
import Protocols
import TestSupport
import Testing
import Wire

@testable import Handler

/// `dissect`: packets of files to text and JSON, and the protocol guessed.
@Suite struct DissectionTests {
    /// Add order, live (itch50.md): B 100 VIXM at 21.33.
    private static let add = bytes(
        hex: "41 20bd 0000 1f1acedb597b 0000000000970c7c 42 00000064 5649584d20202020 00034134")
    /// A DEEP segment of the exchange's own documents (iex.md §7): a trade and a buy level.
    private static let deep = bytes(
        hex: """
            01000480010000000000874248000200 8ca6210000000000 cac3000000000000 ec45c22096866d14 \
            2600 54 00 ac63c02096866d14 5a49455854202020 64000000 241d0f0000000000 \
            968f060000000000 \
            1e00 38 01 ac63c02096866d14 5a49455854202020 e4250000 241d0f0000000000
            """)

    private func itchPacket(_ messages: [[UInt8]], sequence: UInt64 = 41) -> [UInt8] {
        MoldUDP64.transport.encode(
            PacketContents(
                session: 0x3030_3030_3030_3030, sequence: sequence,
                isHeartbeat: messages.isEmpty, messages: messages))
    }

    /// A capture of the payloads, one a second from second 1, VLAN-free Ethernet.
    private func capture(_ payloads: [[UInt8]], port: UInt16 = 26_400) throws -> URL {
        let builder = try #require(
            FrameBuilder(
                source: IPAddress(v4: 0x0A00_0001), sourcePort: 9,
                destination: IPAddress(v4: 0xEF01_0101), destinationPort: port))
        var bytes: [UInt8] = []
        PcapWriter.appendHeader(to: &bytes)
        for (index, payload) in payloads.enumerated() {
            var frame: [UInt8] = []
            payload.withUnsafeBytes { _ = builder.append(payload: $0, to: &frame) }
            frame.withUnsafeBytes {
                PcapWriter.appendPacket(
                    $0, timeNanoseconds: UInt64(index + 1) * 1_000_000_000, to: &bytes)
            }
        }
        let file = FileManager.default.temporaryDirectory.appending(
            path: "tapeline-\(UUID().uuidString).pcap")
        try Data(bytes).write(to: file)
        return file
    }

    private func records(
        _ payloads: [[UInt8]], feeds: [FeedDefinition] = FeedRegistry.feeds
    ) throws -> [DissectedRecord] {
        let file = try capture(payloads)
        defer { try? FileManager.default.removeItem(at: file) }
        var all: [DissectedRecord] = []
        try FileDissection(feeds: feeds).dissect(path: file.path) { record in
            all.append(record)
            return true
        }
        return all
    }

    private func text(_ append: (inout [UInt8]) -> Void) -> String {
        var bytes: [UInt8] = []
        append(&bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Two packets of conflated CME data in one TCP segment, which its sender left to the network card:
    /// the IPv4 checksum is 0.
    @Test func packetsOfATCPSegment() throws {
        let heartbeat = bytes(hex: "feca 06000000 c0c457a0f2c2a216 0a00 0000 d200 0200 0000")
        let segment =
            bytes(hex: "dbfc 2410 00000001 00000002 5018 0401 0000 0000") + heartbeat + heartbeat
        let frame =
            bytes(
                hex:
                    "00000c7354c5 c8d3ff7befa2 0800 4500 0058 0846 4000 8006 0000 c0a80001 0a0a0a01"
            )
            + segment
        var bytes: [UInt8] = []
        PcapWriter.appendHeader(to: &bytes)
        frame.withUnsafeBytes { PcapWriter.appendPacket($0, timeNanoseconds: 5, to: &bytes) }
        let file = FileManager.default.temporaryDirectory.appending(
            path: "tapeline-\(UUID().uuidString).pcap")
        try Data(bytes).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        var records: [DissectedRecord] = []
        try FileDissection(feeds: FeedRegistry.feeds).dissect(path: file.path) { record in
            records.append(record)
            return true
        }
        #expect(records.map(\.number) == [1, 1])
        for record in records {
            #expect(record.payload == heartbeat && record.destination == "10.10.10.1:9232")
            #expect(record.packet?.feed == "mdp3-tcp" && record.packet?.sequence == 6)
            #expect(record.packet?.messages.map(\.name) == ["SubscriberHeartbeat"])
            #expect(record.notes.count == 2)
        }
    }

    @Test func jsonOfAPacket() throws {
        let record = try #require(try records([itchPacket([Self.add])]).first)
        let json = text { DissectionJSON.append(record, to: &$0) }
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
        #expect(object["packet"] as? Int == 1 && object["time"] as? Int == 1_000_000_000)
        #expect(object["destination"] as? String == "239.1.1.1:26400")
        #expect(object["protocol"] as? String == "itch50")
        #expect(object["sequence"] as? Int == 41)
        let messages = try #require(object["messages"] as? [[String: Any]])
        #expect(messages.count == 1)
        #expect(messages[0]["offset"] as? Int == 22 && messages[0]["length"] as? Int == 36)
        #expect(messages[0]["key"] as? String == "A" && messages[0]["status"] as? String == "whole")
        let fields = try #require(messages[0]["fields"] as? [String: Any])
        let price = try #require(fields["price"] as? [String: Any])
        #expect(price["raw"] as? Int == 213_300 && price["value"] as? String == "21.3300")
        let side = try #require(fields["side"] as? [String: Any])
        #expect(side["raw"] as? String == "B" && side["name"] as? String == "bid")
        #expect(fields["stock"] as? String == "VIXM" && fields["shares"] as? Int == 100)
        #expect(fields["timestamp"] as? Int == 34_200_000_092_539)
    }

    @Test func textOfAPacket() throws {
        let record = try #require(try records([itchPacket([Self.add])]).first)
        let lines = text { DissectionText.append(record, to: &$0) }
            .split(separator: "\n").map(String.init)
        let ends = "10.0.0.1:9 → 239.1.1.1:26400"
        #expect(
            lines[0] == "packet 1  1970-01-01T00:00:01.000000000Z  \(ends)  itch50  data, "
                + "sequence 41, 1 message")
        #expect(lines.contains("  message 41  AddOrder (A), 36 bytes at 22"))
        #expect(
            lines.contains("      41  42                  side                      'B' bid"))
        #expect(
            lines.contains("      54  00034134            price                     21.3300"))
    }

    @Test func theContentTellsTheProtocol() throws {
        let all = try records(
            [itchPacket([]), itchPacket([Self.add]), itchPacket([Self.add, Self.add])])
        #expect(all.map { $0.packet?.feed } == ["itch50", "itch50", "itch50"])
        #expect(all.map { $0.packet?.messages.count } == [0, 1, 2])
        let iex = try #require(try records([Self.deep]).first?.packet)
        #expect(iex.feed == "deep10" && iex.sequence == 50_122)
        #expect(iex.messages.map(\.name) == ["TradeReport", "PriceLevelBuy"])
        #expect(try records([Array("GET / HTTP/1.1".utf8)]).first?.packet == nil)
    }

    @Test func theMindChangesWhenPacketsStopToFit() throws {
        let payloads =
            (1...10).map { itchPacket([Self.add], sequence: $0) }
            + Array(repeating: Self.deep, count: 20)
        let feeds = try records(payloads).map { $0.packet.map { $0.isRejected ? "-" : $0.feed } }
        #expect(feeds.prefix(10).allSatisfy { $0 == "itch50" })
        #expect(feeds.last == "deep10")
    }

    @Test func damageIsShownAndCounted() throws {
        var cut = itchPacket([Self.add, Self.add])
        cut.removeLast(3)
        let itch = try #require(FeedRegistry.find("itch50"))
        let short = itchPacket([Array(Self.add.dropLast(4)), [0x7A, 1, 2]])
        let all = try records([cut, short, [1, 2, 3]], feeds: [itch])
        #expect(
            all[0].packet?.problems == ["2 messages are announced, 1 lie whole"])
        #expect(all[1].packet?.messages.map(\.status) == [.malformed, .unknown])
        #expect(all[1].packet?.messages[0].problem == "32 bytes instead of 36")
        #expect(all[2].packet?.isRejected == true)
        #expect(all[2].packet?.problems == ["the transport refuses it: shorter than the header"])
        var summary = DissectionSummary()
        for record in all { summary.add(record) }
        let channel = try #require(summary.channels.first)
        #expect(channel.packets == 3 && channel.messages == 3 && channel.unrecognized == 1)
        #expect(channel.malformed == 3 && channel.unknown == 1 && summary.malformed == 3)
        #expect(channel.types.map(\.name) == ["AddOrder"] && channel.protocols == ["itch50"])
    }

    @Test func messageFiles() throws {
        var bytes: [UInt8] = []
        for _ in 0..<3 { bytes += [0, UInt8(Self.add.count)] + Self.add }
        let file = FileManager.default.temporaryDirectory.appending(
            path: "tapeline-\(UUID().uuidString).itch")
        try Data(bytes).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        var names: [String?] = []
        try FileDissection(feeds: FeedRegistry.feeds).dissect(path: file.path) { record in
            names.append(record.packet?.messages.first?.name)
            return names.count < 2
        }
        #expect(names == ["AddOrder", "AddOrder"], "and the limit holds")
    }

    @Test func noiseIsTakenByEveryFeed() {
        var generator = SeededGenerator(seed: 9)
        let dissectors = FeedRegistry.feeds.map { FeedDissector($0) }
        for _ in 0..<300 {
            let noise = generator.bytes(generator.below(200))
            for dissector in dissectors {
                let packet = noise.withUnsafeBytes { dissector.dissect($0) }
                #expect(packet.messages.allSatisfy { $0.offset + $0.length <= noise.count })
            }
        }
    }
}

/// `protocols`: what is said of the feeds.
@Suite struct ProtocolPageTests {
    @Test(arguments: FeedRegistry.feeds.map(\.name))
    func everyFeedIsDescribed(name: String) throws {
        let page = ProtocolPage(try #require(FeedRegistry.find(name)))
        #expect(!page.messages.isEmpty, "the description knows the feed by its name")
        #expect(!page.version.isEmpty && !page.title.isEmpty)
        #expect(page.messages.count > page.dropped.count)
        let json = try JSONSerialization.jsonObject(with: Data(page.json().utf8))
        let object = try #require(json as? [String: Any])
        #expect((object["messages"] as? [Any])?.count == page.messages.count)
        #expect(page.page().hasPrefix("# \(name): "))
    }

    @Test func theTableHasARowAFeed() {
        let lines = ProtocolPage.markdown(FeedRegistry.feeds).split(separator: "\n")
        #expect(lines.count == FeedRegistry.feeds.count + 2)
        let columns = Set(
            lines.map { $0.split(separator: "|", omittingEmptySubsequences: false).count })
        #expect(columns.count == 1)
    }

    @Test func compressedFilesAreNoMessageFiles() throws {
        let path = TestFiles.temporary("day.pcap.gz")
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data([0x1F, 0x8B, 8, 0, 1, 2, 3, 4]).write(to: URL(filePath: path))
        let error = #expect(throws: CaptureFileError.self) {
            try FileDissection(feeds: FeedRegistry.feeds).dissect(path: path) { _ in true }
        }
        #expect(error?.description.contains("compressed with gzip; decompress it") == true)
    }
}
