public import CLinux

/// How long a message block is, and where its message begins.
///
/// Framings that are written out where they are used fold into the code: feeds' walks over blocks
/// know width and byte order when they are compiled.
///
/// A block is what stands between two messages' beginnings on the wire: a length and a message, or
/// a message that carries its own length, or a whole packet.
@frozen
public struct BlockFraming: Equatable, Sendable {
    @frozen
    public enum Kind: UInt8, Sendable {
        /// A length in front of the message, which counts the message alone.
        case prefixed
        /// A field of the message, which counts the whole message.
        case inclusive
        /// All bytes that are there.
        case packet
        /// No length: the message's category and indicator say it (OPRA).
        case opra
    }

    public let kind: Kind
    /// Byte offset of the length in its block.
    public let offset: Int
    /// Bytes of the length: 1, 2 or 4.
    public let width: Int
    public let bigEndian: Bool
    /// Bytes of the block that its length does not count.
    @usableFromInline let uncounted: Int
    /// Bytes of the block up to the end of what says its length: no block is shorter.
    @usableFromInline let head: Int
    /// What all of OPRA's messages begin with (others.md §5).
    @inlinable static var opraHead: Int { 12 }

    @inlinable
    @inline(__always)
    init(kind: Kind, offset: Int = 0, width: Int = 0, bigEndian: Bool = false) {
        self.kind = kind
        self.offset = offset
        self.width = width
        self.bigEndian = bigEndian
        uncounted = kind == .prefixed ? width : 0
        head = kind == .opra ? Self.opraHead : offset + width
    }

    /// 16 bits, big-endian, excluded (MoldUDP64, moldudp64.md §1).
    @inlinable
    public static var mold: BlockFraming { prefixed(width: 2, bigEndian: true) }
    /// 16 bits, little-endian, excluded (IEX-TP, iex.md §1).
    @inlinable
    public static var iex: BlockFraming { prefixed(width: 2, bigEndian: false) }
    /// One block: all that is there. For channels that number packets.
    @inlinable
    public static var packet: BlockFraming { BlockFraming(kind: .packet) }
    /// OPRA's messages carry no length (others.md §5).
    @inlinable
    public static var opra: BlockFraming { BlockFraming(kind: .opra) }

    /// A length of `width` bytes (1, 2 or 4) in front of the message, which does not count itself.
    @inlinable
    @inline(__always)
    public static func prefixed(width: Int, bigEndian: Bool) -> BlockFraming {
        precondition(width == 1 || width == 2 || width == 4, "lengths have 1, 2 or 4 bytes")
        return BlockFraming(kind: .prefixed, width: width, bigEndian: bigEndian)
    }

    /// A length of `width` bytes (1, 2 or 4) at `offset` (0 to 64) of the message, which counts the
    /// whole message.
    @inlinable
    @inline(__always)
    public static func inclusive(at offset: Int, width: Int, bigEndian: Bool) -> BlockFraming {
        precondition(width == 1 || width == 2 || width == 4, "lengths have 1, 2 or 4 bytes")
        precondition(offset >= 0 && offset <= 64, "the length stands in the message's head")
        return BlockFraming(kind: .inclusive, offset: offset, width: width, bigEndian: bigEndian)
    }

    /// Where the message of the block at `start` begins and where the block ends; nil if it does not
    /// lie whole in `bytes`. A length that ends before its own field is of no whole block.
    @inlinable
    @inline(__always)
    public func block(in bytes: UnsafeRawBufferPointer, at start: Int) -> (message: Int, end: Int)?
    {
        if kind == .packet { return start == 0 ? (0, bytes.count) : nil }
        let rest = bytes.count - start
        guard rest >= head else { return nil }
        let length = length(in: bytes, at: start)
        guard length >= head, length <= rest else { return nil }
        return (start + uncounted, start + length)
    }

    /// Bytes from the beginning of the block at `start`, which lies whole in `bytes`, to that of the
    /// next one.
    @inlinable
    @inline(__always)
    public func length(in bytes: UnsafeRawBufferPointer, at start: Int) -> Int {
        switch kind {
        case .prefixed, .inclusive: value(bytes, start + offset) + uncounted
        case .packet: bytes.count - start
        case .opra: Self.opraLength(bytes, start)
        }
    }

    @inlinable
    @inline(__always)
    func value(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> Int {
        let base = bytes.baseAddress.unsafelyUnwrapped
        switch width {
        case 2:
            let raw = base.loadUnaligned(fromByteOffset: at, as: UInt16.self)
            return Int(bigEndian ? UInt16(bigEndian: raw) : UInt16(littleEndian: raw))
        case 1:
            return Int(base.load(fromByteOffset: at, as: UInt8.self))
        default:
            let raw = base.loadUnaligned(fromByteOffset: at, as: UInt32.self)
            return Int(bigEndian ? UInt32(bigEndian: raw) : UInt32(littleEndian: raw))
        }
    }

    /// 0 if not even the message's head is there.
    @inlinable
    @inline(__always)
    public static func opraLength(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> Int {
        guard at < bytes.count, let base = bytes.baseAddress else { return 0 }
        return clinux_opra_length((base + at).assumingMemoryBound(to: UInt8.self), bytes.count - at)
    }
}

/// Walks up to `announced` blocks and finds how many lie whole in `bytes`.
///
/// Returns the whole blocks' count and the bytes they take.
@inlinable
@inline(__always)
public func wholeBlocks(
    in bytes: UnsafeRawBufferPointer, announced: Int, framing: BlockFraming
) -> (count: Int, bytes: Int) {
    var offset = 0
    var count = 0
    while count < announced, let block = framing.block(in: bytes, at: offset) {
        offset = block.end
        count += 1
    }
    return (count, offset)
}
