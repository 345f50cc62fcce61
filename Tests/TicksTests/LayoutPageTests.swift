import CTapeline
import TestSupport
import Testing
import Ticks

/// A table of a struct's fields on the page, beside what the compiler says of the struct.
private struct StructTable: CustomTestStringConvertible, Sendable {
    let title: String
    let size: Int
    /// Offsets by the names of the C header.
    let offsets: [String: Int]
    var testDescription: String { title }

    init<Value>(_ title: String, _ fields: KeyValuePairs<String, PartialKeyPath<Value>>) {
        self.title = title
        size = MemoryLayout<Value>.size
        offsets = Dictionary(
            uniqueKeysWithValues: fields.map {
                ($0.key, MemoryLayout<Value>.offset(of: $0.value) ?? -1)
            })
    }
}

private let tables: [StructTable] = [
    StructTable(
        "Tick",
        [
            "exchange_time": \Tick.exchangeTime, "capture_time": \.captureTime,
            "sequence": \.sequence, "order_id": \.orderID, "price": \.price,
            "quantity": \.quantity, "instrument": \.instrument, "channel": \.channel,
            "kind": \.kind, "side": \.side, "flags": \.flags, "line": \.line, "detail": \.detail,
            "extra": \.extra,
        ]),
    StructTable(
        "Header: `tapeline_header`",
        [
            "magic": \tapeline_header.magic, "version": \.version, "header_size": \.headerSize,
            "generation": \.generation, "total_size": \.totalSize, "ring_offset": \.ringOffset,
            "ring_capacity": \.ringCapacity, "first_position": \.firstPosition,
            "channel_offset": \.channelOffset, "line_offset": \.lineOffset,
            "counter_offset": \.counterOffset, "instrument_offset": \.instrumentOffset,
            "top_offset": \.topOffset, "blob_offset": \.blobOffset, "blob_size": \.blobSize,
            "channel_count": \.channelCount, "line_count": \.lineCount,
            "counter_count": \.counterCount, "instrument_capacity": \.instrumentCapacity,
            "trading_day": \.tradingDay, "publisher_process": \.publisherProcess,
            "config_hash": \.configHash, "start_time": \.startTime, "name": \.name,
            "feeds": \.feeds, "reserved0": \.reserved0, "claimed": \.claimed,
            "reserved1": \.reserved1, "published": \.published, "reserved2": \.reserved2,
            "heartbeat": \.heartbeat, "reserved3": \.reserved3, "state": \.state,
            "instrument_count": \.instrumentCount, "blob_used": \.blobUsed,
            "reserved4": \.reserved4, "journaled": \.journaled, "reserved5": \.reserved5,
        ]),
    StructTable(
        "Channel: `tapeline_channel`",
        [
            "guard": \tapeline_channel.guard, "id": \.id, "unit": \.unit,
            "reserved0": \.reserved0, "name": \.name, "venue": \.venue, "protocol": \.protocol,
            "session": \.session, "epoch": \.epoch, "session_length": \.sessionLength,
            "first": \.first, "next": \.next, "known_end": \.knownEnd, "received": \.received,
            "delivered": \.delivered, "duplicate": \.duplicate, "stale": \.stale,
            "rejected": \.rejected, "late": \.late, "held": \.held, "lost": \.lost,
            "waiting": \.waiting, "recovered": \.recovered, "gaps": \.gaps,
            "gaps_open": \.gapsOpen, "gaps_filled": \.gapsFilled, "reserved1": \.reserved1,
            "epochs": \.epochs, "reserved2": \.reserved2,
        ]),
    StructTable(
        "Epoch: `tapeline_epoch`",
        [
            "start_position": \tapeline_epoch.startPosition, "first_sequence": \.firstSequence,
            "number": \.number, "cause": \.cause,
        ]),
    StructTable(
        "Line: `tapeline_line`",
        [
            "guard": \tapeline_line.guard, "channel": \.channel, "id": \.id,
            "reserved0": \.reserved0, "name": \.name, "packets": \.packets,
            "messages": \.messages, "bytes": \.bytes, "wins": \.wins,
            "duplicates": \.duplicates, "stale": \.stale, "lost": \.lost,
            "out_of_order": \.outOfOrder, "rejected": \.rejected, "heartbeats": \.heartbeats,
            "last_time": \.lastTime, "dropped_kernel": \.droppedKernel,
            "dropped_interface": \.droppedInterface, "dropped_driver": \.droppedDriver,
            "dropped_ring": \.droppedRing, "skew": \.skew, "filtered": \.filtered,
            "reserved1": \.reserved1,
        ]),
    StructTable(
        "Counter: `tapeline_counter`", ["value": \tapeline_counter.value, "name": \.name]),
    StructTable(
        "Instrument: `tapeline_instrument`",
        [
            "guard": \tapeline_instrument.guard, "id": \.id, "symbol": \.symbol,
            "venue": \.venue, "code": \.code, "tick_size": \.tickSize, "lot_size": \.lotSize,
            "channel": \.channel, "kind": \.kind, "reserved0": \.reserved0,
            "currency": \.currency, "details_offset": \.detailsOffset,
            "details_length": \.detailsLength, "reserved1": \.reserved1,
        ]),
    StructTable(
        "Top of book: `tapeline_top`",
        [
            "guard": \tapeline_top.guard, "flags": \.flags, "position": \.position,
            "bid_price": \.bidPrice, "bid_quantity": \.bidQuantity, "ask_price": \.askPrice,
            "ask_quantity": \.askQuantity, "bid_orders": \.bidOrders, "ask_orders": \.askOrders,
            "exchange_time": \.exchangeTime,
        ]),
]

/// A table of numbers and their names on the page, beside the enumeration that has them.
private struct ValueTable: CustomTestStringConvertible, Sendable {
    let title: String
    let names: [Int: String]
    var testDescription: String { title }

    init<Value: CaseIterable & RawRepresentable>(_ title: String, _ type: Value.Type)
    where Value.RawValue: BinaryInteger {
        self.title = title
        names = Dictionary(uniqueKeysWithValues: type.allCases.map { (Int($0.rawValue), "\($0)") })
    }
}

private let valueTables: [ValueTable] = [
    ValueTable("Kinds", TickKind.self),
    ValueTable("Details of `epoch`", EpochCause.self),
    ValueTable("Details of `gap`", GapCause.self),
    ValueTable("Details of `alert`", AlertCause.self),
    ValueTable("Details of `lineState`", LineStateDetail.self),
    ValueTable("Places of `dropped`", DropPlace.self),
    ValueTable("Details of `status`", StatusDetail.self),
    ValueTable("Details of `limits`", LimitsDetail.self),
    ValueTable("Details of `imbalance`", ImbalanceDetail.self),
    ValueTable("Details of `statistic`", StatisticDetail.self),
    ValueTable("Details of `quote`", QuoteDetail.self),
]

/// `Sources/Tape/LAYOUT.md` says what the headers say.
@Suite struct LayoutPageTests {
    private let page: MarkdownPage

    init() throws { page = try MarkdownPage("Sources/Tape/LAYOUT.md") }

    /// Bytes of a type as the page spells it, such as `u32` or `char[16]`.
    private func byteCount(_ type: String) throws -> Int {
        let sizes = ["u8": 1, "char": 1, "u16": 2, "u32": 4, "u64": 8, "i64": 8, "epoch": 24]
        let parts = type.split { $0 == "[" || $0 == "]" }.map(String.init)
        let size = try #require(sizes[parts[0]], "type \(type)")
        return parts.count == 1 ? size : size * (try #require(Int(parts[1])))
    }

    @Test(arguments: tables)
    private func fieldsStandWhereThePageSays(_ table: StructTable) throws {
        // Tables of other things may follow the fields in a section: their first cell counts from 0
        // again, so fields are the rows with a type.
        let rows = try page.section { $0 == table.title }.rows.filter { $0.count >= 4 }
        var end = 0
        var seen: Set<String> = []
        for row in rows {
            let name = MarkdownPage.quoted(row[2]).first ?? row[2]
            #expect(Int(row[0]) == table.offsets[name], "\(name)")
            #expect(Int(row[0]) == end, "\(name) follows the field before it")
            end = (Int(row[0]) ?? 0) + (try byteCount(row[1]))
            seen.insert(name)
        }
        #expect(end == table.size, "the page describes every byte")
        #expect(seen == Set(table.offsets.keys))
    }

    @Test(arguments: valueTables)
    private func valuesHaveTheNamesOfThePage(_ table: ValueTable) throws {
        let rows = try page.section { $0 == table.title }.rows
        #expect(rows.count == table.names.count)
        for row in rows {
            let value = try #require(Int(row[0]))
            #expect(MarkdownPage.quoted(row[1]) == [try #require(table.names[value])])
        }
    }

    @Test func flagBitsHaveTheNamesOfThePage() throws {
        let flags: [String: TickFlags] = [
            "lastOfEvent": .lastOfEvent, "snapshot": .snapshot, "recovered": .recovered,
            "replaced": .replaced, "topChanged": .topChanged, "implied": .implied,
            "offBook": .offBook, "nonPrintable": .nonPrintable, "auction": .auction,
            "bookSuspect": .bookSuspect, "crossed": .crossed, "locked": .locked,
            "outlier": .outlier, "badCaptureTime": .badCaptureTime,
            "timeSourceMask": .timeSourceMask,
        ]
        var union: UInt16 = 0
        for row in try page.section({ $0 == "Flags" }).rows {
            let bits = row[0].split(separator: "–").compactMap { UInt16($0) }
            let first = try #require(bits.first)
            let mask = (first...(bits.last ?? first)).reduce(UInt16(0)) { $0 | 1 << $1 }
            let name = try #require(MarkdownPage.quoted(row[1]).first)
            #expect(flags[name]?.rawValue == mask, "\(name)")
            union |= mask
        }
        #expect(union == .max, "sixteen bits")
    }

    @Test func statesHaveTheValuesOfThePage() throws {
        let states = try page.section { $0 == "Header: `tapeline_header`" }.rows
            .filter { $0.count == 3 }
        let names = [
            "starting": TAPELINE_STATE_STARTING, "live": TAPELINE_STATE_LIVE,
            "ended": TAPELINE_STATE_ENDED, "superseded": TAPELINE_STATE_SUPERSEDED,
        ]
        #expect(states.count == names.count)
        for row in states { #expect(Int(row[0]) == names[row[1]].map { Int($0) }) }
    }

    @Test func partsHaveTheSizesOfThePage() throws {
        let sizes = [
            "header": Int(TAPELINE_HEADER_SIZE),
            "channel table": MemoryLayout<tapeline_channel>.stride,
            "line table": MemoryLayout<tapeline_line>.stride,
            "counter table": MemoryLayout<tapeline_counter>.stride,
            "instrument directory": MemoryLayout<tapeline_instrument>.stride,
            "top-of-book table": MemoryLayout<tapeline_top>.stride,
            "tick ring": MemoryLayout<Tick>.stride,
        ]
        var seen = 0
        for row in try page.section({ $0 == "The object" }).rows {
            guard let size = sizes[row[0]] else { continue }
            let numbers = row[2].split(separator: ";")[0].split { !$0.isNumber }
            #expect(numbers.last.flatMap { Int($0) } == size, "\(row[0])")
            seen += 1
        }
        #expect(seen == sizes.count)
    }
}
