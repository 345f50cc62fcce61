public import Wire

// MARK: Market and instrument state

extension ITCH50Encoder {
    /// `S` system event (12); `event` O, S, Q, M, E or C.
    public static func systemEvent(_ header: Header, event: Letter, to bytes: inout [UInt8]) {
        append("S", header, byteCount: 12, to: &bytes) { $0.text(event) }
    }

    /// What `R` says about an instrument after its symbol; defaults are those of a plain share.
    public struct Listing: Hashable, Sendable {
        public var marketCategory: Letter = "Q"
        public var financialStatus: Letter = "N"
        public var roundLotSize: UInt32 = 100
        public var roundLotsOnly = false
        public var issueClassification: Letter = "C"
        public var issueSubType: PaddedText2 = "Z"
        public var authenticity: Letter = "P"
        public var shortSaleThreshold: Letter = "N"
        public var ipoFlag: Letter = "N"
        public var luldTier: Letter = "1"
        public var etpFlag: Letter = "N"
        public var etpLeverageFactor: UInt32 = 0
        public var inverse = false

        public init() {}
    }

    /// `R` stock directory (39).
    public static func stockDirectory(
        _ header: Header, stock: PaddedText8, listing: Listing, to bytes: inout [UInt8]
    ) {
        append("R", header, byteCount: 39, to: &bytes) {
            $0.text(stock)
            $0.text(listing.marketCategory)
            $0.text(listing.financialStatus)
            $0.big(listing.roundLotSize)
            $0.text(letter(listing.roundLotsOnly))
            $0.text(listing.issueClassification)
            $0.text(listing.issueSubType)
            $0.text(listing.authenticity)
            $0.text(listing.shortSaleThreshold)
            $0.text(listing.ipoFlag)
            $0.text(listing.luldTier)
            $0.text(listing.etpFlag)
            $0.big(listing.etpLeverageFactor)
            $0.text(letter(listing.inverse))
        }
    }

    /// `H` stock trading action (25); `state` H, P, Q or T.
    public static func tradingAction(
        _ header: Header, stock: PaddedText8, state: Letter, reserved: Letter = " ",
        reason: PaddedText4, to bytes: inout [UInt8]
    ) {
        append("H", header, byteCount: 25, to: &bytes) {
            $0.text(stock)
            $0.text(state)
            $0.text(reserved)
            $0.text(reason)
        }
    }

    /// `Y` Reg SHO restriction (20); `action` 0, 1 or 2.
    public static func shortSaleRestriction(
        _ header: Header, stock: PaddedText8, action: Letter, to bytes: inout [UInt8]
    ) {
        append("Y", header, byteCount: 20, to: &bytes) {
            $0.text(stock)
            $0.text(action)
        }
    }

    /// `L` market participant position (26); `mode` N, P, S, R or L, `state` A, E, W, S or D.
    public static func participantPosition(
        _ header: Header, participant: PaddedText4, stock: PaddedText8, primary: Bool,
        mode: Letter = "N", state: Letter = "A", to bytes: inout [UInt8]
    ) {
        append("L", header, byteCount: 26, to: &bytes) {
            $0.text(participant)
            $0.text(stock)
            $0.text(letter(primary))
            $0.text(mode)
            $0.text(state)
        }
    }

    /// `V` market-wide circuit breaker decline levels (35), prices with eight implied decimals.
    public static func mwcbDeclineLevel(
        _ header: Header, level1: UInt64, level2: UInt64, level3: UInt64, to bytes: inout [UInt8]
    ) {
        append("V", header, byteCount: 35, to: &bytes) {
            $0.big(level1)
            $0.big(level2)
            $0.big(level3)
        }
    }

    /// `W` market-wide circuit breaker status (12); `level` 1, 2 or 3.
    public static func mwcbStatus(_ header: Header, level: Letter, to bytes: inout [UInt8]) {
        append("W", header, byteCount: 12, to: &bytes) { $0.text(level) }
    }

    /// `K` IPO quoting period update (28); `releaseTime` in seconds since midnight, `qualifier` A
    /// or C.
    public static func ipoQuotingPeriod(
        _ header: Header, stock: PaddedText8, releaseTime: UInt32, qualifier: Letter,
        price: UInt32, to bytes: inout [UInt8]
    ) {
        append("K", header, byteCount: 28, to: &bytes) {
            $0.text(stock)
            $0.big(releaseTime)
            $0.text(qualifier)
            $0.big(price)
        }
    }

    /// `J` LULD auction collar (35).
    public static func auctionCollar(
        _ header: Header, stock: PaddedText8, referencePrice: UInt32, upperPrice: UInt32,
        lowerPrice: UInt32, extensionCount: UInt32, to bytes: inout [UInt8]
    ) {
        append("J", header, byteCount: 35, to: &bytes) {
            $0.text(stock)
            $0.big(referencePrice)
            $0.big(upperPrice)
            $0.big(lowerPrice)
            $0.big(extensionCount)
        }
    }

    /// `h` operational halt (21); `market` Q, B or X, `action` H or T.
    public static func operationalHalt(
        _ header: Header, stock: PaddedText8, market: Letter, action: Letter,
        to bytes: inout [UInt8]
    ) {
        append("h", header, byteCount: 21, to: &bytes) {
            $0.text(stock)
            $0.text(market)
            $0.text(action)
        }
    }

    /// `O` direct listing with capital raise price discovery (48); `nearExecutionTime` in ns since
    /// midnight, eight bytes wide.
    public static func directListing(
        _ header: Header, stock: PaddedText8, openEligible: Bool, minimumPrice: UInt32,
        maximumPrice: UInt32, nearExecutionPrice: UInt32, nearExecutionTime: UInt64,
        lowerCollar: UInt32, upperCollar: UInt32, to bytes: inout [UInt8]
    ) {
        append("O", header, byteCount: 48, to: &bytes) {
            $0.text(stock)
            $0.text(letter(openEligible))
            $0.big(minimumPrice)
            $0.big(maximumPrice)
            $0.big(nearExecutionPrice)
            $0.big(nearExecutionTime)
            $0.big(lowerCollar)
            $0.big(upperCollar)
        }
    }
}
