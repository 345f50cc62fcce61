import CLinux
import CZstd
import Ticks

/// Turns what blocks hold into bytes: compresses, checksums and puts the header in front.
final class BlockEncoder {
    private let context: OpaquePointer
    private let columns: TickEncoder
    private let raw: ByteBuffer

    /// - Parameter level: zstd's compression level.
    init(ticksMax: Int, level: Int32) {
        guard let context = ZSTD_createCCtx() else { preconditionFailure("out of memory") }
        self.context = context
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)
        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
        if level <= 1 {
            // Columns repeat in runs or not at all: looking for short matches in a large table
            // costs 9 ns a tick and finds nothing that the entropy coder does not.
            ZSTD_CCtx_setParameter(context, ZSTD_c_minMatch, 7)
            ZSTD_CCtx_setParameter(context, ZSTD_c_hashLog, 10)
        }
        columns = TickEncoder(ticksMax: ticksMax)
        raw = ByteBuffer(capacity: TickColumns.rawSizeMax(count: ticksMax))
    }

    deinit { ZSTD_freeCCtx(context) }

    /// Appends a block of ticks; fills in the sizes, the count and the checksum of `header`.
    func append(
        _ ticks: UnsafeBufferPointer<Tick>, header: inout BlockHeader, to output: ByteBuffer
    ) {
        guard let start = ticks.baseAddress else { preconditionFailure("a block of no ticks") }
        raw.truncate(to: 0)
        let room = raw.reserve(TickColumns.rawSizeMax(count: ticks.count))
        raw.grow(by: columns.encode(start, count: ticks.count, into: room))
        header.count = UInt32(ticks.count)
        // A column at a time: each gets entropy tables of its own.
        finish(raw.contents, pieces: columns.columnEnds, header: &header, to: output)
    }

    /// Appends a block with the given body.
    func append(
        _ body: UnsafeRawBufferPointer, header: inout BlockHeader, to output: ByteBuffer
    ) {
        finish(body, pieces: [body.count], header: &header, to: output)
    }

    private func finish(
        _ body: UnsafeRawBufferPointer, pieces: [Int], header: inout BlockHeader,
        to output: ByteBuffer
    ) {
        precondition(body.count <= BlockHeader.rawSizeMax, "a block too large for the format")
        let headerSize = header.headerSize
        // Every flushed piece costs at most one more block header.
        let room = ZSTD_compressBound(body.count) + 64 * (pieces.count + 1)
        let start = output.reserve(headerSize + room)
        let size = body.isEmpty ? 0 : compress(body, pieces: pieces, start + headerSize, room)
        header.rawSize = UInt32(body.count)
        header.compressedSize = UInt32(size)
        header.payloadChecksum = clinux_crc32c(0, start + headerSize, size)
        header.encode(into: start)
        output.grow(by: headerSize + size)
    }

    /// One zstd frame, with a block boundary behind each piece.
    private func compress(
        _ body: UnsafeRawBufferPointer, pieces: [Int], _ output: UnsafeMutableRawPointer,
        _ room: Int
    ) -> Int {
        ZSTD_CCtx_reset(context, ZSTD_reset_session_only)
        ZSTD_CCtx_setPledgedSrcSize(context, UInt64(body.count))
        var out = ZSTD_outBuffer(dst: output, size: room, pos: 0)
        var start = 0
        for end in pieces {
            guard let source = body.baseAddress else { break }
            var input = ZSTD_inBuffer(src: source + start, size: end - start, pos: 0)
            let directive = end == body.count ? ZSTD_e_end : ZSTD_e_flush
            let left = ZSTD_compressStream2(context, &out, &input, directive)
            precondition(left == 0, "the room covers zstd's bound: \(left)")
            start = end
        }
        return out.pos
    }
}
