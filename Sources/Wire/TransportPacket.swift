import Ticks

/// What a transport packet is for.
@frozen
public enum TransportPacketKind: UInt8, Sendable {
    case data
    /// Carries no message; its sequence is the next one that will be sent.
    case heartbeat
    /// Like a heartbeat, and nothing will follow in this session.
    case endOfSession
    /// Messages outside of the order, under no sequence number (PITCH, cboe-pitch.md).
    case unsequenced
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
    /// A compressed body, which is not read here (Optiq's LZ4, others.md §11).
    case compressed

    /// As people read it.
    public var text: String {
        switch self {
        case .headerCut: "shorter than the header"
        case .wrongVersion: "another version"
        case .wrongProtocol: "another protocol"
        case .wrongChannel: "another channel"
        case .sequenceOutOfRange: "a sequence that no venue reaches"
        case .badLength: "header and datagram contradict each other in length"
        case .badChecksum: "wrong checksum"
        case .compressed: "compressed"
        }
    }
}

/// One parsed transport header, pointing at the message blocks that follow it.
///
/// Borrowed: valid as long as the datagram's bytes are.
@frozen
public struct TransportPacket {
    public var session: SessionIdentifier
    /// Sequence of the first message, or of the packet where packets are numbered; for heartbeats
    /// and ends the next one to be sent; 0 for unsequenced packets.
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
    /// `messageCount` blocks, framed as the transport's definition says.
    public var blocks: UnsafeRawBufferPointer
    /// Bytes behind the last block that belong to no message.
    public var trailingBytes: Int
    /// The packet says itself that a new run of sequence numbers begins with it.
    public var resetsSequence: Bool

    @inlinable
    public init(
        session: SessionIdentifier, firstSequence: UInt64, messageCount: Int, announcedCount: Int,
        kind: TransportPacketKind, sendTime: UInt64 = 0, streamOffset: UInt64 = 0,
        blocks: UnsafeRawBufferPointer, trailingBytes: Int = 0,
        resetsSequence: Bool = false
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
        self.resetsSequence = resetsSequence
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
