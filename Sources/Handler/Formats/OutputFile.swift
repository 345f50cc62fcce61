import Glibc

/// Why an output cannot be written; names the file and the remedy.
public enum OutputError: Error, Equatable, CustomStringConvertible {
    case exists(path: String)
    case system(path: String, call: String, code: Int32)
    /// The format must go back to its beginning, which a pipe cannot.
    case notSeekable(format: String)

    public var description: String {
        switch self {
        case .exists(let path): "\(path) exists: use --force to replace it"
        case .system(let path, let call, let code):
            "\(path): \(call): \(String(cString: strerror(code)))"
        case .notSeekable(let format): "\(format) needs a file: use --out FILE"
        }
    }
}

/// Buffered bytes to a new file or to standard output.
public final class OutputFile {
    public let path: String
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private static let flushSize = 1 << 18

    /// Nil or "-" for standard output. An existing file is replaced only if `force` is set.
    public init(path: String?, force: Bool) throws(OutputError) {
        guard let path, path != "-" else {
            self.path = "standard output"
            descriptor = STDOUT_FILENO
            return
        }
        self.path = path
        let flags = O_WRONLY | O_CREAT | O_CLOEXEC | (force ? O_TRUNC : O_EXCL)
        descriptor = open(path, flags, 0o644)
        if descriptor < 0 {
            throw errno == EEXIST
                ? .exists(path: path) : .system(path: path, call: "open", code: errno)
        }
    }

    deinit { if descriptor != STDOUT_FILENO { close(descriptor) } }

    /// Writes all of it at once.
    public func write(_ bytes: [UInt8]) throws(OutputError) {
        buffer += bytes
        try flush()
    }

    /// Lets `body` append to the buffer.
    public func append(_ body: (inout [UInt8]) -> Void) throws(OutputError) {
        body(&buffer)
        if buffer.count >= Self.flushSize { try flush() }
    }

    /// Hands the buffer to the system.
    public func flush() throws(OutputError) {
        var start = 0
        while start < buffer.count {
            let written = buffer.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress! + start, buffer.count - start)
            }
            if written < 0 {
                if errno == EINTR { continue }
                throw .system(path: path, call: "write", code: errno)
            }
            start += written
        }
        buffer.removeAll(keepingCapacity: true)
    }

    var isSeekable: Bool { lseek(descriptor, 0, SEEK_CUR) >= 0 }

    /// Overwrites bytes at the file's beginning.
    func patch(_ bytes: [UInt8]) throws(OutputError) {
        try flush()
        guard pwrite(descriptor, bytes, bytes.count, 0) == bytes.count else {
            throw .system(path: path, call: "pwrite", code: errno)
        }
    }
}
