import Books
import TestSupport
import Testing
import Ticks

/// The order index is open addressing with entries shifted back on removal: many orders in a small
/// table, ids that are dense, sparse, and far apart, under seeds that place them differently.
@Suite struct OrderIndexStressTests {
    @Test(arguments: [UInt64(0), 1, .max, 0x9E37_79B9_7F4A_7C15])
    func fullTableWithManyRemovals(seed: UInt64) {
        let capacity = 64
        let books = Books(
            BooksConfiguration(
                instrumentCapacity: 2, orderCapacity: capacity, levelCapacity: capacity,
                channelCapacity: 1, hashSeed: seed))
        var random = SeededGenerator(seed: seed)
        var live: [UInt64: Int64] = [:]
        for step in 0..<20_000 {
            let shift = UInt64([0, 20, 32, 40, 57][random.below(5)])
            let id = UInt64(1 + random.below(90)) << shift
            var tick = Tick(
                exchangeTime: 1, captureTime: 1, sequence: UInt64(step), orderID: id,
                price: Int64(1 + id % 7), quantity: Int64(1 + step), instrument: 1, channel: 0,
                kind: TickKind.add.rawValue, side: 1, flags: TickFlags.lastOfEvent.rawValue,
                line: 0, detail: 0, extra: 0)
            if live[id] != nil || (random.chance(500) && !live.isEmpty) {
                tick.kind = TickKind.delete.rawValue
                if live[id] == nil { tick.orderID = live.keys.sorted()[random.below(live.count)] }
                let left = live.removeValue(forKey: tick.orderID)
                books.complete(&tick, count: 1, position: 0)
                #expect(tick.quantity == left)
            } else if live.count < capacity {
                live[id] = tick.quantity
                books.complete(&tick, count: 1, position: 0)
            }
            if step % 500 == 0 { books.checkInvariants() }
        }
        #expect(books.counters == BookCounters())
        #expect(books.liveOrders == live.count)
        #expect(Set(books.orderViews(1, .bid).map(\.id)) == Set(live.keys))
    }
}
