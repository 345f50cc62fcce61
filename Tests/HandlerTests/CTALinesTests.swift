import Books
import Handler
import Protocols
import Testing
import Ticks
import Wire

/// Lines A and B of the consolidated tape, with its control messages (others.md §3).
@Suite struct CTALinesTests {
    private let bench: CoreBench

    init() throws {
        let feed = try #require(FeedProtocol(rawValue: "cqs"))
        bench = try CoreBench([
            ChannelConfiguration(name: "cqs", feedProtocol: feed, windowNanoseconds: 1000)
        ])
    }

    /// A block as the processor sends it at a time.
    private typealias Block = (_ time: UInt64) -> [UInt8]

    private func block(_ sequence: UInt64, _ messages: [[UInt8]]) -> Block {
        { time in
            CTABlock.quotes.encode(
                PacketContents(sequence: sequence, sendTime: time, messages: messages))
        }
    }

    private func quote(_ participant: Character, bid: UInt16, offer: UInt16, nbbo: Character)
        -> [UInt8]
    {
        var bytes: [UInt8] = []
        CtaEncoder.shortQuote(
            participant: participant.asciiValue!, seconds: 1, symbol: "IBM", bidPrice: bid,
            bidSize: 100, offerPrice: offer, offerSize: 200, nbbo: nbbo.asciiValue!, to: &bytes)
        return bytes
    }

    private func startOfDay() -> [UInt8] {
        var bytes: [UInt8] = []
        CtaEncoder.startOfDay(participant: UInt8(ascii: "S"), to: &bytes)
        return bytes
    }

    /// Line Integrity carries the last number sent.
    private func lineIntegrity(last: UInt64) -> Block {
        var bytes: [UInt8] = []
        CtaEncoder.lineIntegrity(participant: UInt8(ascii: "S"), to: &bytes)
        return block(last, [bytes])
    }

    private func reset(to number: UInt64) -> Block {
        var bytes: [UInt8] = []
        CtaEncoder.resetSequence(participant: UInt8(ascii: "S"), to: &bytes)
        return block(number, [bytes])
    }

    private func send(_ block: Block, line: Int, at time: UInt64) {
        bench.send(block(time), line: line, at: time + UInt64(10 * line))
    }

    private func both(_ block: Block, at time: UInt64) {
        send(block, line: 0, at: time)
        send(block, line: 1, at: time)
    }

    private static let minute: UInt64 = 60_000_000_000

    /// What only one line carries comes from it; books show the national best throughout.
    @Test func eachLineFillsTheOther() {
        // Idle before the day, then its start with number 0, quotes from 1 on.
        both(lineIntegrity(last: 0), at: 100)
        let start = Self.minute
        both(block(0, [startOfDay()]), at: start)
        send(
            block(1, [quote("N", bid: 1000, offer: 1010, nbbo: "G")]), line: 0, at: start + 1000)
        send(
            block(2, [quote("P", bid: 990, offer: 1020, nbbo: "A")]), line: 1, at: start + 1100)
        both(block(3, [quote("T", bid: 1001, offer: 1015, nbbo: "F")]), at: start + 1200)
        both(lineIntegrity(last: 3), at: start + 5000)
        bench.core.clock(start + 9000)
        let ticks = bench.flushed()
        #expect(ticks.filter { $0.tickKind == .status }.map(\.sequence) == [0])
        let quotes = ticks.filter { $0.tickKind == .quote }
        #expect(quotes.map(\.sequence) == [1, 1, 1, 1, 2, 2, 3, 3, 3])
        #expect(quotes.map(\.line) == [0, 0, 0, 0, 1, 1, 0, 0, 0])
        #expect(!ticks.contains { $0.tickKind == .gap })
        #expect(bench.core.books.best(1, .bid).price == 10_010_000_000)
        #expect(bench.core.books.best(1, .ask).price == 10_100_000_000)
        #expect(!bench.core.books.isSuspect(1))
        let channel = bench.core.totals().channels[0]
        #expect(channel.total.lost == 0 && channel.total.delivered == 4)
    }

    /// Line Integrity that carries a number which no line had shows what was lost at the end.
    @Test func lineIntegrityShowsALostTail() {
        both(block(0, [startOfDay()]), at: 1000)
        both(block(1, [quote("N", bid: 1000, offer: 1010, nbbo: "G")]), at: 2000)
        both(lineIntegrity(last: 3), at: 3000)
        bench.core.clock(9000)
        let gaps = bench.flushed().filter { $0.tickKind == .gap }
        #expect(gaps.map(\.sequence) == [2] && gaps.map(\.quantity) == [2])
        // The missing quotes come late, and the hole closes.
        both(
            block(
                2,
                [
                    quote("N", bid: 1002, offer: 1010, nbbo: "G"),
                    quote("N", bid: 1003, offer: 1010, nbbo: "G"),
                ]), at: 9500)
        #expect(bench.kinds().last == .gapFilled)
        #expect(bench.core.books.best(1, .bid).price == 10_030_000_000)
    }

    /// Reset begins a new run on both lines, without a hole.
    @Test func resetStartsTheNumbersAnew() {
        both(block(0, [startOfDay()]), at: 1000)
        both(block(1, [quote("N", bid: 1000, offer: 1010, nbbo: "G")]), at: 2000)
        let later = Self.minute
        both(reset(to: 1), at: later)
        both(block(1, [quote("N", bid: 1001, offer: 1010, nbbo: "G")]), at: later + 1000)
        both(block(2, [quote("P", bid: 1002, offer: 1012, nbbo: "F")]), at: later + 2000)
        bench.core.clock(later + 100_000)
        let ticks = bench.flushed()
        #expect(!ticks.contains { $0.tickKind == .gap })
        let epochs = ticks.filter { $0.tickKind == .epoch }
        #expect(epochs.map(\.extra) == [1, 2] && epochs.map(\.sequence) == [0, 1])
        let quotes = ticks.filter { $0.tickKind == .quote }
        #expect(quotes.map(\.sequence) == [1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2])
        #expect(bench.core.books.best(1, .bid).price == 10_020_000_000)
        let channel = bench.core.totals().channels[0]
        #expect(channel.total.lost == 0 && channel.decoder.messageTotal == 4)
    }

    @Test func damagedBlocksAreKeptOut() {
        var bytes = block(0, [startOfDay()])(1000)
        bytes[30] ^= 0x40
        both({ _ in bytes }, at: 1000)
        #expect(bench.flushed().isEmpty)
        #expect(bench.core.totals().transportRejections[.badChecksum] == 2)
    }
}
