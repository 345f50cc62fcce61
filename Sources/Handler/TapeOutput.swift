import CTapeline
import Glibc
import Lines
import Synchronization
import Tape
import Ticks

/// What journal thread and core tell each other besides the tape itself.
public final class JournalGate: Sendable {
    /// The journal cannot write: the core does not wait for it.
    let isFailing = Atomic<Bool>(false)
    /// Positions that were not recorded, to be alerted by the core: first and count.
    let missingFirst = Atomic<UInt64>(0)
    let missingCount = Atomic<UInt64>(0)

    public init() {}
}

/// Ticks go to a tape, which waits for its journal for a bounded time (DESIGN §4.3).
public final class TapeOutput: TickOutput {
    public let publisher: TapePublisher
    private let gate: JournalGate?
    private let waitMaxNanoseconds: UInt64
    /// Index of a channel's first line in the tape's line table.
    private let firstLine: [Int]
    /// Time that the core spent waiting for the journal.
    public private(set) var waitedNanoseconds: UInt64 = 0
    /// Claims that went on without the journal.
    public private(set) var overruns: UInt64 = 0

    /// `gate` is nil where no journal reads the tape. `waitMaxNanoseconds` bounds one wait.
    public init(
        publisher: TapePublisher, channels: [ChannelConfiguration], gate: JournalGate? = nil,
        waitMaxNanoseconds: UInt64 = 200_000_000
    ) {
        self.publisher = publisher
        self.gate = gate
        self.waitMaxNanoseconds = waitMaxNanoseconds
        var next = 0
        firstLine = channels.map { channel in
            defer { next += channel.lines.count }
            return next
        }
    }

    public var position: UInt64 { publisher.position }
    public var batchCapacity: Int { publisher.batchCapacity }

    public func claim(_ count: Int) -> UnsafeMutablePointer<Tick> {
        if gate != nil, !publisher.hasRoom(for: count) { waitForJournal(count) }
        return publisher.claim(count)
    }

    @inline(never)
    private func waitForJournal(_ count: Int) {
        guard let gate else { return }
        let start = TapeReader.monotonicNanoseconds()
        var waited: UInt64 = 0
        while !publisher.hasRoom(for: count) {
            if gate.isFailing.load(ordering: .relaxed) || waited > waitMaxNanoseconds {
                overruns += 1
                break
            }
            sched_yield()
            waited = TapeReader.monotonicNanoseconds() - start
        }
        waitedNanoseconds += waited
    }

    public func publish(_ count: Int) { publisher.publish(count) }
    public func setTop(_ instrument: UInt32, _ top: tapeline_top) {
        publisher.setTop(instrument, top)
    }
    public func setInstrument(_ instrument: Instrument) { publisher.setInstrument(instrument) }

    public func setStatus(
        channel: Int, _ status: ChannelStatus, lines: [LineStatus], epochs: [tapeline_epoch]
    ) {
        publisher.updateChannel(channel) { entry in
            entry.epoch = status.epoch
            entry.sessionLength = 16
            withUnsafeMutableBytes(of: &entry.session) { bytes in
                bytes.storeBytes(of: status.session.high.bigEndian, as: UInt64.self)
                bytes.storeBytes(
                    of: status.session.low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            entry.first = status.first
            entry.next = status.next
            entry.knownEnd = status.knownEnd
            entry.received = status.received
            entry.delivered = status.delivered
            entry.duplicate = status.duplicate
            entry.stale = status.stale
            entry.rejected = status.rejected
            entry.late = status.late
            entry.held = status.held
            entry.lost = status.lost
            entry.waiting = status.waiting
            entry.recovered = status.recovered
            entry.gaps = status.gaps
            entry.gapsOpen = status.gapsOpen
            entry.gapsFilled = status.gapsFilled
        }
        setEpochs(channel, epochs)
        for (index, line) in lines.enumerated() { setLine(firstLine[channel] + index, line) }
    }

    /// What a line lost on the way in, by place.
    func setDropped(_ route: LineRoute, _ drops: LineDrops) {
        let index = firstLine[route.channel] + route.line
        guard index < publisher.options.lines.count else { return }
        publisher.updateLine(index) { entry in
            entry.droppedKernel = drops[.kernel]
            entry.droppedInterface = drops[.interface]
            entry.droppedDriver = drops[.driver]
            entry.droppedRing = drops[.ring]
            entry.filtered = drops[.filter]
        }
    }

    private func setLine(_ index: Int, _ line: LineStatus) {
        guard index < publisher.options.lines.count else { return }
        publisher.updateLine(index) { entry in
            entry.packets = line.packets
            entry.messages = line.messages
            entry.bytes = line.bytes
            entry.heartbeats = line.heartbeats
            entry.wins = line.wins
            entry.duplicates = line.duplicates
            entry.stale = line.stale
            entry.lost = line.lost
            entry.outOfOrder = line.outOfOrder
            entry.rejected = line.rejected
            entry.lastTime = line.lastTime
            withUnsafeMutableBytes(of: &entry.skew) { bytes in
                for (bucket, count) in line.skew.enumerated() {
                    bytes.storeBytes(of: count, toByteOffset: bucket * 8, as: UInt64.self)
                }
            }
        }
    }

    private func setEpochs(_ channel: Int, _ epochs: [tapeline_epoch]) {
        publisher.updateChannel(channel) { entry in
            withUnsafeMutableBytes(of: &entry.epochs) { bytes in
                for epoch in epochs where epoch.number > 0 {
                    let slot = Int(epoch.number - 1) % Int(TAPELINE_EPOCH_HISTORY)
                    bytes.storeBytes(
                        of: epoch, toByteOffset: slot * MemoryLayout<tapeline_epoch>.stride,
                        as: tapeline_epoch.self)
                }
            }
        }
    }
}
