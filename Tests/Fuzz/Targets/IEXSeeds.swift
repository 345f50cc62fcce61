import Protocols
import Simulation
import Ticks
import Wire

/// IEX-TP segments with every message type, on two lines.
enum IEXSeeds {
    static func deliveries(_ protocolID: UInt16, restarts: Bool) -> [LineDelivery] {
        var deliveries: [LineDelivery] = []
        var offset: Int64 = 0
        var sequence: Int64 = 1
        for round in 0..<8 {
            if restarts && round == 4 { (offset, sequence) = (0, 1) }
            let time = Int64(StreamTarget.startTime) + Int64(round) * 2_000_000
            let messages = round == 6 ? [] : messages(round, protocolID == 0x8004, time)
            var payload: [UInt8] = []
            offset = IEXTPEncoder.appendSegment(
                stream: .init(protocolID: protocolID, sessionID: 7), streamOffset: offset,
                sequence: sequence, sendTime: time, messages: messages, to: &payload)
            sequence += Int64(messages.count)
            for line in 0..<2 where (round + line) % 3 != 0 {
                deliveries.append(LineDelivery(line: line, time: UInt64(time), payload: payload))
            }
        }
        return deliveries
    }

    private static func messages(_ round: Int, _ isDeep: Bool, _ time: Int64) -> [[UInt8]] {
        let symbol = round % 2 == 0 ? "ZIEXT" : "ZXIET"
        let price = Int64(1_000_000 + round * 100)
        let common: [(inout [UInt8]) -> Void] = [
            { IEXEncoder.systemEvent(event: UInt8(ascii: "O"), timestamp: time, to: &$0) },
            {
                IEXEncoder.securityDirectory(
                    flags: 0x80, timestamp: time, symbol: symbol, roundLotSize: 100,
                    adjustedPreviousClose: price, luldTier: 1, to: &$0)
            },
            {
                IEXEncoder.tradingStatus(
                    status: UInt8(ascii: "T"), timestamp: time, symbol: symbol, reason: "T1",
                    to: &$0)
            },
            {
                IEXEncoder.shortSaleTest(
                    status: 1, timestamp: time, symbol: symbol, detail: UInt8(ascii: "A"), to: &$0)
            },
            {
                IEXEncoder.tradeReport(
                    saleCondition: 0x20, timestamp: time, symbol: symbol, size: 100, price: price,
                    tradeID: Int64(round), to: &$0)
            },
            {
                IEXEncoder.tradeBreak(
                    saleCondition: 0, timestamp: time, symbol: symbol, size: 100, price: price,
                    tradeID: Int64(round), to: &$0)
            },
            {
                IEXEncoder.auctionInformation(
                    auctionType: UInt8(ascii: "O"), timestamp: time, symbol: symbol,
                    imbalanceSide: IEXImbalanceSide.none.rawValue, to: &$0)
            },
        ]
        let own: [(inout [UInt8]) -> Void] =
            isDeep
            ? [
                { level(.bid, round % 3 == 0, time, symbol, 300, price, &$0) },
                { level(.ask, true, time, symbol, 200, price + 100, &$0) },
                { level(.bid, false, time, symbol, 0, price, &$0) },
            ]
            : [
                {
                    IEXEncoder.quoteUpdate(
                        flags: 0, timestamp: time, symbol: symbol, bidSize: 100, bidPrice: price,
                        askPrice: price + 100, askSize: 200, to: &$0)
                }
            ]
        return (common + own).map { append in
            var message: [UInt8] = []
            append(&message)
            return message
        }
    }

    private static func level(
        _ side: Side, _ complete: Bool, _ time: Int64, _ symbol: String, _ size: UInt32,
        _ price: Int64, _ bytes: inout [UInt8]
    ) {
        let flags: UInt8 = complete ? 1 : 0
        if side == .bid {
            IEXEncoder.priceLevelBuy(
                eventFlags: flags, timestamp: time, symbol: symbol, size: size, price: price,
                to: &bytes)
        } else {
            IEXEncoder.priceLevelSell(
                eventFlags: flags, timestamp: time, symbol: symbol, size: size, price: price,
                to: &bytes)
        }
    }
}
