import CZstd

/// Whole zstd frames with content checksums.
enum Zstd {
    static func compress(_ bytes: [UInt8]) -> [UInt8] {
        guard let context = ZSTD_createCCtx() else { return [] }
        defer { ZSTD_freeCCtx(context) }
        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
        var output = [UInt8](repeating: 0, count: ZSTD_compressBound(bytes.count))
        let size = ZSTD_compress2(context, &output, output.count, bytes, bytes.count)
        return ZSTD_isError(size) == 0 ? Array(output.prefix(size)) : []
    }

    /// Nil if the bytes are no whole frame, or unpack to another size.
    static func decompress(_ bytes: [UInt8], size: Int) -> [UInt8]? {
        var output = [UInt8](repeating: 0, count: size)
        let got = ZSTD_decompress(&output, size, bytes, bytes.count)
        return got == size ? output : nil
    }
}
