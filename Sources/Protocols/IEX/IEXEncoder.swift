public import Ticks
public import Wire

/// Writes IEX messages: TOPS 1.6, DEEP 1.0 and the administrative messages that both share
/// (iex.md §2, §3), one function a type; each appends one message, without framing.
///
/// Timestamps are ns since the Unix epoch, UTC; prices are raw with four implied decimals.
public enum IEXEncoder {
    @inline(__always)
    static func append(
        _ type: Letter, _ detail: UInt8, _ timestamp: Int64, byteCount: Int,
        to bytes: inout [UInt8], _ body: (inout FieldWriter) -> Void
    ) {
        bytes.appendFields(byteCount: byteCount) {
            $0.text(type)
            $0.little(detail)
            $0.little(timestamp)
            body(&$0)
        }
    }
}

// MARK: Administrative messages

extension IEXEncoder {
    /// `S` system event (10); `event` O, S, R, M, E or C.
    public static func systemEvent(event: Letter, timestamp: Int64, to bytes: inout [UInt8]) {
        append("S", event.rawValue, timestamp, byteCount: 10, to: &bytes) { _ in }
    }

    /// `D` security directory (31); `flags` 0x80 test, 0x40 when issued, 0x20 ETP.
    public static func securityDirectory(
        flags: UInt8, timestamp: Int64, symbol: PaddedText8, roundLotSize: UInt32,
        adjustedClosePrice: Int64, luldTier: UInt8, to bytes: inout [UInt8]
    ) {
        append("D", flags, timestamp, byteCount: 31, to: &bytes) {
            $0.text(symbol)
            $0.little(roundLotSize)
            $0.little(adjustedClosePrice)
            $0.little(luldTier)
        }
    }

    /// `H` trading status (22); `status` H, O, P or T.
    public static func tradingStatus(
        status: Letter, timestamp: Int64, symbol: PaddedText8, reason: PaddedText4,
        to bytes: inout [UInt8]
    ) {
        append("H", status.rawValue, timestamp, byteCount: 22, to: &bytes) {
            $0.text(symbol)
            $0.text(reason)
        }
    }

    /// `I` retail liquidity indicator (18); `indicator` space, A, B or C.
    public static func retailLiquidity(
        indicator: Letter, timestamp: Int64, symbol: PaddedText8, to bytes: inout [UInt8]
    ) {
        append("I", indicator.rawValue, timestamp, byteCount: 18, to: &bytes) { $0.text(symbol) }
    }

    /// `O` operational halt status (18); `status` O or N.
    public static func operationalHalt(
        status: Letter, timestamp: Int64, symbol: PaddedText8, to bytes: inout [UInt8]
    ) {
        append("O", status.rawValue, timestamp, byteCount: 18, to: &bytes) { $0.text(symbol) }
    }

    /// `P` short sale price test status (19); `detail` space, A, C, D or N.
    public static func shortSalePriceTest(
        inEffect: Bool, timestamp: Int64, symbol: PaddedText8, detail: Letter,
        to bytes: inout [UInt8]
    ) {
        append("P", inEffect ? 1 : 0, timestamp, byteCount: 19, to: &bytes) {
            $0.text(symbol)
            $0.text(detail)
        }
    }

    /// `E` security event, DEEP only (18); `event` O or C.
    public static func securityEvent(
        event: Letter, timestamp: Int64, symbol: PaddedText8, to bytes: inout [UInt8]
    ) {
        append("E", event.rawValue, timestamp, byteCount: 18, to: &bytes) { $0.text(symbol) }
    }
}

// MARK: Trading messages

extension IEXEncoder {
    /// `Q` quote update, TOPS only (42); `flags` 0x80 not available, 0x40 pre- or post-market.
    public static func quoteUpdate(
        flags: UInt8, timestamp: Int64, symbol: PaddedText8, bidSize: UInt32, bidPrice: Int64,
        askPrice: Int64, askSize: UInt32, to bytes: inout [UInt8]
    ) {
        append("Q", flags, timestamp, byteCount: 42, to: &bytes) {
            $0.text(symbol)
            $0.little(bidSize)
            $0.little(bidPrice)
            $0.little(askPrice)
            $0.little(askSize)
        }
    }

    /// `8` or `5` price level update, DEEP only (30); `size` is the level's new total.
    /// - Parameter side: bid writes `8`, ask `5`.
    public static func priceLevelUpdate(
        side: Side, eventComplete: Bool, timestamp: Int64, symbol: PaddedText8, size: UInt32,
        price: Int64, to bytes: inout [UInt8]
    ) {
        append(
            side == .ask ? "5" : "8", eventComplete ? 1 : 0, timestamp, byteCount: 30, to: &bytes
        ) {
            $0.text(symbol)
            $0.little(size)
            $0.little(price)
        }
    }

    /// `T` trade report (38); `saleCondition` holds the flags of iex.md §3.
    public static func tradeReport(
        saleCondition: UInt8, timestamp: Int64, symbol: PaddedText8, size: UInt32, price: Int64,
        tradeID: Int64, to bytes: inout [UInt8]
    ) {
        appendTrade(
            "T", saleCondition, timestamp, symbol, size: size, price: price, tradeID: tradeID,
            to: &bytes)
    }

    /// `B` trade break (38).
    public static func tradeBreak(
        saleCondition: UInt8, timestamp: Int64, symbol: PaddedText8, size: UInt32, price: Int64,
        tradeID: Int64, to bytes: inout [UInt8]
    ) {
        appendTrade(
            "B", saleCondition, timestamp, symbol, size: size, price: price, tradeID: tradeID,
            to: &bytes)
    }

    private static func appendTrade(
        _ type: Letter, _ saleCondition: UInt8, _ timestamp: Int64, _ symbol: PaddedText8,
        size: UInt32, price: Int64, tradeID: Int64, to bytes: inout [UInt8]
    ) {
        append(type, saleCondition, timestamp, byteCount: 38, to: &bytes) {
            $0.text(symbol)
            $0.little(size)
            $0.little(price)
            $0.little(tradeID)
        }
    }

    /// `X` official price (26); `priceType` Q opening or M closing.
    public static func officialPrice(
        priceType: Letter, timestamp: Int64, symbol: PaddedText8, price: Int64,
        to bytes: inout [UInt8]
    ) {
        append("X", priceType.rawValue, timestamp, byteCount: 26, to: &bytes) {
            $0.text(symbol)
            $0.little(price)
        }
    }

    /// The fields of `A` after its symbol.
    public struct Auction: Hashable, Sendable {
        public var pairedShares: UInt32 = 0
        public var referencePrice: Int64 = 0
        public var indicativeClearingPrice: Int64 = 0
        public var imbalanceShares: UInt32 = 0
        /// B, S or N.
        public var imbalanceSide: Letter = "N"
        public var extensionNumber: UInt8 = 0
        /// Seconds since the Unix epoch.
        public var scheduledTime: UInt32 = 0
        public var bookClearingPrice: Int64 = 0
        public var collarReferencePrice: Int64 = 0
        public var lowerCollar: Int64 = 0
        public var upperCollar: Int64 = 0

        public init() {}
    }

    /// `A` auction information (80); `auctionType` O, C, I, H or V.
    public static func auctionInformation(
        auctionType: Letter, timestamp: Int64, symbol: PaddedText8, auction: Auction,
        to bytes: inout [UInt8]
    ) {
        append("A", auctionType.rawValue, timestamp, byteCount: 80, to: &bytes) {
            $0.text(symbol)
            $0.little(auction.pairedShares)
            $0.little(auction.referencePrice)
            $0.little(auction.indicativeClearingPrice)
            $0.little(auction.imbalanceShares)
            $0.text(auction.imbalanceSide)
            $0.little(auction.extensionNumber)
            $0.little(auction.scheduledTime)
            $0.little(auction.bookClearingPrice)
            $0.little(auction.collarReferencePrice)
            $0.little(auction.lowerCollar)
            $0.little(auction.upperCollar)
        }
    }
}
