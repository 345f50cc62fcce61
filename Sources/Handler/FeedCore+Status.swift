import Books
import Lines
import Protocols
import Ticks
import Wire

/// Status and totals: what monitoring and the end of a run show.
extension FeedCore {
    func publishStatus() {
        statusTime = now
        for channel in channels {
            output.setStatus(
                channel: Int(channel.id), channel.arbiter.status, lines: channel.arbiter.lines,
                epochs: channel.epochs)
        }
    }

    /// A line without packets while its channel has some.
    func checkSilence() {
        let limit = configuration.lineSilenceNanoseconds
        for channel in channels {
            var newest: UInt64 = 0
            for line in channel.arbiter.lines.indices {
                newest = max(newest, channel.arbiter.lines[line].lastTime)
            }
            for line in channel.arbiter.lines.indices {
                let last = channel.arbiter.lines[line].lastTime
                guard last > 0, !channel.arbiter.lines[line].isSilent, newest > last,
                    now > last, now - last > limit
                else { continue }
                channel.arbiter.setSilent(line, true)
                noteLine(.silent, channel, line)
            }
        }
    }

    func noteAlive(_ channel: CoreChannel, _ line: Int) {
        channel.arbiter.setSilent(line, false)
        noteLine(.up, channel, line)
    }

    private func noteLine(_ detail: LineStateDetail, _ channel: CoreChannel, _ line: Int) {
        note(
            .lineState, channel, sequence: channel.arbiter.status.next, line: UInt8(line),
            detail: detail.rawValue, extra: UInt32(line))
    }

    /// What the capture layer learned about a line; a loss goes with `dropped`.
    public func lineState(_ route: LineRoute, _ state: LineStateDetail, _ loss: LineLoss? = nil) {
        guard channels.indices.contains(route.channel) else { return }
        let channel = channels[route.channel]
        note(
            .lineState, channel, sequence: channel.arbiter.status.next,
            quantity: loss.map { Int64(clamping: $0.count) } ?? Quantity.none,
            line: UInt8(truncatingIfNeeded: route.line), detail: state.rawValue,
            extra: loss?.code ?? UInt32(truncatingIfNeeded: route.line))
    }

    /// An alert of the handler about itself, published with the next batch.
    public func alert(_ cause: AlertCause, sequence: UInt64, quantity: Int64) {
        guard let channel = channels.first else { return }
        note(.alert, channel, sequence: sequence, quantity: quantity, detail: cause.rawValue)
    }

    public func totals() -> CoreTotals {
        CoreTotals(
            channels: channels.map { channel in
                var total = channel.arbiter.pastEpochs
                total.add(channel.arbiter.status)
                return CoreTotals.Channel(
                    name: channel.configuration.name, epochs: channel.epochCount,
                    current: channel.arbiter.status, total: total,
                    lines: zip(channel.configuration.lines, channel.arbiter.lines).map {
                        CoreTotals.Line(name: $0, status: $1)
                    },
                    decoder: channel.decoder.snapshotCounters())
            },
            instruments: directory.entries.count, books: books.counters,
            liveOrders: books.liveOrders, ticks: output.position,
            transportRejections: Dictionary(
                uniqueKeysWithValues: TransportRejection.allCases.map {
                    ($0, transportRejections[Int($0.rawValue)])
                }),
            trailingBytePackets: trailingBytePackets)
    }

    /// True if every channel's account balances (DESIGN §1.4).
    public var isBalanced: Bool { channels.allSatisfy { $0.arbiter.status.isBalanced } }
}

/// What a run came to.
public struct CoreTotals: Sendable {
    public struct Line: Sendable {
        public var name: String
        public var status: LineStatus
    }

    public struct Channel: Sendable {
        public var name: String
        /// Epochs that began in this run.
        public var epochs: Int
        public var current: ChannelStatus
        /// Over all epochs.
        public var total: ChannelStatus
        public var lines: [Line]
        public var decoder: DecoderCounters
    }

    public var channels: [Channel]
    public var instruments: Int
    public var books: BookCounters
    public var liveOrders: Int
    public var ticks: UInt64
    public var transportRejections: [TransportRejection: UInt64]
    public var trailingBytePackets: UInt64
}
