import Ticks

/// Orders and executions, for all releases.
extension EobiDecoder {
    /// What messages about one order have in common. Prices are raw, least value = none.
    struct Order {
        var securityID: Int64
        var priority: UInt64
        /// 1 buy, 2 sell.
        var side: UInt8
        var price: Int64
        var quantity: Int64

        /// The order's key (SecurityID, Side, TrdRegTSTimePriority) as one number.
        @inline(__always)
        func reference(_ priority: UInt64) -> UInt64 {
            OrderKey.make(
                priority,
                within: UInt64(bitPattern: securityID) &<< 1 | (side == 2 ? 1 : 0))
        }

        @inline(__always)
        var reference: UInt64 { reference(priority) }
        @inline(__always)
        var isPriced: Bool { price != Int64.min }
    }

    /// Prices are 1e-8.
    @inline(__always)
    func price(_ raw: Int64) -> Int64 {
        feed.price(wireBillionths(raw, scale: 10), isNull: raw == Int64.min)
    }

    @inline(__always)
    func add(_ order: Order, _ emitter: inout TickEmitter, _ flags: TickFlags = .lastOfEvent) {
        emitter.instrument = instrument(order.securityID)
        addOnly(order, &emitter, flags)
    }

    @inline(__always)
    private func addOnly(_ order: Order, _ emitter: inout TickEmitter, _ flags: TickFlags) {
        guard order.isPriced else {
            return waiting(order.reference, order.quantity, order.side, &emitter, flags)
        }
        let price = price(order.price)
        emitter.emit(
            .add, orderID: order.reference, price: price, quantity: order.quantity,
            side: Side(buySell: order.side), flags: flags)
    }

    @inline(__always)
    func delete(_ order: Order, _ emitter: inout TickEmitter) {
        emitter.instrument = instrument(order.securityID)
        guard order.isPriced else {
            return waiting(order.reference, 0, order.side, &emitter)
        }
        emitter.emit(
            .delete, orderID: order.reference, price: price(order.price),
            quantity: order.quantity, side: Side(buySell: order.side))
    }

    @inline(__always)
    func modify(_ order: Order, _ emitter: inout TickEmitter) {
        emitter.instrument = instrument(order.securityID)
        guard order.isPriced else {
            return waiting(order.reference, order.quantity, order.side, &emitter)
        }
        let price = price(order.price)
        emitter.emit(
            .modify, orderID: order.reference, price: price, quantity: order.quantity,
            side: Side(buySell: order.side))
    }

    /// A market order that gets a price, or the other way round, enters or leaves the book.
    @inline(__always)
    func replace(
        _ oldPriority: UInt64, at oldPrice: Int64, of oldQuantity: Int64, by order: Order,
        _ emitter: inout TickEmitter
    ) {
        emitter.instrument = instrument(order.securityID)
        let old = order.reference(oldPriority)
        let wasPriced = oldPrice != Int64.min
        let isReplacement = wasPriced && order.isPriced
        if wasPriced {
            emitter.emit(
                .delete, orderID: old, price: price(oldPrice), quantity: oldQuantity,
                side: Side(buySell: order.side), flags: isReplacement ? .replaced : [])
        } else {
            waiting(old, 0, order.side, &emitter, [])
        }
        addOnly(order, &emitter, isReplacement ? [.replaced, .lastOfEvent] : .lastOfEvent)
    }

    /// - Parameter isFull: nothing is left of the order.
    @inline(__always)
    func execute(
        _ order: Order, at lastPrice: Int64, match: UInt32, isAlgorithmic: Bool, isFull: Bool,
        _ emitter: inout TickEmitter
    ) {
        emitter.instrument = instrument(order.securityID)
        emitter.emit(
            .trade, orderID: UInt64(match), price: price(lastPrice), quantity: order.quantity,
            flags: [], extra: isAlgorithmic ? 1 : 0)
        guard order.isPriced else { return executeWaiting(order, isFull: isFull, &emitter) }
        emitter.emit(
            .fill, orderID: order.reference, price: price(order.price), quantity: order.quantity,
            side: Side(buySell: order.side))
    }

    /// An order without a price, which no book holds.
    @inline(never)
    private func waiting(
        _ reference: UInt64, _ quantity: Int64, _ side: UInt8, _ emitter: inout TickEmitter,
        _ flags: TickFlags = .lastOfEvent
    ) {
        let hasRoom = marketOrders.set(
            reference, side: Side(buySell: side), quantity: quantity, flags: flags, &emitter)
        if !hasRoom { feed.countUnrepresentable(1) }
    }

    /// What is left of an order without a price; of one that nobody has seen coming, only its end is
    /// known.
    private func executeWaiting(_ order: Order, isFull: Bool, _ emitter: inout TickEmitter) {
        let known = marketOrders.find(order.reference)?.quantity
        if isFull {
            waiting(order.reference, 0, order.side, &emitter)
        } else if let known {
            waiting(order.reference, max(0, known &- order.quantity), order.side, &emitter)
        } else {
            emitter.endEvent(since: emitter.count - 1)
        }
    }

    // MARK: Snapshots

    /// Begins an instrument's snapshot: its book is empty until the orders come.
    func beginSnapshot(
        _ securityID: Int64, message: UInt32, _ emitter: inout TickEmitter
    ) {
        snapshot = Snapshot(
            securityID: securityID, product: product, nextMessage: message &+ 1)
        emitter.instrument = instrument(securityID)
        emitter.clearBook(flags: .snapshot)
    }

    /// A message between that is no order: the numbers go on.
    func continueSnapshot(_ message: UInt32) {
        guard var open = snapshot, open.product == product else { return }
        snapshot = nil
        if open.nextMessage == message {
            open.nextMessage = message &+ 1
            snapshot = open
        }
    }

    /// A snapshot order names no instrument: it counts only if it follows the summary, or an order
    /// that followed it, without a hole.
    func snapshotOrder(
        _ order: Order, message: UInt32, _ emitter: inout TickEmitter
    ) {
        continueSnapshot(message)
        guard let open = snapshot, open.product == product else {
            return feed.countUnrepresentable(1)
        }
        var order = order
        order.securityID = open.securityID
        add(order, &emitter, [.snapshot, .lastOfEvent])
    }

    func snapshotOrder(_ message: EobiSnapshotOrder, _ emitter: inout TickEmitter) {
        snapshotOrder(
            Order(
                securityID: 0, priority: message.timePriority, side: message.side,
                price: message.price, quantity: message.displayQty),
            message: message.msgSeqNum, &emitter)
    }
}
