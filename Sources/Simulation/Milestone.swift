import Wire

/// Something that must happen in a simulated day, at a time known beforehand: exactly one required
/// message each (a cross may have fills of the flow before it).
struct Milestone: Sendable {
    enum Event: Sendable {
        case system(Letter)
        case directory
        case trading(state: Letter, reason: PaddedText4)
        case shortSale
        case participant
        case declineLevels
        case breaker(level: Letter)
        case quotingPeriod(release: UInt32)
        case collar(extensions: UInt32)
        case operational(market: Letter, action: Letter)
        case priceDiscovery
        case cross(Letter)
    }

    /// ns since midnight.
    var time: UInt64
    /// Nil for the market as a whole.
    var instrument: Int?
    var event: Event

    /// The milestones of a day in order of time.
    static func script(instruments: Int, messages: Int, random: inout SplitMix64) -> [Milestone] {
        var script = Script(instruments: instruments, messages: messages, random: random)
        script.write()
        random = script.random
        // Ties keep the order in which they were written.
        return script.milestones.enumerated()
            .sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }
            .map(\.element)
    }
}

/// Writes the milestones of a day.
private struct Script {
    let instruments: Int
    let messages: Int
    var random: SplitMix64
    var milestones: [Milestone] = []

    /// Instruments that something special happens to, each at most once.
    private var special: Set<Int> = []

    init(instruments: Int, messages: Int, random: SplitMix64) {
        self.instruments = instruments
        self.messages = messages
        self.random = random
    }

    mutating func write() {
        for (time, letter) in [
            (clock(3, 0) + 41_382_116, "O"), (clock(4, 0) + 70_091, "S"),
            (clock(9, 30) + 70_384, "Q"), (clock(16, 0) + 65_027, "M"),
            (clock(20, 0) + 58_340, "E"), (clock(20, 5) + 61_205, "C"),
        ] as [(UInt64, Letter)] {
            add(time, nil, .system(letter))
        }
        add(clock(9, 25), nil, .declineLevels)

        // Rare events need other instruments around that lead a normal life.
        var listedLater: Set<Int> = []
        if instruments >= 16 {
            // From 15:25 on, a decline to level 1 no longer halts the market.
            add(clock(15, 31) + 8_402_733, nil, .breaker(level: "1"))
            listedLater = [writeOffering(), writeDirectListing()]
            let pauses = min(max(1, messages / 40_000), instruments / 8)
            for _ in 0..<pauses { writePause() }
            for _ in 0..<(pauses / 4 + 1) { writeNewsHalt() }
            for market in ["Q", "B", "X"] as [Letter] { writeOperationalHalt(market: market) }
        }
        writeSpins(halted: listedLater)
        writeCrosses(from: clock(9, 30) + 90_000, type: "O", except: listedLater)
        writeCrosses(from: clock(16, 0) + 110_000, type: "C", except: [])
    }

    private mutating func add(_ time: UInt64, _ instrument: Int?, _ event: Milestone.Event) {
        milestones.append(Milestone(time: time, instrument: instrument, event: event))
    }

    private mutating func drawSpecial() -> Int {
        while true {
            let instrument = random.below(instruments)
            if special.insert(instrument).inserted { return instrument }
        }
    }

    private mutating func drawTime(from: UInt64, to: UInt64) -> UInt64 {
        from + UInt64(random.unit() * Double(to - from))
    }

    private mutating func writeSpins(halted: Set<Int>) {
        spin(from: clock(3, 5)) { _ in .directory }
        spin(from: clock(3, 6)) {
            halted.contains($0)
                ? .trading(state: "H", reason: "IPO1") : .trading(state: "T", reason: "")
        }
        spin(from: clock(3, 7)) { _ in .shortSale }
        for round in 0..<min(8, messages / (instruments * 60)) {
            spin(from: clock(3, 10) + UInt64(round) * 10_000_000_000) { _ in .participant }
        }
    }

    private mutating func spin(from start: UInt64, _ event: (Int) -> Milestone.Event) {
        var time = start
        for instrument in 0..<instruments {
            time += UInt64(random.heavyTailed(scale: 2_000, octaves: 6))
            add(time, instrument, event(instrument))
        }
    }

    private mutating func writeCrosses(from start: UInt64, type: Letter, except: Set<Int>) {
        var time = start
        for instrument in 0..<instruments where !except.contains(instrument) {
            time += UInt64(random.heavyTailed(scale: 20_000, octaves: 8))
            add(time, instrument, .cross(type))
        }
    }

    /// A pause of five minutes, or ten, after a move out of the price band.
    private mutating func writePause() {
        let instrument = drawSpecial()
        let start = drawTime(from: clock(9, 45), to: clock(15, 0))
        add(start, instrument, .trading(state: "P", reason: "LUDP"))
        add(start + 3_883_584, instrument, .collar(extensions: 0))
        var end = start + clock(0, 5)
        if random.chance(0.3) {
            add(end - 2_000_000, instrument, .collar(extensions: 1))
            end += clock(0, 5)
        }
        add(end - clock(0, 1), instrument, .trading(state: "Q", reason: "LUDP"))
        add(end, instrument, .cross("H"))
        add(end + 52_108, instrument, .trading(state: "T", reason: "LUDP"))
    }

    private mutating func writeNewsHalt() {
        let instrument = drawSpecial()
        let start = drawTime(from: clock(10, 0), to: clock(14, 0))
        add(start, instrument, .trading(state: "H", reason: "T1"))
        add(start + clock(0, 12), instrument, .trading(state: "H", reason: "T2"))
        add(start + clock(0, 30), instrument, .trading(state: "Q", reason: "T3"))
        add(start + clock(0, 35), instrument, .cross("H"))
        add(start + clock(0, 35) + 61_417, instrument, .trading(state: "T", reason: "T3"))
    }

    private mutating func writeOperationalHalt(market: Letter) {
        let instrument = drawSpecial()
        let start = drawTime(from: clock(10, 0), to: clock(15, 0))
        add(start, instrument, .operational(market: market, action: "H"))
        add(start + clock(0, 9), instrument, .operational(market: market, action: "T"))
    }

    /// - Returns: an instrument that starts to trade at 10:50 only.
    private mutating func writeOffering() -> Int {
        let instrument = drawSpecial()
        let release = UInt32(clock(10, 45) / 1_000_000_000)
        add(clock(9, 0) + 218_771, instrument, .quotingPeriod(release: release))
        add(clock(10, 45), instrument, .trading(state: "Q", reason: "IPOQ"))
        add(clock(10, 50), instrument, .cross("H"))
        add(clock(10, 50) + 48_290, instrument, .trading(state: "T", reason: "IPOE"))
        return instrument
    }

    /// - Returns: an instrument that starts to trade at 11:30 only.
    private mutating func writeDirectListing() -> Int {
        let instrument = drawSpecial()
        add(clock(11, 0), instrument, .trading(state: "Q", reason: "IPOQ"))
        for second in stride(from: UInt64(0), to: 300, by: 30) {
            add(clock(11, 25, second), instrument, .priceDiscovery)
        }
        add(clock(11, 30), instrument, .cross("H"))
        add(clock(11, 30) + 50_663, instrument, .trading(state: "T", reason: "IPOE"))
        return instrument
    }
}
