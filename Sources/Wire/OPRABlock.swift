/// Blocks of OPRA, binary version 6 (others.md §5).
///
/// Numbers count messages and begin with 0 at the start of the day. Messages carry no length: their
/// category and indicator say it. Only the block has a time.
public enum OPRABlock {
    public static let headerSize = 21

    static let block = SIACBlock(
        headerSize: headerSize, feed: UInt8(ascii: "O"), versions: 6...6, sequenceOffset: 6,
        countOffset: 10, timeOffset: 11, checksumOffset: 19, framing: .opra, categoryOffset: 1,
        typeOffset: 2, control: UInt8(ascii: "H"), startOfDay: UInt8(ascii: "C"),
        reset: UInt8(ascii: "K"), lineIntegrity: UInt8(ascii: "N"))

    public static let transport = TransportDefinition(
        name: "opra", framing: .opra,
        parse: { payload, _ in block.parse(payload) },
        encode: { contents in
            block.encode(
                contents, version: 6, original: UInt8(ascii: " "),
                idle: message(type: block.lineIntegrity))
        })

    /// A control message: the 12 bytes of the message header.
    static func message(type: UInt8) -> [UInt8] {
        let head = [UInt8(ascii: "O"), UInt8(ascii: "H"), type, UInt8(ascii: " ")]
        return head + [UInt8](repeating: 0, count: 8)
    }
}
