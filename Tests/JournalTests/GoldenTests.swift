import Foundation
import Testing
import Ticks

@testable import Journal

/// The format must not move by accident: a segment written once and committed is read for ever.
@Suite struct GoldenTests {
    private static let name = SegmentName(number: 1, tradingDay: 20_191_230, firstPosition: 0)

    private static var path: String {
        var url = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { url.deleteLastPathComponent() }
        return url.appendingPathComponent("Fixtures/journal/segment-v1/\(name.text)").path
    }

    /// Seven ticks, all fields told by hand, and a range of positions that is missing.
    private static var ticks: [Tick] {
        var ticks = (0..<7).map { i in
            var tick = Tick()
            tick.exchangeTime = 1_577_716_200_000_000_000 + UInt64(i) * 250
            tick.captureTime = 1_577_716_200_000_020_000 + UInt64(i / 3) * 5_000
            tick.sequence = UInt64(100 + i)
            tick.orderID = UInt64(9_000 + i * 2)
            tick.price = 12_340_000_000 + Int64(i) * 10_000_000
            tick.quantity = 100
            tick.instrument = UInt32(1 + i % 2)
            tick.channel = 1
            tick.kind = TickKind.add.rawValue
            tick.side = i % 2 == 0 ? Side.bid.rawValue : Side.ask.rawValue
            tick.flags = TickFlags.lastOfEvent.rawValue | TimeSource.file.flags.rawValue
            return tick
        }
        ticks[3].kind = TickKind.trade.rawValue
        ticks[3].orderID = 77
        ticks[3].flags = TimeSource.file.flags.rawValue
        ticks[4].kind = TickKind.fill.rawValue
        ticks[4].orderID = ticks[0].orderID
        ticks[4].sequence = 103
        ticks[4].quantity = 37
        ticks[5].kind = TickKind.delete.rawValue
        ticks[5].orderID = 12
        ticks[5].extra = 0xdead_beef
        ticks[6].kind = TickKind.status.rawValue
        ticks[6].price = Price.none
        ticks[6].quantity = Quantity.none
        ticks[6].line = 1
        ticks[6].detail = 2
        return ticks
    }

    private static func write() throws -> [UInt8] {
        let storage = RecordingStorage()
        let (writer, _) = try JournalWriter.open(
            storage: storage, identity: Fixtures.identity, preamble: Fixtures.preamble)
        try writer.append(Array(ticks[..<5]), now: 1_577_716_200_000_000_000)
        try writer.appendMissing(5..<8, now: 1_577_716_200_000_000_000)
        try writer.append(Array(ticks[5...]), now: 1_577_716_200_000_000_000)
        try writer.finish()
        return try #require(storage.image.files[name.text])
    }

    @Test func theCommittedSegmentIsRead() throws {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Self.path)))
        let storage = RecordingStorage(StorageImage(files: [Self.name.text: bytes]))
        let contents = try JournalContents(reading: storage)
        #expect(sameBytes(contents.inOrder, Self.ticks))
        #expect(contents.positions == [0, 1, 2, 3, 4, 8, 9])
        #expect(contents.missing == [5..<8])
        #expect(contents.definitions == [Fixtures.definitions])
        #expect(contents.segments.first?.identity == Fixtures.identity)
        #expect(contents.segments.first?.createdTime == 1_577_716_200_000_000_000)
        #expect(sameBytes(contents.images.first?.ticks ?? [], Fixtures.preamble(0).image))
        #expect(try JournalVerify(storage: storage).verify().isIntact)
    }

    /// Everything but zstd's own bytes, which another version of it may choose differently.
    @Test func theWriterStillWritesTheSame() throws {
        let golden = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Self.path)))
        func blocks(_ bytes: [UInt8]) throws -> [([UInt8], BlockHeader)] {
            let storage = RecordingStorage(StorageImage(files: [Self.name.text: bytes]))
            let decoder = BlockDecoder()
            let file = try SegmentFile(Self.name, storage: storage)
            let scan = try SegmentScan(Self.name, storage: storage, decoder: decoder)
            #expect(scan.isSealed && scan.damages.isEmpty)
            return try zip(scan.entries, scan.headers).map { entry, header in
                let payload = try file.payload(of: header, at: entry.offset)
                var plain = header
                plain.compressedSize = 0
                plain.payloadChecksum = 0
                return (Array(try decoder.body(of: header, payload: payload)), plain)
            }
        }
        let (written, expected) = (try blocks(Self.write()), try blocks(golden))
        #expect(written.map(\.0) == expected.map(\.0))
        #expect(written.map(\.1) == expected.map(\.1))
    }

    /// Offsets of FORMAT.md, checked on the bytes themselves and not by the code that wrote them.
    @Test func theFieldsStandWhereTheFormatPutsThem() throws {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Self.path)))
        func number(_ at: Int, _ size: Int) -> UInt64 {
            bytes[at..<at + size].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        #expect(number(0, 4) == 0x184d_2a5b)
        #expect(number(4, 4) == 96)
        #expect(Array(bytes[8..<12]) == Array("TLJB".utf8))
        #expect(number(12, 2) == 1)
        #expect(number(14, 1) == 1, "the segment block comes first")
        #expect(number(15, 1) == 0)
        #expect(number(104, 4) == 0xfd2f_b528, "a zstd frame follows")
        #expect(number(40, 8) == 0)
        let footer = bytes.count - 48
        #expect(number(footer, 4) == 0x184d_2a5b)
        #expect(number(footer + 4, 4) == 40)
        #expect(Array(bytes[footer + 8..<footer + 12]) == Array("TLJF".utf8))
        #expect(number(footer + 16, 4) == 6)
        #expect(number(footer + 20, 8) == number(32, 8))
        let index = Int(number(footer + 28, 8))
        #expect(number(index + 14, 1) == 6)
        #expect(number(index + 64, 4) == 6)
        #expect(number(footer + 36, 8) == 10)
    }
}
