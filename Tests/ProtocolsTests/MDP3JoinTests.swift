import Books
import Protocols
import Testing
import Ticks

/// Images, increments, resets and late packets of MDP 3.0 beside each other: what the decoder knows of
/// a book and what books make of its ticks must stay the same.
@Suite struct MDP3JoinTests {
    /// Increments on channel 0, loops on channel 1, and the books that take both.
    private final class Venue {
        let increments: MDP3Bench
        let loop: MDP3Bench
        let books = Books(
            BooksConfiguration(instrumentCapacity: 100, orderCapacity: 100, channelCapacity: 2))
        private var position: UInt64 = 0

        init() {
            let directory = InstrumentDirectory(capacity: 100)
            increments = MDP3Bench(directory: directory)
            loop = MDP3Bench(feed: "mdp3-loop", directory: directory, channel: 1)
        }

        @discardableResult
        func take(
            _ packet: [UInt8], loop isLoop: Bool = false, flags: TickFlags = [],
            at sequence: UInt64? = nil
        ) -> [Tick] {
            apply((isLoop ? loop : increments).decode(packet, flags: flags, at: sequence))
        }

        @discardableResult
        func apply(_ decoded: [Tick]) -> [Tick] {
            var ticks = decoded
            ticks.withUnsafeMutableBufferPointer {
                guard let base = $0.baseAddress else { return }
                books.complete(base, count: $0.count, position: position)
            }
            position += UInt64(ticks.count)
            return ticks
        }

        func prices(_ side: Side) -> [Int64] { books.levels(1, side).map(\.price) }
    }

    private func levels(
        _ prices: [Int64], rptSeq: UInt32, upTo sequence: UInt32 = 10
    ) -> [UInt8] {
        MDP3Bench.message {
            MDP3Encoder.snapshotFullRefresh52(
                schemaId: 1, version: 13, lastMsgSeqNumProcessed: sequence, securityID: 1,
                rptSeq: rptSeq,
                noMDEntries: prices.enumerated().map {
                    .init(
                        mdEntryPx: $1, mdEntrySize: 3, mdPriceLevel: Int8($0 + 1),
                        mdEntryType: UInt8(ascii: "0"))
                }, to: &$0)
        }
    }

    private func orders(
        _ ids: [UInt64], upTo sequence: UInt32 = 10, chunk: UInt32 = 1, of chunks: UInt32 = 1,
        security: Int32 = 1
    ) -> [UInt8] {
        MDP3Bench.message {
            MDP3Encoder.snapshotFullRefreshOrderBook53(
                schemaId: 1, version: 9, lastMsgSeqNumProcessed: sequence, securityID: security,
                noChunks: chunks, currentChunk: chunk,
                noMDEntries: ids.map {
                    .init(
                        orderID: $0, mdEntryPx: 10, mdDisplayQty: 5, mdEntryType: UInt8(ascii: "0"))
                }, to: &$0)
        }
    }

    private func order(_ id: UInt64, action: UInt8, quantity: Int32 = 5) -> [UInt8] {
        MDP3Bench.message {
            MDP3Encoder.mdIncrementalRefreshOrderBook47(
                schemaId: 1, version: 9, matchEventIndicator: 0x84,
                noMDEntries: [
                    .init(
                        orderID: id, mdEntryPx: 10, mdDisplayQty: quantity, securityID: 1,
                        mdUpdateAction: action, mdEntryType: UInt8(ascii: "0"))
                ], to: &$0)
        }
    }

    private let reset = MDP3Bench.message {
        MDP3Encoder.channelReset4(
            schemaId: 1, version: 9, transactTime: 5, matchEventIndicator: 0x80,
            noMDEntries: [.init(applID: 310)], to: &$0)
    }

    // MARK: Two channels

    @Test func incrementsChangeTheOrdersOfAnImage() {
        let venue = Venue()
        venue.take(orders([5, 6]), loop: true)
        venue.take(order(5, action: 2), at: 11)
        #expect(venue.books.orders(1, .bid).map(\.orderID) == [6])
        venue.take(order(6, action: 1, quantity: 2), at: 12)
        venue.take(order(7, action: 0), at: 13)
        #expect(venue.books.orders(1, .bid).map(\.orderID) == [6, 7])
        #expect(venue.books.orders(1, .bid).map(\.quantity) == [2, 5])
        // The next image speaks of the same orders.
        venue.take(orders([6, 7], upTo: 13), loop: true)
        venue.take(order(7, action: 2), at: 14)
        #expect(venue.books.orders(1, .bid).map(\.orderID) == [6])
        #expect(!venue.books.isSuspect(1) && venue.books.counters == BookCounters())
    }

    /// A trade summary tells of executions; what they leave of an order is told by its own entry.
    @Test func fillsLeaveOrdersToTheirMessages() {
        let venue = Venue()
        venue.take(order(5, action: 0), at: 11)
        let ticks = venue.take(
            MDP3Bench.message {
                MDP3Encoder.mdIncrementalRefreshTradeSummary48(
                    schemaId: 1, version: 9, matchEventIndicator: 0x01,
                    noMDEntries: [
                        .init(mdEntryPx: 10, mdEntrySize: 5, securityID: 1, numberOfOrders: 1)
                    ], noOrderIDEntries: [.init(orderID: 5, lastQty: 5)], to: &$0)
            } + order(5, action: 2), at: 12)
        #expect(ticks.compactMap(\.tickKind).prefix(3) == [.trade, .fill, .delete])
        #expect(ticks[0].tickSide == Side.none, "nobody named the aggressor")
        #expect(venue.books.orders(1, .bid).isEmpty && !venue.books.isSuspect(1))
    }

    @Test func resetsEmptyBooksThatOnlyImagesHaveTold() {
        let venue = Venue()
        venue.take(levels([100, 90], rptSeq: 500), loop: true)
        // Another instrument's increments: the channel has begun.
        venue.take(MDP3Bench.book([MDP3Bench.level(2, "0", 0, 1, 50)]), at: 11)
        #expect(venue.prices(.bid) == [100, 90])
        venue.take(reset, at: 12)
        venue.take(MDP3Bench.book([MDP3Bench.level(1, "0", 0, 1, 70, rptSeq: 1)]), at: 13)
        #expect(venue.prices(.bid) == [70])
        #expect(venue.books.isSuspect(1), "nobody said that it was empty")
        venue.take(levels([70, 60], rptSeq: 2, upTo: 13), loop: true)
        #expect(venue.prices(.bid) == [70, 60] && !venue.books.isSuspect(1))
    }

    @Test func theFirstPacketGoesOnWithWhatImagesTold() {
        let venue = Venue()
        venue.take(levels([100, 90], rptSeq: 500), loop: true)
        venue.increments.decoder.beginEpoch()
        venue.take(MDP3Bench.book([MDP3Bench.level(1, "0", 0, 1, 110, rptSeq: 501)]), at: 11)
        #expect(venue.prices(.bid) == [110, 100, 90])
    }

    // MARK: Chunks

    @Test(arguments: [false, true])
    func imagesWithoutAChunkAreInDoubt(isFollowedByAnother: Bool) {
        let venue = Venue()
        venue.take(orders([1], chunk: 1, of: 3), loop: true)
        if isFollowedByAnother {
            venue.take(orders([9], security: 2), loop: true)
        } else {
            venue.take(orders([3], chunk: 3, of: 3), loop: true)
        }
        #expect(venue.books.isSuspect(1) && venue.prices(.bid).isEmpty)
        for chunk in UInt64(1)...3 {
            venue.take(orders([chunk], chunk: UInt32(chunk), of: 3), loop: true)
        }
        #expect(
            venue.books.orders(1, .bid).map(\.orderID) == [1, 2, 3] && !venue.books.isSuspect(1))
        // A join in the middle of an image leaves what is there alone.
        #expect(venue.take(orders([3], chunk: 3, of: 3), loop: true).isEmpty)
    }

    // MARK: Levels

    /// Ten levels are assumed; the venue keeps three and says so later, on whatever channel.
    @Test(arguments: [false, true])
    func definitionsTakeLevelsThatTheVenueDropped(isLoop: Bool) {
        let venue = Venue()
        let prices: [Int64] = [100, 90, 80]
        venue.take(
            MDP3Bench.book(
                prices.enumerated().map { MDP3Bench.level(1, "0", 0, UInt8($0 + 1), $1) }))
        venue.take(MDP3Bench.book([MDP3Bench.level(1, "0", 0, 1, 110, rptSeq: 2)]))
        #expect(venue.prices(.bid) == [110, 100, 90, 80])
        let definition = MDP3Bench.message {
            MDP3Encoder.mdInstrumentDefinitionOption55(
                schemaId: 1, version: 13, symbol: "X", securityID: 1,
                noMDFeedTypes: [.init(mdFeedType: "GBX", marketDepth: 3)], to: &$0)
        }
        let cut = venue.take(definition, loop: isLoop)
        #expect(venue.prices(.bid) == [110, 100, 90])
        #expect(cut.first?.has(.snapshot) == isLoop, "the book stays its increments' channel's")
        venue.take(MDP3Bench.book([MDP3Bench.level(1, "0", 2, 1, 110, rptSeq: 3)]))
        #expect(venue.prices(.bid) == [100, 90])
        // A level that the venue speaks of proves the definition wrong.
        for (place, price) in [(3, 85), (4, 80)] as [(UInt8, Int64)] {
            venue.take(MDP3Bench.book([MDP3Bench.level(1, "0", 0, place, price, rptSeq: 4)]))
        }
        venue.take(definition, loop: isLoop)
        #expect(venue.prices(.bid) == [100, 90, 85, 80])
    }

    /// A packet comes late: decoder and books agree on whether it changes the book.
    @Test(arguments: [false, true])
    func lateLevels(hasNewerLevels: Bool) {
        let venue = Venue()
        venue.take(MDP3Bench.book([MDP3Bench.level(1, "0", 0, 1, 100, rptSeq: 4)]), at: 9)
        if hasNewerLevels {
            venue.take(MDP3Bench.book([MDP3Bench.level(1, "0", 1, 1, 100, 7, rptSeq: 6)]), at: 11)
        } else {
            venue.take(
                MDP3Bench.message {
                    MDP3Encoder.mdIncrementalRefreshVolume37(
                        schemaId: 1, version: 9, matchEventIndicator: 0x80,
                        noMDEntries: [.init(mdEntrySize: 9, securityID: 1, rptSeq: 6)], to: &$0)
                }, at: 11)
        }
        let late = MDP3Bench.book([MDP3Bench.level(1, "0", 0, 1, 101, rptSeq: 5)])
        venue.take(late, flags: .recovered, at: 10)
        #expect(venue.books.counters.lateNotApplied == (hasNewerLevels ? 1 : 0))
        #expect(venue.prices(.bid) == (hasNewerLevels ? [100] : [101, 100]))
        // A change at the best level replaces what books hold there, and nothing else.
        let best: Int64 = hasNewerLevels ? 100 : 101
        venue.take(MDP3Bench.book([MDP3Bench.level(1, "0", 1, 1, best, 8, rptSeq: 7)]), at: 12)
        #expect(venue.prices(.bid) == (hasNewerLevels ? [100] : [101, 100]))
    }

    // MARK: Bounds

    /// The end of an event that touched more instruments than there is room for, said by a message
    /// without entries.
    @Test func eventEndsWithoutEntries() {
        let bench = MDP3Bench()
        for security in Int32(1)...60 {
            _ = bench.decode(
                MDP3Bench.book([MDP3Bench.level(security, "0", 0, 1, 10)], indicator: 0x04))
        }
        let messages = bench.decoder.snapshotCounters().messageTotal
        let ticks = bench.decode(
            MDP3Bench.book([], indicator: 0x80), room: MDP3Decoder.roomMin)
        #expect(ticks.count == 60 && Set(ticks.map(\.instrument)).count == 60)
        #expect(ticks.allSatisfy { $0.detail == StatusDetail.eventEnd.rawValue })
        #expect(bench.decoder.snapshotCounters().messageTotal == messages + 1)
    }

    @Test func numbersWithEverOtherSymbols() {
        let bench = MDP3Bench(instruments: 8)
        for round in 0..<1000 {
            _ = bench.decode(
                MDP3Bench.message {
                    MDP3Encoder.mdInstrumentDefinitionOption55(
                        schemaId: 1, version: 13, symbol: "S\(round)", securityID: 1, to: &$0)
                })
        }
        #expect(bench.directory.entries.map(\.symbol) == (0..<8).map { "S\($0)" })
        #expect(bench.decoder.snapshotCounters().directoryFull == 992)
    }
}
