/// Meanings of `Tick.detail`, one enumeration per kind. `LAYOUT.md` lists them with `extra`.

/// `detail` of an `epoch` tick: why a new run of sequence numbers begins.
public enum EpochCause: UInt8, CaseIterable, Sendable, Codable {
    /// The first packet of the channel was the first of its session.
    case start = 1
    /// The first packet came in the middle of a session: what was before is unknown, not lost.
    case joined = 2
    /// Another session identifier.
    case session = 3
    /// The numbers went back, proven by send time and stream offset.
    case restart = 4
    /// The numbers went back, proven by several consistent packets on one line.
    case restartUnproven = 5
    /// The numbers jumped further than plausible, proven by several consistent packets.
    case jump = 6
    /// The venue ended the session; no more messages of this epoch follow.
    case end = 7
    /// A restarted handler goes on in the epoch that its journal ended in.
    case resumed = 8
}

/// `detail` of a `gap` tick: why its messages were not delivered in time.
public enum GapCause: UInt8, CaseIterable, Sendable, Codable {
    /// The window ended by core time.
    case time = 1
    /// The window was full (packets or bytes).
    case window = 2
    /// The handler was down.
    case restart = 3
    /// Another epoch began.
    case epoch = 4
    /// The input ended.
    case end = 5
}

/// `detail` of an `alert` tick.
public enum AlertCause: UInt8, CaseIterable, Sendable, Codable {
    /// Two lines carried different bytes under one sequence; `extra` is the line that differs.
    case contentMismatch = 1
    /// A venue's event was not completed in time; the instrument's book is shown as it is.
    case eventTimedOut = 2
    /// Journal positions from `sequence` on, `quantity` of them, were not recorded.
    case journalGap = 3
    /// The wall clock stepped by `quantity` ns against the monotonic clock.
    case clockStep = 4
}

/// `detail` of a `lineState` tick.
public enum LineStateDetail: UInt8, CaseIterable, Sendable, Codable {
    case up = 1
    case silent = 2
    /// `quantity` more packets were lost on the way in; `extra` says where (`LineLoss.code`).
    case dropped = 3
    /// The line's interface lost its link, or is gone.
    case linkDown = 4
    case linkUp = 5
    /// The host is no longer a member of the line's group.
    case membershipLost = 6
    /// The group was joined anew.
    case rejoined = 7
}

/// Where packets are lost on the way in; `extra` of a `dropped` tick.
public enum DropPlace: UInt8, CaseIterable, Sendable, Codable {
    /// Statistics of the network interface.
    case interface = 1
    /// The driver, or the AF_XDP socket's rings.
    case driver = 2
    /// A socket's receive buffer or a packet socket's ring.
    case kernel = 3
    /// Our frame ring or buffers.
    case ring = 4
    /// Kept out on purpose: a source, port, group or tag that no line lists.
    case filter = 5
}

/// `detail` of a `status` tick: which state of the instrument or market changed. The new state
/// stands in `extra` as the venue's own letters, first letter in the low byte.
public enum StatusDetail: UInt8, CaseIterable, Sendable, Codable {
    case systemEvent = 1
    case trading = 2
    case shortSaleRestriction = 3
    case operationalHalt = 4
    case marketWideBreaker = 5
    case retailInterest = 6
    case ipoQuotation = 7
    case participant = 8
    case securityEvent = 9
    /// The reason that goes with a `trading` tick of the same message.
    case tradingReason = 10
    /// A halt or an opening with indicative prices: status letter, then halt condition.
    case priceIndication = 11
    /// Session of the market, then whether short sales are restricted.
    case marketState = 12
    /// An auction of an options series begins or ends.
    case requestForQuote = 13
    /// The last message of a snapshot; `orderID` is the last sequence that it contains.
    case snapshotComplete = 14
    /// A request for quotes; `quantity` is its size.
    case quoteRequest = 15
    /// The session of a market segment, whose letters stand in `orderID`.
    case marketSession = 16
    /// Trading within limits only, until the time in `quantity`.
    case coolingOff = 17
    /// A run of messages that belong together begins or ends.
    case transaction = 18
    /// State in global trading hours, beside the one of the regular session.
    case globalHoursTrading = 19
    /// Allowed width of quotes; `quantity` is its multiplier in tenths.
    case quoteWidth = 20
    /// Whether the best bid or offer stands at its limit-up-limit-down band.
    case limitState = 21
    /// A cross of two orders is announced; `quantity` and `price` are its own.
    case crossRequest = 22
    /// Price bands that are ticks or percentages, not prices.
    case priceBand = 23
    /// The venue's event is complete for the instrument although the event's last message does not
    /// concern it: its book may be shown.
    case eventEnd = 24
    /// What else happened with a `trading` tick of the same message; a number in `extra`.
    case tradingEvent = 25
    /// An order that takes part in a workup.
    case workupOrder = 26
}

/// `detail` of a `limits` tick: which price.
public enum LimitsDetail: UInt8, CaseIterable, Sendable, Codable {
    case reference = 1
    case upper = 2
    case lower = 3
    case breakerLevel1 = 4
    case breakerLevel2 = 5
    case breakerLevel3 = 6
    case minimumAllowable = 7
    case maximumAllowable = 8
    /// Prices that go with the status of the same message.
    case statusPrice1 = 9
    case statusPrice2 = 10
    /// Reference price and bounds outside of which orders are not taken at all.
    case extremeReference = 11
    case extremeUpper = 12
    case extremeLower = 13
    /// Limit-up-limit-down band, not an auction's collar.
    case bandUpper = 14
    case bandLower = 15
    /// How far a price may be from the last one.
    case priceVariation = 16
}

/// `detail` of an `imbalance` tick: which value.
public enum ImbalanceDetail: UInt8, CaseIterable, Sendable, Codable {
    case paired = 1
    case imbalance = 2
    case reference = 3
    case near = 4
    case far = 5
    case indicativeClearing = 6
    case bookClearing = 7
    case collarReference = 8
    case collarLower = 9
    case collarUpper = 10
    /// `quantity` is a time, ns since the Unix epoch, UTC.
    case executionTime = 11
    /// The part of the imbalance that is market orders.
    case marketImbalance = 12
    case auctionInterestClearing = 13
    case shortSaleFiling = 14
    case unpaired = 15
    case bidQuantity = 16
    case askQuantity = 17
    /// An order without a price: `quantity` is what it waits with, 0 once it is gone.
    case marketOrder = 18
    /// Quantity of `side` that takes part.
    case interest = 19
    case auctionOnly = 20
    /// Best price of `side` over all markets.
    case composite = 21
    /// The order that an auction is about; `orderID` is the auction's id.
    case auctionOrder = 22
    case auctionCancelled = 23
    /// Best bid and offer of an auction's book.
    case auctionBid = 24
    case auctionAsk = 25
}

/// `detail` of a `statistic` tick: which value.
public enum StatisticDetail: UInt8, CaseIterable, Sendable, Codable {
    case officialOpen = 1
    case officialClose = 2
    case ipoPrice = 3
    case high = 4
    case low = 5
    case open = 6
    case close = 7
    /// `quantity` is what traded since the start of the day.
    case volume = 8
    case previousClose = 9
    /// Last trade of the session, in a snapshot.
    case last = 10
    /// `quantity` is the number of contracts held.
    case openInterest = 11
    case settlement = 12
    /// Average price, weighted with volume.
    case averagePrice = 13
    case nominal = 14
    /// Price and quantity of an auction that took place.
    case auctionPrice = 15
    case blockVolume = 16
    /// Volume of exchanges of futures for related positions.
    case exchangeRelatedVolume = 17
    case netChange = 18
    case indexValue = 19
    case indexBid = 20
    case indexOffer = 21
    case underlyingValue = 22
    case closingBid = 23
    case closingOffer = 24
    /// `quantity` is a time, ns since the Unix epoch, UTC: when the trade of the same message was.
    case tradeTime = 25
    /// `quantity` is the number of trades.
    case tradeCount = 26
    /// `quantity` is an amount of money, in millionths of the price unit.
    case turnover = 27
    /// Price range in which a security is expected to open or resume.
    case indicationHigh = 28
    case indicationLow = 29
    /// What an incoming order traded in all; its trades have ticks of their own.
    case executionTotal = 30
    /// Hidden quantity that traded, of the same execution.
    case hiddenVolume = 31
    /// Top of book as the venue says it, beside the orders; `extra` is the number of orders.
    case bestBid = 32
    case bestAsk = 33
    /// Best and second best price of `side` that other instruments' orders imply.
    case impliedBest = 34
    case impliedNext = 35
    case indicativeOpen = 36
    /// A value of another kind; `extra` is the venue's kind.
    case other = 37
    /// `quantity` is what was traded electronically in the session.
    case electronicVolume = 38
    case clearedVolume = 39
    case fixingPrice = 40
    case sessionHighBid = 41
    case sessionLowOffer = 42
    /// Best price of a market of several books; `side` says which.
    case marketBest = 43
    case collateralPrice = 44
    /// With accrued interest.
    case dirtyPrice = 45
}

/// `detail` of a `quote` tick of a consolidated feed: whose best price it is. 0 on feeds of one
/// market. All but the national best are flagged `offBook`.
public enum QuoteDetail: UInt8, CaseIterable, Sendable {
    /// A participant's own.
    case participant = 1
    /// The national best: what books show.
    case national = 2
    /// FINRA's best, of its alternative display facility.
    case finra = 3
    /// The best odd-lot order of all markets.
    case oddLotBest = 4
    /// One odd-lot level of one market; price and quantity 0 remove it.
    case oddLotLevel = 5
}
