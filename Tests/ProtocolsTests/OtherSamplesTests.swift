import Foundation
import Protocols
import TestSupport
import Testing
import Ticks
import Wire

/// A real packet and what it says, read off its bytes by hand.
private struct Sample: CustomTestStringConvertible, Sendable {
    let file: String
    let feed: String
    let ticks: [String]
    var testDescription: String { file }

    init(_ feed: String, _ file: String, _ ticks: [String]) {
        self.file = file
        self.feed = feed
        self.ticks = ticks
    }
}

private let memx = "Memx/Equities.MemiorDepth.v1.3/"
private let onyx = "Miax/OnyxFutures.ToM.v1.0/"
private let complex = "Miax/MiaxOptions.cToM.v1.1/"
private let jnx = "Jnx/JnxEquities.Pts.Itch.v1.6/"

private let samples = [
    Sample("memx", memx + "Heartbeat", []),
    Sample("memx", memx + "OrderAddedMessage", ["add #20881514 @104760000000 x900 ask |"]),
    Sample("memx", memx + "OrderDeletedMessage", ["delete #\(0x107_6922) |"]),
    Sample(
        "memx", memx + "OrderExecutedMessage",
        ["trade #\(0x1400_0000_0000_07f6) @23130000000 x1", "fill #\(0x2ad_62e8) x1 |"]),
    Sample("memx", memx + "OrderReducedMessage", ["cancel #\(0x41a_724d) x200 |"]),
    Sample("memx", memx + "RegShowRestrictionMessage", ["status.shortSaleRestriction +1 |"]),
    Sample(
        "memx", memx + "SecurityTradingStatusMessage",
        ["status.trading +80", "status.tradingReason +82 |"]),
    Sample("memx", memx + "TradingSessionStatusMessage", ["status.systemEvent +50 |"]),
    Sample("miax-tom", onyx + "Heartbeat", []),
    Sample("miax-tom", onyx + "SystemStateMessage", ["status.systemEvent +67 |"]),
    Sample(
        "miax-tom", onyx + "InstrumentTradingStatusNotificationMessage", ["status.trading +774 |"]),
    Sample(
        "miax-tom", onyx + "BestBidAndOfferMessage",
        ["quote @2500000000 x200 bid", "quote @5947500000 x1 ask |"]),
    Sample("miax-ctom", complex + "Heartbeat", []),
    Sample("miax-ctom", complex + "SystemStatusMessage", ["status.systemEvent +49 |"]),
    Sample("jnx", jnx + "OrderDeletedMessage", ["delete #\(0x02ce_66da_0de1_20fd) |"]),
    Sample(
        "jnx", jnx + "OrderExecutedMessage",
        ["trade #\(0x02ce_66da_0de0_f041) x100", "fill #\(0x02ce_66da_0de0_f001) x100 |"]),
    Sample(
        "jnx", jnx + "OrderReplacedMessage",
        [
            "delete #\(0x02ce_66da_0de0_f00a) replaced",
            "add #\(0x02ce_66da_0de0_f030) @499800000000 x1400 replaced |",
        ]),
    Sample(
        "jnx", jnx + "ShortSellingPriceRestrictionStateMessage",
        ["status.shortSaleRestriction +49 |"]),
    Sample(
        "jnx", jnx + "TimestampSecondsMessage", ["status.systemEvent #\(0x2059_4144) +77 |"]),
]

@Suite struct OtherSamplesTests {
    private static let folder = TestFiles.sample("one-message")

    /// The payloads of a capture's datagrams.
    private func payloads(_ file: String) throws -> [[UInt8]] {
        let reader = try CaptureReader(path: try #require(Self.folder) + "/" + file + ".pcap")
        var result: [[UInt8]] = []
        while let record = try reader.next() {
            guard case .packet(let captured) = record,
                case .datagram(let datagram) = PacketDissector().dissect(captured)
            else { continue }
            result.append(Array(datagram.payload))
        }
        return result
    }

    @Test(.enabled(if: folder != nil, "the samples are not there"), arguments: samples)
    private func file(sample: Sample) throws {
        let probe = FeedProbe(sample.feed)
        let packets = try payloads(sample.file)
        #expect(packets.count == 1)
        #expect(said(packets.flatMap { probe.decode(packet: $0) }) == sample.ticks)
        let counters = probe.decoder.snapshotCounters()
        #expect(counters.unknownType == 0 && counters.unexpectedLength == 0)
        for packet in packets {
            packet.withUnsafeBytes {
                guard case .packet(let parsed) = probe.feed.transport.parse($0, TransportOptions())
                else {
                    Issue.record("rejected")
                    return
                }
                #expect(parsed.messageCount == parsed.announcedCount && parsed.trailingBytes == 0)
                #expect((parsed.kind == .heartbeat) == sample.file.hasSuffix("Heartbeat"))
            }
        }
    }

    @Test(.enabled(if: folder != nil, "the samples are not there"))
    func severalMessages() throws {
        let probe = FeedProbe("memx")
        let ticks = try payloads(memx + "MultipleMessages").flatMap { probe.decode(packet: $0) }
        #expect(ticks.count == 53 && ticks.allSatisfy { $0.tickKind == .delete })
        #expect(ticks.map(\.sequence) == Array(0x52_ba9a..<0x52_ba9a + 53))
        // One instrument loses all its orders.
        #expect(Set(ticks.map(\.instrument)).count == 1 && Set(ticks.map(\.orderID)).count == 53)
    }
}
