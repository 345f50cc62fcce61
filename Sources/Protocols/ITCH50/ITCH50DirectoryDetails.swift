extension ITCH50 {
    /// Stock directory fields as `key=value` lines, the venue's own letters (itch50.md §2 R).
    ///
    /// `message` is a whole `R` of 39 bytes. Bytes that are no printable ASCII become `?`.
    static func directoryDetails(_ message: UnsafeRawPointer) -> String {
        func letters(_ offset: Int, _ length: Int = 1) -> String {
            var text = ""
            for index in offset..<(offset + length) {
                let byte = message.byte(index)
                text.unicodeScalars.append(
                    Unicode.Scalar((0x20...0x7E).contains(byte) ? byte : UInt8(ascii: "?")))
            }
            while text.hasSuffix(" ") { text.removeLast() }
            return text
        }
        let fields = [
            ("market_category", letters(19)), ("financial_status", letters(20)),
            ("round_lots_only", letters(25)), ("issue_classification", letters(26)),
            ("issue_subtype", letters(27, 2)), ("authenticity", letters(29)),
            ("short_sale_threshold", letters(30)), ("ipo_flag", letters(31)),
            ("luld_tier", letters(32)), ("etp_flag", letters(33)),
            ("etp_leverage", String(message.big32(34))), ("inverse", letters(38)),
        ]
        return fields.map { "\($0)=\($1)" }.joined(separator: "\n")
    }
}
