import Books
import Handler
import Ticks

/// A core whose ticks, books and accounts are checked as they come.
final class CheckedCore {
    let core: FeedCore
    private let checker: TickChecker

    init(_ configuration: CoreConfiguration, resume: ResumeState? = nil) throws {
        let checker = TickChecker(configuration)
        self.checker = checker
        let output = BufferOutput(
            batchCapacity: 1024, define: { checker.define($0) },
            consume: { ticks, position in checker.take(ticks, position) })
        core = try FeedCore(configuration: configuration, output: output, resume: resume)
    }

    /// Small enough to be made for every input.
    static func configuration(
        _ feed: FeedProtocol, lines: [String] = ["A", "B"]
    ) -> CoreConfiguration {
        CoreConfiguration(
            channels: [
                ChannelConfiguration(
                    name: "fuzz", feedProtocol: feed, lines: lines, windowNanoseconds: 1_000_000,
                    windowPackets: 8, windowBytes: 4096)
            ],
            tradingDay: "2019-12-30", instrumentCapacity: 24, orderCapacity: 64, levelCapacity: 48,
            lineSilenceNanoseconds: 50_000_000)
    }

    func packet(_ payload: ArraySlice<UInt8>, line: Int, time: UInt64) {
        // Memory of exactly this size, for the sanitizer to see every byte beyond.
        [UInt8](payload).withUnsafeBytes {
            core.packet(
                channel: 0, line: line, captureTime: time, timeSource: .kernel, payload: $0)
        }
        check()
    }

    func check() { require(core.isBalanced, "the channel's account does not add up") }

    /// Ends the input and checks what is left.
    func finish() {
        core.finish()
        check()
        core.books.checkInvariants()
        checker.compare(core.books, core.configuration)
        let totals = core.totals()
        require(totals.ticks == checker.count)
        require(totals.instruments <= core.configuration.instrumentCapacity)
    }
}

/// Looks at every published tick, and builds a second set of books from them.
private final class TickChecker {
    private let books: Books?
    private let channelCount: Int
    private let instrumentCapacity: Int
    private var defined: Set<UInt32> = []
    private(set) var count: UInt64 = 0

    init(_ configuration: CoreConfiguration) {
        channelCount = configuration.channels.count
        instrumentCapacity = configuration.instrumentCapacity
        guard configuration.buildsBooks else {
            books = nil
            return
        }
        books = Books(
            BooksConfiguration(
                instrumentCapacity: configuration.instrumentCapacity,
                orderCapacity: configuration.orderCapacity,
                levelCapacity: configuration.levelCapacity,
                channelCapacity: max(configuration.channels.count, 1)))
    }

    func define(_ instrument: Instrument) {
        require((1...UInt32(instrumentCapacity)).contains(instrument.id))
        defined.insert(instrument.id)
    }

    func take(_ ticks: UnsafeBufferPointer<Tick>, _ position: UInt64) {
        require(position == count, "positions without a hole")
        count += UInt64(ticks.count)
        for tick in ticks {
            require(TickKind(rawValue: tick.kind) != nil, "an unknown kind")
            require(tick.side <= 2, "an unknown side: \(tick)")
            require(Int(tick.channel) < channelCount)
            require(
                tick.instrument == 0 || defined.contains(tick.instrument),
                "a tick names an instrument that the directory does not have")
        }
        guard let books, let base = ticks.baseAddress else { return }
        books.observe(base, count: ticks.count, position: position)
        books.takeTops { _, _, _ in }
    }

    /// Books are a pure function of the ticks: the core's and these say the same.
    func compare(_ other: Books, _ configuration: CoreConfiguration) {
        guard let books else { return }
        books.checkInvariants()
        for instrument in 1...UInt32(configuration.instrumentCapacity) {
            for side in [Side.bid, .ask] {
                require(books.best(instrument, side) == other.best(instrument, side))
            }
        }
        require(books.liveOrders == other.liveOrders)
    }
}
