import Glibc
import Handler
import Protocols
import Simulation
import Ticks
import Wire

/// Datagrams of any feed of the registry through the whole core, through its decoder alone, and
/// through dissect; records are those of `StreamTarget`.
enum ProtocolTarget {
    static func run(_ bytes: [UInt8], _ feed: FeedProtocol) {
        StreamTarget.run(ByteTaker(bytes), feed)
        let harness = DecoderHarness(feed.definition)
        StreamTarget.datagrams(ByteTaker(bytes), feed.definition.transport) {
            harness.take($0)
        }
        harness.finish()
    }

    /// Packets with every message of the feed, one by one and several together, on two lines of
    /// which each loses some; with heartbeats between.
    static func seeds(_ feed: FeedProtocol) -> [[UInt8]] {
        (1...3).map { seed in
            let definition = feed.definition
            var synthesizer = MessageSynthesizer(
                definition.description(), feed: definition.name, seed: UInt64(seed))
            var packets: [[[UInt8]]] = []
            var every = synthesizer.everyMessage()
            while !every.isEmpty {
                let count = min(every.count, 1 + packets.count % 3)
                packets.append(Array(every.prefix(count)))
                every.removeFirst(count)
            }
            for _ in 0..<4 { packets.append((0..<3).map { _ in synthesizer.message() }) }
            return records(packets, definition)
        }
    }

    private static func records(_ packets: [[[UInt8]]], _ feed: FeedDefinition) -> [UInt8] {
        var bytes: [UInt8] = []
        var sequence: UInt64 = 1
        var offset: UInt64 = 0
        for (index, messages) in packets.enumerated() {
            let time = StreamTarget.startTime + UInt64(index) * 1_000_000
            var contents = PacketContents(
                session: 7, sequence: sequence, sendTime: time, streamOffset: offset,
                channel: max(feed.transport.defaultChannel, 1), messages: messages)
            let payload = feed.transport.encode(contents)
            sequence += feed.transport.unit == .packets ? 1 : UInt64(messages.count)
            offset += UInt64(messages.reduce(0) { $0 + $1.count + 2 })
            for line in 0..<2 where (index + line) % 4 != 0 {
                bytes += StreamTarget.record(payload, line: line)
            }
            if index % 5 == 4 {
                (contents.isHeartbeat, contents.messages) = (true, [])
                (contents.sequence, contents.streamOffset) = (sequence, offset)
                bytes += StreamTarget.record(feed.transport.encode(contents), line: 0)
            }
        }
        return bytes
    }
}

/// One feed's decoder twice over the same packets, whole and message by message: both must say the
/// same, and count everything. Its description takes the packets apart beside them.
private final class DecoderHarness {
    private let feed: FeedDefinition
    /// Takes packets whole.
    private let decoder: any FeedDecoding
    /// Takes the same messages one by one, with room for those of one.
    private let single: any FeedDecoding
    private let dissector: FeedDissector
    private var messages: UInt64 = 0
    private let ticks: UnsafeMutablePointer<Tick>
    private let singleTicks: UnsafeMutablePointer<Tick>
    private static let room = 8192

    init(_ feed: FeedDefinition) {
        self.feed = feed
        func decoder() -> any FeedDecoding {
            feed.makeDecoder(
                DecoderSetup(
                    directory: InstrumentDirectory(capacity: 24), venue: feed.venue, channel: 0,
                    midnight: 1_577_682_000_000_000_000, feed: feed.name))
        }
        self.decoder = decoder()
        single = decoder()
        dissector = FeedDissector(feed)
        ticks = .allocate(capacity: Self.room)
        singleTicks = .allocate(capacity: Self.room)
    }

    deinit {
        ticks.deallocate()
        singleTicks.deallocate()
    }

    func take(_ payload: ArraySlice<UInt8>) {
        // Memory of exactly this size, for the sanitizer to see every byte beyond.
        [UInt8](payload).withUnsafeBytes { bytes in
            let packet = dissector.dissect(bytes)
            for message in packet.messages {
                require(message.offset >= 0 && message.offset + message.length <= bytes.count)
                require((message.status == .malformed) == !message.problem.isEmpty)
            }
            guard case .packet(let transport) = feed.transport.parse(bytes, TransportOptions()),
                transport.messageCount > 0
            else { return }
            decode(transport)
        }
    }

    private func decode(_ packet: TransportPacket) {
        messages += UInt64(packet.messageCount)
        var cursor = BlockCursor(
            offset: 0, remaining: packet.messageCount, sequence: packet.firstSequence)
        let count = decode(decoder, packet.blocks, &cursor, ticks, step: Self.room)
        var other = 0
        var start = BlockCursor(offset: 0, remaining: 1, sequence: packet.firstSequence)
        for _ in 0..<packet.messageCount {
            start.remaining = 1
            // A slice that ends with the message: its neighbours are not there.
            let end =
                start.offset + feed.transport.framing.length(in: packet.blocks, at: start.offset)
            let blocks = UnsafeRawBufferPointer(rebasing: packet.blocks[..<end])
            other += decode(
                single, blocks, &start, singleTicks + other, step: feed.ticksPerMessageMax)
            if other + feed.ticksPerMessageMax > Self.room { return }
        }
        require(count == other, "a message's ticks depend on its neighbours")
        let same = memcmp(ticks, singleTicks, count * MemoryLayout<Tick>.stride) == 0
        require(same, "a message's ticks depend on its neighbours")
        let end = packet.firstSequence &+ UInt64(packet.messageCount)
        for index in 0..<count where packet.kind == .data {
            require((packet.firstSequence..<end).contains(ticks[index].sequence))
        }
    }

    /// Decodes until nothing remains, in pieces of `step` ticks at most.
    private func decode(
        _ decoder: any FeedDecoding, _ blocks: UnsafeRawBufferPointer, _ cursor: inout BlockCursor,
        _ ticks: UnsafeMutablePointer<Tick>, step: Int
    ) -> Int {
        let context = DeliveryContext(captureTime: 1, channel: 0, line: 0, flags: [])
        var count = 0
        while cursor.remaining > 0 {
            let before = (cursor.offset, cursor.inner)
            let made = decoder.decode(
                blocks, cursor: &cursor, context: context, into: ticks + count,
                capacity: min(step, Self.room - count))
            require(made <= step, "more ticks than there is room for")
            count += made
            if cursor.remaining > 0, made == 0, before == (cursor.offset, cursor.inner) {
                require(Self.room - count < feed.ticksPerMessageMax, "decoding stands still")
                break
            }
        }
        return count
    }

    func finish() {
        let counters = decoder.snapshotCounters()
        require(
            counters.messageTotal == single.snapshotCounters().messageTotal,
            "counters depend on a message's neighbours")
        if feed.transport.unit == .messages {
            require(
                counters.messageTotal + counters.unknownType + counters.unexpectedLength == messages
            )
        }
    }
}
