import CLinux
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

    /// Repeats of a packet carry the same send time on every line; a restarted stream is younger
    /// by at least the time that a restart takes.
    private static let repeatNanosecondsMax: UInt64 = 1_000_000_000

    func relation(
        of packet: TransportPacket, line: Int, captureTime: UInt64, timeSource: TimeSource
    ) -> Relation {
        if status.epoch == 0 { return joined(packet) }
        if packet.session != status.session {
            if pastSessions.contains(packet.session) { return .stale }
            return .newEpoch(.session, first: min(1, packet.firstSequence))
        }
        if resumption == .expected, packet.firstSequence >= status.next {
            resumption = .found
            return .current
        }
        if options.isTimed {
            if let relation = relationByTime(packet) { return relation }
        } else if let relation = relationByRun(packet, line) {
            return relation
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

    // MARK: Proof by send time and stream offset

    private func relationByTime(_ packet: TransportPacket) -> Relation? {
        if packet.sendTime <= sendTimeFloor { return .stale }
        guard packet.sendTime > sendTimeNewest else { return nil }
        let wentBack =
            packet.firstSequence < status.next
            ? !isRepeat(packet)
            : packet.streamOffset < nextStreamOffset
        guard wentBack else { return nil }
        return .newEpoch(.restart, first: min(1, packet.firstSequence))
    }

    private func isRepeat(_ packet: TransportPacket) -> Bool {
        guard packet.kind == .data, let known = history.find(packet.firstSequence),
            known.streamOffset == packet.streamOffset
        else { return false }
        let age = packet.sendTime > known.sendTime ? packet.sendTime - known.sendTime : 0
        return age < Self.repeatNanosecondsMax
    }

    // MARK: Proof by several consistent packets on one line

    /// A line that still runs in an older epoch goes on where it was; once it goes back itself it
    /// has arrived in the current one.
    private func relationByRun(_ packet: TransportPacket, _ line: Int) -> Relation? {
        guard runs[line].epoch != 0, runs[line].epoch < status.epoch, runs[line].next != 0 else {
            return nil
        }
        if packet.firstSequence >= runs[line].next {
            runs[line].next = packet.endSequence
            return .stale
        }
        if runs[line].missing.intersects(packet.firstSequence, packet.endSequence) {
            return .stale
        }
        return .current
    }

    private func isImplausibleJump(_ packet: TransportPacket) -> Bool {
        packet.endSequence > status.next && packet.endSequence - status.next > options.jumpMax
    }

    /// True if the line falls behind its own run with something that is no repeat of it.
    private func goesBack(_ packet: TransportPacket, _ line: Int) -> Bool {
        let run = runs[line]
        guard run.epoch == status.epoch, packet.endSequence <= run.next,
            packet.firstSequence < run.next
        else { return false }
        if run.missing.intersects(packet.firstSequence, packet.endSequence) { return false }
        if lostRanges.intersects(packet.firstSequence, packet.endSequence) { return false }
        guard packet.messageCount > 0, let bytes = packet.blocks.baseAddress else {
            return packet.kind != .data
        }
        var known = 0
        var sequence: UInt64 = 0
        let differences = clinux_digest_blocks(
            bytes.assumingMemoryBound(to: UInt8.self), packet.messageCount,
            options.lengthOrder == .bigEndian ? 1 : 0, packet.firstSequence, digests,
            UInt64(Self.digestCapacity - 1), 0, &known, &sequence)
        return differences > 0 || known == 0
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
        // The new epoch's books take them over.
        let messages = runs[line].candidate.messages
        status.received -= messages
        status.held -= messages
        let jumped = runs[line].candidate.first > status.next
        return .provenByLine(jumped ? .jump : .restartUnproven)
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
