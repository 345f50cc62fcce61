import Ticks

/// What one loop over a chunk of ticks leaves for the next.
final class DecoderChunk {
    static let size = 256

    /// The symbol of each tick.
    let codes = UnsafeMutablePointer<UInt16>.allocate(capacity: size)
    let instruments = UnsafeMutablePointer<UInt16>.allocate(capacity: size)
    /// Index of the tick that introduced the order; the tick's own if it has none.
    let bases = UnsafeMutablePointer<Int32>.allocate(capacity: size)
    /// A column that is not there.
    let nothing = UnsafeMutablePointer<UInt8>.allocate(capacity: 1)

    init() { nothing.initialize(to: 0) }

    deinit {
        codes.deallocate()
        instruments.deallocate()
        bases.deallocate()
        nothing.deallocate()
    }
}

/// The predictors of one run on the decoding side.
///
/// The fields are rebuilt a few at a time over chunks that stay in the first-level cache: one loop
/// over all of them would hold some thirty values and spill most. Values are loaded whether they
/// are needed or not, and the place in the column moves on only if they are.
struct DecoderState {
    private let scratch: ColumnScratch
    private let chunk: DecoderChunk
    private let columns: DecoderColumns
    private let tables: SymbolMasks
    /// Values used of each column.
    private var timeShorts = 0
    private var timeLongs = 0
    private var captures = 0
    private var sequences = 0
    private var lines = 0
    private var extras = 0
    private var instruments = 0
    private var ranks = 0
    private var distances = 0
    private var ordersNew = 0
    private var ordersOld = 0
    private var priceBytes = 0
    private var priceWides = 0
    private var quantityBytes = 0
    private var quantityWides = 0

    private var exchangeTime: UInt64 = 0
    private var captureTime: UInt64 = 0
    private var captureOffset: UInt64 = 0
    private var line: UInt64 = 0
    private var instrument: UInt64 = 0
    private var newestOrder: UInt64 = 0
    private var newestMatch: UInt64 = 0
    private var price: UInt64 = 0
    private var quantity: UInt64 = 0

    init(
        _ scratch: ColumnScratch, chunk: DecoderChunk, columns: DecoderColumns,
        tables: SymbolMasks
    ) {
        self.scratch = scratch
        self.chunk = chunk
        self.columns = columns
        self.tables = tables
    }

    /// Rebuilds all ticks. No column is left by more than one value a tick, and scratch and slack
    /// hold one more than a run, so that no check is needed before the end.
    mutating func rebuild(count: Int, into output: UnsafeMutablePointer<Tick>) {
        var start = 0
        while start < count {
            let end = min(start + DecoderChunk.size, count)
            envelopes(start..<end, output)
            orders(start..<end, output)
            values(start..<end, output)
            start = end
        }
    }

    /// How many values of a column the symbols have called for.
    func used(_ column: TickColumns.Column) -> Int {
        switch column {
        case .instrumentID: columns.counts[column.rawValue]
        case .timeLong: timeLongs
        case .capture: captures
        case .sequence: sequences
        case .line: lines
        case .extra: extras
        case .orderOld: ordersOld
        case .distance: distances
        case .priceWide: priceWides
        case .quantityWide: quantityWides
        case .timeShort: timeShorts
        case .instrument: instruments
        case .rank: ranks
        case .orderNew: ordersNew
        case .priceByte: priceBytes
        case .quantityByte: quantityBytes
        }
    }

    /// Symbols, times, sequences, attributes and extras.
    private mutating func envelopes(_ range: Range<Int>, _ output: UnsafeMutablePointer<Tick>) {
        let (low, high, highMask) = (columns.codes, columns.codesHigh, columns.codesHighMask)
        let (envelopes, codes) = (tables.envelopes, chunk.codes)
        let shortLow = columns.narrow(.timeShort)
        let shortHigh = shortLow + columns.counts[TickColumns.Column.timeShort.rawValue]
        let (long, nextSequences) = (scratch.values(.timeLong), scratch.nextSequences)
        var (shorts, longs) = (timeShorts, timeLongs)
        var time = exchangeTime
        // The present channel's sequence is kept in a register: most runs have one channel.
        var (slot, next) = (0, nextSequences[0])
        for i in range {
            let code = Int(low[i]) | (Int(high[i]) & highMask) &<< 8
            codes[i &- range.lowerBound] = UInt16(truncatingIfNeeded: code)
            let symbol = envelopes + code
            let short = UInt64(shortLow[shorts]) | UInt64(shortHigh[shorts]) &<< 8
            time = time &+ (short & symbol.pointee.short) &+ (long[longs] & symbol.pointee.long)
            shorts &+= Int(truncatingIfNeeded: symbol.pointee.short & 1)
            longs &+= Int(truncatingIfNeeded: symbol.pointee.long & 1)
            let attributes = symbol.pointee.attributes
            let channel = Int(truncatingIfNeeded: attributes & TickColumns.channelMask)
            if channel != slot {
                nextSequences[slot] = next
                slot = channel
                next = nextSequences[slot]
            }
            var sequence = next
            output[i].exchangeTime = time
            output[i].extra = 0
            let rare = symbol.pointee.rare
            if rare != 0 { self.rare(rare, time, &sequence, output + i) }
            output[i].sequence = sequence
            // Bit 32: the flag last-of-event, after which the channel's sequence moves on.
            next = sequence &+ (attributes &>> 32 & 1)
            output[i].captureTime = captureTime
            UnsafeMutableRawPointer(output + i).storeBytes(
                of: (attributes | line).littleEndian, toByteOffset: 52, as: UInt64.self)
        }
        nextSequences[slot] = next
        (timeShorts, timeLongs, exchangeTime) = (shorts, longs, time)
    }

    /// What few ticks have.
    @inline(__always)
    private mutating func rare(
        _ selectors: UInt64, _ time: UInt64, _ sequence: inout UInt64,
        _ tick: UnsafeMutablePointer<Tick>
    ) {
        if selectors & UInt64(TickColumns.Selector.capture) != 0 {
            captureOffset = captureOffset &+ scratch.values(.capture)[captures]
            captureTime = time &+ captureOffset
            captures += 1
        }
        if selectors & UInt64(TickColumns.Selector.sequence) != 0 {
            sequence = sequence &+ scratch.values(.sequence)[sequences]
            sequences += 1
        }
        if selectors & UInt64(TickColumns.Selector.line) != 0 {
            line = (scratch.values(.line)[lines] & 0xff) &<< TickColumns.lineShift
            lines += 1
        }
        if selectors & UInt64(TickColumns.Selector.extra) != 0 {
            tick.pointee.extra = UInt32(truncatingIfNeeded: scratch.values(.extra)[extras])
            extras += 1
        }
        if selectors & SymbolMasks.rareZeroTime != 0 { tick.pointee.exchangeTime = 0 }
    }

    /// Instruments, and order ids with the ticks that introduced them.
    private mutating func orders(_ range: Range<Int>, _ output: UnsafeMutablePointer<Tick>) {
        let (symbols, codes) = (tables.orders, chunk.codes)
        let states = UnsafeMutableRawPointer(scratch.instruments)
        let codeLow = columns.narrow(.instrument)
        let codeHigh = codeLow + columns.counts[TickColumns.Column.instrument.rawValue]
        let (rank, new) = (columns.narrow(.rank), columns.narrow(.orderNew))
        let (old, distance) = (scratch.values(.orderOld), scratch.values(.distance))
        // Symbols that overdraw the column load bytes that nobody has checked.
        let last = UInt64(columns.counts[TickColumns.Column.instrumentID.rawValue] &- 1)
        var (instruments, ranks, distances) = (instruments, ranks, distances)
        var (news, olds) = (ordersNew, ordersOld)
        var (instrument, newest, match) = (instrument, newestOrder, newestMatch)
        for i in range {
            let at = i &- range.lowerBound
            let symbol = symbols + Int(codes[at])
            let next = min(
                UInt64(codeLow[instruments]) | UInt64(codeHigh[instruments]) &<< 8, last)
            instrument ^= (instrument ^ next) & symbol.pointee.instrument
            instruments &+= Int(truncatingIfNeeded: symbol.pointee.instrument & 1)
            chunk.instruments[at] = UInt16(truncatingIfNeeded: instrument)
            let bytes = states + Int(truncatingIfNeeded: instrument) &* InstrumentState.size
            let state = bytes.assumingMemoryBound(to: InstrumentState.self)
            output[i].instrument = state.pointee.id

            let recent = (bytes + InstrumentState.recentOffset)
                .assumingMemoryBound(to: UInt16.self)
            let introduced = Int(state.pointee.introduced)
            let mask = TickColumns.recentOrders &- 1
            let near = Int(recent[(introduced &- 1 &- Int(rank[ranks])) & mask])
            // Beyond the start counts as the start.
            var far = i &- Int(truncatingIfNeeded: distance[distances] & 0xffff)
            far &= ~(far &>> 63)
            let isNear = Int(truncatingIfNeeded: symbol.pointee.rank)
            let isFar = Int(truncatingIfNeeded: symbol.pointee.distance)
            // Hostile positions may lie ahead, but never outside of the run.
            let base = near & isNear | far & isFar | i & ~(isNear | isFar)
            chunk.bases[at] = Int32(truncatingIfNeeded: base)
            ranks &+= isNear & 1
            distances &+= isFar & 1

            let start = newest ^ ((newest ^ match) & symbol.pointee.trade)
            var id = (start &+ UInt64(new[news])) & symbol.pointee.new
            id |= (newest &- old[olds]) & symbol.pointee.old
            news &+= Int(truncatingIfNeeded: symbol.pointee.new & 1)
            olds &+= Int(truncatingIfNeeded: symbol.pointee.old & 1)
            // Without the base's id: the next tick must not wait for a load from far back.
            newest ^= (newest ^ id) & symbol.pointee.add
            match ^= (match ^ id) & symbol.pointee.trade
            id |= output[base].orderID & UInt64(truncatingIfNeeded: isNear | isFar)
            output[i].orderID = id
            recent[introduced & mask] = UInt16(truncatingIfNeeded: i)
            state.pointee.introduced = UInt32(
                truncatingIfNeeded: introduced &+ Int(symbol.pointee.introduces))
        }
        (self.instruments, self.ranks, self.distances) = (instruments, ranks, distances)
        (ordersNew, ordersOld) = (news, olds)
        (self.instrument, newestOrder, newestMatch) = (instrument, newest, match)
    }

    /// Prices and quantities. The tick before is kept in registers: what was just stored is slow
    /// to load.
    private mutating func values(_ range: Range<Int>, _ output: UnsafeMutablePointer<Tick>) {
        let (symbols, chunk) = (tables.values, chunk)
        let states = UnsafeMutableRawPointer(scratch.instruments)
        let priceByte = UnsafeRawPointer(columns.narrow(.priceByte))
            .assumingMemoryBound(to: Int8.self)
        let quantityByte = columns.narrow(.quantityByte)
        let (priceWide, quantityWide) = (
            scratch.values(.priceWide), scratch.values(.quantityWide)
        )
        var (priceBytes, priceWides) = (priceBytes, priceWides)
        var (quantityBytes, quantityWides) = (quantityBytes, quantityWides)
        var (price, quantity) = (price, quantity)
        for i in range {
            let at = i &- range.lowerBound
            let symbol = symbols + Int(chunk.codes[at])
            let base = output + Int(chunk.bases[at])
            // All but the tick before comes first, so that the next one waits for one addition.
            var size = UInt64(bitPattern: base.pointee.quantity) & symbol.pointee.quantityBase
            size &+= UInt64(quantityByte[quantityBytes]) &* symbol.pointee.quantityByteUnit
            size &+= quantityWide[quantityWides] &* symbol.pointee.quantityWideUnit
            size &+= symbol.pointee.quantityConstant
            quantity = size &+ (quantity & symbol.pointee.quantityPrevious)
            quantityBytes &+= Int(symbol.pointee.quantityBytes)
            quantityWides &+= Int(symbol.pointee.quantityWides)
            output[i].quantity = Int64(bitPattern: quantity)

            let prices = (states + Int(chunk.instruments[at]) &* InstrumentState.size)
                .assumingMemoryBound(to: UInt64.self)
            let slot = Int(symbol.pointee.slot)
            // The other side's, if this one has none: the sign of x | −x tells zero without a branch.
            let own = prices[slot]
            let hasOwn = UInt64(bitPattern: Int64(bitPattern: own | (0 &- own)) &>> 63)
            let before = own | (prices[slot ^ 1] & ~hasOwn)
            var change = UInt64(bitPattern: Int64(priceByte[priceBytes]))
            change &*= symbol.pointee.priceByteUnit
            change &+= priceWide[priceWides] &* symbol.pointee.priceWideUnit
            change &+= symbol.pointee.priceConstant
            change &+= UInt64(bitPattern: base.pointee.price) & symbol.pointee.priceBase
            change &+= price & symbol.pointee.pricePrevious
            price = change &+ (before & symbol.pointee.priceLast)
            priceBytes &+= Int(symbol.pointee.priceBytes)
            priceWides &+= Int(symbol.pointee.priceWides)
            prices[slot] = price
            output[i].price = Int64(bitPattern: price)
        }
        (self.priceBytes, self.priceWides) = (priceBytes, priceWides)
        (self.quantityBytes, self.quantityWides) = (quantityBytes, quantityWides)
        (self.price, self.quantity) = (price, quantity)
    }
}
