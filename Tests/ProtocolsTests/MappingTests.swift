import Protocols
import TestSupport
import Testing
import Ticks

/// One message of a feed, and the kinds and details of the ticks that the decoder writes for it.
private struct MappedMessage: CustomTestStringConvertible, Sendable {
    let feed: String
    let message: ProtocolDescription.Message
    let ticks: [String]

    var testDescription: String { "\(feed) \(message.keyText)" }
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

private func itchMessages() -> [MappedMessage] {
    ProtocolDescription.itch.messages.map { message in
        let decoder = ITCH50Decoder(
            directory: InstrumentDirectory(capacity: 8), venue: "XNAS", channel: 0, midnight: 0)
        // A printable `C` writes all that the type can.
        let printable: [Int: UInt8] =
            message.keyText == "C" ? [31: UInt8(ascii: "Y")] : [:]
        let ticks = decoded(
            type: UInt8(message.key), length: message.least, isBigEndian: true, setting: printable
        ) { blocks, cursor, ticks in
            decoder.decode(blocks, cursor: &cursor, context: context, into: ticks, capacity: 64)
        }
        return MappedMessage(feed: "itch50", message: message, ticks: ticks)
    }
}

private func iexMessages(_ feed: String) -> [MappedMessage] {
    ProtocolDescription.iex.messages(of: feed).map { message in
        let decoder = iexDecoder(feed, InstrumentDirectory(capacity: 8))
        let ticks = decoded(
            type: UInt8(message.key), length: message.least, isBigEndian: false
        ) {
            decoder.decode($0, cursor: &$1, context: context, into: $2, capacity: 64)
        }
        return MappedMessage(feed: feed, message: message, ticks: ticks)
    }
}

/// What a description says of its messages' ticks is what the decoder writes. That the fields are
/// all placed, and without a hole, is the generator's business.
@Suite struct MappingTests {
    @Test(
        arguments: itchMessages() + iexMessages("tops15") + iexMessages("tops16")
            + iexMessages("deep10") + iexMessages("deepplus"))
    private func descriptionNamesTheTicks(_ message: MappedMessage) {
        let named = MarkdownPage.quoted(message.message.mapping)
        #expect(named == message.ticks)
    }

    @Test func feedsHaveTheirTypes() {
        func types(_ feed: String) -> String {
            String(iexMessages(feed).map(\.message.keyText).sorted().joined())
        }
        #expect(itchMessages().count == 23)
        #expect(types("tops15") == "BQT")
        #expect(types("tops16") == "ABDHIOPQSTX")
        #expect(types("deep10") == "58ABDEHIOPSTX")
        #expect(types("deepplus") == "BCDEHILMOPRSTa")
    }
}
