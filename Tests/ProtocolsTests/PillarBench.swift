import Protocols
import Ticks
import Wire

/// A decoder of one NYSE feed, and what it makes of messages.
final class PillarBench {
    let directory: InstrumentDirectory
    let decoder: any FeedDecoding
    let definition: FeedDefinition
    private var sequence: UInt64 = 1

    /// 2022-02-23 in New York.
    static let midnight: UInt64 = 1_645_592_400_000_000_000

    init(_ feed: String, directory: InstrumentDirectory = InstrumentDirectory(capacity: 100)) {
        self.directory = directory
        definition = FeedRegistry.find(feed)!
        decoder = definition.makeDecoder(
            DecoderSetup(
                directory: directory, venue: "XNYS", channel: 3, midnight: Self.midnight,
                feed: feed))
    }

    var counters: DecoderCounters { decoder.snapshotCounters() }

    /// Ticks of messages whose numbers go on from call to call, `capacity` at a time.
    func decode(_ messages: [[UInt8]], capacity: Int? = nil) -> [TickView] {
        let count = definition.transport.unit == .packets ? 1 : messages.count
        defer { sequence += UInt64(count) }
        return decode(messages, at: sequence, capacity: capacity)
    }

    /// Ticks of messages outside of the order.
    func decodeUnsequenced(_ messages: [[UInt8]]) -> [TickView] {
        decode(messages, at: 0, capacity: nil)
    }

    private func decode(_ messages: [[UInt8]], at first: UInt64, capacity: Int?) -> [TickView] {
        let capacity = capacity ?? definition.ticksPerMessageMax + 20
        let bytes = Array(messages.joined())
        let count = definition.transport.unit == .packets ? 1 : messages.count
        var cursor = BlockCursor(offset: 0, remaining: count, sequence: first)
        let buffer = UnsafeMutablePointer<Tick>.allocate(capacity: capacity)
        defer { buffer.deallocate() }
        var ticks: [Tick] = []
        bytes.withUnsafeBytes { raw in
            while cursor.remaining > 0 {
                let written = decoder.decode(
                    raw, cursor: &cursor, context: testContext, into: buffer, capacity: capacity)
                precondition(written <= capacity)
                ticks += UnsafeBufferPointer(start: buffer, count: written)
            }
        }
        precondition(cursor.offset == bytes.count, "everything was stepped over")
        return views(ticks, directory)
    }
}

/// Bytes that an encoder's function appends.
func wire(_ write: (inout [UInt8]) -> Void) -> [UInt8] {
    var bytes: [UInt8] = []
    write(&bytes)
    return bytes
}

/// One letter as encoders take it.
func letter(_ text: Unicode.Scalar) -> UInt8 { UInt8(ascii: text) }

extension TickView {
    /// The last tick of a message in the bench's first call, unless told otherwise.
    static func pillar(
        _ kind: TickKind, _ instrument: String, _ time: UInt64, sequence: UInt64 = 3,
        id: UInt64 = 0, price: Int64? = nil, quantity: Int64? = nil, side: Side = .none,
        flags: TickFlags = .lastOfEvent, detail: UInt8 = 0, extra: UInt32 = 0
    ) -> TickView {
        TickView(
            kind: kind, instrument: instrument, time: time, sequence: sequence, orderID: id,
            price: price, quantity: quantity, side: side, flags: flags, detail: detail,
            extra: extra)
    }
}
