import Protocols

/// One JSON object a packet: what `dissect --json` prints.
///
/// Integers are numbers; a price is `{"raw", "value"}` with the value as a decimal string, an
/// enumeration `{"raw", "name"}`, a bit set `{"raw", …}` with each part that is not 0, a time since
/// 1970 `{"raw", "time"}`; text is text, bytes are hexadecimal digits, "no value" is null, and groups
/// are arrays of objects.
public enum DissectionJSON {
    public static func append(_ record: DissectedRecord, to bytes: inout [UInt8]) {
        bytes.append(text: "{\"packet\":")
        bytes.append(decimal: record.number)
        bytes.append(text: ",\"time\":")
        if let time = record.time {
            bytes.append(decimal: time)
        } else {
            bytes.append(text: "null")
        }
        append(",\"source\":", record.source, &bytes)
        append(",\"destination\":", record.destination, &bytes)
        bytes.append(text: ",\"notes\":[")
        for (index, note) in record.notes.enumerated() {
            append(index > 0 ? "," : "", note, &bytes)
        }
        bytes.append(text: "]")
        guard let packet = record.packet else {
            bytes.append(text: ",\"protocol\":null,\"header\":{},\"messages\":[],\"problems\":[")
            append("", record.problem, &bytes)
            bytes.append(text: "]}\n")
            return
        }
        append(",\"protocol\":", packet.feed, &bytes)
        append(",\"transport\":", packet.transport, &bytes)
        append(",\"kind\":", packet.kind, &bytes)
        bytes.append(text: ",\"sequence\":")
        bytes.append(decimal: packet.sequence)
        bytes.append(text: ",\"header\":")
        append(packet.header, to: &bytes)
        bytes.append(text: ",\"messages\":[")
        for (index, message) in packet.messages.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            append(message, to: &bytes)
        }
        bytes.append(text: "],\"trailing\":")
        bytes.append(decimal: UInt64(packet.trailingBytes))
        bytes.append(text: ",\"problems\":[")
        for (index, problem) in packet.problems.enumerated() {
            append(index > 0 ? "," : "", problem, &bytes)
        }
        bytes.append(text: "]}\n")
    }

    private static func append(_ message: DissectedMessage, to bytes: inout [UInt8]) {
        bytes.append(text: "{\"offset\":")
        bytes.append(decimal: UInt64(message.offset))
        bytes.append(text: ",\"length\":")
        bytes.append(decimal: UInt64(message.length))
        bytes.append(text: ",\"sequence\":")
        bytes.append(decimal: message.sequence)
        bytes.append(text: ",\"key\":")
        if let key = message.key {
            if key.isLetters {
                append("", key.text, &bytes)
            } else {
                bytes.append(decimal: key.number)
            }
        } else {
            bytes.append(text: "null")
        }
        if let name = message.name {
            append(",\"name\":", name, &bytes)
        } else {
            bytes.append(text: ",\"name\":null")
        }
        append(",\"status\":", message.status.rawValue, &bytes)
        bytes.append(text: ",\"extra\":")
        bytes.append(decimal: UInt64(message.extraBytes))
        bytes.append(text: ",\"contradictions\":")
        bytes.append(decimal: UInt64(message.contradictions))
        if !message.problem.isEmpty { append(",\"problem\":", message.problem, &bytes) }
        bytes.append(text: ",\"fields\":")
        append(message.fields, to: &bytes)
        bytes.append(UInt8(ascii: "}"))
    }

    private static func append(_ fields: [DissectedField], to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "{"))
        for (index, field) in fields.enumerated() {
            append(index > 0 ? "," : "", field.name, &bytes)
            bytes.append(UInt8(ascii: ":"))
            append(field.value, to: &bytes)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    private static func append(_ value: DissectedValue, to bytes: inout [UInt8]) {
        switch value {
        case .number(let number): append(number, to: &bytes)
        case .decimal(let number, let exponent):
            raw(number, &bytes)
            append(",\"value\":", ValueText.decimal(number, exponent: exponent), &bytes)
            bytes.append(UInt8(ascii: "}"))
        case .named(let number, let name, let isLetter):
            if isLetter {
                append("{\"raw\":", letter(number), &bytes)
            } else {
                raw(number, &bytes)
            }
            if let name {
                append(",\"name\":", name, &bytes)
            } else {
                bytes.append(text: ",\"name\":null")
            }
            bytes.append(UInt8(ascii: "}"))
        case .bits(let all, let parts):
            raw(WireNumber(bits: all, isSigned: false), &bytes)
            for part in parts {
                append(",", part.name, &bytes)
                bytes.append(UInt8(ascii: ":"))
                bytes.append(decimal: part.value)
            }
            bytes.append(UInt8(ascii: "}"))
        case .time(let number, let unit):
            guard unit.nanoseconds == nil || unit.isEpoch,
                let text = ValueText.time(number, unit: unit)
            else { return append(number, to: &bytes) }
            raw(number, &bytes)
            append(",\"time\":", text, &bytes)
            bytes.append(UInt8(ascii: "}"))
        case .text(let text): append("", text, &bytes)
        case .bytes(let content): append("", DissectionText.hex(content[...]), &bytes)
        case .null: bytes.append(text: "null")
        case .entries(let entries):
            bytes.append(UInt8(ascii: "["))
            for (index, entry) in entries.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                append(entry, to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        }
    }

    private static func letter(_ number: WireNumber) -> String {
        let byte = UInt8(truncatingIfNeeded: number.bits)
        return (0x20...0x7E).contains(byte)
            ? String(UnicodeScalar(byte)) : "\\x" + DissectionText.hex([byte])
    }

    private static func raw(_ number: WireNumber, _ bytes: inout [UInt8]) {
        bytes.append(text: "{\"raw\":")
        append(number, to: &bytes)
    }

    private static func append(_ number: WireNumber, to bytes: inout [UInt8]) {
        if number.isNegative { bytes.append(UInt8(ascii: "-")) }
        bytes.append(decimal: number.magnitude)
    }

    private static func append(_ before: String, _ text: String, _ bytes: inout [UInt8]) {
        bytes.append(text: before)
        bytes.append(UInt8(ascii: "\""))
        bytes.append(jsonText: text)
        bytes.append(UInt8(ascii: "\""))
    }
}
