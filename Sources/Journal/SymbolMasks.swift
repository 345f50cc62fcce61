import Glibc
import Ticks

/// What each symbol of a run switches on, as masks of all ones or zero.
///
/// They are looked up in memory, not computed: from a comparison the compiler makes branches, and
/// on market data these mispredict often.
final class SymbolMasks {
    /// For times, sequence and attributes: 32 bytes.
    struct Envelope {
        var attributes: UInt64 = 0
        /// 65,535 or 0.
        var short: UInt64 = 0
        var long: UInt64 = 0
        /// The selectors of what is rare, and bit 0 if there is no exchange time.
        var rare: UInt64 = 0
    }

    /// For instrument and order: 64 bytes.
    struct Order {
        var instrument: UInt64 = 0
        var rank: UInt64 = 0
        var distance: UInt64 = 0
        var new: UInt64 = 0
        var old: UInt64 = 0
        /// An `add`, or a `trade`, of an order that no tick of the run introduced before.
        var add: UInt64 = 0
        var trade: UInt64 = 0
        /// 1 if the instrument has one more order to remember.
        var introduces: UInt64 = 0
    }

    /// For price and quantity: 96 bytes. Each is the sum of the parts that are switched on.
    struct Value {
        var priceBase: UInt64 = 0
        var pricePrevious: UInt64 = 0
        var priceLast: UInt64 = 0
        /// What the columns' values are multiplied by.
        var priceByteUnit: UInt64 = 0
        var priceWideUnit: UInt64 = 0
        var priceConstant: UInt64 = 0
        var quantityBase: UInt64 = 0
        var quantityPrevious: UInt64 = 0
        var quantityByteUnit: UInt64 = 0
        var quantityWideUnit: UInt64 = 0
        var quantityConstant: UInt64 = 0
        /// Values used, 0 or 1 each.
        var priceBytes: UInt8 = 0
        var priceWides: UInt8 = 0
        var quantityBytes: UInt8 = 0
        var quantityWides: UInt8 = 0
        /// Which of the instrument's last prices.
        var slot: UInt32 = 0
    }

    static let rareZeroTime: UInt64 = 1

    let envelopes: UnsafeMutablePointer<Envelope>
    let orders: UnsafeMutablePointer<Order>
    let values: UnsafeMutablePointer<Value>

    init(ticksMax: Int) {
        envelopes = .zeroed(capacity: ticksMax + 1)
        orders = .zeroed(capacity: ticksMax + 1)
        values = .zeroed(capacity: ticksMax + 1)
    }

    deinit {
        free(envelopes)
        free(orders)
        free(values)
    }

    @inline(__always)
    private static func mask(_ condition: Bool) -> UInt64 { condition ? .max : 0 }

    /// Reads a run's symbols, ten planes of `count` bytes; false if one is impossible.
    func read(_ bytes: UnsafeRawPointer, count: Int) -> Bool {
        for code in 0..<count {
            var attributes: UInt64 = 0
            for byte in 0..<8 {
                let value = bytes.loadLittle(UInt8.self, at: byte * count + code)
                attributes |= UInt64(value) << UInt64(byte * 8)
            }
            let low = bytes.loadLittle(UInt8.self, at: 8 * count + code)
            let high = bytes.loadLittle(UInt8.self, at: 9 * count + code)
            let selectors = UInt16(low) | UInt16(high) << 8
            let order = (selectors >> TickColumns.Selector.orderShift) & 7
            let price = (selectors >> TickColumns.Selector.priceShift) & 7
            let quantity = (selectors >> TickColumns.Selector.quantityShift) & 7
            guard order <= TickColumns.OrderSelector.old,
                price <= TickColumns.PriceSelector.none,
                quantity <= TickColumns.QuantitySelector.none,
                attributes & ~TickColumns.attributesMask == 0
            else { return false }
            envelopes[code] = Self.envelope(attributes, selectors)
            orders[code] = Self.order(attributes, selectors, order)
            values[code] = Self.value(attributes, order: order, price: price, quantity: quantity)
        }
        return true
    }

    private static func envelope(_ attributes: UInt64, _ selectors: UInt16) -> Envelope {
        let time = selectors & 3
        var rare = selectors & 0b11_1100
        if time == TickColumns.TimeSelector.zero { rare |= UInt16(rareZeroTime) }
        return Envelope(
            attributes: attributes,
            short: mask(time == TickColumns.TimeSelector.short) & 0xffff,
            long: mask(time == TickColumns.TimeSelector.long), rare: UInt64(rare))
    }

    private static func order(
        _ attributes: UInt64, _ selectors: UInt16, _ order: UInt16
    ) -> Order {
        let kind = UInt8(truncatingIfNeeded: attributes >> 16)
        let isFresh =
            order == TickColumns.OrderSelector.new || order == TickColumns.OrderSelector.old
        let isTrade = kind == TickKind.trade.rawValue
        return Order(
            instrument: mask(selectors & TickColumns.Selector.instrument != 0),
            rank: mask(order == TickColumns.OrderSelector.rank),
            distance: mask(order == TickColumns.OrderSelector.distance),
            new: mask(order == TickColumns.OrderSelector.new),
            old: mask(order == TickColumns.OrderSelector.old),
            add: mask(isFresh && kind == TickKind.add.rawValue), trade: mask(isFresh && isTrade),
            introduces: isFresh && !isTrade ? 1 : 0)
    }

    private static func value(
        _ attributes: UInt64, order: UInt16, price: UInt16, quantity: UInt16
    ) -> Value {
        typealias PriceSelector = TickColumns.PriceSelector
        typealias QuantitySelector = TickColumns.QuantitySelector
        let hasBase =
            order == TickColumns.OrderSelector.rank || order == TickColumns.OrderSelector.distance
        var value = Value()
        value.priceBase = mask(price == PriceSelector.base && hasBase)
        value.pricePrevious = mask(
            price == PriceSelector.previous || (price == PriceSelector.base && !hasBase))
        let isByte = price == PriceSelector.centsByte
        value.priceByteUnit = isByte ? TickColumns.centUnit : 0
        value.priceWideUnit =
            switch price {
            case PriceSelector.cents: TickColumns.centUnit
            case PriceSelector.hundredthCents: TickColumns.hundredthCentUnit
            case PriceSelector.units: 1
            default: 0
            }
        value.priceBytes = isByte ? 1 : 0
        value.priceWides = value.priceWideUnit != 0 ? 1 : 0
        value.priceLast = mask(isByte || value.priceWideUnit != 0)
        let isNone = price == PriceSelector.none
        value.priceConstant = isNone ? UInt64(bitPattern: Price.none) : 0
        value.slot = UInt32(
            isNone
                ? InstrumentState.noPriceSlot
                : InstrumentState.slot(side: UInt8(truncatingIfNeeded: attributes >> 24)))
        value.quantityBase = mask(quantity == QuantitySelector.base && hasBase)
        value.quantityPrevious = mask(
            quantity == QuantitySelector.previous || (quantity == QuantitySelector.base && !hasBase)
        )
        switch quantity {
        case QuantitySelector.roundLot: value.quantityConstant = TickColumns.roundLot
        case QuantitySelector.lotsByte: value.quantityByteUnit = TickColumns.roundLot
        case QuantitySelector.unitsByte: value.quantityByteUnit = 1
        case QuantitySelector.units: value.quantityWideUnit = 1
        case QuantitySelector.none:
            value.quantityConstant = UInt64(bitPattern: Quantity.none)
        default: break
        }
        value.quantityBytes = value.quantityByteUnit != 0 ? 1 : 0
        value.quantityWides = value.quantityWideUnit != 0 ? 1 : 0
        return value
    }
}
