import Foundation
import Testing
import Wire

@testable import Capture

@Suite struct RecorderInletTests {
    private static func inlet(capacity: Int = 1 << 16, snapLength: UInt32 = 2000) -> RecorderInlet {
        RecorderInlet(
            name: "eth0", linkType: .ethernet, filter: nil, index: 0, capacity: capacity,
            snapLength: snapLength, readings: nil)
    }

    private static func take(_ inlet: RecorderInlet, _ frame: [UInt8], time: UInt64 = 1) {
        frame.withUnsafeBytes {
            inlet.take($0, originalLength: UInt32(frame.count), time: time)
        }
    }

    /// The packets that wait in an inlet, as our reader sees their blocks in a file.
    private static func drain(_ inlet: RecorderInlet) throws -> [(bytes: [UInt8], original: UInt32)]
    {
        var file: [UInt8] = []
        var writer = PcapngWriter(to: &file)
        writer.appendInterface(name: "eth0", to: &file)
        while true {
            let run = inlet.waiting(most: 5000)
            if run.isEmpty { break }
            file += run
            inlet.advance(run.count)
        }
        let reader = try CaptureReader(bytes: file)
        var packets: [(bytes: [UInt8], original: UInt32)] = []
        while case .packet(let packet)? = try reader.next() {
            packets.append(([UInt8](packet.bytes), packet.originalLength))
        }
        #expect(reader.truncation == nil)
        return packets
    }

    /// Lengths and drains in an irregular order, many times around the ring.
    @Test func whatFitsComesOutAndTheRestIsCounted() throws {
        let inlet = Self.inlet()
        var expected: [[UInt8]] = []
        var got: [[UInt8]] = []
        var dropped: UInt64 = 0
        for round in 0..<300 {
            for index in 0..<(round % 97) {
                let frame = [UInt8](
                    repeating: UInt8(truncatingIfNeeded: index), count: (round * 31 + index) % 1999)
                let before = inlet.dropped
                Self.take(inlet, frame)
                if inlet.dropped == before { expected.append(frame) }
                dropped += inlet.dropped - before
            }
            if round % 3 == 0 { got += try Self.drain(inlet).map(\.bytes) }
        }
        got += try Self.drain(inlet).map(\.bytes)
        #expect(got == expected)
        #expect(inlet.dropped == dropped && dropped > 100)
        #expect(inlet.taken == UInt64(expected.count) + dropped)
    }

    @Test func framesAreCutAtTheSnapshotLength() throws {
        let inlet = Self.inlet(snapLength: 60)
        Self.take(inlet, [UInt8](repeating: 7, count: 100))
        Self.take(inlet, [])
        let packets = try Self.drain(inlet)
        #expect(packets.map(\.bytes.count) == [60, 0])
        #expect(packets.map(\.original) == [100, 0])
    }

    @Test func tagsThatTheKernelTookOutArePutBack() throws {
        let macs = [UInt8](1...12)
        for snapLength in [2000, 64, 17, 16, 15, 14, 13, 12, 5] as [UInt32] {
            let inlet = Self.inlet(snapLength: snapLength)
            let rest: [UInt8] = [0x08, 0x00] + (0..<50)
            (macs + rest).withUnsafeBytes {
                inlet.take(
                    $0, vlanType: 0x88A8, vlanControl: 0x6064, originalLength: 64, time: 1)
            }
            macs[..<7].withUnsafeBytes {
                inlet.take(
                    $0, vlanType: 0x8100, vlanControl: 1, originalLength: 7, time: 1)
            }
            let packets = try Self.drain(inlet)
            let whole = macs + [0x88, 0xA8, 0x60, 0x64] + rest
            #expect(packets[0].bytes == Array(whole.prefix(Int(snapLength))))
            #expect(packets[0].original == 68)
            #expect(packets[1].bytes == Array(macs[..<7].prefix(Int(snapLength))))
        }
    }

    /// Two threads: nothing is torn, out of order, or lost without being counted.
    @Test func oneThreadTakesWhileAnotherDrains() throws {
        let inlet = Self.inlet()
        let count: UInt64 = 200_000
        let thread = Thread {
            var frame = [UInt8](repeating: 0, count: 8 + 64)
            for number in 0..<count {
                let length = 8 + Int(number % 64)
                frame.withUnsafeMutableBytes { bytes in
                    bytes.storeBytes(of: number, as: UInt64.self)
                    for at in 8..<length { bytes[at] = UInt8(truncatingIfNeeded: number) }
                    inlet.take(
                        UnsafeRawBufferPointer(rebasing: bytes[..<length]),
                        originalLength: UInt32(length), time: number)
                }
            }
        }
        thread.start()
        var next: UInt64 = 0
        var seen: UInt64 = 0
        var isSound = true
        var isLast = false
        while true {
            let hasEnded = inlet.taken == count
            let run = inlet.waiting(most: 1 << 20)
            if run.isEmpty {
                if isLast { break }
                isLast = hasEnded
                continue
            }
            var at = 0
            while at < run.count {
                let length = Int(run.loadUnaligned(fromByteOffset: at + 20, as: UInt32.self))
                let number = run.loadUnaligned(fromByteOffset: at + 28, as: UInt64.self)
                let bytes = run[(at + 36)..<(at + 28 + length)]
                isSound =
                    isSound && number >= next && length == 8 + Int(number % 64)
                    && bytes.allSatisfy { $0 == UInt8(truncatingIfNeeded: number) }
                next = number + 1
                seen += 1
                at += Int(run.loadUnaligned(fromByteOffset: at + 4, as: UInt32.self))
            }
            inlet.advance(run.count)
        }
        #expect(isSound)
        #expect(seen + inlet.dropped == count)
    }
}
