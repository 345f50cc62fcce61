/// One captured packet, borrowed from its `CaptureReader`: valid until the reader's next call.
@frozen
public struct CapturedPacket {
    /// The bytes captured, from the link header on, frame check sequence included.
    public var bytes: UnsafeRawBufferPointer
    /// Nanoseconds since the Unix epoch, rounded down; 0 unless `hasTime`.
    public var timeNanoseconds: UInt64
    /// Index into `CaptureReader.interfaces`, counted over all sections of the file.
    public var interface: Int
    /// How many of the last bytes belong to the frame check sequence.
    public var fcsLength: Int
    /// Length on the wire. Files exist where it is smaller than what was captured.
    public var originalLength: UInt32
    public var linkType: LinkType
    /// False for packets that the file gives no time (pcapng's Simple Packet Block), or one before
    /// 1970 or after 2554.
    public var hasTime: Bool

    @inlinable
    public init(
        bytes: UnsafeRawBufferPointer, timeNanoseconds: UInt64, hasTime: Bool = true,
        originalLength: UInt32, interface: Int = 0, linkType: LinkType = .ethernet,
        fcsLength: Int = 0
    ) {
        self.bytes = bytes
        self.timeNanoseconds = timeNanoseconds
        self.hasTime = hasTime
        self.originalLength = originalLength
        self.interface = interface
        self.linkType = linkType
        self.fcsLength = fcsLength
    }
}

/// What a capture file holds, in file order. Borrowed bytes are valid until the reader's next call.
@frozen
public enum CaptureRecord {
    case packet(CapturedPacket)
    /// A pcapng custom block (types 0x0BAD and 0x40000BAD): the IANA private enterprise number and
    /// all that follows it, up to 3 bytes of padding and any options included, because the format
    /// does not tell where the data end (capture-formats.md §3).
    case custom(enterprise: UInt32, data: UnsafeRawBufferPointer)
}

/// The unit of an interface's timestamps (pcapng option if_tsresol).
public enum TimestampResolution: Hashable, Sendable {
    /// 10^-exponent seconds.
    case decimal(exponent: UInt8)
    /// 2^-exponent seconds.
    case binary(exponent: UInt8)
}

/// An interface that a capture file describes; classic pcap files have exactly one.
public struct CaptureInterface: Hashable, Sendable {
    public var name: String?
    public var description: String?
    /// The capture filter, where the file gives it as text.
    public var filter: String?
    public var linkType: LinkType
    /// Most bytes captured of a packet; 0 = no limit.
    public var snapLength: UInt32
    public var resolution: TimestampResolution
    /// Seconds that were added to every timestamp (pcapng option if_tsoffset).
    public var offsetSeconds: Int64
    /// Bytes of frame check sequence at the end of its packets on the wire.
    public var fcsLength: Int
    /// The file's section, counted from 0, that describes it.
    public var section: Int
}

/// Where and in what a capture file ends too early. Everything before was delivered.
public struct CaptureTruncation: Hashable, Sendable, CustomStringConvertible {
    public enum Part: Hashable, Sendable {
        /// Inside a packet of a classic pcap file.
        case packet
        /// Inside a block of a pcapng file.
        case block
        /// Inside a zstd frame, whose last bytes decompressed are lost.
        case compressedFrame
        /// Inside a record of a message file.
        case message
    }

    public var part: Part
    /// The first byte not delivered, in the uncompressed stream: where the incomplete packet or
    /// block begins.
    public var byteOffset: UInt64
    /// How many bytes of it are there.
    public var bytesPresent: UInt64

    public init(part: Part, byteOffset: UInt64, bytesPresent: UInt64) {
        self.part = part
        self.byteOffset = byteOffset
        self.bytesPresent = bytesPresent
    }

    public var description: String {
        let thing =
            switch part {
            case .packet: "packet"
            case .block: "block"
            case .compressedFrame: "zstd frame"
            case .message: "message"
            }
        return "the file is cut inside its last \(thing): \(bytesPresent) bytes from byte"
            + " \(byteOffset) on are incomplete"
    }
}
