import CTapeline
import Lines
import Tape
import Ticks

/// Where the core writes its ticks: a tape, or a buffer on the way to a formatter.
public protocol TickOutput: AnyObject {
    /// Position of the next tick.
    var position: UInt64 { get }
    /// Most ticks of one batch.
    var batchCapacity: Int { get }
    /// Room for up to `count` ticks behind the published ones; may wait for the journal.
    func claim(_ count: Int) -> UnsafeMutablePointer<Tick>
    /// Makes the first `count` claimed ticks visible.
    func publish(_ count: Int)
    func setTop(_ instrument: UInt32, _ top: tapeline_top)
    func setInstrument(_ instrument: Instrument)
    /// Status of a channel, of its lines and of its newest epochs, for monitoring.
    func setStatus(
        channel: Int, _ status: ChannelStatus, lines: [LineStatus], epochs: [tapeline_epoch])
}

/// Ticks go to a closure in batches; nothing is kept.
public final class BufferOutput: TickOutput {
    public private(set) var position: UInt64 = 0
    public let batchCapacity: Int
    private let buffer: UnsafeMutablePointer<Tick>
    private let consume: (UnsafeBufferPointer<Tick>, UInt64) -> Void
    private let define: (Instrument) -> Void

    /// `consume` gets every batch with its first position, `define` every new or changed instrument
    /// before the batch that uses it.
    public init(
        batchCapacity: Int = 16_384, define: @escaping (Instrument) -> Void = { _ in },
        consume: @escaping (UnsafeBufferPointer<Tick>, UInt64) -> Void
    ) {
        self.batchCapacity = batchCapacity
        buffer = .allocate(capacity: batchCapacity)
        self.define = define
        self.consume = consume
    }

    deinit { buffer.deallocate() }

    public func claim(_ count: Int) -> UnsafeMutablePointer<Tick> {
        precondition(count <= batchCapacity)
        return buffer
    }

    public func publish(_ count: Int) {
        if count > 0 { consume(UnsafeBufferPointer(start: buffer, count: count), position) }
        position += UInt64(count)
    }

    public func setTop(_ instrument: UInt32, _ top: tapeline_top) {}
    public func setInstrument(_ instrument: Instrument) { define(instrument) }
    public func setStatus(
        channel: Int, _ status: ChannelStatus, lines: [LineStatus], epochs: [tapeline_epoch]
    ) {}
}
