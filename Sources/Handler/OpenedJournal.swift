import Books
import Journal
import Logging
import Tape
import Ticks

/// A journal directory, locked and recovered, before its tape exists: the tape's first position and
/// the core's resume state come from it.
struct OpenedJournal {
    let journal: JournalWriter?
    let nextPosition: UInt64
    let tradingDay: UInt32
    /// Nil unless the journal ends in the same trading day.
    let resume: ResumeState?
    private let preamble: PreambleBox

    /// The writer asks for preambles; who answers is known only once the tape exists.
    final class PreambleBox {
        var make: ((UInt64) -> SegmentPreamble)?
    }

    init(_ configuration: RunConfiguration, logger: Logger) throws {
        preamble = PreambleBox()
        tradingDay = try TradingDay(parsing: configuration.core.tradingDay).yyyymmdd
        guard let settings = configuration.journal else {
            journal = nil
            nextPosition = 0
            resume = nil
            return
        }
        var options = JournalOptions()
        options.segmentBytesMax = settings.segmentBytesMax
        options.segmentDurationNanosecondsMax = settings.segmentNanosecondsMax
        let box = preamble
        let (writer, recovered) = try JournalWriter.open(
            storage: try FileStorage(path: settings.directory, create: true),
            identity: JournalIdentity(
                tradingDay: tradingDay, generation: 0, configHash: configuration.hash,
                feeds: configuration.core.channels.map(\.name)),
            options: options,
            preamble: { box.make?($0) ?? SegmentPreamble(definitions: JournalDefinitions()) })
        for repair in recovered.repairs { logger.warning("journal: \(repair)") }
        journal = writer
        nextPosition = recovered.nextPosition
        resume = Self.resume(recovered, day: tradingDay, configuration.core)
    }

    /// Channels are told apart by name: a changed configuration resumes what it still has.
    private static func resume(
        _ recovered: RecoveredJournal, day: UInt32, _ core: CoreConfiguration
    ) -> ResumeState? {
        guard recovered.lastSegment?.identity.tradingDay == day else { return nil }
        var channels: [ResumeState.Channel] = []
        for (index, channel) in core.channels.enumerated() {
            guard
                let old = recovered.definitions.channels.first(where: { $0.name == channel.name }),
                let state = recovered.definitions.states.first(where: { $0.channel == old.id }),
                state.epoch > 0
            else { continue }
            channels.append(
                ResumeState.Channel(
                    id: UInt16(index), epoch: state.epoch, session: state.session,
                    nextSequence: state.nextSequence, captureTime: recovered.lastCaptureTime))
        }
        let instruments = recovered.definitions.instruments.sorted { $0.id < $1.id }
        return ResumeState(channels: channels, instruments: instruments)
    }

    func recorder(
        _ configuration: RunConfiguration, publisher: TapePublisher, gate: JournalGate?
    ) throws -> JournalRecorder? {
        guard let journal, let settings = configuration.journal else { return nil }
        return JournalRecorder(
            reader: try TapeReader(
                name: configuration.tapeName, from: .position(publisher.position)),
            publisher: publisher, channels: configuration.core.channelDescriptions,
            books: BooksConfiguration(
                instrumentCapacity: configuration.core.instrumentCapacity,
                orderCapacity: configuration.core.orderCapacity,
                levelCapacity: configuration.core.levelCapacity,
                channelCapacity: max(configuration.core.channels.count, 1),
                populatesMemory: true),
            gate: gate, blockAgeNanosecondsMax: settings.blockAgeNanosecondsMax,
            makeWriter: { make in
                preamble.make = make
                return journal
            })
    }
}
