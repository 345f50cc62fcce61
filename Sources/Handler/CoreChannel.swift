import CTapeline
import Lines
import Protocols
import Ticks

/// One channel inside the core: its arbiter, its decoder, its recent epochs.
final class CoreChannel {
    let configuration: ChannelConfiguration
    let id: UInt16
    let arbiter: ChannelArbiter
    let decoder: FeedDecoder
    private(set) var epochs: [tapeline_epoch] = []
    private(set) var epochCount = 0

    init(
        _ configuration: ChannelConfiguration, id: UInt16, directory: InstrumentDirectory,
        midnight: UInt64
    ) {
        self.configuration = configuration
        self.id = id
        arbiter = ChannelArbiter(
            options: ArbiterOptions(
                windowNanoseconds: configuration.windowNanoseconds,
                windowPackets: configuration.windowPackets,
                windowBytes: configuration.windowBytes,
                lengthOrder: configuration.feedProtocol.lengthOrder,
                isTimed: configuration.feedProtocol.isTimed),
            lineCount: max(configuration.lines.count, 1))
        decoder = FeedDecoder(
            configuration, id: id, directory: directory, midnight: midnight)
        epochs.reserveCapacity(Int(TAPELINE_EPOCH_HISTORY) + 1)
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
