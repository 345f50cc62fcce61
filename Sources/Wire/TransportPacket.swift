import Ticks

/// What a transport packet is for.
@frozen
public enum TransportPacketKind: UInt8, Sendable {
    case data
    /// Carries no message; its sequence is the next one that will be sent.
    case heartbeat
    /// Like a heartbeat, and nothing will follow in this session.
    case endOfSession
}

/// Why a payload is not a packet of the expected transport.
public enum TransportRejection: UInt8, CaseIterable, Sendable {
    /// Shorter than the transport's header.
    case headerCut
    case wrongVersion
    /// A message protocol other than the configured one.
    case wrongProtocol
    /// Another channel of the feed.
    case wrongChannel
    /// A sequence that no venue reaches (2^62 and above).
    case sequenceOutOfRange
    /// The header's length and the datagram's contradict each other.
    case badLength
    /// The bytes do not add up to the header's checksum.
    case badChecksum
}

/// One parsed transport header, pointing at the message blocks that follow it.
///
/// Borrowed: valid as long as the datagram's bytes are.
@frozen
public struct TransportPacket {
    public var session: SessionIdentifier
    /// Sequence of the first message; for heartbeats and ends the next one to be sent.
    public var firstSequence: UInt64
    /// Messages that lie whole in `blocks`.
    public var messageCount: Int
    /// Messages that the header announces; more than `messageCount` in a damaged packet.
    public var announcedCount: Int
    public var kind: TransportPacketKind
    /// ns since the Unix epoch, 0 if the transport has none.
    public var sendTime: UInt64
    /// Byte offset of the payload in the session's stream, 0 if the transport has none.
    public var streamOffset: UInt64
    /// `messageCount` blocks, each a 16-bit length and as many bytes.
    public var blocks: UnsafeRawBufferPointer
    /// Bytes behind the last block that belong to no message.
    public var trailingBytes: Int

    @inlinable
    public init(
        session: SessionIdentifier, firstSequence: UInt64, messageCount: Int, announcedCount: Int,
        kind: TransportPacketKind, sendTime: UInt64 = 0, streamOffset: UInt64 = 0,
        blocks: UnsafeRawBufferPointer, trailingBytes: Int = 0
    ) {
        self.session = session
        self.firstSequence = firstSequence
        self.messageCount = messageCount
        self.announcedCount = announcedCount
        self.kind = kind
        self.sendTime = sendTime
        self.streamOffset = streamOffset
        self.blocks = blocks
        self.trailingBytes = trailingBytes
    }

    /// Sequence behind the last message that the header announces.
    @inlinable
    public var endSequence: UInt64 { firstSequence &+ UInt64(announcedCount) }
}

/// Outcome of parsing a datagram's payload.
@frozen
public enum TransportOutcome {
    case packet(TransportPacket)
    case rejected(TransportRejection)
}

/// Byte order of the 16-bit lengths in front of messages.
@frozen
public enum BlockLengthOrder: Sendable {
    case bigEndian
    case littleEndian

    /// The length of the block at `offset`; two bytes must be there.
    @inlinable
    @inline(__always)
    public func length(in bytes: UnsafeRawBufferPointer, at offset: Int) -> Int {
        let raw = bytes.baseAddress.unsafelyUnwrapped
            .loadUnaligned(fromByteOffset: offset, as: UInt16.self)
        return Int(self == .bigEndian ? UInt16(bigEndian: raw) : UInt16(littleEndian: raw))
    }
}

/// Walks up to `announced` blocks and finds how many lie whole in `bytes`.
///
/// Returns the whole blocks' count and the bytes they take.
func wholeBlocks(
    in bytes: UnsafeRawBufferPointer, announced: Int, order: BlockLengthOrder
) -> (count: Int, bytes: Int) {
    var offset = 0
    var count = 0
    while count < announced, offset + 2 <= bytes.count {
        let end = offset + 2 + order.length(in: bytes, at: offset)
        if end > bytes.count { break }
        offset = end
        count += 1
    }
    return (count, offset)
}
