import CReference
import CTapeline
import Handler
import Lines
import Tape
import Ticks

/// Stamps every packet after the release store of its ticks: the first order's reference is its send
/// time, doubled.
final class StampingOutput: TickOutput {
    private let inner: TapeOutput
    private let latencies: UnsafeMutablePointer<UInt64>
    private let count: Int
    private(set) var received = 0
    private var claimed: UnsafeMutablePointer<Tick>?
    private var atHalf: UInt64?

    init(_ inner: TapeOutput, latencies: UnsafeMutablePointer<UInt64>, count: Int) {
        self.inner = inner
        self.latencies = latencies
        self.count = count
    }

    var position: UInt64 { inner.position }
    var batchCapacity: Int { inner.batchCapacity }
    /// By the core thread, in the second half of the packets.
    var allocations: UInt64 { atHalf.map { newest - $0 } ?? 0 }
    private var newest: UInt64 = 0

    func claim(_ count: Int) -> UnsafeMutablePointer<Tick> {
        let ticks = inner.claim(count)
        claimed = ticks
        return ticks
    }

    func publish(_ published: Int) {
        inner.publish(published)
        let now = reference_now()
        guard let claimed else { return }
        for index in 0..<published
        where claimed[index].kind == TickKind.add.rawValue && claimed[index].orderID & 1 == 0 {
            guard received < count else { return }
            latencies[received] = now - claimed[index].orderID >> 1
            received += 1
        }
        guard received >= count / 2 else { return }
        newest = reference_thread_allocations()
        if atHalf == nil { atHalf = newest }
    }

    func setTop(_ instrument: UInt32, _ top: tapeline_top) { inner.setTop(instrument, top) }
    func setInstrument(_ instrument: Instrument) { inner.setInstrument(instrument) }

    func setStatus(
        channel: Int, _ status: ChannelStatus, lines: [LineStatus], epochs: [tapeline_epoch]
    ) {
        inner.setStatus(channel: channel, status, lines: lines, epochs: epochs)
    }
}
