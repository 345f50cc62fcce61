import Ticks

/// SplitMix64: the same seed gives the same numbers everywhere.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// Uniform in 0 ..< 1.
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}

/// Ticks shaped like a Nasdaq day: heavy-tailed instruments, orders near the touch with lives from
/// microseconds to hours, packets of many messages under one capture time.
struct TickGenerator {
    private struct Order {
        var id: UInt64
        var instrument: UInt32
        var price: Int64
        var quantity: Int64
        var side: UInt8
    }

    private var random: SeededGenerator
    private var live: [Order] = []
    private var middles: [Int64]
    private var time: UInt64 = 1_577_716_200_000_000_000
    private var captureTime: UInt64 = 1_577_716_200_000_050_000
    private var leftInPacket = 0
    private var line: UInt8 = 0
    private var sequence: UInt64 = 1
    private var nextOrder: UInt64 = 10_000
    private var nextMatch: UInt64 = 500
    private let instruments: Int
    private let channel: UInt16

    init(seed: UInt64, instruments: Int = 8000, liveOrders: Int = 200_000, channel: UInt16 = 1) {
        random = SeededGenerator(seed: seed)
        self.instruments = instruments
        self.channel = channel
        middles = (0...instruments).map { _ in 0 }
        for i in 0...instruments { middles[i] = Int64(500 + random.below(20_000)) }
        for _ in 0..<liveOrders { live.append(newOrder()) }
    }

    /// The next `count` ticks; a message's ticks may continue in the next call.
    mutating func ticks(_ count: Int) -> [Tick] {
        var ticks: [Tick] = []
        ticks.reserveCapacity(count + 2)
        while ticks.count < count { message(into: &ticks) }
        ticks.removeLast(ticks.count - count)
        return ticks
    }

    private mutating func newOrder() -> Order {
        let skewed = random.unit() * random.unit() * random.unit()
        let instrument = UInt32(1 + (Int(skewed * Double(instruments)) * 2731) % instruments)
        let isBid = random.next() & 1 == 0
        if random.below(40) == 0 { middles[Int(instrument)] += random.next() & 1 == 0 ? 1 : -1 }
        let depth = Int64(random.unit() * random.unit() * 30) + 1
        let cents = middles[Int(instrument)] + (isBid ? -depth : depth)
        let lots = random.below(10)
        let quantity = lots < 7 ? Int64(100 * (1 + random.below(5))) : Int64(1 + random.below(600))
        nextOrder += UInt64(1 + random.below(8))
        return Order(
            id: nextOrder, instrument: instrument, price: cents * 10_000_000,
            quantity: quantity, side: isBid ? 1 : 2)
    }

    private mutating func advance() {
        time += UInt64(random.unit() * random.unit() * 9000)
        if leftInPacket == 0 {
            leftInPacket = 10 + random.below(20)
            captureTime = max(captureTime + 1, time + 20_000 + UInt64(random.below(5000)))
            line = random.below(3) == 0 ? 1 : 0
        }
        leftInPacket -= 1
    }

    private func tick(_ kind: TickKind, _ order: Order, last: Bool = true) -> Tick {
        var tick = Tick()
        tick.exchangeTime = time
        tick.captureTime = captureTime
        tick.sequence = sequence
        tick.orderID = order.id
        tick.price = order.price
        tick.quantity = order.quantity
        tick.instrument = order.instrument
        tick.channel = channel
        tick.kind = kind.rawValue
        tick.side = order.side
        tick.flags = (last ? 1 : 0) | 3 << 14
        tick.line = line
        return tick
    }

    private mutating func message(into ticks: inout [Tick]) {
        advance()
        let choice = random.below(100)
        if choice < 46 || live.isEmpty {
            var order = newOrder()
            ticks.append(tick(.add, order))
            if random.below(6) == 0 { ticks[ticks.count - 1].flags |= 16 }
            if random.below(40) == 0 { ticks[ticks.count - 1].extra = 0x4c41_4d00 }
            order.quantity = max(1, order.quantity)
            live.append(order)
        } else {
            // Two thirds die young, the rest at any age.
            let young = min(live.count, 4000)
            var index = live.count - 1 - Int(random.unit() * random.unit() * Double(young))
            if random.below(3) == 2 {
                // Moved to the end of the old ones first: taking it out then moves few.
                let old = random.below(max(1, live.count - young))
                index = min(live.count - 1, live.count - young)
                live.swapAt(old, index)
            }
            act(on: index, choice: choice, into: &ticks)
        }
        sequence += 1
    }

    private mutating func act(on index: Int, choice: Int, into ticks: inout [Tick]) {
        var order = live[index]
        if choice < 85 {
            ticks.append(tick(.delete, order))
            if random.below(6) == 0 { ticks[ticks.count - 1].flags |= 16 }
            live.remove(at: index)
        } else if choice < 94 {
            var removed = tick(.delete, order, last: false)
            removed.flags |= TickFlags.replaced.rawValue
            ticks.append(removed)
            nextOrder += 1
            order.id = nextOrder
            order.price += Int64(random.below(5) - 2) * 10_000_000
            var added = tick(.add, order)
            added.flags |= TickFlags.replaced.rawValue
            ticks.append(added)
            live.remove(at: index)
            live.append(order)
        } else {
            nextMatch += 1
            var trade = tick(.trade, order, last: false)
            trade.orderID = nextMatch
            trade.side = order.side == 1 ? 2 : 1
            ticks.append(trade)
            ticks.append(tick(.fill, order))
            live.remove(at: index)
        }
    }
}
