import Ticks
import Wire

/// B3 Binary UMDF to ticks (others.md §7; `MAPPING.md`).
final class B3Decoder: FeedDecoding {
    /// A snapshot message with as many orders as a byte counts.
    static let ticksPerMessageMax = 256
    /// Framing header and SBE header.
    private static let prefixSize = 12
    private static let blockLengthOffset = 4
    /// Orders without a price that are remembered.
    private static let pricelessMax = 65536
    /// Bit of a match event indicator.
    private static let implied: UInt8 = 1 << 4

    let feed: PacketFeed
    /// Live orders that have no price and are in no book.
    private let priceless: OrderSet

    init(_ setup: DecoderSetup) {
        feed = PacketFeed(setup, .b3, ticksPerMessageMax: Self.ticksPerMessageMax)
        priceless = OrderSet(
            capacity: Self.pricelessMax, scopeCount: (setup.directory.capacity + 1) * 2)
    }

    func beginEpoch() { priceless.removeAll() }

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

    @inline(__always)
    private func decodeMessage(
        _ key: Int, _ base: UnsafeRawPointer, _ block: Int, _ length: Int,
        _ emitter: inout TickEmitter
    ) {
        switch key {
        case B3Message.order: order(B3Order(base, blockLength: block), &emitter)
        case B3Message.deleteOrder: delete(B3DeleteOrder(base, blockLength: block), &emitter)
        case B3Message.trade: trade(B3Trade(base), &emitter)
        case B3Message.massDeleteOrders:
            massDelete(B3MassDeleteOrders(base), &emitter)
        case B3Message.emptyBook: empty(B3EmptyBook(base), &emitter)
        case B3Message.channelReset: reset(B3ChannelReset(base), &emitter)
        case B3Message.snapshotHeader:
            let message = B3SnapshotHeader(base, blockLength: block)
            emitter.instrument = instrument(message.securityID)
            clear(.none, .snapshot, &emitter)
        case B3Message.snapshotOrders:
            guard B3SnapshotOrders.isWhole(base, blockLength: block, length: length) else {
                return feed.table.retract(key)
            }
            snapshot(B3SnapshotOrders(base, blockLength: block), &emitter)
        case B3Message.securityDefinition:
            guard B3SecurityDefinition.isWhole(base, blockLength: block, length: length) else {
                return feed.table.retract(key)
            }
            define(B3SecurityDefinition(base, blockLength: block), &emitter)
        default: decodeValue(key, base, block, &emitter)
        }
    }

    // MARK: Instruments

    /// The instrument with the venue's number; the symbol is the number.
    @inline(__always)
    func instrument(_ securityID: UInt64) -> UInt32 {
        feed.instrument(securityID, text: { String(securityID) }, describe: { _ in })
    }

    /// The entry that stands for a group of instruments.
    func groupInstrument(_ group: UInt64, _ name: @autoclosure () -> String) -> UInt32 {
        feed.instrument(
            group, kind: 1, text: { "group-\(name())" },
            describe: { entry in
                var details = InstrumentDetails()
                details.set(type: .other)
                details.set("group", name())
                entry.details = details.text
            })
    }

    // MARK: Orders

    /// Order ids are unique within an instrument.
    @inline(__always)
    private func reference(_ orderID: UInt64, _ securityID: UInt64) -> UInt64 {
        OrderKey.make(orderID, within: securityID)
    }

    @inline(__always)
    private func side(_ entryType: UInt8) -> Side {
        switch entryType {
        case UInt8(ascii: "0"): .bid
        case UInt8(ascii: "1"): .ask
        default: .none
        }
    }

    @inline(__always)
    private func flags(_ indicator: UInt8) -> TickFlags {
        indicator & Self.implied != 0 ? [.implied, .lastOfEvent] : .lastOfEvent
    }

    @inline(__always)
    private func order(_ message: B3Order, _ emitter: inout TickEmitter) {
        emitter.instrument = instrument(message.securityID)
        let time = message.transactTime
        emitter.exchangeTime = time != 0 ? time : message.insertTimestamp
        let reference = reference(message.secondaryOrderID, message.securityID)
        let flags = flags(message.matchEventIndicator)
        let side = side(message.entryType)
        let isNew = message.updateAction == B3UpdateAction.new.rawValue
        // Almost always empty: market orders wait in auctions only.
        let wasPriceless = !priceless.isEmpty && priceless.remove(reference)
        if message.priceIsNull {
            // It leaves the book that it was in, if it was in one.
            if !isNew && !wasPriceless {
                emitter.emit(.delete, orderID: reference, side: side, flags: [])
            }
            priceless.insert(reference, scope: scope(emitter.instrument, side))
            return waiting(reference, message.size, side, flags, &emitter)
        }
        if wasPriceless { waiting(reference, 0, side, [], &emitter) }
        let price = feed.price(message.priceBillionths)
        emitter.emit(
            isNew || wasPriceless ? .add : .modify, orderID: reference, price: price,
            quantity: message.size, side: side, flags: flags,
            extra: message.enteringFirm)
    }

    @inline(__always)
    private func delete(_ message: B3DeleteOrder, _ emitter: inout TickEmitter) {
        emitter.instrument = instrument(message.securityID)
        emitter.exchangeTime = message.transactTime
        let reference = reference(message.secondaryOrderID, message.securityID)
        let flags = flags(message.matchEventIndicator)
        if !priceless.isEmpty, priceless.remove(reference) {
            return waiting(reference, 0, side(message.entryType), flags, &emitter)
        }
        emitter.emit(
            .delete, orderID: reference, quantity: message.size, side: side(message.entryType),
            flags: flags)
    }

    /// Orders without a price are forgotten by side.
    private func scope(_ instrument: UInt32, _ side: Side) -> UInt32 {
        instrument * 2 + (side == .ask ? 1 : 0)
    }

    /// An order without a price, which no book holds.
    @inline(never)
    private func waiting(
        _ reference: UInt64, _ quantity: Int64, _ side: Side, _ flags: TickFlags,
        _ emitter: inout TickEmitter
    ) {
        emitter.emit(
            .imbalance, orderID: reference, quantity: quantity, side: side, flags: flags,
            detail: ImbalanceDetail.marketOrder.rawValue)
    }

    /// One side of a book, or both.
    private func clear(
        _ side: Side, _ flags: TickFlags, extra: UInt32 = 0, _ emitter: inout TickEmitter
    ) {
        guard emitter.instrument != 0 else { return }
        for one in [Side.bid, .ask] where side == .none || side == one {
            priceless.removeAll(of: scope(emitter.instrument, one))
        }
        emitter.clearBook(side, flags: flags.union(.lastOfEvent), extra: extra)
    }

    /// Deletes through the end of a side: positions, up to which it might delete, are not on the wire
    /// any more, and no part of a side was ever seen to go.
    @inline(never)
    private func massDelete(_ message: B3MassDeleteOrders, _ emitter: inout TickEmitter) {
        emitter.instrument = instrument(message.securityID)
        emitter.exchangeTime = message.transactTime
        clear(
            side(message.entryType), flags(message.matchEventIndicator),
            extra: UInt32(message.updateAction), &emitter)
    }

    @inline(never)
    private func empty(_ message: B3EmptyBook, _ emitter: inout TickEmitter) {
        emitter.instrument = instrument(message.securityID)
        emitter.exchangeTime = message.entryTimestamp
        clear(.none, flags(message.matchEventIndicator), &emitter)
    }

    @inline(never)
    private func reset(_ message: B3ChannelReset, _ emitter: inout TickEmitter) {
        emitter.instrument = 0
        emitter.exchangeTime = message.entryTimestamp
        priceless.removeAll()
        emitter.emit(.clear)
    }

    private func snapshot(_ message: B3SnapshotOrders, _ emitter: inout TickEmitter) {
        let first = emitter.count
        emitter.instrument = instrument(message.securityID)
        let entries = message.entries
        for index in 0..<entries.count {
            let entry = entries[index]
            emitter.exchangeTime = entry.insertTimestamp
            let reference = reference(entry.secondaryOrderID, message.securityID)
            let isImplied =
                entry.hasMatchEventIndicator
                && entry.matchEventIndicator != UInt8.max
                && entry.matchEventIndicator & Self.implied != 0
            let flags: TickFlags = isImplied ? [.snapshot, .implied] : .snapshot
            if entry.priceIsNull {
                let side = side(entry.entryType)
                priceless.insert(reference, scope: scope(emitter.instrument, side))
                waiting(reference, entry.size, side, flags, &emitter)
                continue
            }
            let price = feed.price(entry.priceBillionths)
            emitter.emit(
                .add, orderID: reference, price: price, quantity: entry.size,
                side: side(entry.entryType), flags: flags,
                extra: entry.enteringFirm)
        }
        emitter.endEvent(since: first)
    }

    @inline(__always)
    private func trade(_ message: B3Trade, _ emitter: inout TickEmitter) {
        emitter.instrument = instrument(message.securityID)
        emitter.exchangeTime = message.transactTime
        // Bit 14: a block trade.
        let isBlock = message.tradeCondition & 1 << 14 != 0
        var flags = flags(message.matchEventIndicator)
        if isBlock { flags.insert(.offBook) }
        emitter.emit(
            .trade, orderID: UInt64(message.tradeID), price: feed.price(message.priceBillionths),
            quantity: message.size, flags: flags,
            extra: UInt32(message.tradeCondition) | UInt32(message.trdSubType) << 16)
    }
}
