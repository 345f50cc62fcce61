import Ticks

/// Entries of book messages, whichever template they came in.
struct MDP3BookEntry {
    var price: Int64
    var quantity: Int64
    var code: Int32
    var rptSeq: UInt32
    var orders: UInt32
    var level: UInt8
    var action: UInt8
    var type: UInt8
}

/// Order entries behind the entries of a book message, or alone.
struct MDP3OrderEntry {
    var orderID: UInt64
    var priority: UInt64
    var quantity: Int64
    /// 0 new, 1 changed, 2 gone.
    var action: UInt8
}

extension MDP3Decoder {
    /// Prices by level (46; 64 with larger quantities; 32 with seven decimals), and the orders that
    /// changed with them.
    @inline(__always)
    func book(
        _ message: Message, _ step: inout Int, _ emitter: inout TickEmitter, _ last: Int
    ) -> Bool {
        let first = begin(emitter)
        // All three templates begin alike, and their groups have the same dimensions.
        let root = MDP3MDIncrementalRefreshBook32(message.base, blockLength: message.blockLength)
        emitter.exchangeTime = root.transactTime
        let ends = endsEvent(message, root.matchEventIndicator)
        let levels = root.noMDEntries.count
        let orders =
            root.hasNoOrderIDEntries(length: message.length) ? root.noOrderIDEntries.count : 0
        for place in 0..<levels {
            let index = index(bookEntry(message, root, place).code)
            entryStates[place] = index
            if ends { instruments.states[index].lastEntry = Int32(truncatingIfNeeded: place) }
        }
        let isDone = run(orders + levels, &step, &emitter, last) { step, emitter in
            if step < orders {
                order(message, root, step, levels, &emitter)
            } else {
                change(message, root, step - orders, ends, &emitter)
            }
        }
        guard isDone else { return false }
        return ends ? endEvent(first, &emitter, last) : true
    }

    @inline(__always)
    private func bookEntry(
        _ message: Message, _ root: MDP3MDIncrementalRefreshBook32, _ place: Int
    ) -> MDP3BookEntry {
        let group = root.noMDEntries
        if message.template == 64 {
            let entry = MDP3MDIncrementalRefreshBookLongQty64NoMDEntriesEntry(
                group.base + place &* group.stride)
            return MDP3BookEntry(
                price: entry.mdEntryPx, quantity: quantity(entry.mdEntrySize),
                code: entry.securityID, rptSeq: entry.rptSeq,
                orders: Self.orderCount(entry.numberOfOrders), level: entry.mdPriceLevel,
                action: entry.mdUpdateAction, type: entry.mdEntryType)
        }
        let entry = group[place]
        return MDP3BookEntry(
            price: message.template == 46 ? entry.mdEntryPx : price7(entry.mdEntryPx),
            quantity: quantity(entry.mdEntrySize), code: entry.securityID, rptSeq: entry.rptSeq,
            orders: Self.orderCount(entry.numberOfOrders), level: entry.mdPriceLevel,
            action: entry.mdUpdateAction, type: entry.mdEntryType)
    }

    @inline(__always)
    static func orderCount(_ raw: Int32) -> UInt32 {
        raw == .max || raw < 0 ? 0 : UInt32(raw)
    }

    /// Side of a book entry type, and whether it is implied; nil for others (§3).
    ///
    /// 0 and 1, E and F: without a branch for each of them, which no processor foresees.
    @inline(__always)
    static func sideOf(_ type: UInt8) -> (side: Side, implied: Bool)? {
        let implied = type >= UInt8(ascii: "E")
        let place = type &- (implied ? UInt8(ascii: "E") : UInt8(ascii: "0"))
        guard place <= 1 else { return nil }
        return (place == 0 ? .bid : .ask, implied)
    }

    /// One entry of the levels.
    @inline(__always)
    private func change(
        _ message: Message, _ root: MDP3MDIncrementalRefreshBook32, _ place: Int, _ ends: Bool,
        _ emitter: inout TickEmitter
    ) {
        let entry = bookEntry(message, root, place)
        let index = entryStates[place]
        emitter.instrument = instruments.states[index].instrument
        // Without an instrument there is no book, and a tick of the channel would mean another thing.
        guard index != 0, isNews(index, entry.rptSeq) else { return }
        let first = emitter.count
        if let (side, implied) = Self.sideOf(entry.type) {
            level(entry, index, side, implied, &emitter)
        } else {
            other(entry, index, &emitter)
        }
        let isLast = ends && Int(instruments.states[index].lastEntry) == place
        if isLast, emitter.count > first {
            emitter.endEvent(since: first)
            instruments.states[index].isTouched = false
        } else if emitter.count > first {
            touch(index)
        }
    }

    @inline(__always)
    private func level(
        _ entry: MDP3BookEntry, _ index: Int, _ side: Side, _ implied: Bool,
        _ emitter: inout TickEmitter
    ) {
        let state = instruments.states + index
        let depth = Int(implied ? state.pointee.impliedDepth : state.pointee.outrightDepth)
        let most = implied ? MDP3Instruments.impliedMax : MDP3Instruments.outrightMax
        let place = Int(entry.level) - 1
        let removes = entry.action >= 2 && entry.action <= 4
        guard place >= 0, place < most, entry.action <= 5,
            removes || (entry.price != Price.none && entry.quantity > 0)
        else {
            impossibleEntries += 1
            return
        }
        state.pointee.hasLevels = true
        noteLevel(index, entry.level, implied)
        if isTooLate(index, emitter) { return late(entry, side, implied, removes, &emitter) }
        state.pointee.levelSequence = UInt32(truncatingIfNeeded: emitter.sequence)
        if place >= depth { deepen(state, place + 1, implied) }
        let book = MDP3LevelBook(
            levels: instruments.levels(index, ask: side == .ask, implied: implied),
            depth: max(depth, place + 1), side: side, flags: implied ? .implied : [])
        switch entry.action {
        case 0: book.insert(entry.price, entry.quantity, entry.orders, at: place, &emitter)
        case 1, 5: book.put(entry.price, entry.quantity, entry.orders, at: place, &emitter)
        case 2: book.remove(place, price: entry.price, &emitter)
        case 3: book.removeBest(book.depth, &emitter)
        default: book.removeBest(place + 1, &emitter)
        }
    }

    /// The venue has spoken of this level, counted from 1: the book is that deep.
    @inline(__always)
    func noteLevel(_ index: Int, _ level: UInt8, _ implied: Bool) {
        let state = instruments.states + index
        if implied {
            state.pointee.impliedProven = max(state.pointee.impliedProven, level)
        } else {
            state.pointee.outrightProven = max(state.pointee.outrightProven, level)
        }
    }

    /// A level below the depth that was taken for the book's proves it deeper.
    @inline(never)
    private func deepen(
        _ state: UnsafeMutablePointer<MDP3Instruments.State>, _ depth: Int, _ implied: Bool
    ) {
        if implied {
            state.pointee.impliedDepth = UInt8(depth)
        } else {
            state.pointee.outrightDepth = UInt8(depth)
        }
    }

    /// An entry older than what has been applied: told as it is, and applied nowhere, for the level
    /// numbers that it speaks of are no longer those of the book.
    @inline(never)
    private func late(
        _ entry: MDP3BookEntry, _ side: Side, _ implied: Bool, _ removes: Bool,
        _ emitter: inout TickEmitter
    ) {
        guard entry.price != Price.none else { return }
        emitter.emit(
            .level, price: entry.price, quantity: removes ? 0 : entry.quantity, side: side,
            flags: implied ? .implied : [],
            extra: removes ? 0 : entry.orders)
    }

    /// Entries that are no level: the book is empty, or a market's best price.
    @inline(never)
    private func other(_ entry: MDP3BookEntry, _ index: Int, _ emitter: inout TickEmitter) {
        switch entry.type {
        case UInt8(ascii: "J"): empty(index, &emitter)
        case UInt8(ascii: "w"), UInt8(ascii: "x"):
            marketBest(
                entry.type, price: entry.price, quantity: entry.quantity, orders: entry.orders,
                &emitter)
        default:
            impossibleEntries += 1
        }
    }

    /// The venue says that the book is empty.
    private func empty(_ index: Int, _ emitter: inout TickEmitter) {
        if !isTooLate(index, emitter) {
            instruments.clear(index)
            instruments.states[index].levelSequence = UInt32(
                truncatingIfNeeded: emitter.sequence)
        }
        emitter.clearBook(flags: [])
    }

    func marketBest(
        _ type: UInt8, price: Int64, quantity: Int64, orders: UInt32, flags: TickFlags = [],
        _ emitter: inout TickEmitter
    ) {
        emitter.emit(
            .statistic, price: price, quantity: quantity,
            side: type == UInt8(ascii: "x") ? .bid : .ask, flags: flags,
            detail: StatisticDetail.marketBest.rawValue, extra: orders)
    }

    // MARK: Orders

    /// An order entry of a book message: instrument, side and price are those of the entry that it
    /// refers to, counted from 1 (§5.2).
    @inline(__always)
    private func order(
        _ message: Message, _ root: MDP3MDIncrementalRefreshBook32, _ place: Int, _ levels: Int,
        _ emitter: inout TickEmitter
    ) {
        let order = root.noOrderIDEntries[place]
        let reference = Int(order.referenceID) - 1
        guard reference >= 0, reference < levels else {
            impossibleEntries += 1
            return
        }
        let entry = bookEntry(message, root, reference)
        let index = entryStates[reference]
        guard index != 0, let (side, _) = Self.sideOf(entry.type) else {
            impossibleEntries += 1
            return
        }
        emitter.instrument = instruments.states[index].instrument
        touch(index)
        noteOrders(index, emitter.sequence)
        emitOrder(
            MDP3OrderEntry(
                orderID: order.orderID, priority: order.mdOrderPriority,
                quantity: quantity(order.mdDisplayQty), action: order.orderUpdateAction),
            price: entry.price, side: side, &emitter)
    }

    /// The instrument's orders have changed: older images of them are of no use.
    @inline(__always)
    private func noteOrders(_ index: Int, _ sequence: UInt64) {
        guard !isLate else { return }
        claim(index)
        instruments.states[index].orderSequence = UInt32(truncatingIfNeeded: sequence)
    }

    @inline(__always)
    func emitOrder(
        _ order: MDP3OrderEntry, price: Int64, side: Side, flags: TickFlags = [],
        _ emitter: inout TickEmitter
    ) {
        let kind: TickKind
        switch order.action {
        case 0: kind = .add
        case 1: kind = .modify
        case 2: kind = .delete
        default:
            impossibleEntries += 1
            return
        }
        emitter.emit(
            kind, orderID: order.orderID, price: price, quantity: order.quantity, side: side,
            flags: flags, extra: UInt32(truncatingIfNeeded: order.priority))
    }

    /// Orders alone (47; 43 with seven decimals).
    @inline(__always)
    func orderBook(
        _ message: Message, _ step: inout Int, _ emitter: inout TickEmitter, _ last: Int
    ) -> Bool {
        let first = begin(emitter)
        let root = MDP3MDIncrementalRefreshOrderBook47(
            message.base, blockLength: message.blockLength)
        emitter.exchangeTime = root.transactTime
        let ends = endsEvent(message, root.matchEventIndicator)
        let entries = root.noMDEntries
        for place in 0..<entries.count {
            let index = index(entries[place].securityID)
            entryStates[place] = index
            if ends { instruments.states[index].lastEntry = Int32(truncatingIfNeeded: place) }
        }
        let isDone = run(entries.count, &step, &emitter, last) { step, emitter in
            let index = entryStates[step]
            guard index != 0 else { return }
            emitter.instrument = instruments.states[index].instrument
            let first = emitter.count
            orderEntry(message, entries[step], index, &emitter)
            if ends, Int(instruments.states[index].lastEntry) == step {
                emitter.endEvent(since: first)
            } else if emitter.count > first {
                touch(index)
            }
        }
        guard isDone else { return false }
        return ends ? endEvent(first, &emitter, last) : true
    }

    @inline(__always)
    private func orderEntry(
        _ message: Message, _ entry: MDP3MDIncrementalRefreshOrderBook47NoMDEntriesEntry,
        _ index: Int, _ emitter: inout TickEmitter
    ) {
        if let (side, _) = Self.sideOf(entry.mdEntryType) {
            noteOrders(index, emitter.sequence)
            emitOrder(
                MDP3OrderEntry(
                    orderID: entry.orderID, priority: entry.mdOrderPriority,
                    quantity: quantity(entry.mdDisplayQty), action: entry.mdUpdateAction),
                price: message.template == 47 ? entry.mdEntryPx : price7(entry.mdEntryPx),
                side: side, &emitter)
        } else if entry.mdEntryType == UInt8(ascii: "J") {
            empty(index, &emitter)
        } else {
            impossibleEntries += 1
        }
    }
}
