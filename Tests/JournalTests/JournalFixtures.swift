import CLinux
import Foundation
import Testing
import Ticks

@testable import Journal

/// A directory that exists as long as this object.
final class TemporaryDirectory {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory
            .appendingPathComponent("journal-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func files(suffix: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasSuffix(suffix) }
            .sorted()
    }

    func bytes(of name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: path + "/" + name)))
    }

    func write(_ bytes: [UInt8], to name: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path + "/" + name))
    }
}

enum Fixtures {
    static let identity = JournalIdentity(
        tradingDay: 20_191_230, generation: 7, configHash: 0x1234, feeds: ["nasdaq", "iex"])

    static let definitions = JournalDefinitions(
        channels: [
            ChannelDescription(
                id: 1, name: "itch", venue: "XNAS", protocolName: "itch50", unit: .messages)
        ],
        states: [
            ChannelState(
                channel: 1, epoch: 1, session: SessionIdentifier(high: 1, low: 2),
                nextSequence: 1)
        ],
        instruments: [
            Instrument(id: 1, symbol: "AAPL", venue: "XNAS", code: 13, lotSize: 100),
            Instrument(id: 2, symbol: "ZVZZT", venue: "XNAS", details: "etp=Y\n"),
        ])

    static func preamble(_ position: UInt64) -> SegmentPreamble {
        var image = Tick()
        image.kind = TickKind.add.rawValue
        image.flags = TickFlags.snapshot.rawValue
        image.orderID = position + 1
        image.instrument = 1
        image.channel = 1
        image.price = 5_000_000_000
        image.quantity = 100
        return SegmentPreamble(definitions: definitions, image: [image])
    }

    static func options(
        blockTicks: Int = 100, segmentBytes: UInt64 = 1 << 30
    ) -> JournalOptions {
        var options = JournalOptions()
        options.blockTicksMax = blockTicks
        options.segmentBytesMax = segmentBytes
        return options
    }

    /// Ticks of all bits, as no decoder makes them.
    static func randomTicks(_ count: Int, seed: UInt64, sparse: Bool) -> [Tick] {
        var random = SeededGenerator(seed: seed)
        var ticks = [Tick](repeating: Tick(), count: count)
        ticks.withUnsafeMutableBytes { bytes in
            for i in bytes.indices where !sparse || random.below(3) == 0 {
                bytes[i] = UInt8(truncatingIfNeeded: random.next())
            }
        }
        return ticks
    }
}

func sameBytes(_ one: UnsafeBufferPointer<Tick>, _ other: UnsafeBufferPointer<Tick>) -> Bool {
    guard one.count == other.count else { return false }
    guard one.count > 0 else { return true }
    return memcmp(one.baseAddress!, other.baseAddress!, one.count * 64) == 0
}

func sameBytes(_ one: [Tick], _ other: [Tick]) -> Bool {
    one.withUnsafeBufferPointer { a in other.withUnsafeBufferPointer { sameBytes(a, $0) } }
}

/// Everything a journal tells, gathered.
struct JournalContents {
    var ticks: [UInt64: Tick] = [:]
    /// Positions in the order in which they came.
    var positions: [UInt64] = []
    var missing: [Range<UInt64>] = []
    var damages: [JournalDamage] = []
    var images: [(position: UInt64, ticks: [Tick])] = []
    var definitions: [JournalDefinitions] = []
    var segments: [SegmentHeader] = []

    init() {}

    init(reading storage: any JournalStorage) throws {
        let reader = try JournalReader(storage: storage)
        try read(reader)
    }

    mutating func read(_ reader: JournalReader) throws {
        while let event = try reader.next() {
            switch event {
            case .segment(let header): segments.append(header)
            case .definitions(let more): definitions.append(more)
            case .image(let position, let ticks): images.append((position, Array(ticks)))
            case .ticks(let first, let ticks):
                for (i, tick) in ticks.enumerated() {
                    positions.append(first + UInt64(i))
                    self.ticks[first + UInt64(i)] = tick
                }
            case .missing(let range): missing.append(range)
            case .damaged(let damage): damages.append(damage)
            }
        }
    }

    /// The ticks in the order in which they came.
    var inOrder: [Tick] { positions.compactMap { ticks[$0] } }
}

extension JournalWriter {
    func append(_ ticks: [Tick], now: UInt64 = 1_000) throws {
        try ticks.withUnsafeBufferPointer {
            try append($0, firstPosition: nextPosition, now: now)
        }
    }
}
