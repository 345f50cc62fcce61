import Ticks
import Wire

/// Orders, their executions, and trades without one.
extension PillarDecoder {
    @inline(__always)
    func addOrder(_ message: PillarAddOrder, _ emitter: inout TickEmitter) {
        let symbol = symbol(message.symbolIndex)
        guard begin(symbol, nanoseconds: message.sourceTimeNanoseconds, &emitter) else { return }
        emitter.emit(
            .add, orderID: message.orderID, price: price(message.price, symbol),
            quantity: Int64(message.volume), side: side(message.side),
            extra: firm(message.firmIDBytes))
    }

    func addOrderRefresh(_ message: PillarAddOrderRefresh, _ emitter: inout TickEmitter) {
        let symbol = symbol(message.symbolIndex)
        guard
            begin(
                symbol, seconds: message.sourceTime, nanoseconds: message.sourceTimeNanoseconds,
                &emitter)
        else { return }
        emitter.emit(
            .add, orderID: message.orderID, price: price(message.price, symbol),
            quantity: Int64(message.volume), side: side(message.side),
            flags: [.snapshot, .lastOfEvent], extra: firm(message.firmIDBytes))
    }

    /// Its first four letters, 0 if it is blank.
    @inline(__always)
    private func firm(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        let letters = bytes.baseAddress.unsafelyUnwrapped.letters4(0)
        return letters == 0x2020_2020 ? 0 : letters
    }

    /// The side stays that of the order: the books complete it.
    @inline(__always)
    func modifyOrder(_ message: PillarModifyOrder, _ emitter: inout TickEmitter) {
        let symbol = symbol(message.symbolIndex)
        guard begin(symbol, nanoseconds: message.sourceTimeNanoseconds, &emitter) else { return }
        emitter.emit(
            .modify, orderID: message.orderID, price: price(message.price, symbol),
            quantity: Int64(message.volume))
    }

    @inline(__always)
    func deleteOrder(_ message: PillarDeleteOrder, _ emitter: inout TickEmitter) {
        let symbol = symbol(message.symbolIndex)
        guard begin(symbol, nanoseconds: message.sourceTimeNanoseconds, &emitter) else { return }
        emitter.emit(.delete, orderID: message.orderID)
    }

    /// Side and place in the book go with the order: the side byte has been seen as 0 on the wire.
    @inline(__always)
    func replaceOrder(_ message: PillarReplaceOrder, _ emitter: inout TickEmitter) {
        let symbol = symbol(message.symbolIndex)
        guard begin(symbol, nanoseconds: message.sourceTimeNanoseconds, &emitter) else { return }
        emitter.emit(.delete, orderID: message.orderID, flags: .replaced)
        emitter.emit(
            .add, orderID: message.newOrderID, price: price(message.price, symbol),
            quantity: Int64(message.volume), flags: [.replaced, .lastOfEvent])
    }

    /// The aggressor's side comes from the resting order: the books complete it.
    @inline(__always)
    func orderExecution(_ message: PillarOrderExecution, _ emitter: inout TickEmitter) {
        let symbol = symbol(message.symbolIndex)
        guard begin(symbol, nanoseconds: message.sourceTimeNanoseconds, &emitter) else { return }
        let quantity = Int64(message.volume)
        if message.printable == 0 {
            emitter.emit(
                .fill, orderID: message.orderID, quantity: quantity,
                flags: [.nonPrintable, .lastOfEvent])
            return
        }
        let conditions = hasTradeConditions ? message.base.letters4(38) : 0
        emitter.emit(
            .trade, orderID: UInt64(message.tradeID), price: price(message.price, symbol),
            quantity: quantity, flags: auction(conditions), extra: conditions)
        emitter.emit(.fill, orderID: message.orderID, quantity: quantity)
    }

    /// The second condition tells the prints of an auction: opening, reopening, closing.
    @inline(__always)
    private func auction(_ conditions: UInt32) -> TickFlags {
        switch UInt8(truncatingIfNeeded: conditions >> 8) {
        case UInt8(ascii: "O"), UInt8(ascii: "5"), UInt8(ascii: "6"): .auction
        default: []
        }
    }

    /// What is not printable is part of a cross, whose own message carries the volume; and there is
    /// no resting order that a fill could name.
    func nonDisplayedTrade(_ message: PillarNonDisplayedTrade, _ emitter: inout TickEmitter) {
        let symbol = symbol(message.symbolIndex)
        guard begin(symbol, nanoseconds: message.sourceTimeNanoseconds, &emitter),
            message.printable != 0
        else { return }
        let conditions = message.base.letters4(29)
        emitter.emit(
            .trade, orderID: UInt64(message.tradeID), price: price(message.price, symbol),
            quantity: Int64(message.volume),
            flags: auction(conditions).union([.offBook, .lastOfEvent]), extra: conditions)
    }

    func crossTrade(_ message: PillarCrossTrade, _ emitter: inout TickEmitter) {
        let symbol = symbol(message.symbolIndex)
        guard begin(symbol, nanoseconds: message.sourceTimeNanoseconds, &emitter) else { return }
        emitter.emit(
            .trade, orderID: UInt64(message.crossID), price: price(message.price, symbol),
            quantity: Int64(message.volume), flags: [.auction, .lastOfEvent],
            extra: UInt32(message.crossType))
    }

    func tradeCancel(_ message: PillarTradeCancel, _ emitter: inout TickEmitter) {
        let symbol = symbol(message.symbolIndex)
        guard begin(symbol, nanoseconds: message.sourceTimeNanoseconds, &emitter) else { return }
        emitter.emit(.tradeBreak, orderID: UInt64(message.tradeID))
    }

    func crossCorrection(_ message: PillarCrossCorrection, _ emitter: inout TickEmitter) {
        let symbol = symbol(message.symbolIndex)
        guard begin(symbol, nanoseconds: message.sourceTimeNanoseconds, &emitter) else { return }
        emitter.emit(
            .tradeCorrect, orderID: UInt64(message.crossID), quantity: Int64(message.volume),
            flags: [.auction, .lastOfEvent])
    }

    // MARK: Trades of the trades feed, and of options series, which have the same fields

    func trade(
        _ message: PillarTrade, _ symbol: PillarSymbol, _ emitter: inout TickEmitter
    ) {
        guard
            begin(
                symbol, seconds: message.sourceTime, nanoseconds: message.sourceTimeNanoseconds,
                &emitter)
        else { return }
        let conditions = message.base.letters4(32)
        emitter.emit(
            .trade, orderID: UInt64(message.tradeID), price: price(message.price, symbol),
            quantity: Int64(message.volume), flags: auction(conditions).union(.lastOfEvent),
            extra: conditions)
    }

    func tradeVoid(
        _ message: PillarTradeVoid, _ symbol: PillarSymbol, _ emitter: inout TickEmitter
    ) {
        guard
            begin(
                symbol, seconds: message.sourceTime, nanoseconds: message.sourceTimeNanoseconds,
                &emitter)
        else { return }
        emitter.emit(.tradeBreak, orderID: UInt64(message.originalTradeID))
    }

    func tradeCorrection(
        _ message: PillarTradeCorrection, _ symbol: PillarSymbol, _ emitter: inout TickEmitter
    ) {
        guard
            begin(
                symbol, seconds: message.sourceTime, nanoseconds: message.sourceTimeNanoseconds,
                &emitter)
        else { return }
        emitter.emit(
            .tradeCorrect, orderID: UInt64(message.originalTradeID),
            price: price(message.price, symbol), quantity: Int64(message.volume),
            extra: message.tradeID)
    }
}
