import Protocols
import Simulation
import Testing
import Ticks
import Wire

@testable import Handler

/// Every message of every feed, made from its description: description, decoder and mapping page say
/// the same about it. What the bytes mean is other tests' business.
@Suite struct FeedMessagesTests {
    private static let midnight: UInt64 = 1_577_682_000_000_000_000

    /// Kinds that come with several messages of a feed, as notes of its page say: the venue's events
    /// and images (CME, Coinbase), closing and opening of the tape (CTA), orders without a price
    /// (EOBI), reference prices that come as orders (Japannext), modifications that keep their place
    /// (DEEP+).
    private static let general: [String: Set<String>] = [
        "coinbase": ["clear", "status"], "mdp3": ["clear", "status"],
        "mdp3-loop": ["clear", "status"],
        "mdp3-tcp": ["clear", "status"], "cqs": ["status"], "cts": ["status"],
        "eobi": ["imbalance"],
        "eobi-3": ["imbalance"], "eobi-6": ["imbalance"], "jnx": ["limits"],
        "deepplus": ["modify"],
    ]

    private func packet(
        _ feed: FeedDefinition, _ sequence: UInt64, _ message: [UInt8]
    ) -> [UInt8] {
        feed.transport.encode(
            PacketContents(
                session: 7, sequence: sequence, sendTime: Self.midnight + sequence,
                channel: max(feed.transport.defaultChannel, 1), messages: [message]))
    }

    /// Messages of the same few instruments and orders, in an order of the seed's.
    @Test(arguments: FeedProtocol.allCases, UInt64(1)...3)
    func everyMessage(name: FeedProtocol, seed: UInt64) throws {
        let feed = name.definition
        let description = feed.description()
        let dissector = FeedDissector(feed)
        let decoder = feed.makeDecoder(
            DecoderSetup(
                directory: InstrumentDirectory(capacity: 1000), venue: feed.venue, channel: 0,
                midnight: Self.midnight, feed: feed.name))
        var synthesizer = MessageSynthesizer(
            description, feed: feed.name, seed: seed, onlyPlausible: seed == 1)
        var known = description.messages(of: feed.name)
        for place in known.indices { known.swapAt(place, synthesizer.below(known.count)) }
        var dissected: UInt64 = 0
        for (index, message) in (known + known).enumerated() {
            let sequence = UInt64(index + 1)
            let payload = packet(feed, sequence, synthesizer.message(key: message.key))
            try payload.withUnsafeBytes { bytes in
                let taken = dissector.dissect(bytes)
                #expect(taken.messages.count == 1 && taken.problems.isEmpty, "\(message.name)")
                #expect(taken.messages.first?.name == message.name)
                #expect(taken.messages.first?.status == .whole, "\(message.name)")
                guard case .packet(let parsed) = feed.transport.parse(bytes, TransportOptions())
                else {
                    Issue.record("\(message.name): the transport refuses its own packet")
                    return
                }
                dissected += parsed.messageCount > 0 ? 1 : 0
                let kinds = decode(parsed, decoder)
                let named = Set(ProtocolPage.kinds(of: message))
                    .union(Self.general[feed.name, default: []])
                #expect(kinds.isSubset(of: named), "\(message.name) -> \(message.mapping)")
            }
        }
        let counters = decoder.snapshotCounters()
        #expect(counters.unknownType == 0)
        // A full update of OpenBook ends in price points, which its description does not reach.
        guard feed.name != "openbook-ultra" else { return }
        #expect(counters.unexpectedLength == 0 && counters.messageTotal == dissected)
    }

    private func decode(_ packet: TransportPacket, _ decoder: any FeedDecoding) -> Set<String> {
        var cursor = BlockCursor(
            offset: 0, remaining: packet.messageCount, sequence: packet.firstSequence)
        let context = DeliveryContext(captureTime: 1, channel: 0, line: 0, flags: [])
        var kinds: Set<String> = []
        withUnsafeTemporaryAllocation(of: Tick.self, capacity: 4096) { ticks in
            while cursor.remaining > 0 {
                let count = decoder.decode(
                    packet.blocks, cursor: &cursor, context: context, into: ticks.baseAddress!,
                    capacity: ticks.count)
                for tick in ticks[..<count] { kinds.insert(TickText.kind(tick.kind)) }
            }
        }
        return kinds
    }
}
