import Ticks
import Wire

/// Euronext Optiq MDG to ticks (others.md §11; `MAPPING.md`).
///
/// Prices and quantities need decimals that only the standing data have, whose layout is not
/// documented: what carries a price is counted and gives no tick.
final class OptiqDecoder: FeedDecoding {
    /// A status message with as many changes as a byte counts, two ticks each.
    static let ticksPerMessageMax = 512
    /// Frame length and SBE header.
    private static let prefixSize = 10
    private static let blockLengthOffset = 2

    private let feed: PacketFeed

    init(_ setup: DecoderSetup) {
        feed = PacketFeed(setup, .optiq, ticksPerMessageMax: Self.ticksPerMessageMax)
    }

    func beginEpoch() {}

    func snapshotCounters() -> DecoderCounters { feed.snapshotCounters() }

    func decode(
        _ blocks: UnsafeRawBufferPointer, cursor: inout BlockCursor, context: DeliveryContext,
        into ticks: UnsafeMutablePointer<Tick>, capacity: Int
    ) -> Int {
        feed.decode(
            blocks, cursor: &cursor, context: context, into: ticks, capacity: capacity
        ) { message, length, emitter in
            let (key, block) = feed.acceptBlock(message, length, at: Self.blockLengthOffset)
            guard key >= 0 else { return }
            emitter.exchangeTime = 0
            decodeMessage(
                key, message + Self.prefixSize, block, length - Self.prefixSize, &emitter)
        }
    }

    private func decodeMessage(
        _ key: Int, _ base: UnsafeRawPointer, _ block: Int, _ length: Int,
        _ emitter: inout TickEmitter
    ) {
        switch key {
        case OptiqMessage.marketUpdate:
            count(
                key,
                OptiqMarketUpdate.isWhole(base, blockLength: block, length: length)
                    ? OptiqMarketUpdate(base, blockLength: block).updates.count : nil)
        case OptiqMessage.orderUpdate:
            count(
                key,
                OptiqOrderUpdate.isWhole(base, blockLength: block, length: length)
                    ? OptiqOrderUpdate(base, blockLength: block).orders.count : nil)
        case OptiqMessage.priceUpdate:
            count(
                key,
                OptiqPriceUpdate.isWhole(base, blockLength: block, length: length)
                    ? OptiqPriceUpdate(base, blockLength: block).prices.count : nil)
        case OptiqMessage.longOrderUpdate:
            count(
                key,
                OptiqLongOrderUpdate.isWhole(base, blockLength: block, length: length)
                    ? OptiqLongOrderUpdate(base, blockLength: block).orders.count : nil)
        case OptiqMessage.marketStatusChange:
            guard OptiqMarketStatusChange.isWhole(base, blockLength: block, length: length) else {
                return feed.table.retract(key)
            }
            changeStates(OptiqMarketStatusChange(base, blockLength: block), &emitter)
        case OptiqMessage.startOfDay, OptiqMessage.endOfDay:
            emitter.instrument = 0
            emitter.status(.systemEvent, UInt32(key))
        default: break
        }
    }

    /// Values that cannot be scaled; nil for a message that is cut.
    private func count(_ key: Int, _ values: Int?) {
        guard let values else { return feed.table.retract(key) }
        feed.countUnrepresentable(values)
    }

    private func changeStates(
        _ message: OptiqMarketStatusChange, _ emitter: inout TickEmitter
    ) {
        let first = emitter.count
        let flags: TickFlags = message.rebroadcast == 1 ? .snapshot : []
        let changes = message.changes
        for index in 0..<changes.count {
            let change = changes[index]
            emitter.instrument = instrument(change.symbolIndex)
            emitter.exchangeTime = change.eventTime
            emitter.status(
                .trading,
                packed(change.bookState, change.instrumentState, change.period, message.emm),
                flags: flags)
            emitter.status(
                .tradingReason, packed(change.reason, change.changeType), flags: flags)
        }
        emitter.endEvent(since: first)
    }

    /// The instrument with the venue's symbol index; the symbol is the number.
    private func instrument(_ index: UInt32) -> UInt32 {
        feed.instrument(UInt64(index), text: { String(index) }, describe: { _ in })
    }
}
