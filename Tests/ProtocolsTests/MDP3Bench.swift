import Protocols
import Ticks
import Wire

/// A decoder of MDP 3.0 whose packets are made from messages.
final class MDP3Bench {
    let directory: InstrumentDirectory
    let decoder: MDP3Decoder
    private var sequence: UInt64 = 0

    private let channel: UInt16

    init(
        instruments: Int = 100, feed: String = "mdp3", directory: InstrumentDirectory? = nil,
        channel: UInt16 = 0
    ) {
        self.channel = channel
        self.directory = directory ?? InstrumentDirectory(capacity: instruments)
        decoder = MDP3Decoder(
            DecoderSetup(
                directory: self.directory, venue: "XCME", channel: channel, midnight: 0,
                feed: feed))
    }

    /// The ticks of a packet; `room` is how many fit at a time.
    func decode(
        _ messages: [UInt8], room: Int = 4096, flags: TickFlags = [], at sequence: UInt64? = nil
    ) -> [Tick] {
        self.sequence = sequence ?? self.sequence + 1
        var cursor = BlockCursor(offset: 0, remaining: 1, sequence: self.sequence)
        let context = DeliveryContext(
            captureTime: 7, channel: channel, line: 1, flags: flags)
        var all: [Tick] = []
        withUnsafeTemporaryAllocation(of: Tick.self, capacity: room) { ticks in
            messages.withUnsafeBytes { blocks in
                while cursor.remaining > 0 {
                    let count = decoder.decode(
                        blocks, cursor: &cursor, context: context, into: ticks.baseAddress!,
                        capacity: room)
                    precondition(count <= room, "more ticks than there is room")
                    all += ticks[..<count]
                }
            }
        }
        return all
    }

    static func message(_ write: (inout [UInt8]) -> Void) -> [UInt8] {
        var bytes: [UInt8] = []
        write(&bytes)
        return bytes
    }

    typealias Level = MDP3MDIncrementalRefreshBook46NoMDEntriesValues

    static func level(
        _ security: Int32, _ type: Character, _ action: UInt8, _ level: UInt8, _ price: Int64,
        _ quantity: Int32 = 1, orders: Int32 = 1, rptSeq: UInt32 = 1
    ) -> Level {
        Level(
            mdEntryPx: price, mdEntrySize: quantity, securityID: security, rptSeq: rptSeq,
            numberOfOrders: orders, mdPriceLevel: level, mdUpdateAction: action,
            mdEntryType: type.asciiValue!)
    }

    static func book(
        _ entries: [Level], time: UInt64 = 1, indicator: UInt8 = 0x84,
        orders: [MDP3MDIncrementalRefreshBook46NoOrderIDEntriesValues] = []
    ) -> [UInt8] {
        message {
            MDP3Encoder.mdIncrementalRefreshBook46(
                schemaId: 1, version: 13, transactTime: time, matchEventIndicator: indicator,
                noMDEntries: entries, noOrderIDEntries: orders, to: &$0)
        }
    }
}
