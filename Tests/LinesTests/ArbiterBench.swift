import Lines
import Testing
import Ticks
import Wire

/// A packet as tests write it down: messages `first ..< first + count` of a run, on a line.
struct TestPacket {
    var line = 0
    /// Arrival, ns; also the capture time.
    var time: UInt64 = 0
    var first: UInt64
    var count = 0
    /// Messages that the header announces beyond `count`.
    var missing = 0
    var kind = TransportPacketKind.data
    var session: UInt64 = 1
    /// Distinguishes the contents of runs that reuse sequence numbers.
    var run: UInt64 = 1
    var sendTime: UInt64 = 0
    /// Nil: as the run's contents have it.
    var streamOffset: UInt64?
    /// The packet announces a new run.
    var resets = false
}

/// The bytes of one message of a run: its numbers, then as many bytes as its sequence says, so that
/// lengths differ.
func messageBytes(_ run: UInt64, _ sequence: UInt64) -> [UInt8] {
    let words = [run, sequence].flatMap { word in
        (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) }
    }
    return words + [UInt8](repeating: UInt8(truncatingIfNeeded: sequence), count: Int(sequence % 5))
}

/// Byte offset of a message in its run's stream, the first one having number 1.
func streamOffset(_ sequence: UInt64) -> UInt64 {
    let before = max(sequence, 1) - 1
    // Lengths repeat every five messages: 18 + (1, 2, 3, 4, 0).
    let rest = before % 5
    return before &* 18 &+ before / 5 * 10 &+ rest * (rest + 1) / 2
}

/// What the arbiter said, message by message.
enum Event: Equatable {
    case message(UInt64, line: UInt8)
    case recovered(UInt64, line: UInt8)
    /// Without sequence: the number that its bytes carry.
    case unsequenced(UInt64, line: UInt8)
    case gap(first: UInt64, count: UInt64, cause: GapCause)
    case filled(UInt32)
    case epoch(UInt32, EpochCause, sequence: UInt64)
    case mismatch(UInt64, line: UInt8)
}

/// Drives an arbiter and checks what must hold at every moment.
final class ArbiterBench {
    let arbiter: ChannelArbiter
    private(set) var events: [Event] = []
    /// Run that the delivered messages' bytes claimed, in the order of delivery.
    private(set) var runs: [(sequence: UInt64, run: UInt64)] = []
    private(set) var gapIDs: [(id: UInt32, first: UInt64, count: UInt64)] = []
    private let framing: BlockFraming
    private var now: UInt64 = 0

    init(_ options: ArbiterOptions = ArbiterOptions(), lines: Int = 2) {
        arbiter = ChannelArbiter(options: options, lineCount: lines)
        framing = options.framing
    }

    func send(_ packet: TestPacket) {
        var bytes: [UInt8] = []
        for sequence in packet.first..<packet.first + UInt64(packet.count) {
            let message = messageBytes(packet.run, sequence)
            if framing.kind == .prefixed {
                let length = [UInt8(message.count >> 8), UInt8(message.count & 0xFF)]
                bytes += framing.bigEndian ? length : length.reversed()
            }
            bytes += message
        }
        now = max(now, packet.time)
        bytes.withUnsafeBytes { blocks in
            arbiter.offer(
                TransportPacket(
                    session: SessionIdentifier(high: packet.session, low: 0),
                    firstSequence: packet.kind == .unsequenced ? 0 : packet.first,
                    messageCount: packet.count,
                    announcedCount: packet.count + packet.missing, kind: packet.kind,
                    sendTime: packet.sendTime,
                    streamOffset: packet.streamOffset ?? streamOffset(packet.first),
                    blocks: blocks, resetsSequence: packet.resets),
                line: packet.line, captureTime: packet.time, timeSource: .file, now: now)
            check()
            drain()
        }
    }

    func clock(_ time: UInt64) {
        now = max(now, time)
        drain()
    }

    func finish() {
        arbiter.finish()
        drain()
    }

    private func check() {
        #expect(arbiter.status.isBalanced, "\(arbiter.status)")
    }

    private func drain() {
        while true {
            let action = arbiter.nextAction(now: now)
            check()
            switch action {
            case .none: return
            case .deliver(let delivery): take(delivery)
            case .gap(let first, let count, let id, let cause):
                #expect(count > 0)
                gapIDs.append((id, first, count))
                events.append(.gap(first: first, count: count, cause: cause))
            case .gapFilled(_, let id): events.append(.filled(id))
            case .epoch(let number, let cause, _, let sequence):
                events.append(.epoch(number, cause, sequence: sequence))
            case .mismatch(let sequence, let line):
                events.append(.mismatch(sequence, line: line))
            }
        }
    }

    private func take(_ delivery: Delivery) {
        #expect(delivery.count > 0)
        var offset = 0
        for index in 0..<(delivery.skip + delivery.count) {
            guard let block = framing.block(in: delivery.blocks, at: offset) else {
                Issue.record("no whole block at \(offset)")
                return
            }
            if index >= delivery.skip {
                var sequence = delivery.sequence + UInt64(index - delivery.skip)
                let message = delivery.blocks[block.message..<block.end]
                let run = message.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
                if delivery.isUnsequenced {
                    #expect(delivery.sequence == 0 && delivery.skip == 0)
                    sequence = message.dropFirst(8).prefix(8).reversed().reduce(0) {
                        $0 << 8 | UInt64($1)
                    }
                    events.append(.unsequenced(sequence, line: delivery.line))
                    offset = block.end
                    continue
                }
                #expect(Array(message) == messageBytes(run, sequence), "sequence \(sequence)")
                runs.append((sequence, run))
                events.append(
                    delivery.isRecovered
                        ? .recovered(sequence, line: delivery.line)
                        : .message(sequence, line: delivery.line))
            }
            offset = block.end
        }
    }
}

extension ArbiterBench {
    /// Sequences in the order of their delivery.
    var delivered: [UInt64] { runs.map(\.sequence) }

    var gaps: [Event] {
        events.filter { if case .gap = $0 { true } else { false } }
    }

    var epochs: [Event] {
        events.filter { if case .epoch = $0 { true } else { false } }
    }
}
