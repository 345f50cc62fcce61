import Books
import Protocols
import TestSupport
import Testing
import Ticks
import Wire

/// One feed from datagrams to finished ticks, without lines: transport, decoder, books.
final class DerivativesBench {
    let definition: FeedDefinition
    let directory: InstrumentDirectory
    let decoder: any FeedDecoding
    let books: Books
    /// Space for ticks; tests make it tight to see that decoding goes on where it stopped.
    var capacity: Int
    private let space: UnsafeMutablePointer<Tick>
    private static let spaceCapacity = 65536
    private var position: UInt64 = 0

    init(_ feed: String, instruments: Int = 256) throws {
        definition = try #require(FeedRegistry.find(feed))
        directory = InstrumentDirectory(capacity: instruments)
        decoder = definition.makeDecoder(
            DecoderSetup(
                directory: directory, venue: definition.venue, channel: 0, midnight: 0, feed: feed))
        books = Books(
            BooksConfiguration(
                instrumentCapacity: instruments, orderCapacity: 65536, levelCapacity: 65536,
                channelCapacity: 2))
        capacity = Self.spaceCapacity
        space = .allocate(capacity: Self.spaceCapacity)
    }

    deinit { space.deallocate() }

    func parse(_ datagram: [UInt8], _ body: (TransportPacket) -> Void) -> TransportRejection? {
        datagram.withUnsafeBytes { bytes in
            switch definition.transport.parse(bytes, TransportOptions()) {
            case .packet(let packet):
                body(packet)
                return nil
            case .rejected(let reason): return reason
            }
        }
    }

    /// The ticks of one datagram, completed by the books.
    @discardableResult
    func decode(_ datagram: [UInt8]) -> [Tick] {
        var ticks: [Tick] = []
        _ = parse(datagram) { packet in
            var cursor = BlockCursor(
                offset: 0, remaining: packet.messageCount, sequence: packet.firstSequence)
            while cursor.remaining > 0 {
                let count = decoder.decode(
                    packet.blocks, cursor: &cursor,
                    context: DeliveryContext(captureTime: 5, channel: 0, line: 0, flags: []),
                    into: space, capacity: capacity)
                precondition(count <= capacity, "more ticks than there is room")
                books.complete(space, count: count, position: position)
                position += UInt64(count)
                ticks.append(contentsOf: UnsafeBufferPointer(start: space, count: count))
            }
        }
        return ticks
    }

    /// The ticks of messages in one datagram.
    @discardableResult
    func send(
        _ messages: [[UInt8]], sequence: UInt64 = 1, session: UInt64 = 0, channel: UInt32 = 7
    ) -> [Tick] {
        decode(
            definition.transport.encode(
                PacketContents(
                    session: session, sequence: sequence, sendTime: 99, channel: channel,
                    messages: messages)))
    }

    func symbol(_ tick: Tick) -> String {
        tick.instrument == 0 ? "" : directory.entries[Int(tick.instrument) - 1].symbol
    }

    func details(_ tick: Tick) -> String {
        directory.entries[Int(tick.instrument) - 1].details
    }

    /// Datagrams of a capture file.
    static func datagrams(_ path: String) throws -> [[UInt8]] {
        let reader = try CaptureReader(path: path)
        let dissector = PacketDissector()
        var result: [[UInt8]] = []
        while let record = try reader.next() {
            if case .packet(let packet) = record,
                case .datagram(let datagram) = dissector.dissect(packet)
            {
                result.append(Array(datagram.payload))
            }
        }
        return result
    }
}

/// What a tick says, without times, for comparisons in one line.
func brief(_ tick: Tick) -> String {
    let kind = tick.tickKind.map { "\($0)" } ?? "?"
    let detail: String? =
        switch tick.tickKind {
        case .status: StatusDetail(rawValue: tick.detail).map { ".\($0)" } ?? ".\(tick.detail)"
        case .limits: LimitsDetail(rawValue: tick.detail).map { ".\($0)" }
        case .imbalance: ImbalanceDetail(rawValue: tick.detail).map { ".\($0)" }
        case .statistic: StatisticDetail(rawValue: tick.detail).map { ".\($0)" }
        default: nil
        }
    let side = tick.tickSide == .none ? "" : " \(tick.tickSide)"
    let quantity = tick.quantity == Quantity.none ? "" : " \(tick.quantity)"
    let price = tick.price == Price.none ? "" : "@\(tick.price)"
    let order = tick.orderID == 0 ? "" : " #\(tick.orderID)"
    let extra = tick.extra == 0 ? "" : " x\(tick.extra)"
    var flags = ""
    for (flag, letter) in [
        (TickFlags.snapshot, "s"), (.replaced, "r"), (.auction, "a"), (.offBook, "o"),
        (.implied, "i"), (.bookSuspect, "?"),
    ] where tick.has(flag) { flags += letter }
    if !flags.isEmpty { flags = " [\(flags)]" }
    return kind + (detail ?? "") + side + quantity + price + order + extra + flags
}

/// Random damage to a feed's datagrams: whatever comes, nothing traps and every packet ends.
func survivesDamage(_ feed: String, _ messages: [[UInt8]], seed: UInt64) throws {
    let bench = try DerivativesBench(feed, instruments: 64)
    bench.capacity = bench.definition.ticksPerMessageMax
    var generator = SeededGenerator(seed: seed)
    for round in 0..<3000 {
        let count = generator.below(4)
        var datagram = bench.definition.transport.encode(
            PacketContents(
                session: 1, sequence: UInt64(round), channel: 0,
                messages: (0...count).map { _ in messages[generator.below(messages.count)] }))
        for _ in 0..<generator.below(6) {
            let at = generator.below(datagram.count)
            switch generator.below(4) {
            case 0: datagram[at] = UInt8(truncatingIfNeeded: generator.next())
            case 1: datagram[at] = 0xFF
            case 2: datagram[at] = 0
            default: datagram.removeLast(generator.below(min(datagram.count, 9)))
            }
            if datagram.isEmpty { datagram = [0] }
        }
        bench.decode(datagram)
        bench.decode(generator.bytes(generator.below(200)))
    }
    bench.books.checkInvariants()
}
