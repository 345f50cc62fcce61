import Protocols
import TestSupport
import Testing
import Ticks
import Wire

/// One feed's messages through its transport and its decoder.
struct ConsolidatedBench {
    let feed: FeedDefinition
    let decoder: any FeedDecoding
    let directory: InstrumentDirectory

    init(_ name: String, instruments: Int = 100) throws {
        feed = try #require(FeedRegistry.find(name))
        directory = InstrumentDirectory(capacity: instruments)
        decoder = feed.makeDecoder(
            DecoderSetup(
                directory: directory, venue: feed.venue, channel: 3, midnight: 0, feed: name))
    }

    /// Ticks of messages that stand in one packet, the first with number 9.
    func decode(_ messages: [[UInt8]]) throws -> [TickView] {
        try packet(feed.transport.encode(PacketContents(sequence: 9, messages: messages)))
    }

    /// How many of a packet's messages the transport hands on: line integrity and resets are its own.
    func delivered(_ messages: [[UInt8]]) -> UInt64 {
        let bytes = feed.transport.encode(PacketContents(sequence: 9, messages: messages))
        return bytes.withUnsafeBytes {
            guard case .packet(let packet) = feed.transport.parse($0, TransportOptions()) else {
                return 0
            }
            return UInt64(packet.messageCount)
        }
    }

    /// Ticks of one message.
    func decode(_ write: (inout [UInt8]) -> Void) throws -> [TickView] {
        var message: [UInt8] = []
        write(&message)
        return try decode([message])
    }

    /// Ticks of a packet as it was captured. `capacity` is in ticks of a call.
    func packet(_ bytes: [UInt8], capacity: Int? = nil) throws -> [TickView] {
        let capacity = capacity ?? feed.ticksPerMessageMax
        let buffer = UnsafeMutablePointer<Tick>.allocate(capacity: capacity)
        defer { buffer.deallocate() }
        var ticks: [Tick] = []
        try bytes.withUnsafeBytes { raw in
            guard case .packet(let packet) = feed.transport.parse(raw, TransportOptions()) else {
                Issue.record("the packet was rejected")
                return
            }
            try #require(packet.messageCount == packet.announcedCount)
            var context = testContext
            context.sendTime = packet.sendTime
            var cursor = BlockCursor(
                offset: 0, remaining: packet.messageCount, sequence: packet.firstSequence)
            while cursor.remaining > 0 {
                let count = decoder.decode(
                    packet.blocks, cursor: &cursor, context: context, into: buffer,
                    capacity: capacity)
                ticks += UnsafeBufferPointer(start: buffer, count: count)
            }
            #expect(cursor.offset == packet.blocks.count)
        }
        return views(ticks, directory)
    }

    var counters: DecoderCounters { decoder.snapshotCounters() }
}

/// Ticks of one message: `template` gives what all of them have, the last one completes it.
func event(_ template: TickView, _ ticks: [(inout TickView) -> Void]) -> [TickView] {
    ticks.enumerated().map { index, change in
        var view = template
        view.flags = []
        change(&view)
        if index == ticks.count - 1 { view.flags.insert(.lastOfEvent) }
        return view
    }
}

extension TickView {
    /// The price of a side; only the national best is the book's.
    static func quote(
        _ detail: QuoteDetail, _ side: Side, _ price: Int64, _ quantity: Int64, _ letters: [UInt8],
        member: String = ""
    ) -> (inout TickView) -> Void {
        {
            $0.kind = .quote
            $0.side = side
            $0.price = price
            $0.quantity = quantity
            $0.detail = detail.rawValue
            $0.flags = detail == .national ? [] : .offBook
            $0.extra = letters.reversed().reduce(0) { $0 << 8 | UInt32($1) }
            $0.orderID = UInt64(TapelineLetters.of(member))
        }
    }

    static func statistic(
        _ detail: StatisticDetail, price: Int64? = nil, quantity: Int64? = nil,
        _ extra: [UInt8] = []
    ) -> (inout TickView) -> Void {
        {
            $0.kind = .statistic
            $0.detail = detail.rawValue
            $0.price = price
            $0.quantity = quantity
            $0.extra = extra.reversed().reduce(0) { $0 << 8 | UInt32($1) }
        }
    }

    static func status(_ detail: StatusDetail, _ text: String) -> (inout TickView) -> Void {
        {
            $0.kind = .status
            $0.detail = detail.rawValue
            $0.extra = TapelineLetters.of(text)
        }
    }

    static func limits(
        _ detail: LimitsDetail, _ price: Int64, _ extra: UInt32 = 0, flags: TickFlags = []
    ) -> (inout TickView) -> Void {
        {
            $0.kind = .limits
            $0.detail = detail.rawValue
            $0.price = price
            $0.extra = extra
            $0.flags = flags
        }
    }

    static func sale(
        _ kind: TickKind, id: UInt64, price: Int64, quantity: Int64, _ participant: UInt8,
        _ conditions: String, flags: TickFlags = []
    ) -> (inout TickView) -> Void {
        {
            $0.kind = kind
            $0.orderID = id
            $0.price = price
            $0.quantity = quantity
            $0.detail = participant
            $0.extra = TapelineLetters.of(conditions)
            $0.flags = flags
        }
    }
}

/// Letters as ticks hold them; apart from `letters`, which a view's functions would hide.
enum TapelineLetters {
    static func of(_ text: String) -> UInt32 { letters(text) }
}

/// A letter's byte.
func byte(_ letter: Character) -> UInt8 { letter.asciiValue ?? 0 }
