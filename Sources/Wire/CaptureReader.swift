import Glibc

/// Reads packets from pcap and pcapng files (capture-formats.md §1–§3), plain or compressed with
/// zstd. What a file holds is decided by its first bytes, not by its name.
///
/// Regular files are mapped, so they must not be shortened while they are read; pipes are streamed
/// through a buffer that holds the longest record. After `next()` has thrown or returned nil it
/// returns nil.
public final class CaptureReader {
    /// Largest packet or pcapng block that is believed (capture-formats.md §2).
    static let maximumLength: UInt32 = 256 << 20
    static let maximumInterfaces = 65_536

    /// All interfaces described so far, over all sections.
    @exclusivity(unchecked) public internal(set) var interfaces: [CaptureInterface] = []
    /// Set when `next()` has returned nil because the file ends inside a record.
    @exclusivity(unchecked) public internal(set) var truncation: CaptureTruncation?
    /// Packets of classic pcap files whose fraction of a second was a second or more, which a wrong
    /// magic number causes; their time is the plain sum.
    @exclusivity(unchecked) public internal(set) var oddFractionCount: UInt64 = 0

    let path: String
    let window: ByteWindow
    /// Nil for pcapng. Constant and without references, so that reading it costs nothing.
    private let pcap: PcapLayout?
    @exclusivity(unchecked) private(set) var isFinished = false
    @exclusivity(unchecked) var section = PcapngSection()

    /// Opens a file, or standard input for "-".
    public convenience init(path: String) throws(CaptureFileError) {
        let (window, name) = try ByteWindow.open(path: path)
        try self.init(window: window, path: name)
    }

    /// Reads a capture file that lies in memory.
    public convenience init(bytes: [UInt8]) throws(CaptureFileError) {
        let window = try ByteWindow.decompressing(ByteWindow(bytes: bytes), path: "memory")
        try self.init(window: window, path: "memory")
    }

    init(window: ByteWindow, path: String) throws(CaptureFileError) {
        self.path = path
        self.window = window
        pcap = try Self.recognize(window, path: path)
        if let pcap {
            interfaces = [CaptureInterface(pcap)]
            window.cursor += pcap.fileHeaderLength
        }
    }

    /// The offset of the first byte not yet delivered, in the uncompressed stream.
    public var byteOffset: UInt64 { window.byteOffset }

    /// Reads on to the first packet with a capture time and returns that, UTC ns; nil if there is none.
    public func firstTime() throws(CaptureFileError) -> UInt64? {
        while let record = try next() {
            if case .packet(let packet) = record, packet.hasTime { return packet.timeNanoseconds }
        }
        return nil
    }

    /// The next record, or nil at the end; then `truncation` tells whether the end came too early.
    /// What the record borrows is valid until the next call.
    public func next() throws(CaptureFileError) -> CaptureRecord? {
        if isFinished { return nil }
        do throws(CaptureFileError) {
            if let pcap { return try nextPcap(pcap) }
            return try nextPcapng()
        } catch {
            isFinished = true
            throw error
        }
    }

    /// Ends the reading where fewer bytes are left than a record needs.
    func endOfInput(in part: CaptureTruncation.Part) -> CaptureRecord? {
        isFinished = true
        let present = UInt64(window.available)
        if window.endsTooEarly {
            truncation = CaptureTruncation(
                part: .compressedFrame, byteOffset: byteOffset, bytesPresent: present)
        } else if present > 0 {
            truncation = CaptureTruncation(
                part: part, byteOffset: byteOffset, bytesPresent: present)
        }
        return nil
    }

    /// The error for damage `offset` bytes behind the start of the record at the cursor.
    func failure(_ problem: CaptureFileError.Problem, at offset: Int = 0) -> CaptureFileError {
        CaptureFileError(
            path: path, byteOffset: byteOffset &+ UInt64(offset), problem: problem)
    }
}

// MARK: - Opening

extension CaptureReader {
    /// True if the stream begins like a capture file of any sort.
    static func recognizes(_ window: ByteWindow) throws(CaptureFileError) -> Bool {
        guard try window.has(4) else { return false }
        let magic = UInt32(bigEndian: window.cursor.loadUnaligned(as: UInt32.self))
        return magic == PcapngSection.headerType || PcapLayout.Variant(magic: magic) != nil
    }

    /// The layout of a classic pcap file, nil for pcapng.
    private static func recognize(
        _ window: ByteWindow, path: String
    ) throws(CaptureFileError) -> PcapLayout? {
        guard try window.has(4) else {
            throw CaptureFileError(path: path, byteOffset: 0, problem: .cutHeader)
        }
        let magic = UInt32(bigEndian: window.cursor.loadUnaligned(as: UInt32.self))
        if magic == PcapngSection.headerType { return nil }
        guard let variant = PcapLayout.Variant(magic: magic) else {
            throw CaptureFileError(
                path: path, byteOffset: 0, problem: .unknownFormat(firstBytes: magic))
        }
        guard try window.has(variant.fileHeaderLength) else {
            throw CaptureFileError(path: path, byteOffset: 0, problem: .cutHeader)
        }
        let layout = PcapLayout(variant: variant, header: window.cursor)
        // Before 2.3 the two lengths of a record stood the other way round.
        guard layout.majorVersion == 2, layout.minorVersion >= 3 else {
            throw CaptureFileError(
                path: path, byteOffset: 4,
                problem: .unsupportedVersion(
                    major: layout.majorVersion, minor: layout.minorVersion))
        }
        return layout
    }
}

/// Loads an integer in the file's byte order.
@inline(__always)
func load<Integer: FixedWidthInteger & BitwiseCopyable>(
    _ pointer: UnsafeRawPointer, _ offset: Int, as type: Integer.Type, swapped: Bool
) -> Integer {
    let value = pointer.loadUnaligned(fromByteOffset: offset, as: type)
    return swapped ? value.byteSwapped : value
}
