import CZstd
import Glibc

/// Reads a pipe, a terminal or a socket through its file descriptor.
final class DescriptorSource: ByteSource {
    private let descriptor: Int32
    private let isOwned: Bool
    private let path: String
    private var byteOffset: UInt64 = 0

    init(descriptor: Int32, isOwned: Bool, path: String) {
        self.descriptor = descriptor
        self.isOwned = isOwned
        self.path = path
    }

    deinit {
        if isOwned { close(descriptor) }
    }

    var endsTooEarly: Bool { false }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(CaptureFileError) -> Int {
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 {
                byteOffset &+= UInt64(count)
                return count
            }
            let code = errno
            if code == EINTR { continue }
            throw CaptureFileError(
                path: path, byteOffset: byteOffset, problem: .cannotRead(code: code))
        }
    }
}

/// Decompresses a stream of zstd frames, skippable ones among them (RFC 8878 §3.1).
final class ZstdSource: ByteSource {
    private let input: ByteWindow
    private let context: OpaquePointer
    private let path: String
    private var byteOffset: UInt64 = 0
    /// True between frames, where the input may end.
    private var isAtFrameEnd = true

    init(input: ByteWindow, path: String) {
        guard let context = ZSTD_createDCtx() else {
            fatalError("out of memory for a zstd context")
        }
        self.context = context
        self.input = input
        self.path = path
    }

    deinit {
        ZSTD_freeDCtx(context)
    }

    var endsTooEarly: Bool { !isAtFrameEnd }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(CaptureFileError) -> Int {
        var output = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
        while output.pos == 0 {
            // At the end of the input the decoder may still hold output.
            let hasInput = try input.has(1)
            if !hasInput && isAtFrameEnd { return 0 }
            var chunk = ZSTD_inBuffer(src: input.cursor, size: input.available, pos: 0)
            let result = ZSTD_decompressStream(context, &output, &chunk)
            guard ZSTD_isError(result) == 0 else {
                throw CaptureFileError(
                    path: path, byteOffset: byteOffset,
                    problem: .damagedCompression(String(cString: ZSTD_getErrorName(result))))
            }
            input.cursor += chunk.pos
            isAtFrameEnd = result == 0
            if !hasInput && output.pos == 0 { return 0 }
        }
        byteOffset &+= UInt64(output.pos)
        return output.pos
    }
}
