import Books
import TestSupport
import Testing
import Ticks

/// Books against the plain reference, tick by tick.
@Suite struct DifferentialTests {
    /// What a run over one seed needs.
    private struct Run {
        let books: Books
        let reference: ReferenceBooks
        let configuration: BooksConfiguration
        var position: UInt64 = 0

        init(_ configuration: BooksConfiguration) {
            self.configuration = configuration
            books = Books(configuration)
            reference = ReferenceBooks(configuration)
        }

        /// Completes the messages in one batch, and tick by tick in the reference.
        mutating func apply(_ messages: [[Tick]]) {
            var ticks = messages.flatMap { $0 }
            var expected = ticks
            for index in expected.indices {
                var before = index > 0 ? expected[index - 1] : nil
                reference.apply(&expected[index], before: &before)
                if let before { expected[index - 1] = before }
            }
            ticks.withUnsafeMutableBufferPointer {
                books.complete($0.baseAddress!, count: $0.count, position: position)
            }
            position += UInt64(ticks.count)
            for (tick, expected) in zip(ticks, expected) {
                #expect(tick == expected, "\(tick) instead of \(expected)")
            }
        }

        func compare() {
            books.checkInvariants()
            #expect(books.counters == reference.counters)
            #expect(books.liveOrders == reference.orders.count)
            for instrument in 1...UInt32(configuration.instrumentCapacity) {
                for side in [Side.bid, .ask] {
                    for depth in Books.Depth.allCases {
                        #expect(
                            books.levelViews(instrument, side, depth)
                                == reference.levels(instrument, side, depth))
                    }
                    #expect(
                        books.orderViews(instrument, side) == reference.queue(instrument, side))
                    #expect(books.best(instrument, side) == reference.best(instrument, side))
                }
                #expect(books.isSuspect(instrument) == reference.isSuspect(instrument))
            }
        }
    }

    private func run(
        _ flow: RandomFlow, _ configuration: BooksConfiguration, batches: Int = 60
    ) {
        var flow = flow
        var run = Run(configuration)
        for batch in 0..<batches {
            run.apply((0..<(1 + flow.random.below(40))).map { _ in flow.message() })
            if batch % 5 == 0 { run.compare() }
        }
        run.compare()
    }

    @Test(arguments: UInt64(0)..<25)
    func ordersOfSeveralChannels(seed: UInt64) {
        run(
            RandomFlow(seed: seed),
            BooksConfiguration(
                instrumentCapacity: 8, orderCapacity: 1000, levelCapacity: 1000,
                channelCapacity: 2, hashSeed: seed))
    }

    /// Messages that modify, and messages that name only an order.
    @Test(arguments: UInt64(0)..<25)
    func modifiesAndOrdersWithoutInstrument(seed: UInt64) {
        var flow = RandomFlow(seed: seed)
        flow.hasModifies = true
        flow.hasLevels = seed % 5 == 0
        flow.unnamed = [0, 500, 1000][Int(seed % 3)]
        flow.channelEvents = 20
        run(
            flow,
            BooksConfiguration(
                instrumentCapacity: 6, orderCapacity: 1000,
                levelCapacity: seed % 4 == 0 ? 12 : 1000, channelCapacity: 2, hashSeed: seed))
    }

    @Test(arguments: UInt64(0)..<15)
    func ordersLevelsAndQuotes(seed: UInt64) {
        var flow = RandomFlow(seed: seed)
        flow.hasLevels = true
        flow.hasQuotes = true
        flow.channelEvents = 30
        run(
            flow,
            BooksConfiguration(
                instrumentCapacity: 6, orderCapacity: 1000, levelCapacity: 1000,
                channelCapacity: 2))
    }

    /// Outright and implied levels, order events among them, and events that end with a tick of their
    /// own.
    @Test(arguments: UInt64(0)..<25)
    func impliedLevels(seed: UInt64) {
        var flow = RandomFlow(seed: seed)
        flow.hasLevels = true
        flow.hasImplied = true
        flow.channelEvents = 15
        run(
            flow,
            BooksConfiguration(
                instrumentCapacity: 6, orderCapacity: 1000,
                levelCapacity: seed % 5 == 4 ? 30 : 1000, channelCapacity: 2))
    }

    /// Room for a few orders and levels only: refused ones are counted, nothing else breaks.
    @Test(arguments: UInt64(0)..<15)
    func smallCapacities(seed: UInt64) {
        var flow = RandomFlow(seed: seed)
        flow.channelEvents = 5
        flow.hasLevels = seed % 2 == 0
        run(
            flow,
            BooksConfiguration(
                instrumentCapacity: 6, orderCapacity: 12 + Int(seed), levelCapacity: 9 + Int(seed),
                channelCapacity: 2))
    }

    /// What the ticks say does not depend on how they come in batches.
    @Test(arguments: UInt64(0)..<8)
    func batchesDoNotMatter(seed: UInt64) {
        var flow = RandomFlow(seed: seed)
        flow.hasLevels = true
        flow.hasModifies = seed % 2 == 1
        flow.unnamed = seed % 2 == 1 ? 700 : 0
        let messages = (0..<600).map { _ in flow.message() }
        let configuration = BooksConfiguration(
            instrumentCapacity: 6, orderCapacity: 100, levelCapacity: 100, channelCapacity: 2)
        var results: [[Tick]] = []
        for size in [1, 7, 600] {
            let books = Books(configuration)
            var all: [Tick] = []
            for start in stride(from: 0, to: messages.count, by: size) {
                var batch = messages[start..<min(start + size, messages.count)].flatMap { $0 }
                batch.withUnsafeMutableBufferPointer {
                    books.complete($0.baseAddress!, count: $0.count, position: UInt64(all.count))
                }
                all += batch
            }
            results.append(all)
        }
        #expect(results[0] == results[1] && results[1] == results[2])
    }

    /// Completed ticks give an observer the same books and the same tops.
    @Test(arguments: UInt64(0)..<8)
    func observingGivesTheSameTops(seed: UInt64) {
        var flow = RandomFlow(seed: seed)
        flow.hasLevels = true
        flow.hasModifies = seed % 2 == 1
        flow.unnamed = seed % 2 == 1 ? 700 : 0
        flow.hasQuotes = true
        let configuration = BooksConfiguration(
            instrumentCapacity: 6, orderCapacity: 40, levelCapacity: 40, channelCapacity: 2)
        let books = Books(configuration)
        let observer = Books(configuration)
        var position: UInt64 = 0
        for _ in 0..<40 {
            var batch = (0..<20).flatMap { _ in flow.message() }
            batch.withUnsafeMutableBufferPointer {
                books.complete($0.baseAddress!, count: $0.count, position: position)
                let finished = Array($0)
                observer.observe($0.baseAddress!, count: $0.count, position: position)
                #expect(Array($0) == finished, "an observer writes nothing")
            }
            position += UInt64(batch.count)
            #expect(tops(books) == tops(observer))
            for instrument in 1...UInt32(6) {
                #expect(books.isSuspect(instrument) == observer.isSuspect(instrument))
                for side in [Side.bid, .ask] {
                    #expect(books.best(instrument, side) == observer.best(instrument, side))
                    #expect(
                        books.orderViews(instrument, side) == observer.orderViews(instrument, side)
                    )
                }
            }
        }
        #expect(books.counters == observer.counters)
    }

    private func tops(_ books: Books) -> [String] {
        var all: [String] = []
        books.takeTops { instrument, top, moved in
            all.append("\(instrument) \(top) \(moved)")
        }
        return all
    }

    /// The image of books, applied to empty ones, gives the same books.
    @Test(arguments: UInt64(0)..<8)
    func imageGivesTheBooksAgain(seed: UInt64) {
        var flow = RandomFlow(seed: seed)
        flow.hasLevels = true
        flow.hasQuotes = true
        flow.hasImplied = true
        let configuration = BooksConfiguration(
            instrumentCapacity: 6, orderCapacity: 400, levelCapacity: 400, channelCapacity: 2)
        let books = Books(configuration)
        for _ in 0..<30 {
            var batch = (0..<20).flatMap { _ in flow.message() }
            batch.withUnsafeMutableBufferPointer {
                books.complete($0.baseAddress!, count: $0.count, position: 0)
            }
        }
        var image: [Tick] = []
        books.image { image.append($0) }
        #expect(image.allSatisfy { $0.has(.snapshot) && $0.line == Tick.lineSnapshot })
        let again = Books(configuration)
        image.withUnsafeBufferPointer {
            again.observe($0.baseAddress!, count: $0.count, position: 0)
        }
        again.checkInvariants()
        #expect(again.liveOrders == books.liveOrders && books.liveOrders > 0)
        for instrument in 1...UInt32(6) {
            for side in [Side.bid, .ask] {
                for depth in Books.Depth.allCases {
                    #expect(
                        again.levelViews(instrument, side, depth)
                            == books.levelViews(instrument, side, depth))
                }
                #expect(again.orderViews(instrument, side) == books.orderViews(instrument, side))
            }
        }
    }
}
