import Ticks
import Wire

/// What happens in which order once packets are in.
extension ChannelArbiter {
    /// The next thing to do; call until it returns `none`.
    public func nextAction(now: UInt64) -> ArbiterAction {
        while true {
            if let delivery = unsequenced {
                unsequenced = nil
                return .deliver(delivery)
            }
            if resumption == .found {
                resumption = .announced
                return .epoch(
                    number: status.epoch, cause: .resumed, session: status.session,
                    sequence: status.first)
            }
            if resumption == .announced {
                resumption = .none
                if isWaiting, scan == nil { return declareGap(.restart) }
            }
            // Right behind its last message: the rest of the packet may fill another gap.
            if let filledGap {
                self.filledGap = nil
                return .gapFilled(sequence: filledGap.sequence, id: filledGap.id)
            }
            if scan != nil {
                if let action = nextDelivery() { return action }
                continue
            }
            if let mismatch {
                self.mismatch = nil
                return .mismatch(sequence: mismatch.sequence, line: mismatch.line)
            }
            if !window.isEmpty, window.first.first <= status.next {
                scanStored()
                continue
            }
            if let change = epochSwitch {
                if status.epoch != 0, isWaiting {
                    return declareGap(.epoch)
                }
                return begin(change, now: now)
            }
            if let waiting = pending {
                if let action = retry(waiting, now: now) { return action }
                continue
            }
            if replay != nil {
                replayCandidate(now: now)
                continue
            }
            if let end = endSequence, status.next >= end, !status.hasEnded {
                return endEpoch(end)
            }
            if isWaiting, isFinishing || now >= (deadline ?? .max) {
                return declareGap(isFinishing ? .end : .time)
            }
            return .none
        }
    }

    // MARK: Handing out

    private func scanStored() {
        let packet = window.takeFirst()
        scan = Scan(
            blocks: window.blocks(packet), first: packet.first, end: packet.end,
            cursor: packet.first, line: packet.line, captureTime: packet.captureTime,
            timeSource: packet.timeSource, streamOffset: packet.streamOffset,
            sendTime: packet.sendTime)
    }

    /// The next range of the scanned packet that is to be decoded; nil when the packet is through.
    private func nextDelivery() -> ArbiterAction? {
        guard var current = scan else { return nil }
        let line = Int(current.line)
        while current.cursor < current.end {
            if current.cursor >= status.next {
                let delivery = deliver(&current, until: current.end, recovered: false)
                status.next = current.end
                if status.next >= status.knownEnd { tailSince = 0 }
                nextStreamOffset = current.streamOffset &+ UInt64(current.blocks.count)
                history.note(
                    current.first, count: Int(current.end - current.first),
                    streamOffset: current.streamOffset, bytes: current.blocks.count,
                    sendTime: current.sendTime, captureTime: current.captureTime,
                    line: current.line)
                scan = current
                return .deliver(delivery)
            }
            let known = min(current.end, status.next)
            let at = lostRanges.index(after: current.cursor)
            let range = at < lostRanges.ranges.count ? lostRanges.ranges[at] : nil
            if let range, range.first <= current.cursor {
                let sequence = current.cursor
                let until = min(range.end, known)
                let delivery = deliver(&current, until: until, recovered: true)
                status.lost -= until - sequence
                status.recovered += until - sequence
                if lostRanges.remove(sequence, until, at: at) {
                    status.gapsOpen -= 1
                    status.gapsFilled += 1
                    filledGap = (sequence, range.gapID)
                }
                scan = current
                return .deliver(delivery)
            }
            let until = min(range?.first ?? known, known)
            bookKnown(from: current.cursor, until: until, line: line)
            noteSkew(current.first, line, current.captureTime)
            current.cursor = until
        }
        scan = nil
        return nil
    }

    private func deliver(_ scan: inout Scan, until: UInt64, recovered: Bool) -> Delivery {
        let count = until - scan.cursor
        status.held -= count
        status.delivered += count
        lines[Int(scan.line)].wins += count
        defer { scan.cursor = until }
        return Delivery(
            blocks: scan.blocks, skip: Int(scan.cursor - scan.first), count: Int(count),
            sequence: scan.cursor, line: scan.line, captureTime: scan.captureTime,
            timeSource: scan.timeSource, sendTime: scan.sendTime, isRecovered: recovered,
            isUnsequenced: false)
    }

    /// Messages below the next sequence that are not missing: known, or from before our beginning.
    private func bookKnown(from: UInt64, until: UInt64, line: Int) {
        let beforeFirst = from < status.first ? min(until, status.first) - from : 0
        status.held -= until - from
        status.late += beforeFirst
        status.duplicate += until - from - beforeFirst
        lines[line].duplicates += until - from - beforeFirst
    }

    // MARK: Holes

    private func declareGap(_ cause: GapCause) -> ArbiterAction {
        var end = status.knownEnd
        if !window.isEmpty { end = min(end, window.first.first) }
        if let pending, pending.isBooked { end = min(end, pending.packet.firstSequence) }
        let first = status.next
        let id = nextGapID
        nextGapID &+= 1
        status.next = end
        status.lost += end - first
        status.gaps += 1
        status.gapsOpen += 1
        lostRanges.append(SequenceRanges.Range(first: first, end: end, gapID: id))
        if status.next >= status.knownEnd { tailSince = 0 }
        return .gap(first: first, count: end - first, id: id, cause: cause)
    }

    /// A packet that had no place: the window gives up its first hole until there is one.
    private func retry(_ waiting: Pending, now: UInt64) -> ArbiterAction? {
        let packet = waiting.packet
        let fits =
            !waiting.isBooked || packet.firstSequence <= status.next
            || window.hasRoom(packet.blocks.count)
        if fits {
            pending = nil
            place(waiting, now: now)
            return nil
        }
        return declareGap(.window)
    }

    // MARK: Epochs

    private func endEpoch(_ end: UInt64) -> ArbiterAction {
        status.hasEnded = true
        endSequence = nil
        return .epoch(
            number: status.epoch, cause: .end, session: status.session, sequence: end)
    }

    private func begin(_ change: EpochSwitch, now: UInt64) -> ArbiterAction {
        epochSwitch = nil
        resumption = .none
        if status.epoch != 0, change.session != status.session { retire(status.session) }
        pastEpochs.add(status)
        // Another session's packets are told by their session.
        let isSameSession = status.epoch != 0 && change.session == status.session
        pastSequence = isSameSession ? newestSequence : .max
        pastEnd = isSameSession ? status.knownEnd : 0
        var next = ChannelStatus()
        next.epoch = status.epoch + 1
        next.session = change.session
        next.first = change.first
        next.next = change.first
        next.knownEnd = change.first
        status = next
        lostRanges.removeAll()
        history.clear()
        swap(&digests, &pastDigests)
        digests.update(repeating: 0, count: Self.digestCapacity)
        sendTimeFloor = min(sendTimeNewest, change.sendTime &- 1)
        sendTimeNewest = sendTimeFloor
        epochSendTime = change.sendTime
        epochSequence = change.sequence
        epochTime = now
        nextStreamOffset = 0
        endSequence = nil
        tailSince = 0
        if change.replays { replay = (0, 0) }
        return .epoch(
            number: status.epoch, cause: change.cause, session: change.session,
            sequence: change.first)
    }

    private func retire(_ session: SessionIdentifier) {
        pastSessions.append(session)
        if pastSessions.count > 16 { pastSessions.removeFirst() }
    }

    /// Hands the packets that proved the new epoch to `place`, one a call.
    private func replayCandidate(now: UInt64) {
        guard let (line, index) = replay else { return }
        let candidate = runs[line].candidate
        guard index < candidate.packets.count else {
            runs[line].candidate.clear()
            replay = line + 1 < runs.count ? (line + 1, 0) : nil
            return
        }
        let packet = candidate.packets[index]
        replay = (line, index + 1)
        place(
            Pending(
                packet: TransportPacket(
                    session: status.session, firstSequence: packet.first,
                    messageCount: packet.count, announcedCount: packet.count, kind: .data,
                    sendTime: packet.sendTime, streamOffset: packet.streamOffset,
                    blocks: candidate.blocks(packet)),
                line: line, captureTime: packet.captureTime, timeSource: packet.timeSource,
                isBooked: false),
            now: now)
    }
}
