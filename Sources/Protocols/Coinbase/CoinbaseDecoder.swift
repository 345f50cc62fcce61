import Ticks
import Wire

/// Coinbase Derivatives incremental messages to ticks (others.md §14; `MAPPING-Coinbase.md`).
final class CoinbaseDecoder: FeedDecoding {
    /// The end of another instrument's event and a clear in front, a status with two limits, an end.
    static let ticksPerMessageMax = 6
    /// Frame length and SBE header.
    private static let prefixSize = 10
    /// Every body begins with it.
    private static let instrumentHeaderSize = 22
    /// Live orders that are remembered.
    private static let ordersMax = 1 << 20
    /// Bits of the transaction flags.
    private static let end: UInt8 = 2
    private static let clearBook: UInt8 = 4

    let instruments: CoinbaseInstruments
    private let table: MessageTable
    @exclusivity(unchecked) var unrepresentable: UInt64 = 0
    /// What the books hold: a put does not say whether its order is new.
    private let live: OrderSet
    /// The instrument whose last order event did not end its transaction; 0 if there is none.
    @exclusivity(unchecked) private var openInstrument: UInt32 = 0

    init(_ setup: DecoderSetup) {
        instruments = CoinbaseInstruments(setup)
        table = MessageTable(.coinbase, feed: setup.feed)
        live = OrderSet(capacity: Self.ordersMax, scopeCount: setup.directory.capacity + 1)
    }

    deinit { table.free() }

    func beginEpoch() {
        live.removeAll()
        openInstrument = 0
    }

    func snapshotCounters() -> DecoderCounters {
        var counters = DecoderCounters()
        table.fill(&counters)
        counters.unrepresentable = unrepresentable
        counters.directoryFull = instruments.directoryFull
        return counters
    }

    func decode(
        _ blocks: UnsafeRawBufferPointer, cursor: inout BlockCursor, context: DeliveryContext,
        into ticks: UnsafeMutablePointer<Tick>, capacity: Int
    ) -> Int {
        guard let base = blocks.baseAddress else { return 0 }
        var emitter = TickEmitter(ticks: ticks, context: context)
        let last = capacity - Self.ticksPerMessageMax
        while cursor.remaining > 0, emitter.count <= last {
            let length = CoinbasePacket.framing.length(in: blocks, at: cursor.offset)
            let message = base + cursor.offset
            cursor.offset += length
            cursor.remaining -= 1
            emitter.sequence = cursor.sequence
            cursor.sequence &+= 1
            let isCut = length < Self.prefixSize
            let block = isCut ? 0 : message.wireCount(2)
            let key = isCut ? -1 : message.wireCount(4)
            let isWhole = block <= length - Self.prefixSize
            guard table.accept(key, length: isWhole ? block : -1) else { continue }
            decodeMessage(key, message + Self.prefixSize, block, &emitter)
        }
        return emitter.count
    }

    /// Reads the instrument header, which all documented bodies begin with.
    @inline(__always)
    private func decodeMessage(
        _ key: Int, _ base: UnsafeRawPointer, _ block: Int, _ emitter: inout TickEmitter
    ) {
        guard key < CoinbaseMessage.retransmitRequest, block >= Self.instrumentHeaderSize else {
            return
        }
        let header = CoinbaseOrderDelete(base)
        emitter.instrument = instruments.find(header.instrumentID)
        emitter.exchangeTime = UInt64(bitPattern: header.transactTime)
        let flags = header.transactionFlags
        let ends = flags & Self.end != 0
        if openInstrument != 0, openInstrument != emitter.instrument { endOther(&emitter) }
        if flags & Self.clearBook != 0 {
            let isOrder = key == CoinbaseMessage.orderPut || key == CoinbaseMessage.orderDelete
            clear(ends: ends && !isOrder, &emitter)
        }
        switch key {
        case CoinbaseMessage.orderPut:
            put(CoinbaseOrderPut(base), ends ? .lastOfEvent : [], &emitter)
            openInstrument = ends ? 0 : emitter.instrument
        case CoinbaseMessage.orderDelete:
            let orderID = UInt64(bitPattern: header.orderID)
            live.remove(orderID)
            emitter.emit(
                .delete, orderID: orderID, side: Self.side(header.side),
                flags: ends ? .lastOfEvent : [])
            openInstrument = ends ? 0 : emitter.instrument
        default:
            decodeRare(key, base, block, &emitter)
            if ends, openInstrument != 0 { endOther(&emitter) }
        }
    }

    /// 1 buy, -1 sell.
    @inline(__always)
    static func side(_ number: Int8) -> Side { number == 1 ? .bid : number == -1 ? .ask : .none }

    @inline(__always)
    func price(_ billionths: Int64?, isNull: Bool = false) -> Int64 {
        if isNull { return Price.none }
        if let billionths { return billionths }
        unrepresentable &+= 1
        return Price.none
    }

    @inline(__always)
    private func put(
        _ message: CoinbaseOrderPut, _ flags: TickFlags, _ emitter: inout TickEmitter
    ) {
        let orderID = UInt64(bitPattern: message.orderID)
        let price = price(message.priceBillionths, isNull: message.priceIsNull)
        let isNew = live.insert(orderID, scope: emitter.instrument)
        emitter.emit(
            isNew ? .add : .modify, orderID: orderID, price: price,
            quantity: Int64(message.quantity), side: Self.side(message.side), flags: flags)
    }

    /// The book is empty before the message counts.
    @inline(never)
    private func clear(ends: Bool, _ emitter: inout TickEmitter) {
        guard emitter.instrument != 0 else { return }
        live.removeAll(of: emitter.instrument)
        emitter.clearBook(flags: ends ? .lastOfEvent : [])
        openInstrument = ends ? 0 : emitter.instrument
    }

    /// Lets the open instrument's book be shown: its transaction is over, and the last message was no
    /// order event or another instrument's.
    @inline(never)
    private func endOther(_ emitter: inout TickEmitter) {
        let current = emitter.instrument
        emitter.instrument = openInstrument
        emitter.status(.eventEnd, 0)
        emitter.instrument = current
        openInstrument = 0
    }
}
