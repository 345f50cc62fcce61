import Capture
import Glibc
import Logging
import Synchronization
import Ticks

/// What one line lost on the way in, by place, since the run began.
struct LineDrops: Sendable, Equatable {
    private var counts = [UInt64](repeating: 0, count: DropPlace.allCases.count)

    subscript(place: DropPlace) -> UInt64 {
        get { counts[Int(place.rawValue) - 1] }
        set { counts[Int(place.rawValue) - 1] = newValue }
    }
}

/// What the control thread tells the core thread about a line.
enum CaptureNews: Sendable, Equatable {
    /// A counter that several lines share comes with the first of them in each channel.
    case dropped(line: Int, place: DropPlace, count: UInt64, isShared: Bool)
    case state(line: Int, LineStateDetail)
}

/// The control thread's eyes on capture: reads loss counters, links and memberships, so that the core
/// thread need not make a system call for them.
final class CaptureMonitor: @unchecked Sendable {
    /// Between two looks at the counters: how close a loss and its gap stand together on the tape.
    static let intervalMicroseconds: UInt32 = 20_000

    /// Interfaces' counters are a dozen files each, links and memberships some more: looked at so much
    /// more rarely than the counters of sources.
    private static let looksPerInterfaceRead = 5
    private static let looksPerLinkCheck = 10
    /// The core's clock is held to the system's about once a second.
    private static let looksPerAdjustment = 50

    private struct State {
        /// Last values, by counter.
        var values: [String: UInt64] = [:]
        var readings: [DropReading] = []
        var drops: [LineDrops]
        var totals = LineDrops()
        var news: [CaptureNews] = []
        var failedCount = 0
    }

    private let session: CaptureSession
    private let logger: Logger
    /// The control thread's: lines whose source hears nothing any more.
    private var deafLines: Set<UInt16> = []
    /// One look at a time, with what the interfaces said last; the core thread only ever waits for `state`, which nobody holds for long.
    private let looking = Mutex([DropReading]())
    private let state: Mutex<State>
    private let newsWaits = Atomic<Bool>(false)

    init(_ session: CaptureSession, logger: Logger) {
        self.session = session
        self.logger = logger
        state = Mutex(
            State(drops: [LineDrops](repeating: LineDrops(), count: session.lines.count)))
    }

    /// The control thread, until the core has ended.
    func run(_ clock: TSCClock, until isOver: () -> Bool) {
        var looks = 0
        while !isOver() {
            look(atInterfaces: looks % Self.looksPerInterfaceRead == 0)
            if looks % Self.looksPerLinkCheck == 0 {
                checkLinks()
                session.recording?.watch(logger)
            }
            if looks % Self.looksPerAdjustment == 0 { clock.adjust() }
            looks += 1
            usleep(Self.intervalMicroseconds)
        }
    }

    /// Links and memberships: joined anew where they were lost, and told.
    private func checkLinks() {
        tellRemadeInterfaces()
        for event in session.membership.check() {
            let change = LineChange(event)
            // Up it may be, but nothing comes from it.
            if change.isGood, change.lines.contains(where: { deafLines.contains($0) }) { continue }
            if change.isGood {
                logger.notice("\(change.text)")
            } else {
                logger.warning("\(change.text)")
            }
            guard let detail = change.detail else { continue }
            state.withLock { state in
                state.news += change.lines.map { .state(line: Int($0), detail) }
                newsWaits.store(true, ordering: .releasing)
            }
        }
    }

    /// Reads everything once. Also called when the core has taken its last packet, so that the end of
    /// a run knows all of its losses.
    func look(atInterfaces: Bool = true) {
        looking.withLock { interfaces in
            // Interfaces first: what they have of a driver's losses is in the driver's count by then.
            if atInterfaces { interfaces = session.statistics.flatMap { $0.read() } }
            var readings: [DropReading] = []
            for opened in session.opened {
                let losses = opened.source.readDrops()
                opened.recorded?.note(losses, interfaces, lines: opened.lines)
                readings += losses
                readings += Self.readings(of: opened)
            }
            readings += session.strays.flatMap { $0.read() }
            readings += Self.without(driver: readings, interfaces)
            state.withLock { state in
                for reading in readings { note(reading, in: &state) }
                state.readings = readings
                if !state.news.isEmpty { newsWaits.store(true, ordering: .releasing) }
            }
        }
    }

    /// An interface that was removed and made again has another index: sources that see frames are deaf
    /// then, and only a restart opens them anew.
    private func tellRemadeInterfaces() {
        for (name, index) in session.interfaceIndexes {
            let now = if_nametoindex(name)
            guard now != 0, now != index else { continue }
            let lines = session.lines.filter {
                $0.address.interface == name && !deafLines.contains($0.index)
                    && session.methods[Int($0.index)].seesFrames
            }
            guard !lines.isEmpty else { continue }
            let names = lines.map(\.name).joined(separator: ", ")
            logger.error(
                "interface \(name) was made anew: lines \(names) hear nothing until a restart")
            deafLines.formUnion(lines.map(\.index))
            state.withLock { state in
                state.news += lines.map { .state(line: Int($0.index), .linkDown) }
                newsWaits.store(true, ordering: .releasing)
            }
        }
    }

    /// What interfaces lost beside the losses of AF_XDP sockets, which the kernel counts at the
    /// interface, too.
    private static func without(driver readings: [DropReading], _ interfaces: [DropReading])
        -> [DropReading]
    {
        interfaces.map { reading in
            guard reading.counter.hasPrefix("rx_dropped of ") else { return reading }
            let shared = readings.reduce(UInt64(0)) { sum, other in
                other.place == .driver && other.counter.hasPrefix("rx_")
                    && !Set(other.lines).isDisjoint(with: reading.lines) ? sum + other.value : sum
            }
            var rest = reading
            rest.value = reading.value > shared ? reading.value - shared : 0
            return rest
        }
    }

    /// What a source counts by itself: kept out on purpose, and what it could not take of its lines'
    /// groups, which leaves a hole like any loss.
    private static func readings(of opened: CaptureSession.Opened) -> [DropReading] {
        CaptureCounter.allCases.compactMap { counter in
            guard counter.isFilter || counter.isLoss else { return nil }
            let value = opened.source.counters[counter]
            guard value > 0 else { return nil }
            return DropReading(
                place: counter.isFilter ? .filter : .ring,
                counter: "\(counter.description), \(opened.source.name)", lines: opened.lines,
                value: value)
        }
    }

    private func note(_ reading: DropReading, in state: inout State) {
        let old = state.values[reading.counter] ?? 0
        guard reading.value > old else { return }
        state.values[reading.counter] = reading.value
        state.totals[reading.place] += reading.value - old
        for line in reading.lines {
            state.drops[Int(line)][reading.place] += reading.value - old
        }
        // What is kept out on purpose leaves no hole.
        if reading.place == .filter { return }
        // A counter that lines share is told once in each of their channels.
        var channels: Set<Int> = []
        for line in reading.lines
        where channels.insert(session.routes[Int(line)].channel).inserted {
            let sharers = reading.lines.count {
                session.routes[Int($0)].channel == session.routes[Int(line)].channel
            }
            state.news.append(
                .dropped(
                    line: Int(line), place: reading.place, count: reading.value - old,
                    isShared: sharers > 1 || reading.lines.count > sharers))
        }
    }

    // MARK: Polling threads

    /// A source failed while packets were being received: its lines are told to be down, and the run
    /// goes on with the others. Throws the error if there are no others.
    func sourceFailed(_ source: any PacketSource, _ error: CaptureError) throws(CaptureError) {
        logger.error("\(error)")
        let lines = session.opened.first { $0.source === source }?.lines ?? []
        let isLast = state.withLock { state in
            state.failedCount += 1
            state.news += lines.map { .state(line: Int($0), .linkDown) }
            return state.failedCount == session.opened.count
        }
        newsWaits.store(true, ordering: .releasing)
        if isLast { throw error }
    }

    // MARK: The core thread

    /// One load where there is nothing to tell.
    @inline(__always)
    var hasNews: Bool { newsWaits.load(ordering: .relaxed) }

    func takeNews() -> [CaptureNews] {
        newsWaits.store(false, ordering: .relaxed)
        return state.withLock { state in
            defer { state.news = [] }
            return state.news
        }
    }

    var drops: [LineDrops] { state.withLock { $0.drops } }

    /// Over all lines; a counter that several share counts once.
    var totals: LineDrops { state.withLock { $0.totals } }

    /// What capture came to so far.
    func report() -> CaptureReport {
        CaptureReport(
            readings: state.withLock { $0.readings },
            sources: session.opened.map { opened in
                CaptureReport.Source(
                    name: opened.source.name,
                    counts: CaptureCounter.allCases.compactMap { counter in
                        let value = opened.source.counters[counter]
                        return value > 0 ? (counter, value) : nil
                    })
            })
    }
}

/// A membership's event as log and tape tell it.
private struct LineChange {
    let lines: [UInt16]
    let detail: LineStateDetail?
    let isGood: Bool
    let text: String

    init(_ event: MembershipEvent) {
        switch event {
        case .linkDown(let interface, let lines):
            self.init(lines, .linkDown, false, "interface \(interface): link down")
        case .linkUp(let interface, let lines):
            self.init(lines, .linkUp, true, "interface \(interface): link up")
        case .membershipLost(let interface, let lines):
            self.init(
                lines, .membershipLost, false,
                "interface \(interface ?? "of the route"): groups of \(lines.count) lines lost")
        case .rejoined(let interface, let lines):
            self.init(
                lines, .rejoined, true,
                "interface \(interface ?? "of the route"): groups of \(lines.count) lines rejoined")
        case .rejoinFailed(let interface, let lines, let code):
            self.init(
                lines, nil, false,
                "interface \(interface ?? "of the route"): groups cannot be joined again: "
                    + String(cString: strerror(code)))
        }
    }

    private init(
        _ lines: [UInt16], _ detail: LineStateDetail?, _ isGood: Bool, _ text: String
    ) {
        self.lines = lines
        self.detail = detail
        self.isGood = isGood
        self.text = text
    }
}

/// What came in and what did not, by source and by counter.
public struct CaptureReport: Sendable {
    public struct Source: Sendable {
        public var name: String
        /// Counts above 0.
        public var counts: [(counter: CaptureCounter, value: UInt64)]
    }

    public var readings: [DropReading]
    public var sources: [Source]

    /// Packets lost at a place; each counter counts once, however many lines share it.
    public func lost(_ place: DropPlace) -> UInt64 {
        readings.reduce(0) { $0 + ($1.place == place ? $1.value : 0) }
    }

    /// Datagrams of lines that reached the core.
    public var captured: UInt64 {
        sources.reduce(0) { sum, source in
            sum + (source.counts.first { $0.counter == .datagrams }?.value ?? 0)
        }
    }

    /// Packets that a source looked at and kept out, or could not take, for whatever reason.
    public var keptOut: UInt64 {
        sources.reduce(0) { sum, source in
            sum
                + source.counts.reduce(0) {
                    switch $1.counter {
                    case .datagrams, .bytes, .noTrailer: $0
                    default: $0 + $1.value
                    }
                }
        }
    }
}
