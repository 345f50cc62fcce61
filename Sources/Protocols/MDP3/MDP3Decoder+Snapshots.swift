import Ticks

/// Images of books, in loops of channels of their own (cme-mdp3.md §6.1).
extension MDP3Decoder {
    /// Chunks of an image follow each other; one that is missing leaves the book in doubt.
    struct OpenImage {
        var index: Int
        var sequence: UInt32
        var nextChunk: UInt32
    }

    private struct SnapshotEntry {
        var price: Int64
        var quantity: Int64
        var orders: UInt32
        var level: Int
        var type: UInt8
        var extra: UInt32
        /// Days since 1970.
        var date: UInt16
    }

    /// Book, statistics, limits and state of one instrument (52; 69 with larger quantities; 38 with
    /// seven decimals): step 0 empties the book, the last one tells limits and state.
    func snapshot(
        _ message: Message, _ step: inout Int, _ emitter: inout TickEmitter, _ last: Int
    ) -> Bool {
        let first = begin(emitter)
        let root = MDP3SnapshotFullRefresh52(message.base, blockLength: message.blockLength)
        emitter.exchangeTime = root.transactTime
        let index = use(root.securityID, &emitter)
        guard index != 0 else { return true }
        if step == 0 {
            // What is older than the increments tells of a book that has gone on since.
            guard root.rptSeq >= instruments.states[index].rptSeq else {
                snapshotsSkipped += 1
                return true
            }
            instruments.states[index].snapshotRptSeq = root.rptSeq
            instruments.states[index].rptSeq = root.rptSeq
        }
        let entries = root.noMDEntries.count
        let isDone = run(entries + 2, &step, &emitter, last) { step, emitter in
            if step == 0 {
                instruments.clear(index)
                touch(index)
                instruments.states[index].hasLevels = true
                instruments.states[index].hasImage = true
                emitter.clearBook(
                    quantity: Int64(root.lastMsgSeqNumProcessed), flags: .snapshot)
            } else if step <= entries {
                let entry = snapshotEntry(message, root.noMDEntries, step - 1)
                image(entry, index, &emitter)
            } else {
                limits(
                    (root.highLimitPrice, root.lowLimitPrice, root.maxPriceVariation),
                    isSeven: message.template == 38, flags: .snapshot, &emitter)
                guard !root.mdSecurityTradingStatusIsNull else { return }
                emitter.status(
                    .trading, UInt32(root.mdSecurityTradingStatus), flags: .snapshot)
            }
        }
        return isDone && endEvent(first, &emitter, last)
    }

    private func snapshotEntry(
        _ message: Message, _ group: MDP3SnapshotFullRefresh52NoMDEntries, _ place: Int
    ) -> SnapshotEntry {
        if message.template == 69 {
            let entry = MDP3SnapshotFullRefreshLongQty69NoMDEntriesEntry(
                group.base + place &* group.stride)
            return SnapshotEntry(
                price: entry.mdEntryPx, quantity: quantity(entry.mdEntrySize),
                orders: Self.orderCount(entry.numberOfOrders), level: Int(entry.mdPriceLevel),
                type: entry.mdEntryType, extra: UInt32(entry.openCloseSettlFlag), date: 0)
        }
        let entry = group[place]
        let isSettlement = entry.mdEntryType == UInt8(ascii: "6")
        return SnapshotEntry(
            price: message.template == 52 ? entry.mdEntryPx : price7(entry.mdEntryPx),
            quantity: quantity(entry.mdEntrySize),
            orders: Self.orderCount(entry.numberOfOrders), level: Int(entry.mdPriceLevel),
            type: entry.mdEntryType,
            extra: UInt32(isSettlement ? entry.settlPriceType : entry.openCloseSettlFlag),
            date: entry.tradingReferenceDateIsNull ? 0 : entry.tradingReferenceDate)
    }

    private func image(_ entry: SnapshotEntry, _ index: Int, _ emitter: inout TickEmitter) {
        guard let (side, implied) = Self.sideOf(entry.type) else {
            if let detail = Self.statistic(entry.type) {
                return statistic(
                    detail, price: entry.price, quantity: entry.quantity,
                    orderID: UInt64(entry.date), flags: .snapshot, extra: entry.extra, &emitter)
            }
            if entry.type == UInt8(ascii: "w") || entry.type == UInt8(ascii: "x") {
                return marketBest(
                    entry.type, price: entry.price, quantity: entry.quantity,
                    orders: entry.orders, flags: .snapshot, &emitter)
            }
            // An empty book says so with an entry of its own.
            if entry.type != UInt8(ascii: "J") { impossibleEntries += 1 }
            return
        }
        let most = implied ? MDP3Instruments.impliedMax : MDP3Instruments.outrightMax
        guard (1...most).contains(entry.level), entry.price != Price.none, entry.quantity > 0
        else {
            impossibleEntries += 1
            return
        }
        noteLevel(index, UInt8(entry.level), implied)
        let book = MDP3LevelBook(
            levels: instruments.levels(index, ask: side == .ask, implied: implied), depth: most,
            side: side, flags: implied ? [.implied, .snapshot] : .snapshot)
        book.put(entry.price, entry.quantity, entry.orders, at: entry.level - 1, &emitter)
    }

    /// Resting orders of one instrument (53 and 59; 44 with seven decimals). Step 0 begins the image:
    /// with 59 and the first chunk of 53 and 44, the orders from before are gone.
    func orderSnapshot(
        _ message: Message, _ step: inout Int, _ emitter: inout TickEmitter, _ last: Int
    ) -> Bool {
        let first = begin(emitter)
        // 59 has the same entries behind another root.
        let isTop = message.template == 59
        let top = MDP3SnapshotRefreshTopOrders59(message.base, blockLength: message.blockLength)
        let root = MDP3SnapshotFullRefreshOrderBook53(
            message.base, blockLength: message.blockLength)
        emitter.exchangeTime = isTop ? top.transactTime : root.transactTime
        let index = use(isTop ? top.securityID : root.securityID, &emitter)
        guard index != 0 else { return true }
        if step == 0, !isTop, !goesOn(root, index) { return skipImage(index, &emitter) }
        let group =
            isTop
            ? MDP3SnapshotFullRefreshOrderBook53NoMDEntries(message.base + message.blockLength)
            : root.noMDEntries
        let isDone = run(group.count + 1, &step, &emitter, last) { step, emitter in
            guard step > 0 else {
                return isTop ? emptyForImage(index, &emitter) : begin(root, index, &emitter)
            }
            let entry = group[step - 1]
            guard let (side, _) = Self.sideOf(entry.mdEntryType) else {
                impossibleEntries += 1
                return
            }
            touch(index)
            emitOrder(
                MDP3OrderEntry(
                    orderID: entry.orderID, priority: entry.mdOrderPriority,
                    quantity: quantity(entry.mdDisplayQty), action: 0),
                price: message.template == 44 ? price7(entry.mdEntryPx) : entry.mdEntryPx,
                side: side, flags: .snapshot, &emitter)
        }
        return isDone && endEvent(first, &emitter, last)
    }

    /// False for a chunk of no use: the increments are ahead of it, or one before it is missing.
    private func goesOn(_ root: MDP3SnapshotFullRefreshOrderBook53, _ index: Int) -> Bool {
        if root.lastMsgSeqNumProcessed < instruments.states[index].orderSequence { return false }
        guard root.currentChunk > 1 else { return true }
        return openImage?.index == index && openImage?.sequence == root.lastMsgSeqNumProcessed
            && openImage?.nextChunk == root.currentChunk
    }

    /// A chunk's orders follow.
    private func begin(
        _ root: MDP3SnapshotFullRefreshOrderBook53, _ index: Int, _ emitter: inout TickEmitter
    ) {
        if root.currentChunk <= 1 {
            abandonImage(&emitter)
            emitter.instrument = instruments.states[index].instrument
            emptyForImage(index, &emitter)
        }
        openImage =
            root.currentChunk < root.noChunks
            ? OpenImage(
                index: index, sequence: root.lastMsgSeqNumProcessed,
                nextChunk: max(root.currentChunk, 1) + 1) : nil
    }

    /// A book of levels does not hold orders, and must not be emptied for their sake.
    private func emptyForImage(_ index: Int, _ emitter: inout TickEmitter) {
        instruments.states[index].hasImage = true
        guard !instruments.states[index].hasLevels else { return }
        touch(index)
        emitter.clearBook(flags: .snapshot)
    }

    /// An image that this one was to complete, or another, lacks orders for good.
    private func skipImage(_ index: Int, _ emitter: inout TickEmitter) -> Bool {
        snapshotsSkipped += 1
        if openImage?.index == index { abandonImage(&emitter) }
        return true
    }

    /// Chunks are missing from the image that was being read.
    private func abandonImage(_ emitter: inout TickEmitter) {
        guard let image = openImage else { return }
        openImage = nil
        guard !instruments.states[image.index].hasLevels else { return }
        emitter.instrument = instruments.states[image.index].instrument
        emitter.clearBook(flags: [.snapshot, .bookSuspect, .lastOfEvent])
    }
}
