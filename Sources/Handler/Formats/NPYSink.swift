import Ticks

/// The raw 64-byte records as a NumPy structured array (format version 1.0).
public final class NPYSink: TickSink {
    private static let headerSize = 512
    private static let fields: [(name: String, type: String)] = [
        ("exchange_time", "<u8"), ("capture_time", "<u8"), ("sequence", "<u8"),
        ("order_id", "<u8"), ("price", "<i8"), ("quantity", "<i8"), ("instrument", "<u4"),
        ("channel", "<u2"), ("kind", "|u1"), ("side", "|u1"), ("flags", "<u2"), ("line", "|u1"),
        ("detail", "|u1"), ("extra", "<u4"),
    ]
    private let file: OutputFile
    private let filter: TickFilter
    private var symbols = SymbolTable()
    private var count: UInt64 = 0

    /// The count stands in the header and is known in the end: a pipe will not do.
    public init(file: OutputFile, filter: TickFilter = TickFilter()) throws(OutputError) {
        guard file.isSeekable else { throw .notSeekable(format: "npy") }
        self.file = file
        self.filter = filter
        try file.append { $0 += Self.header(count: 0) }
    }

    public func define(_ instrument: Instrument) throws { symbols.define(instrument) }

    public func write(_ ticks: UnsafeBufferPointer<Tick>, position: UInt64) throws {
        for tick in ticks {
            guard filter.isEmpty || filter.accepts(tick, symbol: symbols[tick.instrument]) else {
                continue
            }
            if let limit = filter.limit, count >= limit { throw SinkError.limitReached }
            count += 1
            try file.append { bytes in withUnsafeBytes(of: tick) { bytes += $0 } }
        }
    }

    public func finish() throws { try file.patch(Self.header(count: count)) }

    private static func header(count: UInt64) -> [UInt8] {
        let descriptor = fields.map { "('\($0.name)', '\($0.type)')" }.joined(separator: ", ")
        let text = "{'descr': [\(descriptor)], 'fortran_order': False, 'shape': (\(count),), }"
        let length = headerSize - 10
        let padding = String(repeating: " ", count: length - text.utf8.count - 1)
        return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)]
            + Array((text + padding + "\n").utf8)
    }
}
