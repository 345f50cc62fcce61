import TestSupport
import Ticks

/// Ticks of seeded random messages, with everything that a venue should not send.
struct RandomFlow {
    var random: SeededGenerator
    var instruments = 6
    var channels = 2
    /// Order ids are drawn from so many, so that they come again.
    var orderIDs = 60
    var hasLevels = false
    var hasQuotes = false
    /// Level feeds with implied levels, order events and ticks that end events.
    var hasImplied = false
    var hasModifies = false
    /// Parts of a thousand order messages, but for new orders, that name no instrument.
    var unnamed = 0
    /// Parts of a thousand messages that are about a channel.
    var channelEvents = 10
    private var sequence: UInt64 = 1
    private var time: UInt64 = 1_000_000
    private var openGaps: [UInt16: Int] = [:]

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    var captureTime: UInt64 { time }

    /// The ticks of one message.
    mutating func message() -> [Tick] {
        if random.chance(300) { time += UInt64(random.below(400_000)) }
        sequence += UInt64(random.below(3))
        let instrument = UInt32(1 + random.below(instruments))
        // An instrument is of one channel; now and then another one names it, too.
        let channel = UInt16(Int(instrument) % channels)
        if random.chance(channelEvents) { return channelMessage(channel) }
        var tick = Tick(
            exchangeTime: time / 2, captureTime: time, sequence: sequence, orderID: orderID(),
            price: price(), quantity: quantity(), instrument: instrument, channel: channel,
            kind: 0, side: UInt8(1 + random.below(2)), flags: 0, line: 0, detail: 0, extra: 0)
        if random.chance(20) { tick.side = 0 }
        if random.chance(40) {
            tick.tickFlags.insert(.recovered)
            tick.sequence -= min(tick.sequence, UInt64(random.below(20)))
        }
        if instrument % 3 == 1, hasLevels {
            return hasImplied && random.chance(150) ? orderMessage(tick) : [level(tick)]
        }
        if instrument % 3 == 2, hasQuotes { return quote(tick) }
        if unnamed > 0 { return withoutInstrument(orderMessage(tick)) }
        return orderMessage(tick)
    }

    private mutating func orderMessage(_ base: Tick) -> [Tick] {
        var tick = base
        tick.tickFlags.insert(.lastOfEvent)
        func bare(_ kind: TickKind, _ quantity: Int64 = Quantity.none) -> Tick {
            var tick = tick
            tick.kind = kind.rawValue
            tick.price = Price.none
            tick.side = 0
            tick.quantity = quantity
            return tick
        }
        if hasModifies, random.chance(200) {
            tick.kind = TickKind.modify.rawValue
            if random.chance(300) { tick.price = Price.none }
            return [tick]
        }
        switch random.below(100) {
        case 0..<50:
            tick.kind = TickKind.add.rawValue
            return [tick]
        case 50..<60: return [bare(.cancel, tick.quantity)]
        case 60..<72:
            var trade = bare(.trade, tick.quantity)
            trade.tickFlags.remove(.lastOfEvent)
            trade.orderID = sequence + 1_000_000
            return random.chance(800)
                ? [trade, bare(.fill, tick.quantity)] : [bare(.fill, tick.quantity)]
        case 72..<87: return [bare(.delete)]
        case 87..<97:
            var old = bare(.delete)
            old.tickFlags.remove(.lastOfEvent)
            old.tickFlags.insert(.replaced)
            var new = tick
            new.kind = TickKind.add.rawValue
            new.orderID = orderID()
            new.side = 0
            new.tickFlags.insert(.replaced)
            return [old, new]
        case 97:
            var clear = bare(.clear)
            if random.chance(500) { clear.side = UInt8(1 + random.below(2)) }
            return [clear]
        default: return [bare(.status)]
        }
    }

    private mutating func withoutInstrument(_ message: [Tick]) -> [Tick] {
        guard message[0].tickKind != .add, random.chance(unnamed) else { return message }
        return message.map { tick in
            var tick = tick
            if tick.tickKind != .clear { tick.instrument = 0 }
            return tick
        }
    }

    private mutating func level(_ base: Tick) -> Tick {
        var tick = base
        tick.kind = TickKind.level.rawValue
        tick.extra = UInt32(random.below(5))
        if hasImplied {
            if random.chance(400) { tick.tickFlags.insert(.implied) }
            if random.chance(100) {
                tick.kind = TickKind.status.rawValue
                tick.detail = StatusDetail.eventEnd.rawValue
            }
        }
        if random.chance(400) { tick.tickFlags.insert(.lastOfEvent) }
        if random.chance(30) {
            tick.kind = TickKind.trade.rawValue
            tick.tickFlags.insert(.lastOfEvent)
        }
        return tick
    }

    private mutating func quote(_ base: Tick) -> [Tick] {
        var bid = base
        bid.kind = TickKind.quote.rawValue
        bid.side = Side.bid.rawValue
        var ask = bid
        ask.side = Side.ask.rawValue
        ask.price = price()
        ask.quantity = quantity()
        ask.tickFlags.insert(.lastOfEvent)
        return [bid, ask]
    }

    private mutating func channelMessage(_ channel: UInt16) -> [Tick] {
        var tick = Tick(
            exchangeTime: 0, captureTime: time, sequence: sequence, orderID: 0,
            price: Price.none, quantity: 3, instrument: 0, channel: channel, kind: 0, side: 0,
            flags: TickFlags.lastOfEvent.rawValue, line: 0, detail: 0, extra: 0)
        switch random.below(10) {
        case 0..<5:
            tick.kind = TickKind.gap.rawValue
            sequence += 3
        case 5..<8: tick.kind = TickKind.gapFilled.rawValue
        case 8:
            tick.kind = TickKind.epoch.rawValue
            let causes = EpochCause.allCases
            tick.detail = causes[random.below(causes.count)].rawValue
            if random.chance(700) { sequence = 1 }
            tick.sequence = sequence
        default: tick.kind = TickKind.clear.rawValue
        }
        return [tick]
    }

    private mutating func orderID() -> UInt64 {
        // Some ids that differ in high bits alone.
        UInt64(1 + random.below(orderIDs)) << UInt64(random.chance(300) ? 40 : 0)
    }

    private mutating func price() -> Int64 {
        if random.chance(20) { return 0 }
        if random.chance(10) { return Price.none }
        if random.chance(20) { return -Int64(random.below(5)) * 1_000_000_000 }
        return Int64(100 + random.below(14)) * 1_000_000_000
    }

    private mutating func quantity() -> Int64 {
        random.chance(60) ? Int64(random.below(3)) - 1 : Int64(1 + random.below(300))
    }
}
