import Protocols
public import Ticks
import Wire

/// What a simulated day is made from. Equal configurations give equal bytes.
public struct ITCH50DayConfiguration: Hashable, Sendable {
    /// All messages of the day, exactly.
    public var messages: Int
    /// Instruments, 1 to 65,535 (the stock locate has 16 bits).
    public var symbols: Int
    public var seed: UInt64
    /// Only decides at which UTC time the day's messages are; the bytes stay the same.
    public var date: TradingDay

    public init(messages: Int, symbols: Int, seed: UInt64, date: TradingDay) {
        self.messages = messages
        self.symbols = symbols
        self.seed = seed
        self.date = date
    }
}

/// Why a day cannot be simulated.
public enum ITCH50DayError: Error, Hashable, Sendable, CustomStringConvertible {
    case symbolsOutOfRange(Int)
    case tooFewMessages(Int, minimum: Int)
    case tooManyMessages(Int)

    public var description: String {
        switch self {
        case .symbolsOutOfRange(let symbols):
            "\(symbols) symbols: an ITCH 5.0 day has 1 to 65535"
        case .tooFewMessages(let messages, let minimum):
            "\(messages) messages do not hold the directory, crosses and events of so many symbols:"
                + " ask for at least \(minimum), or for fewer symbols"
        case .tooManyMessages(let messages):
            "\(messages) messages: a simulated day has at most \(ITCH50Day.largestMessageCount)"
        }
    }
}

/// A venue's day as Nasdaq TotalView-ITCH 5.0 messages, made from a seed, one at a time.
///
/// It is a valid market: executions hit resting orders at the best price in time priority and take
/// no more than is there, no order crosses or locks the other side, partial cancels leave a rest,
/// order references and match numbers are unique and never zero, halted instruments do not trade.
/// Memory depends on the number of instruments and of orders alive at a time, not on the length of
/// the day.
public struct ITCH50Day: MessageSource {
    /// More would need times closer together than the profile of the day has room for.
    public static let largestMessageCount = 300_000_000

    public let configuration: ITCH50DayConfiguration
    /// ns since midnight in New York of the message appended last.
    public private(set) var timestamp: UInt64 = 0

    public var time: UInt64 { configuration.date.midnightNanoseconds + timestamp }

    /// One instrument's state beside its orders.
    struct Market: Sendable {
        /// What the instrument is worth, in 1/64 cent.
        var fair: Int
        /// How far from the touch orders usually rest, in cents.
        var width: Int
        /// Live orders to aim at.
        var target: Int
        var live = 0
        var halted = false
        /// The order placed last, if it is still there.
        var newestSlot = 0
        var newestReference: UInt64 = 0
    }

    let universe: Universe
    let milestones: [Milestone]
    var random: SplitMix64
    var markets: [Market]
    var resting: RestingOrders
    var profile: DayProfile

    /// ns since midnight; never goes back.
    var now: UInt64 = 0
    var nextMilestone = 0
    /// Messages that no milestone requires.
    let flowTotal: Int
    var flowLeft: Int
    var nextFlowTime: UInt64
    var burst = Burst()
    /// Of an instrument, the chance that resting orders take part in one of its crosses.
    let crossFillChance: Double

    var lastReference: UInt64 = 0
    var lastMatchNumber: UInt64 = 0
    /// A printed execution that may still be broken; 0 if none.
    var breakableMatch: (number: UInt64, instrument: Int) = (0, 0)

    /// Messages of the step under way, not yet handed out.
    private var stagedBytes: [UInt8] = []
    private var staged: [(end: Int, timestamp: UInt64)] = []
    private var handedOut = 0

    public init(_ configuration: ITCH50DayConfiguration) throws(ITCH50DayError) {
        guard (1...65_535).contains(configuration.symbols) else {
            throw .symbolsOutOfRange(configuration.symbols)
        }
        guard configuration.messages <= Self.largestMessageCount else {
            throw .tooManyMessages(configuration.messages)
        }
        var random = SplitMix64(seed: configuration.seed)
        let universe = Universe(count: configuration.symbols, random: &random)
        let milestones = Milestone.script(
            instruments: universe.count, messages: configuration.messages, random: &random)
        guard configuration.messages >= milestones.count else {
            throw .tooFewMessages(configuration.messages, minimum: milestones.count)
        }
        let flow = configuration.messages - milestones.count
        self.configuration = configuration
        self.universe = universe
        self.milestones = milestones
        self.markets = Self.makeMarkets(universe, flow: flow, random: &random)
        self.random = random
        self.resting = RestingOrders(instrumentCount: universe.count)
        self.flowTotal = flow
        self.flowLeft = flow
        // A thousandth of the flow takes part in either of the two crosses, about two fills each.
        self.crossFillChance = min(1, Double(flow) / 2_000 / Double(universe.count))
        var profile = DayProfile(messageCount: flow)
        self.nextFlowTime = profile.time(ofMessage: 0)
        self.profile = profile
    }

    private static func makeMarkets(
        _ universe: Universe, flow: Int, random: inout SplitMix64
    ) -> [Market] {
        let liveTotal = min(Double(flow) * 0.04, Double(universe.count) * 150)
        let roots = universe.weights.map { $0.squareRoot() }
        let rootTotal = roots.reduce(0, +)
        return roots.map { root in
            // 2 to 1,024 dollars, as many between 2 and 4 as between 512 and 1,024.
            let cents = 200 << random.below(9)
            let ticks = cents + random.below(cents)
            return Market(
                fair: ticks * 64, width: 1 + ticks / 8_000,
                target: max(2, Int(liveTotal * root / rootTotal)))
        }
    }

    public mutating func next(into bytes: inout [UInt8]) -> Bool {
        if handedOut == staged.count, !step() { return false }
        let start = handedOut == 0 ? 0 : staged[handedOut - 1].end
        let message = staged[handedOut]
        bytes.append(contentsOf: stagedBytes[start..<message.end])
        timestamp = message.timestamp
        handedOut += 1
        return true
    }

    /// Lets the venue do the next thing, whatever is due first; false at the end of the day.
    private mutating func step() -> Bool {
        handedOut = 0
        staged.removeAll(keepingCapacity: true)
        stagedBytes.removeAll(keepingCapacity: true)
        while staged.isEmpty {
            let flowTime = flowLeft > 0 ? nextFlowTime : .max
            if nextMilestone < milestones.count, milestones[nextMilestone].time <= flowTime {
                let milestone = milestones[nextMilestone]
                nextMilestone += 1
                now = max(now, milestone.time)
                run(milestone)
            } else if flowLeft > 0 {
                now = max(now, nextFlowTime)
                flow()
            } else {
                return false
            }
        }
        return true
    }

    /// Stages one message that a milestone requires.
    @inline(__always)
    mutating func emitRequired(
        _ instrument: Int?, _ encode: (ITCH50Encoder.Header, inout [UInt8]) -> Void
    ) {
        let tracking = UInt16(truncatingIfNeeded: now % 12 / 2)
        let header = ITCH50Encoder.Header(
            locate: instrument.map { UInt16($0 + 1) } ?? 0, tracking: tracking, timestamp: now)
        encode(header, &stagedBytes)
        staged.append((stagedBytes.count, now))
    }

    /// Stages one message of the flow. Only while `flowLeft` is above zero.
    @inline(__always)
    mutating func emit(
        _ instrument: Int, _ encode: (ITCH50Encoder.Header, inout [UInt8]) -> Void
    ) {
        flowLeft -= 1
        emitRequired(instrument, encode)
    }

    /// Unique, increasing, not dense: other products of a venue draw from the same numbers.
    mutating func makeReference() -> UInt64 {
        lastReference += UInt64(random.halving(atMost: 16))
        return lastReference
    }

    mutating func makeMatchNumber() -> UInt64 {
        lastMatchNumber += UInt64(random.halving(atMost: 4))
        return lastMatchNumber
    }
}
