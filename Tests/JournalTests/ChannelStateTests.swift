import Testing
import Ticks

@testable import Journal

@Suite struct ChannelStateTests {
    private func tick(_ sequence: UInt64, _ kind: TickKind, _ flags: TickFlags) -> Tick {
        Tick(
            exchangeTime: 0, captureTime: 0, sequence: sequence, orderID: 0, price: 0, quantity: 1,
            instrument: 1, channel: 0, kind: kind.rawValue, side: 0, flags: flags.rawValue, line: 0,
            detail: 0, extra: 0)
    }

    /// A journal that ends behind the `delete` of a replace must not claim its `add`.
    @Test func aMessageIsBehindUsWithItsLastTick() {
        var state = ChannelState(channel: 0)
        state.apply(tick(7, .delete, .replaced))
        #expect(state.nextSequence == 7)
        state.apply(tick(7, .add, [.replaced, .lastOfEvent]))
        #expect(state.nextSequence == 8)
    }

    @Test func aLevelIsAMessageOfItsOwn() {
        var state = ChannelState(channel: 0)
        state.apply(tick(7, .level, []))
        #expect(state.nextSequence == 8)
    }

    @Test func imagesMoveNothing() {
        var state = ChannelState(channel: 0)
        state.apply(tick(7, .add, [.snapshot, .lastOfEvent]))
        #expect(state.nextSequence == 0)
    }
}
