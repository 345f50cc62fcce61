import Handler
import Simulation
import Ticks
import Wire

/// A sequence of datagrams and clock ticks, each with a step in time.
///
/// A record is a control byte, a step (u16), and unless it is a clock tick a length (u16) and the
/// datagram. Control: bit 0 the line, bits 1–4 by how much the step is shifted left, bit 5 the step
/// goes back, bit 6 the datagram has no capture time, bit 7 a clock tick.
enum StreamTarget {
    static let startTime: UInt64 = 1_577_716_200_000_000_000

    static func runITCH50(_ bytes: [UInt8]) { run(ByteTaker(bytes), .itch50) }

    static func runIEX(_ bytes: [UInt8]) {
        var taker = ByteTaker(bytes)
        let feed: FeedProtocol = taker.byte() & 1 == 0 ? .deep10 : .tops16
        run(taker, feed)
    }

    static func run(_ taker: ByteTaker, _ feed: FeedProtocol) {
        var taker = taker
        guard let checked = try? CheckedCore(CheckedCore.configuration(feed)) else {
            fatalError("a fixed configuration is refused")
        }
        var time = startTime
        while !taker.isEmpty {
            let control = taker.byte()
            let step = UInt64(taker.word()) << UInt64(control >> 1 & 15)
            time = control & 0x20 == 0 ? time &+ step : time &- step
            if control & 0x80 != 0 {
                checked.core.clock(time)
                checked.check()
                continue
            }
            let length = Int(taker.word())
            let payload = sealed(taker.take(length), feed.definition.transport)
            checked.packet(payload, line: Int(control & 1), time: control & 0x40 == 0 ? time : 0)
        }
        checked.finish()
    }

    /// A datagram with the right sum of its bytes, where the transport looks at that (CTA, OPRA):
    /// mutations would not come past it. Every sixteenth length stays wrong.
    static func sealed(
        _ payload: ArraySlice<UInt8>, _ transport: TransportDefinition
    ) -> ArraySlice<UInt8> {
        guard payload.count > 20, payload.count & 15 != 15, hasBadSum(payload, transport)
        else { return payload }
        for place in [18, 19] {
            var bytes = Array(payload)
            let size = Int(bytes[1]) << 8 | Int(bytes[2])
            bytes[place] = 0
            bytes[place + 1] = 0
            let sum = bytes.prefix(size).reduce(UInt16(0)) { $0 &+ UInt16($1) }
            bytes[place] = UInt8(sum >> 8)
            bytes[place + 1] = UInt8(sum & 0xFF)
            if !hasBadSum(bytes[...], transport) { return bytes[...] }
        }
        return payload
    }

    private static func hasBadSum(
        _ payload: ArraySlice<UInt8>, _ transport: TransportDefinition
    ) -> Bool {
        payload.withUnsafeBytes {
            guard case .rejected(.badChecksum) = transport.parse($0, TransportOptions()) else {
                return false
            }
            return true
        }
    }

    /// The datagrams of the records alone.
    static func datagrams(
        _ taker: ByteTaker, _ transport: TransportDefinition, _ body: (ArraySlice<UInt8>) -> Void
    ) {
        var taker = taker
        while !taker.isEmpty {
            let control = taker.byte()
            _ = taker.word()
            if control & 0x80 != 0 { continue }
            let length = Int(taker.word())
            body(sealed(taker.take(length), transport))
        }
    }

    // MARK: Seeds

    /// A datagram 800 ns after the one before.
    static func record(_ payload: [UInt8], line: Int) -> [UInt8] {
        [UInt8(line) | 4, 200, 0, UInt8(payload.count & 0xFF), UInt8(payload.count >> 8)] + payload
    }

    static func itch50Seeds() throws -> [[UInt8]] {
        var seeds = try [UInt64](1...6).map { seed in
            records(try Seeds.deliveries(messages: 30 * Int(seed), seed: seed))
        }
        // A second session behind the first one.
        let second = try Seeds.deliveries(messages: 20, seed: 9).map { delivery in
            var delivery = delivery
            delivery.payload.replaceSubrange(0..<10, with: Array("FUZZ2     ".utf8))
            return delivery
        }
        seeds.append(seeds[0] + records(second))
        return seeds
    }

    static func iexSeeds() -> [[UInt8]] {
        [(UInt8(0), UInt16(0x8004)), (1, 0x8003)].flatMap { first, protocolID in
            [
                [first] + records(IEXSeeds.deliveries(protocolID, restarts: false)),
                [first] + records(IEXSeeds.deliveries(protocolID, restarts: true)),
            ]
        }
    }

    private static func records(_ deliveries: [LineDelivery]) -> [UInt8] {
        var bytes: [UInt8] = []
        for (index, delivery) in deliveries.enumerated() {
            bytes += record(delivery.payload, line: delivery.line)
            if index % 7 == 6 { bytes += [0x80 | 10, 0xFF, 0x3F] }
        }
        return bytes
    }
}
