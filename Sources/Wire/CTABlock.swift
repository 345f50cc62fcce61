/// Blocks of the consolidated tapes A and B: quotes (CQS) and trades (CTS), others.md §3.
///
/// Numbers count messages and begin with 0 at the start of the day. Versions 0 (2017) to 2.
public enum CTABlock {
    public static let headerSize = 20
    /// How messages lie in the packet.
    @inlinable
    public static var framing: BlockFraming { .inclusive(at: 0, width: 2, bigEndian: true) }

    static let quoteBlock = block(feed: UInt8(ascii: "Q"))
    static let tradeBlock = block(feed: UInt8(ascii: "T"))

    /// CQS.
    public static let quotes = transport("cta-quotes", quoteBlock)
    /// CTS.
    public static let trades = transport("cta-trades", tradeBlock)

    private static func block(feed: UInt8) -> SIACBlock {
        SIACBlock(
            headerSize: headerSize, feed: feed, versions: 0...2, sequenceOffset: 5, countOffset: 9,
            timeOffset: 10, checksumOffset: 18, framing: framing, categoryOffset: 2,
            typeOffset: 3, control: UInt8(ascii: "C"), startOfDay: UInt8(ascii: "A"),
            reset: UInt8(ascii: "L"), lineIntegrity: UInt8(ascii: "T"))
    }

    private static func transport(_ name: String, _ block: SIACBlock) -> TransportDefinition {
        TransportDefinition(
            name: name, framing: framing,
            parse: { payload, _ in block.parse(payload) },
            encode: { contents in
                block.encode(
                    contents, version: 2, original: UInt8(ascii: "O"),
                    idle: message(type: block.lineIntegrity))
            })
    }

    /// A control message of the processor: the 26 bytes of the message header.
    static func message(type: UInt8) -> [UInt8] {
        var bytes: [UInt8] = []
        _ = bytes.appendWire(26)
        bytes.putWire(26 as UInt16, at: 0, bigEndian: true)
        bytes[2] = UInt8(ascii: "C")
        bytes[3] = type
        bytes[4] = UInt8(ascii: "S")
        bytes[13] = 1
        return bytes
    }
}
