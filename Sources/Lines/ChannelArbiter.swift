import CLinux
import Ticks
import Wire

/// Puts the packets of a channel's lines into one gapless order (DESIGN §4.5). Sans-I/O: time is
/// what the caller says it is, and all state is a function of the calls.
///
/// For every packet call `offer`, then `nextAction` until it returns `none`; on clock ticks only the
/// latter. After the set-up nothing is allocated.
public final class ChannelArbiter {
    public let options: ArbiterOptions

    // One thread owns this: no run-time checks of exclusive access (see FeedCore).

    @exclusivity(unchecked) public internal(set) var status = ChannelStatus()
    @exclusivity(unchecked) public internal(set) var lines: [LineStatus]
    /// What the epochs before the current one came to.
    @exclusivity(unchecked) public internal(set) var pastEpochs = ChannelStatus()

    /// One packet being handed out, message range by message range.
    struct Scan {
        var blocks: UnsafeRawBufferPointer
        var first: UInt64
        var end: UInt64
        var cursor: UInt64
        var line: UInt8
        var captureTime: UInt64
        var timeSource: TimeSource
        var streamOffset: UInt64
        var sendTime: UInt64
    }

    /// An epoch that begins as soon as the current one is drained.
    struct EpochSwitch {
        var cause: EpochCause
        var session: SessionIdentifier
        var first: UInt64
        /// Of the packet that begins it; 0 if the transport has none.
        var sendTime: UInt64
        var sequence: UInt64
        /// The lines' candidate packets come first.
        var replays: Bool
    }

    /// A packet that cannot be placed yet: an epoch must end first, or the window is full.
    struct Pending {
        var packet: TransportPacket
        var line: Int
        var captureTime: UInt64
        var timeSource: TimeSource
        /// Its accounts are in the books already; only its place is missing.
        var isBooked: Bool
    }

    @exclusivity(unchecked) var runs: [LineRun]
    @exclusivity(unchecked) var window: PacketStore
    @exclusivity(unchecked) var lostRanges: SequenceRanges
    @exclusivity(unchecked) var history: ArrivalHistory
    @exclusivity(unchecked) var digests: UnsafeMutablePointer<UInt64>
    /// Those of the epoch before.
    @exclusivity(unchecked) var pastDigests: UnsafeMutablePointer<UInt64>
    private let digestFraming: clinux_framing
    static let digestCapacity = 8192

    @exclusivity(unchecked) var scan: Scan?
    @exclusivity(unchecked) var pending: Pending?
    @exclusivity(unchecked) var epochSwitch: EpochSwitch?
    /// The next candidate packet to be taken into the epoch that it proved.
    @exclusivity(unchecked) var replay: (line: Int, index: Int)?
    @exclusivity(unchecked) var mismatch: (sequence: UInt64, line: UInt8)?
    @exclusivity(unchecked) var filledGap: (sequence: UInt64, id: UInt32)?
    @exclusivity(unchecked) var endSequence: UInt64?
    @exclusivity(unchecked) var isFinishing = false
    /// How far going on after a restart has come.
    enum Resumption { case none, expected, found, announced }
    @exclusivity(unchecked) var resumption = Resumption.none
    /// Core time at which something behind the last known packet was found to be missing.
    @exclusivity(unchecked) var tailSince: UInt64 = 0
    @exclusivity(unchecked) var nextGapID: UInt32 = 1
    /// Sessions that ended, newest last; their packets are stale.
    @exclusivity(unchecked) var pastSessions: [SessionIdentifier] = []
    /// Send times up to this one belong to earlier epochs.
    @exclusivity(unchecked) var sendTimeFloor: UInt64 = 0
    /// Send time and sequence of the packet that began the epoch. What was sent earlier belongs to
    /// this epoch only with lower numbers; with numbers from `pastSequence` on it is the end of the
    /// epoch before, which nobody had brought when this one began.
    @exclusivity(unchecked) var epochSendTime: UInt64 = 0
    @exclusivity(unchecked) var epochSequence: UInt64 = 0
    @exclusivity(unchecked) var pastSequence: UInt64 = 0
    /// Newest send time of the epoch, and the first sequence of its packet.
    @exclusivity(unchecked) var sendTimeNewest: UInt64 = 0
    @exclusivity(unchecked) var newestSequence: UInt64 = 0
    /// Core time at which the epoch began; nil if another run of the handler saw it begin.
    @exclusivity(unchecked) var epochTime: UInt64?
    /// Behind the highest sequence of the epoch before, if it had the same session; otherwise 0.
    @exclusivity(unchecked) var pastEnd: UInt64 = 0
    /// The newest announcements of new runs.
    @exclusivity(unchecked) var resets: [AnnouncedReset] = []
    let unsequencedHistory: UnsequencedHistory
    @exclusivity(unchecked) var unsequenced: Delivery?
    /// Stream offset behind the newest delivered packet.
    @exclusivity(unchecked) var nextStreamOffset: UInt64 = 0

    public init(options: ArbiterOptions, lineCount: Int) {
        precondition((1...250).contains(lineCount), "1 to 250 lines a channel")
        self.options = options
        lines = Array(repeating: LineStatus(), count: lineCount)
        runs = (0..<lineCount).map { _ in
            LineRun(candidate: RestartCandidate(packetCapacity: options.proofPackets + 1))
        }
        window = PacketStore(
            packetCapacity: options.windowPackets, byteCapacity: options.windowBytes)
        lostRanges = SequenceRanges(capacity: options.lostRangesMax)
        history = ArrivalHistory()
        unsequencedHistory = UnsequencedHistory()
        digests = .allocate(capacity: Self.digestCapacity)
        digests.initialize(repeating: 0, count: Self.digestCapacity)
        pastDigests = .allocate(capacity: Self.digestCapacity)
        pastDigests.initialize(repeating: 0, count: Self.digestCapacity)
        digestFraming = clinux_framing(
            kind: options.framing.kind.rawValue, offset: UInt8(options.framing.offset),
            width: UInt8(options.framing.width), big_endian: options.framing.bigEndian ? 1 : 0)
        pastSessions.reserveCapacity(17)
        resets.reserveCapacity(Self.resetsRemembered)
    }

    deinit {
        window.free()
        for run in runs { run.candidate.free() }
        history.free()
        unsequencedHistory.free()
        digests.deallocate()
        pastDigests.deallocate()
    }

    /// Goes on where an earlier run of the handler stopped: the next packet of the session is
    /// expected at `next`, and what it slept through becomes a gap at once. `time` is the newest
    /// capture time of that run, UTC ns: what was sent before it is no restart.
    public func resume(epoch: UInt32, session: SessionIdentifier, next: UInt64, time: UInt64) {
        precondition(status.epoch == 0, "only before the first packet")
        status.epoch = epoch
        status.session = session
        status.first = next
        status.next = next
        status.knownEnd = next
        sendTimeNewest = time
        newestSequence = next
        resumption = .expected
        for line in runs.indices {
            runs[line].epoch = epoch
            runs[line].session = session
            runs[line].next = next
        }
    }

    /// The input ended: holes will not be filled, and nothing more will be proven. `nextAction` then
    /// drains everything.
    public func finish() {
        isFinishing = true
        for line in runs.indices { dropCandidate(line) }
    }

    /// True if the passing of time may cause an action.
    public var isWaiting: Bool { status.knownEnd > status.next || !window.isEmpty }

    /// Core time at which the oldest hole is given up; nil if nothing waits.
    public var deadline: UInt64? {
        guard isWaiting else { return nil }
        let since = window.isEmpty ? tailSince : window.first.arrival
        return since &+ options.windowNanoseconds
    }

    /// True while the core has the line reported as silent; cheap, for every packet.
    public func isSilent(_ line: Int) -> Bool { lines[line].isSilent }

    /// Remembers that the core has reported the line as silent, or as alive again.
    public func setSilent(_ line: Int, _ isSilent: Bool) { lines[line].isSilent = isSilent }

    /// A datagram on this line that is no packet of the transport.
    public func noteRejected(line: Int, bytes: Int, now: UInt64) {
        lines[line].packets += 1
        lines[line].bytes += UInt64(bytes)
        lines[line].rejected += 1
        lines[line].lastTime = now
    }

    /// Takes a packet in. Its bytes must stay until `nextAction` has returned `none`.
    public func offer(
        _ packet: TransportPacket, line: Int, captureTime: UInt64, timeSource: TimeSource,
        now: UInt64
    ) {
        lines[line].packets += 1
        lines[line].bytes += UInt64(packet.blocks.count)
        lines[line].lastTime = now
        lines[line].rejected += UInt64(packet.announcedCount - packet.messageCount)
        if packet.kind == .unsequenced {
            takeUnsequenced(
                packet, line, captureTime: captureTime, timeSource: timeSource, now: now)
            return
        }
        lines[line].messages += UInt64(packet.messageCount)
        if packet.kind != .data { lines[line].heartbeats += 1 }

        let booked = Pending(
            packet: packet, line: line, captureTime: captureTime, timeSource: timeSource,
            isBooked: false)
        let relation = relation(
            of: packet, line: line, captureTime: captureTime, timeSource: timeSource, now: now)
        switch relation {
        case .current:
            dropCandidate(line)
            place(booked, now: now)
        case .stale:
            bookStale(packet, line)
        case .candidate:
            break
        case .newEpoch(let cause, let first):
            for line in runs.indices { dropCandidate(line) }
            if packet.resetsSequence {
                note(
                    reset: packet, hash: blocksHash(packet), epoch: status.epoch + 1, now: now)
            }
            epochSwitch = EpochSwitch(
                cause: cause, session: packet.session, first: first, sendTime: packet.sendTime,
                sequence: packet.firstSequence, replays: false)
            pending = booked
        case .provenByLine(let cause):
            epochSwitch = EpochSwitch(
                cause: cause, session: packet.session, first: gatherCandidates(provenBy: line),
                sendTime: runs[line].candidate.packets.first?.sendTime ?? packet.sendTime,
                sequence: runs[line].candidate.first, replays: true)
        }
    }

    /// Hands a packet without numbers out, unless another line has brought it.
    private func takeUnsequenced(
        _ packet: TransportPacket, _ line: Int, captureTime: UInt64, timeSource: TimeSource,
        now: UInt64
    ) {
        guard packet.messageCount > 0 else {
            lines[line].heartbeats += 1
            return
        }
        let count = UInt64(packet.messageCount)
        lines[line].unsequenced += count
        guard !unsequencedHistory.isKnown(blocksHash(packet), line: line, now: now) else {
            lines[line].unsequencedDuplicates += count
            status.unsequencedDuplicate += count
            return
        }
        status.unsequenced += count
        unsequenced = Delivery(
            blocks: packet.blocks, skip: 0, count: packet.messageCount, sequence: 0,
            line: UInt8(line), captureTime: captureTime, timeSource: timeSource,
            sendTime: packet.sendTime, isRecovered: false, isUnsequenced: true)
    }

    func bookStale(_ packet: TransportPacket, _ line: Int) {
        status.received += UInt64(packet.announcedCount)
        status.stale += UInt64(packet.announcedCount)
        lines[line].stale += UInt64(packet.messageCount)
    }

    /// Books a packet of the current epoch and hands it out, or keeps it, or finds it known.
    func place(_ booked: Pending, now: UInt64) {
        let packet = booked.packet
        if !booked.isBooked { book(packet, booked.line, now: now) }
        guard packet.messageCount > 0 else { return }
        if packet.firstSequence <= status.next {
            scan = Scan(
                blocks: packet.blocks, first: packet.firstSequence,
                end: packet.firstSequence + UInt64(packet.messageCount),
                cursor: packet.firstSequence, line: UInt8(booked.line),
                captureTime: booked.captureTime, timeSource: booked.timeSource,
                streamOffset: packet.streamOffset, sendTime: packet.sendTime)
            return
        }
        if window.covers(packet.firstSequence, packet.messageCount) {
            status.held -= UInt64(packet.messageCount)
            status.duplicate += UInt64(packet.messageCount)
            lines[booked.line].duplicates += UInt64(packet.messageCount)
            noteSkew(packet.firstSequence, booked.line, booked.captureTime)
            return
        }
        guard window.hasRoom(packet.blocks.count) else {
            pending = booked
            pending?.isBooked = true
            return
        }
        history.note(
            packet.firstSequence, count: packet.messageCount, streamOffset: packet.streamOffset,
            bytes: packet.blocks.count, sendTime: packet.sendTime,
            captureTime: booked.captureTime, line: UInt8(booked.line))
        window.insert(
            StoredPacket(
                first: packet.firstSequence, count: packet.messageCount, offset: 0, length: 0,
                arrival: now, captureTime: booked.captureTime, streamOffset: packet.streamOffset,
                sendTime: packet.sendTime, line: UInt8(booked.line),
                timeSource: booked.timeSource),
            packet.blocks)
    }

    private func book(_ packet: TransportPacket, _ line: Int, now: UInt64) {
        status.received += UInt64(packet.announcedCount)
        status.rejected += UInt64(packet.announcedCount - packet.messageCount)
        status.held += UInt64(packet.messageCount)
        if packet.sendTime > sendTimeNewest {
            sendTimeNewest = packet.sendTime
            newestSequence = packet.firstSequence
        }
        if packet.firstSequence &+ UInt64(packet.messageCount) >= status.knownEnd {
            // The message before the end is here: what is missing has one behind it.
            if packet.messageCount > 0 { tailSince = 0 }
        }
        if packet.endSequence > status.knownEnd {
            status.knownEnd = packet.endSequence
            // Revealed without the messages: a heartbeat, an end, a damaged packet.
            if packet.messageCount < packet.announcedCount || packet.announcedCount == 0,
                tailSince == 0
            {
                tailSince = now
            }
        }
        if packet.kind == .endOfSession { endSequence = packet.firstSequence }
        followLine(line, packet.firstSequence, packet.endSequence)
        // One line alone needs digests only where nothing else tells a repeat from a restart.
        if packet.messageCount > 0, lines.count > 1 || !options.isTimed { compare(packet, line) }
    }

    /// Keeps the line's own account of what it skipped and brought late.
    private func followLine(_ line: Int, _ first: UInt64, _ end: UInt64) {
        if runs[line].next == 0 || runs[line].epoch != status.epoch {
            runs[line].epoch = status.epoch
            runs[line].session = status.session
            runs[line].next = end
            runs[line].missing.removeAll()
            return
        }
        if first > runs[line].next {
            lines[line].lost += first - runs[line].next
            runs[line].missing.append(
                SequenceRanges.Range(first: runs[line].next, end: first, gapID: 0))
        } else if first < runs[line].next {
            let brought = runs[line].missing.subtract(first, min(end, runs[line].next))
            lines[line].lost -= brought
            lines[line].outOfOrder += brought
        }
        runs[line].next = max(runs[line].next, end)
    }

    private func compare(_ packet: TransportPacket, _ line: Int) {
        let known = digest(packet, remember: true)
        if known.differences > 0 {
            status.mismatches += UInt64(known.differences)
            mismatch = (known.firstDifference, UInt8(line))
        }
    }

    /// Compares the packet's messages with those of the same sequences that came before: how many
    /// could be compared, and how many differ.
    func digest(
        _ packet: TransportPacket, remember: Bool, in table: UnsafeMutablePointer<UInt64>? = nil
    ) -> (compared: Int, differences: Int, firstDifference: UInt64) {
        guard packet.messageCount > 0, let bytes = packet.blocks.baseAddress else {
            return (0, 0, 0)
        }
        var compared = 0
        var sequence: UInt64 = 0
        let differences = clinux_digest_blocks(
            bytes.assumingMemoryBound(to: UInt8.self), packet.blocks.count,
            packet.messageCount, digestFraming, packet.firstSequence, table ?? digests,
            UInt64(Self.digestCapacity - 1), remember ? 1 : 0, &compared, &sequence)
        return (compared, differences, sequence)
    }

    func noteSkew(_ sequence: UInt64, _ line: Int, _ captureTime: UInt64) {
        guard let winner = history.find(sequence), winner.line != UInt8(line) else { return }
        lines[line].noteSkew(
            captureTime >= winner.captureTime ? captureTime - winner.captureTime : 0)
    }
}
