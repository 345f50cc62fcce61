import Foundation
import Protocols
import TestSupport
import Testing
import Ticks
import Wire

/// What PyPI `itchfeed` reads out of the thousand real messages, line by line; nil without the
/// samples, Python or the package (`tools/peers` installs it).
private let oracle: [[String: String]]? = {
    guard let sample = TestFiles.sample("itch50/12302019_SNIPPET.NASDAQ_ITCH50") else { return nil }
    let script = TestFiles.root.appending(path: "tools/oracles/itchfeed_fields.py").path
    let peers = TestFiles.root.appending(path: ".build/peers/bin/python").path
    for python in [ProcessInfo.processInfo.environment["TAPELINE_PYTHON"], peers, "python3"] {
        guard let python, let data = output(of: python, [script, sample]) else { continue }
        return String(decoding: data, as: UTF8.self).split(separator: "\n").map { line in
            let columns = line.split(separator: "\t", omittingEmptySubsequences: false)
            var fields = ["sequence": String(columns[0])]
            for column in columns.dropFirst() {
                let parts = column.split(
                    separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                fields[String(parts[0])] = String(parts[1])
            }
            return fields
        }
    }
    return nil
}()

@Suite struct ITCHFeedOracleTests {
    private struct Row {
        let fields: [String: String]

        func number(_ name: String) -> Int64 { Int64(fields[name, default: ""]) ?? -1 }
        func price(_ name: String) -> Int64 { number(name) * 100_000 }
        var side: Side {
            switch fields["buy_sell_indicator"] {
            case "B": .bid
            case "S": .ask
            default: .none
            }
        }
        func letter(_ name: String) -> UInt32 { letters(fields[name, default: ""]) }
    }

    @Test(
        .enabled(
            if: oracle != nil, "samples, python3 and itchfeed are needed: run tools/peers first"))
    func everyMappedFieldIsTheSame() throws {
        let rows = try #require(oracle).map(Row.init)
        let sample = try #require(TestFiles.sample("itch50/12302019_SNIPPET.NASDAQ_ITCH50"))
        let file = try Data(contentsOf: URL(filePath: sample))
        #expect(rows.count == 1000)
        let directory = InstrumentDirectory(capacity: 10_000)
        let midnight = try TradingDay(parsing: "2019-12-30").midnightNanoseconds
        let decoder = ITCH50Decoder(
            directory: directory, venue: "XNAS", channel: 3, midnight: midnight)
        var ticks: [Tick] = []
        let buffer = UnsafeMutablePointer<Tick>.allocate(capacity: 6000)
        defer { buffer.deallocate() }
        file.withUnsafeBytes { blocks in
            var cursor = BlockCursor(offset: 0, remaining: rows.count, sequence: 1)
            let count = decoder.decode(
                blocks, cursor: &cursor, context: testContext, into: buffer, capacity: 6000)
            ticks = Array(UnsafeBufferPointer(start: buffer, count: count))
            #expect(cursor.offset == file.count)
        }
        let seen = Dictionary(grouping: views(ticks, directory), by: \.sequence)
        var symbolByLocate: [Int64: String] = [:]
        for (index, row) in rows.enumerated() {
            let own = seen[UInt64(index + 1)] ?? []
            try #require(!own.isEmpty)
            #expect(own.allSatisfy { $0.time == midnight + UInt64(row.number("timestamp")) })
            if let stock = row.fields["stock"] {
                symbolByLocate[row.number("stock_locate")] =
                    stock.trimmingCharacters(in: .whitespaces)
            }
            compare(row, own)
        }
        // Symbols may be learned later than the first message of a locate.
        for (tick, row) in zip(ticks, ticks.map { rows[Int($0.sequence) - 1] })
        where tick.instrument != 0 {
            let entry = directory.entries[Int(tick.instrument) - 1]
            #expect(entry.symbol == symbolByLocate[row.number("stock_locate"), default: ""])
            #expect(Int64(entry.code) == row.number("stock_locate"))
        }
    }

    private func compare(_ row: Row, _ ticks: [TickView]) {
        let first = ticks[0]
        let last = ticks[ticks.count - 1]
        func isOrder(_ tick: TickView, _ name: String) -> Bool {
            Int64(tick.orderID) == row.number(name)
        }
        switch row.fields["type"] {
        case "A", "F":
            #expect(ticks.map(\.kind) == [.add] && isOrder(first, "order_reference_number"))
            #expect(first.side == row.side && first.quantity == row.number("shares"))
            #expect(first.price == row.price("price") && first.extra == row.letter("attribution"))
        case "D":
            #expect(ticks.map(\.kind) == [.delete] && isOrder(first, "order_reference_number"))
        case "X":
            #expect(ticks.map(\.kind) == [.cancel] && isOrder(first, "order_reference_number"))
            #expect(first.quantity == row.number("cancelled_shares"))
        case "E", "C":
            let isPrinted = row.fields["printable"] != "N"
            #expect(ticks.map(\.kind) == (isPrinted ? [.trade, .fill] : [.fill]))
            #expect(isOrder(last, "order_reference_number"))
            #expect(ticks.allSatisfy { $0.quantity == row.number("executed_shares") })
            #expect(!isPrinted || isOrder(first, "match_number"))
            let hasPrice = row.fields["execution_price"] != nil && isPrinted
            #expect(first.price == (hasPrice ? row.price("execution_price") : nil))
        case "U":
            #expect(ticks.map(\.kind) == [.delete, .add])
            #expect(isOrder(first, "order_reference_number"))
            #expect(isOrder(last, "new_order_reference_number"))
            #expect(last.price == row.price("price") && last.quantity == row.number("shares"))
        case "P":
            #expect(ticks.map(\.kind) == [.trade] && isOrder(first, "match_number"))
            #expect(first.price == row.price("price") && first.quantity == row.number("shares"))
        case "Q":
            #expect(ticks.map(\.kind) == [.trade] && isOrder(first, "match_number"))
            #expect(first.price == row.price("cross_price"))
            #expect(
                first.quantity == row.number("shares") && first.extra == row.letter("cross_type"))
        case "I":
            #expect(ticks.map(\.kind) == Array(repeating: .imbalance, count: 5))
            #expect(ticks[0].quantity == row.number("paired_shares"))
            #expect(ticks[1].quantity == row.number("imbalance_shares"))
            #expect(ticks[2].price == row.price("far_price"))
            #expect(ticks[3].price == row.price("near_price"))
            #expect(ticks[4].price == row.price("current_reference_price"))
            let text = ["imbalance_direction", "cross_type", "variation_indicator"]
                .map { row.fields[$0, default: ""] }.joined()
            #expect(ticks.allSatisfy { $0.extra == letters(text) })
        case "S":
            #expect(ticks.map(\.kind) == [.status] && first.extra == row.letter("event_code"))
        default: Issue.record("a type that the sample does not hold: \(row.fields)")
        }
    }
}
