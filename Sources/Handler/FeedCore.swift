import Books
import CTapeline
import Lines
import Protocols
import Ticks
import Wire

/// Why a core cannot start.
public enum CoreError: Error, Equatable, CustomStringConvertible {
    /// The journal's instruments do not fit or are not dense.
    case unusableDirectory(instruments: Int, capacity: Int)
    /// One message's ticks do not fit a batch of the output.
    case batchTooSmall(feed: String, ticks: Int, batch: Int)
    /// A message file for a feed whose messages are framed otherwise.
    case noMessageFile(feed: String)

    public var description: String {
        switch self {
        case .unusableDirectory(let instruments, let capacity):
            "the journal's \(instruments) instruments cannot be taken over into a directory of "
                + "\(capacity): raise tape.instruments, or begin another journal"
        case .batchTooSmall(let feed, let ticks, let batch):
            "one message of \(feed) may become \(ticks) ticks, and a batch is an eighth of the ring, "
                + "\(batch) ticks: set tape.ring to a power of two of at least \(ticks * 8)"
        case .noMessageFile(let feed):
            "message files hold messages behind lengths of 16 bits, big-endian, and those of "
                + "\(feed) are framed otherwise: give a capture"
        }
    }
}

/// The core: lines → protocols → books → publish, a function of its input log (DESIGN §1.2).
///
/// No I/O, no clock, no thread; one thread calls it. Time is what packets and clock ticks say.
public final class FeedCore {
    public let configuration: CoreConfiguration
    public let directory: InstrumentDirectory
    public let books: Books
    let output: any TickOutput
    let channels: [CoreChannel]

    // One thread owns this; checking that at run time for every access would cost a third of a
    // packet's whole way.

    /// Core time: the largest capture time seen, without the wall clock's steps; never goes back.
    @exclusivity(unchecked) public private(set) var now: UInt64 = 0
    /// Core time minus wall time: the steps that the wall clock made, with the opposite sign.
    @exclusivity(unchecked) private var clockOffset: UInt64 = 0
    /// After a step back, the wall clock shows times below this one for the second time.
    @exclusivity(unchecked) private var ambiguousBelow: UInt64 = 0
    /// The last step back in ns, and the core time until which stamps from before it may come.
    @exclusivity(unchecked) private var stepBack: UInt64 = 0
    @exclusivity(unchecked) private var stepBackUntil: UInt64 = 0
    /// `now` as the wall clock tells it.
    var wallTime: UInt64 { now &- clockOffset }
    @exclusivity(unchecked) var statusTime: UInt64 = 0

    // The batch being written: claimed, not yet published.
    @exclusivity(unchecked) private var batch: UnsafeMutablePointer<Tick>
    @exclusivity(unchecked) private var batchCount = 0
    @exclusivity(unchecked) private var batchRoom = 0
    private let batchCapacity: Int

    /// Datagrams that are no packet of the channel's transport, by reason.
    @exclusivity(unchecked) public private(set) var transportRejections =
        [UInt64](repeating: 0, count: TransportRejection.allCases.count)
    /// Packets with bytes behind their last message.
    @exclusivity(unchecked) public private(set) var trailingBytePackets: UInt64 = 0

    /// `resume` is what an earlier run of the day left; nil for a fresh start. `isLive` prepares
    /// memory beforehand, so that the first orders of a live feed do not wait for it.
    public init(
        configuration: CoreConfiguration, output: any TickOutput, resume: ResumeState? = nil,
        isLive: Bool = false
    ) throws {
        self.configuration = configuration
        self.output = output
        let day = try TradingDay(parsing: configuration.tradingDay)
        directory = InstrumentDirectory(capacity: configuration.instrumentCapacity)
        if let resume, !directory.restore(resume.instruments) {
            throw CoreError.unusableDirectory(
                instruments: resume.instruments.count, capacity: directory.capacity)
        }
        books = Books(
            BooksConfiguration(
                instrumentCapacity: configuration.instrumentCapacity,
                orderCapacity: configuration.orderCapacity,
                levelCapacity: configuration.levelCapacity,
                channelCapacity: max(configuration.channels.count, 1),
                populatesMemory: isLive))
        let directory = directory
        channels = try configuration.channels.enumerated().map { index, channel in
            let zone = channel.feedProtocol.definition.timeZone
            return CoreChannel(
                channel, id: UInt16(index), directory: directory,
                midnight: try day.midnightNanoseconds(in: zone))
        }
        // A claim closes the journal's gate by its size, so it stays small against the ring.
        batchCapacity = min(output.batchCapacity, 1024)
        for channel in channels where channel.ticksPerMessageMax > batchCapacity {
            throw CoreError.batchTooSmall(
                feed: channel.configuration.feedProtocol.rawValue,
                ticks: channel.ticksPerMessageMax, batch: batchCapacity)
        }
        batch = output.claim(0)
        if let resume { self.resume(resume) }
    }

    private func resume(_ state: ResumeState) {
        // What no run leaves comes from a damaged journal or input log: that channel begins anew.
        for channel in state.channels
        where Int(channel.id) < channels.count && channel.isSound
            && channels[Int(channel.id)].arbiter.status.epoch == 0
        {
            channels[Int(channel.id)].arbiter.resume(
                epoch: channel.epoch, session: channel.session, next: channel.nextSequence,
                time: channel.captureTime)
            now = max(now, channel.captureTime)
        }
    }

    // MARK: Input

    /// A datagram of a channel's line. `captureTime` 0 means that its capture has no time.
    public func packet(
        channel index: Int, line: Int, captureTime: UInt64, timeSource: TimeSource,
        payload: UnsafeRawBufferPointer
    ) {
        if captureTime > 0 { advance(to: coreTime(of: captureTime)) }
        let channel = channels[index]
        switch channel.parse(payload) {
        case .packet(let packet):
            if packet.trailingBytes > 0 { trailingBytePackets += 1 }
            take(packet, channel, line: line, captureTime: captureTime, timeSource: timeSource)
        case .rejected(let reason):
            transportRejections[Int(reason.rawValue)] += 1
            channel.arbiter.noteRejected(line: line, bytes: payload.count, now: now)
        }
    }

    /// Messages of a message file: blocks as MoldUDP64 frames them, in one endless session.
    public func messages(
        channel index: Int, blocks: UnsafeRawBufferPointer, count: Int, firstSequence: UInt64
    ) {
        let packet = TransportPacket(
            session: SessionIdentifier(high: 0, low: 0), firstSequence: firstSequence,
            messageCount: count, announcedCount: count, kind: .data, blocks: blocks)
        take(packet, channels[index], line: 0, captureTime: 0, timeSource: .file)
    }

    /// A clock tick: what waits may be over its time.
    public func clock(_ time: UInt64) {
        advance(to: time &+ clockOffset)
        checkDeadlines()
        if now &- statusTime > 100_000_000 { publishStatus() }
    }

    /// A stamp from before a step back may come after the step was noticed: by the new offset it lies
    /// in the future by the whole step. For a second after a step, such stamps go by the old offset.
    @inline(__always)
    private func coreTime(of captureTime: UInt64) -> UInt64 {
        let time = captureTime &+ clockOffset
        if now < stepBackUntil, time > now &+ stepBack / 2 { return time &- stepBack }
        return time
    }

    /// The wall clock stepped: capture times from now on differ from earlier ones by so much more.
    /// Core time goes on as if nothing had happened; otherwise a step forward would give up every hole
    /// at once, and a step back would let none end before the clock had caught up.
    public func clockStep(nanoseconds: Int64) {
        if nanoseconds < 0 {
            ambiguousBelow = max(ambiguousBelow, wallTime)
            stepBack = nanoseconds.magnitude
            stepBackUntil = now &+ 1_000_000_000
        }
        clockOffset = clockOffset &- UInt64(bitPattern: nanoseconds)
        alert(.clockStep, sequence: 0, quantity: nanoseconds)
    }

    /// The input ended: what waits is given up, everything is published.
    public func finish() {
        for channel in channels {
            channel.arbiter.finish()
            drain(channel)
        }
        flush()
        publishStatus()
    }

    /// True if time alone may cause ticks: the caller should send clock ticks.
    public var isWaiting: Bool {
        books.watchesEvents || channels.contains { $0.arbiter.isWaiting }
    }

    private func take(
        _ packet: TransportPacket, _ channel: CoreChannel, line: Int, captureTime: UInt64,
        timeSource: TimeSource
    ) {
        if channel.arbiter.isSilent(line) { noteAlive(channel, line) }
        channel.arbiter.offer(
            packet, line: line, captureTime: captureTime, timeSource: timeSource, now: now)
        drain(channel)
        if now &- statusTime > 100_000_000 { publishStatus() }
    }

    /// Moves core time on and gives up the events that are over their time then.
    private func advance(to time: UInt64) {
        guard time > now else { return }
        now = time
        if now >= nextCheck { checkDeadlines() }
        guard books.watchesEvents || batchHoldsEvents else { return }
        flush()
        batchHoldsEvents = false
        while books.watchesEvents {
            let room = makeRoom(1)
            let count = books.expireEvents(now: now, into: batch + batchCount, capacity: room)
            batchCount += count
            flush()
            if count < room { break }
        }
    }
    /// A packet moves only its own channel on: every millisecond the others are looked after, too.
    private func checkDeadlines() {
        nextCheck = now &+ 1_000_000
        for channel in channels where channel.arbiter.isWaiting { drain(channel) }
        guard configuration.lineSilenceNanoseconds > 0, now >= nextSilenceCheck else { return }
        nextSilenceCheck = now &+ 100_000_000
        checkSilence()
    }
    private var nextCheck: UInt64 = 0
    private var nextSilenceCheck: UInt64 = 0

    /// The batch may open events that the books have not seen yet.
    @exclusivity(unchecked) private var batchHoldsEvents = false

    // MARK: Work

    private func drain(_ channel: CoreChannel) {
        while true {
            switch channel.arbiter.nextAction(now: now) {
            case .none:
                return
            case .deliver(let delivery):
                decode(delivery, channel)
            case .gap(let first, let count, let id, let cause):
                note(
                    .gap, channel, sequence: first, quantity: Int64(clamping: count),
                    detail: cause.rawValue, extra: id)
            case .gapFilled(let sequence, let id):
                note(.gapFilled, channel, sequence: sequence, extra: id)
            case .epoch(let number, let cause, let session, let sequence):
                if cause != .end && cause != .resumed { channel.decoder.beginEpoch() }
                channel.noteEpoch(
                    number, cause, sequence,
                    position: output.position
                        &+ UInt64(batchCount))
                note(
                    .epoch, channel, sequence: sequence, orderID: session.high,
                    quantity: Int64(bitPattern: session.low), detail: cause.rawValue,
                    extra: number)
            case .mismatch(let sequence, let line):
                note(
                    .alert, channel, sequence: sequence,
                    detail: AlertCause.contentMismatch.rawValue, extra: UInt32(line))
            }
        }
    }

    private func decode(_ delivery: Delivery, _ channel: CoreChannel) {
        var flags = delivery.timeSource.flags
        if delivery.isRecovered { flags.insert(.recovered) }
        if delivery.captureTime == 0 || delivery.captureTime < ambiguousBelow {
            flags.insert(.badCaptureTime)
        }
        let context = DeliveryContext(
            captureTime: delivery.captureTime, channel: channel.id, line: delivery.line,
            flags: flags, sendTime: delivery.sendTime)
        if delivery.isUnsequenced {
            decodeUnsequenced(delivery, context, channel)
            return
        }
        var cursor = BlockCursor(
            offset: 0, remaining: delivery.count, sequence: delivery.sequence)
        for _ in 0..<delivery.skip {
            cursor.offset += channel.framing.length(in: delivery.blocks, at: cursor.offset)
        }
        decode(delivery.blocks, &cursor, context, channel)
    }

    /// Messages without numbers, each with sequence 0.
    private func decodeUnsequenced(
        _ delivery: Delivery, _ context: DeliveryContext, _ channel: CoreChannel
    ) {
        var offset = 0
        for _ in 0..<delivery.count {
            var cursor = BlockCursor(offset: offset, remaining: 1, sequence: 0)
            offset += channel.framing.length(in: delivery.blocks, at: offset)
            decode(delivery.blocks, &cursor, context, channel)
        }
    }

    private func decode(
        _ blocks: UnsafeRawBufferPointer, _ cursor: inout BlockCursor, _ context: DeliveryContext,
        _ channel: CoreChannel
    ) {
        while cursor.remaining > 0 {
            let room = makeRoom(channel.ticksPerMessageMax)
            let (remaining, inner) = (cursor.remaining, cursor.inner)
            let written = channel.decoder.decode(
                blocks, cursor: &cursor, context: context, into: batch + batchCount,
                capacity: room)
            batchCount += written
            precondition(
                cursor.remaining < remaining || cursor.inner > inner || written > 0,
                "a decoder that has room for a message decodes one")
        }
        if channel.hasOpenEvents { batchHoldsEvents = true }
    }

    /// Room for at least `count` more ticks in the batch, which a batch has; publishes what is full.
    private func makeRoom(_ count: Int) -> Int {
        if batchRoom - batchCount < count {
            flush()
            batch = output.claim(batchCapacity)
            batchRoom = batchCapacity
        }
        return batchRoom - batchCount
    }

    /// Completes and publishes what has been decoded so far.
    public func flush() {
        if directory.hasChanges {
            directory.takeChanges { output.setInstrument($0) }
        }
        guard batchCount > 0 else { return }
        if configuration.buildsBooks {
            books.setClock(now: now, offset: clockOffset)
            books.complete(batch, count: batchCount, position: output.position)
            books.takeTops { instrument, top, _ in output.setTop(instrument, top) }
        }
        output.publish(batchCount)
        batchCount = 0
        batchRoom = 0
    }

    /// A tick of our own about a channel.
    func note(
        _ kind: TickKind, _ channel: CoreChannel, sequence: UInt64, orderID: UInt64 = 0,
        quantity: Int64 = Quantity.none, line: UInt8 = 0, detail: UInt8 = 0, extra: UInt32 = 0
    ) {
        _ = makeRoom(1)
        batch[batchCount] = Tick(
            exchangeTime: 0, captureTime: wallTime, sequence: sequence, orderID: orderID,
            price: Price.none, quantity: quantity, instrument: 0, channel: channel.id,
            kind: kind.rawValue, side: 0, flags: TickFlags.lastOfEvent.rawValue, line: line,
            detail: detail, extra: extra)
        batchCount += 1
    }
}
