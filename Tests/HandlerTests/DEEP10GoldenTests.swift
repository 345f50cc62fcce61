import Foundation
import Handler
import Protocols
import TestSupport
import Testing
import Ticks
import Wire

/// The first 42,000 packets of the DEEP sample, in which its eleven restarts lie, against what an
/// independent dissector read; the whole file is an integration check.
@Suite struct DEEP10GoldenTests {
    private static let packetCount = 42_000
    private static let hasSamples =
        TestFiles.sample("iex/DEEP10.pcap.gz") != nil
        && TestFiles.sample("golden/iex-deep10.tsv.gz") != nil

    private struct Message: Equatable {
        var type: Character
        var sequence: UInt64
        var symbol: String?
        /// 1e-9 of the price unit.
        var price: Int64?
    }

    /// The golden table's messages; a price only where the table names one for each priced message.
    private func golden(_ text: String) -> [Message] {
        var messages: [Message] = []
        for line in text.split(separator: "\n").dropFirst().prefix(Self.packetCount) {
            let columns = line.split(separator: "\t", omittingEmptySubsequences: false)
            guard columns.count > 8, !columns[7].isEmpty else { continue }
            var sequence = UInt64(columns[5]) ?? 0
            var symbols = columns[8].split(separator: ",")[...]
            let types = columns[7].split(separator: ",").compactMap(\.first)
            let priced = types.filter { "85TBX".contains($0) }.count
            let prices = columns.count > 9 ? columns[9].split(separator: ",") : []
            var left = prices.count == priced ? prices[...] : []
            for type in types {
                var message = Message(type: type, sequence: sequence)
                if type != "S" { message.symbol = symbols.popFirst().map(String.init) }
                if "85TBX".contains(type), let price = left.popFirst(), let value = Double(price) {
                    message.price = Int64((value * 10_000).rounded()) * 100_000
                }
                messages.append(message)
                sequence += 1
            }
        }
        return messages
    }

    private func type(_ tick: Tick) -> Character? {
        switch tick.tickKind {
        case .level: tick.tickSide == .bid ? "8" : "5"
        case .trade: "T"
        case .tradeBreak: "B"
        case .statistic: "X"
        case .definition: "D"
        case .imbalance: tick.has(.lastOfEvent) ? "A" : nil
        case .status:
            switch StatusDetail(rawValue: tick.detail) {
            case .systemEvent: "S"
            case .trading: "H"
            case .shortSaleRestriction: "P"
            case .operationalHalt: "O"
            case .retailInterest: "I"
            case .securityEvent: "E"
            default: nil
            }
        default: nil
        }
    }

    @Test(.enabled(if: hasSamples, "no samples: set TAPELINE_SAMPLES"))
    func everyMessageIsTheDissectors() throws {
        let table = try #require(TestFiles.sample("golden/iex-deep10.tsv.gz"))
        let capture = try #require(TestFiles.sample("iex/DEEP10.pcap.gz"))
        let text = try #require(output(of: "zcat", [table]))
        let expected = golden(String(decoding: text, as: UTF8.self))
        let bytes = try #require(
            output(of: "sh", ["-c", "zcat \"$0\" 2>/dev/null | head -c 12000000", capture]))

        var configuration = CoreBench.deep()
        configuration.lines = ["A"]
        let bench = try CoreBench([configuration], instruments: 20_000)
        let reader = try CaptureReader(bytes: Array(bytes))
        let dissector = PacketDissector()
        var packets = 0
        while packets < Self.packetCount, case .packet(let packet) = try reader.next() {
            packets += 1
            guard case .datagram(let datagram) = dissector.dissect(packet) else { continue }
            bench.core.packet(
                channel: 0, line: 0, captureTime: packet.timeNanoseconds, timeSource: .file,
                payload: datagram.payload)
        }
        bench.core.finish()
        try #require(packets == Self.packetCount)

        var seen: [Message] = []
        for tick in bench.ticks {
            guard let type = type(tick) else { continue }
            var message = Message(type: type, sequence: tick.sequence)
            if tick.instrument != 0 {
                message.symbol = bench.core.directory.entries[Int(tick.instrument) - 1].symbol
            }
            if tick.price != Price.none, type != "A" { message.price = tick.price }
            seen.append(message)
        }
        #expect(seen.count == expected.count)
        var differences = 0
        for (ours, theirs) in zip(seen, expected) {
            var ours = ours
            if theirs.price == nil { ours.price = nil }
            if ours != theirs {
                differences += 1
                if differences < 5 { Issue.record("\(ours) instead of \(theirs)") }
            }
        }
        let epochs = bench.ticks.filter { $0.tickKind == .epoch }
        #expect(
            epochs.map(\.detail)
                == [EpochCause.start].map(\.rawValue)
                + Array(repeating: EpochCause.restart.rawValue, count: 11))
        #expect(!bench.ticks.contains { $0.tickKind == .gap })
        let total = bench.core.totals().channels[0].total
        #expect(total.stale + total.duplicate + total.late + total.rejected == 0)
        checkVisibility(bench.ticks)
    }

    /// No level waits longer than 1 ms of core time to be shown: its event is closed by then, or
    /// given up.
    private func checkVisibility(_ ticks: [Tick]) {
        var open: [UInt32: (since: UInt64, time: UInt64)] = [:]
        var late = 0
        for tick in ticks {
            if tick.instrument == 0 {
                if tick.tickKind == .epoch || tick.tickKind == .gap { open = [:] }
                continue
            }
            if let event = open[tick.instrument] {
                let isOther = event.time != tick.exchangeTime
                if tick.captureTime > event.since + 1_000_000, tick.tickKind != .alert, !isOther {
                    late += 1
                }
                if isOther || tick.tickKind == .alert { open[tick.instrument] = nil }
            }
            guard tick.tickKind == .level else { continue }
            if tick.has(.lastOfEvent) {
                open[tick.instrument] = nil
            } else if open[tick.instrument] == nil {
                open[tick.instrument] = (tick.captureTime, tick.exchangeTime)
            }
        }
        #expect(late == 0)
    }
}
