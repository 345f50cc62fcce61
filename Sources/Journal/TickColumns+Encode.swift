import Glibc
import Ticks

/// Turns runs of ticks into columns of residuals. Allocates at creation only.
///
/// Any 64 bytes are a legal tick here: what no predictor fits is stored in full width.
final class TickEncoder {
    private let scratch: ColumnScratch
    private let narrow: NarrowColumns
    private let symbols: SymbolTable
    private let codes: UnsafeMutablePointer<UInt16>
    /// By hash of the order id: index of the tick that introduced it, plus 1.
    private let orders: UnsafeMutablePointer<UInt32>
    /// By hash of the instrument id: its code plus 1.
    private let instrumentSlots: UnsafeMutablePointer<UInt32>
    private let instrumentMask: Int
    private var instrumentCount = 0
    /// Per tick, how many orders its instrument had introduced before.
    private let introductions: UnsafeMutablePointer<UInt32>
    /// Ends of the pieces in the buffer last filled, each to be compressed in its own way.
    private(set) var pieceEnds: [Int] = []

    init(ticksMax: Int) {
        scratch = ColumnScratch(ticksMax: ticksMax)
        narrow = NarrowColumns(ticksMax: ticksMax)
        symbols = SymbolTable(ticksMax: ticksMax)
        codes = .allocate(capacity: ticksMax)
        let slots = hashTableSize(ticksMax)
        orders = .allocate(capacity: slots)
        instrumentMask = slots - 1
        instrumentSlots = .zeroed(capacity: slots)
        introductions = .allocate(capacity: ticksMax)
        pieceEnds.reserveCapacity(128)
    }

    deinit {
        codes.deallocate()
        orders.deallocate()
        free(instrumentSlots)
        introductions.deallocate()
    }

    /// Writes the columns of `ticks` to `output`, which must hold `rawSizeMax(count:)` bytes.
    ///
    /// - Returns: the number of bytes written; `pieceEnds` tells where each piece ends.
    func encode(
        _ ticks: UnsafePointer<Tick>, count: Int, into output: UnsafeMutableRawPointer
    ) -> Int {
        precondition(count >= 0 && count <= scratch.ticksMax, "a run of too many ticks")
        scratch.resetSequences()
        let orderSlots = hashTableSize(count)
        orders.update(repeating: 0, count: orderSlots)
        symbols.removeAll()
        forgetInstruments()
        let state = predict(ticks, count: count, orderMask: orderSlots - 1)
        return write(state, count: count, into: output)
    }

    private func forgetInstruments() {
        // Slots lie behind each other, so all are looked for before any is emptied.
        for code in 0..<instrumentCount {
            let id = scratch.instruments[code].id
            var slot = Self.slot(of: id) & instrumentMask
            while instrumentSlots[slot] != UInt32(code + 1) { slot = (slot + 1) & instrumentMask }
            scratch.instruments[code].introduced = UInt32(slot)
        }
        for code in 0..<instrumentCount {
            instrumentSlots[Int(scratch.instruments[code].introduced)] = 0
        }
        instrumentCount = 0
    }

    /// Ids are dense in practice and then meet no other.
    @inline(__always)
    private static func slot(of instrument: UInt32) -> Int {
        Int(truncatingIfNeeded: instrument ^ (instrument &>> 16))
    }

    @inline(__always)
    private func code(of instrument: UInt32) -> Int {
        let (slots, states, mask) = (instrumentSlots, scratch.instruments, instrumentMask)
        var slot = Self.slot(of: instrument) & mask
        while true {
            let code = Int(slots[slot]) &- 1
            if code < 0 { break }
            if states[code].id == instrument { return code }
            slot = (slot &+ 1) & mask
        }
        let code = instrumentCount
        instrumentCount = code &+ 1
        slots[slot] = UInt32(truncatingIfNeeded: instrumentCount)
        states[code] = InstrumentState()
        states[code].id = instrument
        return code
    }

    @inline(__always)
    private func bit(_ condition: Bool) -> Int { condition ? 1 : 0 }

    /// First pass: symbols, and the values that they call for.
    private func predict(
        _ ticks: UnsafePointer<Tick>, count: Int, orderMask: Int
    ) -> EncoderState {
        let (orders, introductions, codes) = (orders, introductions, codes)
        let instruments = scratch.instruments
        let symbols = symbols
        var state = EncoderState(scratch, narrow)
        for i in 0..<count {
            let tick = ticks + i
            let id = tick.pointee.orderID
            let instrument = instruments + code(of: tick.pointee.instrument)
            let introduced = instrument.pointee.introduced

            let hash = (id &* 0x9e37_79b9_7f4a_7c15) &>> 32
            let slot = Int(truncatingIfNeeded: hash) & orderMask
            let entry = Int(orders[slot])
            let seen = ticks + (entry == 0 ? i : entry &- 1)
            // Bits, not conditions that end at the first false one: those become branches.
            let known = bit(entry != 0) & bit(seen.pointee.orderID == id)
            let age = introduced &- introductions[seen - ticks] &- 1
            let near =
                known & bit(seen.pointee.instrument == tick.pointee.instrument)
                & bit(age <= UInt32(TickColumns.rankMax))
            let introduces =
                bit(id != 0) & ~known & bit(tick.pointee.kind != TickKind.trade.rawValue)
            orders[slot] = UInt32(
                truncatingIfNeeded: introduces != 0 ? i &+ 1 : entry)
            introductions[i] = introduced
            instrument.pointee.introduced = introduced &+ UInt32(truncatingIfNeeded: introduces)
            let isKnown = known != 0

            var selectors = state.envelope(tick)
            selectors |= state.instrument(code: instrument - instruments)
            selectors |= state.order(
                tick, back: isKnown ? tick - seen : 0, age: age, isNear: near != 0)
            let prices = UnsafeMutableRawPointer(instrument).assumingMemoryBound(to: Int64.self)
            selectors |= state.price(tick, base: seen, hasBase: isKnown, prices: prices)
            selectors |= state.quantity(tick, base: seen, hasBase: isKnown)
            let attributes = UnsafeRawPointer(tick).loadUnaligned(
                fromByteOffset: 52, as: UInt64.self)
            codes[i] = symbols.code(
                attributes: attributes & TickColumns.attributesMask, selectors: selectors)
        }
        return state
    }

    /// Second pass: prefix, directory, symbols, codes, columns.
    private func write(
        _ state: EncoderState, count: Int, into output: UnsafeMutableRawPointer
    ) -> Int {
        let codePlanes = symbols.count > 256 ? 2 : 1
        output.storeLittle(UInt32(count), at: 0)
        output.storeLittle(TickColumns.version, at: 4)
        output.storeLittle(UInt16(codePlanes), at: 6)
        output.storeLittle(UInt32(symbols.count), at: 8)
        output.storeLittle(UInt32(0), at: 12)
        pieceEnds.removeAll(keepingCapacity: true)
        var writer = ColumnWriter(output, at: TickColumns.symbolsOffset)
        symbols.write(to: &writer)
        pieceEnds.append(writer.at)
        let ids = scratch.values(.instrumentID)
        for code in 0..<instrumentCount { ids[code] = UInt64(scratch.instruments[code].id) }
        for (column, end) in state.wideEnds(instrumentIDs: ids + instrumentCount) {
            let values = scratch.values(column)
            let (valueCount, start) = (end - values, writer.at)
            let width = writer.wide(column, values, count: valueCount)
            for plane in 0..<width { pieceEnds.append(start + (plane + 1) * valueCount) }
        }
        for plane in 0..<codePlanes {
            writer.plane(codes, count: count, shift: UInt16(plane * 8))
            pieceEnds.append(writer.at)
        }
        writeNarrow(state, &writer)
        return writer.at
    }

    private func writeNarrow(_ state: EncoderState, _ writer: inout ColumnWriter) {
        let pairs: [(TickColumns.Column, UnsafeMutablePointer<UInt16>, Int)] = [
            (.timeShort, narrow.timeShort, state.timeShort - narrow.timeShort),
            (.instrument, narrow.instrument, state.instrument - narrow.instrument),
        ]
        for (column, values, count) in pairs {
            writer.enter(column, count: count, width: 2)
            writer.plane(values, count: count, shift: 0)
            pieceEnds.append(writer.at)
            writer.plane(values, count: count, shift: 8)
            pieceEnds.append(writer.at)
        }
        let singles: [(TickColumns.Column, UnsafeMutablePointer<UInt8>, Int)] = [
            (.rank, narrow.rank, state.rank - narrow.rank),
            (.orderNew, narrow.orderNew, state.orderNew - narrow.orderNew),
            (.priceByte, narrow.priceByte, state.priceByte - narrow.priceByte),
            (.quantityByte, narrow.quantityByte, state.quantityByte - narrow.quantityByte),
        ]
        for (column, values, count) in singles {
            writer.enter(column, count: count, width: 1)
            writer.plane(values, count: count, shift: 0)
            pieceEnds.append(writer.at)
        }
    }
}

extension EncoderState {
    /// Where the values of each wide column end.
    fileprivate func wideEnds(
        instrumentIDs: UnsafeMutablePointer<UInt64>
    ) -> [(TickColumns.Column, UnsafeMutablePointer<UInt64>)] {
        [
            (.instrumentID, instrumentIDs), (.timeLong, timeLong), (.capture, capture),
            (.sequence, sequence), (.line, line), (.extra, extra), (.orderOld, orderOld),
            (.distance, distance), (.priceWide, priceWide), (.quantityWide, quantityWide),
        ]
    }
}

/// Slots of a hash table for `count` entries: a power of two, at most half of them taken.
func hashTableSize(_ count: Int) -> Int {
    max(64, 1 << (Int.bitWidth - (max(count, 1) * 2 - 1).leadingZeroBitCount))
}
