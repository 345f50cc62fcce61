import Protocols
import Testing
import Ticks
import Wire

/// What a stock locate stands for once its epoch is over.
@Suite struct ITCH50LocateTests {
    private func instruments(
        _ decoder: ITCH50Decoder, _ write: (inout [UInt8]) -> Void
    ) -> [UInt32] {
        var message: [UInt8] = []
        write(&message)
        var block: [UInt8] = []
        MoldUDP64Encoder.appendBlock(message, to: &block)
        var cursor = BlockCursor(offset: 0, remaining: 1, sequence: 1)
        let ticks = UnsafeMutableBufferPointer<Tick>.allocate(capacity: 16)
        defer { ticks.deallocate() }
        guard let base = ticks.baseAddress else { return [] }
        let context = DeliveryContext(captureTime: 1, channel: 0, line: 0, flags: [])
        let count = block.withUnsafeBytes {
            decoder.decode($0, cursor: &cursor, context: context, into: base, capacity: 16)
        }
        return ticks[..<count].map(\.instrument)
    }

    @Test func instrumentKeepsItsIdOverAnEpochWithoutDirectory() {
        let directory = InstrumentDirectory(capacity: 8)
        let decoder = ITCH50Decoder(
            directory: directory, venue: "XNAS", channel: 0, midnight: 0)
        let header = ITCH50Encoder.Header(locate: 3, timestamp: 1)
        let add: (inout [UInt8]) -> Void = {
            ITCH50Encoder.addOrder(
                header, orderReference: 1, side: .bid, shares: 1, stock: "AAA", price: 1, to: &$0)
        }
        #expect(instruments(decoder, add) == [1])
        decoder.beginEpoch()
        // Without a symbol nobody can tell yet.
        #expect(
            instruments(decoder) { ITCH50Encoder.orderDelete(header, orderReference: 9, to: &$0) }
                == [2])
        #expect(instruments(decoder, add) == [1])
        #expect(
            instruments(decoder) { ITCH50Encoder.orderDelete(header, orderReference: 1, to: &$0) }
                == [1])
    }
}
