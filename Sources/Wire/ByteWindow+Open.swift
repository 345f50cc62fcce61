import Glibc

/// Opening byte streams: regular files mapped, pipes streamed, zstd looked into.
extension ByteWindow {
    static let initialCapacity = 1 << 20

    /// Opens a file, or standard input for "-". What is compressed with zstd is decompressed; the
    /// content decides. Throws for an empty stream.
    static func open(path: String) throws(CaptureFileError) -> (window: ByteWindow, name: String) {
        if path == "-" {
            let name = "standard input"
            let raw = try window(descriptor: STDIN_FILENO, isOwned: false, path: name)
            return (try decompressing(raw, path: name), name)
        }
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw CaptureFileError(path: path, byteOffset: 0, problem: .cannotOpen(code: errno))
        }
        let raw = try window(descriptor: descriptor, isOwned: true, path: path)
        return (try decompressing(raw, path: path), path)
    }

    /// The stream itself, or what it decompresses to.
    static func decompressing(_ raw: ByteWindow, path: String) throws(CaptureFileError)
        -> ByteWindow
    {
        guard try raw.has(1) else {
            throw CaptureFileError(path: path, byteOffset: 0, problem: .empty)
        }
        guard try raw.has(4), isZstd(raw.cursor.loadUnaligned(as: UInt32.self)) else { return raw }
        let source = ZstdSource(input: raw, path: path)
        let window = ByteWindow(source: source, initialCapacity: initialCapacity)
        guard try window.has(1) else {
            throw CaptureFileError(
                path: path, byteOffset: 0, problem: source.endsTooEarly ? .cutHeader : .empty)
        }
        return window
    }

    private static func window(
        descriptor: Int32, isOwned: Bool, path: String
    ) throws(CaptureFileError) -> ByteWindow {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let code = errno
            if isOwned { close(descriptor) }
            throw CaptureFileError(path: path, byteOffset: 0, problem: .cannotOpen(code: code))
        }
        // A file on standard input that somebody has begun to read is streamed from there on.
        let isRegular = status.st_mode & S_IFMT == S_IFREG
        guard isRegular, status.st_size > 0, lseek(descriptor, 0, SEEK_CUR) == 0 else {
            return ByteWindow(
                source: DescriptorSource(descriptor: descriptor, isOwned: isOwned, path: path),
                initialCapacity: initialCapacity)
        }
        let size = Int(status.st_size)
        let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0)
        let code = errno
        if isOwned { close(descriptor) }
        guard let address, address != MAP_FAILED else {
            throw CaptureFileError(path: path, byteOffset: 0, problem: .cannotRead(code: code))
        }
        return ByteWindow(mapped: UnsafeMutableRawBufferPointer(start: address, count: size))
    }

    /// Frame magic 0xFD2FB528 or one of the sixteen skippable ones (RFC 8878 §3.1.1, §3.1.2).
    private static func isZstd(_ word: UInt32) -> Bool {
        let magic = UInt32(littleEndian: word)
        return magic == 0xFD2F_B528 || magic & 0xFFFF_FFF0 == 0x184D_2A50
    }
}
