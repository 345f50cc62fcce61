import Ticks

/// Order events whose message names no instrument: their ticks come with instrument 0, and the
/// order's reference tells the instrument.
extension BookStorage {
    /// Applies a tick with instrument 0. Returns the instrument of the order that it is about, for
    /// the caller to go on with, or 0 if nothing is left to be done.
    ///
    /// In finished ticks, 0 says that the order was not known: an observer does not look for it, so
    /// that what it shows depends on the ticks alone.
    @inline(never)
    mutating func applyUnnamed(
        _ kind: TickKind, _ tick: UnsafeMutablePointer<Tick>, position: UInt64, first: Bool,
        completing: Bool
    ) -> UInt32 {
        let isReplacement = kind == .add && tick.pointee.has(.replaced)
        switch kind {
        case .modify, .cancel, .delete, .fill: break
        case .add where isReplacement: break
        default:
            applyToChannel(kind, tick, position: position)
            return 0
        }
        let instrument = completing ? findInstrument(kind, tick) : 0
        guard instrument == 0 else {
            tick.pointee.instrument = instrument
            return instrument
        }
        if tick.pointee.has(.recovered) {
            counters.lateNotApplied += 1
        } else if isReplacement {
            counters.unknownReplace += 1
        } else {
            counters.unknownOrder += 1
        }
        damageChannel(tick, position: position)
        if completing { flagUnknown(kind, tick, first: first) }
        return 0
    }

    private mutating func findInstrument(
        _ kind: TickKind, _ tick: UnsafeMutablePointer<Tick>
    ) -> UInt32 {
        if kind == .add {
            defer { replacedInstrument = 0 }
            return replacedInstrument
        }
        // `noNode` has instrument 0.
        let instrument = orders[index.find(key(tick), in: orders)].pointee.place >> 1
        if kind == .delete, tick.pointee.has(.replaced) { replacedInstrument = instrument }
        return instrument
    }

    /// Some book of the channel is wrong, and nothing tells which: all of them are suspect until
    /// clear or epoch.
    private mutating func damageChannel(
        _ tick: UnsafeMutablePointer<Tick>, position: UInt64
    ) {
        let channel = channels.base + Int(tick.pointee.channel)
        guard !channel.pointee.incomplete else { return }
        channel.pointee.incomplete = true
        refreshTops(tick, position: position)
    }

    private func flagUnknown(
        _ kind: TickKind, _ tick: UnsafeMutablePointer<Tick>, first: Bool
    ) {
        tick.pointee.flags |= TickFlags.bookSuspect.rawValue
        if kind == .fill, !first { completeTrade(before: tick, known: false) }
    }
}
