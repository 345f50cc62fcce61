import Protocols
import Testing
import Ticks
import Wire

/// A PITCH decoder with a directory of its own.
struct PitchBench {
    let directory: InstrumentDirectory
    let decoder: PitchDecoder
    /// 2019-12-30 in New York.
    static let midnight: UInt64 = 1_577_682_000_000_000_000

    init(_ feed: String, instruments: Int = 20) {
        directory = InstrumentDirectory(capacity: instruments)
        decoder = PitchDecoder(
            DecoderSetup(
                directory: directory, venue: "XCBO", channel: 3, midnight: Self.midnight,
                feed: feed))
    }

    /// Decodes in one packet, and again in calls of little room, which must give the same.
    func decode(
        _ messages: [[UInt8]], sequence: UInt64 = 5, isLate: Bool = false, capacity: Int = 64
    ) -> [Tick] {
        let blocks = messages.flatMap { $0 }
        let context = DeliveryContext(
            captureTime: 77, channel: 3, line: 1, flags: isLate ? .recovered : [])
        var cursor = BlockCursor(offset: 0, remaining: messages.count, sequence: sequence)
        var ticks: [Tick] = []
        blocks.withUnsafeBytes { blocks in
            while cursor.remaining > 0 {
                ticks += [Tick](unsafeUninitializedCapacity: capacity) { space, count in
                    count = decoder.decode(
                        blocks, cursor: &cursor, context: context, into: space.baseAddress!,
                        capacity: capacity)
                }
            }
        }
        #expect(cursor.offset == blocks.count)
        #expect(cursor.sequence == (sequence == 0 ? 0 : sequence + UInt64(messages.count)))
        return ticks
    }

    func views(_ ticks: [Tick]) -> [TickView] {
        ticks.map { tick in
            #expect(tick.captureTime == 77 && tick.channel == 3 && tick.line == 1)
            return TickView(
                kind: tick.tickKind!,
                instrument: tick.instrument == 0
                    ? "-" : directory.entries[Int(tick.instrument) - 1].symbol,
                time: tick.exchangeTime, sequence: tick.sequence, orderID: tick.orderID,
                price: tick.price == Price.none ? nil : tick.price,
                quantity: tick.quantity == Quantity.none ? nil : tick.quantity,
                side: tick.tickSide, flags: tick.tickFlags, detail: tick.detail,
                extra: tick.extra)
        }
    }

    /// The message that `encode` appends.
    static func message(_ encode: (inout [UInt8]) -> Void) -> [UInt8] {
        var bytes: [UInt8] = []
        encode(&bytes)
        return bytes
    }

    /// Time of six bytes, as on venues whose seconds count from midnight.
    static func time(_ second: UInt32) -> [UInt8] {
        var bytes = message { PitchEncoder.time(seconds: second, to: &$0) }
        bytes.removeLast(4)
        bytes[0] = 6
        return bytes
    }
}
