import CZstd

/// Compresses the pieces of a payload, each in the way that suits it.
///
/// Bytes that look random (the low planes of times and ids) are stored as they are: entropy coding
/// would take a tenth off them and cost the reader a nanosecond for each. Pieces of one sort that
/// follow each other share a zstd frame.
final class PayloadCompressor {
    /// Shorter pieces share a block with the next: tables take the reader a microsecond.
    private static let blockSizeMin = 2_048

    private let packing: OpaquePointer
    private let storing: OpaquePointer
    private let general: OpaquePointer

    /// - Parameter level: zstd's compression level, for columns that are worth compressing.
    init(level: Int32) {
        guard let packing = ZSTD_createCCtx(), let storing = ZSTD_createCCtx(),
            let general = ZSTD_createCCtx()
        else { preconditionFailure("out of memory") }
        self.packing = packing
        self.storing = storing
        self.general = general
        for context in [packing, storing, general] {
            ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)
            ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
        }
        ZSTD_CCtx_setParameter(general, ZSTD_c_compressionLevel, max(level, 3))
        // ZSTD_c_literalCompressionMode: 1 is always, also at the fast levels; 2 is never.
        let literalMode = ZSTD_c_experimentalParam5
        ZSTD_CCtx_setParameter(packing, literalMode, 1)
        if level <= 1 {
            // Columns repeat in runs or not at all: looking for short matches in a large table
            // costs 9 ns a tick and finds nothing that the entropy coder does not.
            ZSTD_CCtx_setParameter(packing, ZSTD_c_minMatch, 7)
            ZSTD_CCtx_setParameter(packing, ZSTD_c_hashLog, 10)
        }
        ZSTD_CCtx_setParameter(storing, ZSTD_c_compressionLevel, -1_000)
        ZSTD_CCtx_setParameter(storing, ZSTD_c_hashLog, 6)
        ZSTD_CCtx_setParameter(storing, literalMode, 2)
    }

    deinit {
        ZSTD_freeCCtx(packing)
        ZSTD_freeCCtx(storing)
        ZSTD_freeCCtx(general)
    }

    /// Upper bound of what `compress` writes.
    static func bound(size: Int, pieces: Int) -> Int {
        // Each piece costs at most one more block header, or a frame of its own.
        ZSTD_compressBound(size) + 64 * (pieces + 1)
    }

    /// Compresses a body without columns into `output`; returns the size.
    func compress(
        _ body: UnsafeRawBufferPointer, _ output: UnsafeMutableRawPointer, room: Int
    ) -> Int {
        guard let bytes = body.baseAddress, !body.isEmpty else { return 0 }
        let size = ZSTD_compress2(general, output, room, bytes, body.count)
        precondition(ZSTD_isError(size) == 0, "the room covers zstd's bound")
        return size
    }

    /// Compresses `body`, whose pieces end at `ends`, into `output`; returns the size.
    func compress(
        _ body: UnsafeRawBufferPointer, ends: [Int], _ output: UnsafeMutableRawPointer, room: Int
    ) -> Int {
        guard let bytes = body.baseAddress else { return 0 }
        var out = ZSTD_outBuffer(dst: output, size: room, pos: 0)
        var first = 0
        var start = 0
        var isRandom = ends.isEmpty ? false : Self.looksRandom(bytes, ends[0])
        while first < ends.count {
            var last = first
            var isNextRandom = isRandom
            while last + 1 < ends.count {
                isNextRandom = Self.looksRandom(bytes + ends[last], ends[last + 1] - ends[last])
                if isNextRandom != isRandom { break }
                last += 1
            }
            frame(
                isRandom ? storing : packing, bytes, start: start, ends[first...last], &out)
            start = ends[last]
            first = last + 1
            isRandom = isNextRandom
        }
        return out.pos
    }

    /// One frame, with a block boundary behind each piece: each gets entropy tables of its own.
    private func frame(
        _ context: OpaquePointer, _ bytes: UnsafeRawPointer, start: Int, _ ends: ArraySlice<Int>,
        _ out: inout ZSTD_outBuffer
    ) {
        guard let frameEnd = ends.last else { return }
        ZSTD_CCtx_reset(context, ZSTD_reset_session_only)
        ZSTD_CCtx_setPledgedSrcSize(context, UInt64(frameEnd - start))
        var at = start
        for end in ends where end == frameEnd || end - at >= Self.blockSizeMin {
            var input = ZSTD_inBuffer(src: bytes + at, size: end - at, pos: 0)
            let directive = end == frameEnd ? ZSTD_e_end : ZSTD_e_flush
            let left = ZSTD_compressStream2(context, &out, &input, directive)
            precondition(left == 0, "the room covers zstd's bound: \(left)")
            at = end
            if end == frameEnd { return }
        }
    }

    /// Whether a sample's bytes collide so rarely that they carry more than 6 bits each (Rényi's
    /// entropy of order 2).
    private static func looksRandom(_ bytes: UnsafeRawPointer, _ size: Int) -> Bool {
        let sampleMax = 512
        guard size >= 512 else { return false }
        return withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 256) { counts in
            counts.initialize(repeating: 0)
            let step = max(1, size / sampleMax)
            var at = 0
            var taken = 0
            var collisions = 0
            while at < size {
                let byte = Int(bytes.loadUnaligned(fromByteOffset: at, as: UInt8.self))
                collisions &+= Int(counts[byte])
                counts[byte] &+= 1
                taken &+= 1
                at &+= step
            }
            return collisions * 64 * 2 < taken * (taken - 1)
        }
    }
}
