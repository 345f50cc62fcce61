import CTapeline
import Glibc
import Synchronization
import Ticks

/// The one writer of a tape. Owned by the core thread; only `noteJournaled` may be called from the
/// journal's.
///
/// Publishing (DESIGN §4.2): `claim` a bound, write ticks in place, `publish` what was written.
public final class TapePublisher: @unchecked Sendable {
    public let name: String
    public let options: TapeOptions
    public let generation: UInt64
    let object: TapeObject
    let header: UnsafeMutablePointer<tapeline_header>
    private let ring: UnsafeMutablePointer<Tick>
    private let mask: UInt64
    private let capacity: UInt64

    private let claimed: UnsafeMutablePointer<Atomic<UInt64>>
    private let published: UnsafeMutablePointer<Atomic<UInt64>>
    private let heartbeat: UnsafeMutablePointer<Atomic<UInt64>>
    private let state: UnsafeMutablePointer<Atomic<UInt64>>
    private let journaled: UnsafeMutablePointer<Atomic<UInt64>>

    /// Position of the next tick to be published.
    @exclusivity(unchecked)
    public private(set) var position: UInt64
    /// Most ticks of one batch: an eighth of the ring.
    public var batchCapacity: Int { options.ringCapacity / 8 }

    public init(name: String, options: TapeOptions) throws(TapeError) {
        var generation: UInt64 = 0
        object = try TapeObject.create(name: name, options: options) { object, next in
            generation = next
            Self.initialize(object, name: name, options: options, generation: next)
        }
        self.name = name
        self.options = options
        self.generation = generation
        header = object.base.assumingMemoryBound(to: tapeline_header.self)
        ring = (object.base + object.geometry.ringOffset).assumingMemoryBound(to: Tick.self)
        capacity = UInt64(options.ringCapacity)
        mask = capacity - 1
        position = options.firstPosition
        let base = object.base
        claimed = Self.atomic(base, \.claimed)
        published = Self.atomic(base, \.published)
        heartbeat = Self.atomic(base, \.heartbeat)
        state = Self.atomic(base, \.state)
        journaled = Self.atomic(base, \.journaled)
    }

    deinit { object.unmap() }

    static func atomic(
        _ base: UnsafeMutableRawPointer, _ field: KeyPath<tapeline_header, UInt64>
    ) -> UnsafeMutablePointer<Atomic<UInt64>> {
        guard let offset = MemoryLayout<tapeline_header>.offset(of: field) else {
            preconditionFailure("a stored field of the header")
        }
        return (base + offset).assumingMemoryBound(to: Atomic<UInt64>.self)
    }

    // MARK: Ticks

    /// True if `count` ticks may be written without overwriting what the journal still needs.
    public func hasRoom(for count: Int) -> Bool {
        guard options.isGated else { return true }
        return position &+ UInt64(count)
            <= journaled.pointee.load(ordering: .acquiring) &+ capacity
    }

    /// Makes room for up to `count` ticks behind the published ones and returns where they go.
    /// Readers of what stood there learn that it is gone before a byte of it changes.
    public func claim(_ count: Int) -> UnsafeMutablePointer<Tick> {
        precondition(count <= batchCapacity, "a batch is at most an eighth of the ring")
        claimed.pointee.store(position &+ UInt64(count), ordering: .relaxed)
        atomicMemoryFence(ordering: .releasing)
        return ring + Int(position & mask)
    }

    /// Makes the first `count` claimed ticks visible.
    public func publish(_ count: Int) {
        position &+= UInt64(count)
        published.pointee.store(position, ordering: .releasing)
    }

    /// CLOCK_MONOTONIC ns of the core's round, for readers that want to know whether it lives.
    public func beat(monotonicNanoseconds: UInt64) {
        heartbeat.pointee.store(monotonicNanoseconds, ordering: .relaxed)
    }

    /// Everything below `position` is synced; called by the journal thread.
    public func noteJournaled(_ position: UInt64) {
        journaled.pointee.store(position, ordering: .releasing)
    }

    public var journaledPosition: UInt64 { journaled.pointee.load(ordering: .acquiring) }

    /// Visible to every thread, unlike `position`.
    public var publishedPosition: UInt64 { published.pointee.load(ordering: .acquiring) }

    /// Says that nothing will follow. The object stays for readers to finish.
    public func end() {
        state.pointee.store(UInt64(TAPELINE_STATE_ENDED), ordering: .releasing)
    }

    public var hasEnded: Bool {
        state.pointee.load(ordering: .acquiring) == UInt64(TAPELINE_STATE_ENDED)
    }

    /// Removes the object; readers that are attached keep what they have.
    public func unlink() { shm_unlink("/tapeline.\(name)") }

    // MARK: Top of book

    /// Writes an instrument's line; before the `publish` of the batch that changed it.
    public func setTop(_ instrument: UInt32, _ top: tapeline_top) {
        guard Int(instrument) <= options.instrumentCapacity else { return }
        let line =
            (object.base + object.geometry.topOffset)
            .assumingMemoryBound(to: tapeline_top.self) + Int(instrument)
        withGuard(line) {
            // The guard must not be even for a moment while the line is half written.
            var guarded = top
            guarded.guard = line.pointee.guard
            line.pointee = guarded
        }
    }

    /// Runs `body` between an odd and an even value of the entry's guard, its first four bytes.
    func withGuard<Entry>(_ entry: UnsafeMutablePointer<Entry>, _ body: () -> Void) {
        let guardWord = UnsafeMutableRawPointer(entry).assumingMemoryBound(to: Atomic<UInt32>.self)
        let value = guardWord.pointee.load(ordering: .relaxed)
        guardWord.pointee.store(value &+ 1, ordering: .relaxed)
        atomicMemoryFence(ordering: .releasing)
        body()
        guardWord.pointee.store(value &+ 2, ordering: .releasing)
    }
}
