import Ticks
import Wire

/// Aggregated depth and best quotes.
extension PillarDecoder {
    func depthUpdate(
        _ type: Int, _ message: UnsafeRawPointer, _ length: Int, _ emitter: inout TickEmitter
    ) {
        guard isWhole(type, PillarDepthUpdate.isWhole(message, length: length)) else { return }
        let update = PillarDepthUpdate(message)
        let symbol = symbol(update.symbolIndex)
        let first = emitter.count
        guard
            begin(
                symbol, seconds: update.sourceTime, nanoseconds: update.sourceTimeNanoseconds,
                &emitter)
        else { return }
        let updates = update.updates
        guard updates.count > 0 else { return }
        var entry = updates.first
        for index in 0..<updates.count {
            if index > 0 { entry = updates.next(after: entry) }
            level(entry, symbol, &emitter)
        }
        emitter.endEvent(since: first)
    }

    /// One price of one side: the sum of the markets that the update lists.
    @inline(__always)
    private func level(
        _ entry: PillarDepthUpdateUpdatesEntry, _ symbol: PillarSymbol,
        _ emitter: inout TickEmitter
    ) {
        var quantity: Int64 = 0
        var orders: UInt32 = 0
        let participants = entry.participants
        for index in 0..<participants.count {
            let participant = participants[index]
            quantity &+= Int64(participant.volume)
            orders &+= UInt32(participant.orders)
        }
        emitter.emit(
            .level, price: price(entry.price, symbol), quantity: quantity,
            side: side(entry.side), flags: [], extra: orders)
    }

    @inline(__always)
    func quote(_ message: PillarQuote, _ emitter: inout TickEmitter) {
        let symbol = symbol(message.symbolIndex)
        guard begin(symbol, nanoseconds: message.sourceTimeNanoseconds, &emitter),
            hasPrices(symbol)
        else { return }
        let extra = UInt32(message.quoteCondition) | UInt32(message.retailInterest) << 8
        emitter.emit(
            .quote, price: price(message.bidPrice, symbol), quantity: Int64(message.bidVolume),
            side: .bid, flags: [], extra: extra)
        emitter.emit(
            .quote, price: price(message.askPrice, symbol), quantity: Int64(message.askVolume),
            side: .ask, extra: extra)
    }

    @inline(__always)
    func quote(_ message: PillarSeriesQuote, _ emitter: inout TickEmitter) {
        let symbol = seriesSymbol(message.seriesIndex)
        guard begin(symbol, nanoseconds: message.sourceTimeNanoseconds, &emitter),
            hasPrices(symbol)
        else { return }
        let extra = UInt32(message.quoteCondition)
        emitter.emit(
            .quote, orderID: UInt64(message.bidCustomerVolume),
            price: price(message.bidPrice, symbol), quantity: Int64(message.bidVolume),
            side: .bid, flags: [], extra: extra)
        emitter.emit(
            .quote, orderID: UInt64(message.askCustomerVolume),
            price: price(message.askPrice, symbol), quantity: Int64(message.askVolume),
            side: .ask, extra: extra)
    }

    /// A quote without a price would say that a side is empty, which is not known: it is counted
    /// and left out.
    @inline(__always)
    private func hasPrices(_ symbol: PillarSymbol) -> Bool {
        if symbol.priceScale != 0 { return true }
        counters.unrepresentable &+= 2
        return false
    }
}
