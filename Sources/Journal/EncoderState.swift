import Ticks

/// The predictors of one run on the encoding side. The decoder keeps the same state; both start
/// from zero and move by the same rules (FORMAT.md, "Prediction").
struct EncoderState {
    typealias Column = UnsafeMutablePointer<UInt64>

    private let exchangeTimes: Column
    private var captureTimes: Column
    private var sequences: Column
    private var newOrders: Column
    private var oldOrders: Column
    private var references: Column
    private var prices: Column
    private var quantities: Column
    var instruments: Column
    var extras: Column

    private let starts: [Column]
    private let lastPrices: UnsafeMutablePointer<Int64>
    private let nextSequences: UnsafeMutablePointer<UInt64>
    private let priceMask: Int
    private var lastExchangeTime: UInt64 = 0
    private var lastCaptureTime: UInt64 = 0
    private var newestOrder: UInt64 = 0
    private var newestMatch: UInt64 = 0

    init(_ scratch: ColumnScratch, priceMask: Int) {
        let columns = scratch.residuals
        starts = columns
        exchangeTimes = columns[0]
        captureTimes = columns[1]
        sequences = columns[2]
        newOrders = columns[3]
        oldOrders = columns[4]
        references = columns[5]
        prices = columns[6]
        quantities = columns[7]
        instruments = columns[8]
        extras = columns[9]
        lastPrices = scratch.lastPrices
        nextSequences = scratch.nextSequences
        self.priceMask = priceMask
    }

    /// How many residuals each field has.
    func store(counts: inout [Int], exchangeTimes count: Int) {
        counts[0] = count
        let ends = [
            captureTimes, sequences, newOrders, oldOrders, references, prices, quantities,
            instruments, extras,
        ]
        for (i, end) in ends.enumerated() { counts[i + 1] = end - starts[i + 1] }
    }

    @inline(__always)
    func push(_ column: inout Column, _ value: UInt64) {
        column.pointee = value
        column += 1
    }

    @inline(__always)
    mutating func times(_ tick: UnsafePointer<Tick>, index: Int) -> UInt8 {
        let exchangeTime = tick.pointee.exchangeTime
        exchangeTimes[index] = exchangeTime &- lastExchangeTime
        lastExchangeTime = exchangeTime != 0 ? exchangeTime : lastExchangeTime
        let captureTime = tick.pointee.captureTime
        let change = captureTime &- lastCaptureTime
        lastCaptureTime = captureTime
        captureTimes.pointee = change
        captureTimes += change != 0 ? 1 : 0
        return change != 0 ? TickColumns.Present.captureTime : 0
    }

    @inline(__always)
    mutating func sequence(_ tick: UnsafePointer<Tick>, attributes: UInt64) -> UInt8 {
        let slot = Int(truncatingIfNeeded: attributes & TickColumns.channelMask)
        let sequence = tick.pointee.sequence
        let change = sequence &- nextSequences[slot]
        // Ticks of one message share its sequence; the last of them says so.
        nextSequences[slot] =
            sequence &+ UInt64(tick.pointee.flags & TickColumns.lastOfEventBit)
        sequences.pointee = change
        sequences += change != 0 ? 1 : 0
        return change != 0 ? TickColumns.Present.sequence : 0
    }

    @inline(__always)
    mutating func order(_ tick: UnsafePointer<Tick>, distance: Int) -> UInt8 {
        let id = tick.pointee.orderID
        let kind = tick.pointee.kind
        defer {
            newestOrder = kind == TickKind.add.rawValue ? id : newestOrder
            newestMatch = kind == TickKind.trade.rawValue ? id : newestMatch
        }
        if id == 0 { return TickColumns.OrderSelector.zero }
        if distance > 0 {
            push(&references, UInt64(truncatingIfNeeded: distance))
            return TickColumns.OrderSelector.reference
        }
        if kind == TickKind.trade.rawValue {
            push(&newOrders, id &- newestMatch)
            return TickColumns.OrderSelector.new
        }
        if kind == TickKind.add.rawValue {
            push(&newOrders, id &- newestOrder)
            return TickColumns.OrderSelector.new
        }
        push(&oldOrders, newestOrder &- id)
        return TickColumns.OrderSelector.old
    }

    @inline(__always)
    mutating func price(_ tick: UnsafePointer<Tick>, base: UnsafePointer<Tick>) -> UInt8 {
        let price = tick.pointee.price
        if price == Price.none { return TickColumns.PriceSelector.none }
        let ask = Int(tick.pointee.side) &>> 1 & 1
        let slot = (Int(truncatingIfNeeded: tick.pointee.instrument) &* 2 &+ ask) & priceMask
        let last = lastPrices[slot]
        lastPrices[slot] = price
        if price == base.pointee.price { return TickColumns.PriceSelector.base }
        let change = price &- last
        // The quotient that a multiplication by the unit undoes exactly, or another unit.
        let cents = change / Int64(TickColumns.centUnit)
        if cents &* Int64(TickColumns.centUnit) == change {
            push(&prices, UInt64(bitPattern: cents))
            return TickColumns.PriceSelector.cents
        }
        let hundredths = change / Int64(TickColumns.hundredthCentUnit)
        if hundredths &* Int64(TickColumns.hundredthCentUnit) == change {
            push(&prices, UInt64(bitPattern: hundredths))
            return TickColumns.PriceSelector.hundredthCents
        }
        push(&prices, UInt64(bitPattern: change))
        return TickColumns.PriceSelector.units
    }

    @inline(__always)
    mutating func quantity(_ tick: UnsafePointer<Tick>, base: UnsafePointer<Tick>) -> UInt8 {
        let quantity = tick.pointee.quantity
        if quantity == base.pointee.quantity { return TickColumns.QuantitySelector.base }
        if quantity == Quantity.none { return TickColumns.QuantitySelector.none }
        let hundreds = quantity / 100
        if hundreds &* 100 == quantity {
            push(&quantities, UInt64(bitPattern: hundreds))
            return TickColumns.QuantitySelector.hundreds
        }
        push(&quantities, UInt64(bitPattern: quantity))
        return TickColumns.QuantitySelector.units
    }
}
