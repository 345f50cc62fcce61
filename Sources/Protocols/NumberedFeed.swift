import Ticks
import Wire

/// What decoders of venues that number their instruments have in common: the way through a packet's
/// blocks, the message table, and the directory by the venue's numbers.
final class NumberedFeed {
    let table: MessageTable
    /// Values that did not fit a tick.
    @exclusivity(unchecked) var unrepresentable: UInt64 = 0
    @exclusivity(unchecked) private var directoryFull: UInt64 = 0
    let directory: InstrumentDirectory
    /// UTC ns of the trading day's midnight in the feed's time zone.
    let midnight: UInt64
    private let venue: UInt32
    private let channel: UInt16
    private let ticksPerMessageMax: Int
    /// Instrument ids by the venue's numbers.
    private let instruments: CodeTable
    /// The symbol of a number, where people call the instrument by it.
    private let symbol: ((UInt64) -> String)?

    init(
        _ setup: DecoderSetup, _ description: ProtocolDescription, ticksPerMessageMax: Int,
        symbol: ((UInt64) -> String)? = nil
    ) {
        self.symbol = symbol
        table = MessageTable(description, feed: setup.feed)
        directory = setup.directory
        midnight = setup.midnight
        venue = setup.directory.venueIndex(setup.venue)
        channel = setup.channel
        self.ticksPerMessageMax = ticksPerMessageMax
        instruments = CodeTable(capacity: setup.directory.capacity)
        for entry in directory.entries
        where entry.venue == setup.venue && entry.channel == channel && entry.code != 0 {
            instruments.insert(entry.code, id: entry.id)
        }
    }

    deinit { table.free() }

    /// `FeedDecoding.decode` of blocks with this framing: calls `body` with each message that the blocks hold, its length and
    /// the emitter, which has the message's sequence and no instrument and time.
    @inline(__always)
    func decode(
        _ blocks: UnsafeRawBufferPointer, _ framing: BlockFraming, cursor: inout BlockCursor,
        context: DeliveryContext, into ticks: UnsafeMutablePointer<Tick>, capacity: Int,
        body: (UnsafeRawPointer, Int, inout TickEmitter) -> Void
    ) -> Int {
        guard let base = blocks.baseAddress else { return 0 }
        var emitter = TickEmitter(ticks: ticks, context: context)
        let last = capacity - ticksPerMessageMax
        // Not in the caller's memory: the loop would store them for every message.
        var offset = cursor.offset
        var sequence = cursor.sequence
        let end = sequence &+ UInt64(truncatingIfNeeded: cursor.remaining)
        while sequence != end, emitter.count <= last,
            let block = framing.block(in: blocks, at: offset)
        {
            emitter.sequence = sequence
            emitter.instrument = 0
            emitter.exchangeTime = 0
            offset = block.end
            sequence &+= 1
            body(base + block.message, block.end &- block.message, &emitter)
        }
        cursor = BlockCursor(
            offset: offset, remaining: Int(truncatingIfNeeded: end &- sequence), sequence: sequence)
        return emitter.count
    }

    /// The instrument with the venue's number; an unknown one is entered, without a symbol unless
    /// the number tells it.
    @inline(__always)
    func instrument(_ code: UInt64) -> UInt32 {
        let known = instruments.find(code)
        return known != 0 ? known : enter(code)
    }

    @inline(never)
    private func enter(_ code: UInt64) -> UInt32 {
        if let symbol { return define(code, symbol: symbol(code)) }
        return note(code, directory.addUnnamed(venue: venue, code: code, channel: channel))
    }

    /// The instrument with this symbol; from now on `code` stands for it.
    func define(_ code: UInt64, symbol: String) -> UInt32 {
        let present = instruments.find(code)
        let known = directory.find(text: symbol, venue: venue)
        if present != 0, present == known { return present }
        if present != 0, known == 0, directory.entries[Int(present) - 1].symbol.isEmpty,
            directory.name(present, text: symbol, venue: venue)
        {
            return present
        }
        return note(
            code,
            directory.findOrAdd(text: symbol, venue: venue, code: code, channel: channel))
    }

    /// An instrument that the venue names by its symbol alone.
    func instrument(symbol: String) -> UInt32 {
        let id = directory.findOrAdd(text: symbol, venue: venue, code: 0, channel: channel)
        if id == 0 { directoryFull += 1 }
        return id
    }

    private func note(_ code: UInt64, _ id: UInt32) -> UInt32 {
        if id == 0 {
            directoryFull += 1
        } else {
            instruments.insert(code, id: id)
        }
        return id
    }

    /// Writes what a definition says into the directory; nothing for instrument 0.
    func describe(
        _ id: UInt32, code: UInt64, tickSize: Int64 = 0, lotSize: Int64 = 0, currency: String,
        details: InstrumentDetails
    ) {
        guard id != 0 else { return }
        directory.update(id) { entry in
            entry.code = code
            entry.tickSize = tickSize
            entry.lotSize = lotSize
            entry.currency = currency
            entry.details = details.text
        }
    }

    /// Forgets the venue's numbers, for venues that give them anew in every session.
    func forgetNumbers() { instruments.removeAll() }

    /// None, and counted, where a price does not fit a tick.
    @inline(__always)
    func price(_ billionths: Int64?) -> Int64 {
        if let billionths { return billionths }
        unrepresentable &+= 1
        return Price.none
    }

    /// None, and counted, where a quantity does not fit a tick.
    @inline(__always)
    func quantity(_ raw: UInt64) -> Int64 {
        if let quantity = Int64(exactly: raw) { return quantity }
        unrepresentable &+= 1
        return Quantity.none
    }

    func snapshotCounters() -> DecoderCounters {
        var counters = DecoderCounters()
        table.fill(&counters)
        counters.unrepresentable = unrepresentable
        counters.directoryFull = directoryFull
        return counters
    }
}

extension Side {
    /// Of the letters B and S; none for others.
    @inline(__always)
    init(letter: UInt8) {
        self = letter == UInt8(ascii: "B") ? .bid : letter == UInt8(ascii: "S") ? .ask : .none
    }
}
