import Foundation
import Synchronization
import TestSupport
import Testing
import Ticks

@testable import Capture

/// The way from a capture thread to the core thread.
@Suite struct FrameRingTests {
    nonisolated(unsafe) private static let memory = UnsafeMutableRawPointer.allocate(
        byteCount: 1, alignment: 1)

    private func datagram(_ number: UInt64) -> CapturedDatagram {
        CapturedDatagram(
            bytes: Self.memory, length: 0, originalLength: 0, line: UInt16(number & 0xFF),
            time: number, timeSource: .user, frame: ~number)
    }

    /// Produces up to `most` descriptors numbered from `next`; how many fitted.
    private func produce(_ ring: FrameRing, from next: UInt64, most: Int) -> Int {
        ring.produce(most: most) { slots, room in
            for index in 0..<room {
                (slots + index).initialize(to: datagram(next + UInt64(index)))
            }
            return room
        }
    }

    @Test func capacityIsAPowerOfTwo() {
        #expect(FrameRing(capacity: 1).capacity == 2)
        #expect(FrameRing(capacity: 100).capacity == 128)
        #expect(FrameRing(capacity: 128).capacity == 128)
    }

    @Test func fullRingTakesNothingUntilReclaimed() {
        let ring = FrameRing(capacity: 4)
        #expect(produce(ring, from: 0, most: 10) == 4)
        #expect(produce(ring, from: 4, most: 1) == 0)
        #expect(ring.consume(most: 3) { _, _ in } == 3)
        // Consumed, but the source has not got them back.
        #expect(produce(ring, from: 4, most: 1) == 0)
        var released: [UInt64] = []
        #expect(ring.reclaim { for i in 0..<$1 { released.append($0[i].time) } } == 3)
        #expect(released == [0, 1, 2])
        #expect(produce(ring, from: 4, most: 10) == 3)
        #expect(ring.outstanding == 4)
    }

    /// Any interleaving on one thread: everything once, in order, in both directions.
    @Test(arguments: UInt64(0)..<40)
    func orderHoldsForAnyInterleaving(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let ring = FrameRing(capacity: 1 << random.below(7))
        var produced: UInt64 = 0
        var consumed: UInt64 = 0
        var released: UInt64 = 0
        for _ in 0..<3000 {
            switch random.below(3) {
            case 0: produced += UInt64(produce(ring, from: produced, most: 1 + random.below(9)))
            case 1:
                _ = ring.consume(most: 1 + random.below(9)) { slots, count in
                    for index in 0..<count {
                        #expect(slots[index].time == consumed && slots[index].frame == ~consumed)
                        consumed += 1
                    }
                }
            default:
                _ = ring.reclaim { slots, count in
                    for index in 0..<count {
                        #expect(slots[index].time == released)
                        released += 1
                    }
                }
            }
            #expect(released <= consumed && consumed <= produced)
            #expect(ring.outstanding == Int(produced - released))
            #expect(ring.outstanding <= ring.capacity)
            #expect(ring.isEmpty == (consumed == produced))
        }
        #expect(produced > 100)
    }

    /// Two threads, a small ring: the consumer sees every descriptor whole and in order.
    @Test func twoThreads() {
        let ring = FrameRing(capacity: 64)
        let total: UInt64 = 400_000
        let producer = Thread { [self] in
            var next: UInt64 = 0
            while next < total {
                _ = ring.reclaim { _, _ in }
                next += UInt64(produce(ring, from: next, most: Int(min(32, total - next))))
                if ring.outstanding == ring.capacity { sched_yield() }
            }
        }
        producer.start()
        var expected: UInt64 = 0
        var wrong = 0
        while expected < total {
            let count = ring.consume(most: 48) { slots, count in
                for index in 0..<count {
                    let slot = slots[index]
                    if slot.time != expected || slot.frame != ~expected
                        || slot.line != UInt16(expected & 0xFF)
                    {
                        wrong += 1
                    }
                    expected += 1
                }
            }
            if count == 0 { sched_yield() }
        }
        #expect(wrong == 0 && ring.isEmpty)
    }
}
