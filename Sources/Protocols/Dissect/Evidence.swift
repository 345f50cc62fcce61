/// How well a packet fits the description that it was taken apart by: what names a protocol is not
/// one number but that everything in it makes sense. Weights are by trial on captures of fifty
/// protocols (`tools/samples`).
struct Evidence {
    private(set) var score = 0.0

    /// - Parameter captureTime: ns since 1970, 0 if unknown.
    init(_ packet: DissectedPacket, captureTime: UInt64) {
        self.captureTime = captureTime
        if packet.messages.isEmpty { score += packet.trailingBytes == 0 ? 6 : 0 }
        score -= Double(packet.problems.count) * 20 + Double(packet.contradictions) * 25
        score -= min(Double(packet.trailingBytes), 15)
        if packet.messages.count > 0, packet.problems.isEmpty, packet.trailingBytes == 0 {
            score += 10
        }
        weigh(packet.header)
        for message in packet.messages { weigh(message) }
        // A header alone proves nothing: many protocols share one.
        let isKnown = packet.messages.isEmpty || packet.messages.contains { $0.status == .whole }
        if !isKnown { score = min(score, -1) }
    }

    private let captureTime: UInt64
    private static let dayNanoseconds: UInt64 = 86_400_000_000_000
    /// The years 2000 to 2100.
    private static let plausible: ClosedRange<UInt64> =
        946_684_800_000_000_000...4_102_444_800_000_000_000

    private mutating func weigh(_ message: DissectedMessage) {
        switch message.status {
        case .whole: score += 8
        case .unknown: score -= 20
        case .malformed: score -= 30
        }
        score -= min(Double(message.extraBytes) * 2, 10) + Double(message.contradictions) * 10
        weigh(message.fields)
    }

    private mutating func weigh(_ fields: [DissectedField]) {
        for field in fields {
            switch field.value {
            case .number, .null: score += Double(field.length) * 0.25
            case .decimal(let number, let exponent): score += decimal(number, exponent, field)
            case .named(_, let name, let isLetter):
                score += name != nil ? 4 : isLetter ? -10 : -6
            case .bits: score += 0.5
            case .time(let number, let unit): score += time(number, unit)
            case .text(let text): score += Self.text(text, field.length)
            case .bytes: break
            case .entries(let entries): for entry in entries { weigh(entry) }
            }
        }
    }

    private func decimal(_ number: WireNumber, _ exponent: Int, _ field: DissectedField) -> Double {
        var limit: UInt64 = 1_000_000_000
        for _ in 0..<max(0, min(9, -exponent)) { limit *= 10 }
        return number.magnitude > limit ? -4 : Double(field.length) * 0.5
    }

    private func time(_ number: WireNumber, _ unit: WireTimeUnit) -> Double {
        if number.bits == 0 { return 0 }
        guard !number.isNegative else { return -8 }
        switch unit {
        case .days: return (7_000..<50_000).contains(number.bits) ? 3 : -3
        case .yyyymmdd: return ValueText.time(number, unit: unit) == nil ? -6 : 6
        default: break
        }
        let (total, overflow) = number.bits.multipliedReportingOverflow(by: unit.nanoseconds ?? 1)
        if !unit.isEpoch { return !overflow && total < Self.dayNanoseconds * 2 ? 2 : -8 }
        guard !overflow, Self.plausible.contains(total) else { return -10 }
        let distance = total > captureTime ? total - captureTime : captureTime - total
        return distance < Self.dayNanoseconds * 2 ? 20 : 8
    }

    private static func text(_ text: String, _ length: Int) -> Double {
        if text.isEmpty { return 0 }
        if text.contains("\\x") { return -10 }
        // A single letter is printable often enough by chance.
        return length == 1 ? 0.5 : length < 4 ? 2 : 4
    }
}
