import Ticks

/// What the line formats share: symbols, filter, limit, and where the bytes go.
public class LineSink: TickSink {
    let file: OutputFile
    let filter: TickFilter
    let isPretty: Bool
    var symbols = SymbolTable()
    private var written: UInt64 = 0

    public init(file: OutputFile, filter: TickFilter = TickFilter(), isPretty: Bool = false) {
        self.file = file
        self.filter = filter
        self.isPretty = isPretty
    }

    public func define(_ instrument: Instrument) throws { symbols.define(instrument) }

    public func write(_ ticks: UnsafeBufferPointer<Tick>, position: UInt64) throws {
        let all = filter.isEmpty
        for tick in ticks {
            if all || filter.accepts(tick, symbol: symbols[tick.instrument]) {
                try count()
                try file.append { append(tick, to: &$0) }
            }
        }
    }

    /// Counts a row; stops at the limit.
    final func count() throws {
        if let limit = filter.limit, written >= limit { throw SinkError.limitReached }
        written += 1
    }

    public func finish() throws { try file.flush() }

    /// Hands what is there to the reader of a live stream.
    public func flush() throws { try file.flush() }

    /// One tick as a line; for subclasses.
    func append(_ tick: Tick, to bytes: inout [UInt8]) {}
}

/// One JSON object a line: every field of the tick in the order of the layout, then the symbol.
public final class JSONLinesSink: LineSink {
    override func append(_ tick: Tick, to bytes: inout [UInt8]) {
        bytes.append(text: "{\"exchange_time\":")
        append(time: tick.exchangeTime, to: &bytes)
        bytes.append(text: ",\"capture_time\":")
        append(time: tick.captureTime, to: &bytes)
        bytes.append(text: ",\"sequence\":")
        bytes.append(decimal: tick.sequence)
        bytes.append(text: ",\"order_id\":")
        bytes.append(decimal: tick.orderID)
        bytes.append(text: ",\"price\":")
        append(price: tick.price, to: &bytes)
        bytes.append(text: ",\"quantity\":")
        if tick.quantity == Quantity.none {
            bytes.append(text: "null")
        } else {
            bytes.append(decimal: tick.quantity)
        }
        bytes.append(text: ",\"instrument\":")
        bytes.append(decimal: UInt64(tick.instrument))
        bytes.append(text: ",\"channel\":")
        bytes.append(decimal: UInt64(tick.channel))
        bytes.append(text: ",\"kind\":\"")
        bytes.append(text: TickText.kind(tick.kind))
        bytes.append(text: "\",\"side\":\"")
        bytes.append(text: TickText.side(tick.side))
        bytes.append(text: "\",\"flags\":")
        bytes.append(decimal: UInt64(tick.flags))
        bytes.append(text: ",\"line\":")
        bytes.append(decimal: UInt64(tick.line))
        bytes.append(text: ",\"detail\":")
        bytes.append(decimal: UInt64(tick.detail))
        bytes.append(text: ",\"extra\":")
        bytes.append(decimal: UInt64(tick.extra))
        bytes.append(text: ",\"symbol\":\"")
        bytes.append(jsonText: symbols[tick.instrument])
        bytes.append(text: "\"}\n")
    }

    private func append(time: UInt64, to bytes: inout [UInt8]) {
        if isPretty {
            bytes.append(text: "\"" + TickText.time(time) + "\"")
        } else {
            bytes.append(decimal: time)
        }
    }

    private func append(price: Int64, to bytes: inout [UInt8]) {
        if price == Price.none {
            bytes.append(text: "null")
        } else if isPretty {
            bytes.append(text: TickText.decimal(price))
        } else {
            bytes.append(decimal: price)
        }
    }
}

/// Comma-separated values with a header line; missing values are empty.
public final class CSVSink: LineSink {
    public static let header =
        "exchange_time,capture_time,sequence,order_id,price,quantity,instrument,channel,kind,side,"
        + "flags,line,detail,extra,symbol\n"

    public override init(
        file: OutputFile, filter: TickFilter = TickFilter(), isPretty: Bool = false
    ) {
        super.init(file: file, filter: filter, isPretty: isPretty)
        try? file.append { $0.append(text: Self.header) }
    }

    override func append(_ tick: Tick, to bytes: inout [UInt8]) {
        let comma = UInt8(ascii: ",")
        for time in [tick.exchangeTime, tick.captureTime] {
            if isPretty {
                bytes.append(text: TickText.time(time))
            } else {
                bytes.append(decimal: time)
            }
            bytes.append(comma)
        }
        bytes.append(decimal: tick.sequence)
        bytes.append(comma)
        bytes.append(decimal: tick.orderID)
        bytes.append(comma)
        if tick.price != Price.none {
            if isPretty {
                bytes.append(text: TickText.decimal(tick.price))
            } else {
                bytes.append(decimal: tick.price)
            }
        }
        bytes.append(comma)
        if tick.quantity != Quantity.none { bytes.append(decimal: tick.quantity) }
        bytes.append(comma)
        bytes.append(decimal: UInt64(tick.instrument))
        bytes.append(comma)
        bytes.append(decimal: UInt64(tick.channel))
        bytes.append(comma)
        bytes.append(text: TickText.kind(tick.kind))
        bytes.append(comma)
        bytes.append(text: TickText.side(tick.side))
        for value in [
            UInt64(tick.flags), UInt64(tick.line), UInt64(tick.detail), UInt64(tick.extra),
        ] {
            bytes.append(comma)
            bytes.append(decimal: value)
        }
        bytes.append(comma)
        bytes.append(csvText: symbols[tick.instrument])
        bytes.append(UInt8(ascii: "\n"))
    }
}
