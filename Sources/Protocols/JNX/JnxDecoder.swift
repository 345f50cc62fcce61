import Ticks
import Wire

enum JnxFeeds {
    static let all = [
        FeedDefinition(
            name: "jnx", venue: "SBIJ", timeZone: "Asia/Tokyo", transport: MoldUDP64.transport,
            ticksPerMessageMax: JnxDecoder.ticksPerMessageMax, description: { .jnx }
        ) { JnxDecoder($0) }
    ]
}

/// Japannext ITCH messages to ticks (`MAPPING.md`).
final class JnxDecoder: FeedDecoding {
    static let ticksPerMessageMax = 3

    private let feed: NumberedFeed
    /// ns of the last T, 0 before the first.
    @exclusivity(unchecked) private var second: UInt64 = 0

    init(_ setup: DecoderSetup) {
        feed = NumberedFeed(
            setup, .jnx,
            ticksPerMessageMax: Self.ticksPerMessageMax
        ) { code in
            let group = withUnsafeBytes(of: code) { $0.baseAddress?.wireText(4, bytes: 4) ?? "" }
            return "\(UInt32(truncatingIfNeeded: code))" + (group.isEmpty ? "" : "." + group)
        }
    }

    func beginEpoch() { second = 0 }

    func snapshotCounters() -> DecoderCounters { feed.snapshotCounters() }

    func decode(
        _ blocks: UnsafeRawBufferPointer, cursor: inout BlockCursor, context: DeliveryContext,
        into ticks: UnsafeMutablePointer<Tick>, capacity: Int
    ) -> Int {
        feed.decode(
            blocks, .mold, cursor: &cursor, context: context, into: ticks, capacity: capacity
        ) { message, length, emitter in
            let key = length > 0 ? Int(message.byte(0)) : -1
            guard feed.table.accept(key, length: length) else { return }
            decodeMessage(key, message, &emitter)
        }
    }

    /// The order book's number and, above it, the letters of its group.
    @inline(__always)
    private func instrument(_ base: UnsafeRawPointer, number: Int, group: Int) -> UInt32 {
        feed.instrument(UInt64(base.big32(number)) | UInt64(base.letters4(group)) << 32)
    }

    @inline(__always)
    private func decodeMessage(
        _ key: Int, _ base: UnsafeRawPointer, _ emitter: inout TickEmitter
    ) {
        if key == JnxMessage.seconds {
            second = feed.midnight &+ UInt64(JnxSeconds(base).seconds) &* 1_000_000_000
            return
        }
        emitter.exchangeTime = second == 0 ? 0 : second &+ UInt64(base.big32(1))
        switch key {
        case JnxMessage.orderAdded: add(JnxOrderAdded(base), extra: 0, &emitter)
        case JnxMessage.attributedOrderAdded:
            // The same fields in the same places up to the price.
            let type = JnxAttributedOrderAdded(base).orderType
            add(JnxOrderAdded(base), extra: UInt32(type), &emitter)
        case JnxMessage.orderDeleted:
            emitter.emit(.delete, orderID: JnxOrderDeleted(base).orderID)
        case JnxMessage.orderExecuted:
            let order = JnxOrderExecuted(base)
            let quantity = Int64(order.quantity)
            emitter.emit(.trade, orderID: order.matchID, quantity: quantity, flags: [])
            emitter.emit(.fill, orderID: order.orderID, quantity: quantity)
        case JnxMessage.orderReplaced:
            let order = JnxOrderReplaced(base)
            emitter.emit(.delete, orderID: order.orderID, flags: .replaced)
            emitter.emit(
                .add, orderID: order.newOrderID, price: order.priceBillionths,
                quantity: Int64(order.quantity), flags: [.replaced, .lastOfEvent])
        default: decodeRare(key, base, &emitter)
        }
    }

    /// Everything that is not order flow; out of line to keep the hot loop small.
    @inline(never)
    private func decodeRare(
        _ key: Int, _ base: UnsafeRawPointer, _ emitter: inout TickEmitter
    ) {
        switch key {
        case JnxMessage.systemEvent:
            let message = JnxSystemEvent(base)
            emitter.emit(
                .status, orderID: UInt64(message.groupLetters),
                detail: StatusDetail.systemEvent.rawValue, extra: UInt32(message.event))
        case JnxMessage.tradingStatus:
            emitter.instrument = instrument(base, number: 5, group: 9)
            emitter.status(.trading, UInt32(JnxTradingStatus(base).state))
        case JnxMessage.shortSelling:
            emitter.instrument = instrument(base, number: 5, group: 9)
            emitter.status(.shortSaleRestriction, UInt32(JnxShortSelling(base).state))
        case JnxMessage.directory: define(JnxDirectory(base), &emitter)
        default: break
        }
    }

    @inline(__always)
    private func add(_ order: JnxOrderAdded, extra: UInt32, _ emitter: inout TickEmitter) {
        emitter.instrument = instrument(order.base, number: 18, group: 22)
        let price = order.priceIsNull ? Price.none : order.priceBillionths
        if order.orderID == 0 {
            emitter.emit(.limits, price: price, detail: LimitsDetail.reference.rawValue)
        } else {
            emitter.emit(
                .add, orderID: order.orderID, price: price, quantity: Int64(order.quantity),
                side: Side(letter: order.side), extra: extra)
        }
    }

    private func define(_ message: JnxDirectory, _ emitter: inout TickEmitter) {
        let code = UInt64(message.orderBookID) | UInt64(message.groupLetters) << 32
        emitter.instrument = feed.instrument(code)
        var details = InstrumentDetails()
        details.set(type: .equity)
        details.set(isin: message.isinText)
        details.set("tick_table", String(message.tickTableID))
        feed.describe(
            emitter.instrument, code: code, lotSize: Int64(message.lotSize), currency: "JPY",
            details: details)
        emitter.emit(.definition, flags: [])
        let (upper, lower) = (message.upperLimitBillionths, message.lowerLimitBillionths)
        emitter.emit(.limits, price: upper, flags: [], detail: LimitsDetail.upper.rawValue)
        emitter.emit(.limits, price: lower, detail: LimitsDetail.lower.rawValue)
    }
}
