import Protocols
import Simulation
import Wire

/// What the packets of one feed hold while it is measured: its orders, levels, quotes and trades,
/// or what it has instead of them, made from its description.
struct FeedFlow {
    private static let messagesPerPacket = 12
    /// How the mapping of a message begins that is measured.
    private static let orderFlow = [
        "add", "modify", "cancel", "delete", "fill", "trade", "quote", "level", "replace",
    ]
    /// The same of feeds without order flow.
    private static let otherFlow = ["imbalance", "status", "clear"]

    private let description: ProtocolDescription
    private let known: [ProtocolDescription.Message]
    private let hot: [Int]
    private let defining: [Int]
    private var synthesizer: MessageSynthesizer
    private let shape: Shape

    /// What descriptions do not say of a packet.
    private enum Shape {
        case any
        /// A start of a snapshot, then orders; their numbers show that none is missing.
        case numberedSnapshot(start: Int, order: Int)
        /// Entries with points behind the header that is the message.
        case openBook
    }

    /// - Throws: `BenchmarkError.differs` if the feed has none of these messages.
    init(_ feed: FeedDefinition, seed: UInt64) throws {
        let description = feed.description()
        let known = description.messages(of: feed.name)
        func keys(_ kinds: [String]) -> [Int] {
            known.filter { message in
                let mapping = message.mapping.drop { $0 == "`" }
                return kinds.contains { mapping.hasPrefix($0) }
            }.map(\.key)
        }
        switch feed.name {
        case "coinbase-snap": shape = .numberedSnapshot(start: 110, order: 120)
        case "openbook-ultra": shape = .openBook
        default: shape = .any
        }
        let orders = keys(Self.orderFlow)
        hot = orders.isEmpty ? keys(Self.otherFlow) : orders
        guard !hot.isEmpty else { throw BenchmarkError.differs("\(feed.name): no order flow") }
        defining = known.filter { $0.mapping.contains("definition") }.map(\.key)
        synthesizer = MessageSynthesizer(
            description, feed: feed.name, seed: seed, onlyPlausible: true)
        self.description = description
        self.known = known
    }

    /// A packet of definitions; nil if the feed has none, or tells them with what is measured.
    mutating func definitions() -> [[UInt8]]? {
        guard case .any = shape, !defining.isEmpty else { return nil }
        return messages(defining)
    }

    /// The session of the packets' run; snapshots have the instrument there.
    func session(packet: Int) -> UInt64 {
        if case .numberedSnapshot = shape { UInt64(packet + 1) } else { 7 }
    }

    /// A packet of what is measured.
    mutating func messages() -> [[UInt8]] {
        switch shape {
        case .any: messages(hot)
        case .numberedSnapshot(let start, let order): snapshot(start: start, order: order)
        case .openBook: [openBookUpdate()]
        }
    }

    private mutating func messages(_ keys: [Int]) -> [[UInt8]] {
        (0..<Self.messagesPerPacket).map { _ in
            synthesizer.message(key: keys[synthesizer.below(keys.count)])
        }
    }

    private mutating func snapshot(start: Int, order: Int) -> [[UInt8]] {
        (0..<Self.messagesPerPacket).map { number in
            var message = synthesizer.message(key: number == 0 ? start : order)
            // The number is the block's first field.
            message[description.prefixSize] = UInt8(number)
            message[description.prefixSize + 1] = 0
            return message
        }
    }

    // MARK: OpenBook Ultra

    private static let pointsMax = 3

    private mutating func openBookUpdate() -> [UInt8] {
        var entries: [UInt8] = []
        for _ in 0..<Self.messagesPerPacket {
            let points = 1 + synthesizer.below(Self.pointsMax)
            OpenBookEncoder.deltaUpdateEntry(
                size: UInt16(20 + points * 28), symbolIndex: UInt32(synthesizer.below(8)),
                sourceTime: 34_200_000, microseconds: UInt16(synthesizer.below(1000)),
                tradingStatus: UInt8(ascii: "O"), priceScaleCode: 4, to: &entries)
            for _ in 0..<points {
                OpenBookEncoder.deltaUpdatePoint(
                    price: Int32(1000 + synthesizer.below(8)),
                    volume: UInt32(100 * synthesizer.below(8)), changedQuantity: 100,
                    orders: UInt16(synthesizer.below(8)),
                    side: synthesizer.below(2) == 0 ? UInt8(ascii: "B") : UInt8(ascii: "S"),
                    reason: UInt8(ascii: "O"), to: &entries)
            }
        }
        var message: [UInt8] = []
        OpenBookEncoder.deltaUpdate(
            entryCount: UInt8(Self.messagesPerPacket), entries: entries, to: &message)
        return message
    }

    /// Fields of the entries and points behind a header, which the description has as headers.
    private func openBookFields(_ size: Int) -> Int {
        func count(_ name: String) -> Int {
            description.headers.first { $0.name == name }?.fields.count { !$0.name.isEmpty } ?? 0
        }
        let points = (size - description.prefixSize - Self.messagesPerPacket * 20) / 28
        return Self.messagesPerPacket * count("DeltaUpdateEntry")
            + points * count("DeltaUpdatePoint")
    }

    // MARK: Fields

    /// Fields of a packet's messages.
    func fields(_ packet: DissectedPacket) -> Int {
        packet.messages.reduce(0) { sum, message in
            if case .openBook = shape {
                return sum + description.prefix.count + openBookFields(message.length)
            }
            let parts = known.first { $0.name == message.name }?.parts ?? []
            return sum + Self.fields(message.fields, parts)
        }
    }

    /// Fields with those of all entries, and what stands in front of a group's: its entries' length
    /// and their count. (Counts of other entries are fields of the message.)
    private static func fields(
        _ fields: [DissectedField], _ parts: [ProtocolDescription.Part]
    ) -> Int {
        fields.reduce(0) { sum, field in
            guard case .entries(let entries) = field.value else { return sum + 1 }
            let part = parts.first { $0.name == field.name }
            let dimension = part?.dimension.count { !$0.name.isEmpty } ?? 0
            return sum + dimension
                + entries.reduce(0) { $0 + Self.fields($1, part?.parts ?? []) }
        }
    }
}
