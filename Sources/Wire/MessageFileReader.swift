/// Reads length-prefixed message files (itch50.md §4, "BinaryFILE"): a 16-bit big-endian length and
/// as many bytes, repeated. A record of length 0 ends the session.
///
/// The records are framed as MoldUDP64 frames its blocks, so they are handed out as they stand.
public final class MessageFileReader {
    /// Set when the file ends inside a record; everything before it was delivered.
    public private(set) var truncation: CaptureTruncation?
    public let path: String
    private let window: ByteWindow
    private var isFinished = false

    init(window: ByteWindow, path: String) {
        self.window = window
        self.path = path
    }

    /// Opens a file, or standard input for "-".
    public convenience init(path: String) throws(CaptureFileError) {
        let (window, name) = try ByteWindow.open(path: path)
        self.init(window: window, path: name)
    }

    /// Reads a message file that lies in memory.
    public convenience init(bytes: [UInt8]) {
        self.init(window: ByteWindow(bytes: bytes), path: "memory")
    }

    public var byteOffset: UInt64 { window.byteOffset }

    /// Hands out up to `most` whole records, valid until the next call; nil at the end.
    public func next(most: Int = 256) throws(CaptureFileError)
        -> (blocks: UnsafeRawBufferPointer, count: Int)?
    {
        if isFinished { return nil }
        var length = 0
        var count = 0
        while count < most {
            guard try window.has(length + 2) else { break }
            let size = BlockFraming.mold.length(
                in: UnsafeRawBufferPointer(start: window.cursor, count: length + 2), at: length)
            if size == 2 { break }
            guard try window.has(length + size) else { break }
            length += size
            count += 1
        }
        if count == 0 { return try end() }
        defer { window.cursor += length }
        return (UnsafeRawBufferPointer(start: window.cursor, count: length), count)
    }

    /// Nothing whole is left: a clean end, a cut record, or bytes behind the end of the session.
    private func end() throws(CaptureFileError)
        -> (blocks: UnsafeRawBufferPointer, count: Int)?
    {
        isFinished = true
        let offset = window.byteOffset
        if try window.has(2) {
            if window.cursor.loadUnaligned(as: UInt16.self) == 0 {
                guard try !window.has(3) else {
                    throw CaptureFileError(
                        path: path, byteOffset: offset + 2, problem: .bytesBehindEnd)
                }
                return nil
            }
        }
        if window.available > 0 || window.endsTooEarly {
            truncation = CaptureTruncation(
                part: window.endsTooEarly ? .compressedFrame : .message, byteOffset: offset,
                bytesPresent: UInt64(window.available))
        }
        return nil
    }
}

/// A market-data file of either sort; its first bytes decide.
public enum InputFile {
    case capture(CaptureReader)
    case messages(MessageFileReader)

    /// Opens a file, or standard input for "-".
    public static func open(path: String) throws(CaptureFileError) -> InputFile {
        let (window, name) = try ByteWindow.open(path: path)
        if try CaptureReader.recognizes(window) {
            return .capture(try CaptureReader(window: window, path: name))
        }
        if try window.has(4) {
            let first = UInt32(bigEndian: window.cursor.loadUnaligned(as: UInt32.self))
            if CaptureFileError.compression(first) != nil {
                throw CaptureFileError(
                    path: name, byteOffset: 0, problem: .unknownFormat(firstBytes: first))
            }
        }
        return .messages(MessageFileReader(window: window, path: name))
    }
}
