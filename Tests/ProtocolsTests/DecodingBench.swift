import Protocols
import TestSupport
import Ticks
import Wire

/// A tick as tests write it down: what differs from message to message.
struct TickView: Equatable, CustomStringConvertible {
    var kind: TickKind
    var instrument: String
    var time: UInt64
    var sequence: UInt64
    var orderID: UInt64 = 0
    var price: Int64?
    var quantity: Int64?
    var side = Side.none
    var flags: TickFlags = .lastOfEvent
    var detail: UInt8 = 0
    var extra: UInt32 = 0

    var description: String {
        "\(kind) \(instrument) \(time) #\(sequence) id \(orderID) \(price ?? -1) x "
            + "\(quantity ?? -1) \(side) flags \(flags.rawValue) detail \(detail) extra \(extra)"
    }
}

/// Letters as they stand in `Tick.extra`: the first in the low byte.
func letters(_ text: String) -> UInt32 {
    text.utf8.reversed().reduce(0) { $0 << 8 | UInt32($1) }
}

let testContext = DeliveryContext(
    captureTime: 77, channel: 3, line: 1, flags: [.recovered, TimeSource.hardware.flags])

/// Frames messages as their transport does.
func blocks(_ messages: [[UInt8]], _ framing: BlockFraming) -> [UInt8] {
    messages.flatMap { message in
        let length = [UInt8(message.count >> 8), UInt8(message.count & 0xFF)]
        return (framing.bigEndian ? length : length.reversed()) + message
    }
}

/// Decodes all messages, `capacity` ticks at a time.
func decodeAll(
    _ messages: [[UInt8]], _ framing: BlockFraming, capacity: Int, firstSequence: UInt64 = 1,
    _ decode: (
        UnsafeRawBufferPointer, inout BlockCursor, UnsafeMutablePointer<Tick>, Int
    ) -> Int
) -> [Tick] {
    let bytes = blocks(messages, framing)
    var cursor = BlockCursor(offset: 0, remaining: messages.count, sequence: firstSequence)
    let buffer = UnsafeMutablePointer<Tick>.allocate(capacity: capacity)
    defer { buffer.deallocate() }
    var ticks: [Tick] = []
    bytes.withUnsafeBytes { raw in
        while cursor.remaining > 0 {
            let count = decode(raw, &cursor, buffer, capacity)
            ticks += UnsafeBufferPointer(start: buffer, count: count)
        }
    }
    precondition(cursor.offset == bytes.count, "everything was stepped over")
    precondition(cursor.sequence == firstSequence + UInt64(messages.count))
    return ticks
}

/// Ticks as tests look at them; what the context gives must be on every one of them.
func views(_ ticks: [Tick], _ directory: InstrumentDirectory) -> [TickView] {
    ticks.map { tick in
        precondition(tick.captureTime == 77 && tick.channel == 3 && tick.line == 1)
        precondition(tick.has(.recovered) && tick.timeSource == .hardware)
        let own = TickFlags(
            rawValue: tick.flags & ~TickFlags.timeSourceMask.rawValue
                & ~TickFlags.recovered.rawValue)
        return TickView(
            kind: tick.tickKind!,
            instrument: tick.instrument == 0
                ? "-" : directory.entries[Int(tick.instrument) - 1].symbol,
            time: tick.exchangeTime, sequence: tick.sequence, orderID: tick.orderID,
            price: tick.price == Price.none ? nil : tick.price,
            quantity: tick.quantity == Quantity.none ? nil : tick.quantity, side: tick.tickSide,
            flags: own, detail: tick.detail, extra: tick.extra)
    }
}

func iexDecoder(
    _ feed: String, _ directory: InstrumentDirectory, channel: UInt16 = 0
) -> IEXDecoder {
    IEXDecoder(
        DecoderSetup(
            directory: directory, venue: "IEXG", channel: channel, midnight: 0, feed: feed))
}

/// Type and length of every ITCH 5.0 message.
let itchLengths = ProtocolDescription.itch.messages.map {
    (type: UInt8($0.key), length: UInt8($0.least))
}
