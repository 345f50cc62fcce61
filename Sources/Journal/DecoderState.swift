import Ticks

/// Where a run's tick-wide columns lie; the bounds have been checked.
struct DecoderColumns {
    var priceBits: Int
    var dictionary: UnsafeRawPointer
    var dictionaryCount: Int
    var codes: UnsafePointer<UInt8>
    /// The high bytes of the codes; the low ones again if there are none.
    var codesHigh: UnsafePointer<UInt8>
    /// 255 or 0.
    var codesHighMask: UInt64
    var selectors: UnsafePointer<UInt8>
    var present: UnsafePointer<UInt8>
}

/// What a selector or kind switches on, as masks of all ones or zero.
///
/// They are looked up in memory, not computed: from a comparison the compiler makes branches, and
/// these mispredict often (measured: 26.4 ns a tick against 21.9).
final class DecoderMasks {
    struct Order {
        var reference: UInt64
        var new: UInt64
        var old: UInt64
    }

    struct Kind {
        var add: UInt64
        var trade: UInt64
    }

    struct Value {
        /// What the residual is multiplied by; 0 where there is none.
        var unit: UInt64
        var explicit: UInt64
        var none: UInt64
    }

    let orders = UnsafeMutablePointer<Order>.allocate(capacity: 4)
    let kinds = UnsafeMutablePointer<Kind>.allocate(capacity: 256)
    let prices = UnsafeMutablePointer<Value>.allocate(capacity: 8)
    let quantities = UnsafeMutablePointer<Value>.allocate(capacity: 8)

    init() {
        for i in 0..<UInt8(4) {
            let order = Order(
                reference: Self.mask(i == TickColumns.OrderSelector.reference),
                new: Self.mask(i == TickColumns.OrderSelector.new),
                old: Self.mask(i == TickColumns.OrderSelector.old))
            (orders + Int(i)).initialize(to: order)
        }
        for i in UInt8.min...UInt8.max {
            let kind = Kind(
                add: Self.mask(i == TickKind.add.rawValue),
                trade: Self.mask(i == TickKind.trade.rawValue))
            (kinds + Int(i)).initialize(to: kind)
        }
        let priceUnits = [0, TickColumns.centUnit, TickColumns.hundredthCentUnit, 1, 0, 0, 0, 0]
        let quantityUnits: [UInt64] = [0, 100, 1, 0, 0, 0, 0, 0]
        for i in 0..<8 {
            let price = Value(
                unit: priceUnits[i], explicit: Self.mask(priceUnits[i] != 0),
                none: Self.mask(i == Int(TickColumns.PriceSelector.none)))
            (prices + i).initialize(to: price)
            let quantity = Value(
                unit: quantityUnits[i], explicit: Self.mask(quantityUnits[i] != 0),
                none: Self.mask(i == Int(TickColumns.QuantitySelector.none)))
            (quantities + i).initialize(to: quantity)
        }
    }

    deinit {
        orders.deallocate()
        kinds.deallocate()
        prices.deallocate()
        quantities.deallocate()
    }

    private static func mask(_ condition: Bool) -> UInt64 { condition ? .max : 0 }
}

/// The predictors of one run on the decoding side.
///
/// The fields are rebuilt a few at a time over chunks that stay in the first-level cache: one loop
/// over all of them would hold some thirty values and spill most.
struct DecoderState {
    typealias Column = UnsafeMutablePointer<UInt64>

    static let chunkSize = 256

    private let columns: DecoderColumns
    private let bases: UnsafeMutablePointer<Int32>
    private let lastPrices: UnsafeMutablePointer<Int64>
    private let nextSequences: UnsafeMutablePointer<UInt64>
    private let orderMasks: UnsafeMutablePointer<DecoderMasks.Order>
    private let kindMasks: UnsafeMutablePointer<DecoderMasks.Kind>
    private let priceMasks: UnsafeMutablePointer<DecoderMasks.Value>
    private let quantityMasks: UnsafeMutablePointer<DecoderMasks.Value>
    private let exchangeTimes: Column
    private var captureTimes: Column
    private var sequences: Column
    private var newOrders: Column
    private var oldOrders: Column
    private var references: Column
    private var prices: Column
    private var quantities: Column
    private var instruments: Column
    private var extras: Column
    private var lastExchangeTime: UInt64 = 0
    private var lastCaptureTime: UInt64 = 0
    private var newestOrder: UInt64 = 0
    private var newestMatch: UInt64 = 0
    private var lastInstrument: UInt64 = 0
    private var lastQuantity: UInt64 = 0
    private var lastPrice: UInt64 = 0
    /// A code or reference was impossible.
    private(set) var bad = false

    init(_ scratch: ColumnScratch, columns: DecoderColumns, masks: DecoderMasks) {
        self.columns = columns
        orderMasks = masks.orders
        kindMasks = masks.kinds
        priceMasks = masks.prices
        quantityMasks = masks.quantities
        bases = scratch.bases
        lastPrices = scratch.lastPrices
        nextSequences = scratch.nextSequences
        exchangeTimes = scratch.residuals[0]
        captureTimes = scratch.residuals[1]
        sequences = scratch.residuals[2]
        newOrders = scratch.residuals[3]
        oldOrders = scratch.residuals[4]
        references = scratch.residuals[5]
        prices = scratch.residuals[6]
        quantities = scratch.residuals[7]
        instruments = scratch.residuals[8]
        extras = scratch.residuals[9]
    }

    /// Rebuilds all ticks. Every column is left by at most one value a tick, and the scratch holds
    /// one more than the longest run, so that no check is needed before the end.
    mutating func rebuild(count: Int, into output: UnsafeMutablePointer<Tick>) {
        var start = 0
        while start < count {
            let end = min(start + Self.chunkSize, count)
            attributesAndSequences(start..<end, output)
            times(start..<end, output)
            orders(start..<end, output)
            if hasNone(start..<end) {
                values(start..<end, output, hasNone: true)
            } else {
                values(start..<end, output, hasNone: false)
            }
            start = end
        }
    }

    /// How many values each field has given, in the order of the fields.
    func used(exchangeTimes count: Int, of scratch: ColumnScratch) -> [Int] {
        let ends = [
            captureTimes, sequences, newOrders, oldOrders, references, prices, quantities,
            instruments, extras,
        ]
        return [count] + ends.enumerated().map { $1 - scratch.residuals[$0 + 1] }
    }

    @inline(__always)
    private func mask(_ condition: Bool) -> UInt64 { 0 &- (condition ? 1 : 0) }

    private mutating func attributesAndSequences(
        _ range: Range<Int>, _ output: UnsafeMutablePointer<Tick>
    ) {
        let columns = columns
        let dictionaryCount = UInt64(truncatingIfNeeded: columns.dictionaryCount)
        let nextSequences = nextSequences
        var changes = sequences
        var outside = UInt64(0)
        for i in range {
            var code =
                UInt64(columns.codes[i])
                | (UInt64(columns.codesHigh[i]) & columns.codesHighMask) &<< 8
            let inside = mask(code < dictionaryCount)
            outside |= ~inside
            code &= inside
            let attributes = columns.dictionary.loadLittle(
                UInt64.self, at: Int(truncatingIfNeeded: code) &* 8)
            let slot = Int(truncatingIfNeeded: attributes & TickColumns.channelMask)
            let has = UInt64(columns.present[i]) &>> 1 & 1
            let sequence = nextSequences[slot] &+ (changes.pointee & (0 &- has))
            changes += Int(truncatingIfNeeded: has)
            // Bit 32: the flag last-of-event, after which the channel's sequence moves on.
            nextSequences[slot] = sequence &+ (attributes &>> 32 & 1)
            output[i].sequence = sequence
            UnsafeMutableRawPointer(output + i).storeBytes(
                of: attributes.littleEndian, toByteOffset: 52, as: UInt64.self)
        }
        sequences = changes
        bad = bad || outside != 0
    }

    private mutating func times(_ range: Range<Int>, _ output: UnsafeMutablePointer<Tick>) {
        let (present, residuals) = (columns.present, exchangeTimes)
        var (captures, extras) = (captureTimes, extras)
        var (exchangeTime, captureTime) = (lastExchangeTime, lastCaptureTime)
        for i in range {
            let time = exchangeTime &+ residuals[i]
            output[i].exchangeTime = time
            exchangeTime = time != 0 ? time : exchangeTime
            let flags = UInt64(present[i])
            let hasCapture = flags & 1
            captureTime = captureTime &+ (captures.pointee & (0 &- hasCapture))
            captures += Int(truncatingIfNeeded: hasCapture)
            output[i].captureTime = captureTime
            let hasExtra = flags &>> 2 & 1
            output[i].extra = UInt32(truncatingIfNeeded: extras.pointee & (0 &- hasExtra))
            extras += Int(truncatingIfNeeded: hasExtra)
        }
        (captureTimes, self.extras) = (captures, extras)
        (lastExchangeTime, lastCaptureTime) = (exchangeTime, captureTime)
    }

    private mutating func orders(_ range: Range<Int>, _ output: UnsafeMutablePointer<Tick>) {
        let (selectors, bases) = (columns.selectors, bases)
        let (orderMasks, kindMasks) = (orderMasks, kindMasks)
        var (new, old, references) = (newOrders, oldOrders, references)
        var (newest, match) = (newestOrder, newestMatch)
        var outside = 0
        for i in range {
            let order = orderMasks[Int(selectors[i] & 3)]
            let (isReference, isNew, isOld) = (order.reference, order.new, order.old)
            // Distances are 1 … 65,536; one that reaches before the first tick leads to it.
            let target = i &- Int(truncatingIfNeeded: references.pointee & isReference)
            let before = target &>> 63
            outside |= before
            let at = target & ~before
            references += Int(truncatingIfNeeded: isReference & 1)
            bases[i &- range.lowerBound] = Int32(truncatingIfNeeded: i &- at)
            let kind = kindMasks[Int(output[i].kind)]
            let (isTrade, isAdd) = (kind.trade, kind.add)
            let start = newest ^ ((newest ^ match) & isTrade)
            var id = output[at].orderID & isReference
            id |= (start &+ new.pointee) & isNew
            id |= (newest &- old.pointee) & isOld
            new += Int(truncatingIfNeeded: isNew & 1)
            old += Int(truncatingIfNeeded: isOld & 1)
            newest ^= (newest ^ id) & isAdd
            match ^= (match ^ id) & isTrade
            output[i].orderID = id
        }
        (newOrders, oldOrders, self.references) = (new, old, references)
        (newestOrder, newestMatch) = (newest, match)
        bad = bad || outside != 0
    }

    /// Instrument, quantity and price: each waits for its base's, so that one loop over all three
    /// waits once. The tick before is kept in registers: what was just stored is slow to load. `hasNone` is a constant at both calls: chunks without absent values, which are
    /// nearly all, are spared the work for them.
    @inline(__always)
    private mutating func values(
        _ range: Range<Int>, _ output: UnsafeMutablePointer<Tick>, hasNone: Bool
    ) {
        let (selectors, present, bases) = (columns.selectors, columns.present, bases)
        let (priceMasks, quantityMasks, last) = (priceMasks, quantityMasks, lastPrices)
        let slotMask = (1 << columns.priceBits) &- 1
        let orderMasks = orderMasks
        var (instruments, quantities, changes) = (instruments, quantities, prices)
        var (instrument, quantity, price) = (lastInstrument, lastQuantity, lastPrice)
        for i in range {
            // Without a reference this tick itself, whose fields are then not used.
            let base = output + (i &- Int(bases[i &- range.lowerBound]))
            let selector = Int(selectors[i])
            let isReference = orderMasks[selector & 3].reference
            let has = 0 &- (UInt64(present[i]) &>> 3 & 1)
            instrument ^= (instrument ^ UInt64(base.pointee.instrument)) & isReference
            instrument ^= (instrument ^ instruments.pointee) & has
            instruments += Int(truncatingIfNeeded: has & 1)
            output[i].instrument = UInt32(truncatingIfNeeded: instrument)

            let quantityMask = quantityMasks[selector &>> 5]
            let oldQuantity = UInt64(bitPattern: base.pointee.quantity)
            quantity ^= (quantity ^ oldQuantity) & isReference
            quantity &= ~quantityMask.explicit
            quantity |= quantities.pointee &* quantityMask.unit
            quantities += Int(truncatingIfNeeded: quantityMask.explicit & 1)
            if hasNone {
                quantity &= ~quantityMask.none
                quantity |= UInt64(bitPattern: Quantity.none) & quantityMask.none
            }
            output[i].quantity = Int64(bitPattern: quantity)

            let priceMask = priceMasks[selector &>> 2 & 7]
            let ask = Int(output[i].side) &>> 1 & 1
            let slot = (Int(truncatingIfNeeded: instrument) &* 2 &+ ask) & slotMask
            let before = UInt64(bitPattern: last[slot])
            price ^= (price ^ UInt64(bitPattern: base.pointee.price)) & isReference
            price ^= (price ^ before) & priceMask.explicit
            price = price &+ (changes.pointee &* priceMask.unit)
            changes += Int(truncatingIfNeeded: priceMask.explicit & 1)
            if hasNone {
                last[slot] = Int64(bitPattern: price ^ ((price ^ before) & priceMask.none))
                price = price & ~priceMask.none
                price |= UInt64(bitPattern: Price.none) & priceMask.none
            } else {
                last[slot] = Int64(bitPattern: price)
            }
            output[i].price = Int64(bitPattern: price)
        }
        (self.instruments, self.quantities, prices) = (instruments, quantities, changes)
        (lastInstrument, lastQuantity, lastPrice) = (instrument, quantity, price)
    }

    /// Whether a tick of the chunk has no price or no quantity.
    private func hasNone(_ range: Range<Int>) -> Bool {
        let selectors = columns.selectors
        var found: UInt8 = 0
        for i in range {
            let selector = selectors[i]
            // Price selector 4 alone has bit 4, quantity selector 3 alone has bits 5 and 6.
            found |= (selector & 0x10) | (selector & (selector &<< 1) & 0x40)
        }
        return found != 0
    }
}
