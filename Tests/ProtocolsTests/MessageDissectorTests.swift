import Protocols
import TestSupport
import Testing

@Suite("Messages taken apart by their description")
struct MessageDissectorTests {
    private func dissect(
        _ bytes: [UInt8], _ description: ProtocolDescription = .scratch, feed: String = ""
    ) -> DissectedMessage {
        bytes.withUnsafeBytes {
            MessageDissector(description, feed: feed).dissect($0, at: 100, sequence: 7)
        }
    }

    private func value(_ name: String, _ fields: [DissectedField]) -> DissectedValue? {
        fields.first { $0.name == name }?.value
    }

    private func number(_ value: Int) -> DissectedValue {
        .number(WireNumber(bits: UInt64(bitPattern: Int64(value)), isSigned: value < 0))
    }

    private func parts() -> [UInt8] {
        var made: [UInt8] = []
        ScratchEncoder.parts(
            indicator: UInt8(ascii: "R"), in: 9,
            legs: [.init(ratio: -1, symbol: "X"), .init(ratio: 2, symbol: "LONGER")],
            bid: [.init(who: UInt8(ascii: "N"), px: 12345)],
            entries: [.init(px: Int64.max, m: 3)], text: Array("hello".utf8), rest: [1, 2],
            to: &made)
        return made
    }

    @Test("Fields with their places, enumerations, decimals, nulls and big-endian numbers")
    func fixedPart() {
        let message = dissect(
            bytes(hex: "17000100 00e1f505 ffffffffffffffff 53 000000000102"), feed: "scratch-a")
        #expect(message.status == .whole && message.name == "Fixed" && message.sequence == 7)
        #expect(message.key == DissectedKey(number: 1, text: "1", isLetters: false))
        #expect(message.offset == 100 && message.length == 23)
        #expect(
            message.fields.map(\.name) == [
                "size", "messageType", "price", "price8", "side", "time",
            ])
        #expect(message.fields.map(\.offset) == [100, 102, 104, 108, 116, 117])
        #expect(message.fields.map(\.length) == [2, 2, 4, 8, 1, 6])
        #expect(
            value("price", message.fields)
                == .decimal(WireNumber(bits: 100_000_000, isSigned: true), exponent: -4))
        #expect(value("price8", message.fields) == .null)
        #expect(
            value("side", message.fields)
                == .named(
                    WireNumber(bits: 0x53, isSigned: false), name: "ask", isLetter: true))
        #expect(
            value("time", message.fields)
                == .time(WireNumber(bits: 0x0102, isSigned: false), unit: .nanoseconds))
    }

    @Test("A message of another feed is unknown, its head is shown")
    func feeds() {
        let message = dissect(
            bytes(hex: "17000100 00e1f505 ffffffffffffff7f 53 000000000102"), feed: "scratch-b")
        #expect(message.status == .unknown && message.name == nil)
        #expect(message.fields.map(\.name) == ["size", "messageType"])
    }

    @Test("Optional fields are there if the message is long enough", arguments: 10...19)
    func presence(length: Int) {
        var made: [UInt8] = []
        ScratchEncoder.`var`(x: 7, sym: "AB", n: 0b1011, late: -5, to: &made)
        made = Array((made + [0, 0, 0]).prefix(length))
        let message = dissect(made)
        let names = message.fields.map(\.name).dropFirst(2)
        switch length {
        case ..<12:
            #expect(message.status == .malformed)
            #expect(message.problem == "\(length) bytes instead of 12")
            #expect(names.elementsEqual(["x"]), "what could be read")
        case 12: #expect(message.status == .whole && names.elementsEqual(["x", "sym"]))
        case 13..<17: #expect(message.status == .whole && names.elementsEqual(["x", "sym", "n"]))
        case 17:
            #expect(message.status == .whole)
            #expect(
                value("n", message.fields)
                    == .bits(
                        0b1011,
                        [
                            DissectedBits(name: "first", value: 1),
                            DissectedBits(name: "several", value: 0b101),
                        ]))
            #expect(
                value("late", message.fields)
                    == .decimal(
                        WireNumber(bits: UInt64(bitPattern: -5), isSigned: true), exponent: -2))
        default: #expect(message.problem == "\(length) bytes instead of 17")
        }
    }

    @Test("Repeats, conditional parts, groups, data and the tail")
    func allParts() {
        let message = dissect(parts())
        #expect(message.status == .whole && message.extraBytes == 0)
        guard case .entries(let legs) = value("legs", message.fields),
            case .entries(let bid) = value("bid", message.fields),
            case .entries(let entries) = value("entries", message.fields)
        else {
            Issue.record("parts are missing: \(message.fields.map(\.name))")
            return
        }
        #expect(
            legs.map { value("ratio", $0) } == [
                number(-1), .number(.init(bits: 2, isSigned: true)),
            ])
        #expect(legs.map { value("symbol", $0) } == [.text("X"), .text("LONGER")])
        #expect(legs[1].map(\.offset) == [122, 126])
        #expect(
            value("px", bid[0])
                == .decimal(WireNumber(bits: 12345, isSigned: false), exponent: -2))
        #expect(value("px", entries[0]) == .null && value("m", entries[0]) == number(3))
        #expect(value("text", message.fields) == .text("hello"))
        #expect(value("rest", message.fields) == .bytes([1, 2]))
        let last = message.fields.last
        #expect((last?.offset ?? 0) + (last?.length ?? 0) == 100 + message.length)
    }

    @Test("Repeats inside of repeats")
    func nesting() {
        var made: [UInt8] = []
        ScratchEncoder.nested(
            a: 1,
            points: [
                .init(price: 10, side: 0x42, markets: [.init(market: 1), .init(market: 2)]),
                .init(price: 20, side: 0x53, markets: [.init(market: 3)]),
            ], to: &made)
        let message = dissect(made)
        guard case .entries(let points) = value("points", message.fields) else {
            Issue.record("no points")
            return
        }
        let markets = points.map { point -> Int in
            guard case .entries(let markets) = value("markets", point) else { return -1 }
            return markets.count
        }
        #expect(message.status == .whole && markets == [2, 1])
    }

    @Test("Every cut of a message is malformed, shows what there is, and is not read beyond")
    func cuts() {
        let whole = parts()
        // The tail may have any length.
        for length in 0..<(whole.count - 2) {
            // A copy of its own, so that the sanitizer sees a read behind it.
            let message = dissect(Array(whole.prefix(length)))
            #expect(message.status == .malformed, "\(length) bytes")
            #expect(!message.problem.isEmpty)
            #expect(message.fields.allSatisfy { $0.offset + $0.length <= 100 + length })
        }
    }

    @Test("SBE: the block's length decides, fields may be missing, longer blocks are stepped over")
    func blocks() {
        var made: [UInt8] = []
        SbexEncoder.orderAdded(
            ts: 1, security: 2, orderID: 3, side: 0x42, qty: 4, price: 5_000_000, to: &made)
        let message = dissect(made, .sbex)
        #expect(message.status == .whole && message.contradictions == 0)
        #expect(
            value("price", message.fields)
                == .decimal(WireNumber(bits: 5_000_000, isSigned: true), exponent: -6))
        #expect(message.fields.first { $0.name == "ts" }?.offset == 106)
        made[3] = 9
        #expect(dissect(made, .sbex).contradictions == 1, "the schema is always 2")
        made.removeLast()
        #expect(dissect(made, .sbex).problem == "a block of 31 bytes, of which 30 are there")

        var group: [UInt8] = []
        SbexEncoder.grp(ts: 1, extra: 9, entries: [.init(px: 1)], blockLength: 8, to: &group)
        let short = dissect(group, .sbex)
        #expect(short.status == .whole && value("extra", short.fields) == nil)
        guard case .entries(let entries) = value("entries", short.fields) else {
            Issue.record("no entries")
            return
        }
        #expect(entries.count == 1)
        #expect(short.extraBytes == 0)
    }

    @Test("Random bytes under known keys: nothing traps, nothing is read beyond the message")
    func noise() {
        var generator = SeededGenerator(seed: 4)
        let dissector = MessageDissector(.scratch, feed: "")
        let blocks = MessageDissector(.sbex, feed: "")
        for round in 0..<20_000 {
            var noise = generator.bytes(generator.below(60))
            if noise.count > 4 {
                noise[2] = UInt8(1 + round % 5)
                noise[3] = 0
            }
            let message = noise.withUnsafeBytes { dissector.dissect($0, at: 0, sequence: 0) }
            #expect(message.fields.allSatisfy { $0.offset + $0.length <= noise.count })
            if noise.count > 4 {
                noise[0] = 0
                noise[1] = UInt8(generator.below(20))
                noise[2] = round % 2 == 0 ? 10 : 11
            }
            let block = noise.withUnsafeBytes { blocks.dissect($0, at: 0, sequence: 0) }
            #expect(block.fields.allSatisfy { $0.offset + $0.length <= noise.count })
        }
    }
}
