import Protocols
import Testing
import Ticks

/// Instruments that find no place in the directory.
@Suite struct FullDirectoryTests {
    private static let clears: [(feed: String, write: @Sendable (Int, inout [UInt8]) -> Void)] = [
        ("mitch", { MitchEncoder.orderBookClear(instrumentID: UInt32($0), to: &$1) }),
        ("memx", { MemxEncoder.clearBook(securityID: UInt16($0), to: &$1) }),
        ("miax-dom", { MiaxEncoder.symbolClear(symbolID: UInt32($0), to: &$1) }),
        (
            "omd-c",
            {
                OmdcEncoder.aggregateBook(
                    securityCode: UInt32($0), entries: [.init(action: 74)], to: &$1)
            }
        ),
        ("deepplus", { IEXEncoder.clearBook(symbol: "S\($0)", to: &$1) }),
    ]

    /// The book of an instrument is emptied: without an instrument, the tick would empty the channel's.
    @Test(arguments: clears.indices)
    func clearOfAnInstrumentWithoutPlace(place: Int) {
        let (feed, write) = Self.clears[place]
        let probe = FeedProbe(feed, instruments: 1)
        let known = probe.decode(wireBytes { write(1, &$0) }).filter { $0.tickKind == .clear }
        #expect(known.map(\.instrument) == [1])
        #expect(probe.decode(wireBytes { write(2, &$0) }).allSatisfy { $0.tickKind != .clear })
        #expect(probe.decoder.snapshotCounters().directoryFull > 0)
    }
}
