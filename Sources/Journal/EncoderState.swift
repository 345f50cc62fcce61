import Ticks

/// The narrow columns on the encoding side.
final class NarrowColumns {
    let timeShort: UnsafeMutablePointer<UInt16>
    let instrument: UnsafeMutablePointer<UInt16>
    let rank: UnsafeMutablePointer<UInt8>
    let orderNew: UnsafeMutablePointer<UInt8>
    let priceByte: UnsafeMutablePointer<UInt8>
    let quantityByte: UnsafeMutablePointer<UInt8>

    /// Each holds one more than `ticksMax`, which unconditional stores may hit.
    init(ticksMax: Int) {
        timeShort = .allocate(capacity: ticksMax + 1)
        instrument = .allocate(capacity: ticksMax + 1)
        rank = .allocate(capacity: ticksMax + 1)
        orderNew = .allocate(capacity: ticksMax + 1)
        priceByte = .allocate(capacity: ticksMax + 1)
        quantityByte = .allocate(capacity: ticksMax + 1)
    }

    deinit {
        timeShort.deallocate()
        instrument.deallocate()
        rank.deallocate()
        orderNew.deallocate()
        priceByte.deallocate()
        quantityByte.deallocate()
    }
}

/// The predictors of one run on the encoding side. The decoder keeps the same state; both start
/// from zero and move by the same rules (FORMAT.md, "Prediction").
///
/// Values are stored whether they are needed or not and the place moves on only if they are: the
/// choices are as random as the market, and a mispredicted branch costs more than all of it.
struct EncoderState {
    typealias Wide = UnsafeMutablePointer<UInt64>

    private(set) var timeLong: Wide
    private(set) var capture: Wide
    private(set) var sequence: Wide
    private(set) var line: Wide
    private(set) var extra: Wide
    private(set) var orderOld: Wide
    private(set) var distance: Wide
    private(set) var priceWide: Wide
    private(set) var quantityWide: Wide
    private(set) var timeShort: UnsafeMutablePointer<UInt16>
    private(set) var instrument: UnsafeMutablePointer<UInt16>
    private(set) var rank: UnsafeMutablePointer<UInt8>
    private(set) var orderNew: UnsafeMutablePointer<UInt8>
    private(set) var priceByte: UnsafeMutablePointer<UInt8>
    private(set) var quantityByte: UnsafeMutablePointer<UInt8>

    private let nextSequences: UnsafeMutablePointer<UInt64>
    private var exchangeTime: UInt64 = 0
    private var captureTime: UInt64 = 0
    private var captureOffset: UInt64 = 0
    private var lineNumber: UInt8 = 0
    private var code = 0
    private var newestOrder: UInt64 = 0
    private var newestMatch: UInt64 = 0
    private var previousPrice: Int64 = 0
    private var previousQuantity: Int64 = 0

    init(_ scratch: ColumnScratch, _ narrow: NarrowColumns) {
        timeLong = scratch.values(.timeLong)
        capture = scratch.values(.capture)
        sequence = scratch.values(.sequence)
        line = scratch.values(.line)
        extra = scratch.values(.extra)
        orderOld = scratch.values(.orderOld)
        distance = scratch.values(.distance)
        priceWide = scratch.values(.priceWide)
        quantityWide = scratch.values(.quantityWide)
        timeShort = narrow.timeShort
        instrument = narrow.instrument
        rank = narrow.rank
        orderNew = narrow.orderNew
        priceByte = narrow.priceByte
        quantityByte = narrow.quantityByte
        nextSequences = scratch.nextSequences
    }

    @inline(__always)
    private func one(_ condition: Bool) -> Int { condition ? 1 : 0 }

    /// Exchange and capture time, sequence, line and extra.
    @inline(__always)
    mutating func envelope(_ tick: UnsafePointer<Tick>) -> UInt16 {
        let time = tick.pointee.exchangeTime
        let change = time &- exchangeTime
        let isZero = time == 0
        let isShort = change < 65_536 && change != 0 && !isZero
        let isLong = change >= 65_536 && !isZero
        timeShort.pointee = UInt16(truncatingIfNeeded: change)
        timeShort += one(isShort)
        timeLong.pointee = change
        timeLong += one(isLong)
        exchangeTime = isZero ? exchangeTime : time
        var selectors =
            isZero ? TickColumns.TimeSelector.zero : UInt16(one(isShort) + one(isLong) * 2)

        if tick.pointee.captureTime != captureTime {
            captureTime = tick.pointee.captureTime
            let offset = captureTime &- exchangeTime
            capture.pointee = offset &- captureOffset
            capture += 1
            captureOffset = offset
            selectors |= TickColumns.Selector.capture
        }
        let slot = Int(tick.pointee.channel) & Int(TickColumns.channelMask)
        let jump = tick.pointee.sequence &- nextSequences[slot]
        // Ticks of one message share its sequence; the last of them says so.
        nextSequences[slot] =
            tick.pointee.sequence &+ UInt64(tick.pointee.flags & TickFlags.lastOfEvent.rawValue)
        if jump != 0 {
            sequence.pointee = jump
            sequence += 1
            selectors |= TickColumns.Selector.sequence
        }
        if tick.pointee.line != lineNumber {
            lineNumber = tick.pointee.line
            line.pointee = UInt64(lineNumber)
            line += 1
            selectors |= TickColumns.Selector.line
        }
        if tick.pointee.extra != 0 {
            extra.pointee = UInt64(tick.pointee.extra)
            extra += 1
            selectors |= TickColumns.Selector.extra
        }
        return selectors
    }

    @inline(__always)
    mutating func instrument(code next: Int) -> UInt16 {
        let changed = next != code
        instrument.pointee = UInt16(truncatingIfNeeded: next)
        instrument += one(changed)
        code = next
        return changed ? TickColumns.Selector.instrument : 0
    }

    /// - Parameters:
    ///   - back: how many ticks back the order was introduced, 0 if it was not.
    ///   - age: orders that its instrument introduced since.
    ///   - isNear: whether the instrument still remembers it.
    @inline(__always)
    mutating func order(
        _ tick: UnsafePointer<Tick>, back: Int, age: UInt32, isNear: Bool
    ) -> UInt16 {
        let id = tick.pointee.orderID
        let isAdd = tick.pointee.kind == TickKind.add.rawValue
        let isTrade = tick.pointee.kind == TickKind.trade.rawValue
        let isKnown = back != 0
        let isFresh = id != 0 && !isKnown
        let step = id &- (isTrade ? newestMatch : newestOrder)
        let isNew = isFresh && (isAdd || isTrade) && step < 256
        let isOld = isFresh && !isNew
        rank.pointee = UInt8(truncatingIfNeeded: age)
        rank += one(isNear)
        distance.pointee = UInt64(truncatingIfNeeded: back)
        distance += one(isKnown && !isNear)
        orderNew.pointee = UInt8(truncatingIfNeeded: step)
        orderNew += one(isNew)
        orderOld.pointee = newestOrder &- id
        orderOld += one(isOld)
        newestOrder = isAdd && isFresh ? id : newestOrder
        newestMatch = isTrade && isFresh ? id : newestMatch
        let known =
            isNear ? TickColumns.OrderSelector.rank : TickColumns.OrderSelector.distance
        let fresh = isNew ? TickColumns.OrderSelector.new : TickColumns.OrderSelector.old
        let selector = isKnown ? known : isFresh ? fresh : TickColumns.OrderSelector.zero
        return selector &<< TickColumns.Selector.orderShift
    }

    /// - Parameter prices: the instrument's last prices.
    @inline(__always)
    mutating func price(
        _ tick: UnsafePointer<Tick>, base: UnsafePointer<Tick>, hasBase: Bool,
        prices: UnsafeMutablePointer<Int64>
    ) -> UInt16 {
        let price = tick.pointee.price
        let previous = previousPrice
        previousPrice = price
        let shift = TickColumns.Selector.priceShift
        if price == Price.none { return TickColumns.PriceSelector.none &<< shift }
        let slot = InstrumentState.slot(side: tick.pointee.side)
        // The other side's, if this one has none: an index, not a branch.
        let before = prices[slot ^ one(prices[slot] == 0)]
        prices[slot] = price
        let expected = hasBase ? base.pointee.price : previous
        let isExplicit = price != expected && price != previous
        // The quotient that a multiplication by the unit undoes exactly, or another unit.
        let change = price &- before
        let cents = change / Int64(TickColumns.centUnit)
        let isCents = cents &* Int64(TickColumns.centUnit) == change
        if isExplicit && !isCents { return otherPrice(change) &<< shift }
        let isByte = cents == Int64(Int8(truncatingIfNeeded: cents))
        priceByte.pointee = UInt8(truncatingIfNeeded: cents)
        priceByte += one(isExplicit && isByte)
        priceWide.pointee = UInt64(bitPattern: cents)
        priceWide += one(isExplicit && !isByte)
        let same =
            price == expected
            ? TickColumns.PriceSelector.base : TickColumns.PriceSelector.previous
        let other =
            isByte ? TickColumns.PriceSelector.centsByte : TickColumns.PriceSelector.cents
        return (isExplicit ? other : same) &<< shift
    }

    /// A price in no whole cents.
    private mutating func otherPrice(_ change: Int64) -> UInt16 {
        let hundredths = change / Int64(TickColumns.hundredthCentUnit)
        let isHundredths = hundredths &* Int64(TickColumns.hundredthCentUnit) == change
        priceWide.pointee = UInt64(bitPattern: isHundredths ? hundredths : change)
        priceWide += 1
        return isHundredths
            ? TickColumns.PriceSelector.hundredthCents : TickColumns.PriceSelector.units
    }

    @inline(__always)
    mutating func quantity(
        _ tick: UnsafePointer<Tick>, base: UnsafePointer<Tick>, hasBase: Bool
    ) -> UInt16 {
        typealias Selector = TickColumns.QuantitySelector
        let quantity = tick.pointee.quantity
        let previous = previousQuantity
        previousQuantity = quantity
        let expected = hasBase ? base.pointee.quantity : previous
        let value = UInt64(bitPattern: quantity)
        let lots = value / TickColumns.roundLot
        let isLots = lots &* TickColumns.roundLot == value && lots < 256
        let isUnits = value < 256
        let isByte = isLots || isUnits
        let isNone = quantity == Quantity.none
        let isRoundLot = value == TickColumns.roundLot
        let isImplied =
            quantity == expected || quantity == previous || isRoundLot || isNone
        quantityByte.pointee = UInt8(truncatingIfNeeded: isLots ? lots : value)
        quantityByte += one(!isImplied && isByte)
        quantityWide.pointee = value
        quantityWide += one(!isImplied && !isByte)
        var selector = isLots ? Selector.lotsByte : isUnits ? Selector.unitsByte : Selector.units
        selector = isNone ? Selector.none : selector
        selector = isRoundLot ? Selector.roundLot : selector
        selector = quantity == previous ? Selector.previous : selector
        selector = quantity == expected ? Selector.base : selector
        return selector &<< TickColumns.Selector.quantityShift
    }
}
