import Journal
import Simulation
import Ticks

/// Segments as a disk might hold them.
///
/// The first byte says how to read the rest: bit 0, blocks are unpacked and are to be compressed and
/// sealed with checksums first, so that mutations reach what lies behind those; bit 1, a u16 length
/// and a u16 position split it in two segments.
enum JournalTarget {
    private static let day: UInt32 = 20_191_230

    static func run(_ bytes: [UInt8]) {
        let files = files(of: bytes)
        let storage = MemoryStorage(files)
        let before = read(storage)
        examine(storage, before)
        goOn(storage, before)
    }

    private static func files(of bytes: [UInt8]) -> [String: [UInt8]] {
        var taker = ByteTaker(bytes)
        let form = taker.byte()
        var parts: [(position: UInt64, bytes: [UInt8])] = []
        if form & 2 != 0 {
            let length = Int(taker.word())
            let position = UInt64(taker.word())
            parts.append((0, Array(taker.take(length))))
            parts.append((position, Array(taker.rest())))
        } else {
            parts.append((0, Array(taker.rest())))
        }
        var files: [String: [UInt8]] = [:]
        for (index, part) in parts.enumerated() {
            let name = SegmentName(
                number: UInt64(index + 1), tradingDay: day, firstPosition: part.position)
            files[name.text] = form & 1 == 0 ? part.bytes : BlockForm.pack(part.bytes)
        }
        return files
    }

    /// What a reader makes of a journal: content of all ticks, in order.
    private struct Reading: Equatable {
        var hashes: [UInt64] = []
        var lastPosition: UInt64?
    }

    private static func read(_ storage: MemoryStorage) -> Reading {
        var reading = Reading()
        do {
            let reader = try JournalReader(storage: storage)
            while let event = try reader.next() {
                guard case .ticks(let first, let ticks) = event else { continue }
                require(!ticks.isEmpty)
                if let last = reading.lastPosition {
                    require(first > last, "positions never go back")
                }
                reading.lastPosition = first + UInt64(ticks.count) - 1
                for (index, tick) in ticks.enumerated() {
                    reading.hashes.append(hash(tick, position: first + UInt64(index)))
                }
            }
        } catch {
            fatalError("content makes no reader throw: \(error)")
        }
        return reading
    }

    private static func hash(_ tick: Tick, position: UInt64) -> UInt64 {
        withUnsafeBytes(of: tick) { bytes in
            stride(from: 0, to: 64, by: 8).reduce(position) { hash, offset in
                (hash ^ bytes.load(fromByteOffset: offset, as: UInt64.self))
                    .multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15).high
                    ^ hash &* 0x2545_F491_4F6C_DD1D
            }
        }
    }

    private static func examine(_ storage: MemoryStorage, _ reading: Reading) {
        do {
            _ = try JournalVerify(storage: storage).verify()
            _ = try JournalVerify(storage: storage).describe()
            let reader = try JournalReader(storage: storage)
            for position in [0, 1, 7, reading.lastPosition ?? 100, .max] {
                try reader.seek(position: position)
                if case .ticks(let first, _)? = try nextTicks(reader) {
                    require(first >= position || position == .max)
                }
            }
            for time in [0, StreamTarget.startTime, .max] {
                try reader.seek(captureTime: time, fromSegmentStart: time == 0)
                _ = try nextTicks(reader)
            }
        } catch {
            fatalError("content makes no examination throw: \(error)")
        }
    }

    private static func nextTicks(_ reader: JournalReader) throws -> JournalEvent? {
        while let event = try reader.next() {
            if case .ticks = event { return event }
        }
        return nil
    }

    /// Opening always works, keeps what could be read, and what is written then is read again.
    private static func goOn(_ storage: MemoryStorage, _ before: Reading) {
        do {
            let (writer, recovered) = try JournalWriter.open(
                storage: storage,
                identity: JournalIdentity(
                    tradingDay: day, generation: 2, configHash: 0, feeds: ["fuzz"]),
                preamble: { _ in SegmentPreamble(definitions: recoveredDefinitions) })
            let last = before.lastPosition
            require(last.map { recovered.nextPosition > $0 } ?? true, "a position twice")
            let ticks = (0..<3).map { Tick.sample(UInt64($0)) }
            try ticks.withUnsafeBufferPointer {
                try writer.append(
                    $0, firstPosition: recovered.nextPosition, now: StreamTarget.startTime)
            }
            writer.closeBlock()
            let synced = try writer.sync()
            require(synced == recovered.nextPosition + 3)
            try writer.finish()
            let after = read(storage)
            require(after.hashes.starts(with: before.hashes), "recovery lost a tick")
            let added = ticks.enumerated().map {
                hash($0.element, position: recovered.nextPosition + UInt64($0.offset))
            }
            require(
                Array(after.hashes[before.hashes.count...]) == added, "recovery hid what came then")
        } catch {
            fatalError("content makes no opening throw: \(error)")
        }
    }

    private static let recoveredDefinitions = JournalDefinitions(
        channels: [
            ChannelDescription(
                id: 0, name: "fuzz", venue: "XNAS", protocolName: "itch50", unit: .messages)
        ])

    // MARK: Seeds

    static func seeds() throws -> [[UInt8]] {
        let whole = try segments(ticks: 300, segmentBytes: 1 << 20)
        let two = try segments(ticks: 1500, segmentBytes: 4096)
        guard let first = whole.first else { return [] }
        require(two.count > 1, "a seed of two segments needs two")
        let cut = Array(first.bytes.dropLast(60))
        let both =
            [UInt8(two[0].bytes.count & 0xFF), UInt8(two[0].bytes.count >> 8)]
            + [UInt8(two[1].position & 0xFF), UInt8(two[1].position >> 8)]
            + two[0].bytes + two[1].bytes
        return [
            [0] + first.bytes, [0] + cut, [2] + both, [1] + BlockForm.unpack(first.bytes),
            [1] + BlockForm.unpack(cut),
        ]
    }

    private static func segments(
        ticks: Int, segmentBytes: UInt64
    ) throws -> [(position: UInt64, bytes: [UInt8])] {
        let storage = MemoryStorage([:])
        var options = JournalOptions()
        options.blockTicksMax = 64
        options.segmentBytesMax = segmentBytes
        let image = (0..<4).map { Tick.sample($0) }
        let (writer, _) = try JournalWriter.open(
            storage: storage,
            identity: JournalIdentity(
                tradingDay: day, generation: 1, configHash: 0, feeds: ["fuzz"]),
            options: options,
            preamble: { _ in SegmentPreamble(definitions: recoveredDefinitions, image: image) })
        for index in 0..<UInt64(ticks) {
            try [Tick.sample(index)].withUnsafeBufferPointer {
                try writer.append(
                    $0, firstPosition: writer.nextPosition, now: StreamTarget.startTime)
            }
            if index == 100 {
                let missing = writer.nextPosition..<writer.nextPosition + 5
                try writer.appendMissing(missing, now: StreamTarget.startTime)
            }
        }
        writer.closeBlock()
        try writer.sync()
        try writer.finish()
        return storage.images.compactMap { name, bytes in
            SegmentName(name).map { ($0.firstPosition, bytes) }
        }.sorted { $0.position < $1.position }
    }
}

extension Tick {
    /// Ticks that differ in every field, and repeat their patterns.
    static func sample(_ index: UInt64) -> Tick {
        Tick(
            exchangeTime: StreamTarget.startTime + index * 1000,
            captureTime: StreamTarget.startTime + index * 1000 + 500, sequence: index + 1,
            orderID: index % 5 == 0 ? 0 : 1000 + index / 3,
            price: Int64(100 + index % 7) * 10_000_000, quantity: Int64(index % 11) * 100,
            instrument: UInt32(index % 3), channel: 0,
            kind: [TickKind.add, .delete, .trade, .fill][Int(index % 4)].rawValue,
            side: UInt8(index % 3), flags: TickFlags.lastOfEvent.rawValue, line: UInt8(index % 2),
            detail: 0, extra: UInt32(index % 13))
    }
}
