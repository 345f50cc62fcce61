import CZstd

/// Compresses a file's blocks into one zstd frame with a checksum over all of it.
///
/// One frame, because Wireshark 4.0 does not read several. It is flushed where `flush` is called and
/// at least once per MiB, so that a file cut behind any flush can be read up to there.
final class RecordingCompressor {
    /// Bytes between flushes, before compression; the longest block fits.
    static let pieceBytes = 1 << 20

    private let context: OpaquePointer
    private let input: UnsafeMutableRawPointer
    private let output: UnsafeMutableRawPointer
    private let outputBytes: Int
    private var length = 0
    private var packets: UInt64 = 0

    init(level: Int32) {
        guard let context = ZSTD_createCCtx() else { preconditionFailure("out of memory") }
        self.context = context
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)
        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
        input = .allocate(byteCount: Self.pieceBytes, alignment: 4096)
        // And room for the frame's head and end.
        outputBytes = ZSTD_compressBound(Self.pieceBytes) + 1024
        output = .allocate(byteCount: outputBytes, alignment: 4096)
    }

    deinit {
        ZSTD_freeCCtx(context)
        input.deallocate()
        output.deallocate()
    }

    /// Begins a new file, whatever became of the last one.
    func begin() {
        ZSTD_CCtx_reset(context, ZSTD_reset_session_only)
        length = 0
        packets = 0
    }

    /// False if there must be a flush first.
    func append(_ block: UnsafeRawBufferPointer, packets count: UInt64) -> Bool {
        guard block.count <= Self.pieceBytes - length else { return false }
        (input + length).copyMemory(from: block.baseAddress!, byteCount: block.count)
        length += block.count
        packets += count
        return true
    }

    /// Hands what was appended since the last flush to `body`, compressed, with its packets; `isEnd`
    /// ends the frame.
    func flush(isEnd: Bool, _ body: (UnsafeRawBufferPointer, UInt64) -> Void) {
        guard length > 0 || isEnd else { return }
        var source = ZSTD_inBuffer(src: input, size: length, pos: 0)
        var target = ZSTD_outBuffer(dst: output, size: outputBytes, pos: 0)
        let left = ZSTD_compressStream2(
            context, &target, &source, isEnd ? ZSTD_e_end : ZSTD_e_flush)
        precondition(left == 0, "the room covers zstd's bound")
        body(UnsafeRawBufferPointer(start: output, count: target.pos), packets)
        length = 0
        packets = 0
    }
}
