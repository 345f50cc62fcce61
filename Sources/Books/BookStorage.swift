import CTapeline
import Ticks

/// Everything that books keep: pools in reserved memory, addressed by index.
///
/// A plain struct of pointers behind one allocation, so that the hot path has neither reference
/// counting nor exclusivity checks.
struct BookStorage {
    let configuration: BooksConfiguration
    var counters = BookCounters()

    let orders: Reserved<OrderNode>
    let levels: Reserved<LevelNode>
    let rungs: Reserved<Rung>
    let books: Reserved<Book>
    /// Implied levels, apart from the outright ones: bids and asks of instrument i stand at 2i and
    /// 2i + 1.
    let impliedLadders: Reserved<Ladder>
    /// What readers may see of each book: an event's end brings it up to date.
    let tops: Reserved<tapeline_top>
    let channels: Reserved<ChannelState>
    let index: OrderIndex

    var freeOrder: UInt32 = noNode
    var usedOrders: UInt32 = 1
    var liveOrders = 0
    var freeLevel: UInt32 = noNode
    var usedLevels: UInt32 = 1
    var usedRungs: UInt32 = 0
    /// Free runs of rungs by the logarithm of their capacity; a run's first rung links the next.
    let freeRuns: Reserved<UInt32>

    /// Instruments whose tops changed since the last `takeTops`.
    let listedTops: Reserved<UInt32>
    var listedCount = 0
    /// Opened events in the order of their deadlines: a ring. An entry whose event ended meanwhile
    /// is recognized by its deadline.
    let watched: Reserved<WatchedEvent>
    var watchedHead = 0
    var watchedCount = 0
    var lastDeadline: UInt64 = 0
    /// Core time that deadlines are in, ns, and what it is ahead of the capture times' clock.
    var now = UInt64.max
    var clockOffset: UInt64 = 0

    /// Highest instrument that has a book.
    var lastUsedBook: UInt32 = 0

    /// Side of the order that a replacement took away, until its new order comes.
    var replacedSide: UInt8 = 0
    /// Its instrument, where the message names none.
    var replacedInstrument: UInt32 = 0

    static let rungRunMin: UInt32 = 8
    private static let populatedPoolBytes = 16 << 20

    init(_ configuration: BooksConfiguration) {
        self.configuration = configuration
        orders = Reserved(capacity: configuration.orderCapacity + 1)
        levels = Reserved(capacity: configuration.levelCapacity + 1)
        // A ladder that grows leaves its old run free; twice the levels leaves room for that.
        rungs = Reserved(
            capacity: configuration.levelCapacity * 4 + configuration.instrumentCapacity * 16)
        books = Reserved(capacity: configuration.instrumentCapacity + 1)
        impliedLadders = Reserved(capacity: 2 * (configuration.instrumentCapacity + 1))
        tops = Reserved(capacity: configuration.instrumentCapacity + 1)
        channels = Reserved(capacity: configuration.channelCapacity)
        index = OrderIndex(
            orderCapacity: configuration.orderCapacity, seed: configuration.hashSeed)
        freeRuns = Reserved(capacity: 33)
        if configuration.populatesMemory {
            index.populate()
            // Pools fill from their beginning, so what is needed later comes page by page.
            orders.populate(bytes: Self.populatedPoolBytes)
            levels.populate(bytes: Self.populatedPoolBytes)
            rungs.populate(bytes: Self.populatedPoolBytes)
            books.populate(bytes: Self.populatedPoolBytes)
        }
        for size in 0..<33 { freeRuns.base[size] = .max }
        listedTops = Reserved(capacity: configuration.instrumentCapacity + 1)
        watched = Reserved(capacity: 1 << 16)
        var salt = configuration.hashSeed
        for channel in 0..<configuration.channelCapacity {
            salt = salt &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            channels.base[channel] = ChannelState(
                salt: channel == 0 ? 0 : salt, openGaps: 0, incomplete: false, gapEnd: 0)
        }
        for instrument in 0...configuration.instrumentCapacity {
            tops.base[instrument] = Self.emptyTop
        }
    }

    static let emptyTop: tapeline_top = {
        var top = tapeline_top()
        top.bidPrice = Price.none
        top.askPrice = Price.none
        return top
    }()

    func free() {
        orders.free()
        levels.free()
        rungs.free()
        books.free()
        impliedLadders.free()
        tops.free()
        channels.free()
        index.free()
        freeRuns.free()
        listedTops.free()
        watched.free()
    }

    // MARK: Pools

    @inline(__always)
    mutating func takeOrder() -> UInt32 {
        if freeOrder != noNode {
            let node = freeOrder
            freeOrder = orders[node].pointee.next
            return node
        }
        guard Int(usedOrders) < orders.capacity else { return noNode }
        usedOrders += 1
        return usedOrders - 1
    }

    @inline(__always)
    mutating func giveOrder(_ node: UInt32) {
        orders[node].pointee.next = freeOrder
        freeOrder = node
    }

    @inline(__always)
    mutating func takeLevel() -> UInt32 {
        if freeLevel != noNode {
            let level = freeLevel
            freeLevel = levels[level].pointee.head
            return level
        }
        guard Int(usedLevels) < levels.capacity else { return noNode }
        usedLevels += 1
        return usedLevels - 1
    }

    @inline(__always)
    mutating func giveLevel(_ level: UInt32) {
        levels[level].pointee.head = freeLevel
        freeLevel = level
    }

    /// Doubles a ladder's room. False if the arena is full.
    @inline(never)
    mutating func growLadder(_ ladder: UnsafeMutablePointer<Ladder>) -> Bool {
        let old = ladder.pointee
        let capacity = old.capacity == 0 ? Self.rungRunMin : old.capacity * 2
        let size = capacity.trailingZeroBitCount
        let base: UInt32
        if freeRuns.base[size] != .max {
            base = freeRuns.base[size]
            freeRuns.base[size] = rungs[base].pointee.level
        } else {
            guard Int(usedRungs) + Int(capacity) <= rungs.capacity else { return false }
            base = usedRungs
            usedRungs += capacity
        }
        if old.capacity > 0 {
            rungs[base].update(from: rungs[old.base], count: Int(old.count))
            let oldSize = old.capacity.trailingZeroBitCount
            rungs[old.base].pointee.level = freeRuns.base[oldSize]
            freeRuns.base[oldSize] = old.base
        }
        ladder.pointee = Ladder(base: base, count: old.count, capacity: capacity)
        return true
    }
}
