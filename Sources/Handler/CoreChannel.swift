import CTapeline
import Lines
import Protocols
import Ticks
import Wire

/// One channel inside the core: its arbiter, its decoder, its recent epochs.
final class CoreChannel {
    let configuration: ChannelConfiguration
    let id: UInt16
    let arbiter: ChannelArbiter
    let decoder: any FeedDecoding
    let framing: BlockFraming
    let ticksPerMessageMax: Int
    let hasOpenEvents: Bool
    private let transportOptions: TransportOptions
    private let parsePacket:
        @Sendable (UnsafeRawBufferPointer, TransportOptions) -> TransportOutcome
    private(set) var epochs: [tapeline_epoch] = []
    private(set) var epochCount = 0

    /// `midnight` is that of the feed's time zone.
    init(
        _ configuration: ChannelConfiguration, id: UInt16, directory: InstrumentDirectory,
        midnight: UInt64
    ) {
        let feed = configuration.feedProtocol.definition
        self.configuration = configuration
        self.id = id
        framing = feed.transport.framing
        ticksPerMessageMax = feed.ticksPerMessageMax
        hasOpenEvents = feed.hasOpenEvents
        transportOptions = TransportOptions(channel: configuration.transportChannel)
        parsePacket = feed.transport.parse
        arbiter = ChannelArbiter(
            options: ArbiterOptions(
                windowNanoseconds: configuration.windowNanoseconds,
                windowPackets: configuration.windowPackets,
                windowBytes: configuration.windowBytes,
                framing: feed.transport.framing, isTimed: feed.transport.isTimed),
            lineCount: max(configuration.lines.count, 1))
        decoder = feed.makeDecoder(
            DecoderSetup(
                directory: directory, venue: configuration.venue, channel: id,
                midnight: midnight, feed: feed.name))
        epochs.reserveCapacity(Int(TAPELINE_EPOCH_HISTORY) + 1)
    }

    func parse(_ payload: UnsafeRawBufferPointer) -> TransportOutcome {
        parsePacket(payload, transportOptions)
    }

    func noteEpoch(_ number: UInt32, _ cause: EpochCause, _ sequence: UInt64, position: UInt64) {
        guard cause != .end else { return }
        epochCount += 1
        epochs.append(
            tapeline_epoch(
                startPosition: position, firstSequence: sequence, number: number,
                cause: UInt32(cause.rawValue)))
        if epochs.count > Int(TAPELINE_EPOCH_HISTORY) { epochs.removeFirst() }
    }
}
