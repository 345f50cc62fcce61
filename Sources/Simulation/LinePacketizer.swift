public import Ticks
import Wire

/// One packet as the venue sends it, before any line loses or delays it.
public struct LinePacket: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        case data
        case heartbeat
        case endOfSession
    }

    public var kind: Kind
    /// When it leaves the venue: ns since the Unix epoch, UTC.
    public var time: UInt64
    /// The sequences of its messages; empty, at the next sequence expected, unless it has data.
    public var sequences: Range<UInt64>
    /// The UDP payload.
    public var payload: [UInt8]
}

/// How messages become packets.
public struct LinePacketizerConfiguration: Hashable, Sendable {
    public var session: SessionIdentifier
    /// Bytes of a UDP payload, header included; a message that alone is larger goes alone.
    public var payloadByteLimit = 1_400
    /// A packet leaves when no further message comes for so long.
    public var flushNanoseconds: UInt64 = 10_000
    /// A heartbeat leaves after so long without a packet; nil for none.
    public var heartbeatNanoseconds: UInt64? = 1_000_000_000
    /// End-of-session packets after the last message, one a second.
    public var endOfSessionCount = 10

    /// - Parameter session: see `MoldUDP64Encoder.session(_:)`.
    public init(session: SessionIdentifier) { self.session = session }
}

/// Groups messages into MoldUDP64 packets as a venue would: what comes in one burst shares packets.
///
/// The first message has sequence 1 (moldudp64.md §1.1).
public struct LinePacketizer<Source: MessageSource>: PacketSource {
    public let configuration: LinePacketizerConfiguration
    /// Sequence of the next message; one less is the number of messages packed so far.
    public private(set) var nextSequence: UInt64 = 1

    private var source: Source
    /// The message after the packet being filled.
    private var ahead: [UInt8] = []
    private var aheadTime: UInt64 = 0
    private var hasAhead = false
    private var waiting: LinePacket?
    /// When the last packet left; nil before the first.
    private var lastTime: UInt64?
    private var endsSent = 0

    public init(_ source: Source, configuration: LinePacketizerConfiguration) {
        self.source = source
        self.configuration = configuration
        readAhead()
    }

    /// The next packet, in order of time; nil after the last end of session. A source without
    /// messages has no packets at all.
    public mutating func next() -> LinePacket? {
        if waiting == nil, hasAhead { waiting = fill() }
        guard let packet = waiting else { return endOfSession() }
        if let interval = configuration.heartbeatNanoseconds, let last = lastTime,
            packet.time - last > interval
        {
            let first = packet.sequences.lowerBound
            return leave(makeEmpty(.heartbeat, time: last + interval, next: first))
        }
        waiting = nil
        return leave(packet)
    }

    private mutating func leave(_ packet: LinePacket) -> LinePacket {
        lastTime = packet.time
        return packet
    }

    private mutating func readAhead() {
        ahead.removeAll(keepingCapacity: true)
        hasAhead = source.next(into: &ahead)
        aheadTime = source.time
    }

    /// Packs the message ahead and those that belong to its packet.
    private mutating func fill() -> LinePacket {
        let first = nextSequence
        var payload: [UInt8] = []
        payload.reserveCapacity(configuration.payloadByteLimit)
        MoldUDP64Encoder.appendHeader(
            session: configuration.session, sequence: first, count: 0, to: &payload)
        var time: UInt64
        var isFull = false
        repeat {
            MoldUDP64Encoder.appendBlock(ahead, to: &payload)
            time = aheadTime
            nextSequence += 1
            readAhead()
            let byteCount =
                payload.count + MoldUDP64Encoder.blockOverheadByteCount + ahead.count
            isFull =
                byteCount > configuration.payloadByteLimit
                || nextSequence - first >= UInt64(MoldUDP64Encoder.endOfSessionCount) - 1
        } while hasAhead && !isFull && aheadTime - time <= configuration.flushNanoseconds
        MoldUDP64Encoder.setCount(UInt16(nextSequence - first), ofPacketAt: 0, in: &payload)
        // A venue cannot know that nothing follows: it has waited in vain.
        let wait = hasAhead && isFull ? 0 : configuration.flushNanoseconds
        return LinePacket(
            kind: .data, time: time + wait, sequences: first..<nextSequence, payload: payload)
    }

    private mutating func endOfSession() -> LinePacket? {
        guard let last = lastTime, endsSent < configuration.endOfSessionCount else { return nil }
        let pause: UInt64 = endsSent == 0 ? 1_000_000 : 1_000_000_000
        endsSent += 1
        return leave(makeEmpty(.endOfSession, time: last + pause, next: nextSequence))
    }

    private func makeEmpty(_ kind: LinePacket.Kind, time: UInt64, next: UInt64) -> LinePacket {
        var payload: [UInt8] = []
        MoldUDP64Encoder.appendHeader(
            session: configuration.session, sequence: next,
            count: kind == .heartbeat ? 0 : MoldUDP64Encoder.endOfSessionCount, to: &payload)
        return LinePacket(kind: kind, time: time, sequences: next..<next, payload: payload)
    }
}
