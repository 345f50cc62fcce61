import Books
import Ticks

/// One CSV row for each change of an instrument's best bid or offer by one message.
///
/// The books are built here again from the ticks, so the same rows come from a capture, a journal
/// and a live tape.
public final class BBOSink: LineSink {
    public static let header =
        "exchange_time,capture_time,sequence,instrument,symbol,bid_price,bid_quantity,bid_orders,"
        + "ask_price,ask_quantity,ask_orders\n"

    private let books: Books

    public init(
        file: OutputFile, filter: TickFilter = TickFilter(), isPretty: Bool = false,
        books configuration: BooksConfiguration = BooksConfiguration()
    ) {
        books = Books(configuration)
        super.init(file: file, filter: filter, isPretty: isPretty)
        try? file.append { $0.append(text: Self.header) }
    }

    public override func write(_ ticks: UnsafeBufferPointer<Tick>, position: UInt64) throws {
        guard let base = ticks.baseAddress else { return }
        // A tick at a time, because the rows of one batch may be of one instrument.
        for index in 0..<ticks.count {
            books.observe(base + index, count: 1, position: position &+ UInt64(index))
            var failure: (any Error)?
            books.takeTops { instrument, _, moved in
                guard moved, failure == nil else { return }
                do {
                    try writeRow(instrument, base[index])
                } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
        }
    }

    public func prime(_ image: UnsafeBufferPointer<Tick>, position: UInt64) throws {
        guard let base = image.baseAddress else { return }
        books.observe(base, count: image.count, position: position)
        books.takeTops { _, _, _ in }
    }

    private func writeRow(_ instrument: UInt32, _ tick: Tick) throws {
        guard filter.isEmpty || filter.accepts(tick, symbol: symbols[instrument]) else { return }
        try count()
        let bid = books.best(instrument, .bid)
        let ask = books.best(instrument, .ask)
        try file.append { bytes in
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
            bytes.append(decimal: UInt64(instrument))
            bytes.append(comma)
            bytes.append(csvText: symbols[instrument])
            for side in [bid, ask] {
                bytes.append(comma)
                let price = side.price == Price.none ? 0 : side.price
                if isPretty {
                    bytes.append(text: TickText.decimal(price))
                } else {
                    bytes.append(decimal: price)
                }
                bytes.append(comma)
                bytes.append(decimal: side.quantity)
                bytes.append(comma)
                bytes.append(decimal: UInt64(side.orders))
            }
            bytes.append(UInt8(ascii: "\n"))
        }
    }
}
