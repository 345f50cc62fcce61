import Books
import Foundation
import Journal
import Tape
import Testing
import Ticks

@testable import Handler

/// The seam between tape and journal, with real shared memory and a real directory, in one thread.
@Suite struct TapeToJournalTests {
    let directory = FileManager.default.temporaryDirectory
        .appending(path: "tapeline-\(UUID().uuidString)").path
    let name = "test.\(getpid()).\(UUID().uuidString.prefix(8))"
    let channels = [
        ChannelDescription(
            id: 0, name: "itch", venue: "XNAS", protocolName: "itch50", unit: .messages)
    ]

    func tick(_ sequence: UInt64, instrument: UInt32 = 1) -> Tick {
        Tick(
            exchangeTime: sequence * 10, captureTime: sequence * 11, sequence: sequence,
            orderID: sequence, price: Int64(sequence % 50 + 1) * 1_000_000_000, quantity: 100,
            instrument: instrument, channel: 0, kind: TickKind.add.rawValue,
            side: Side.bid.rawValue, flags: TickFlags.lastOfEvent.rawValue, line: 0, detail: 0,
            extra: 0)
    }

    func publisher(ring: Int = 1024, gated: Bool = true, from: UInt64 = 0) throws -> TapePublisher {
        try TapePublisher(
            name: name,
            options: TapeOptions(
                ringCapacity: ring, instrumentCapacity: 16, blobSize: 4096, firstPosition: from,
                channels: channels, isGated: gated))
    }

    func publish(_ publisher: TapePublisher, _ sequences: ClosedRange<UInt64>) {
        var next = sequences.lowerBound
        while next <= sequences.upperBound {
            let count = min(Int(sequences.upperBound - next + 1), publisher.batchCapacity)
            let ticks = publisher.claim(count)
            for index in 0..<count { ticks[index] = tick(next + UInt64(index)) }
            publisher.publish(count)
            next += UInt64(count)
        }
    }

    func recorder(
        _ publisher: TapePublisher, gate: JournalGate? = nil, segmentBytesMax: UInt64 = 1 << 20
    ) throws -> JournalRecorder {
        var options = JournalOptions()
        options.segmentBytesMax = segmentBytesMax
        return try JournalRecorder(
            reader: try TapeReader(name: name, from: .position(publisher.position)),
            publisher: publisher, channels: channels,
            books: BooksConfiguration(
                instrumentCapacity: 16, orderCapacity: 4096, levelCapacity: 1024),
            gate: gate, blockAgeNanosecondsMax: 0,
            makeWriter: { preamble in
                try JournalWriter.open(
                    storage: try FileStorage(path: directory, create: true),
                    identity: JournalIdentity(
                        tradingDay: 20_260_316, generation: 1, configHash: 2, feeds: ["itch"]),
                    options: options, preamble: preamble
                ).writer
            })
    }

    final class Collector: TickSink {
        var ticks: [Tick] = []
        var instruments: [Instrument] = []
        func define(_ instrument: Instrument) throws { instruments.append(instrument) }
        func write(_ ticks: UnsafeBufferPointer<Tick>, position: UInt64) throws {
            #expect(position == UInt64(self.ticks.count))
            self.ticks += ticks
        }
        func finish() throws {}
    }

    @Test func whatWasPublishedIsRecordedOnce() throws {
        let publisher = try publisher()
        defer {
            publisher.unlink()
            try? FileManager.default.removeItem(atPath: directory)
        }
        let recorder = try recorder(publisher)
        publisher.setInstrument(Instrument(id: 1, symbol: "AAPL", venue: "XNAS", code: 7))
        publish(publisher, 1...500)
        while try recorder.step().didWork {}
        #expect(publisher.journaledPosition == 500)
        publish(publisher, 501...700)
        publisher.end()
        while try recorder.step().goesOn {}
        let collector = Collector()
        let source = try JournalSource(directories: [directory])
        try source.run(into: collector)
        #expect(collector.ticks.map(\.sequence) == Array(1...700))
        #expect(collector.instruments.first?.symbol == "AAPL")
        #expect(source.report.missing.isEmpty && source.report.damaged.isEmpty)
    }

    @Test func thePublisherWaitsForItsJournal() throws {
        let publisher = try publisher()
        defer {
            publisher.unlink()
            try? FileManager.default.removeItem(atPath: directory)
        }
        let recorder = try recorder(publisher)
        publish(publisher, 1...1000)
        #expect(publisher.hasRoom(for: 24))
        #expect(!publisher.hasRoom(for: 25))
        while try recorder.step().didWork {}
        #expect(publisher.hasRoom(for: 1000))
    }

    @Test func whatTheTapeOverwroteIsNotedAsMissing() throws {
        let publisher = try publisher(gated: false)
        defer {
            publisher.unlink()
            try? FileManager.default.removeItem(atPath: directory)
        }
        let gate = JournalGate()
        let recorder = try recorder(publisher, gate: gate)
        publish(publisher, 1...5000)
        publisher.end()
        while try recorder.step().goesOn {}
        let report = try JournalVerify(
            storage: try FileStorage(path: directory, create: false)
        ).verify()
        let missing = report.missing.reduce(0) { $0 + UInt64($1.count) }
        #expect(report.isIntact)
        #expect(missing > 0 && missing + report.ticks == 5000)
        #expect(gate.missingCount.load(ordering: .acquiring) == missing)
        #expect(gate.missingFirst.load(ordering: .acquiring) == 0)
    }

    /// Every segment stands alone: its image gives the books as they were where it begins.
    @Test func segmentsBeginWithTheBooks() throws {
        let publisher = try publisher()
        defer {
            publisher.unlink()
            try? FileManager.default.removeItem(atPath: directory)
        }
        let recorder = try recorder(publisher, segmentBytesMax: 4096)
        for first in stride(from: UInt64(1), through: 2901, by: 100) {
            publish(publisher, first...(first + 99))
            while try recorder.step().didWork {}
        }
        publisher.end()
        while try recorder.step().goesOn {}

        let configuration = BooksConfiguration(
            instrumentCapacity: 16, orderCapacity: 4096, levelCapacity: 1024)
        let books = Books(configuration)
        var images = 0
        let reader = try JournalReader(storage: try FileStorage(path: directory, create: false))
        while let event = try reader.next() {
            switch event {
            case .ticks(let position, let ticks):
                let base = try #require(ticks.baseAddress)
                books.observe(base, count: ticks.count, position: position)
            case .image(let position, let ticks):
                images += 1
                let fromImage = Books(configuration)
                fromImage.observe(
                    try #require(ticks.baseAddress), count: ticks.count, position: position)
                #expect(fromImage.orders(1, .bid) == books.orders(1, .bid))
                #expect(fromImage.liveOrders == Int(position))
            default:
                break
            }
        }
        #expect(images >= 2)
        #expect(books.liveOrders == 3000)
    }
}
