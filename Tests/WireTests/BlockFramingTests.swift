import CLinux
import Testing
import Ticks
import Wire

@Suite struct BlockFramingTests {
    private func ends(_ bytes: [UInt8], _ framing: BlockFraming) -> [[Int]] {
        bytes.withUnsafeBytes { raw in
            var blocks: [[Int]] = []
            var offset = 0
            while let block = framing.block(in: raw, at: offset) {
                #expect(framing.length(in: raw, at: offset) == block.end - offset)
                blocks.append([block.message, block.end])
                offset = block.end
            }
            return blocks
        }
    }

    private func whole(_ bytes: [UInt8], _ announced: Int, _ framing: BlockFraming) -> [Int] {
        bytes.withUnsafeBytes {
            let whole = wholeBlocks(in: $0, announced: announced, framing: framing)
            return [whole.count, whole.bytes]
        }
    }

    @Test func prefixed() {
        #expect(ends([0, 1, 9, 0, 0, 0, 2, 8, 8], .mold) == [[2, 3], [5, 5], [7, 9]])
        #expect(ends([1, 0, 9, 2, 0, 8, 8, 1, 0], .iex) == [[2, 3], [5, 7]])
        #expect(ends([1, 9, 0, 3, 1], .prefixed(width: 1, bigEndian: true)) == [[1, 2], [3, 3]])
        #expect(ends([0, 0, 0, 1, 9], .prefixed(width: 4, bigEndian: true)) == [[4, 5]])
        #expect(ends([1, 0, 0, 0, 9], .prefixed(width: 4, bigEndian: false)) == [[4, 5]])
        #expect(ends([255, 255, 255, 255, 9], .prefixed(width: 4, bigEndian: true)) == [])
    }

    @Test func inclusive() {
        let pitch = BlockFraming.inclusive(at: 0, width: 1, bigEndian: false)
        #expect(ends([2, 7, 3, 8, 8, 1], pitch) == [[0, 2], [2, 5], [5, 6]])
        let late = BlockFraming.inclusive(at: 2, width: 2, bigEndian: true)
        #expect(ends([7, 7, 0, 5, 7, 7, 7, 0, 4], late) == [[0, 5], [5, 9]])
        let wide = BlockFraming.inclusive(at: 0, width: 4, bigEndian: false)
        #expect(ends([4, 0, 0, 0, 255, 255, 255, 255], wide) == [[0, 4]])
    }

    /// A length that does not even count itself would keep a loop where it is.
    @Test(arguments: [0, 1, 2, 3])
    func tooShortToBeWhole(length: UInt8) {
        let framing = BlockFraming.inclusive(at: 2, width: 2, bigEndian: false)
        #expect(whole([0, 0, length, 0, 0, 0, 0, 0], 9, framing) == [0, 0])
        #expect(whole([0, 0, 4, 0, 0, 0, length, 0], 9, framing) == [1, 4])
    }

    @Test func packets() {
        #expect(whole([1, 2, 3], 1, .packet) == [1, 3])
        #expect(whole([], 1, .packet) == [1, 0])
        #expect(ends([1, 2, 3], .packet) == [[0, 3]])
    }

    @Test(arguments: [
        ("a", " ", 43), ("d", " ", 30), ("f", " ", 72), ("H", " ", 12), ("R", " ", 155),
        ("Y", "I", 27), ("k", " ", 43), ("q", "A", 29), ("q", "C", 39), ("k", "G", 53),
        ("q", "K", 39), ("q", "M", 39), ("k", "N", 53), ("q", "P", 39), ("k", "O", 63),
        ("q", "O", 49), ("a", "O", 43), ("?", "O", 300), ("C", " ", 19),
    ])
    func opraLengths(category: Character, indicator: Character, length: Int) {
        var bytes = [UInt8](repeating: 0, count: 300)
        bytes[1] = category.asciiValue!
        bytes[3] = indicator.asciiValue!
        bytes[13] = 5
        bytes.withUnsafeBytes { raw in
            #expect(BlockFraming.opra.block(in: raw, at: 0)! == (0, length))
            #expect(BlockFraming.opra.length(in: raw, at: 0) == length)
        }
        #expect(whole(Array(bytes.prefix(length)), 2, .opra) == [1, length])
        if category != "?" {
            #expect(whole(Array(bytes.prefix(length - 1)), 2, .opra) == [0, 0])
        }
        #expect(whole(Array(bytes.prefix(11)), 1, .opra) == [0, 0])
    }

    /// The live quote of others.md §5: 29 bytes and an appended best bid.
    @Test func liveOPRAQuote() {
        let quote: [UInt8] = [
            0x54, 0x71, 0x20, 0x4d, 0x04, 0x1c, 0xda, 0xf7, 0x2f, 0xa5, 0xae, 0x99, 0x41, 0x4d,
            0x5a, 0x4e, 0x4c, 0x1d, 0x17, 0x05, 0x32, 0x05, 0x82, 0x00, 0x2b, 0x05, 0xb9, 0x00,
            0x02, 0x4e, 0x42, 0x00, 0x00, 0x05, 0x82, 0x00, 0x00, 0x00, 0x32,
        ]
        #expect(whole(quote + quote + [0x54], 3, .opra) == [2, 78])
    }

    /// The digest steps over blocks as the framing does: every changed message byte is found under
    /// its own sequence, and a changed length that does not belong to the message is not looked at.
    @Test(arguments: [
        BlockFraming.mold, .iex, .prefixed(width: 1, bigEndian: false),
        .prefixed(width: 4, bigEndian: true), .inclusive(at: 0, width: 1, bigEndian: false),
        .inclusive(at: 1, width: 2, bigEndian: true), .opra, .packet,
    ])
    func digests(framing: BlockFraming) {
        let bytes = sample(framing)
        // The sequence that each byte belongs to; none for prefixes.
        var sequences: [UInt64?] = []
        var count = 0
        bytes.withUnsafeBytes { raw in
            var offset = 0
            while let block = framing.block(in: raw, at: offset) {
                let sequence = 100 + UInt64(count)
                sequences += Array(repeating: nil, count: block.message - offset)
                sequences += Array(repeating: sequence, count: block.end - block.message)
                offset = block.end
                count += 1
            }
        }
        #expect(count == (framing == .packet ? 1 : 3) && sequences.count == bytes.count)
        for (index, sequence) in sequences.enumerated() {
            var table = [UInt64](repeating: 0, count: 16)
            #expect(digest(bytes, count, framing, &table).isEmpty)
            var changed = bytes
            guard let sequence, isFree(index, framing) else { continue }
            changed[index] ^= 0x80
            #expect(digest(changed, count, framing, &table) == [1, sequence])
        }
    }

    /// Three messages of different lengths.
    private func sample(_ framing: BlockFraming) -> [UInt8] {
        if framing.kind == .opra {
            return [UInt8(ascii: "H"), UInt8(ascii: "q"), UInt8(ascii: "H")].flatMap { category in
                var message = [UInt8](repeating: 7, count: category == UInt8(ascii: "H") ? 12 : 29)
                message[1] = category
                return message
            }
        }
        return [5, 9, 6].flatMap { size in
            var block = [UInt8](repeating: 3, count: size)
            let value = framing.kind == .prefixed ? size - framing.width : size
            for byte in 0..<framing.width {
                let shift = 8 * (framing.bigEndian ? framing.width - 1 - byte : byte)
                block[framing.offset + byte] = UInt8(truncatingIfNeeded: value >> shift)
            }
            return block
        }
    }

    /// True for a byte of the sample that says nothing about lengths.
    private func isFree(_ index: Int, _ framing: BlockFraming) -> Bool {
        switch framing.kind {
        case .opra: ![1, 3, 13, 15, 42, 44].contains(index)
        case .inclusive:
            ![0, 5, 14].contains { ($0..<($0 + framing.offset + framing.width)).contains(index) }
        case .packet, .prefixed: true
        }
    }

    /// Nothing, or how many messages differ and the first one's sequence.
    private func digest(
        _ bytes: [UInt8], _ count: Int, _ framing: BlockFraming, _ table: inout [UInt64]
    ) -> [UInt64] {
        var known = 0
        var first: UInt64 = 0
        let differences = clinux_digest_blocks(
            bytes, bytes.count, count,
            clinux_framing(
                kind: framing.kind.rawValue, offset: UInt8(framing.offset),
                width: UInt8(framing.width), big_endian: framing.bigEndian ? 1 : 0),
            100, &table, UInt64(table.count - 1), 1, &known, &first)
        return differences == 0 ? [] : [UInt64(differences), first]
    }
}
