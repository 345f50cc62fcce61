import Foundation
import Handler
import Protocols
import TestSupport
import Testing
import Ticks
import Wire

/// The futures sample, two units, against what an independent dissector read.
@Suite struct PitchGoldenTests {
    private static let hasSamples =
        TestFiles.sample("pitch/cfe-pitch-v1.1.6.pcap") != nil
        && TestFiles.sample("golden/cfe-pitch-v1.1.6.tsv.gz") != nil

    private struct OrderMessage: Equatable {
        var unit: Int
        var sequence: UInt64
        var type: Int
        var orderID: UInt64
    }

    /// Messages that name an order, and the number of all sequenced ones.
    private func golden(_ text: String) -> (orders: [OrderMessage], sequenced: Int) {
        var orders: [OrderMessage] = []
        var sequenced = 0
        for line in text.split(separator: "\n").dropFirst() {
            let columns = line.split(separator: "\t", omittingEmptySubsequences: false)
            guard columns.count > 8, let unit = Int(columns[4]), let first = UInt64(columns[5]),
                first > 0
            else { continue }
            var ids = columns[8].split(separator: ",").compactMap { UInt64($0) }[...]
            for (index, type) in columns[7].split(separator: ",").compactMap({ Int($0) })
                .enumerated()
            {
                sequenced += 1
                guard [0x21, 0x22, 0x27, 0x28, 0x29].contains(type), let id = ids.popFirst()
                else { continue }
                orders.append(
                    OrderMessage(
                        unit: unit, sequence: first + UInt64(index), type: type, orderID: id))
            }
        }
        return (orders, sequenced)
    }

    @Test(.enabled(if: hasSamples, "no samples: set TAPELINE_SAMPLES"))
    func everyOrderIsTheDissectors() throws {
        let table = try #require(TestFiles.sample("golden/cfe-pitch-v1.1.6.tsv.gz"))
        let capture = try #require(TestFiles.sample("pitch/cfe-pitch-v1.1.6.pcap"))
        let text = try #require(output(of: "zcat", [table]))
        let (expected, sequenced) = golden(String(decoding: text, as: UTF8.self))
        try #require(expected.count == 14_863)

        let futures = try #require(FeedProtocol(rawValue: "pitch-cfe"))
        let bench = try CoreBench(
            (1...2).map {
                ChannelConfiguration(
                    name: "unit " + String($0), feedProtocol: futures, transportChannel: $0,
                    lines: ["A"])
            }, instruments: 1000)
        let reader = try CaptureReader(
            bytes: Array(try Data(contentsOf: URL(filePath: capture))))
        let dissector = PacketDissector()
        while case .packet(let packet) = try reader.next() {
            guard case .datagram(let datagram) = dissector.dissect(packet) else { continue }
            bench.core.packet(
                channel: Int(datagram.destinationPort) - 30_001, line: 0,
                captureTime: packet.timeNanoseconds, timeSource: .file,
                payload: datagram.payload)
        }
        bench.core.finish()
        check(bench, expected)
        let totals = bench.core.totals().channels.map(\.total)
        #expect(totals.reduce(0) { $0 + $1.delivered } == UInt64(sequenced))
        #expect(totals.allSatisfy { $0.rejected + $0.lost + $0.stale + $0.duplicate == 0 })
    }

    private func check(_ bench: CoreBench, _ expected: [OrderMessage]) {
        var seen: [OrderMessage] = []
        for tick in bench.ticks {
            let type: Int
            switch (tick.tickKind, tick.has(.replaced)) {
            case (.add, false): type = 0x22
            case (.delete, true): type = 0x28
            case (.delete, false): type = 0x29
            default: continue
            }
            seen.append(
                OrderMessage(
                    unit: Int(tick.channel) + 1, sequence: tick.sequence, type: type,
                    orderID: tick.orderID))
        }
        #expect(seen.count == expected.count)
        let differences = zip(seen, expected).filter { $0 != $1 }
        #expect(differences.isEmpty, "\(differences.prefix(3))")
        // Orders that came in sight are booked, with the venue's time beside the capture's.
        let adds = bench.ticks.filter { $0.tickKind == .add && !$0.has(.replaced) }
        #expect(adds.allSatisfy { $0.price != Price.none && $0.quantity > 0 && $0.instrument > 0 })
        let stamped = adds.filter { $0.exchangeTime > 0 }
        #expect(stamped.count > 10_000)
        #expect(
            stamped.allSatisfy {
                $0.captureTime.distance(to: $0.exchangeTime).magnitude < 3_000_000_000
            })
        let entries = bench.core.directory.entries.filter { !$0.details.isEmpty }
        #expect(entries.allSatisfy { $0.tickSize > 0 && $0.details.contains("expiry=20") })
        #expect(entries.contains { $0.details.contains("legs=") } && entries.count > 150)
    }
}
