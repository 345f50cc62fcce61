extension ITCH50Decoder {
    /// Stock directory fields as `key=value` lines, the venue's own letters (itch50.md §2 R).
    ///
    /// Bytes that are no printable ASCII become `?`. Put together bytewise: thousands of these come
    /// at the start of a day.
    func directoryDetails(_ message: ITCHStockDirectory) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(256)
        func append(_ key: StaticString, _ letters: UnsafeRawBufferPointer) {
            append(key: key)
            for letter in letters where letter != UInt8(ascii: " ") {
                let isPrintable = (0x21...0x7E).contains(letter)
                bytes.append(isPrintable ? letter : UInt8(ascii: "?"))
            }
        }
        func append(key: StaticString) {
            if !bytes.isEmpty { bytes.append(UInt8(ascii: "\n")) }
            bytes.append(
                contentsOf: UnsafeBufferPointer(
                    start: key.utf8Start, count: key.utf8CodeUnitCount))
            bytes.append(UInt8(ascii: "="))
        }
        func append(_ key: StaticString, _ letter: UInt8) {
            withUnsafeBytes(of: letter) { append(key, $0) }
        }
        append("market_category", message.marketCategory)
        append("financial_status", message.financialStatus)
        append("round_lots_only", message.roundLotsOnly)
        append("issue_classification", message.issueClassification)
        append("issue_subtype", message.issueSubTypeBytes)
        append("authenticity", message.authenticity)
        append("short_sale_threshold", message.shortSaleThreshold)
        append("ipo_flag", message.ipoFlag)
        append("luld_tier", message.luldReferencePriceTier)
        append("etp_flag", message.etpFlag)
        append(key: "etp_leverage")
        bytes.append(contentsOf: String(message.etpLeverageFactor).utf8)
        append("inverse", message.inverseIndicator)
        return String(decoding: bytes, as: UTF8.self)
    }
}
