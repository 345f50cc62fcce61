import CTapeline
import Foundation
import Tape
import Testing
import Ticks

/// The object behind a tape: who may create it, what a reader accepts, and its tables.
@Suite struct TapeObjectTests {
    // MARK: Publishers

    @Test func secondPublisherIsRefusedWhileTheFirstLives() throws {
        let name = TapeName("second")
        let first = try TapePublisher(name: name.text, options: smallOptions())
        #expect(
            throws: TapeError.inUse(name: name.text, process: UInt32(getpid()))
        ) { try TapePublisher(name: name.text, options: smallOptions()) }
        #expect(TapePublisher.liveProcess(name: name.text) == UInt32(getpid()))
        first.publishNumbered(1)
        #expect(try TapeReader(name: name.text, from: .oldest).drain().sequences == [0])
    }

    /// Closing the object without ending it is what the kernel does for a publisher that dies.
    @Test func deadPublishersTapeIsSuperseded() throws {
        let name = TapeName("dead")
        var first: TapePublisher? = try TapePublisher(name: name.text, options: smallOptions())
        first?.publishNumbered(5)
        let generation = first?.generation ?? 0
        let reader = try TapeReader(name: name.text, from: .oldest)
        #expect(reader.drain().last == .nothing)
        first = nil
        #expect(TapePublisher.liveProcess(name: name.text) == nil)
        #expect(reader.drain().last == .nothing, "a silent publisher is not a superseded one")
        var options = smallOptions()
        options.firstPosition = 5
        let second = try TapePublisher(name: name.text, options: options)
        #expect(second.generation == generation + 1)
        #expect(reader.drain() == ([], .superseded))
        let again = try TapeReader(name: name.text, from: .oldest)
        #expect(again.header.generation == second.generation && again.position == 5)
        second.publishNumbered(2)
        #expect(again.drain() == ([5, 6], .nothing))
        #expect(reader.drain() == ([], .superseded), "the old object stays as it was")
    }

    @Test func readersFinishASupersededTapeFirst() throws {
        let name = TapeName("finish")
        var first: TapePublisher? = try TapePublisher(name: name.text, options: smallOptions())
        let reader = try TapeReader(name: name.text, from: .oldest)
        first?.publishNumbered(7)
        first = nil
        let second = try TapePublisher(name: name.text, options: smallOptions())
        #expect(reader.drain() == (Array(0..<7), .superseded))
        #expect(second.position == 0)
    }

    @Test(arguments: ["", "a/b", String(repeating: "x", count: 64), "a\0b"])
    func invalidNames(name: String) {
        #expect(throws: TapeError.invalidName(name)) {
            try TapePublisher(name: name, options: smallOptions())
        }
    }

    @Test(arguments: [0, -1, 512, 1025, 3000, Int.max, 1 << 60])
    func invalidCapacities(capacity: Int) {
        #expect(throws: TapeError.invalidCapacity(capacity)) {
            try TapePublisher(name: "test-capacity", options: smallOptions(ring: capacity))
        }
    }

    @Test func invalidSizes() {
        for (instruments, blob) in [(-1, 0), (Int.max, 0), (1, -1), (1, Int.max)] {
            var options = smallOptions()
            options.instrumentCapacity = instruments
            options.blobSize = blob
            #expect(throws: TapeError.self) {
                try TapePublisher(name: "test-sizes", options: options)
            }
        }
    }

    @Test func noSuchTape() {
        #expect(throws: TapeError.notFound(name: "test-none-\(getpid())")) {
            try TapeReader(name: "test-none-\(getpid())")
        }
        #expect(throws: TapeError.invalidName("a/b")) { try TapeReader(name: "a/b") }
    }

    // MARK: Damaged objects

    /// Writes a field of the header in the object's file.
    private func overwrite(_ name: TapeName, _ offset: Int, _ value: UInt64, size: Int = 8) throws {
        let file = try FileHandle(forUpdating: URL(filePath: name.path))
        defer { try? file.close() }
        try file.seek(toOffset: UInt64(offset))
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
        try file.write(contentsOf: Data(bytes))
    }

    private func offset(_ field: PartialKeyPath<tapeline_header>) -> Int {
        MemoryLayout<tapeline_header>.offset(of: field) ?? -1
    }

    @Test func hostileHeadersAreRefused() throws {
        let fields: [(PartialKeyPath<tapeline_header>, [UInt64], Int)] = [
            (\.magic, [0, 1], 8), (\.version, [0, 2, 0xFFFF_FFFF], 4),
            (\.headerSize, [0, 64], 4), (\.totalSize, [0, 4096, .max], 8),
            (\.ringOffset, [0, 1, 4096, .max, .max - 4095], 8),
            (\.ringCapacity, [0, 3, 512, 2048, 1 << 58, 1 << 63, .max], 8),
            (\.channelOffset, [0, 4097, .max - 7], 8), (\.lineOffset, [0, .max - 7], 8),
            (\.counterOffset, [0, .max - 7], 8), (\.instrumentOffset, [0, .max - 7, 1 << 30], 8),
            (\.topOffset, [0, .max - 7, 1 << 30], 8), (\.blobOffset, [0, .max], 8),
            (\.blobSize, [1 << 40, .max], 8), (\.channelCount, [.max], 4),
            (\.lineCount, [.max], 4), (\.counterCount, [.max], 4),
            (\.instrumentCapacity, [.max], 4),
        ]
        for (field, values, size) in fields {
            for value in values {
                let name = TapeName("hostile")
                _ = try TapePublisher(name: name.text, options: smallOptions())
                _ = try TapeReader(name: name.text)
                try overwrite(name, offset(field), value, size: size)
                #expect(throws: TapeError.notATape(name: name.text), "\(field) = \(value)") {
                    try TapeReader(name: name.text)
                }
            }
        }
    }

    @Test(arguments: [0, 100, 4095, 4096, 100_000])
    func cutObjectsAreRefused(size: Int) throws {
        let name = TapeName("cut-\(size)")
        _ = try TapePublisher(name: name.text, options: smallOptions())
        #expect(truncate(name.path, off_t(size)) == 0)
        #expect(throws: TapeError.notATape(name: name.text)) { try TapeReader(name: name.text) }
        // A publisher takes the name over all the same.
        _ = try TapePublisher(name: name.text, options: smallOptions())
        _ = try TapeReader(name: name.text)
    }

    @Test func startingTapeSaysSo() throws {
        let name = TapeName("starting")
        _ = try TapePublisher(name: name.text, options: smallOptions())
        try overwrite(name, offset(\.state), UInt64(TAPELINE_STATE_STARTING))
        #expect(throws: TapeError.starting(name: name.text)) { try TapeReader(name: name.text) }
    }

    /// Positions that no publisher writes: the reader stays inside its mapping.
    @Test func hostilePositionsStayInside() throws {
        let name = TapeName("positions")
        _ = try TapePublisher(name: name.text, options: smallOptions())
        let reader = try TapeReader(name: name.text, from: .oldest)
        try overwrite(name, offset(\.published), 1 << 40)
        var sum: UInt64 = 0
        let outcome = reader.poll(most: 1 << 30) { ticks in
            for tick in ticks { sum &+= tick.sequence }
        }
        #expect(outcome == .ticks(1024) && sum == 0)
    }

    @Test func halfWrittenLineOfADeadPublisherIsReported() throws {
        let name = TapeName("half")
        let top: Int
        do {
            let publisher = try TapePublisher(name: name.text, options: smallOptions())
            publisher.setTop(3, tapeline_top())
            let reader = try TapeReader(name: name.text)
            #expect(reader.top(3) != nil)
            top = Int(reader.header.topOffset) + 3 * MemoryLayout<tapeline_top>.stride
        }
        let reader = try TapeReader(name: name.text)
        try overwrite(name, top, 7, size: 4)
        #expect(reader.top(3) == nil)
        #expect(reader.top(2) != nil && reader.top(17) == nil)
    }

    // MARK: Tables

    @Test func tablesSayWhatWasWritten() throws {
        let name = TapeName("tables")
        var options = smallOptions()
        options.feeds = "itch50,deep10"
        options.tradingDay = 20_191_230
        options.configurationHash = 99
        options.channels = [
            ChannelDescription(
                id: 0, name: "nasdaq", venue: "XNAS", protocolName: "itch50", unit: .messages),
            ChannelDescription(
                id: 1, name: String(repeating: "ä", count: 40), venue: "IEXG",
                protocolName: "deep10", unit: .packets),
        ]
        options.lines = [
            TapeLine(channel: 1, id: 0, name: "A"), .init(channel: 1, id: 1, name: "B"),
        ]
        options.counters = ["packets", "ticks"]
        let publisher = try TapePublisher(name: name.text, options: options)
        publisher.updateChannel(1) { $0.received = 17 }
        publisher.updateLine(1) { $0.wins = 5 }
        publisher.setCounter(1, 1234)
        publisher.beat(monotonicNanoseconds: 77)
        let reader = try TapeReader(name: name.text)
        #expect(TapeReader.text(reader.header.feeds) == "itch50,deep10")
        #expect(reader.header.tradingDay == 20_191_230 && reader.header.configHash == 99)
        #expect(reader.header.publisherProcess == UInt32(getpid()) && reader.heartbeat == 77)
        let channels = reader.channels()
        #expect(
            channels.map { TapeReader.text($0.name) } == [
                "nasdaq", String(repeating: "ä", count: 15),
            ])
        #expect(channels.map(\.unit) == [0, 1] && channels.map(\.received) == [0, 17])
        #expect(channels.map { TapeReader.text($0.protocol) } == ["itch50", "deep10"])
        let lines = reader.lines()
        #expect(
            lines.map { TapeReader.text($0.name) } == ["A", "B"] && lines.map(\.wins) == [0, 5])
        #expect(reader.counters().map(\.name) == ["packets", "ticks"])
        #expect(reader.counters().map(\.value) == [0, 1234])
    }

    @Test func directoryKeepsInstrumentsAndTheirDetails() throws {
        let name = TapeName("directory")
        let publisher = try TapePublisher(name: name.text, options: smallOptions())
        let reader = try TapeReader(name: name.text)
        #expect(reader.instrument(1) == nil && reader.instrumentCount == 0)
        var instrument = Instrument(
            id: 1, symbol: "ABC", venue: "XNAS", code: 5, tickSize: 10, lotSize: 100, channel: 2,
            currency: "USD", details: "key=value")
        publisher.setInstrument(instrument)
        #expect(reader.instrument(1) == instrument)
        // The same details keep their place, others are appended until the area is full.
        for round in 0..<100 {
            publisher.setInstrument(instrument)
            instrument.details = String(repeating: "\(round % 10)", count: 200)
        }
        #expect(reader.header.blobUsed <= 4096)
        publisher.setInstrument(instrument)
        #expect(reader.instrument(1)?.details == "", "no room: the entry goes without")
        #expect(reader.instrument(1)?.symbol == "ABC")
        publisher.setInstrument(Instrument(id: 17, symbol: "TOO", venue: "MANY"))
        #expect(reader.instrumentCount == 1 && reader.instrument(17) == nil)
    }

    @Test func topsAreEmptyUntilTheyAreSet() throws {
        let name = TapeName("empty")
        let publisher = try TapePublisher(name: name.text, options: smallOptions())
        let reader = try TapeReader(name: name.text)
        let empty = try #require(reader.top(1))
        #expect(empty.bidPrice == Price.none && empty.askPrice == Price.none)
        #expect(empty.bidQuantity == 0 && empty.bidOrders == 0)
        var top = tapeline_top()
        top.bidPrice = 5
        top.guard = 1
        publisher.setTop(1, top)
        publisher.setTop(16, top)
        publisher.setTop(17, top)
        #expect(reader.top(1)?.bidPrice == 5 && reader.top(16)?.bidPrice == 5)
        #expect(reader.top(17) == nil)
    }
}
