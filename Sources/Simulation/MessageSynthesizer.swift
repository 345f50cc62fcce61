public import Protocols

/// Valid messages of a feed, made up from its description: right lengths, known enumeration values,
/// counts that agree with their entries, and mostly small numbers, so that order references meet.
public struct MessageSynthesizer {
    private let description: ProtocolDescription
    private let messages: [ProtocolDescription.Message]
    private var random: SplitMix64
    private let onlyPlausible: Bool

    /// - Parameters:
    ///   - feed: of the description.
    ///   - onlyPlausible: no extreme numbers and no absent values, for measuring.
    public init(
        _ description: ProtocolDescription, feed: String, seed: UInt64, onlyPlausible: Bool = false
    ) {
        self.onlyPlausible = onlyPlausible
        self.description = description
        messages = description.messages(of: feed)
        random = SplitMix64(seed: seed)
    }

    /// Any message of the feed, without a length that does not count itself.
    public mutating func message() -> [UInt8] { message(messages[below(messages.count)]) }

    /// A message with this key, which the feed has.
    public mutating func message(key: Int) -> [UInt8] {
        guard let found = messages.first(where: { $0.key == key }) else {
            preconditionFailure("the feed has no message \(key)")
        }
        return message(found)
    }

    /// One message of every type.
    public mutating func everyMessage() -> [[UInt8]] { messages.map { message($0) } }

    /// A number from 0 up to `bound`, of the same seed.
    public mutating func below(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }

    private mutating func message(_ message: ProtocolDescription.Message) -> [UInt8] {
        let start = description.isSBE ? description.prefixSize : 0
        let full = max(message.fields.map(\.end).max() ?? 0, message.least)
        // Mostly with every optional field, sometimes with as few as are allowed.
        let fixed = below(4) > 0 ? message.most ?? full : message.least
        var bytes = [UInt8](repeating: 0, count: start + fixed)
        for field in description.prefix { put(field, in: &bytes, at: 0, limit: bytes.count) }
        for field in message.fields { put(field, in: &bytes, at: start, limit: start + fixed) }
        let owner = Owner(fields: message.fields, at: start, prefix: description.prefix)
        settle(message.parts, owner, &bytes)
        for part in message.parts { append(part, owner, to: &bytes) }
        putKey(message.key, in: &bytes)
        if description.isSBE { put(fixed, named: "blockLength", in: &bytes) }
        putLength(in: &bytes)
        return bytes
    }

    // MARK: Fields

    private mutating func put(
        _ field: ProtocolDescription.Field, in bytes: inout [UInt8], at start: Int, limit: Int
    ) {
        guard start + field.end <= limit else { return }
        let at = start + field.offset
        switch field.form {
        case .unsigned(let width, let bigEndian), .signed(let width, let bigEndian):
            Self.put(number(field, width), width, bigEndian, in: &bytes, at: at)
        case .character:
            bytes[at] = UInt8(truncatingIfNeeded: number(field, 1))
        case .text(let count):
            let texts = ["A", "BRK.B", "ESM6", "ZVZZT", "LONGSYMBOLNAME", ""]
            let text = Array(texts[below(texts.count)].utf8.prefix(count))
            for index in 0..<count { bytes[at + index] = index < text.count ? text[index] : 0x20 }
        case .bytes(let count):
            for index in 0..<count { bytes[at + index] = UInt8(truncatingIfNeeded: random.next()) }
        }
    }

    private mutating func number(_ field: ProtocolDescription.Field, _ width: Int) -> UInt64 {
        if let constant = Self.constant(field.constant) { return constant }
        if let values = description.enumerations[field.enumeration], !values.isEmpty,
            below(16) > 0
        {
            return UInt64(truncatingIfNeeded: values[below(values.count)].number)
        }
        if let null = field.null, !onlyPlausible, below(8) == 0 {
            return UInt64(truncatingIfNeeded: null)
        }
        if field.form == .character { return UInt64(0x41 + below(26)) }
        let any = random.next()
        switch onlyPlausible ? 11 : below(12) {
        case 0: return any
        case 1: return .max
        case 2: return 0
        case 3, 4: return any >> UInt64(64 - min(width * 8, 48))
        default: return any & 7 + (field.exponent == nil ? 0 : 1000)
        }
    }

    /// The first one where there are several.
    private static func constant(_ several: String) -> UInt64? {
        let text = several.prefix { $0 != "|" }
        if text.hasPrefix("'") { return text.utf8.dropFirst().first.map { UInt64($0) } }
        if text.hasPrefix("0x") { return UInt64(text.dropFirst(2), radix: 16) }
        return Int(text).map { UInt64(truncatingIfNeeded: $0) }
    }

    private static func put(
        _ value: UInt64, _ width: Int, _ bigEndian: Bool, in bytes: inout [UInt8], at offset: Int
    ) {
        for index in 0..<width {
            let shift = UInt64(8 * (bigEndian ? width - 1 - index : index))
            bytes[offset + index] = UInt8(truncatingIfNeeded: value >> shift)
        }
    }

    private static func put(
        _ value: UInt64, _ field: ProtocolDescription.Field, in bytes: inout [UInt8], at start: Int
    ) {
        switch field.form {
        case .unsigned(let width, let bigEndian), .signed(let width, let bigEndian):
            put(value, width, bigEndian, in: &bytes, at: start + field.offset)
        default: bytes[start + field.offset] = UInt8(truncatingIfNeeded: value)
        }
    }

    // MARK: What the prefix says of the whole

    /// Splits the key over its fields, the last one lowest.
    private func putKey(_ key: Int, in bytes: inout [UInt8]) {
        var rest = UInt64(truncatingIfNeeded: key)
        for name in description.key.reversed() {
            guard let field = description.prefix.first(where: { $0.name == name }) else { continue }
            Self.put(rest, field, in: &bytes, at: 0)
            rest = field.form.size < 8 ? rest >> UInt64(field.form.size * 8) : 0
        }
    }

    private func put(_ value: Int, named name: String, in bytes: inout [UInt8]) {
        guard let field = description.prefix.first(where: { $0.name == name }) else { return }
        Self.put(UInt64(value), field, in: &bytes, at: 0)
    }

    /// The message's own length, where it is one of its fields.
    private func putLength(in bytes: inout [UInt8]) {
        let framing = description.inner.isEmpty ? description.framing : description.inner
        let words = framing.split(separator: " ")
        guard words.count == 2, words[1] == "inclusive", let at = words[0].firstIndex(of: "@"),
            let offset = Int(words[0][words[0].index(after: at)...]),
            let field = description.prefix.first(where: { $0.offset == offset })
        else { return }
        Self.put(UInt64(bytes.count), field, in: &bytes, at: 0)
    }

    // MARK: Parts

    /// Where counts and conditions of parts are found.
    private struct Owner {
        var fields: [ProtocolDescription.Field]
        var at: Int
        var prefix: [ProtocolDescription.Field] = []

        func find(_ name: String) -> (field: ProtocolDescription.Field, at: Int)? {
            if let field = fields.first(where: { $0.name == name }) { return (field, at) }
            return prefix.first { $0.name == name }.map { ($0, 0) }
        }
    }

    /// Makes the counts of repeats small before their entries are appended.
    private mutating func settle(
        _ parts: [ProtocolDescription.Part], _ owner: Owner, _ bytes: inout [UInt8]
    ) {
        for part in parts where !part.count.isEmpty {
            guard let (field, at) = owner.find(part.count), at + field.end <= bytes.count else {
                continue
            }
            Self.put(UInt64(below(4)), field, in: &bytes, at: at)
        }
    }

    private mutating func append(
        _ part: ProtocolDescription.Part, _ owner: Owner, to bytes: inout [UInt8]
    ) {
        switch part.kind {
        case .group:
            let full = part.fields.map(\.end).max() ?? 0
            let size = part.size ?? (below(4) > 0 ? max(full, part.least) : part.least)
            let count = below(4)
            let at = bytes.count
            bytes += [UInt8](repeating: 0, count: part.dimensionSize)
            for field in part.dimension {
                let value = field.name == "blockLength" ? size : field.name == "count" ? count : 0
                Self.put(UInt64(value), field, in: &bytes, at: at)
            }
            for _ in 0..<count { appendEntry(part, size: size, to: &bytes) }
        case .repeat:
            if let when = part.when {
                guard let value = value(when.field, owner, bytes),
                    when.values.contains(where: { UInt64(truncatingIfNeeded: $0) == value })
                else { return }
            }
            let count = part.count.isEmpty ? 1 : value(part.count, owner, bytes) ?? 0
            for _ in 0..<count { appendEntry(part, size: part.size ?? part.least, to: &bytes) }
        case .data:
            let count = below(6)
            let at = bytes.count
            bytes += [UInt8](repeating: 0, count: part.dimensionSize)
            if let field = part.dimension.first {
                Self.put(UInt64(count), field, in: &bytes, at: at)
            }
            bytes += [UInt8](repeating: 0x61, count: count)
        case .tail:
            bytes += [UInt8](repeating: 0x62, count: below(5))
        }
    }

    private mutating func appendEntry(
        _ part: ProtocolDescription.Part, size: Int, to bytes: inout [UInt8]
    ) {
        let at = bytes.count
        bytes += [UInt8](repeating: 0, count: size)
        for field in part.fields { put(field, in: &bytes, at: at, limit: at + size) }
        let owner = Owner(fields: part.fields, at: at)
        settle(part.parts, owner, &bytes)
        for inner in part.parts { append(inner, owner, to: &bytes) }
    }

    private func value(_ name: String, _ owner: Owner, _ bytes: [UInt8]) -> UInt64? {
        guard let (field, at) = owner.find(name), at + field.end <= bytes.count else { return nil }
        let slice = bytes[(at + field.offset)..<(at + field.end)]
        switch field.form {
        case .unsigned(_, let bigEndian), .signed(_, let bigEndian):
            let ordered = bigEndian ? Array(slice) : slice.reversed()
            return ordered.reduce(0) { $0 << 8 | UInt64($1) }
        default: return slice.first.map { UInt64($0) }
        }
    }
}
