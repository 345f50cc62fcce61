import Ticks

/// Definitions gathered from many blocks: the newest of each id counts.
final class DefinitionsCatalog {
    private var channels: [UInt16: ChannelDescription] = [:]
    private var instruments: [UInt32: Instrument] = [:]
    private let states = ChannelStateTable()

    func merge(_ definitions: JournalDefinitions) {
        for channel in definitions.channels { channels[channel.id] = channel }
        for instrument in definitions.instruments { instruments[instrument.id] = instrument }
        for state in definitions.states { states.set(state) }
    }

    /// Takes the states that a block's header tells, then moves on past its ticks.
    func advance(over ticks: UnsafeBufferPointer<Tick>, header: BlockHeader) {
        for state in header.channels { states.set(state) }
        _ = states.advance(over: ticks)
    }

    /// By ascending id.
    var all: JournalDefinitions {
        JournalDefinitions(
            channels: channels.values.sorted { $0.id < $1.id },
            states: states.all.sorted { $0.channel < $1.channel },
            instruments: instruments.values.sorted { $0.id < $1.id })
    }
}
