import Ticks

/// Cboe Multicast PITCH messages of one unit to ticks (cboe-pitch.md; `MAPPING.md` gives every
/// field's place).
///
/// Feeds differ in lengths, in the signs of prices and in what messages there are; the fields that
/// they share stand at the same offsets, so one set of accessors reads all of them.
public final class PitchDecoder: FeedDecoding {
    static let ticksPerMessageMax = 8

    let directory: InstrumentDirectory
    let venue: UInt32
    let channel: UInt16
    let layout: PitchLayout
    /// Prices are signed (futures, complex options).
    private let isSigned: Bool
    /// Adds and modifications have flags, which say whether the order keeps its priority (US
    /// equities and options).
    let hasFlags: Bool
    /// Executions carry a trade condition (options and futures).
    let hasConditions: Bool
    private let table: MessageTable
    @exclusivity(unchecked) var clock: PitchClock
    @exclusivity(unchecked) var auctions = PitchAuctions()
    @exclusivity(unchecked) var counters = DecoderCounters()
    /// Of the newest definition of each instrument, by id: most of them only say again what is known.
    var definitionDigests: [UInt64] = []

    public init(_ setup: DecoderSetup) {
        directory = setup.directory
        venue = setup.directory.venueIndex(setup.venue)
        channel = setup.channel
        guard let layout = PitchLayout(rawValue: setup.feed) else {
            preconditionFailure("\(setup.feed) is no PITCH feed")
        }
        self.layout = layout
        isSigned = layout == .futures || layout == .complexOptions
        hasFlags = layout.isAmerican && layout != .futures
        hasConditions = layout.isAmerican && layout != .equities
        table = MessageTable(.pitch, feed: setup.feed)
        clock = PitchClock(midnight: setup.midnight)
    }

    deinit { table.free() }

    /// Forgets the time: the epoch's messages are not of the second before it.
    public func beginEpoch() { clock.beginEpoch() }

    public func decode(
        _ blocks: UnsafeRawBufferPointer, cursor: inout BlockCursor, context: DeliveryContext,
        into ticks: UnsafeMutablePointer<Tick>, capacity: Int
    ) -> Int {
        guard let base = blocks.baseAddress else { return 0 }
        let isLate = context.flags.contains(.recovered)
        if isLate { clock.beginLate(sequence: cursor.sequence) }
        var emitter = TickEmitter(ticks: ticks, context: context)
        var offset = cursor.offset
        var remaining = cursor.remaining
        var sequence = cursor.sequence
        // Unsequenced messages have no numbers.
        let step: UInt64 = sequence == 0 ? 0 : 1
        let last = capacity - Self.ticksPerMessageMax
        while remaining > 0, emitter.count <= last {
            let message = base + offset
            let length = Int(message.byte(0))
            offset &+= length
            remaining &-= 1
            // A message of one byte has no type.
            let type = length > 1 ? message.byte(1) : 0
            if table.accept(byte: type, length: length) {
                emitter.sequence = sequence
                emitter.instrument = 0
                decodeMessage(Int(type), message, length, &emitter)
            }
            sequence &+= step
        }
        cursor = BlockCursor(offset: offset, remaining: remaining, sequence: sequence)
        if isLate { clock.endLate() }
        return emitter.count
    }

    /// The order flow; all else stands out of line.
    @inline(__always)
    private func decodeMessage(
        _ type: Int, _ message: UnsafeRawPointer, _ length: Int, _ emitter: inout TickEmitter
    ) {
        if layout == .australia { return decodeAustralia(type, message, &emitter) }
        // Where a message has a time offset, it stands here.
        emitter.exchangeTime = clock.time(message.little32(2))
        switch type {
        case PitchMessage.addOrderShort:
            let add = PitchAddOrderShort(message)
            emitter.instrument = instrument(add.symbolKey)
            emitter.emit(
                .add, orderID: add.orderID, price: price(add.price),
                quantity: Int64(add.quantity), side: side(add.side),
                detail: hasFlags ? add.flags & ~1 : 0)
        case PitchMessage.addOrderLong:
            let add = PitchAddOrderLong(message)
            emitter.instrument = instrument(add.symbolKey)
            emitter.emit(
                .add, orderID: add.orderID, price: price(add.price),
                quantity: Int64(add.quantity), side: side(add.side),
                detail: hasFlags ? add.flags & ~1 : 0)
        case PitchMessage.deleteOrder:
            emitter.emit(.delete, orderID: PitchDeleteOrder(message).orderID)
        case PitchMessage.modifyOrderShort:
            let order = PitchModifyOrderShort(message)
            modify(
                order.orderID, price(order.price), Int64(order.quantity),
                flags: hasFlags ? order.flags : 0, &emitter)
        case PitchMessage.modifyOrderLong:
            let order = PitchModifyOrderLong(message)
            modify(
                order.orderID, price(order.price), Int64(order.quantity),
                flags: hasFlags ? order.flags : 0, &emitter)
        case PitchMessage.reduceSizeShort:
            let order = PitchReduceSizeShort(message)
            emitter.emit(.cancel, orderID: order.orderID, quantity: Int64(order.quantity))
        case PitchMessage.reduceSizeLong:
            let order = PitchReduceSizeLong(message)
            emitter.emit(.cancel, orderID: order.orderID, quantity: Int64(order.quantity))
        case PitchMessage.orderExecuted:
            let order = PitchOrderExecuted(message, length: length)
            execute(
                order.orderID, order.executionID, Int64(order.quantity),
                extra: hasConditions ? UInt32(order.condition) : tradeFlags(message + 26),
                &emitter)
        case PitchMessage.time:
            let time = PitchTime(message, length: length)
            if time.epochSeconds != 0 {
                clock.begin(epochSeconds: time.epochSeconds, sequence: emitter.sequence)
            } else {
                clock.begin(secondOfDay: time.seconds, sequence: emitter.sequence)
            }
        default:
            decodeRare(type, message, length, &emitter)
        }
    }

    @inline(__always)
    func modify(
        _ id: UInt64, _ price: Int64, _ quantity: Int64, flags: UInt8,
        _ emitter: inout TickEmitter
    ) {
        if flags & 2 != 0 {
            emitter.emit(.modify, orderID: id, price: price, quantity: quantity)
        } else {
            emitter.emit(.delete, orderID: id, flags: .replaced)
            emitter.emit(
                .add, orderID: id, price: price, quantity: quantity,
                flags: [.replaced, .lastOfEvent])
        }
    }

    /// Price and aggressor of the trade come from the resting order: the books complete them.
    @inline(__always)
    func execute(
        _ id: UInt64, _ executionID: UInt64, _ quantity: Int64, price: Int64 = Price.none,
        extra: UInt32, _ emitter: inout TickEmitter
    ) {
        emitter.emit(
            .trade, orderID: executionID, price: price, quantity: quantity,
            flags: Self.auctionFlag(executionID), extra: extra)
        emitter.emit(.fill, orderID: id, quantity: quantity)
    }

    /// Four letters of Europe's trades; other feeds have none there.
    @inline(__always)
    func tradeFlags(_ letters: UnsafeRawPointer) -> UInt32 {
        layout == .europe ? letters.little32(0) : 0
    }

    @inline(__always)
    func side(_ letter: UInt8) -> Side {
        switch letter {
        case PitchSide.bid.rawValue: .bid
        case PitchSide.ask.rawValue: .ask
        default: .none
        }
    }

    /// A long price in billionths.
    @inline(__always)
    func price(_ raw: UInt64) -> Int64 {
        let value =
            isSigned
            ? wireBillionths(Int64(bitPattern: raw), scale: 100_000)
            : wireBillionths(raw, scale: 100_000)
        if let value { return value }
        counters.unrepresentable &+= 1
        return Price.none
    }

    /// A short price in billionths.
    @inline(__always)
    func price(_ raw: UInt16) -> Int64 {
        (isSigned ? Int64(Int16(bitPattern: raw)) : Int64(raw)) &* 10_000_000
    }

    /// Execution ids are shown as nine base-36 digits, whose first says where it happened: C in an
    /// auction, P in a periodic auction (cboe-pitch.md §1.3).
    @inline(__always)
    static func auctionFlag(_ executionID: UInt64) -> TickFlags {
        let digit = 2_821_109_907_456 as UInt64
        let isAuction =
            (12 * digit..<13 * digit).contains(executionID)
            || (25 * digit..<26 * digit).contains(executionID)
        return isAuction ? .auction : []
    }

    @inline(__always)
    func instrument(_ symbol: UInt64) -> UInt32 {
        let id = directory.findOrAdd(symbol: symbol, venue: venue, code: 0, channel: channel)
        if id == 0 { counters.directoryFull &+= 1 }
        return id
    }

    /// `accept` took a message whose parts do not lie inside it.
    func retract(_ type: Int) { table.retract(type) }

    /// The counters so far; not for the hot path.
    public func snapshotCounters() -> DecoderCounters {
        var result = counters
        table.fill(&result)
        return result
    }
}
