import Protocols
import Ticks
import Wire

/// The decoder of a channel's protocol; a switch a packet, nothing a message.
enum FeedDecoder {
    case itch50(ITCH50Decoder)
    case iex(IEXDecoder)

    init(
        _ channel: ChannelConfiguration, id: UInt16, directory: InstrumentDirectory,
        midnight: UInt64
    ) {
        switch channel.feedProtocol {
        case .itch50:
            self = .itch50(
                ITCH50Decoder(
                    directory: directory, venue: channel.venue, channel: id, midnight: midnight))
        case .tops16, .deep10:
            self = .iex(
                IEXDecoder(
                    feed: channel.feedProtocol == .tops16 ? .tops16 : .deep10,
                    directory: directory, venue: channel.venue, channel: id))
        }
    }

    var ticksPerMessageMax: Int {
        switch self {
        case .itch50: ITCH50.ticksPerMessageMax
        case .iex: IEXDecoder.ticksPerMessageMax
        }
    }

    var counters: DecoderCounters {
        switch self {
        case .itch50(let decoder): decoder.snapshotCounters()
        case .iex(let decoder): decoder.snapshotCounters()
        }
    }

    @inline(__always)
    func decode(
        _ blocks: UnsafeRawBufferPointer, cursor: inout BlockCursor, context: DeliveryContext,
        into ticks: UnsafeMutablePointer<Tick>, capacity: Int
    ) -> Int {
        switch self {
        case .itch50(let decoder):
            decoder.decode(
                blocks, cursor: &cursor, context: context, into: ticks, capacity: capacity)
        case .iex(let decoder):
            decoder.decode(
                blocks, cursor: &cursor, context: context, into: ticks, capacity: capacity)
        }
    }

    func beginEpoch() {
        if case .itch50(let decoder) = self { decoder.beginEpoch() }
    }

    static func parse(_ payload: UnsafeRawBufferPointer, _ channel: ChannelConfiguration)
        -> TransportOutcome
    {
        switch channel.feedProtocol {
        case .itch50:
            MoldUDP64.parse(payload)
        case .tops16:
            IEXTP.parse(payload, messageProtocol: .tops16, channel: channel.transportChannel)
        case .deep10:
            IEXTP.parse(payload, messageProtocol: .deep10, channel: channel.transportChannel)
        }
    }
}
