import Protocols
import Ticks
import Wire

/// Messages come in bursts on one instrument, and bursts now and then in storms over many.
struct Burst: Sendable {
    var instrument = 0
    var actionsLeft = 0
    var burstsLeftInStorm = 0
}

extension ITCH50Day {
    /// One action of the market's participants; stages at least one message.
    mutating func flow() {
        if burst.actionsLeft == 0 { startBurst() }
        burst.actionsLeft -= 1
        act(burst.instrument)
        if burst.actionsLeft > 0 || burst.burstsLeftInStorm > 0 {
            nextFlowTime = now + UInt64(random.heavyTailed(scale: 250, octaves: 8))
        } else {
            // Back to the pace of the day; after a storm that means a pause.
            let message = Double(flowTotal - flowLeft) + random.unit() * 7
            let pace = profile.time(ofMessage: min(message, Double(flowTotal)))
            nextFlowTime = max(pace, now + UInt64(random.heavyTailed(scale: 250, octaves: 8)))
        }
    }

    private mutating func startBurst() {
        if burst.burstsLeftInStorm > 0 {
            burst.burstsLeftInStorm -= 1
        } else if random.chance(1.0 / 500) {
            burst.burstsLeftInStorm = random.heavyTailed(scale: 16, octaves: 5)
        }
        burst.instrument = universe.pick(&random)
        burst.actionsLeft = random.heavyTailed(scale: 1, octaves: 6)
        moveFairPrice(burst.instrument)
    }

    /// A random walk, held inside the book's own spread: the book leads, as orders do the trading.
    /// Between 1 and 100,000 dollars, below the largest price that the protocol has.
    private mutating func moveFairPrice(_ instrument: Int) {
        let reach = 16 * markets[instrument].width
        var fair = markets[instrument].fair + random.below(2 * reach + 1) - reach
        if let ask = resting.best(instrument, .ask) { fair = min(fair, ask * 64) }
        if let bid = resting.best(instrument, .bid) { fair = max(fair, bid * 64) }
        markets[instrument].fair = min(max(fair, 100 * 64), 10_000_000 * 64)
    }

    private mutating func act(_ instrument: Int) {
        if isImbalanceTime, random.chance(0.08) { return showImbalance(instrument) }
        let market = markets[instrument]
        let target = now < clock(16, 0) ? market.target : market.target / 4
        // Adds and deletes share 850 of 1,000; the number of live orders steers the division.
        let adds =
            if market.live < target / 2 {
                620
            } else if market.live > target * 3 / 2 {
                270
            } else {
                440
            }
        let roll = random.below(1_000)
        if roll < adds || market.live == 0 {
            add(instrument)
        } else if roll < 850 {
            delete(instrument)
        } else if roll < 912 {
            replace(instrument)
        } else if roll < 941 {
            execute(instrument)
        } else if roll < 972 {
            cancelPart(instrument)
        } else if roll < 984 {
            tradeHidden(instrument)
        } else {
            sayOther(instrument)
        }
    }

    // MARK: Orders

    private mutating func add(_ instrument: Int) {
        let side: Side = random.chance(0.5) ? .bid : .ask
        let slot = place(
            instrument, side, ticks: drawPrice(instrument, side), shares: drawShares(),
            reference: makeReference())
        let order = resting.orders[slot]
        let symbol = universe.symbols[instrument]
        let price = UInt32(order.ticks * 100)
        if random.chance(0.025) {
            let participant = Self.participants[random.below(Self.participants.count)]
            emit(instrument) {
                ITCH50Encoder.addOrderAttributed(
                    $0, orderReference: order.reference, side: side, shares: order.shares,
                    stock: symbol, price: price, attribution: participant, to: &$1)
            }
        } else {
            emit(instrument) {
                ITCH50Encoder.addOrder(
                    $0, orderReference: order.reference, side: side, shares: order.shares,
                    stock: symbol, price: price, to: &$1)
            }
        }
    }

    private mutating func delete(_ instrument: Int) {
        guard let slot = pickOrder(instrument) else { return add(instrument) }
        let reference = resting.orders[slot].reference
        resting.remove(slot)
        markets[instrument].live -= 1
        emit(instrument) { ITCH50Encoder.orderDelete($0, orderReference: reference, to: &$1) }
    }

    private mutating func replace(_ instrument: Int) {
        guard let slot = pickOrder(instrument) else { return add(instrument) }
        let old = resting.orders[slot]
        let ticks = random.chance(0.4) ? old.ticks : drawPrice(instrument, old.side)
        resting.remove(slot)
        markets[instrument].live -= 1
        let newSlot = place(
            instrument, old.side, ticks: ticks, shares: drawShares(), reference: makeReference())
        let new = resting.orders[newSlot]
        emit(instrument) {
            ITCH50Encoder.orderReplace(
                $0, originalOrderReference: old.reference, newOrderReference: new.reference,
                shares: new.shares, price: UInt32(new.ticks * 100), to: &$1)
        }
    }

    private mutating func cancelPart(_ instrument: Int) {
        guard let slot = pickOrder(instrument), resting.orders[slot].shares > 1 else {
            return delete(instrument)
        }
        let order = resting.orders[slot]
        let lots = Int(order.shares - 1) / 100
        let cancelled =
            lots > 0
            ? UInt32(100 * (1 + random.below(lots)))
            : UInt32(1 + random.below(Int(order.shares - 1)))
        resting.reduce(slot, by: cancelled)
        emit(instrument) {
            ITCH50Encoder.orderCancel(
                $0, orderReference: order.reference, shares: cancelled, to: &$1)
        }
    }

    /// Rests an order and remembers it as the instrument's newest.
    private mutating func place(
        _ instrument: Int, _ side: Side, ticks: Int, shares: UInt32, reference: UInt64
    ) -> Int {
        let slot = resting.place(
            instrument, side, ticks: ticks, shares: shares, reference: reference)
        markets[instrument].live += 1
        markets[instrument].newestSlot = slot
        markets[instrument].newestReference = reference
        return slot
    }

    /// Often the newest order, so that lives start at microseconds; else one near the touch, so
    /// that those far away stay all day; with too many alive, any.
    private mutating func pickOrder(_ instrument: Int) -> Int? {
        let market = markets[instrument]
        if random.chance(0.45), resting.holds(market.newestReference, at: market.newestSlot) {
            return market.newestSlot
        }
        var side: Side = random.chance(0.5) ? .bid : .ask
        if resting.levelCount(instrument, side) == 0 { side = side.opposite }
        let levels = resting.levelCount(instrument, side)
        guard levels > 0 else { return nil }
        let depth =
            market.live > market.target
            ? random.below(levels) : min(random.halving(atMost: 64) - 1, levels - 1)
        return resting.slot(instrument, side, depth: depth, newest: random.chance(0.5))
    }

    /// A price in cents near the touch that neither crosses nor locks the other side. As what an
    /// instrument is worth never falls below a dollar, no ask does, and bids always have room.
    private mutating func drawPrice(_ instrument: Int, _ side: Side) -> Int {
        let market = markets[instrument]
        let near = Double(market.width) * 4 * random.unit() * random.unit()
        let distance = Int(random.chance(1.0 / 16) ? near * 10 : near)
        let fair = market.fair / 64
        if side == .bid {
            let highest = resting.best(instrument, .ask).map { $0 - 1 } ?? .max
            return max(1, min(fair - distance, highest))
        }
        let lowest = resting.best(instrument, .bid).map { $0 + 1 } ?? 1
        return max(fair + 1 + distance, lowest)
    }

    private mutating func drawShares() -> UInt32 {
        let roll = random.below(100)
        if roll < 55 { return 100 }
        if roll < 75 { return UInt32(1 + random.below(99)) }
        return UInt32(100 * random.heavyTailed(scale: 1, octaves: 6))
    }
}
