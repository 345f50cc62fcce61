import Ticks

/// IEX-TP 1.x outbound segments (iex.md §1).
public enum IEXTP {
    public static let headerSize = 40
    static let sequenceLimit: UInt64 = 1 << 62

    /// Message protocols by their identifiers in the header.
    public enum MessageProtocol: UInt16, Sendable {
        case tops15 = 0x8002
        case tops16 = 0x8003
        case deep10 = 0x8004
        case deepPlus = 0x8005
    }

    /// Sessions of `PacketContents` are session ids of 32 bits.
    public static func transport(for messageProtocol: MessageProtocol) -> TransportDefinition {
        TransportDefinition(
            name: "iextp", framing: .iex, isTimed: true, defaultChannel: 1,
            parse: { payload, options in
                parse(payload, messageProtocol: messageProtocol, channel: options.channel)
            },
            encode: { contents in
                var bytes: [UInt8] = []
                IEXTPEncoder.appendSegment(
                    stream: IEXTPEncoder.Stream(
                        protocolID: messageProtocol.rawValue, channelID: contents.channel,
                        sessionID: UInt32(truncatingIfNeeded: contents.session)),
                    streamOffset: Int64(bitPattern: contents.streamOffset),
                    sequence: Int64(bitPattern: contents.sequence),
                    sendTime: Int64(bitPattern: contents.sendTime), messages: contents.messages,
                    to: &bytes)
                return bytes
            })
    }

    /// Reads the header and checks that the message blocks lie inside the payload.
    ///
    /// The payload length of the header must not exceed the datagram; bytes behind it are counted
    /// as trailing. `channel` 0 takes any.
    public static func parse(
        _ payload: UnsafeRawBufferPointer, messageProtocol: MessageProtocol, channel: UInt32
    ) -> TransportOutcome {
        guard payload.count >= headerSize, let base = payload.baseAddress else {
            return .rejected(.headerCut)
        }
        guard base.load(as: UInt8.self) == 1 else { return .rejected(.wrongVersion) }
        guard little(base, 2, UInt16.self) == messageProtocol.rawValue else {
            return .rejected(.wrongProtocol)
        }
        guard channel == 0 || little(base, 4, UInt32.self) == channel else {
            return .rejected(.wrongChannel)
        }
        let session = little(base, 8, UInt32.self)
        let length = Int(little(base, 12, UInt16.self))
        let count = Int(little(base, 14, UInt16.self))
        let offset = little(base, 16, UInt64.self)
        let sequence = little(base, 24, UInt64.self)
        guard sequence < sequenceLimit, offset < sequenceLimit else {
            return .rejected(.sequenceOutOfRange)
        }
        let rest = payload.count - headerSize
        guard length <= rest else { return .rejected(.badLength) }
        let body = UnsafeRawBufferPointer(rebasing: payload[headerSize..<(headerSize + length)])
        let whole = wholeBlocks(in: body, announced: count, framing: .iex)
        return .packet(
            TransportPacket(
                session: SessionIdentifier(high: UInt64(session) << 32, low: 0),
                firstSequence: sequence, messageCount: whole.count, announcedCount: count,
                kind: count == 0 ? .heartbeat : .data,
                sendTime: little(base, 32, UInt64.self), streamOffset: offset,
                blocks: UnsafeRawBufferPointer(rebasing: body[..<whole.bytes]),
                trailingBytes: rest - whole.bytes))
    }

    @inline(__always)
    private static func little<Value: FixedWidthInteger & BitwiseCopyable>(
        _ base: UnsafeRawPointer, _ offset: Int, _ type: Value.Type
    ) -> Value {
        Value(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: type))
    }
}
