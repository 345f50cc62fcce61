import Books
import Protocols
import TestSupport
import Testing
import Ticks
import Wire

/// A hundred thousand events of random order flow: after each, the touched side's orders and levels
/// are those of the naive book.
///
/// - Parameters:
///   - priceScale: billionths in one tick of the flow's prices.
///   - encode: the message of an event; instruments count from 0 and have the venue's number one
///     above.
func checkBooks(
    _ feed: String, seed: UInt64, mix: OrderFlow.Mix, priceScale: Int64,
    encode: (OrderEvent) -> [UInt8]
) {
    let probe = FeedProbe(feed)
    var flow = OrderFlow(seed: seed, instruments: 3, mix: mix)
    // Directory ids by instrument of the flow.
    var ids = [UInt32](repeating: 0, count: 3)
    for number in 0..<100_000 {
        let event = flow.next()
        let ticks = probe.apply(encode(event))
        guard let last = ticks.last, last.instrument != 0, last.has(.lastOfEvent) else {
            Issue.record("event \(number): \(event.change) gave \(said(ticks))")
            return
        }
        if ids[event.instrument] == 0 { ids[event.instrument] = last.instrument }
        let sides =
            event.before == nil && ticks[0].tickKind == .clear ? [true, false] : [event.isAsk]
        for isAsk in sides {
            let expected = flow.book.orders(event.instrument, isAsk: isAsk).map {
                [Int64($0.id), $0.price * priceScale, Int64($0.quantity)]
            }
            let found = probe.books.orders(ids[event.instrument], isAsk ? .ask : .bid).map {
                [Int64($0.orderID), $0.price, $0.quantity]
            }
            if ticks.contains(where: { $0.instrument != ids[event.instrument] })
                || found != expected
            {
                Issue.record("event \(number): \(event.change), \(found) is not \(expected)")
                return
            }
        }
    }
    #expect(probe.books.counters == BookCounters())
}

/// One message of each kind that the feed's description has, all its bytes `fill`, its counts 0.
private func messages(of feed: FeedDefinition, fill: UInt8) -> [[UInt8]] {
    let description = feed.description()
    return description.messages(of: feed.name).map { message in
        var bytes = [UInt8](repeating: fill, count: description.prefixSize + message.least)
        if !description.isSBE { bytes.removeLast(description.prefixSize) }
        func put(_ field: ProtocolDescription.Field, _ value: Int) {
            guard case .unsigned(let size, let isBig) = field.form else { return }
            bytes.putWire(UInt64(value), at: field.offset, bytes: size, bigEndian: isBig)
        }
        for field in description.prefix {
            if description.key.contains(field.name) { put(field, message.key) }
            if field.name.hasSuffix("Length") || field.name.hasSuffix("Size") {
                put(field, message.least)
            }
        }
        let start = description.isSBE ? description.prefixSize : 0
        for part in message.parts {
            for var field in message.fields where field.name == part.count {
                field.offset += start
                put(field, 0)
            }
        }
        return bytes
    }
}

/// Feeds whose damage `HostileFeedTests` tries: a new one needs its name here and nothing else.
private let feeds = [
    "memx", "miax-dom", "miax-tom", "miax-ctom", "asx24", "omd-c", "mitch", "jnx",
]

@Suite struct HostileFeedTests {
    @Test("Damaged packets of the generated messages", arguments: feeds)
    func hostile(feed: String) { checkHostile(feed) }
}

/// Damaged packets: no trap, no tick beyond the bound, every message counted once.
private func checkHostile(_ name: String) {
    let probe = FeedProbe(name)
    var generator = SeededGenerator(seed: 5)
    let corpus = messages(of: probe.feed, fill: 0) + messages(of: probe.feed, fill: 0xFF)
    var expected: UInt64 = 0
    var isBounded = true
    func feed(_ packet: [UInt8]) {
        var messages = 0
        packet.withUnsafeBytes { payload in
            if case .packet(let parsed) = probe.feed.transport.parse(payload, TransportOptions()) {
                messages = parsed.messageCount
                expected += UInt64(messages)
                if parsed.announcedCount < parsed.messageCount || parsed.trailingBytes < 0 {
                    isBounded = false
                }
            }
        }
        let ticks = probe.decode(packet: packet)
        if ticks.count > messages * probe.feed.ticksPerMessageMax { isBounded = false }
    }
    let whole = probe.feed.transport.encode(
        PacketContents(session: 1, sequence: 1, messages: corpus))
    feed(whole)
    let decoded = probe.decoder.snapshotCounters()
    #expect(decoded.messageTotal == UInt64(corpus.count) && decoded.unknownType == 0)
    for length in stride(from: 0, to: whole.count, by: 7) { feed(Array(whole[..<length])) }
    for _ in 0..<2000 {
        var packet = probe.feed.transport.encode(
            PacketContents(
                session: 1, sequence: 1,
                messages: (0..<3).map { _ in
                    corpus[generator.below(corpus.count)]
                }))
        for _ in 0...generator.below(6) {
            packet[generator.below(packet.count)] = UInt8(generator.below(256))
        }
        feed(packet)
    }
    let counters = probe.decoder.snapshotCounters()
    #expect(isBounded)
    #expect(
        counters.messageTotal + counters.unknownType + counters.unexpectedLength == expected)
}
