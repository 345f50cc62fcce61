/// What happens to the packets of one line on their way.
public struct LineFaults: Hashable, Sendable {
    /// Chance of a packet never to arrive, 0 to 1.
    public var lossProbability: Double = 0
    /// Chance of a packet that arrives to arrive a second time, later.
    public var duplicationProbability: Double = 0
    /// Chance of a packet to arrive late while those behind it do not wait.
    public var reorderProbability: Double = 0
    /// How much later a reordered or repeated packet arrives at most, at least 1.
    public var displacementNanoseconds: UInt64 = 50_000
    /// What every packet needs at least.
    public var delayNanoseconds: UInt64 = 5_000
    /// What a packet needs beyond that at most; alone it never reorders packets.
    public var jitterNanoseconds: UInt64 = 2_000

    public init() {}
}

/// One packet that arrives on one line.
public struct LineDelivery: Hashable, Sendable {
    /// 0 for line A, 1 for line B, …
    public var line: Int
    /// Arrival: ns since the Unix epoch, UTC.
    public var time: UInt64
    /// The UDP payload.
    public var payload: [UInt8]

    public init(line: Int, time: UInt64, payload: [UInt8]) {
        self.line = line
        self.time = time
        self.payload = payload
    }
}

/// What really happened to the packets read so far, to hold a receiver's report against.
public struct LineTruth: Hashable, Sendable {
    public struct Line: Hashable, Sendable {
        /// Packets that arrive at least once.
        public var arrived = 0
        public var lost = 0
        /// Packets that arrive twice.
        public var duplicated = 0
        public var reordered = 0
        /// Of `lost`, those that ended the session.
        public var lostEndsOfSession = 0
        /// Sequences that do not arrive on this line: ascending, neither touching nor overlapping.
        public var lostSequences: [Range<UInt64>] = []
        public var lostMessages: UInt64 = 0
    }

    public var lines: [Line]
    /// Sequences that arrive on no line, as `Line.lostSequences`.
    public var lostEverywhere: [Range<UInt64>] = []
    public var lostEverywhereMessages: UInt64 = 0
    public var dataPackets = 0
    public var heartbeats = 0
    public var endsOfSession = 0
    public var messages: UInt64 = 0

    init(lineCount: Int) { lines = Array(repeating: Line(), count: lineCount) }

    mutating func count(_ packet: LinePacket) {
        switch packet.kind {
        case .data:
            dataPackets += 1
            messages += UInt64(packet.sequences.count)
        case .heartbeat: heartbeats += 1
        case .endOfSession: endsOfSession += 1
        }
    }

    mutating func countLoss(of packet: LinePacket, on line: Int) {
        lines[line].lost += 1
        if packet.kind == .endOfSession { lines[line].lostEndsOfSession += 1 }
        lines[line].lostMessages += UInt64(packet.sequences.count)
        Self.add(packet.sequences, to: &lines[line].lostSequences)
    }

    mutating func countLossEverywhere(of packet: LinePacket) {
        lostEverywhereMessages += UInt64(packet.sequences.count)
        Self.add(packet.sequences, to: &lostEverywhere)
    }

    private static func add(_ range: Range<UInt64>, to ranges: inout [Range<UInt64>]) {
        if range.isEmpty { return }
        if let last = ranges.last, last.upperBound == range.lowerBound {
            ranges[ranges.count - 1] = last.lowerBound..<range.upperBound
        } else {
            ranges.append(range)
        }
    }
}

/// The same packets over several lines, each with faults of its own from the seed, merged in order
/// of arrival.
///
/// Only packets under way are held: memory grows with the longest delay, and `truth` with the
/// number of losses.
public struct FaultyLines<Packets: PacketSource>: Sendable {
    public private(set) var truth: LineTruth

    private var packets: Packets
    private let faults: [LineFaults]
    private var random: [SplitMix64]
    /// Arrival of each line's last packet that kept its place.
    private var lastArrival: [UInt64]
    private var underWay = DeliveryHeap()
    /// No packet still to be read arrives before this.
    private var horizon: UInt64 = 0
    private let shortestDelay: UInt64
    private var isDrained = false

    /// - Parameter lines: at least one.
    public init(_ packets: Packets, lines: [LineFaults], seed: UInt64) {
        precondition(!lines.isEmpty, "packets need a line")
        self.packets = packets
        self.faults = lines
        // One generator a line: what happens on one does not depend on the others' faults.
        var seeds = SplitMix64(seed: seed)
        self.random = lines.map { _ in seeds.split() }
        self.lastArrival = lines.map { _ in 0 }
        self.shortestDelay = lines.map(\.delayNanoseconds).min() ?? 0
        self.truth = LineTruth(lineCount: lines.count)
    }

    /// The next arrival on any line, in order of time; nil at the end.
    public mutating func next() -> LineDelivery? {
        while !isDrained, (underWay.earliest ?? .max) > horizon {
            guard let packet = packets.next() else {
                isDrained = true
                break
            }
            send(packet)
            horizon = packet.time + shortestDelay
        }
        return underWay.popEarliest()
    }

    private mutating func send(_ packet: LinePacket) {
        truth.count(packet)
        var arrivals = 0
        for line in faults.indices where send(packet, on: line) { arrivals += 1 }
        if arrivals == 0 { truth.countLossEverywhere(of: packet) }
    }

    /// - Returns: whether it arrives.
    private mutating func send(_ packet: LinePacket, on line: Int) -> Bool {
        let faults = faults[line]
        // Always the same number of draws a packet, so that a rate changes its own fault only.
        let isLost = random[line].chance(faults.lossProbability)
        let isRepeated = random[line].chance(faults.duplicationProbability)
        let isReordered = random[line].chance(faults.reorderProbability)
        let jitter = random[line].unit() * Double(faults.jitterNanoseconds)
        let displacement = 1 + UInt64(random[line].unit() * Double(faults.displacementNanoseconds))
        let repetition = 1 + UInt64(random[line].unit() * Double(faults.displacementNanoseconds))
        if isLost {
            truth.countLoss(of: packet, on: line)
            return false
        }
        truth.lines[line].arrived += 1
        var arrival = max(
            packet.time + faults.delayNanoseconds + UInt64(jitter), lastArrival[line])
        if isReordered {
            truth.lines[line].reordered += 1
            arrival += displacement
        } else {
            lastArrival[line] = arrival
        }
        underWay.push(LineDelivery(line: line, time: arrival, payload: packet.payload))
        if isRepeated {
            truth.lines[line].duplicated += 1
            let again = arrival + repetition
            underWay.push(LineDelivery(line: line, time: again, payload: packet.payload))
        }
        return true
    }
}

/// Deliveries by time; those of one time in the order in which they were sent.
private struct DeliveryHeap: Sendable {
    private var heap: [(serial: UInt64, delivery: LineDelivery)] = []
    private var serial: UInt64 = 0

    var earliest: UInt64? { heap.first?.delivery.time }

    mutating func push(_ delivery: LineDelivery) {
        heap.append((serial, delivery))
        serial += 1
        var index = heap.count - 1
        while index > 0, isBefore(index, (index - 1) / 2) {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    mutating func popEarliest() -> LineDelivery? {
        guard !heap.isEmpty else { return nil }
        heap.swapAt(0, heap.count - 1)
        let earliest = heap.removeLast().delivery
        var index = 0
        while true {
            var first = index
            for child in [2 * index + 1, 2 * index + 2]
            where child < heap.count && isBefore(child, first) { first = child }
            if first == index { return earliest }
            heap.swapAt(index, first)
            index = first
        }
    }

    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        (heap[left].delivery.time, heap[left].serial)
            < (heap[right].delivery.time, heap[right].serial)
    }
}
