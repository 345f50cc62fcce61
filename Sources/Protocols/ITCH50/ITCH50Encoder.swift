public import Ticks
public import Wire

/// Writes Nasdaq TotalView-ITCH 5.0 messages (itch50.md §2), one function a type; each appends
/// exactly the bytes of one message, without framing.
///
/// Prices are raw: four implied decimals, eight in `mwcbDeclineLevel` (itch50.md §1). Nothing is
/// checked, so that tests can also write what a venue would not.
public enum ITCH50Encoder {
    /// What all types begin with (itch50.md §1).
    @frozen
    public struct Header: Hashable, Sendable {
        /// Stock locate, 0 when not instrument related.
        public var locate: UInt16
        public var tracking: UInt16
        /// ns since midnight in New York; 48 bits are written.
        public var timestamp: UInt64

        @inlinable
        public init(locate: UInt16, tracking: UInt16 = 0, timestamp: UInt64) {
            self.locate = locate
            self.tracking = tracking
            self.timestamp = timestamp
        }
    }

    @inline(__always)
    static func append(
        _ type: Letter, _ header: Header, byteCount: Int, to bytes: inout [UInt8],
        _ body: (inout FieldWriter) -> Void
    ) {
        bytes.appendFields(byteCount: byteCount) {
            $0.text(type)
            $0.big(header.locate)
            $0.big(header.tracking)
            $0.big48(header.timestamp)
            body(&$0)
        }
    }

    static func letter(_ side: Side) -> Letter { side == .ask ? "S" : "B" }
    static func letter(_ flag: Bool) -> Letter { flag ? "Y" : "N" }
}

// MARK: Orders

extension ITCH50Encoder {
    /// `A` add order, no attribution (36).
    public static func addOrder(
        _ header: Header, orderReference: UInt64, side: Side, shares: UInt32, stock: PaddedText8,
        price: UInt32, to bytes: inout [UInt8]
    ) {
        append("A", header, byteCount: 36, to: &bytes) {
            $0.big(orderReference)
            $0.text(letter(side))
            $0.big(shares)
            $0.text(stock)
            $0.big(price)
        }
    }

    /// `F` add order with MPID (40).
    public static func addOrderAttributed(
        _ header: Header, orderReference: UInt64, side: Side, shares: UInt32, stock: PaddedText8,
        price: UInt32, attribution: PaddedText4, to bytes: inout [UInt8]
    ) {
        append("F", header, byteCount: 40, to: &bytes) {
            $0.big(orderReference)
            $0.text(letter(side))
            $0.big(shares)
            $0.text(stock)
            $0.big(price)
            $0.text(attribution)
        }
    }

    /// `E` order executed at its display price (31).
    public static func orderExecuted(
        _ header: Header, orderReference: UInt64, shares: UInt32, matchNumber: UInt64,
        to bytes: inout [UInt8]
    ) {
        append("E", header, byteCount: 31, to: &bytes) {
            $0.big(orderReference)
            $0.big(shares)
            $0.big(matchNumber)
        }
    }

    /// `C` order executed with price (36).
    public static func orderExecutedWithPrice(
        _ header: Header, orderReference: UInt64, shares: UInt32, matchNumber: UInt64,
        printable: Bool, price: UInt32, to bytes: inout [UInt8]
    ) {
        append("C", header, byteCount: 36, to: &bytes) {
            $0.big(orderReference)
            $0.big(shares)
            $0.big(matchNumber)
            $0.text(letter(printable))
            $0.big(price)
        }
    }

    /// `X` order cancel, in part (23); `shares` is the decrement.
    public static func orderCancel(
        _ header: Header, orderReference: UInt64, shares: UInt32, to bytes: inout [UInt8]
    ) {
        append("X", header, byteCount: 23, to: &bytes) {
            $0.big(orderReference)
            $0.big(shares)
        }
    }

    /// `D` order delete (19).
    public static func orderDelete(
        _ header: Header, orderReference: UInt64, to bytes: inout [UInt8]
    ) {
        append("D", header, byteCount: 19, to: &bytes) { $0.big(orderReference) }
    }

    /// `U` order replace (35).
    public static func orderReplace(
        _ header: Header, originalOrderReference: UInt64, newOrderReference: UInt64,
        shares: UInt32, price: UInt32, to bytes: inout [UInt8]
    ) {
        append("U", header, byteCount: 35, to: &bytes) {
            $0.big(originalOrderReference)
            $0.big(newOrderReference)
            $0.big(shares)
            $0.big(price)
        }
    }
}

// MARK: Trades and auctions

extension ITCH50Encoder {
    /// `P` trade, non-cross (44).
    public static func trade(
        _ header: Header, orderReference: UInt64 = 0, side: Side = .bid, shares: UInt32,
        stock: PaddedText8, price: UInt32, matchNumber: UInt64, to bytes: inout [UInt8]
    ) {
        append("P", header, byteCount: 44, to: &bytes) {
            $0.big(orderReference)
            $0.text(letter(side))
            $0.big(shares)
            $0.text(stock)
            $0.big(price)
            $0.big(matchNumber)
        }
    }

    /// `Q` cross trade (40); `crossType` O, C, H or I.
    public static func crossTrade(
        _ header: Header, shares: UInt64, stock: PaddedText8, price: UInt32, matchNumber: UInt64,
        crossType: Letter, to bytes: inout [UInt8]
    ) {
        append("Q", header, byteCount: 40, to: &bytes) {
            $0.big(shares)
            $0.text(stock)
            $0.big(price)
            $0.big(matchNumber)
            $0.text(crossType)
        }
    }

    /// `B` broken trade (19).
    public static func brokenTrade(
        _ header: Header, matchNumber: UInt64, to bytes: inout [UInt8]
    ) {
        append("B", header, byteCount: 19, to: &bytes) { $0.big(matchNumber) }
    }

    /// `I` net order imbalance indicator (50); `direction` B, S, N, O or P.
    public static func imbalance(
        _ header: Header, pairedShares: UInt64, imbalanceShares: UInt64, direction: Letter,
        stock: PaddedText8, farPrice: UInt32, nearPrice: UInt32, referencePrice: UInt32,
        crossType: Letter, priceVariation: Letter, to bytes: inout [UInt8]
    ) {
        append("I", header, byteCount: 50, to: &bytes) {
            $0.big(pairedShares)
            $0.big(imbalanceShares)
            $0.text(direction)
            $0.text(stock)
            $0.big(farPrice)
            $0.big(nearPrice)
            $0.big(referencePrice)
            $0.text(crossType)
            $0.text(priceVariation)
        }
    }

    /// `N` retail price improvement indicator (20); `interest` B, S, A or N.
    public static func retailInterest(
        _ header: Header, stock: PaddedText8, interest: Letter, to bytes: inout [UInt8]
    ) {
        append("N", header, byteCount: 20, to: &bytes) {
            $0.text(stock)
            $0.text(interest)
        }
    }
}
