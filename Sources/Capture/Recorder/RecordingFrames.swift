import CZstd

/// Collects blocks and compresses them as zstd frames with a checksum each.
final class RecordingFrames {
    /// Bytes of a frame before compression; the longest block fits.
    static let frameBytes = 1 << 20

    private let context: OpaquePointer
    private let input: UnsafeMutableRawPointer
    private let output: UnsafeMutableRawPointer
    private let outputBytes: Int
    private(set) var length = 0
    private(set) var packets: UInt64 = 0

    init(level: Int32) {
        guard let context = ZSTD_createCCtx() else { preconditionFailure("out of memory") }
        self.context = context
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)
        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
        input = .allocate(byteCount: Self.frameBytes, alignment: 4096)
        outputBytes = ZSTD_compressBound(Self.frameBytes)
        output = .allocate(byteCount: outputBytes, alignment: 4096)
    }

    deinit {
        ZSTD_freeCCtx(context)
        input.deallocate()
        output.deallocate()
    }

    /// False if the frame must be closed first.
    func append(_ block: UnsafeRawBufferPointer, packets count: UInt64) -> Bool {
        guard block.count <= Self.frameBytes - length else { return false }
        (input + length).copyMemory(from: block.baseAddress!, byteCount: block.count)
        length += block.count
        packets += count
        return true
    }

    /// Compresses what was collected into `body`'s argument and begins anew.
    func close(_ body: (UnsafeRawBufferPointer, UInt64) -> Void) {
        guard length > 0 else { return }
        let size = ZSTD_compress2(context, output, outputBytes, input, length)
        precondition(ZSTD_isError(size) == 0, "the room covers zstd's bound")
        body(UnsafeRawBufferPointer(start: output, count: size), packets)
        length = 0
        packets = 0
    }
}
