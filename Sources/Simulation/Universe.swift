import Protocols
import Wire

/// The instruments of a simulated day: symbols in alphabetical order, as the venue numbers them,
/// and how active each is.
struct Universe: Sendable {
    let symbols: [PaddedText8]
    /// Each instrument's share of the activity; they add up to 1.
    let weights: [Double]
    private let picker: AliasTable

    var count: Int { symbols.count }

    init(count: Int, random: inout SplitMix64) {
        symbols = Self.makeSymbols(count: count, random: &random)
        // Activity falls with the rank roughly as 1/rank, and rank has nothing to do with the
        // alphabet.
        var ranks = Array(0..<count)
        for index in stride(from: count - 1, to: 0, by: -1) {
            ranks.swapAt(index, random.below(index + 1))
        }
        let raw = ranks.map { 1 / (Double($0) + 5) }
        let total = raw.reduce(0, +)
        weights = raw.map { $0 / total }
        picker = AliasTable(weights: weights)
    }

    func pick(_ random: inout SplitMix64) -> Int { picker.pick(&random) }

    private static func makeSymbols(count: Int, random: inout SplitMix64) -> [PaddedText8] {
        var names: Set<String> = []
        while names.count < count {
            let length = [3, 4, 4, 4][random.below(4)]
            let letters = (0..<length).map { _ in UInt8(0x41 + random.below(26)) }
            names.insert(String(decoding: letters, as: UTF8.self))
        }
        return names.sorted().map { PaddedText8($0) }
    }

    /// What the directory says about an instrument.
    static func listing(_ random: inout SplitMix64) -> ITCH50Encoder.Listing {
        var listing = ITCH50Encoder.Listing()
        let categories: [Letter] = ["Q", "G", "S", "N", "N", "P", "Z", "A"]
        listing.marketCategory = categories[random.below(categories.count)]
        let listedHere = ["Q", "G", "S"].contains(listing.marketCategory)
        if !listedHere { listing.financialStatus = " " }
        if !listedHere { listing.ipoFlag = " " }
        listing.luldTier = random.chance(0.2) ? "1" : "2"
        if random.chance(0.3) {
            listing.issueClassification = "Q"
            listing.issueSubType = "I"
            listing.etpFlag = "Y"
            if random.chance(0.1) {
                listing.etpLeverageFactor = UInt32(2 + random.below(2))
                listing.inverse = random.chance(0.5)
            }
        }
        return listing
    }
}

/// Picks an index with given probabilities in constant time (Walker's alias method, Vose's way of
/// building the table).
struct AliasTable: Sendable {
    private struct Column: Sendable {
        /// Of 2³², the part that stays in this column.
        var keep: UInt32
        var alias: Int32
    }

    private var columns: [Column]

    /// - Parameter weights: at least one; they add up to 1.
    init(weights: [Double]) {
        var scaled = weights.map { $0 * Double(weights.count) }
        columns = weights.indices.map { Column(keep: .max, alias: Int32($0)) }
        var small = scaled.indices.filter { scaled[$0] < 1 }
        var large = scaled.indices.filter { scaled[$0] >= 1 }
        while let below = small.popLast(), let above = large.last {
            columns[below] = Column(
                keep: UInt32(scaled[below] * 4_294_967_295), alias: Int32(above))
            scaled[above] -= 1 - scaled[below]
            if scaled[above] < 1 {
                large.removeLast()
                small.append(above)
            }
        }
    }

    func pick(_ random: inout SplitMix64) -> Int {
        let bits = random.next()
        let index = Int(((bits >> 32) &* UInt64(columns.count)) >> 32)
        let column = columns[index]
        return UInt32(truncatingIfNeeded: bits) <= column.keep ? index : Int(column.alias)
    }
}
