import Ticks

/// A field of a description, made ready for reading: its enumeration and bit set looked up.
struct FieldPlan {
    let field: ProtocolDescription.Field
    private let names: [Int: String]?
    private let bits: [ProtocolDescription.BitRange]?
    private let unit: WireTimeUnit?
    /// The number that stands for no value, as the wire has it.
    private let nullBits: UInt64?
    /// What the field may be, where the description says so.
    private let constants: [UInt64]

    init(_ field: ProtocolDescription.Field, _ description: ProtocolDescription) {
        self.field = field
        names = description.enumerations[field.enumeration].map { values in
            Dictionary(values.map { ($0.number, $0.name) }, uniquingKeysWith: { first, _ in first })
        }
        bits = description.bitSets[field.bits]
        unit = WireTimeUnit(rawValue: field.unit)
        nullBits = field.null.map { UInt64(truncatingIfNeeded: $0) }
        constants = field.constant.split(separator: "|").compactMap {
            Self.number(String($0)).map { UInt64(truncatingIfNeeded: $0) }
        }
    }

    /// The value of the field in the structure that begins at `base`; all its bytes are there.
    func read(_ base: UnsafeRawPointer, at offset: Int) -> DissectedField {
        DissectedField(
            name: field.name, offset: offset, length: field.form.size, value: value(base))
    }

    /// False if the field has a value that the description rules out.
    func hasItsConstant(_ base: UnsafeRawPointer) -> Bool {
        guard !constants.isEmpty, let number = number(base) else { return true }
        return constants.contains(number.bits)
    }

    /// The field as a number; nil for text and bytes.
    func number(_ base: UnsafeRawPointer) -> WireNumber? {
        let at = base + field.offset
        switch field.form {
        case .unsigned(let bytes, let bigEndian):
            return WireNumber(
                bits: bigEndian ? at.wireBig(0, bytes: bytes) : at.wireLittle(0, bytes: bytes),
                isSigned: false)
        case .signed(let bytes, let bigEndian):
            let raw = bigEndian ? at.wireBig(0, bytes: bytes) : at.wireLittle(0, bytes: bytes)
            let shift = Int64(64 - bytes * 8)
            return WireNumber(
                bits: UInt64(bitPattern: Int64(bitPattern: raw << UInt64(shift)) >> shift),
                isSigned: true)
        case .character:
            return WireNumber(bits: UInt64(at.load(as: UInt8.self)), isSigned: false)
        case .text, .bytes:
            return nil
        }
    }

    private func value(_ base: UnsafeRawPointer) -> DissectedValue {
        guard let number = number(base) else { return content(base) }
        if let nullBits, number.bits == nullBits { return .null }
        let isLetter = field.form == .character
        if let names {
            return .named(
                number, name: names[Int(truncatingIfNeeded: number.bits)], isLetter: isLetter)
        }
        if let bits { return .bits(number.bits, Self.parts(of: number.bits, bits)) }
        if isLetter { return .text(Self.letter(UInt8(truncatingIfNeeded: number.bits))) }
        if let exponent = field.exponent { return .decimal(number, exponent: exponent) }
        if let unit { return .time(number, unit: unit) }
        return .number(number)
    }

    private func content(_ base: UnsafeRawPointer) -> DissectedValue {
        switch field.form {
        case .text(let bytes): return .text((base + field.offset).wireText(0, bytes: bytes))
        default:
            return .bytes(
                Array(
                    UnsafeRawBufferPointer(start: base + field.offset, count: field.form.size)))
        }
    }

    private static func parts(
        of bits: UInt64, _ ranges: [ProtocolDescription.BitRange]
    ) -> [DissectedBits] {
        ranges.compactMap { range in
            let width = range.high - range.low + 1
            let mask = width >= 64 ? UInt64.max : (1 as UInt64) << UInt64(width) - 1
            let value = bits >> UInt64(range.low) & mask
            return value == 0 ? nil : DissectedBits(name: range.name, value: value)
        }
    }

    /// A letter as it is; what is not printable as `\xNN`.
    static func letter(_ byte: UInt8) -> String {
        if (0x20...0x7E).contains(byte), byte != 0x5C { return String(UnicodeScalar(byte)) }
        return "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }

    /// A constant as descriptions write it.
    private static func number(_ text: String) -> Int? {
        if text.count == 1, let letter = text.utf8.first, !(0x30...0x39).contains(letter) {
            return Int(letter)
        }
        if text.count == 3, text.hasPrefix("'"), text.hasSuffix("'") {
            return Int(Array(text.utf8)[1])
        }
        return text.hasPrefix("0x") ? Int(text.dropFirst(2), radix: 16) : Int(text)
    }
}

/// A part of a description, made ready for reading.
struct PartPlan {
    let part: ProtocolDescription.Part
    let fields: [FieldPlan]
    let parts: [PartPlan]
    /// Fields of the dimension in front of a group's entries or of data.
    let counter: FieldPlan?
    let blockLength: FieldPlan?

    init(_ part: ProtocolDescription.Part, _ description: ProtocolDescription) {
        self.part = part
        fields = part.fields.map { FieldPlan($0, description) }
        parts = part.parts.map { PartPlan($0, description) }
        func dimension(_ name: String) -> FieldPlan? {
            part.dimension.first { $0.name == name }.map { FieldPlan($0, description) }
        }
        counter = dimension("count") ?? (part.kind == .data ? dimension("length") : nil)
        blockLength = dimension("blockLength")
    }
}

/// A message of a description, made ready for reading.
struct MessagePlan {
    let message: ProtocolDescription.Message
    let fields: [FieldPlan]
    let parts: [PartPlan]

    init(_ message: ProtocolDescription.Message, _ description: ProtocolDescription) {
        self.message = message
        fields = message.fields.map { FieldPlan($0, description) }
        parts = message.parts.map { PartPlan($0, description) }
    }
}
