import Wire

/// Takes packets apart by the feed that fits their destination best.
///
/// Every feed is tried on a destination's first packets; their scores add up until one has proven
/// itself. It is doubted again when packets stop to fit it.
public final class ProtocolGuess {
    /// Where packets go; those of one destination are one feed's.
    public struct Destination: Hashable, Sendable {
        public var address: IPAddress
        public var port: UInt16
        public var isTCP: Bool

        public init(address: IPAddress, port: UInt16, isTCP: Bool) {
            self.address = address
            self.port = port
            self.isTCP = isTCP
        }
    }

    private struct Candidate {
        let dissector: FeedDissector
        let ports: [ClosedRange<UInt16>]
        let groups: [IPAddress]

        init(_ feed: FeedDefinition) {
            dissector = FeedDissector(feed)
            var ports: [ClosedRange<UInt16>] = []
            var groups: [IPAddress] = []
            let own = dissector.description.feeds.first { $0.name == feed.name }
            for hint in own?.hints ?? [] {
                let parts = hint.split(separator: "=", maxSplits: 1)
                guard parts.count == 2 else { continue }
                if parts[0] == "port" {
                    let ends = parts[1].split(separator: "-").compactMap { UInt16($0) }
                    if let first = ends.first, let last = ends.last, first <= last {
                        ports.append(first...last)
                    }
                } else if parts[0] == "group", let group = IPAddress(String(parts[1])) {
                    groups.append(group)
                }
            }
            self.ports = ports
            self.groups = groups
        }

        func hinted(_ destination: Destination) -> Double {
            (ports.contains { $0.contains(destination.port) } ? 15 : 0)
                + (groups.contains(destination.address) ? 15 : 0)
        }
    }

    private struct Memory {
        var scores: [Double]
        /// Packets with messages that took part in the scores.
        var packets = 0
        /// Index of the feed that has proven itself.
        var winner: Int?
        /// Packets in a row that did not fit the winner.
        var misfits = 0
    }

    /// Packets with messages after which the best feed is believed.
    private static let packetsNeeded = 8
    /// Misfits in a row after which it is not believed any more.
    private static let misfitsMax = 16

    private let candidates: [Candidate]
    private var memories: [Destination: Memory] = [:]
    private var fileMemory: Memory

    /// - Parameter feeds: the feeds to choose from; of a single one nothing is guessed.
    public init(feeds: [FeedDefinition]) {
        candidates = feeds.map(Candidate.init)
        fileMemory = Memory(scores: Array(repeating: 0, count: feeds.count))
    }

    /// The packet as its feed has it; nil if no feed fits.
    public func dissect(
        _ payload: UnsafeRawBufferPointer, to destination: Destination, captureTime: UInt64
    ) -> DissectedPacket? {
        if candidates.count == 1 { return candidates[0].dissector.dissect(payload) }
        var memory =
            memories[destination]
            ?? Memory(scores: candidates.map { $0.hinted(destination) })
        defer { memories[destination] = memory }
        return choose(&memory, captureTime) { $0.dissect(payload) }
    }

    /// A message of a message file; nil if no feed fits.
    public func dissect(message: UnsafeRawBufferPointer, sequence: UInt64) -> DissectedPacket? {
        choose(&fileMemory, 0) { $0.dissect(message: message, sequence: sequence) }
    }

    private func choose(
        _ memory: inout Memory, _ captureTime: UInt64,
        _ dissect: (FeedDissector) -> DissectedPacket
    ) -> DissectedPacket? {
        if let winner = memory.winner {
            let packet = dissect(candidates[winner].dissector)
            if !packet.isRejected, !packet.isMalformed {
                memory.misfits = 0
                return packet
            }
            memory.misfits += 1
            if memory.misfits < Self.misfitsMax { return packet }
            memory = Memory(scores: Array(repeating: 0, count: candidates.count))
        }
        let packets = candidates.map { dissect($0.dissector) }
        var best: Int?
        for (index, packet) in packets.enumerated() {
            memory.scores[index] +=
                packet.isRejected ? -40 : Evidence(packet, captureTime: captureTime).score
            if packet.isRejected { continue }
            if best == nil || memory.scores[index] > memory.scores[best ?? 0] { best = index }
        }
        guard let best, memory.scores[best] > 0 else { return nil }
        if !packets[best].messages.isEmpty { memory.packets += 1 }
        if memory.packets >= Self.packetsNeeded { memory.winner = best }
        return packets[best]
    }
}
