import Ticks

/// Turns runs of ticks into columns of residuals. Allocates at creation only.
///
/// Any 64 bytes are a legal tick here: what no predictor fits is stored in full width.
final class TickEncoder {
    private let scratch: ColumnScratch
    private let selectors: UnsafeMutablePointer<UInt8>
    private let present: UnsafeMutablePointer<UInt8>
    private let codes: UnsafeMutablePointer<UInt16>
    private let dictionary: UnsafeMutablePointer<UInt64>
    private let dictionarySlots: UnsafeMutablePointer<UInt32>
    private let dictionarySlotsUsed: UnsafeMutablePointer<UInt32>
    private let dictionaryMask: Int
    private let orders: UnsafeMutablePointer<UInt32>
    private var dictionaryCount = 0
    private var counts = [Int](repeating: 0, count: TickColumns.Field.allCases.count)
    /// Ends of the columns in the buffer last filled, for the compressor to treat one by one.
    private(set) var columnEnds: [Int] = []

    init(ticksMax: Int) {
        scratch = ColumnScratch(ticksMax: ticksMax)
        selectors = .allocate(capacity: ticksMax)
        present = .allocate(capacity: ticksMax)
        codes = .allocate(capacity: ticksMax)
        dictionary = .allocate(capacity: ticksMax)
        dictionarySlotsUsed = .allocate(capacity: ticksMax)
        let slots = Self.tableSize(ticksMax)
        dictionaryMask = slots - 1
        dictionarySlots = .allocate(capacity: slots)
        dictionarySlots.initialize(repeating: 0, count: slots)
        orders = .allocate(capacity: slots)
        columnEnds.reserveCapacity(64)
    }

    deinit {
        selectors.deallocate()
        present.deallocate()
        codes.deallocate()
        dictionary.deallocate()
        dictionarySlotsUsed.deallocate()
        dictionarySlots.deallocate()
        orders.deallocate()
    }

    /// Writes the columns of `ticks` to `output`, which must hold `rawSizeMax(count:)` bytes.
    ///
    /// - Returns: the number of bytes written; `columnEnds` tells where each column ends.
    func encode(
        _ ticks: UnsafePointer<Tick>, count: Int, into output: UnsafeMutableRawPointer
    ) -> Int {
        precondition(count >= 0 && count <= scratch.ticksMax, "a run of too many ticks")
        let priceBits = TickColumns.priceTableBits(count: count)
        scratch.reset(priceTableBits: priceBits)
        let orderSlots = Self.tableSize(count)
        orders.update(repeating: 0, count: orderSlots)
        predict(ticks, count: count, priceBits: priceBits, orderMask: orderSlots - 1)
        assignCodes(ticks, count: count)
        return write(count: count, priceBits: priceBits, into: output)
    }

    private static func tableSize(_ count: Int) -> Int {
        max(64, 1 << (Int.bitWidth - (max(count, 1) * 2 - 1).leadingZeroBitCount))
    }

    /// Gives each distinct combination of channel, kind, side, flags, line and detail a code.
    private func assignCodes(_ ticks: UnsafePointer<Tick>, count: Int) {
        for i in 0..<dictionaryCount { dictionarySlots[Int(dictionarySlotsUsed[i])] = 0 }
        let (codes, dictionary, slots) = (codes, dictionary, dictionarySlots)
        let mask = dictionaryMask
        var used = 0
        for i in 0..<count {
            let attributes = Self.attributes(ticks + i)
            var slot = Int(truncatingIfNeeded: (attributes &* 0x9e37_79b9_7f4a_7c15) >> 40) & mask
            var code = Int(slots[slot]) &- 1
            while code >= 0 && dictionary[code] != attributes {
                slot = (slot &+ 1) & mask
                code = Int(slots[slot]) &- 1
            }
            if code < 0 {
                code = used
                dictionary[used] = attributes
                dictionarySlotsUsed[used] = UInt32(truncatingIfNeeded: slot)
                used &+= 1
                slots[slot] = UInt32(truncatingIfNeeded: used)
            }
            codes[i] = UInt16(truncatingIfNeeded: code)
        }
        dictionaryCount = used
    }

    /// Bytes 52–59 of a tick: channel, kind, side, flags, line, detail.
    @inline(__always)
    private static func attributes(_ tick: UnsafePointer<Tick>) -> UInt64 {
        UnsafeRawPointer(tick).loadUnaligned(fromByteOffset: 52, as: UInt64.self)
    }

    /// First pass: selectors, and per field the residuals that they call for.
    private func predict(
        _ ticks: UnsafePointer<Tick>, count: Int, priceBits: Int, orderMask: Int
    ) {
        let (selectors, present, orders) = (selectors, present, orders)
        var state = EncoderState(scratch, priceMask: (1 << priceBits) - 1)
        var previous = UnsafePointer(scratch.zeroTick)
        for i in 0..<count {
            let tick = ticks + i
            let attributes = Self.attributes(tick)
            let id = tick.pointee.orderID
            var base = previous
            var distance = 0
            if id != 0 {
                let hash = (id &* 0x9e37_79b9_7f4a_7c15) >> 32
                let slot = Int(truncatingIfNeeded: hash) & orderMask
                let seen = Int(orders[slot]) &- 1
                orders[slot] = UInt32(truncatingIfNeeded: i &+ 1)
                if seen >= 0 && ticks[seen].orderID == id {
                    base = ticks + seen
                    distance = i &- seen
                }
            }
            var flags = state.times(tick, index: i)
            flags |= state.sequence(tick, attributes: attributes)
            var selector = state.order(tick, distance: distance)
            if tick.pointee.instrument != base.pointee.instrument {
                flags |= TickColumns.Present.instrument
                state.push(&state.instruments, UInt64(tick.pointee.instrument))
            }
            if tick.pointee.extra != 0 {
                flags |= TickColumns.Present.extra
                state.push(&state.extras, UInt64(tick.pointee.extra))
            }
            selector |= state.price(tick, base: base) << 2
            selector |= state.quantity(tick, base: base) << 5
            selectors[i] = selector
            present[i] = flags
            previous = tick
        }
        state.store(counts: &counts, exchangeTimes: count)
    }

    /// Second pass: the directory, then every column.
    private func write(
        count: Int, priceBits: Int, into output: UnsafeMutableRawPointer
    ) -> Int {
        let codePlanes = dictionaryCount > 256 ? 2 : 1
        output.storeLittle(UInt32(count), at: 0)
        output.storeLittle(TickColumns.version, at: 4)
        output.storeLittle(UInt8(priceBits), at: 6)
        output.storeLittle(UInt8(codePlanes), at: 7)
        output.storeLittle(UInt32(dictionaryCount), at: 8)
        output.storeLittle(UInt32(0), at: 12)
        columnEnds.removeAll(keepingCapacity: true)
        var at = TickColumns.dictionaryOffset
        for i in 0..<dictionaryCount { output.storeLittle(dictionary[i], at: at + i * 8) }
        at += dictionaryCount * 8
        columnEnds.append(at)
        let codes = codes
        for plane in 0..<codePlanes {
            let bytes = (output + at).assumingMemoryBound(to: UInt8.self)
            let shift = UInt16(plane * 8)
            for i in 0..<count { bytes[i] = UInt8(truncatingIfNeeded: codes[i] &>> shift) }
            at += count
            columnEnds.append(at)
        }
        for column in [selectors, present] {
            (output + at).copyMemory(from: column, byteCount: count)
            at += count
            columnEnds.append(at)
        }
        for field in TickColumns.Field.allCases {
            let entry =
                output + TickColumns.prefixSize + field.rawValue * TickColumns.fieldEntrySize
            at = writeField(field, entry: entry, output: output, at: at)
        }
        return at
    }

    /// Writes one field's planes and full-width values, and its directory entry.
    private func writeField(
        _ field: TickColumns.Field, entry: UnsafeMutableRawPointer,
        output: UnsafeMutableRawPointer, at start: Int
    ) -> Int {
        let count = counts[field.rawValue]
        let values = UnsafeMutablePointer(scratch.residuals[field.rawValue])
        let zigzag = Self.zigzagIfSigned(values, count: count)
        let (width, wideCount) = Self.chooseWidth(values, count: count)
        entry.storeLittle(UInt32(count), at: 0)
        entry.storeLittle(UInt32(wideCount), at: 4)
        entry.storeLittle(UInt8(width), at: 8)
        entry.storeLittle(UInt8(zigzag ? 1 : 0), at: 9)
        entry.storeLittle(UInt16(0), at: 10)
        var at = start
        if wideCount > 0 {
            let escape = (UInt64(1) << UInt64(width * 8)) &- 1
            var wideAt = start + count * width
            for i in 0..<count where values[i] >= escape {
                output.storeLittle(values[i], at: wideAt)
                wideAt += 8
                values[i] = escape
            }
        }
        for plane in 0..<width {
            let bytes = (output + at).assumingMemoryBound(to: UInt8.self)
            let shift = UInt64(plane * 8)
            for i in 0..<count { bytes[i] = UInt8(truncatingIfNeeded: values[i] &>> shift) }
            at += count
            columnEnds.append(at)
        }
        if wideCount > 0 {
            at += wideCount * 8
            columnEnds.append(at)
        }
        return at
    }

    /// Maps signed residuals to small unsigned ones, if there is any negative one.
    private static func zigzagIfSigned(_ values: UnsafeMutablePointer<UInt64>, count: Int) -> Bool {
        var union: UInt64 = 0
        for i in 0..<count { union |= values[i] }
        guard union >> 63 != 0 else { return false }
        for i in 0..<count {
            let value = values[i]
            values[i] = (value &<< 1) ^ (0 &- (value &>> 63))
        }
        return true
    }

    /// The number of byte planes (0–4 or 8) that takes the fewest bytes, and how many values then
    /// need their full width.
    private static func chooseWidth(
        _ values: UnsafeMutablePointer<UInt64>, count: Int
    ) -> (width: Int, wide: Int) {
        var (over1, over2, over3, over4) = (0, 0, 0, 0)
        var union: UInt64 = 0
        for i in 0..<count {
            let value = values[i]
            union |= value
            over1 &+= value >= 0xff ? 1 : 0
            over2 &+= value >= 0xffff ? 1 : 0
            over3 &+= value >= 0xff_ffff ? 1 : 0
            over4 &+= value >= 0xffff_ffff ? 1 : 0
        }
        if union == 0 { return (0, 0) }
        var best = (width: 8, wide: 0)
        var cost = count * 8
        for (width, wide) in [(4, over4), (3, over3), (2, over2), (1, over1)] {
            let candidate = count * width + wide * 8
            if candidate <= cost { (best, cost) = ((width, wide), candidate) }
        }
        return best
    }
}
