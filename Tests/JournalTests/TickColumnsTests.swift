import CLinux
import CZstd
import Testing
import Ticks

@testable import Journal

@Suite struct TickColumnsTests {
    private func roundTrip(_ ticks: [Tick]) throws -> (same: Bool, rawSize: Int) {
        let encoder = TickEncoder(ticksMax: max(ticks.count, 1))
        let decoder = TickDecoder(ticksMax: max(ticks.count, 1))
        let room = TickColumns.rawSizeMax(count: ticks.count)
        let raw = UnsafeMutableRawBufferPointer.allocate(
            byteCount: room + TickDecoder.slack(count: ticks.count), alignment: 8)
        defer { raw.deallocate() }
        let size = ticks.withUnsafeBufferPointer {
            encoder.encode($0.baseAddress!, count: $0.count, into: raw.baseAddress!)
        }
        #expect(size <= room)
        let columns = UnsafeRawBufferPointer(rebasing: raw[0..<size])
        var output = [Tick](repeating: Tick(), count: ticks.count)
        try output.withUnsafeMutableBufferPointer {
            try decoder.decode(columns, count: $0.count, into: $0.baseAddress!)
        }
        return (sameBytes(output, ticks), size)
    }

    @Test(arguments: [1, 2, 3, 511, 512, 513, 5_000])
    func likelyTicksComeBack(count: Int) throws {
        var generator = TickGenerator(seed: UInt64(count), instruments: 300, liveOrders: 500)
        #expect(try roundTrip(generator.ticks(count)).same)
    }

    @Test(arguments: 1...12)
    func arbitraryBytesComeBack(seed: UInt64) throws {
        for sparse in [true, false] {
            let ticks = Fixtures.randomTicks(Int(seed) * 97, seed: seed, sparse: sparse)
            #expect(try roundTrip(ticks).same)
        }
    }

    @Test func extremesComeBack() throws {
        var ticks: [Tick] = []
        let values: [Int64] = [0, 1, -1, .max, .min, 10_000_000, -10_000_000, 100, 99, .max - 1]
        for value in values {
            for other in values {
                for kind in [TickKind.add, .delete, .trade, .alert] {
                    var tick = Tick()
                    tick.price = value
                    tick.quantity = other
                    tick.orderID = UInt64(bitPattern: value)
                    tick.sequence = UInt64(bitPattern: other)
                    tick.exchangeTime = UInt64(bitPattern: value)
                    tick.captureTime = UInt64(bitPattern: other)
                    tick.instrument = UInt32(truncatingIfNeeded: value)
                    tick.kind = kind.rawValue
                    tick.channel = UInt16(truncatingIfNeeded: value)
                    tick.extra = UInt32(truncatingIfNeeded: other)
                    ticks.append(tick)
                }
            }
        }
        #expect(try roundTrip(ticks).same)
    }

    /// Ticks that need every column, among them orders that their instrument no longer remembers.
    @Test func everyColumnIsUsed() throws {
        var ticks = Fixtures.randomTicks(50, seed: 3, sparse: true)
        for i in 0..<600 {
            var tick = Tick()
            tick.exchangeTime = 1_000_000 + UInt64(i) * (i % 7 == 0 ? 1_000_000 : 900)
            tick.captureTime = tick.exchangeTime / 4_096 * 4_096 + 90_000
            tick.sequence = UInt64(i)
            tick.kind = i < 300 ? TickKind.add.rawValue : TickKind.delete.rawValue
            // Deletes go back through the adds: the first few near, then far.
            tick.orderID = UInt64(5_000 + 3 * (i < 300 ? i : 599 - i))
            tick.instrument = UInt32(i / 100 % 3 * 40_000)
            tick.price = Int64(10_000_000) * Int64(1_000 + (i * 37) % (i % 11 == 0 ? 900 : 90))
            tick.quantity = Int64([100, 300, 7, 1_234_567][i % 4])
            tick.flags = TickFlags.lastOfEvent.rawValue
            ticks.append(tick)
        }
        let raw = UnsafeMutableRawPointer.allocate(
            byteCount: TickColumns.rawSizeMax(count: ticks.count), alignment: 8)
        defer { raw.deallocate() }
        _ = TickEncoder(ticksMax: ticks.count).encode(ticks, count: ticks.count, into: raw)
        for column in TickColumns.Column.allCases {
            let entry = TickColumns.prefixSize + column.rawValue * TickColumns.columnEntrySize
            let values = UnsafeRawPointer(raw).loadLittle(UInt32.self, at: entry)
            #expect(values > 0, "no value in \(column)")
        }
        #expect(try roundTrip(ticks).same)
    }

    /// Stored and packed pieces, empty ones, and those that share a block, unpack to one body.
    @Test func piecesOfAllSortsAreUnpacked() throws {
        var random = SeededGenerator(seed: 4)
        var body: [UInt8] = []
        var ends: [Int] = []
        for size in [700, 0, 40, 3_000, 200_000, 5, 0, 300_000, 1, 0] {
            let isRandom = random.next() & 1 == 0
            for i in 0..<size {
                body.append(isRandom ? UInt8(truncatingIfNeeded: random.next()) : UInt8(i % 3))
            }
            ends.append(body.count)
        }
        let compressor = PayloadCompressor(level: 1)
        let room = PayloadCompressor.bound(size: body.count, pieces: ends.count)
        var packed = [UInt8](repeating: 0, count: room)
        let size = body.withUnsafeBytes { body in
            packed.withUnsafeMutableBytes {
                compressor.compress(body, ends: ends, $0.baseAddress!, room: room)
            }
        }
        var unpacked = [UInt8](repeating: 0, count: body.count)
        #expect(ZSTD_decompress(&unpacked, unpacked.count, packed, size) == body.count)
        #expect(unpacked == body)
    }

    @Test func manyAttributesNeedTwoCodePlanes() throws {
        let ticks = (0..<2_000).map { i in
            var tick = Tick()
            tick.channel = UInt16(i % 700)
            tick.sequence = UInt64(i)
            return tick
        }
        #expect(try roundTrip(ticks).same)
    }

    /// DESIGN §8: at most 0.45 of what DBN with zstd level 3 takes (24.1 bytes a tick).
    @Test func bytesPerTickStayWithinTheTarget() throws {
        var generator = TickGenerator(seed: 1)
        let ticks = generator.ticks(16_384)
        let encoder = BlockEncoder(ticksMax: 16_384, level: 1)
        let output = ByteBuffer(capacity: 1 << 20)
        var header = BlockHeader(kind: .ticks)
        header.endPosition = 16_384
        ticks.withUnsafeBufferPointer { encoder.append($0, header: &header, to: output) }
        let bytesPerTick = Double(output.count) / 16_384
        #expect(bytesPerTick < 0.45 * 24.1)
        #expect(bytesPerTick > 2, "less than the ticks' entropy cannot be")
    }

    /// Mutated columns give ticks or an error, never a trap or a stray access.
    @Test func hostileColumnsAreRefused() throws {
        var random = SeededGenerator(seed: 99)
        var generator = TickGenerator(seed: 9, instruments: 20, liveOrders: 50)
        let ticks = generator.ticks(300) + Fixtures.randomTicks(20, seed: 5, sparse: true)
        let encoder = TickEncoder(ticksMax: 400)
        let decoder = TickDecoder(ticksMax: 400)
        let room = TickColumns.rawSizeMax(count: 400)
        let raw = UnsafeMutableRawBufferPointer.allocate(byteCount: room, alignment: 8)
        defer { raw.deallocate() }
        let size = ticks.withUnsafeBufferPointer {
            encoder.encode($0.baseAddress!, count: $0.count, into: raw.baseAddress!)
        }
        let original = Array(raw[0..<size])
        var output = [Tick](repeating: Tick(), count: 400)
        var refused = 0
        for _ in 0..<4_000 {
            raw.copyBytes(from: original)
            var length = size
            for _ in 0..<1 + random.below(4) {
                // The directory decides most: half of the changes go there.
                let end = random.next() & 1 == 0 ? TickColumns.symbolsOffset : size
                raw[random.below(end)] = UInt8(truncatingIfNeeded: random.next())
            }
            if random.below(8) == 0 { length = random.below(size) }
            // A heap block of no more than what is promised lets a sanitizer see a stray load.
            let slack = TickDecoder.slack(count: ticks.count)
            let exact = UnsafeMutableRawBufferPointer.allocate(
                byteCount: length + slack, alignment: 1)
            defer { exact.deallocate() }
            exact.copyBytes(from: raw[0..<length])
            exact[length...].initializeMemory(as: UInt8.self, repeating: 0xff)
            output.withUnsafeMutableBufferPointer { output in
                do throws(ColumnError) {
                    try decoder.decode(
                        UnsafeRawBufferPointer(rebasing: exact[0..<length]), count: ticks.count,
                        into: output.baseAddress!)
                } catch {
                    refused += 1
                }
            }
        }
        #expect(refused > 1_000)
    }

    /// Instruments that the symbols call for, but that the column does not have, are those of the
    /// slack behind the run: no instrument's place in memory may come from there.
    @Test func symbolsThatOverdrawTheInstrumentsAreRefused() throws {
        let ticks = (0..<300).map { index in
            var tick = Tick()
            tick.kind = TickKind.status.rawValue
            tick.instrument = UInt32(index % 50 + 1)
            return tick
        }
        let encoder = TickEncoder(ticksMax: 300)
        let room = TickColumns.rawSizeMax(count: 300)
        var raw = [UInt8](repeating: 0, count: room)
        let size = ticks.withUnsafeBufferPointer { ticks in
            raw.withUnsafeMutableBytes {
                encoder.encode(ticks.baseAddress!, count: 300, into: $0.baseAddress!)
            }
        }
        let column = TickColumns.Column.instrument.rawValue
        let entry = TickColumns.prefixSize + column * TickColumns.columnEntrySize
        let drawn = Int(raw[entry]) | Int(raw[entry + 1]) << 8
        try #require(drawn > 250)
        // The run's last column: two planes, of which one value each is left.
        let start = size - 2 * drawn
        var cut = Array(raw[0..<start]) + [raw[start], raw[start + drawn]]
        cut[entry] = 1
        cut[entry + 1] = 0
        let length = cut.count
        cut += [UInt8](repeating: 0xff, count: TickDecoder.slack(count: 300))
        let decoder = TickDecoder(ticksMax: 300)
        var output = [Tick](repeating: Tick(), count: 300)
        var refusal: ColumnError?
        cut.withUnsafeBytes { cut in
            output.withUnsafeMutableBufferPointer { output in
                do throws(ColumnError) {
                    try decoder.decode(
                        UnsafeRawBufferPointer(rebasing: cut[0..<length]), count: 300,
                        into: output.baseAddress!)
                } catch {
                    refusal = error
                }
            }
        }
        #expect(refusal == .column(column))
        // Before the clamp these instruments' states lay 4 MB behind those of the run.
        #expect(output.allSatisfy { (1...50).contains($0.instrument) })
    }

    @Test func crcMatchesTheStandardVectors() {
        // RFC 3720 §B.4.
        let vectors: [([UInt8], UInt32)] = [
            (Array("123456789".utf8), 0xe306_9283), ([UInt8](repeating: 0, count: 32), 0x8a91_36aa),
            ([UInt8](repeating: 0xff, count: 32), 0x62a8_ab43), (Array(0..<32), 0x46dd_794e),
            ([], 0),
        ]
        for (bytes, expected) in vectors {
            #expect(clinux_crc32c(0, bytes, bytes.count) == expected)
            #expect(clinux_crc32c_portable(0, bytes, bytes.count) == expected)
        }
        var random = SeededGenerator(seed: 1)
        let bytes = (0..<1_000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        for length in [1, 7, 8, 9, 63, 64, 65, 1_000] {
            #expect(clinux_crc32c(5, bytes, length) == clinux_crc32c_portable(5, bytes, length))
        }
    }
}
