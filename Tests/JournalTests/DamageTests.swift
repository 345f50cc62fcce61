import Foundation
import Testing
import Ticks

@testable import Journal

/// Bytes that changed on the disk: found by verify, and no harm to their neighbours.
@Suite struct DamageTests {
    private struct Sample {
        var image: StorageImage
        var ticks: [Tick]
        /// Offset behind each block, and the position up to which it and those before reach.
        var ends: [(offset: Int, position: UInt64)]
        var name: String { image.files.keys.first! }
        var bytes: [UInt8] { image.files[name]! }

        func changed(_ bytes: [UInt8]) -> RecordingStorage {
            RecordingStorage(StorageImage(files: [name: bytes]))
        }
    }

    /// One finished segment of five tick blocks of 30 ticks.
    private static func sample() throws -> Sample {
        var generator = TickGenerator(seed: 8, instruments: 20, liveOrders: 50)
        let ticks = generator.ticks(150)
        let storage = RecordingStorage()
        let (writer, _) = try JournalWriter.open(
            storage: storage, identity: Fixtures.identity,
            options: Fixtures.options(blockTicks: 30), preamble: Fixtures.preamble)
        try writer.append(ticks)
        try writer.finish()
        var sample = Sample(image: storage.image, ticks: ticks, ends: [])
        let scan = try SegmentScan(
            SegmentName(sample.name)!, storage: storage, decoder: BlockDecoder())
        sample.ends = scan.entries.map { (Int($0.offset) + Int($0.size), $0.endPosition) }
        #expect(scan.entries.count == 8, "segment, definitions, image and five blocks of ticks")
        return sample
    }

    private static func expectTruth(_ contents: JournalContents, _ ticks: [Tick], _ place: Comment)
    {
        var wrong = 0
        for (position, tick) in contents.ticks
        where !sameBytes([tick], [ticks[Int(position)]]) {
            wrong += 1
        }
        #expect(wrong == 0, place)
        #expect(contents.positions.count == contents.ticks.count, place)
    }

    @Test func everyFlippedByteIsFound() throws {
        let sample = try Self.sample()
        var random = SeededGenerator(seed: 1)
        for at in sample.bytes.indices {
            var bytes = sample.bytes
            bytes[at] ^= 1 << UInt8(random.below(8))
            let storage = sample.changed(bytes)
            let report = try JournalVerify(storage: storage).verify()
            #expect(!report.isIntact, "\(at)")
            let contents = try JournalContents(reading: storage)
            Self.expectTruth(contents, sample.ticks, "\(at)")
            let block = sample.ends.firstIndex { at < $0.offset }
            let loses = block.map { $0 >= 3 } ?? false
            #expect(contents.positions.count == (loses ? 120 : 150), "\(at)")
            if let block, loses {
                let lost = UInt64(block - 3) * 30..<UInt64(block - 2) * 30
                #expect(contents.damages.map(\.positions) == [lost], "\(at)")
            }
        }
    }

    @Test func aDamagedJournalOpensForWriting() throws {
        let sample = try Self.sample()
        var random = SeededGenerator(seed: 2)
        for at in stride(from: 0, to: sample.bytes.count, by: 5) {
            var bytes = sample.bytes
            bytes[at] ^= 1 << UInt8(random.below(8))
            let storage = sample.changed(bytes)
            let before = try JournalContents(reading: storage)
            let (writer, recovered) = try JournalWriter.open(
                storage: storage, identity: Fixtures.identity,
                options: Fixtures.options(blockTicks: 30), preamble: Fixtures.preamble)
            #expect(recovered.nextPosition == 150, "\(at)")
            #expect(!recovered.repairs.isEmpty, "\(at)")
            try writer.append(sample.ticks)
            try writer.finish()
            let after = try JournalContents(reading: storage)
            #expect(after.positions == before.positions + Array(150..<300), "\(at)")
        }
    }

    @Test func everyTruncationOpens() throws {
        let sample = try Self.sample()
        for size in 0...sample.bytes.count {
            let storage = sample.changed(Array(sample.bytes.prefix(size)))
            let whole = sample.ends.last { $0.offset <= size }
            let position = whole?.position ?? 0
            // Reading alone: what is whole is there, and the rest is no damage.
            let before = try JournalContents(reading: storage)
            #expect(before.positions == Array(0..<position), "\(size)")
            #expect(before.damages.isEmpty, "\(size)")
            let (writer, recovered) = try JournalWriter.open(
                storage: storage, identity: Fixtures.identity,
                options: Fixtures.options(blockTicks: 30), preamble: Fixtures.preamble)
            #expect(recovered.nextPosition == position, "\(size)")
            // Nothing is thrown away: what was cut lies in another file.
            let cut = storage.image.files.filter { $0.key.hasSuffix(".cut") }
            let dataEnd = whole?.offset ?? 0
            if size == sample.bytes.count {
                #expect(cut.isEmpty)
            } else if size > dataEnd {
                #expect(cut.values.first == Array(sample.bytes[dataEnd..<size]), "\(size)")
            }
            try writer.append(Array(sample.ticks[Int(position)...]))
            try writer.finish()
            let after = try JournalContents(reading: storage)
            #expect(sameBytes(after.inOrder, sample.ticks), "\(size)")
            #expect(try JournalVerify(storage: storage).verify().isIntact, "\(size)")
        }
    }

    /// Blocks cut out, doubled, swapped, overwritten; seeded.
    @Test func hostileSegmentsAreSurvived() throws {
        let sample = try Self.sample()
        var random = SeededGenerator(seed: 3)
        var intact = 0
        for round in 0..<600 {
            var bytes = sample.bytes
            for _ in 0..<1 + random.below(3) {
                let at = random.below(bytes.count)
                let end = min(bytes.count, at + 1 + random.below(200))
                switch random.below(5) {
                case 0: bytes.removeSubrange(at..<end)
                case 1: bytes.insert(contentsOf: bytes[at..<end], at: random.below(bytes.count))
                case 2: for i in at..<end { bytes[i] = UInt8(truncatingIfNeeded: random.next()) }
                case 3: for i in at..<end { bytes[i] = 0 }
                default:
                    let block = random.below(sample.ends.count - 1)
                    let part = sample.ends[block].offset..<sample.ends[block + 1].offset
                    bytes.insert(
                        contentsOf: sample.bytes[part], at: min(bytes.count, part.upperBound))
                }
                if bytes.isEmpty { bytes = [0] }
            }
            let storage = sample.changed(bytes)
            let contents = try JournalContents(reading: storage)
            Self.expectTruth(contents, sample.ticks, "\(round)")
            if try JournalVerify(storage: storage).verify().isIntact { intact += 1 }
            _ = try JournalVerify(storage: storage).describe()
            let (writer, _) = try JournalWriter.open(
                storage: storage, identity: Fixtures.identity,
                options: Fixtures.options(blockTicks: 30), preamble: Fixtures.preamble)
            try writer.append([Tick()])
            try writer.finish()
        }
        #expect(intact < 60)
    }

    /// Headers with right checksums and lying fields, as an attacker would write them.
    @Test func lyingHeadersAreSurvived() throws {
        let sample = try Self.sample()
        var random = SeededGenerator(seed: 4)
        let values: [UInt64] = [0, 1, 255, 65_535, 65_536, 1 << 31, 1 << 32 - 1, .max - 1, .max]
        for round in 0..<800 {
            var bytes = sample.bytes
            let block = random.below(sample.ends.count)
            let start = block == 0 ? 0 : sample.ends[block - 1].offset
            var header = bytes[start...].withUnsafeBytes { BlockHeader.decode($0) }!
            let value = values[random.below(values.count)]
            let small = UInt32(truncatingIfNeeded: value)
            switch random.below(9) {
            case 0: header.count = small
            case 1: header.rawSize = small
            case 2: header.compressedSize = small
            case 3: header.firstPosition = value
            case 4: header.endPosition = value
            case 5: header.captureTimeMax = value
            case 6: header.kind = BlockKind.allCases[random.below(BlockKind.allCases.count)]
            case 7: header.segmentIdentity = value
            default:
                header.firstPosition = value &- UInt64(header.count)
                header.endPosition = value
            }
            bytes.withUnsafeMutableBytes { header.encode(into: $0.baseAddress! + start) }
            let storage = sample.changed(bytes)
            _ = try JournalContents(reading: storage)
            let report = try JournalVerify(storage: storage).verify()
            _ = try JournalVerify(storage: storage).describe()
            if value == .max { #expect(report.segments.count == 1, "\(round)") }
            let reader = try JournalReader(storage: storage)
            try reader.seek(captureTime: value)
            try reader.seek(position: value)
            let (writer, recovered) = try JournalWriter.open(
                storage: storage, identity: Fixtures.identity,
                options: Fixtures.options(blockTicks: 30), preamble: Fixtures.preamble)
            if recovered.nextPosition < .max - 10 { try writer.append([Tick()]) }
            try writer.finish()
        }
    }
}
