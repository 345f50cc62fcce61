import Protocols

/// What came to each destination, for `dissect --summary`.
public struct DissectionSummary {
    public struct Channel: Sendable {
        /// ADDRESS:PORT; empty for message files.
        public var destination: String
        /// Feeds that its packets were taken for, most packets first.
        public var protocols: [String] = []
        public var packets: UInt64 = 0
        public var heartbeats: UInt64 = 0
        public var messages: UInt64 = 0
        /// Messages by name, most first.
        public var types: [(name: String, count: UInt64)] = []
        public var unknown: UInt64 = 0
        public var malformed: UInt64 = 0
        /// Packets that no feed fits, or that its feed's transport rejects.
        public var unrecognized: UInt64 = 0
        public var trailingBytes: UInt64 = 0
    }

    struct Counts {
        var channel: Channel
        var feeds: [String: UInt64] = [:]
        var types: [String: UInt64] = [:]
    }

    private var counts: [String: Counts] = [:]
    private var order: [String] = []

    public init() {}

    public mutating func add(_ record: DissectedRecord) {
        let key = record.destination
        if counts[key] == nil {
            counts[key] = Counts(channel: Channel(destination: key))
            order.append(key)
        }
        counts[key]?.add(record)
    }

    /// In the order of their first packets.
    public var channels: [Channel] {
        order.compactMap { counts[$0] }.map { counts in
            func sorted(_ counts: [String: UInt64]) -> [(name: String, count: UInt64)] {
                counts.map { (name: $0.key, count: $0.value) }
                    .sorted { ($1.count, $0.name) < ($0.count, $1.name) }
            }
            var channel = counts.channel
            channel.protocols = sorted(counts.feeds).map(\.name)
            channel.types = sorted(counts.types)
            return channel
        }
    }

    /// Packets and messages that could not be read as their descriptions say.
    public var malformed: UInt64 { counts.values.reduce(0) { $0 + $1.channel.malformed } }
}

extension DissectionSummary.Counts {
    mutating func add(_ record: DissectedRecord) {
        channel.packets += 1
        guard let packet = record.packet else {
            channel.unrecognized += 1
            return
        }
        if packet.isRejected {
            channel.unrecognized += 1
            channel.malformed += 1
            return
        }
        feeds[packet.feed, default: 0] += 1
        if packet.messages.isEmpty { channel.heartbeats += 1 }
        channel.trailingBytes += UInt64(packet.trailingBytes)
        if !packet.problems.isEmpty { channel.malformed += 1 }
        for message in packet.messages {
            channel.messages += 1
            switch message.status {
            case .whole: types[message.name ?? "", default: 0] += 1
            case .unknown: channel.unknown += 1
            case .malformed: channel.malformed += 1
            }
        }
    }
}
