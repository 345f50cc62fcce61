import TestSupport
import Testing
import Ticks

@testable import Protocols

/// Tables of orders against the standard library's dictionaries and sets.
@Suite struct OrderTableTests {
    @Test("a table is a bounded dictionary", arguments: [1, 2, 3] as [UInt64])
    func tableIsADictionary(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let table = OrderTable(capacity: 3000, placeholder: UInt32(0))
        var naive: [UInt64: UInt32] = [:]
        for step in 0..<60_000 {
            // Few enough references that all operations meet known ones; 0 is one of them.
            let reference = UInt64(random.below(6000)) << UInt64(random.below(2) * 40)
            switch random.below(10) {
            case 0..<5:
                let value = UInt32(step)
                let hasRoom = naive[reference] != nil || naive.count < 3000
                if hasRoom { naive[reference] = value }
                #expect(table.set(reference, value) == hasRoom)
            case 5..<8:
                #expect(table.remove(reference) == (naive.removeValue(forKey: reference) != nil))
            case 8:
                #expect(table.find(reference)?.pointee == naive[reference])
            default:
                guard random.below(500) == 0 else { continue }
                let divisor = UInt32(random.below(3) + 1)
                table.removeAll { $0 % divisor == 0 }
                naive = naive.filter { $0.value % divisor != 0 }
            }
            #expect(table.count == naive.count)
        }
        for (reference, value) in naive { #expect(table.find(reference)?.pointee == value) }
        table.removeAll()
        #expect(table.count == 0)
        #expect(naive.keys.allSatisfy { table.find($0) == nil })
    }

    @Test("a set forgets scopes", arguments: [1, 2, 3] as [UInt64])
    func setForgetsScopes(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let set = OrderSet(capacity: 100_000, scopeCount: 8)
        var naive: [UInt64: UInt32] = [:]
        for _ in 0..<100_000 {
            let reference = UInt64(random.below(9000))
            switch random.below(100) {
            case 0..<60:
                let scope = UInt32(random.below(8))
                #expect(set.insert(reference, scope: scope) == (naive[reference] == nil))
                naive[reference] = scope
            case 60..<90:
                #expect(set.remove(reference) == (naive.removeValue(forKey: reference) != nil))
            case 90..<99:
                #expect(set.contains(reference) == (naive[reference] != nil))
            default:
                let scope = UInt32(random.below(8))
                set.removeAll(of: scope)
                naive = naive.filter { $0.value != scope }
            }
        }
        #expect((0..<9000).allSatisfy { set.contains($0) == (naive[$0] != nil) })
        set.removeAll()
        #expect(set.isEmpty)
        #expect((0..<9000).allSatisfy { !set.contains($0) })
    }

    @Test func fullSetTakesNoMore() {
        let set = OrderSet(capacity: 100, scopeCount: 2)
        for reference in 0..<100 as Range<UInt64> { #expect(set.insert(reference, scope: 0)) }
        #expect(set.insert(500, scope: 1))
        #expect(!set.contains(500))
        // What was forgotten gives its place.
        set.removeAll(of: 0)
        #expect(set.insert(500, scope: 1))
        #expect(set.contains(500))
        #expect(!set.contains(7))
    }

    @Test("market orders of an emptied instrument are gone, and leave room")
    func marketOrdersOfAnInstrument() {
        let orders = MarketOrders()
        let ticks = UnsafeMutablePointer<Tick>.allocate(capacity: 1)
        defer { ticks.deallocate() }
        func set(_ reference: UInt64, of instrument: UInt32, quantity: Int64 = 5) -> Bool {
            var emitter = TickEmitter(
                ticks: ticks,
                context: DeliveryContext(captureTime: 0, channel: 0, line: 0, flags: []))
            emitter.instrument = instrument
            return orders.set(reference, side: .bid, quantity: quantity, &emitter)
        }
        for reference in UInt64(0)..<65_536 {
            #expect(set(reference, of: reference % 2 == 0 ? 7 : 8))
        }
        #expect(!set(70_000, of: 7) && orders.find(70_000) == nil)
        orders.removeAll(of: 7)
        #expect(orders.find(2) == nil && orders.find(3)?.quantity == 5)
        #expect(set(70_000, of: 7) && orders.find(70_000)?.quantity == 5)
        #expect(orders.find(2) == nil && orders.find(3)?.instrument == 8)
        orders.removeAll()
        #expect(orders.find(3) == nil && orders.find(70_000) == nil)
    }
}
