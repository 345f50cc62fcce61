import CTapeline
import Foundation
import Handler
import Protocols
import Testing
import Ticks
import Wire

/// A core whose ticks are kept.
final class CoreBench {
    let core: FeedCore
    private(set) var ticks: [Tick] {
        get { log.ticks }
        set { log.ticks = newValue }
    }
    var instruments: [Instrument] { log.instruments }
    private let log: Log

    private final class Log {
        var ticks: [Tick] = []
        var instruments: [Instrument] = []
        var names: [UInt32: String] = [:]
    }

    init(
        _ channels: [ChannelConfiguration], batchCapacity: Int = 8192, silence: UInt64 = 0,
        instruments: Int = 100, resume: ResumeState? = nil
    ) throws {
        let log = Log()
        self.log = log
        let output = BufferOutput(
            batchCapacity: batchCapacity,
            define: {
                log.instruments.append($0)
                log.names[$0.id] = $0.symbol
            },
            consume: { ticks, position in
                #expect(position == UInt64(log.ticks.count))
                log.ticks += ticks
            })
        core = try FeedCore(
            configuration: CoreConfiguration(
                channels: channels, tradingDay: "2019-12-30", instrumentCapacity: instruments,
                orderCapacity: 1000, levelCapacity: 100_000, lineSilenceNanoseconds: silence),
            output: output, resume: resume)
    }

    static func itch(_ window: UInt64 = 1000) -> ChannelConfiguration {
        ChannelConfiguration(name: "itch", feedProtocol: .itch50, windowNanoseconds: window)
    }

    static func deep() -> ChannelConfiguration {
        ChannelConfiguration(name: "deep", feedProtocol: .deep10, windowNanoseconds: 1000)
    }

    func send(
        _ payload: [UInt8], channel: Int = 0, line: Int = 0, at time: UInt64
    ) {
        payload.withUnsafeBytes {
            core.packet(
                channel: channel, line: line, captureTime: time, timeSource: .kernel, payload: $0)
        }
        #expect(core.isBalanced)
    }

    func symbol(_ tick: Tick) -> String { log.names[tick.instrument] ?? "" }

    /// Ticks so far, those in the unpublished batch too.
    func flushed() -> [Tick] {
        core.flush()
        return ticks
    }

    func kinds() -> [TickKind] { flushed().compactMap(\.tickKind) }
}

/// ITCH messages as tests need them.
enum ITCH {
    static func header(_ time: UInt64 = 1) -> ITCH50Encoder.Header {
        ITCH50Encoder.Header(locate: 7, timestamp: time)
    }

    static func add(
        _ id: UInt64, _ side: Side = .bid, _ shares: UInt32 = 100, _ price: UInt32 = 10_000,
        time: UInt64 = 1
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        ITCH50Encoder.addOrder(
            header(time), orderReference: id, side: side, shares: shares, stock: "ABC",
            price: price, to: &bytes)
        return bytes
    }

    static func execute(_ id: UInt64, _ shares: UInt32, match: UInt64 = 9) -> [UInt8] {
        var bytes: [UInt8] = []
        ITCH50Encoder.orderExecuted(
            header(), orderReference: id, shares: shares, matchNumber: match, to: &bytes)
        return bytes
    }

    static func delete(_ id: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        ITCH50Encoder.orderDelete(header(), orderReference: id, to: &bytes)
        return bytes
    }

    static func packet(
        _ sequence: UInt64, _ messages: [[UInt8]], session: String = "DAY"
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        MoldUDP64Encoder.appendPacket(
            session: MoldUDP64Encoder.session(session), sequence: sequence, messages: messages,
            to: &bytes)
        return bytes
    }

    static func heartbeat(_ next: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        MoldUDP64Encoder.appendHeartbeat(
            session: MoldUDP64Encoder.session("DAY"), nextSequence: next, to: &bytes)
        return bytes
    }
}

/// DEEP segments as tests need them.
enum DEEP {
    static func level(
        _ side: Side, _ price: Int64, _ size: UInt32, complete: Bool, time: Int64
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        let flags: UInt8 = complete ? 1 : 0
        if side == .bid {
            IEXEncoder.priceLevelBuy(
                eventFlags: flags, timestamp: time, symbol: "ABC", size: size, price: price,
                to: &bytes)
        } else {
            IEXEncoder.priceLevelSell(
                eventFlags: flags, timestamp: time, symbol: "ABC", size: size, price: price,
                to: &bytes)
        }
        return bytes
    }

    static func segment(
        _ sequence: Int64, _ messages: [[UInt8]], sentAt time: Int64, offset: Int64? = nil
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        IEXTPEncoder.appendSegment(
            stream: .init(protocolID: 0x8004, sessionID: 5),
            streamOffset: offset ?? (sequence - 1) * 32, sequence: sequence, sendTime: time,
            messages: messages, to: &bytes)
        return bytes
    }
}

/// MDP 3.0 packets as tests need them.
enum MDP3 {
    /// A new best bid.
    static func packet(
        _ sequence: UInt64, price: Int64, security: Int32 = 1, endsEvent: Bool
    ) -> [UInt8] {
        let level = MDP3MDIncrementalRefreshBook46NoMDEntriesValues(
            mdEntryPx: price, mdEntrySize: 1, securityID: security, rptSeq: UInt32(sequence),
            numberOfOrders: 1, mdPriceLevel: 1, mdUpdateAction: 0, mdEntryType: UInt8(ascii: "0"))
        return packet(sequence, entries: [level], endsEvent: endsEvent)
    }

    static func packet(
        _ sequence: UInt64, entries: [MDP3MDIncrementalRefreshBook46NoMDEntriesValues],
        endsEvent: Bool
    ) -> [UInt8] {
        var message: [UInt8] = []
        MDP3Encoder.mdIncrementalRefreshBook46(
            schemaId: 1, version: 13, transactTime: 1,
            matchEventIndicator: endsEvent ? 0x84 : 0x04, noMDEntries: entries, to: &message)
        return MDP3Packet.transport.encode(
            PacketContents(session: 1, sequence: sequence, messages: [message]))
    }
}
