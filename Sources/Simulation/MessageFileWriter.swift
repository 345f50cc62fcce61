import Glibc

/// Writes a message file: each message behind its length as a 16-bit big-endian number, in the end
/// a length of zero (itch50.md §4, "BinaryFILE").
public struct MessageFileWriter: ~Copyable {
    private static let bufferByteCount = 1 << 20

    private let path: String
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    /// Messages appended.
    public private(set) var messageCount = 0

    /// Creates the file, or empties it where overwriting is allowed.
    public init(path: String, overwrite: Bool = false) throws(SimulationIOError) {
        let flags = O_WRONLY | O_CREAT | O_CLOEXEC | (overwrite ? O_TRUNC : O_EXCL)
        let descriptor = open(path, flags, 0o644)
        guard descriptor >= 0 else {
            if errno == EEXIST { throw .fileExists(path) }
            throw .last("open", path)
        }
        self.path = path
        self.descriptor = descriptor
        buffer.reserveCapacity(Self.bufferByteCount + 1 << 16)
    }

    deinit { _ = close(descriptor) }

    /// - Parameter message: 1 to 65,535 bytes.
    public mutating func append(_ message: some Collection<UInt8>) throws(SimulationIOError) {
        precondition((1...0xFFFF).contains(message.count), "a length of zero ends the file")
        buffer.append(UInt8(message.count >> 8))
        buffer.append(UInt8(message.count & 0xFF))
        buffer.append(contentsOf: message)
        messageCount += 1
        if buffer.count >= Self.bufferByteCount { try flush() }
    }

    /// Writes all messages that `source` still has, and ends the file.
    public consuming func finish(with source: inout some MessageSource) throws(SimulationIOError) {
        var message: [UInt8] = []
        while source.next(into: &message) {
            try append(message)
            message.removeAll(keepingCapacity: true)
        }
        try finish()
    }

    /// Ends the file. Without this call it is cut short.
    public consuming func finish() throws(SimulationIOError) {
        buffer.append(0)
        buffer.append(0)
        try flush()
    }

    private mutating func flush() throws(SimulationIOError) {
        var written = 0
        while written < buffer.count {
            let result = buffer.withUnsafeBytes {
                write(descriptor, $0.baseAddress! + written, $0.count - written)
            }
            if result < 0 {
                if errno == EINTR { continue }
                throw .last("write", path)
            }
            written += result
        }
        buffer.removeAll(keepingCapacity: true)
    }
}
