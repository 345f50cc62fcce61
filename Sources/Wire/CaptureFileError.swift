/// A capture file that cannot be read, or not any further.
public struct CaptureFileError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Problem: Hashable, Sendable {
        /// `errno` of open or fstat.
        case cannotOpen(code: Int32)
        /// `errno` of read or mmap.
        case cannotRead(code: Int32)
        case empty
        /// The first bytes, at most 4, as a big-endian number.
        case unknownFormat(firstBytes: UInt32)
        case cutHeader
        case unsupportedVersion(major: UInt16, minor: UInt16)
        /// zstd's name for what is wrong.
        case damagedCompression(String)
        case absurdCapturedLength(UInt32)
        case badBlockLength(UInt32)
        case badByteOrderMagic(UInt32)
        case badOption
        case unknownInterface(UInt32)
        case tooManyInterfaces
        /// A message file goes on behind the record that ends its session.
        case bytesBehindEnd
    }

    /// As given, or "standard input", or "memory".
    public var path: String
    /// Where the damage is, in the uncompressed stream.
    public var byteOffset: UInt64
    public var problem: Problem

    public init(path: String, byteOffset: UInt64, problem: Problem) {
        self.path = path
        self.byteOffset = byteOffset
        self.problem = problem
    }

    public var description: String {
        switch problem {
        case .cannotOpen(let code): "\(path): cannot open: \(systemMessage(code))"
        case .cannotRead(let code):
            "\(path): cannot read at byte \(byteOffset): \(systemMessage(code))"
        case .empty:
            "\(path): the file is empty; expected a capture (pcap, pcapng) or a message file"
        case .unknownFormat(let bytes): "\(path): \(Self.explain(unknown: bytes))"
        default: "\(path): damaged at byte \(byteOffset): \(damage)"
        }
    }

    private var damage: String {
        switch problem {
        case .cutHeader: "the file ends inside its header"
        case .unsupportedVersion(let major, let minor):
            "format version \(major).\(minor) is unknown; rewrite it with editcap"
        case .damagedCompression(let name): "zstd: \(name); test it with zstd -t"
        case .absurdCapturedLength(let length): "a captured length of \(length) bytes"
        case .badBlockLength(let length): "a block length of \(length) bytes is impossible here"
        case .badByteOrderMagic(let magic):
            "section with byte-order magic 0x\(String(magic, radix: 16))"
        case .badOption: "an option runs past the end of its block"
        case .unknownInterface(let id): "packet of interface \(id), which its section lacks"
        case .tooManyInterfaces: "more than \(CaptureReader.maximumInterfaces) interfaces"
        case .bytesBehindEnd:
            "more bytes behind the record of length 0 that ends the session"
        case .cannotOpen, .cannotRead, .empty, .unknownFormat: "unreadable"
        }
    }

    /// The program that compressed a file with these first bytes (big-endian), if it is one that is
    /// not read here.
    static func compression(_ bytes: UInt32) -> String? {
        if bytes >> 16 == 0x1F8B { return "gzip" }
        if bytes == 0x0422_4D18 { return "LZ4" }
        if bytes == 0xFD37_7A58 { return "xz" }
        return bytes >> 8 == 0x42_5A68 ? "bzip2" : nil
    }

    private static func explain(unknown bytes: UInt32) -> String {
        if let program = compression(bytes) {
            return "compressed with \(program); decompress it into a pipe and read standard input"
        }
        let digits = String(bytes, radix: 16)
        let padded = String(repeating: "0", count: 8 - digits.count) + digits
        return "neither pcap nor pcapng: begins with bytes \(padded); a message file needs a feed"
    }
}
