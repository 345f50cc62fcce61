import Ticks
import Wire

/// What the decoders of channels that number packets share: the way through the messages of one
/// packet, instruments by the venue's number, and the counters.
final class PacketFeed {
    let table: MessageTable
    @exclusivity(unchecked) private(set) var unrepresentable: UInt64 = 0
    @exclusivity(unchecked) private(set) var directoryFull: UInt64 = 0
    @exclusivity(unchecked) private var cutMessages: UInt64 = 0
    let directory: InstrumentDirectory
    let codes: CodeTable
    private let venue: UInt32
    private let channel: UInt16
    /// Bytes in front of a packet's first message.
    private let firstMessage: Int
    /// Bytes of a message's own header, its length included.
    private let prefixSize: Int
    private let ticksPerMessageMax: Int

    init(_ setup: DecoderSetup, _ description: ProtocolDescription, ticksPerMessageMax: Int) {
        table = MessageTable(description, feed: setup.feed)
        directory = setup.directory
        codes = CodeTable(capacity: setup.directory.capacity)
        venue = setup.directory.venueIndex(setup.venue)
        channel = setup.channel
        firstMessage = description.innerAfter
        prefixSize = description.prefixSize
        self.ticksPerMessageMax = ticksPerMessageMax
    }

    deinit { table.free() }

    func snapshotCounters() -> DecoderCounters {
        var counters = DecoderCounters()
        table.fill(&counters)
        counters.unexpectedLength += cutMessages
        counters.unrepresentable = unrepresentable
        counters.directoryFull = directoryFull
        return counters
    }

    // MARK: Messages

    /// Walks over the messages of the packet from where the cursor stands, and stops between two of
    /// them when the space might not do for another one. A length that is shorter than the message's
    /// header or longer than the rest ends the packet and is counted.
    ///
    /// `body` takes a message with its header and length, which lies whole in the packet.
    @inline(__always)
    func decode(
        _ blocks: UnsafeRawBufferPointer, cursor: inout BlockCursor, context: DeliveryContext,
        into ticks: UnsafeMutablePointer<Tick>, capacity: Int,
        _ body: (_ message: UnsafeRawPointer, _ length: Int, _ emitter: inout TickEmitter) -> Void
    ) -> Int {
        var emitter = TickEmitter(ticks: ticks, context: context)
        guard cursor.remaining > 0, let base = blocks.baseAddress else { return 0 }
        emitter.sequence = cursor.sequence
        let last = capacity - ticksPerMessageMax
        let end = blocks.count
        var at = cursor.inner == 0 ? firstMessage : cursor.inner
        while at < end {
            if emitter.count > last {
                cursor.inner = at
                return emitter.count
            }
            let length = end &- at < prefixSize ? 0 : base.wireCount(at)
            guard length >= prefixSize, length <= end &- at else {
                cutMessages &+= 1
                break
            }
            body(base + at, length, &emitter)
            at &+= length
        }
        cursor.inner = 0
        cursor.offset = end
        cursor.remaining -= 1
        cursor.sequence &+= 1
        return emitter.count
    }

    /// For SBE messages: the key and the length of the block if the feed knows the message and the
    /// block lies in it; else the key is -1. `offset` is where the length of the block stands, right
    /// in front of the template.
    @inline(__always)
    func acceptBlock(
        _ message: UnsafeRawPointer, _ length: Int, at offset: Int
    ) -> (key: Int, block: Int) {
        let block = message.wireCount(offset)
        let key = message.wireCount(offset + 2)
        let isWhole = block <= length &- prefixSize
        return table.accept(key, length: isWhole ? block : -1) ? (key, block) : (-1, 0)
    }

    // MARK: Values

    /// A price of the wire in billionths, `Price.none` if there is none or it does not fit.
    @inline(__always)
    func price(_ billionths: Int64?, isNull: Bool = false) -> Int64 {
        if isNull { return Price.none }
        if let billionths { return billionths }
        unrepresentable &+= 1
        return Price.none
    }

    /// Counts values that have no place in a tick.
    func countUnrepresentable(_ count: Int) { unrepresentable &+= UInt64(count) }

    // MARK: Instruments

    /// The instrument with the venue's number, entered as `text` and described by `describe` when it
    /// is new to the decoder. 0, and counted, if the directory is full.
    ///
    /// `kind` tells numbers of different meaning apart: 0 for instruments.
    @inline(__always)
    func instrument(
        _ code: UInt64, kind: UInt64 = 0, text: () -> String,
        describe: (inout Instrument) -> Void
    ) -> UInt32 {
        let known = codes.find(kind, code)
        return known != 0 ? known : enter(code, kind, text(), describe)
    }

    @inline(never)
    private func enter(
        _ code: UInt64, _ kind: UInt64, _ text: String, _ describe: (inout Instrument) -> Void
    ) -> UInt32 {
        let id = directory.findOrAdd(text: text, venue: venue, code: code, channel: channel)
        guard id != 0 else {
            directoryFull &+= 1
            return 0
        }
        codes.insert(kind, code, id: id)
        directory.update(id, describe)
        return id
    }
}

extension UnsafeRawPointer {
    /// A little-endian 16-bit number, for lengths and templates.
    @inline(__always)
    func wireCount(_ offset: Int) -> Int {
        Int(UInt16(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt16.self)))
    }
}

extension Side {
    /// Side of the book by the numbers 1 (buy) and 2 (sell).
    @inline(__always)
    init(buySell number: UInt8) { self = number == 1 ? .bid : number == 2 ? .ask : .none }
}

/// Four numbers in one `extra`, the first in the low byte.
@inline(__always)
func packed(_ first: UInt8, _ second: UInt8 = 0, _ third: UInt8 = 0, _ fourth: UInt8 = 0) -> UInt32
{
    UInt32(first) | UInt32(second) << 8 | UInt32(third) << 16 | UInt32(fourth) << 24
}
