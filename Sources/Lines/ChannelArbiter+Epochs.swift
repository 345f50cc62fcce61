import Ticks
import Wire

/// Which epoch a packet belongs to (DESIGN §4.5).
extension ChannelArbiter {
    enum Relation {
        case current
        /// Of an earlier epoch, from a slower line.
        case stale
        /// Kept aside: it may prove a restart together with others.
        case candidate
        case newEpoch(EpochCause, first: UInt64)
        /// The line's candidate packets, this one included, prove an epoch.
        case provenByLine(EpochCause)
    }

    /// Lines carry the same message at the same offset of the stream and at nearly the same time; a
    /// restarted stream is younger by at least the time that a restart takes.
    private static let repeatNanosecondsMax: UInt64 = 1_000_000_000

    func relation(
        of packet: TransportPacket, line: Int, captureTime: UInt64, timeSource: TimeSource,
        now: UInt64
    ) -> Relation {
        if status.epoch == 0 { return joined(packet) }
        if packet.session != status.session {
            if pastSessions.contains(packet.session) { return .stale }
            return .newEpoch(.session, first: beginning(packet))
        }
        if packet.resetsSequence { return relationByReset(packet, now: now) }
        if resumption == .expected,
            packet.firstSequence >= status.next || packet.endSequence > status.next
        {
            resumption = .found
            return .current
        }
        if options.isTimed {
            if let relation = relationByTime(packet) { return relation }
        } else {
            if let relation = relationByRun(packet, line) { return relation }
            if isOfPastRun(packet, now: now) { return .stale }
        }
        let isOdd = isImplausibleJump(packet) || (!options.isTimed && goesBack(packet, line))
        guard isOdd else { return .current }
        return consider(packet, line, captureTime: captureTime, timeSource: timeSource)
    }

    private func joined(_ packet: TransportPacket) -> Relation {
        packet.firstSequence <= 1
            ? .newEpoch(.start, first: packet.firstSequence)
            : .newEpoch(.joined, first: packet.firstSequence)
    }

    /// Runs begin at 1 (some at 0), and what is missing before the first packet is lost; unless that
    /// is more than plausible, because the packet is damaged or we join late.
    private func beginning(_ packet: TransportPacket) -> UInt64 {
        packet.firstSequence > options.jumpMax
            ? packet.firstSequence : min(1, packet.firstSequence)
    }

    // MARK: Proof by send time and stream offset

    private func relationByTime(_ packet: TransportPacket) -> Relation? {
        if packet.sendTime <= sendTimeFloor { return .stale }
        if packet.sendTime < epochSendTime, packet.firstSequence >= pastSequence,
            packet.firstSequence >= epochSequence
        {
            return .stale
        }
        guard packet.sendTime > sendTimeNewest else { return nil }
        let wentBack =
            packet.firstSequence < status.next
            ? !fitsStream(packet)
            : packet.streamOffset < nextStreamOffset
        guard wentBack else { return nil }
        return .newEpoch(.restart, first: beginning(packet))
    }

    /// True if the packet stands where the stream had its messages lately. Another line may pack
    /// them differently and stamp them a little later.
    private func fitsStream(_ packet: TransportPacket) -> Bool {
        let first = packet.firstSequence
        let end = first + UInt64(packet.messageCount)
        guard let known = history.find(touching: first, end) else {
            // From before our beginning: nothing to compare with.
            return end <= status.first
                && packet.sendTime - sendTimeNewest < Self.repeatNanosecondsMax
        }
        let age =
            packet.sendTime > known.sendTime
            ? packet.sendTime - known.sendTime : known.sendTime - packet.sendTime
        guard age < Self.repeatNanosecondsMax else { return false }
        let offset = packet.streamOffset
        if known.first >= first {
            let ahead = known.streamOffset &- offset
            if known.first == first { return ahead == 0 }
            return known.first == end
                ? ahead == UInt64(packet.blocks.count) : ahead < UInt64(packet.blocks.count)
        }
        return known.end == first
            ? offset == known.streamEnd
            : offset > known.streamOffset && offset < known.streamEnd
    }

    // MARK: Proof by several consistent packets on one line

    /// Where a line stands that has not been seen in this epoch yet, although its session goes on: it
    /// may still bring the old run, and its numbers alone do not tell.
    private func relationByRun(_ packet: TransportPacket, _ line: Int) -> Relation? {
        guard runs[line].epoch != 0, runs[line].epoch < status.epoch, runs[line].next != 0,
            runs[line].session == status.session
        else { return nil }
        let known = digest(packet, remember: false)
        if known.compared > 0 { return known.differences > 0 ? .stale : .current }
        let next = runs[line].next
        if packet.firstSequence < next, packet.firstSequence <= status.knownEnd,
            !runs[line].missing.intersects(packet.firstSequence, packet.endSequence)
        {
            return .current
        }
        if packet.firstSequence > next, packet.firstSequence - next > options.jumpMax {
            return nil
        }
        runs[line].next = max(next, packet.endSequence)
        return .stale
    }

    func isImplausibleJump(_ packet: TransportPacket) -> Bool {
        packet.endSequence > status.next && packet.endSequence - status.next > options.jumpMax
    }

    /// True if the line falls behind its own run with something that is no repeat of it.
    private func goesBack(_ packet: TransportPacket, _ line: Int) -> Bool {
        guard runs[line].epoch == status.epoch, packet.endSequence <= runs[line].next,
            packet.firstSequence < runs[line].next, packet.endSequence <= status.next
        else { return false }
        if runs[line].missing.intersects(packet.firstSequence, packet.endSequence) { return false }
        if lostRanges.intersects(packet.firstSequence, packet.endSequence) { return false }
        guard packet.messageCount > 0 else { return packet.kind != .data }
        let known = digest(packet, remember: false)
        return known.differences > 0 || known.compared == 0
    }

    private func consider(
        _ packet: TransportPacket, _ line: Int, captureTime: UInt64, timeSource: TimeSource
    ) -> Relation {
        if !runs[line].candidate.continues(packet.firstSequence) { dropCandidate(line) }
        let stored = StoredPacket(
            first: packet.firstSequence, count: packet.messageCount, offset: 0, length: 0,
            arrival: captureTime, captureTime: captureTime, streamOffset: packet.streamOffset,
            sendTime: packet.sendTime, line: UInt8(line), timeSource: timeSource)
        guard packet.messageCount == packet.announcedCount,
            runs[line].candidate.add(stored, packet.blocks)
        else {
            dropCandidate(line)
            return .stale
        }
        status.received += UInt64(packet.messageCount)
        status.held += UInt64(packet.messageCount)
        guard runs[line].candidate.agreed >= options.proofPackets else { return .candidate }
        let jumped = runs[line].candidate.first > status.next
        return .provenByLine(jumped ? .jump : .restartUnproven)
    }

    /// Prepares the candidates for the new epoch, whose books take them over: that of the line which
    /// proved it, and those of other lines that overlap or touch it. Returns their first sequence.
    func gatherCandidates(provenBy line: Int) -> UInt64 {
        var first = runs[line].candidate.first
        var end = runs[line].candidate.next
        for other in runs.indices where runs[other].candidate.agreed > 0 {
            if runs[other].candidate.first <= end, runs[other].candidate.next >= first {
                first = min(first, runs[other].candidate.first)
                end = max(end, runs[other].candidate.next)
                let messages = runs[other].candidate.messages
                status.received -= messages
                status.held -= messages
                runs[other].next = 0
            } else {
                dropCandidate(other)
            }
        }
        return first
    }

    /// The old run goes on: what was kept aside was nothing new.
    func dropCandidate(_ line: Int) {
        guard runs[line].candidate.agreed > 0 else { return }
        let messages = runs[line].candidate.messages
        status.held -= messages
        status.stale += messages
        lines[line].stale += messages
        runs[line].candidate.clear()
    }
}
