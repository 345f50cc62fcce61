import Protocols
import Wire

extension ITCH50Day {
    mutating func run(_ milestone: Milestone) {
        switch milestone.event {
        case .system(let letter):
            emitRequired(nil) { ITCH50Encoder.systemEvent($0, event: letter, to: &$1) }
        case .declineLevels:
            let close = UInt64(400_000_000_000 + random.below(100_000_000) * 1_000)
            emitRequired(nil) {
                ITCH50Encoder.mwcbDeclineLevel(
                    $0, level1: close / 100 * 93, level2: close / 100 * 87,
                    level3: close / 100 * 80, to: &$1)
            }
        case .breaker(let level):
            emitRequired(nil) { ITCH50Encoder.mwcbStatus($0, level: level, to: &$1) }
        default:
            if let instrument = milestone.instrument { run(milestone.event, instrument) }
        }
    }

    private mutating func run(_ event: Milestone.Event, _ instrument: Int) {
        let symbol = universe.symbols[instrument]
        let fair = UInt32(markets[instrument].fair / 64 * 100)
        switch event {
        case .system, .declineLevels, .breaker:
            preconditionFailure("concerns the market as a whole")
        case .directory:
            let listing = Universe.listing(&random)
            emitRequired(instrument) {
                ITCH50Encoder.stockDirectory($0, stock: symbol, listing: listing, to: &$1)
            }
        case .trading(let state, let reason):
            markets[instrument].halted = state != "T"
            emitRequired(instrument) {
                ITCH50Encoder.tradingAction(
                    $0, stock: symbol, state: state, reason: reason, to: &$1)
            }
        case .shortSale:
            let action: Letter = random.chance(0.03) ? "2" : "0"
            emitRequired(instrument) {
                ITCH50Encoder.shortSaleRestriction($0, stock: symbol, action: action, to: &$1)
            }
        case .participant:
            let participant = Self.participants[random.below(Self.participants.count)]
            let primary = random.chance(0.5)
            emitRequired(instrument) {
                ITCH50Encoder.participantPosition(
                    $0, participant: participant, stock: symbol, primary: primary, to: &$1)
            }
        case .quotingPeriod(let release):
            // The locate is 0 here although a symbol is given (itch50.md §2, K).
            emitRequired(nil) {
                ITCH50Encoder.ipoQuotingPeriod(
                    $0, stock: symbol, releaseTime: release, qualifier: "A", price: fair, to: &$1)
            }
        case .collar(let extensions):
            emitRequired(instrument) {
                ITCH50Encoder.auctionCollar(
                    $0, stock: symbol, referencePrice: fair,
                    upperPrice: fair / 100 * (105 + 5 * extensions),
                    lowerPrice: fair / 100 * (95 - 5 * extensions), extensionCount: extensions,
                    to: &$1)
            }
        case .operational(let market, let action):
            if market == "Q" { markets[instrument].halted = action == "H" }
            emitRequired(instrument) {
                ITCH50Encoder.operationalHalt(
                    $0, stock: symbol, market: market, action: action, to: &$1)
            }
        case .priceDiscovery:
            let executionTime = now
            emitRequired(instrument) {
                ITCH50Encoder.directListing(
                    $0, stock: symbol, openEligible: true, minimumPrice: fair / 2,
                    maximumPrice: fair * 2, nearExecutionPrice: fair,
                    nearExecutionTime: executionTime, lowerCollar: fair / 10 * 9,
                    upperCollar: fair / 10 * 11, to: &$1)
            }
        case .cross(let type):
            cross(instrument, type: type)
        }
    }
}
