import Protocols
import Ticks

/// A packet as people look at it: a line for the packet, a line for each message, and one for each
/// field with its offset in the payload, its bytes and its value.
public enum DissectionText {
    public static func append(_ record: DissectedRecord, to bytes: inout [UInt8]) {
        var line = "packet \(record.number)"
        if let time = record.time { line += "  " + TickText.time(time) }
        if !record.source.isEmpty { line += "  \(record.source) → \(record.destination)" }
        if !record.notes.isEmpty { line += "  (\(record.notes.joined(separator: "; ")))" }
        guard let packet = record.packet else {
            bytes.append(text: line + "  \(record.problem)\n\n")
            return
        }
        line += "  \(packet.feed)  \(packet.kind)"
        if !packet.isRejected {
            line += ", sequence \(packet.sequence), \(count(packet.messages.count, "message"))"
        }
        bytes.append(text: line + "\n")
        for problem in packet.problems { bytes.append(text: "  ! \(problem)\n") }
        if packet.transport != "file" {
            for field in packet.header where field.length > 0 {
                append(field, depth: 0, record.payload, &bytes)
            }
        }
        for message in packet.messages { append(message, record.payload, &bytes) }
        if packet.trailingBytes > 0 {
            bytes.append(text: "  \(count(packet.trailingBytes, "byte")) behind the last message\n")
        }
        bytes.append(text: "\n")
    }

    private static func append(
        _ message: DissectedMessage, _ payload: [UInt8], _ bytes: inout [UInt8]
    ) {
        var line = "  message"
        if message.sequence > 0 { line += " \(message.sequence)" }
        line += "  " + (message.name ?? "\(message.status)")
        if let key = message.key { line += " (\(key.text))" }
        line += ", \(count(message.length, "byte")) at \(message.offset)"
        bytes.append(text: line + "\n")
        if !message.problem.isEmpty { bytes.append(text: "  ! malformed: \(message.problem)\n") }
        for field in message.fields { append(field, depth: 1, payload, &bytes) }
        if message.status == .unknown {
            let end = min(message.offset + message.length, payload.count)
            bytes.append(text: "    " + hex(payload[min(message.offset, end)..<end]) + "\n")
        }
        if message.extraBytes > 0 {
            bytes.append(text: "      \(count(message.extraBytes, "byte")) more than known\n")
        }
    }

    private static func append(
        _ field: DissectedField, depth: Int, _ payload: [UInt8], _ bytes: inout [UInt8]
    ) {
        let indent = String(repeating: "  ", count: depth)
        if case .entries(let entries) = field.value {
            bytes.append(
                text: indent + padded(field.offset, 6) + "  \(field.name): \(entries.count)\n")
            for (index, entry) in entries.enumerated() {
                if index > 0, entry.count > 1 { bytes.append(text: "\n") }
                for inner in entry { append(inner, depth: depth + 1, payload, &bytes) }
            }
            return
        }
        let end = min(field.offset + field.length, payload.count)
        var raw = payload[min(field.offset, end)..<end]
        let isLong = raw.count > 16
        if isLong { raw = raw.prefix(16) }
        var digits = hex(raw) + (isLong ? "…" : "")
        digits += String(repeating: " ", count: max(0, 18 - digits.count))
        let name = field.name + String(repeating: " ", count: max(0, 24 - field.name.count))
        bytes.append(
            text: indent + padded(field.offset, 6) + "  \(digits)  \(name)  \(text(field.value))\n")
    }

    /// A value as people read it.
    public static func text(_ value: DissectedValue) -> String {
        switch value {
        case .number(let number): return ValueText.number(number)
        case .decimal(let number, let exponent):
            return ValueText.decimal(number, exponent: exponent)
        case .named(let number, let name, let isLetter):
            let raw =
                isLetter && (0x20...0x7E).contains(number.bits)
                ? "'\(UnicodeScalar(UInt8(number.bits)))'" : ValueText.number(number)
            return "\(raw) \(name ?? "(not a known value)")"
        case .bits(let all, let parts):
            if parts.isEmpty { return String(all) }
            let names = parts.map { $0.value == 1 ? $0.name : "\($0.name)=\($0.value)" }
            return "\(all) \(names.joined(separator: ", "))"
        case .time(let number, let unit):
            let raw = ValueText.number(number)
            guard let text = ValueText.time(number, unit: unit) else {
                return "\(raw) \(unit.rawValue)"
            }
            return unit == .yyyymmdd ? text : "\(raw) \(text)"
        case .text(let text): return "\"\(text)\""
        case .bytes(let content): return content.count > 16 ? hex(content[...]) : ""
        case .null: return "none"
        case .entries(let entries): return "\(entries.count)"
        }
    }

    static func hex(_ bytes: ArraySlice<UInt8>) -> String {
        var text = ""
        text.reserveCapacity(bytes.count * 2)
        for byte in bytes { text += (byte < 16 ? "0" : "") + String(byte, radix: 16) }
        return text
    }

    private static func count(_ number: Int, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: " ", count: max(0, width - text.count)) + text
    }
}
