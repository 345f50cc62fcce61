import Protocols
import Ticks
import Wire

/// What a simulated CME channel is like.
public struct MDP3DayConfiguration: Hashable, Sendable {
    /// Events after the opening: trades, changes of levels, statistics.
    public var events: Int
    /// Futures of the channel, at least 1; one more instrument is their spread, around a price of 0.
    public var futures: Int
    public var seed: UInt64
    public var date: TradingDay
    /// Operations that real captures do not show: several levels removed at once, emptied books.
    public var hasRareOperations = false

    public init(events: Int, futures: Int, seed: UInt64, date: TradingDay) {
        self.events = events
        self.futures = futures
        self.seed = seed
        self.date = date
    }
}

/// One channel of CME MDP 3.0, schema version 9: definitions, a snapshot of every book, then events
/// of levels, orders, trades and statistics, each with its bits of MatchEventIndicator.
public struct MDP3Day: PacketSource {
    static let version: UInt16 = 9
    private static let payloadByteLimit = 1_400

    public let configuration: MDP3DayConfiguration
    /// The markets as they are after the packets handed out, if `isBetweenEvents`.
    public internal(set) var markets: [MDP3Market] = []
    var random: SplitMix64
    /// ns since the Unix epoch, UTC.
    var time: UInt64
    var nextOrderID: UInt64 = 1_000_000
    var nextTradeID: UInt32 = 1
    private var nextSequence: UInt64 = 1
    private var eventsLeft: Int
    /// Packets made and not yet handed out, next one last.
    private var ready: [LinePacket] = []

    public init(_ configuration: MDP3DayConfiguration) {
        precondition(configuration.futures >= 1, "a channel needs an instrument")
        self.configuration = configuration
        random = SplitMix64(seed: configuration.seed)
        // Half past eight in Chicago.
        time = configuration.date.midnightNanoseconds + 34_200_000_000_000
        eventsLeft = configuration.events
        makeMarkets()
        open()
    }

    /// The venue's event is complete with the packet handed out last.
    public var isBetweenEvents: Bool { ready.isEmpty }

    public mutating func next() -> LinePacket? {
        if ready.isEmpty, eventsLeft > 0 {
            eventsLeft -= 1
            event()
        }
        return ready.popLast()
    }

    // MARK: Packets

    /// Sends messages as one event, in as many packets as they need.
    mutating func send(_ messages: [[UInt8]]) {
        var packets: [[[UInt8]]] = [[]]
        var bytes = 0
        for message in messages {
            if bytes + message.count > Self.payloadByteLimit, bytes > 0 {
                packets.append([])
                bytes = 0
            }
            packets[packets.count - 1].append(message)
            bytes += message.count
        }
        let made = packets.map { messages in
            let sequence = nextSequence
            nextSequence += 1
            time += 3_000
            let contents = PacketContents(
                sequence: sequence, sendTime: time, messages: messages)
            return LinePacket(
                kind: .data, time: time, sequences: sequence..<(sequence + 1),
                payload: MDP3Packet.encode(contents))
        }
        ready = made.reversed() + ready
    }

    // MARK: Opening

    private mutating func makeMarkets() {
        let months = ["H6", "M6", "U6", "Z6", "H7", "M7", "U7", "Z7"]
        for index in 0..<configuration.futures {
            let month = months[index % months.count]
            markets.append(
                MDP3Market(
                    security: Int32(1000 + index),
                    symbol: "T\(index / months.count)\(month)",
                    depth: index % 4 == 3 ? 5 : 10, middle: 20_000 + Int64(index) * 40))
        }
        markets.append(
            MDP3Market(security: 5000, symbol: "TSPREAD", depth: 10, middle: 0))
        for market in markets.indices {
            for side in 0..<4 {
                for _ in 0..<(side < 2 ? 14 : 3) {
                    let level = level(market, side)
                    if !markets[market].crosses(level.price, side: side) {
                        _ = markets[market].sides[side].set(level)
                    }
                }
            }
        }
    }

    /// Definitions, then the books as they are.
    private mutating func open() {
        for market in markets { send([definition(market)]) }
        for market in markets { send([snapshot(market)]) }
    }

    private func definition(_ market: MDP3Market) -> [UInt8] {
        var bytes: [UInt8] = []
        MDP3Encoder.mdInstrumentDefinitionFuture54(
            schemaId: 1, version: Self.version, matchEventIndicator: 0x80,
            totNumReports: UInt32(markets.count), securityUpdateAction: UInt8(ascii: "A"),
            lastUpdateTime: time, mdSecurityTradingStatus: 17, applID: 310, marketSegmentID: 64,
            securityExchange: "XCME", securityGroup: "T", asset: "T", symbol: market.symbol,
            securityID: market.security, securityType: "FUT", cfiCode: "FFIXSX",
            maturityMonthYearYear: UInt16(configuration.date.year), maturityMonthYearMonth: 12,
            currency: "USD", settlCurrency: "USD", matchAlgorithm: UInt8(ascii: "F"),
            minTradeVol: 1, maxTradeVol: 9_999, minPriceIncrement: MDP3Market.tick,
            displayFactor: 1_000_000_000, unitOfMeasure: "IPNT",
            unitOfMeasureQty: 50_000_000_000,
            noMDFeedTypes: [
                .init(mdFeedType: "GBX", marketDepth: Int8(market.sides[0].depth)),
                .init(mdFeedType: "GBI", marketDepth: Int8(market.sides[2].depth)),
            ],
            blockLength: 216, to: &bytes)
        return bytes
    }

    private func snapshot(_ market: MDP3Market) -> [UInt8] {
        var entries: [MDP3SnapshotFullRefresh52NoMDEntriesValues] = []
        for (side, type) in MDP3Market.types.enumerated() {
            for (place, level) in market.sides[side].shown.enumerated() {
                entries.append(
                    .init(
                        mdEntryPx: level.price, mdEntrySize: Int32(level.quantity),
                        numberOfOrders: side < 2 ? Int32(level.orders) : .max,
                        mdPriceLevel: Int8(place + 1), mdEntryType: type))
            }
        }
        var bytes: [UInt8] = []
        MDP3Encoder.snapshotFullRefresh52(
            schemaId: 1, version: Self.version,
            lastMsgSeqNumProcessed: UInt32(truncatingIfNeeded: nextSequence - 1),
            totNumReports: UInt32(markets.count), securityID: market.security,
            rptSeq: market.rptSeq, transactTime: time, mdSecurityTradingStatus: 17,
            noMDEntries: entries, to: &bytes)
        return bytes
    }
}
