/// Reading the canonical text: one line an item, columns separated by tabs.
///
/// | line | columns |
/// |---|---|
/// | P | name, title, source, framing, inner framing, inner offset, prefix size, "sbe", key fields |
/// | N | note |
/// | F | feed: name, title, version, venue, hints |
/// | E, v | enumeration: name, type; value: number, name, text |
/// | B, b | bit set: name, type; bits: low, high, name, text |
/// | H | header: name, size, feeds; its fields follow |
/// | X | the prefix's fields follow |
/// | M | message: key, key text, name, least, most, feeds, mapping |
/// | f | field: offset, type, name, exponent, enum, bits, null, unit, const, since, "?", mapping |
/// | G … e | part: kind, name, dimension, size, count, when, least, mapping, "?"; its fields, parts |
///
/// The text comes with the program, so anything malformed in it is a programming error and traps.
extension ProtocolDescription {
    public init(canonical text: String) {
        var reader = CanonicalReader()
        for line in text.split(separator: "\n", omittingEmptySubsequences: true) {
            reader.read(
                line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init))
        }
        self = reader.finish()
    }
}

private struct CanonicalReader {
    private var result = ProtocolDescription()
    private var enumeration = ""
    private var bitSet = ""
    /// Parts that are open, outermost first.
    private var open: [ProtocolDescription.Part] = []
    private enum Owner { case header, prefix, message }
    private var owner = Owner.prefix

    mutating func read(_ columns: [String]) {
        func number(_ index: Int) -> Int { Int(columns[index]) ?? 0 }
        switch columns[0] {
        case "P": head(columns)
        case "N": result.notes.append(columns[1])
        case "F":
            result.feeds.append(
                .init(
                    name: columns[1], title: columns[2], version: columns[3], venue: columns[4],
                    hints: columns[5].split(separator: ";").map(String.init)))
        case "E":
            enumeration = columns[1]
            result.enumerations[enumeration] = []
        case "v":
            result.enumerations[enumeration]?.append(
                .init(number: number(1), name: columns[2], text: columns[3]))
        case "B":
            bitSet = columns[1]
            result.bitSets[bitSet] = []
        case "b":
            result.bitSets[bitSet]?.append(
                .init(low: number(1), high: number(2), name: columns[3], text: columns[4]))
        case "H":
            owner = .header
            result.headers.append(
                .init(
                    name: columns[1], size: number(2),
                    feeds: columns[3].split(separator: ",").map(String.init)))
        case "X": owner = .prefix
        case "M": message(columns)
        case "f": add(Self.field(columns))
        case "G": open.append(Self.part(columns))
        case "e": close()
        default: preconditionFailure("unknown line \(columns[0])")
        }
    }

    func finish() -> ProtocolDescription {
        precondition(open.isEmpty, "a part is not closed")
        return result
    }

    private mutating func head(_ columns: [String]) {
        result.name = columns[1]
        result.title = columns[2]
        result.source = columns[3]
        result.framing = columns[4]
        result.inner = columns[5]
        result.innerAfter = Int(columns[6]) ?? 0
        result.prefixSize = Int(columns[7]) ?? 0
        result.isSBE = columns[8] == "sbe"
        result.key = columns[9].split(separator: ",").map(String.init)
    }

    private mutating func message(_ columns: [String]) {
        owner = .message
        result.messages.append(
            .init(
                key: Int(columns[1]) ?? 0, keyText: columns[2], name: columns[3],
                least: Int(columns[4]) ?? 0, most: Int(columns[5]),
                feeds: columns[6].split(separator: ",").map(String.init), mapping: columns[7]))
    }

    private mutating func add(_ field: ProtocolDescription.Field) {
        if !open.isEmpty {
            open[open.count - 1].fields.append(field)
            return
        }
        switch owner {
        case .header: result.headers[result.headers.count - 1].fields.append(field)
        case .prefix: result.prefix.append(field)
        case .message: result.messages[result.messages.count - 1].fields.append(field)
        }
    }

    private mutating func close() {
        let part = open.removeLast()
        if open.isEmpty {
            result.messages[result.messages.count - 1].parts.append(part)
        } else {
            open[open.count - 1].parts.append(part)
        }
    }

    private static func field(_ columns: [String]) -> ProtocolDescription.Field {
        .init(
            offset: Int(columns[1]) ?? 0, form: form(columns[2]), name: columns[3],
            exponent: Int(columns[4]), enumeration: columns[5], bits: columns[6],
            null: Int128(columns[7]), unit: columns[8], constant: columns[9], since: columns[10],
            isOptional: columns[11] == "?", mapping: columns[12])
    }

    private static func part(_ columns: [String]) -> ProtocolDescription.Part {
        guard let kind = ProtocolDescription.PartKind(rawValue: columns[1]) else {
            preconditionFailure("unknown part \(columns[1])")
        }
        var dimension: [ProtocolDescription.Field] = []
        for item in columns[3].split(separator: ",") {
            let words = item.split(separator: " ").map(String.init)
            let form = form(words[0])
            dimension.append(
                .init(
                    offset: dimension.last?.end ?? 0, form: form,
                    name: words.count > 1 ? words[1] : "", exponent: nil, enumeration: "",
                    bits: "", null: nil, unit: "", constant: "", since: "", isOptional: false,
                    mapping: ""))
        }
        var when: (field: String, values: [Int])?
        if let colon = columns[6].firstIndex(of: ":") {
            when = (
                String(columns[6][..<colon]),
                columns[6][columns[6].index(after: colon)...].split(separator: ",")
                    .compactMap { Int($0) }
            )
        }
        return .init(
            kind: kind, name: columns[2], dimension: dimension, size: Int(columns[4]),
            count: columns[5], when: when, least: Int(columns[7]) ?? 0, mapping: columns[8],
            isOptional: columns.count > 9 && columns[9] == "?")
    }

    private static func form(_ text: String) -> ProtocolDescription.Form {
        if text == "char" { return .character }
        if let bracket = text.firstIndex(of: "[") {
            let count = Int(text[text.index(after: bracket)...].dropLast()) ?? 0
            return text.hasPrefix("char") ? .text(bytes: count) : .bytes(count)
        }
        let isBig = text.hasSuffix("be")
        let bits = Int(text.drop { !$0.isNumber }.prefix { $0.isNumber }) ?? 0
        return text.hasPrefix("i")
            ? .signed(bytes: bits / 8, bigEndian: isBig)
            : .unsigned(bytes: bits / 8, bigEndian: isBig)
    }
}
