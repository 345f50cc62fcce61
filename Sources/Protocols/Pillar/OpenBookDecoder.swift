import Ticks
import Wire

/// NYSE OpenBook Ultra packets to ticks (nyse-xdp.md §8; `MAPPING-OpenBook.md`).
///
/// A block is a whole packet with its header; decoding may stop between two entries of it.
public final class OpenBookDecoder: FeedDecoding {
    private let table: MessageTable
    @exclusivity(unchecked) private var counters = DecoderCounters()
    @exclusivity(unchecked) private var symbols = PillarSymbols()
    private let directory: InstrumentDirectory
    private let venue: UInt32
    private let channel: UInt16
    /// UTC ns of the trading day's midnight in New York.
    private let midnight: UInt64

    /// More price points than a packet of 1,500 bytes has room for.
    static let pointMax = 128
    /// A full update's points behind a definition, a status and a clear.
    static let ticksPerMessageMax = pointMax + 3

    public init(_ setup: DecoderSetup) {
        table = MessageTable(.openBook, feed: setup.feed)
        directory = setup.directory
        venue = setup.directory.venueIndex(setup.venue)
        channel = setup.channel
        midnight = setup.midnight
        for entry in directory.entries where entry.venue == setup.venue && entry.channel == channel
        {
            guard let index = UInt32(exactly: entry.code) else { continue }
            var symbol = PillarSymbol(index: index, instrument: entry.id)
            symbol.isUnnamed = entry.symbol.isEmpty
            symbols.insert(symbol)
        }
    }

    deinit {
        table.free()
        symbols.free()
    }

    /// Symbol indexes hold over the day: nothing is forgotten.
    public func beginEpoch() {}

    public func snapshotCounters() -> DecoderCounters {
        var result = counters
        table.fill(&result)
        result.unexpectedLength &+= counters.unexpectedLength
        return result
    }

    public func decode(
        _ blocks: UnsafeRawBufferPointer, cursor: inout BlockCursor, context: DeliveryContext,
        into ticks: UnsafeMutablePointer<Tick>, capacity: Int
    ) -> Int {
        guard let base = blocks.baseAddress, cursor.remaining > 0 else { return 0 }
        var emitter = TickEmitter(ticks: ticks, context: context)
        emitter.sequence = cursor.sequence
        let last = capacity - Self.ticksPerMessageMax
        var at = cursor.inner
        var type = 0
        if blocks.count >= OpenBookPacket.headerSize { type = Int(base.big16(2)) }
        if at == 0 {
            at = OpenBookPacket.headerSize
            if !table.accept(type, length: blocks.count) { at = blocks.count }
        }
        if type == OpenBookMessage.fullUpdate || type == OpenBookMessage.deltaUpdate {
            while at < blocks.count {
                guard emitter.count <= last else {
                    cursor.inner = at
                    return emitter.count
                }
                at = decodeEntry(type, blocks, at: at, &emitter)
            }
        }
        cursor = BlockCursor(
            offset: cursor.offset &+ blocks.count, remaining: cursor.remaining &- 1,
            sequence: cursor.sequence == 0 ? 0 : cursor.sequence &+ 1)
        return emitter.count
    }

    /// Decodes one entry and returns where it ends. An entry that does not lie whole in the packet,
    /// or whose size its points do not explain, is counted and ends the packet.
    private func decodeEntry(
        _ type: Int, _ packet: UnsafeRawBufferPointer, at: Int, _ emitter: inout TickEmitter
    ) -> Int {
        let entry = packet.baseAddress.unsafelyUnwrapped + at
        let rest = packet.count - at
        let isFull = type == OpenBookMessage.fullUpdate
        let head = isFull ? 34 : 20
        let stride = isFull ? 12 : 28
        let size = rest >= head ? Int(entry.big16(0)) : 0
        let points = (size - head) / stride
        guard size >= head, size <= rest, head + points * stride == size, points <= Self.pointMax
        else {
            counters.unexpectedLength &+= 1
            return packet.count
        }
        if isFull {
            fullUpdate(OpenBookFullUpdateEntry(entry), points, &emitter)
        } else {
            deltaUpdate(OpenBookDeltaUpdateEntry(entry), points, &emitter)
        }
        return at + size
    }

    private func fullUpdate(
        _ entry: OpenBookFullUpdateEntry, _ points: Int, _ emitter: inout TickEmitter
    ) {
        let known = symbols.find(entry.symbolIndex)
        let isNew = known.instrument == 0 || known.isUnnamed
        guard let symbol = isNew ? define(entry, known) : known else { return }
        begin(symbol, entry.sourceTime, entry.microseconds, &emitter)
        if isNew { emitter.emit(.definition, flags: []) }
        status(entry.tradingStatus, symbol, &emitter)
        let first = emitter.count
        emitter.clearBook(flags: .snapshot)
        let scale = PillarSymbol.priceScale(code: entry.priceScaleCode)
        for index in 0..<points {
            let point = OpenBookFullUpdatePoint(entry.base + (34 + index * 12))
            level(
                point.price, scale, point.volume, point.side, point.orders, .snapshot, &emitter)
        }
        emitter.endEvent(since: first)
    }

    private func deltaUpdate(
        _ entry: OpenBookDeltaUpdateEntry, _ points: Int, _ emitter: inout TickEmitter
    ) {
        guard let symbol = symbol(entry.symbolIndex) else { return }
        let first = emitter.count
        begin(symbol, entry.sourceTime, entry.microseconds, &emitter)
        status(entry.tradingStatus, symbol, &emitter)
        let scale = PillarSymbol.priceScale(code: entry.priceScaleCode)
        for index in 0..<points {
            let point = OpenBookDeltaUpdatePoint(entry.base + (20 + index * 28))
            level(point.price, scale, point.volume, point.side, point.orders, [], &emitter)
        }
        emitter.endEvent(since: first)
    }

    /// Milliseconds and microseconds since midnight in New York.
    private func begin(
        _ symbol: PillarSymbol, _ milliseconds: UInt32, _ microseconds: UInt16,
        _ emitter: inout TickEmitter
    ) {
        emitter.instrument = symbol.instrument
        emitter.exchangeTime =
            midnight &+ UInt64(milliseconds) &* 1_000_000 &+ UInt64(microseconds) &* 1000
    }

    private func level(
        _ raw: Int32, _ scale: UInt32, _ volume: UInt32, _ side: UInt8, _ orders: UInt16,
        _ flags: TickFlags, _ emitter: inout TickEmitter
    ) {
        var price = Int64(raw) &* Int64(scale)
        if scale == 0 {
            counters.unrepresentable &+= 1
            price = Price.none
        }
        let tickSide: Side =
            switch OpenBookSide(rawValue: side) {
            case .bid: .bid
            case .ask: .ask
            case nil: .none
            }
        emitter.emit(
            .level, price: price, quantity: Int64(volume), side: tickSide, flags: flags,
            extra: UInt32(orders))
    }

    /// Every entry repeats the status: only another one than before is told.
    private func status(
        _ letter: UInt8, _ symbol: PillarSymbol, _ emitter: inout TickEmitter
    ) {
        guard symbol.status != letter else { return }
        var changed = symbol
        changed.status = letter
        symbols.insert(changed)
        emitter.status(.marketState, UInt32(letter), flags: [])
    }

    /// The symbol of an index, which may have an entry by its index alone; nil, and counted, if it
    /// finds no place.
    private func symbol(_ index: UInt32) -> PillarSymbol? {
        let known = symbols.find(index)
        if known.instrument != 0 { return known }
        let id = directory.addUnnamed(venue: venue, code: UInt64(index), channel: channel)
        guard id != 0 else {
            counters.directoryFull &+= 1
            return nil
        }
        var symbol = PillarSymbol(index: index, instrument: id)
        symbol.isUnnamed = true
        symbols.insert(symbol)
        return symbol
    }

    /// Names the symbol of a full update; nil, and counted, if it finds no place.
    private func define(_ entry: OpenBookFullUpdateEntry, _ known: PillarSymbol) -> PillarSymbol? {
        let index = entry.symbolIndex
        let text = entry.symbolText
        var id = known.instrument
        if id == 0 || !directory.name(id, text: text, venue: venue) {
            id = directory.findOrAdd(
                text: text, venue: venue, code: UInt64(index), channel: channel)
        }
        guard id != 0 else {
            counters.directoryFull &+= 1
            return nil
        }
        let channel = channel
        directory.update(id) {
            $0.code = UInt64(index)
            $0.channel = channel
            $0.currency = "USD"
            $0.details = "type=equity"
        }
        var symbol = PillarSymbol(index: index, instrument: id)
        symbol.status = known.status
        symbols.insert(symbol)
        return symbol
    }
}
