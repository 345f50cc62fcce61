import Protocols
import Ticks
import Wire

extension ITCH50Day {
    static let participants: [PaddedText4] = [
        "NITE", "CDRG", "VIRT", "GSCO", "MSCO", "JPMS", "UBSS", "SUFI", "FLTU", "ARXS", "LEHM",
        "WCHV",
    ]

    /// Orders that one incoming order hits at most.
    private static let largestSweep = 12

    /// The auctions' imbalances are shown in the five minutes before the open and the ten before
    /// the close.
    var isImbalanceTime: Bool {
        (clock(9, 25)..<clock(9, 30)).contains(now) || (clock(15, 50)..<clock(16, 0)).contains(now)
    }

    /// A marketable order comes in and takes what rests at the best prices, first come first served.
    mutating func execute(_ instrument: Int) {
        let market = markets[instrument]
        let bid = resting.best(instrument, .bid)
        let ask = resting.best(instrument, .ask)
        guard !market.halted, bid != nil || ask != nil else { return sayOther(instrument) }
        let side: Side
        if let bid, let ask {
            let rises = market.fair / 32 > bid + ask
            side = random.chance(rises ? 0.7 : 0.3) ? .ask : .bid
        } else {
            side = bid == nil ? .ask : .bid
        }
        var wanted = UInt32(
            random.chance(0.25)
                ? 1 + random.below(99) : random.heavyTailed(scale: 1, octaves: 5) * 100)
        var sweep = 0
        while wanted > 0, sweep < Self.largestSweep, flowLeft > 0,
            let slot = resting.front(instrument, side)
        {
            let shares = min(wanted, resting.orders[slot].shares)
            fill(instrument, slot, shares: shares)
            wanted -= shares
            sweep += 1
        }
    }

    private mutating func fill(_ instrument: Int, _ slot: Int, shares: UInt32) {
        let order = resting.orders[slot]
        let match = makeMatchNumber()
        if resting.reduce(slot, by: shares) { markets[instrument].live -= 1 }
        if random.chance(1.0 / 1_024) { breakableMatch = (match, instrument) }
        if random.chance(0.04) {
            // Half a cent better for the order that comes in.
            let price = UInt32(order.side == .bid ? order.ticks * 100 + 50 : order.ticks * 100 - 50)
            emit(instrument) {
                ITCH50Encoder.orderExecutedWithPrice(
                    $0, orderReference: order.reference, shares: shares, matchNumber: match,
                    printable: true, price: price, to: &$1)
            }
        } else {
            emit(instrument) {
                ITCH50Encoder.orderExecuted(
                    $0, orderReference: order.reference, shares: shares, matchNumber: match,
                    to: &$1)
            }
        }
    }

    /// A trade against an order that nobody sees, inside the spread.
    mutating func tradeHidden(_ instrument: Int) {
        guard !markets[instrument].halted, let bid = resting.best(instrument, .bid),
            let ask = resting.best(instrument, .ask)
        else { return sayOther(instrument) }
        let match = makeMatchNumber()
        let shares = UInt32(1 + random.below(400))
        let symbol = universe.symbols[instrument]
        emit(instrument) {
            ITCH50Encoder.trade(
                $0, shares: shares, stock: symbol, price: UInt32((bid + ask) * 50),
                matchNumber: match, to: &$1)
        }
    }

    mutating func showImbalance(_ instrument: Int) {
        let symbol = universe.symbols[instrument]
        let crossType: Letter =
            markets[instrument].halted ? "H" : now < clock(12, 0) ? "O" : "C"
        guard let bid = resting.best(instrument, .bid), let ask = resting.best(instrument, .ask)
        else {
            return emit(instrument) {
                ITCH50Encoder.imbalance(
                    $0, pairedShares: 0, imbalanceShares: 0, direction: "O", stock: symbol,
                    farPrice: 0, nearPrice: 0, referencePrice: 0, crossType: crossType,
                    priceVariation: " ", to: &$1)
            }
        }
        let paired = UInt64(random.heavyTailed(scale: 1_000, octaves: 8))
        let imbalance = random.chance(0.1) ? 0 : UInt64(random.below(Int(paired)))
        let direction: Letter = imbalance == 0 ? "N" : random.chance(0.5) ? "B" : "S"
        let reference = UInt32(direction == "S" ? bid * 100 : ask * 100)
        emit(instrument) {
            ITCH50Encoder.imbalance(
                $0, pairedShares: paired, imbalanceShares: imbalance, direction: direction,
                stock: symbol, farPrice: UInt32(bid * 100), nearPrice: reference,
                referencePrice: reference, crossType: crossType, priceVariation: "L", to: &$1)
        }
    }

    /// What is rare and does not touch the book.
    mutating func sayOther(_ instrument: Int) {
        let symbol = universe.symbols[instrument]
        let roll = random.below(100)
        if markets[instrument].halted, roll < 60 {
            showImbalance(instrument)
        } else if roll < 4, breakableMatch.number != 0 {
            let (number, traded) = breakableMatch
            breakableMatch = (0, 0)
            emit(traded) { ITCH50Encoder.brokenTrade($0, matchNumber: number, to: &$1) }
        } else if roll < 20 {
            let participant = Self.participants[random.below(Self.participants.count)]
            let state: Letter = random.chance(0.5) ? "A" : "E"
            emit(instrument) {
                ITCH50Encoder.participantPosition(
                    $0, participant: participant, stock: symbol, primary: false, state: state,
                    to: &$1)
            }
        } else if roll < 24 {
            emit(instrument) {
                ITCH50Encoder.shortSaleRestriction($0, stock: symbol, action: "1", to: &$1)
            }
        } else {
            let letters: [Letter] = ["B", "S", "A", "N"]
            let interest = letters[random.below(4)]
            emit(instrument) {
                ITCH50Encoder.retailInterest($0, stock: symbol, interest: interest, to: &$1)
            }
        }
    }

    /// The opening, closing or halt cross, at the best bid or offer. Resting orders at that price
    /// may take part in messages that do not print; the bulk print follows.
    mutating func cross(_ instrument: Int, type: Letter) {
        let side: Side = random.chance(0.5) ? .bid : .ask
        var shares: UInt64 = 0
        var price: UInt32 = 0
        if let best = resting.best(instrument, side), random.chance(0.7) {
            price = UInt32(best * 100)
            shares = UInt64(100 * random.heavyTailed(scale: 1, octaves: 10))
            if random.chance(crossFillChance) {
                for _ in 0..<random.halving(atMost: 6) {
                    guard flowLeft > 0, resting.best(instrument, side) == best,
                        let slot = resting.front(instrument, side)
                    else { break }
                    shares += UInt64(fillInCross(instrument, slot, price: price))
                }
            }
        }
        let match = makeMatchNumber()
        let symbol = universe.symbols[instrument]
        emitRequired(instrument) {
            ITCH50Encoder.crossTrade(
                $0, shares: shares, stock: symbol, price: price, matchNumber: match,
                crossType: type, to: &$1)
        }
    }

    /// - Returns: the shares that changed hands.
    private mutating func fillInCross(_ instrument: Int, _ slot: Int, price: UInt32) -> UInt32 {
        let order = resting.orders[slot]
        let match = makeMatchNumber()
        resting.remove(slot)
        markets[instrument].live -= 1
        emit(instrument) {
            ITCH50Encoder.orderExecutedWithPrice(
                $0, orderReference: order.reference, shares: order.shares, matchNumber: match,
                printable: false, price: price, to: &$1)
        }
        return order.shares
    }
}
