import Protocols
import TestSupport
import Testing
import Ticks

/// One message type of a decoder, and what its page must say of it.
private struct MappedMessage: CustomTestStringConvertible, Sendable {
    let page: String
    let type: UInt8
    let length: Int
    /// Where fields begin that the page describes for this type alone.
    let firstField: Int
    /// Kinds and details of the ticks that the decoder writes.
    let ticks: [String]

    var letter: String { String(Unicode.Scalar(type)) }
    var testDescription: String { "\(page) \(letter)" }
}

/// Hands one message, length in front, to a decoder and names the ticks that come out. Its bytes are
/// zero but for the type and those given.
private func decoded(
    type: UInt8, length: Int, isBigEndian: Bool, setting bytes: [Int: UInt8] = [:],
    by decode: (UnsafeRawBufferPointer, inout BlockCursor, UnsafeMutablePointer<Tick>) -> Int
) -> [String] {
    var block = [UInt8](repeating: 0, count: 2 + length)
    block[isBigEndian ? 1 : 0] = UInt8(length)
    block[2] = type
    for (offset, byte) in bytes { block[2 + offset] = byte }
    var cursor = BlockCursor(offset: 0, remaining: 1, sequence: 1)
    let ticks = UnsafeMutableBufferPointer<Tick>.allocate(capacity: 64)
    defer { ticks.deallocate() }
    guard let base = ticks.baseAddress else { return [] }
    let count = block.withUnsafeBytes { decode($0, &cursor, base) }
    return ticks[..<count].map(name)
}

private func name(_ tick: Tick) -> String {
    let detail: String? =
        switch tick.tickKind {
        case .status: StatusDetail(rawValue: tick.detail).map { "\($0)" }
        case .limits: LimitsDetail(rawValue: tick.detail).map { "\($0)" }
        case .imbalance: ImbalanceDetail(rawValue: tick.detail).map { "\($0)" }
        case .statistic: StatisticDetail(rawValue: tick.detail).map { "\($0)" }
        default: nil
        }
    let kind = tick.tickKind.map { "\($0)" } ?? "unknown"
    return detail.map { "\(kind).\($0)" } ?? kind
}

private let context = DeliveryContext(captureTime: 1, channel: 0, line: 0, flags: [])

private func itch50Messages() -> [MappedMessage] {
    ITCH50.lengths.map { type, length in
        let decoder = ITCH50Decoder(
            directory: InstrumentDirectory(capacity: 8), venue: "XNAS", channel: 0, midnight: 0)
        // A printable `C` writes all that the type can.
        let printable: [Int: UInt8] = type == UInt8(ascii: "C") ? [31: UInt8(ascii: "Y")] : [:]
        let ticks = decoded(
            type: type, length: Int(length), isBigEndian: true, setting: printable
        ) { blocks, cursor, ticks in
            decoder.decode(blocks, cursor: &cursor, context: context, into: ticks, capacity: 64)
        }
        return MappedMessage(
            page: "Sources/Protocols/ITCH50/MAPPING.md", type: type, length: Int(length),
            firstField: 11, ticks: ticks)
    }
}

/// Which types a feed has, and how long they are at least, is what its decoder takes.
private func iexMessages(_ feed: IEXFeed) -> [MappedMessage] {
    (UInt8.min...UInt8.max).compactMap { type in
        for length in 1...127 {
            let decoder = IEXDecoder(
                feed: feed, directory: InstrumentDirectory(capacity: 8), venue: "IEXG", channel: 0)
            let ticks = decoded(type: type, length: length, isBigEndian: false) {
                decoder.decode($0, cursor: &$1, context: context, into: $2, capacity: 64)
            }
            guard !ticks.isEmpty else { continue }
            return MappedMessage(
                page: "Sources/Protocols/IEX/MAPPING.md", type: type, length: length,
                firstField: 0, ticks: ticks)
        }
        return nil
    }
}

/// `MAPPING.md` of each protocol says what its decoder does.
@Suite struct MappingPageTests {
    @Test(arguments: itch50Messages() + iexMessages(.tops16) + iexMessages(.deep10))
    private func sectionSaysWhatTheDecoderDoes(_ message: MappedMessage) throws {
        let section = try MarkdownPage(message.page).section {
            $0.hasPrefix("`\(message.letter)` ")
        }
        #expect(section.title.hasSuffix("(\(message.length))"))
        #expect(section.names(after: "Ticks:") == message.ticks)
        var end = message.firstField
        for row in section.rows {
            #expect(Int(row[0]) == end, "\(row[2]) follows the field before it")
            end = (Int(row[0]) ?? 0) + (Int(row[1]) ?? 0)
            #expect(!row[3].isEmpty, "\(row[2]) goes somewhere")
        }
        #expect(end == message.length, "the page places every byte")
    }

    @Test(arguments: [
        ("Sources/Protocols/ITCH50/MAPPING.md", itch50Messages()),
        ("Sources/Protocols/IEX/MAPPING.md", iexMessages(.tops16) + iexMessages(.deep10)),
    ])
    private func everySectionIsOfAType(_ path: String, _ messages: [MappedMessage]) throws {
        let letters = try MarkdownPage(path).sections.compactMap { section in
            section.title.hasPrefix("`") ? MarkdownPage.quoted(section.title).first : nil
        }
        #expect(Set(letters) == Set(messages.map(\.letter)))
        #expect(letters.count == Set(letters).count, "one section a type")
    }

    @Test func feedsHaveTheirTypes() {
        #expect(itch50Messages().count == 23)
        #expect(iexMessages(.tops16).map(\.letter).sorted() == "ABDHIOPQSTX".map { String($0) })
        #expect(iexMessages(.deep10).map(\.letter).sorted() == "58ABDEHIOPSTX".map { String($0) })
    }
}
