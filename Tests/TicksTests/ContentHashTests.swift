import Testing
import Ticks

@Suite struct ContentHashTests {
    private func tick(_ sequence: UInt64, _ orderID: UInt64, line: UInt8 = 0) -> Tick {
        Tick(
            exchangeTime: 5, captureTime: UInt64(line), sequence: sequence, orderID: orderID,
            price: 1, quantity: 2, instrument: 3, channel: 4, kind: TickKind.add.rawValue, side: 1,
            flags: 0, line: line, detail: 0, extra: 0)
    }

    private func hash(_ ticks: [Tick]) -> UInt64 {
        var hash = ContentHash()
        for tick in ticks { hash.add(tick) }
        #expect(hash.count == UInt64(ticks.count))
        return hash.value
    }

    @Test func orderCountsAndLinesDoNot() {
        #expect(hash([tick(1, 1), tick(2, 2)]) == hash([tick(1, 1, line: 1), tick(2, 2)]))
        #expect(hash([tick(1, 1), tick(2, 2)]) != hash([tick(2, 2), tick(1, 1)]))
        #expect(hash([tick(1, 1)]) != hash([tick(1, 2)]))
    }

    /// Where messages without sequence stand depends on the lines; what they say does not.
    @Test func placesOfUnsequencedTicksDoNotCount() {
        let ordered = [tick(1, 1), tick(2, 2), tick(3, 3)]
        let mixed = [tick(0, 7), ordered[0], ordered[1], tick(0, 8), ordered[2]]
        let other = [ordered[0], tick(0, 8), ordered[1], ordered[2], tick(0, 7)]
        #expect(hash(mixed) == hash(other))
        #expect(hash(mixed) != hash(ordered))
        #expect(hash(mixed) != hash(other + [tick(0, 7)]))
        #expect(hash(mixed) != hash([tick(0, 7), ordered[1], ordered[0], tick(0, 8), ordered[2]]))
    }
}
