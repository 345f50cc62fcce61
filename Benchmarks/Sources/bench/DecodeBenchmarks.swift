import Books
import CReference
import Glibc
import Protocols
import Tape
import Ticks

extension Benchmark {
    static let decode = Benchmark(
        name: "decode", summary: "ITCH 5.0 messages in memory to ticks on a tape within L2"
    ) { settings in
        let day = try SimulatedDay(
            messages: settings.size(full: 20_000_000, quick: 2_000_000), seed: settings.seed)
        let path = try DecodePath(day, ringCapacity: 8192)
        let hash = path.digest(day.makeDecoder())
        guard path.digest(day.makeHandWrittenDecoder()) == hash else {
            throw BenchmarkError.differs("the decoder written by hand writes other ticks")
        }
        let series = try interleave(
            [
                Subject(name: "tapeline") { path.run(day.makeDecoder(), hash: hash) },
                Subject(name: "decoder written by hand, as before descriptions") {
                    path.run(day.makeHandWrittenDecoder(), hash: hash)
                },
                Subject(name: "bare C loop, no writes") {
                    var sum: UInt64 = 0
                    var sample = timed(count: day.packets.count, units: day.messages) { range in
                        sum &+= day.withPackets(range, reference_read_packets)
                    }
                    sample.hash = sum
                    return sample
                },
            ], repetitions: settings.repetitions)
        var outcome = Outcome(
            "decode", "ITCH 5.0 in memory to ticks on a tape, each packet published",
            unit: "message",
            parameters: day.parameters + [("ring", "8,192 ticks (512 KiB)")], series)
        outcome.targets = [
            .atMost(10, outcome.ours.median, "ns a message"),
            .atMost(1.05, outcome.ours.median / series[1].median, "times the hand-written decoder"),
        ]
        return [outcome]
    }

    static let books = Benchmark(
        name: "books", summary: "the same, with full-depth books of all instruments"
    ) { settings in
        let day = try SimulatedDay(
            messages: settings.size(full: 20_000_000, quick: 2_000_000), seed: settings.seed)
        let path = try BooksPath(day)
        var subjects = [
            Subject(name: "tapeline") { path.run() },
            Subject(name: "bare C books") { runReferenceBooks(day) },
        ]
        var notes: [String] = []
        var peer: PeerProcess?
        if let python = settings.python {
            let file = settings.scratch.appending(path: "day.itch")
            try day.write(to: file)
            let process = try PeerProcess(
                python: python, script: settings.peers.appending(path: "itch_book_feed.py"),
                arguments: [file.path])
            subjects.append(Subject(name: process.name) { try process.run() })
            peer = process
        } else {
            notes.append("itch-book (PyPI) is not here: tools/peers installs it")
        }
        defer { peer?.stop() }
        let series = try interleave(subjects, repetitions: settings.repetitions)
        guard series[0].hash == series[1].hash else {
            throw BenchmarkError.differs("the bare C books end with other best prices than ours")
        }
        var outcome = Outcome(
            "books", "ITCH 5.0 in memory to ticks and books, orders in queue order",
            unit: "message",
            parameters: day.parameters + [
                ("ring", "8,192 ticks (512 KiB)"), ("batch", "\(BooksPath.batch) ticks or more"),
            ], series)
        outcome.targets = [.atMost(60, outcome.ours.median, "ns a message")]
        outcome.notes =
            notes + ["hash: best prices, sizes and order counts of all symbols at the end"]
        return [outcome]
    }
}

/// Messages to ticks on a tape, a packet at a time.
final class DecodePath {
    private let day: SimulatedDay
    private let tape: TapePublisher

    init(_ day: SimulatedDay, ringCapacity: Int) throws {
        self.day = day
        tape = try .scratch("decode", ringCapacity: ringCapacity)
    }

    deinit { tape.unlink() }

    func run(_ decoder: some FeedDecoding, hash: UInt64) -> Sample {
        let first = tape.position
        var sample = timed(count: day.packets.count, units: day.messages) { range in
            pass(range, decoder) { _ in }
        }
        sample.hash = hash
        sample.figures["ticksPerMessage"] = Double(tape.position - first) / Double(day.messages)
        return sample
    }

    /// Of all ticks, in a run of its own.
    func digest(_ decoder: some FeedDecoding) -> UInt64 {
        var digest = TickDigest()
        pass(0..<day.packets.count, decoder) { digest.add($0) }
        return digest.value
    }

    @inline(__always)
    private func pass(
        _ range: Range<Int>, _ decoder: some FeedDecoding,
        _ body: (UnsafeBufferPointer<Tick>) -> Void
    ) {
        let blocks = day.blocks
        var context = DeliveryContext(
            captureTime: day.midnight, channel: 0, line: 0, flags: TimeSource.file.flags)
        day.packets.withUnsafeBufferPointer { packets in
            for index in range {
                let packet = packets[index]
                context.captureTime &+= 1000
                let bound = Int(packet.messages) * ITCH50Decoder.ticksPerMessageMax
                let ticks = tape.claim(bound)
                var cursor = BlockCursor(
                    offset: Int(packet.offset), remaining: Int(packet.messages),
                    sequence: UInt64(index * SimulatedDay.messagesPerPacket + 1))
                let count = decoder.decode(
                    blocks, cursor: &cursor, context: context, into: ticks, capacity: bound)
                body(UnsafeBufferPointer(start: ticks, count: count))
                tape.publish(count)
            }
        }
    }
}

extension SimulatedDay {
    func makeDecoder() -> ITCH50Decoder {
        ITCH50Decoder(
            directory: InstrumentDirectory(capacity: 16_384), venue: "XNAS", channel: 0,
            midnight: midnight)
    }

    func makeHandWrittenDecoder() -> HandWrittenITCH50Decoder {
        HandWrittenITCH50Decoder(
            directory: InstrumentDirectory(capacity: 16_384), venue: "XNAS", channel: 0,
            midnight: midnight)
    }
}

extension TapePublisher {
    /// A tape for this process alone.
    static func scratch(_ purpose: String, ringCapacity: Int, isGated: Bool = false)
        throws -> TapePublisher
    {
        try TapePublisher(
            name: "bench-\(purpose)-\(getpid())",
            options: TapeOptions(
                ringCapacity: ringCapacity, instrumentCapacity: 16_384, blobSize: 1 << 16,
                isGated: isGated))
    }
}

/// Messages to ticks, books and best prices on a tape, in batches as the core makes them.
final class BooksPath {
    /// Ticks after which a batch is completed; a packet is never split.
    static let batch = 256
    private let day: SimulatedDay
    private let tape: TapePublisher

    init(_ day: SimulatedDay) throws {
        self.day = day
        tape = try .scratch("books", ringCapacity: 8192)
    }

    deinit { tape.unlink() }

    func run() -> Sample {
        let directory = InstrumentDirectory(capacity: 16_384)
        let decoder = ITCH50Decoder(
            directory: directory, venue: "XNAS", channel: 0, midnight: day.midnight)
        let books = Books(BooksConfiguration(instrumentCapacity: 16_384))
        var sample = timed(count: day.packets.count, units: day.messages) { range in
            pass(range, decoder, books)
        }
        sample.hash = hash(books, directory)
        sample.figures["liveOrdersAtEnd"] = Double(books.liveOrders)
        return sample
    }

    @inline(__always)
    private func pass(_ range: Range<Int>, _ decoder: ITCH50Decoder, _ books: Books) {
        let blocks = day.blocks
        var context = DeliveryContext(
            captureTime: day.midnight, channel: 0, line: 0, flags: TimeSource.file.flags)
        let room = tape.batchCapacity
        let bound = SimulatedDay.messagesPerPacket * ITCH50Decoder.ticksPerMessageMax
        var ticks = tape.claim(room)
        var count = 0
        day.packets.withUnsafeBufferPointer { packets in
            for index in range {
                let packet = packets[index]
                context.captureTime &+= 1000
                var cursor = BlockCursor(
                    offset: Int(packet.offset), remaining: Int(packet.messages),
                    sequence: UInt64(index * SimulatedDay.messagesPerPacket + 1))
                count += decoder.decode(
                    blocks, cursor: &cursor, context: context, into: ticks + count,
                    capacity: bound)
                guard count >= Self.batch || index == range.upperBound - 1 else { continue }
                books.complete(ticks, count: count, position: tape.position)
                books.takeTops { instrument, top, _ in tape.setTop(instrument, top) }
                tape.publish(count)
                ticks = tape.claim(room)
                count = 0
            }
        }
    }

    private func hash(_ books: Books, _ directory: InstrumentDirectory) -> UInt64 {
        var digest = TickDigest()
        for entry in directory.entries.sorted(by: { $0.code < $1.code }) {
            for side in [Side.bid, Side.ask] {
                let best = books.best(entry.id, side)
                let isEmpty = best.orders == 0
                digest.add(entry.code)
                digest.add(isEmpty ? 0 : UInt64(best.price / 100_000))
                digest.add(isEmpty ? 0 : UInt64(best.quantity))
                digest.add(UInt64(best.orders))
            }
        }
        return digest.value
    }
}

/// The straightforward books in C; hashed as ours are.
private func runReferenceBooks(_ day: SimulatedDay) -> Sample {
    guard let books = reference_books_create() else { preconditionFailure("out of memory") }
    defer { reference_books_free(books) }
    var sample = timed(count: day.packets.count, units: day.messages) { range in
        day.withPackets(range) { reference_books_apply(books, $0, $1, $2) }
    }
    var digest = TickDigest()
    for locate in 1...SimulatedDay.symbols {
        for side: Int32 in [0, 1] {
            let best = reference_books_best(books, UInt16(locate), side)
            digest.add(UInt64(locate))
            digest.add(best.price)
            digest.add(best.quantity)
            digest.add(best.orders)
        }
    }
    sample.hash = digest.value
    sample.allocations = nil
    return sample
}
