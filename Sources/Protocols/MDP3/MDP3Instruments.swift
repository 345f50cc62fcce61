import Ticks

/// What the decoders of a venue's channels know about its instruments: ids by the venue's numbers,
/// and the books as the venue numbers their levels. Memory grows with new instruments only.
final class MDP3Instruments {
    /// Levels of a side that are kept, whatever a definition says: outright and implied ones.
    static let outrightMax = 16
    static let impliedMax = 4
    /// Depths where no definition has told them (cme-mdp3.md §5.1).
    static let outrightUsual = 10
    static let impliedUsual = 2
    private static let levelsPerInstrument = 2 * (outrightMax + impliedMax)

    /// A level; its price is none while it is empty or not known.
    struct Level: BitwiseCopyable {
        var price: Int64
        var quantity: Int64

        static let none = Level(price: Price.none, quantity: 0)
    }

    struct State: BitwiseCopyable {
        /// Directory id.
        var instrument: UInt32
        /// Newest entry of the increments, 0 if none came yet.
        var rptSeq: UInt32 = 0
        /// Entries up to here are contained in the snapshot that was loaded.
        var snapshotRptSeq: UInt32 = 0
        /// Number of the newest incremental packet with orders of it, 0 if none came yet; and of the
        /// newest with levels.
        var orderSequence: UInt32 = 0
        var levelSequence: UInt32 = 0
        /// Place of its last entry in the message being decoded, where that ends the event.
        var lastEntry: Int32 = -1
        var outrightDepth = UInt8(MDP3Instruments.outrightUsual)
        var impliedDepth = UInt8(MDP3Instruments.impliedUsual)
        /// Deepest levels that the venue has spoken of.
        var outrightProven: UInt8 = 0
        var impliedProven: UInt8 = 0
        /// The open event has changed its book.
        var isTouched = false
        /// It has price levels: books take these, not its orders.
        var hasLevels = false
        /// Its book is an image's, or was once.
        var hasImage = false
        /// Channel whose increments it belongs to, if some have come; else where it was named first.
        var channel: UInt16
        var hasIncrements = false
    }

    let directory: InstrumentDirectory
    let venue: UInt32
    private let venueName: String
    /// Index of the state by the venue's number.
    private let codes: CodeTable
    @exclusivity(unchecked) private(set) var states: UnsafeMutablePointer<State>
    @exclusivity(unchecked) private var levels: UnsafeMutablePointer<Level>
    @exclusivity(unchecked) private var capacity = 256
    /// State 0 stands for instruments that found no place.
    @exclusivity(unchecked) private(set) var count = 1

    init(directory: InstrumentDirectory, venue: String) {
        self.directory = directory
        self.venue = directory.venueIndex(venue)
        venueName = venue
        codes = CodeTable(capacity: directory.capacity)
        states = .allocate(capacity: capacity)
        levels = .allocate(capacity: capacity * Self.levelsPerInstrument)
        states.initialize(to: State(instrument: 0, channel: 0))
        levels.initialize(repeating: .none, count: Self.levelsPerInstrument)
        // Ids of an earlier run of the day.
        for entry in directory.entries where entry.venue == venue && entry.code != 0 {
            add(entry.id, code: entry.code, channel: entry.channel)
        }
    }

    deinit {
        states.deallocate()
        levels.deallocate()
    }

    /// Index of the state of the venue's number; a new one is entered. 0 if there is no room.
    @inline(__always)
    func index(_ code: Int32, channel: UInt16) -> Int {
        let known = codes.find(Self.key(code))
        return known != 0 ? Int(known) : addUnnamed(code, channel: channel)
    }

    static func key(_ code: Int32) -> UInt64 { UInt64(UInt32(bitPattern: code)) }

    @inline(never)
    private func addUnnamed(_ code: Int32, channel: UInt16) -> Int {
        let key = Self.key(code)
        let id = directory.addUnnamed(venue: venue, code: key, channel: channel)
        return id == 0 ? 0 : add(id, code: key, channel: channel)
    }

    @discardableResult
    private func add(_ id: UInt32, code: UInt64, channel: UInt16) -> Int {
        guard codes.insert(code, id: UInt32(count)) else { return 0 }
        if count == capacity { grow() }
        (states + count).initialize(to: State(instrument: id, channel: channel))
        (levels + count * Self.levelsPerInstrument)
            .initialize(repeating: .none, count: Self.levelsPerInstrument)
        count += 1
        return count - 1
    }

    private func grow() {
        let (oldStates, oldLevels) = (states, levels)
        states = .allocate(capacity: capacity * 2)
        states.moveInitialize(from: oldStates, count: capacity)
        levels = .allocate(capacity: capacity * 2 * Self.levelsPerInstrument)
        levels.moveInitialize(from: oldLevels, count: capacity * Self.levelsPerInstrument)
        oldStates.deallocate()
        oldLevels.deallocate()
        capacity *= 2
    }

    /// The definition's symbol for the venue's number: names the entry that increments made, or finds
    /// the one that an earlier run of the day had. 0 if there is no room.
    func define(_ code: Int32, symbol: String, channel: UInt16) -> Int {
        let key = Self.key(code)
        let known = Int(codes.find(key))
        guard known != 0 else {
            guard !symbol.isEmpty else { return addUnnamed(code, channel: channel) }
            let id = directory.findOrAdd(text: symbol, venue: venue, code: key, channel: channel)
            return id == 0 ? 0 : add(id, code: key, channel: channel)
        }
        let id = states[known].instrument
        let name = directory.entries[Int(id) - 1].symbol
        guard !symbol.isEmpty, name != symbol else { return known }
        if name.isEmpty, directory.name(id, text: symbol, venue: venue) { return known }
        // Another one carries the symbol, or the number was given to another one.
        let other = directory.findOrAdd(text: symbol, venue: venue, code: key, channel: channel)
        guard other != 0 else { return 0 }
        states[known].instrument = other
        return known
    }

    /// The levels of one side and kind, best first.
    @inline(__always)
    func levels(_ index: Int, ask: Bool, implied: Bool) -> UnsafeMutablePointer<Level> {
        let side = Self.outrightMax + Self.impliedMax
        return levels + index * Self.levelsPerInstrument + (ask ? side : 0)
            + (implied ? Self.outrightMax : 0)
    }

    /// Empties an instrument's book.
    func clear(_ index: Int) {
        (levels + index * Self.levelsPerInstrument)
            .update(repeating: .none, count: Self.levelsPerInstrument)
    }

    /// Forgets books and numbers of a channel's instruments.
    ///
    /// - Parameter unclaimedToo: also those that only images have told of so far, which may be this
    ///   channel's.
    /// - Parameter forgotImage: given those with a book that belongs to no increments' channel, which
    ///   books therefore do not empty by themselves.
    func clear(channel: UInt16, unclaimedToo: Bool, forgotImage: (UInt32) -> Void) {
        for index in 1..<max(count, 1) {
            let isClaimed = states[index].hasIncrements
            guard isClaimed ? states[index].channel == channel : unclaimedToo else { continue }
            if !isClaimed, states[index].hasImage { forgotImage(UInt32(index)) }
            clear(index)
            states[index].rptSeq = 0
            states[index].snapshotRptSeq = 0
            states[index].orderSequence = 0
            states[index].levelSequence = 0
            states[index].hasImage = false
            states[index].isTouched = false
        }
    }
}
