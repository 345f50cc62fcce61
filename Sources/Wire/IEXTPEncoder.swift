/// Writes IEX-TP segments (iex.md §1): a 40-byte little-endian header, then blocks of a 16-bit
/// length and a message.
public enum IEXTPEncoder {
    public static let headerByteCount = 40
    /// Bytes that a message needs beyond its own.
    public static let blockOverheadByteCount = 2

    /// The fields that stay the same over a stream.
    public struct Stream: Hashable, Sendable {
        /// Message protocol id, such as 0x8003 (TOPS 1.6) or 0x8004 (DEEP 1.0).
        public var protocolID: UInt16
        public var channelID: UInt32
        public var sessionID: UInt32

        public init(protocolID: UInt16, channelID: UInt32 = 1, sessionID: UInt32) {
            self.protocolID = protocolID
            self.channelID = channelID
            self.sessionID = sessionID
        }
    }

    /// - Parameters:
    ///   - payloadByteCount: bytes of all blocks, without this header.
    ///   - streamOffset: byte offset of the payload in the session's stream.
    ///   - sequence: that of the first message; in a heartbeat, the next one expected.
    ///   - sendTime: ns since the Unix epoch, UTC.
    public static func appendHeader(
        stream: Stream, payloadByteCount: UInt16, messageCount: UInt16, streamOffset: Int64,
        sequence: Int64, sendTime: Int64, to bytes: inout [UInt8]
    ) {
        bytes.appendFields(byteCount: headerByteCount) {
            $0.little(1 as UInt8)
            $0.zeros(1)
            $0.little(stream.protocolID)
            $0.little(stream.channelID)
            $0.little(stream.sessionID)
            $0.little(payloadByteCount)
            $0.little(messageCount)
            $0.little(streamOffset)
            $0.little(sequence)
            $0.little(sendTime)
        }
    }

    /// `message` holds at most 65,535 bytes.
    public static func appendBlock(_ message: some Collection<UInt8>, to bytes: inout [UInt8]) {
        bytes.appendFields(byteCount: 2) { $0.little(UInt16(message.count)) }
        bytes.append(contentsOf: message)
    }

    /// A whole segment; without messages it is a heartbeat. All blocks together hold at most
    /// 65,535 bytes.
    /// - Returns: the stream offset of the next segment.
    @discardableResult
    public static func appendSegment(
        stream: Stream, streamOffset: Int64, sequence: Int64, sendTime: Int64,
        messages: [[UInt8]], to bytes: inout [UInt8]
    ) -> Int64 {
        let payload = messages.reduce(0) { $0 + blockOverheadByteCount + $1.count }
        appendHeader(
            stream: stream, payloadByteCount: UInt16(payload), messageCount: UInt16(messages.count),
            streamOffset: streamOffset, sequence: sequence, sendTime: sendTime, to: &bytes)
        for message in messages { appendBlock(message, to: &bytes) }
        return streamOffset + Int64(payload)
    }
}
