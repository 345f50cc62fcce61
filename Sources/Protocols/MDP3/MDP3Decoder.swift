import Ticks
import Wire

/// CME MDP 3.0 messages of schema versions 5 to 13 to ticks (cme-mdp3.md; `MAPPING.md` gives every
/// field's place).
///
/// A packet is decoded in steps of at most `ticksPerStepMax` ticks, an entry of a group mostly, so
/// that it can be left anywhere and gone on with: `BlockCursor.inner` holds the offset of the message
/// in its low half, and how many steps of it are done above.
public final class MDP3Decoder: FeedDecoding {
    /// The most ticks of one step (a level that pushes others out).
    public static let ticksPerStepMax = 24
    /// Space for the ticks of a step and one that was held back.
    public static let roomMin = ticksPerStepMax + 1
    static let schemaID: UInt16 = 1

    let instruments: MDP3Instruments
    let channel: UInt16
    /// Increments of this feed order the venue's events; loops have none.
    let isLoop: Bool
    let table: MessageTable
    @exclusivity(unchecked) var counters = DecoderCounters()
    /// States of the entries of the message being decoded.
    let entryStates: UnsafeMutablePointer<Int>
    /// States whose books the open event has changed.
    @exclusivity(unchecked) private var touched: [UInt32] = []
    /// Of the packet being decoded: came after its gap had been declared.
    @exclusivity(unchecked) var isLate = false
    /// Snapshots that were older than the book.
    @exclusivity(unchecked) public internal(set) var snapshotsSkipped: UInt64 = 0
    /// Entries with a level, side or action that cannot be.
    @exclusivity(unchecked) public internal(set) var impossibleEntries: UInt64 = 0

    /// The last tick of a message that is left before its end: only then is it known whether it is the
    /// last of its event.
    @exclusivity(unchecked) private var held: Tick?
    /// What begins first may follow images that were read before, and continue them.
    @exclusivity(unchecked) private var hasDecoded = false
    /// Instruments with books of images only, from before the channel began again.
    @exclusivity(unchecked) private var stale: [UInt32] = []
    /// Image of orders of which chunks are to come.
    @exclusivity(unchecked) var openImage: OpenImage?
    /// 1 if the message being decoded goes on with a tick that was held back.
    @exclusivity(unchecked) private var heldCount = 0

    public init(_ setup: DecoderSetup) {
        instruments = setup.directory.shared("mdp3 \(setup.venue)") {
            MDP3Instruments(directory: setup.directory, venue: setup.venue)
        }
        channel = setup.channel
        isLoop = setup.feed == MDP3Feeds.loopName
        table = MessageTable(.mdP3, feed: setup.feed)
        entryStates = .allocate(capacity: 256)
        entryStates.initialize(repeating: 0, count: 256)
        touched.reserveCapacity(1024)
    }

    deinit {
        table.free()
        entryStates.deallocate()
    }

    public func beginEpoch() {
        held = nil
        openImage = nil
        touched.removeAll(keepingCapacity: true)
        stale.removeAll(keepingCapacity: true)
        guard !isLoop else { return }
        instruments.clear(channel: channel, unclaimedToo: hasDecoded) { stale.append($0) }
    }

    public func snapshotCounters() -> DecoderCounters {
        var result = counters
        table.fill(&result)
        result.unexpectedLength += counters.unexpectedLength
        return result
    }

    // MARK: Walking

    /// One message, as the walk over the packet found it.
    struct Message {
        /// Of the root block.
        let base: UnsafeRawPointer
        let template: Int
        let blockLength: Int
        /// Bytes from `base` to the message's end, and to the packet's.
        let length: Int
        let rest: Int
    }

    public func decode(
        _ blocks: UnsafeRawBufferPointer, cursor: inout BlockCursor, context: DeliveryContext,
        into ticks: UnsafeMutablePointer<Tick>, capacity: Int
    ) -> Int {
        var emitter = TickEmitter(ticks: ticks, context: context)
        emitter.sequence = cursor.sequence
        isLate = context.flags.contains(.recovered)
        guard capacity >= Self.roomMin else { return 0 }
        let last = capacity - Self.ticksPerStepMax
        heldCount = 0
        hasDecoded = true
        if let tick = held {
            emitter.put(tick)
            held = nil
            heldCount = 1
        }
        while cursor.remaining > 0, emitter.count <= last {
            var offset = cursor.offset &+ (cursor.inner & 0xFFFF_FFFF)
            var step = cursor.inner >> 32
            if step == 0, !stale.isEmpty {
                emptyStale(&emitter, last)
                continue
            }
            if let base = blocks.baseAddress, let message = message(base, blocks.count, offset) {
                let first = begin(emitter)
                guard decodeMessage(message, &step, &emitter, last) else {
                    // One without steps has begun, too: its event's end is all that is left.
                    step = max(step, 1)
                    cursor.inner = offset - cursor.offset | step << 32
                    if emitter.count > first { held = emitter.takeLast() }
                    return emitter.count
                }
                offset = blocks.count - message.rest + message.length
                step = 0
                heldCount = 0
            } else {
                if offset < blocks.count { counters.unexpectedLength += 1 }
                offset = blocks.count
            }
            if offset < blocks.count {
                cursor.inner = offset - cursor.offset | step << 32
            } else {
                cursor.offset = offset
                cursor.inner = 0
                cursor.remaining -= 1
                cursor.sequence &+= 1
            }
        }
        return emitter.count
    }

    /// The message at `offset`; nil at the end of the packet or where sizes contradict it.
    @inline(__always)
    private func message(_ base: UnsafeRawPointer, _ count: Int, _ offset: Int) -> Message? {
        let prefix = MDP3Packet.messagePrefixSize
        guard count - offset >= prefix else { return nil }
        let size = Int(base.little16(offset))
        guard size >= prefix, size <= count - offset else { return nil }
        let isOurs = base.little16(offset + 6) == Self.schemaID
        return Message(
            base: base + (offset + prefix),
            template: isOurs ? Int(base.little16(offset + 4)) : -1,
            blockLength: Int(base.little16(offset + 2)), length: size - prefix,
            rest: count - offset - prefix)
    }

    /// False if the message is to be gone on with at `step`.
    @inline(__always)
    private func decodeMessage(
        _ message: Message, _ step: inout Int, _ emitter: inout TickEmitter, _ last: Int
    ) -> Bool {
        if step == 0 {
            guard message.blockLength <= message.length else {
                counters.unexpectedLength += 1
                return true
            }
            guard table.accept(message.template, length: message.blockLength) else { return true }
            guard isWhole(message) else {
                table.retract(message.template)
                return true
            }
        }
        switch message.template {
        case 46, 32, 64: return book(message, &step, &emitter, last)
        case 47, 43: return orderBook(message, &step, &emitter, last)
        case 48, 42, 65, 36: return trades(message, &step, &emitter, last)
        case 37, 66: return volume(message, &step, &emitter, last)
        default: return decodeRare(message, &step, &emitter, last)
        }
    }

    @inline(never)
    private func decodeRare(
        _ message: Message, _ step: inout Int, _ emitter: inout TickEmitter, _ last: Int
    ) -> Bool {
        switch message.template {
        case 49, 33: return dailyStatistics(message, &step, &emitter, last)
        case 51, 35, 67: return sessionStatistics(message, &step, &emitter, last)
        case 50, 34: return limits(message, &step, &emitter, last)
        case 52, 38, 69: return snapshot(message, &step, &emitter, last)
        case 53, 44, 59: return orderSnapshot(message, &step, &emitter, last)
        case 54...58, 63, 27, 29, 41: define(message, &emitter)
        case 30: return securityStatus(message, &step, &emitter, last)
        case 39: return quoteRequests(message, &step, &emitter, last)
        case 60: return workup(message, &step, &emitter, last)
        case 62: return collateral(message, &step, &emitter, last)
        case 4: channelReset(message, &emitter)
        default: break  // Heartbeats, and what belongs to TCP.
        }
        return true
    }

    // MARK: Steps and events

    /// Where the message's ticks begin, with the one that was held back.
    @inline(__always)
    func begin(_ emitter: TickEmitter) -> Int { emitter.count &- heldCount }

    /// Runs the steps of a message that are left; false if `emitter` is full before the last one.
    @inline(__always)
    func run(
        _ count: Int, _ step: inout Int, _ emitter: inout TickEmitter, _ last: Int,
        _ body: (Int, inout TickEmitter) -> Void
    ) -> Bool {
        while step < count {
            guard emitter.count <= last else { return false }
            body(step, &emitter)
            step += 1
        }
        return true
    }

    /// True if the venue's event is complete with this message: by its own MatchEventIndicator, or by
    /// that of the next message in the packet where that one has no entries (as books often end).
    @inline(__always)
    func endsEvent(_ message: Message, _ indicator: UInt8) -> Bool {
        if indicator & 0x80 != 0 { return true }
        let next = message.base + message.length
        let rest = message.rest - message.length
        guard rest >= 24, Self.isBook(Int(next.little16(4))) else { return false }
        let block = Int(next.little16(2))
        guard block >= 9, rest >= 10 + block + 3 else { return false }
        return next.byte(18) & 0x80 != 0 && next.byte(10 + block + 2) == 0
    }

    @inline(__always)
    private static func isBook(_ template: Int) -> Bool {
        template == 46 || template == 64 || template == 32
    }

    /// An instrument's book changed, and the event goes on.
    @inline(__always)
    func touch(_ index: Int) {
        guard !instruments.states[index].isTouched else { return }
        instruments.states[index].isTouched = true
        touched.append(UInt32(truncatingIfNeeded: index))
    }

    /// The event of a message that has done its steps is complete: its last tick says so, and the
    /// instruments whose books are not shown yet get ticks of their own. False if `emitter` is full.
    func endEvent(_ first: Int, _ emitter: inout TickEmitter, _ last: Int) -> Bool {
        emitter.endEvent(since: first)
        while let index = touched.last {
            if instruments.states[Int(index)].isTouched {
                guard emitter.count <= last else { return false }
                emitter.instrument = instruments.states[Int(index)].instrument
                instruments.states[Int(index)].isTouched = false
                emitter.status(.eventEnd, 0)
            }
            touched.removeLast()
        }
        return true
    }

    /// All books of the channel are empty, and their numbers begin again (§6.5).
    private func channelReset(_ message: Message, _ emitter: inout TickEmitter) {
        emitter.exchangeTime = message.base.little64(0)
        emitter.instrument = 0
        beginEpoch()
        emitter.emit(.clear)
    }

    /// Books of images from before the channel began again: empty, and in doubt until the next image.
    /// Between two messages, wherever decoding stopped: the ticks do not depend on that.
    @inline(never)
    private func emptyStale(_ emitter: inout TickEmitter, _ last: Int) {
        emitter.exchangeTime = 0
        while let index = stale.last, emitter.count <= last {
            stale.removeLast()
            emitter.instrument = instruments.states[Int(index)].instrument
            emitter.clearBook(flags: [.snapshot, .bookSuspect, .lastOfEvent])
        }
    }

    // MARK: Values

    /// State of an entry's instrument, whose ticks follow.
    @inline(__always)
    func use(_ code: Int32, _ emitter: inout TickEmitter) -> Int {
        let index = index(code)
        emitter.instrument = instruments.states[index].instrument
        return index
    }

    /// State of the instrument with this number; 0, and counted, if there is no room for it.
    @inline(__always)
    func index(_ code: Int32) -> Int {
        let index = instruments.index(code, channel: channel)
        if index == 0 { counters.directoryFull += 1 }
        return index
    }

    /// Notes an entry of the increments; false if it is one that the snapshot contains already.
    @inline(__always)
    func isNews(_ index: Int, _ rptSeq: UInt32) -> Bool {
        let state = instruments.states + index
        if !isLate {
            state.pointee.rptSeq = rptSeq
            claim(index)
        }
        return rptSeq > state.pointee.snapshotRptSeq || state.pointee.snapshotRptSeq == 0
    }

    /// The instrument is one of this channel's increments.
    @inline(__always)
    func claim(_ index: Int) {
        instruments.states[index].channel = channel
        instruments.states[index].hasIncrements = true
    }

    /// True for an entry in a packet that came after newer ones had changed the book: books do not
    /// apply it.
    @inline(__always)
    func isTooLate(_ index: Int, _ emitter: borrowing TickEmitter) -> Bool {
        guard isLate else { return false }
        let state = instruments.states[index]
        return UInt32(truncatingIfNeeded: emitter.sequence)
            < max(state.levelSequence, state.orderSequence)
    }

    /// Billionths of a price of templates with seven decimals; the null value is none.
    @inline(__always)
    func price7(_ raw: Int64) -> Int64 {
        let (value, overflow) = raw.multipliedReportingOverflow(by: 100)
        if !overflow { return value }
        if raw != .max { counters.unrepresentable += 1 }
        return Price.none
    }

    /// A quantity of 64 bits without a sign.
    @inline(__always)
    func quantity(_ raw: UInt64) -> Int64 {
        if raw == .max { return Quantity.none }
        if let value = Int64(exactly: raw) { return value }
        counters.unrepresentable += 1
        return Quantity.none
    }

    @inline(__always)
    func quantity(_ raw: Int32) -> Int64 { raw == .max ? Quantity.none : Int64(raw) }
}

extension UnsafeRawPointer {
    @inline(__always)
    func little16(_ offset: Int) -> UInt16 {
        UInt16(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }
}
