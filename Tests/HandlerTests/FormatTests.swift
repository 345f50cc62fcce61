import Foundation
import Handler
import TestSupport
import Testing
import Ticks

/// Lines and records, field by field.
@Suite struct FormatTests {
    private let names = [
        "exchange_time", "capture_time", "sequence", "order_id", "price", "quantity",
        "instrument", "channel", "kind", "side", "flags", "line", "detail", "extra",
    ]

    private func tick(_ kind: TickKind = .add, sequence: UInt64 = 3) -> Tick {
        Tick(
            exchangeTime: 1_577_716_200_000_000_230, captureTime: .max, sequence: sequence,
            orderID: .max, price: -12_340_000_000, quantity: .max, instrument: 1, channel: 5,
            kind: kind.rawValue, side: 2, flags: 0xC001, line: 254, detail: 9, extra: .max)
    }

    private var bare: Tick {
        Tick(
            exchangeTime: 0, captureTime: 0, sequence: 0, orderID: 0, price: Price.none,
            quantity: Quantity.none, instrument: 0, channel: 0, kind: 200, side: 77, flags: 0,
            line: 0, detail: 0, extra: 0)
    }

    /// What a sink wrote for the ticks.
    private func written(
        _ name: String, _ ticks: [Tick], symbol: String = "ABC",
        _ make: (OutputFile) throws -> any TickSink
    ) throws -> Data {
        let path = TestFiles.temporary("\(name).out")
        defer { try? FileManager.default.removeItem(atPath: path) }
        let sink = try make(try OutputFile(path: path, force: true))
        try sink.define(Instrument(id: 1, symbol: symbol, venue: "X"))
        do {
            try ticks.withUnsafeBufferPointer { try sink.write($0, position: 0) }
        } catch SinkError.limitReached {}
        try sink.finish()
        return try Data(contentsOf: URL(filePath: path))
    }

    private func lines(_ data: Data) -> [String] {
        String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    @Test func jsonLinesHaveEveryFieldInOrder() throws {
        let text = lines(try written("jsonl", [tick(), bare]) { JSONLinesSink(file: $0) })
        #expect(
            text == [
                "{\"exchange_time\":1577716200000000230,\"capture_time\":18446744073709551615,"
                    + "\"sequence\":3,\"order_id\":18446744073709551615,\"price\":-12340000000,"
                    + "\"quantity\":9223372036854775807,\"instrument\":1,\"channel\":5,"
                    + "\"kind\":\"add\",\"side\":\"ask\",\"flags\":49153,\"line\":254,"
                    + "\"detail\":9,\"extra\":4294967295,\"symbol\":\"ABC\"}",
                "{\"exchange_time\":0,\"capture_time\":0,\"sequence\":0,\"order_id\":0,"
                    + "\"price\":null,\"quantity\":null,\"instrument\":0,\"channel\":0,"
                    + "\"kind\":\"unknown\",\"side\":\"none\",\"flags\":0,\"line\":0,"
                    + "\"detail\":0,\"extra\":0,\"symbol\":\"\"}",
            ])
        for line in text {
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
            #expect(Set((object as? [String: Any] ?? [:]).keys) == Set(names + ["symbol"]))
        }
    }

    @Test func prettyValuesAreReadable() throws {
        let line = lines(
            try written("pretty", [tick()]) { JSONLinesSink(file: $0, isPretty: true) })[0]
        #expect(line.contains("\"exchange_time\":\"2019-12-30T14:30:00.000000230Z\""))
        #expect(line.contains("\"price\":-12.3400,"))
        _ = try JSONSerialization.jsonObject(with: Data(line.utf8))
    }

    @Test func symbolsAreEscaped() throws {
        let symbol = "a\"b\\c,\u{1}"
        let json = lines(
            try written("escape", [tick()], symbol: symbol) { JSONLinesSink(file: $0) })[0]
        let object = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
        #expect(object?["symbol"] as? String == symbol)
        let csv = lines(try written("escape2", [tick()], symbol: symbol) { CSVSink(file: $0) })
        #expect(csv[1].hasSuffix(",\"a\"\"b\\c,\u{1}\""))
    }

    @Test func commaSeparatedValuesHaveAHeader() throws {
        let text = lines(try written("csv", [tick(), bare]) { CSVSink(file: $0) })
        #expect(text[0] == (names + ["symbol"]).joined(separator: ","))
        #expect(
            text[1] == "1577716200000000230,18446744073709551615,3,18446744073709551615,"
                + "-12340000000,9223372036854775807,1,5,add,ask,49153,254,9,4294967295,ABC")
        #expect(text[2] == "0,0,0,0,,,0,0,unknown,none,0,0,0,0,")
    }

    @Test func filterAndLimit() throws {
        var filter = TickFilter()
        filter.kinds = [.trade]
        filter.limit = 2
        let ticks =
            [tick(), tick(.trade, sequence: 4), tick(.trade, sequence: 5)]
            + [tick(.trade, sequence: 6)]
        let text = lines(try written("filter", ticks) { CSVSink(file: $0, filter: filter) })
        #expect(text.dropFirst().map { $0.split(separator: ",")[2] } == ["4", "5"])
        var byTime = TickFilter()
        byTime.from = 10
        byTime.to = 20
        var early = bare
        early.exchangeTime = 9
        var inside = bare
        inside.exchangeTime = 20
        var captured = bare
        captured.exchangeTime = 15
        captured.captureTime = 21
        let rows = lines(
            try written("times", [early, inside, captured]) { CSVSink(file: $0, filter: byTime) })
        #expect(rows.count == 2 && rows[1].hasPrefix("20,"))
        var bySymbol = TickFilter()
        bySymbol.symbols = ["ABC"]
        let named = lines(
            try written("symbols", [bare, tick()]) { CSVSink(file: $0, filter: bySymbol) })
        #expect(named.count == 2)
    }

    @Test func existingFilesAreKept() throws {
        let path = TestFiles.temporary("kept.out")
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data("mine".utf8).write(to: URL(filePath: path))
        #expect(throws: OutputError.exists(path: path)) {
            try OutputFile(path: path, force: false)
        }
        #expect(try Data(contentsOf: URL(filePath: path)) == Data("mine".utf8))
        _ = try OutputFile(path: path, force: true)
        #expect(try Data(contentsOf: URL(filePath: path)).isEmpty)
    }

    // MARK: Best bid and offer

    private func order(
        _ kind: TickKind, _ id: UInt64, _ side: Side, _ price: Int64, _ quantity: Int64,
        sequence: UInt64
    ) -> Tick {
        Tick(
            exchangeTime: 10 * sequence, captureTime: 100 * sequence, sequence: sequence,
            orderID: id, price: price, quantity: quantity, instrument: 1, channel: 0,
            kind: kind.rawValue, side: side.rawValue, flags: TickFlags.lastOfEvent.rawValue,
            line: 0, detail: 0, extra: 0)
    }

    @Test func bboHasARowForEachChange() throws {
        var replaced = order(.delete, 1, .bid, 100, 5, sequence: 5)
        replaced.tickFlags = .replaced
        var new = order(.add, 4, .bid, 100, 6, sequence: 5)
        new.tickFlags = [.replaced, .lastOfEvent]
        let ticks = [
            order(.add, 1, .bid, 100, 5, sequence: 1), order(.add, 2, .bid, 90, 5, sequence: 2),
            order(.add, 3, .ask, 110, 7, sequence: 3), order(.cancel, 2, .bid, 90, 1, sequence: 4),
            replaced, new, order(.delete, 3, .ask, 110, 7, sequence: 6),
        ]
        let text = lines(try written("bbo", ticks) { BBOSink(file: $0) })
        #expect(
            text == [
                "exchange_time,capture_time,sequence,instrument,symbol,bid_price,bid_quantity,"
                    + "bid_orders,ask_price,ask_quantity,ask_orders",
                "10,100,1,1,ABC,100,5,1,0,0,0",
                "30,300,3,1,ABC,100,5,1,110,7,1",
                "50,500,5,1,ABC,100,6,1,110,7,1",
                "60,600,6,1,ABC,100,6,1,0,0,0",
            ])
    }

    // MARK: NumPy

    private static let hasNumPy = output(of: "python3", ["-c", "import numpy"]) != nil

    @Test(.enabled(if: hasNumPy, "python3 with numpy is needed"))
    func numpyReadsTheRecords() throws {
        let path = TestFiles.temporary("numpy.npy")
        defer { try? FileManager.default.removeItem(atPath: path) }
        let sink = try NPYSink(file: try OutputFile(path: path, force: true))
        let ticks = [tick(), bare, tick(.trade, sequence: 9)]
        try ticks.withUnsafeBufferPointer { try sink.write($0, position: 0) }
        try sink.finish()
        let script = """
            import numpy, sys
            a = numpy.load(sys.argv[1])
            assert a.dtype.itemsize == 64 and a.dtype.isbuiltin == 0
            print(",".join(a.dtype.names))
            for row in a: print(",".join(str(v) for v in row))
            """
        let data = try #require(output(of: "python3", ["-c", script, path]))
        #expect(
            lines(data) == [
                names.joined(separator: ","),
                "1577716200000000230,18446744073709551615,3,18446744073709551615,-12340000000,"
                    + "9223372036854775807,1,5,1,2,49153,254,9,4294967295",
                "0,0,0,0,9223372036854775807,-9223372036854775808,0,0,200,77,0,0,0,0",
                "1577716200000000230,18446744073709551615,9,18446744073709551615,-12340000000,"
                    + "9223372036854775807,1,5,6,2,49153,254,9,4294967295",
            ])
    }

    // MARK: Text

    @Test func decimalsAreExact() {
        let cases: [(Int64, String)] = [
            (0, "0.0000"), (1, "0.000000001"), (12_340_000_000, "12.3400"),
            (-12_345_678_901, "-12.345678901"), (-1, "-0.000000001"),
            (.max, "9223372036.854775807"), (.min, "-9223372036.854775808"),
        ]
        for (value, text) in cases { #expect(TickText.decimal(value) == text) }
    }

    /// Every day that a tick can name, against Foundation's calendar.
    @Test func timesAreThoseOfTheCalendar() throws {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(identifier: "UTC"))
        #expect(TickText.time(0) == "1970-01-01T00:00:00.000000000Z")
        #expect(TickText.time(.max) == "2554-07-21T23:34:33.709551615Z")
        func two(_ value: Int?) -> String { (value ?? 0) < 10 ? "0\(value ?? 0)" : "\(value ?? 0)" }
        for day in stride(from: 0, to: 213_503, by: 7) {
            let seconds = UInt64(day) * 86_400 + UInt64(day * 7919 % 86_400)
            let parts = calendar.dateComponents(
                [.year, .month, .day, .hour, .minute, .second],
                from: Date(timeIntervalSince1970: Double(seconds)))
            let text =
                "\(parts.year ?? 0)-\(two(parts.month))-\(two(parts.day))T\(two(parts.hour)):"
                + "\(two(parts.minute)):\(two(parts.second)).000000005Z"
            #expect(TickText.time(seconds * 1_000_000_000 + 5) == text)
        }
    }

    @Test func kindsHaveTheNamesOfTheDesign() {
        for kind in TickKind.allCases {
            #expect(TickText.kind(named: TickText.kind(kind.rawValue)) == kind)
        }
        #expect(TickText.kind(TickKind.tradeBreak.rawValue) == "tradeBreak")
        #expect(TickText.kind(named: "unknown") == nil)
    }
}
