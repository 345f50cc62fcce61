import Protocols
import TestSupport
import Testing

@Suite struct CodeTableTests {
    private struct Key: Hashable {
        var high: UInt64
        var low: UInt64
    }

    /// Against a dictionary, with keys that are dense, sparse, and alike in either half.
    @Test(arguments: UInt64(0)..<4)
    func agreesWithADictionary(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let table = CodeTable(capacity: 4000)
        var known: [Key: UInt32] = [:]
        for _ in 0..<20_000 {
            let low = UInt64(random.below(3000)) << UInt64(16 * seed)
            let key = Key(high: UInt64(random.below(3)) << 60, low: low)
            #expect(table.find(key.high, key.low) == known[key] ?? 0)
            let id = UInt32(1 + random.below(1_000_000))
            let isTaken = known[key] != nil || known.count < 4000
            #expect(table.insert(key.high, key.low, id: id) == isTaken)
            if isTaken { known[key] = id }
            #expect(table.count == known.count)
        }
        #expect(known.count == 4000)
        for (key, id) in known { #expect(table.find(key.high, key.low) == id) }
        table.removeAll()
        #expect(table.count == 0)
        for key in known.keys { #expect(table.find(key.high, key.low) == 0) }
        #expect(table.insert(17, id: 3) && table.find(17) == 3 && table.find(0, 17) == 3)
    }
}
