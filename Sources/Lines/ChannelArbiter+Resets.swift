import CLinux
import Ticks
import Wire

/// A packet that said itself that a new run of sequence numbers begins.
struct AnnouncedReset {
    var epoch: UInt32
    var first: UInt64
    /// Of its blocks.
    var hash: UInt64
    /// ns, 0 if the transport has none.
    var sendTime: UInt64
    /// Core time of its arrival.
    var time: UInt64
}

/// Epochs that the venue announces (DESIGN §4.5). Every line brings the announcement, and some venues
/// mark several packets: one of them begins the epoch, the others belong to it.
extension ChannelArbiter {
    /// Copies of one announcement come within this time, by send time or else by core time.
    private static let copyNanosecondsMax: UInt64 = 1_000_000_000
    /// Where venues mark the first packets of a run and not only the very first, so many numbers
    /// carry the mark at most: a run that is announced below has begun at 1 (or 0), and what is
    /// missing before is lost.
    private static let markedMax: UInt64 = 64
    /// Numbers so near to the end of the last run may be its own.
    private static let pastReach: UInt64 = 8192
    static let resetsRemembered = 16

    /// Where a packet with the mark belongs; its session is the current one.
    func relationByReset(_ packet: TransportPacket, now: UInt64) -> Relation {
        let hash = blocksHash(packet)
        let isSame = digest(packet, remember: false).differences == 0
        if isSame, !isImplausibleJump(packet), belongsToReset(packet, now: now) {
            let isNoted = resets.contains {
                $0.epoch == status.epoch && $0.first == packet.firstSequence && $0.hash == hash
            }
            if !isNoted { note(reset: packet, hash: hash, epoch: status.epoch, now: now) }
            return .current
        }
        let isCopyOfOlder = resets.contains {
            $0.epoch < status.epoch && $0.first == packet.firstSequence && $0.hash == hash
                && isNear(packet, $0.sendTime, $0.time, now)
        }
        if isCopyOfOlder { return .stale }
        let first = packet.firstSequence
        return .newEpoch(.restart, first: first < Self.markedMax ? min(1, first) : first)
    }

    /// True if the mark says what the current epoch's beginning said already.
    private func belongsToReset(_ packet: TransportPacket, now: UInt64) -> Bool {
        if let own = resets.last(where: { $0.epoch == status.epoch }) {
            return isNear(packet, own.sendTime, own.time, now)
                || (packet.firstSequence > own.first && packet.firstSequence >= status.next
                    && packet.firstSequence - status.next < Self.markedMax)
        }
        // The announcement was lost on the line that proved the epoch, and comes now on another.
        guard let epochTime, packet.firstSequence &+ Self.markedMax >= status.first
        else { return false }
        return isNear(packet, epochSendTime, epochTime, now)
    }

    private func isNear(
        _ packet: TransportPacket, _ sendTime: UInt64, _ time: UInt64, _ now: UInt64
    ) -> Bool {
        guard packet.sendTime != 0, sendTime != 0 else {
            return now &- time < Self.copyNanosecondsMax
        }
        let difference =
            packet.sendTime > sendTime
            ? packet.sendTime - sendTime : sendTime - packet.sendTime
        return difference < Self.copyNanosecondsMax
    }

    func note(reset packet: TransportPacket, hash: UInt64, epoch: UInt32, now: UInt64) {
        if resets.count == Self.resetsRemembered { resets.removeFirst() }
        resets.append(
            AnnouncedReset(
                epoch: epoch, first: packet.firstSequence, hash: hash, sendTime: packet.sendTime,
                time: now))
    }

    func blocksHash(_ packet: TransportPacket) -> UInt64 {
        clinux_hash(
            packet.blocks.baseAddress?.assumingMemoryBound(to: UInt8.self), packet.blocks.count)
    }

    /// True for a packet of the run before, which comes after the new one has begun: followed ahead,
    /// it would be taken for a hole as long as that run.
    ///
    /// Proven by its send time, or, for a moment, by bytes that the old run has delivered.
    func isOfPastRun(_ packet: TransportPacket, now: UInt64) -> Bool {
        guard packet.firstSequence > status.next, packet.messageCount > 0, let epochTime,
            pastEnd != 0, packet.firstSequence <= pastEnd
        else { return false }
        if packet.sendTime != 0, epochSendTime != 0 {
            return packet.sendTime < epochSendTime
                && packet.firstSequence &+ Self.pastReach >= pastEnd
        }
        guard now &- epochTime < Self.copyNanosecondsMax else { return false }
        let past = digest(packet, remember: false, in: pastDigests)
        return past.compared > 0 && past.differences == 0
            && digest(packet, remember: false).compared == 0
    }
}
