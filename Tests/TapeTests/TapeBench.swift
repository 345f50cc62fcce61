import CTapeline
import Foundation
import Tape
import Testing
import Ticks

/// A name of our own; the object is removed when the value goes.
final class TapeName {
    let text: String
    init(_ name: String) { text = "test-\(getpid())-\(name)" }
    deinit { shm_unlink("/tapeline.\(text)") }

    /// Where the object stands as a file.
    var path: String { "/dev/shm/tapeline.\(text)" }
}

func smallOptions(ring: Int = 1024) -> TapeOptions {
    TapeOptions(ringCapacity: ring, instrumentCapacity: 16, blobSize: 4096)
}

/// A tick whose every field follows from its position.
func numberedTick(_ position: UInt64) -> Tick {
    let mixed = position &* 0x9E37_79B9_7F4A_7C15
    return Tick(
        exchangeTime: mixed, captureTime: position * 10, sequence: position, orderID: ~mixed,
        price: Int64(bitPattern: mixed ^ 1), quantity: Int64(bitPattern: mixed ^ 2),
        instrument: UInt32(truncatingIfNeeded: mixed), channel: UInt16(truncatingIfNeeded: mixed),
        kind: UInt8(truncatingIfNeeded: mixed), side: 1,
        flags: UInt16(truncatingIfNeeded: position),
        line: 2, detail: 3, extra: UInt32(truncatingIfNeeded: position))
}

func isWhole(_ tick: Tick) -> Bool {
    unsafeBitCast(tick, to: SIMD8<UInt64>.self)
        == unsafeBitCast(numberedTick(tick.sequence), to: SIMD8<UInt64>.self)
}

extension TapePublisher {
    /// Publishes numbered ticks in batches.
    func publishNumbered(_ count: Int, batch: Int = 100) {
        var left = count
        while left > 0 {
            let size = min(left, batch)
            let ticks = claim(size)
            for index in 0..<size { ticks[index] = numberedTick(position + UInt64(index)) }
            publish(size)
            left -= size
        }
    }
}

extension TapeReader {
    /// Copies until nothing more comes; the ticks' sequences.
    func drain() -> (sequences: [UInt64], last: Outcome) {
        var buffer = [Tick](repeating: numberedTick(0), count: 64)
        var sequences: [UInt64] = []
        while true {
            let outcome = buffer.withUnsafeMutableBufferPointer { copy(into: $0) }
            guard case .ticks(let count) = outcome else { return (sequences, outcome) }
            for tick in buffer[..<count] {
                #expect(isWhole(tick))
                sequences.append(tick.sequence)
            }
        }
    }
}
