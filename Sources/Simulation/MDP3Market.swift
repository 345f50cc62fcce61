/// One instrument of a simulated CME channel.
public struct MDP3Market: Hashable, Sendable {
    /// Billionths between two prices.
    static let tick: Int64 = 250_000_000
    /// Entry types of the sides (cme-mdp3.md §3).
    static let types: [UInt8] = [
        UInt8(ascii: "0"), UInt8(ascii: "1"), UInt8(ascii: "E"), UInt8(ascii: "F"),
    ]

    public let security: Int32
    public let symbol: String
    /// Bids, asks, implied bids, implied asks.
    public var sides: [MDP3Ladder]
    /// Number of the last entry.
    var rptSeq: UInt32 = 0
    /// In ticks; the market wanders around it.
    var middle: Int64
    /// Contracts traded so far.
    var volume: Int64 = 0

    init(security: Int32, symbol: String, depth: Int, middle: Int64) {
        self.security = security
        self.symbol = symbol
        self.middle = middle
        sides = (0..<4).map { MDP3Ladder(isAsk: $0 % 2 == 1, depth: $0 < 2 ? depth : 2) }
    }

    /// True if a level there would meet one of the other side.
    func crosses(_ price: Int64, side: Int) -> Bool {
        let isAsk = side % 2 == 1
        return [isAsk ? 0 : 1, isAsk ? 2 : 3].contains { other in
            guard let best = sides[other].levels.first else { return false }
            return isAsk ? best.price >= price : best.price <= price
        }
    }

    mutating func nextRptSeq() -> UInt32 {
        rptSeq += 1
        return rptSeq
    }
}
