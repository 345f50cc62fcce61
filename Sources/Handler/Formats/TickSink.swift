import Ticks

/// Where finished ticks go: a format on standard output, a file, a journal, a tape.
public protocol TickSink: AnyObject {
    /// An instrument that the next ticks may name, new or changed.
    func define(_ instrument: Instrument) throws
    /// Ticks in order; `position` is the first one's. The memory is lent for the call.
    func write(_ ticks: UnsafeBufferPointer<Tick>, position: UInt64) throws
    /// Ticks flagged *snapshot* that rebuild the books before the first tick: no output of their own.
    func prime(_ image: UnsafeBufferPointer<Tick>, position: UInt64) throws
    /// Nothing follows.
    func finish() throws
}

extension TickSink {
    public func prime(_ image: UnsafeBufferPointer<Tick>, position: UInt64) throws {}
}

/// Which ticks a command shows; the same options everywhere.
public struct TickFilter: Sendable {
    /// UTC ns, inclusive; capture time, or exchange time where a tick has no capture time.
    public var from: UInt64?
    public var to: UInt64?
    /// Symbols; empty for all.
    public var symbols: Set<String> = []
    public var kinds: Set<TickKind> = []
    public var channels: Set<UInt16> = []
    public var limit: UInt64?

    public init() {}

    var isEmpty: Bool {
        from == nil && to == nil && symbols.isEmpty && kinds.isEmpty && channels.isEmpty
    }

    func accepts(_ tick: Tick, symbol: @autoclosure () -> String) -> Bool {
        let time = tick.captureTime != 0 ? tick.captureTime : tick.exchangeTime
        if let from, time < from { return false }
        if let to, time > to { return false }
        if !channels.isEmpty, !channels.contains(tick.channel) { return false }
        if !kinds.isEmpty, !kinds.contains(where: { $0.rawValue == tick.kind }) { return false }
        return symbols.isEmpty || symbols.contains(symbol())
    }
}

/// Counts and hashes what passes through on its way to another sink.
public final class HashingSink: TickSink {
    private let sink: any TickSink
    public private(set) var hash = ContentHash()

    public init(_ sink: any TickSink) { self.sink = sink }

    public func define(_ instrument: Instrument) throws { try sink.define(instrument) }
    public func prime(_ image: UnsafeBufferPointer<Tick>, position: UInt64) throws {
        try sink.prime(image, position: position)
    }
    public func write(_ ticks: UnsafeBufferPointer<Tick>, position: UInt64) throws {
        for tick in ticks { hash.add(tick) }
        try sink.write(ticks, position: position)
    }
    public func finish() throws { try sink.finish() }
}

/// Symbols by instrument id.
struct SymbolTable {
    private var symbols: [String] = [""]

    mutating func define(_ instrument: Instrument) {
        let id = Int(instrument.id)
        guard id < 1 << 24 else { return }
        while symbols.count <= id { symbols.append("") }
        symbols[id] = instrument.symbol
    }

    subscript(_ id: UInt32) -> String {
        Int(id) < symbols.count ? symbols[Int(id)] : ""
    }
}

/// An output that can be told to stop early: `--limit` is reached, or nobody reads any more.
public enum SinkError: Error, Equatable {
    case limitReached
}
