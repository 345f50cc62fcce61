import Books
import Protocols
import Ticks
import Wire

/// A feed of the registry as its tests see it: messages go through the transport's encoder and
/// parser, the decoder and, where wanted, books.
final class FeedProbe {
    let feed: FeedDefinition
    let directory: InstrumentDirectory
    let decoder: any FeedDecoding
    private let ticks = UnsafeMutablePointer<Tick>.allocate(capacity: 4096)
    private var sequence: UInt64 = 1
    private(set) lazy var books = makeBooks()
    private var position: UInt64 = 0

    /// `midnight` is that of a trading day, ns since the Unix epoch.
    init(_ name: String, midnight: UInt64 = 0, instruments: Int = 1000) {
        directory = InstrumentDirectory(capacity: instruments)
        feed = FeedRegistry.find(name)!
        decoder = feed.makeDecoder(
            DecoderSetup(
                directory: directory, venue: feed.venue, channel: 1, midnight: midnight,
                feed: name))
        decoder.beginEpoch()
    }

    deinit { ticks.deallocate() }

    private func makeBooks() -> Books {
        Books(BooksConfiguration(instrumentCapacity: 1000, orderCapacity: 100_000))
    }

    /// The ticks of one packet with these messages, at the channel's next sequence.
    func decode(_ messages: [UInt8]...) -> [Tick] {
        let packet = feed.transport.encode(
            PacketContents(session: 1, sequence: sequence, messages: messages))
        sequence += UInt64(messages.count)
        return decode(packet: packet)
    }

    /// The ticks of a packet as it is; none if the transport rejects it.
    func decode(packet: [UInt8]) -> [Tick] {
        packet.withUnsafeBytes { payload in
            guard case .packet(let parsed) = feed.transport.parse(payload, TransportOptions())
            else { return [] }
            return decode(parsed)
        }
    }

    private func decode(_ parsed: TransportPacket) -> [Tick] {
        var cursor = BlockCursor(
            offset: 0, remaining: parsed.messageCount, sequence: parsed.firstSequence)
        let context = DeliveryContext(captureTime: 1, channel: 1, line: 0, flags: [])
        var all: [Tick] = []
        while cursor.remaining > 0 {
            let count = decoder.decode(
                parsed.blocks, cursor: &cursor, context: context, into: ticks, capacity: 4096)
            all += UnsafeBufferPointer(start: ticks, count: count)
        }
        return all
    }

    /// Decodes and lets the books complete the ticks.
    func apply(_ messages: [UInt8]...) -> [Tick] {
        let packet = feed.transport.encode(
            PacketContents(session: 1, sequence: sequence, messages: messages))
        sequence += UInt64(messages.count)
        var result = decode(packet: packet)
        result.withUnsafeMutableBufferPointer {
            if let base = $0.baseAddress {
                books.complete(base, count: $0.count, position: position)
            }
        }
        position += UInt64(result.count)
        return result
    }

    /// What the directory says of an instrument.
    func entry(_ symbol: String) -> Instrument? {
        directory.entries.first { $0.symbol == symbol }
    }
}

/// Ticks as tests write them: kind, detail, order, price in billionths, quantity, side, extra, flags
/// but the last of the event's, `|` behind the last of an event.
func said(_ ticks: [Tick]) -> [String] { ticks.map { said($0) } }

private func said(_ tick: Tick) -> String {
    var text = tick.tickKind.map { "\($0)" } ?? "kind \(tick.kind)"
    if let detail = detailName(tick) { text += "." + detail }
    if tick.orderID != 0 { text += " #\(tick.orderID)" }
    if tick.price != Price.none { text += " @\(tick.price)" }
    if tick.quantity != Quantity.none { text += " x\(tick.quantity)" }
    if tick.tickSide != .none { text += " \(tick.tickSide)" }
    if tick.extra != 0 { text += " +\(tick.extra)" }
    let names: [(TickFlags, String)] = [
        (.replaced, "replaced"), (.implied, "implied"), (.offBook, "offBook"),
        (.nonPrintable, "nonPrintable"), (.auction, "auction"),
    ]
    for (flag, name) in names where tick.has(flag) { text += " \(name)" }
    return text + (tick.has(.lastOfEvent) ? " |" : "")
}

private func detailName(_ tick: Tick) -> String? {
    switch tick.tickKind {
    case .status: StatusDetail(rawValue: tick.detail).map { "\($0)" }
    case .limits: LimitsDetail(rawValue: tick.detail).map { "\($0)" }
    case .imbalance: ImbalanceDetail(rawValue: tick.detail).map { "\($0)" }
    case .statistic: StatisticDetail(rawValue: tick.detail).map { "\($0)" }
    default: tick.detail == 0 ? nil : "\(tick.detail)"
    }
}

/// The bytes that one call of a generated encoder writes.
func wireBytes(_ body: (inout [UInt8]) -> Void) -> [UInt8] {
    var bytes: [UInt8] = []
    body(&bytes)
    return bytes
}
