extension ITCH50 {
    /// Stock directory fields of one letter or two: key, offset, length (itch50.md §2 R).
    private static let directoryLetters: [(key: StaticString, offset: Int, length: Int)] = [
        ("market_category", 19, 1), ("financial_status", 20, 1), ("round_lots_only", 25, 1),
        ("issue_classification", 26, 1), ("issue_subtype", 27, 2), ("authenticity", 29, 1),
        ("short_sale_threshold", 30, 1), ("ipo_flag", 31, 1), ("luld_tier", 32, 1),
        ("etp_flag", 33, 1),
    ]

    /// Stock directory fields as `key=value` lines, the venue's own letters.
    ///
    /// `message` is a whole `R` of 39 bytes. Bytes that are no printable ASCII become `?`. Put
    /// together bytewise: thousands of these come at the start of a day.
    static func directoryDetails(_ message: UnsafeRawPointer) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(256)
        func append(key: StaticString) {
            bytes.append(
                contentsOf: UnsafeBufferPointer(
                    start: key.utf8Start, count: key.utf8CodeUnitCount))
            bytes.append(UInt8(ascii: "="))
        }
        func append(letters offset: Int, _ length: Int) {
            for place in offset..<(offset + length) {
                let letter = message.byte(place)
                if letter == UInt8(ascii: " ") { continue }
                let isPrintable = (0x21...0x7E).contains(letter)
                bytes.append(isPrintable ? letter : UInt8(ascii: "?"))
            }
        }
        for field in directoryLetters {
            append(key: field.key)
            append(letters: field.offset, field.length)
            bytes.append(UInt8(ascii: "\n"))
        }
        append(key: "etp_leverage")
        bytes.append(contentsOf: String(message.big32(34)).utf8)
        bytes.append(UInt8(ascii: "\n"))
        append(key: "inverse")
        append(letters: 38, 1)
        return String(decoding: bytes, as: UTF8.self)
    }
}
