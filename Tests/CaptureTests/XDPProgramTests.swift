import Capture
import Foundation
import TestSupport
import Testing
import Wire

/// The program in the kernel against `FrameClassifier`, which decides the same in user space: random
/// lines, random frames that are close to them.
@Suite(
    "AF_XDP program", .serialized,
    .enabled(if: XDPTestNetwork.isRoot, "skipped: needs root for namespaces and BPF"))
struct XDPProgramTests {
    private static let groups = ["239.1.1.1", "239.1.1.2", "239.2.1.1", "ff3e::1:2", "ff3f::1:2"]
    private static let sources = ["10.1.1.1", "10.1.1.2", "10.1.1.3"]
    private static let longSources = ["2001:db8::1", "2001:db8::2", "2001:db9::1"]
    private static let vlans: [UInt16] = [0, 0, 7, 8]

    private static func address(_ texts: [String], _ random: inout SeededGenerator) -> IPAddress {
        IPAddress(texts[random.below(texts.count)])!
    }

    private static func port(_ random: inout SeededGenerator) -> UInt16 {
        9000 + UInt16(random.below(7))
    }

    private static func lines(_ count: Int, _ random: inout SeededGenerator) -> [CaptureLine] {
        (0..<count).map { index in
            let group = address(groups, &random)
            let senders = group.isV4 ? sources : longSources
            var listed: [IPAddress] = []
            if random.chance(700) {
                for _ in 0...random.below(2) { listed.append(address(senders, &random)) }
            }
            return CaptureLine(
                index: UInt16(index), name: "test/\(index)",
                address: MulticastAddress(
                    group: group, port: port(&random), sources: listed,
                    vlan: vlans[random.below(vlans.count)]))
        }
    }

    private static func frame(_ number: Int, _ random: inout SeededGenerator) -> RawFrame {
        let group = address(groups, &random)
        var frame = RawFrame(
            group: group, port: port(&random),
            source: address(group.isV4 ? sources : longSources, &random),
            payload: withUnsafeBytes(of: number) { Array($0) } + random.bytes(20))
        let types: [UInt16] = [0x8100, 0x88A8, 0x9100, 0x9200, 0x9300]
        for _ in 0..<random.below(3) {
            let priority = UInt16(random.below(8)) << 13
            frame.tags.append(
                (types[random.below(types.count)], vlans[random.below(vlans.count)] | priority))
        }
        if group.isV4 {
            frame.optionBytes = 4 * max(0, random.below(20) - 9)
            if random.chance(50) { frame.fragment = random.chance(500) ? 0x2000 : 0x0100 }
        }
        return frame
    }

    /// What the classifier makes of the frames: payloads by line, and its counts.
    private static func classify(
        _ frames: [RawFrame], lines: [CaptureLine], counters: CaptureCounters
    ) -> [[UInt8]] {
        var classifier = FrameClassifier(lines: lines, counters: counters)
        return frames.compactMap { frame in
            frame.bytes.withUnsafeBytes { bytes in
                classifier.classify(
                    CapturedPacket(
                        bytes: bytes, timeNanoseconds: 1, originalLength: UInt32(bytes.count)),
                    timeSource: .kernel, frame: 0
                ).map { [UInt8($0.line)] + Array($0.payload) }
            }
        }
    }

    @Test("decides as the classifier does", arguments: [1, 3, 10, 30, 100])
    func differential(lineCount: Int) throws {
        let network = try XDPTestNetwork("tlx\(getpid())p")
        defer { network.remove() }
        try network.enter {
            var random = SeededGenerator(seed: UInt64(lineCount))
            let lines = Self.lines(lineCount, &random)
            let frames = (0..<2000).map { Self.frame($0, &random) }
            let counters = CaptureCounters()
            let expected = Self.classify(frames, lines: lines, counters: counters)
            #expect(!expected.isEmpty)
            let source = try XDPSource(lines: lines, interface: network.near, options: .init())
            let wire = try RawSender(network.far)
            for frame in frames { try wire.send(frame.bytes) }
            let received = try Self.receive(expected.count, from: source)
            #expect(received == expected)
            func dropped(_ counter: String) -> UInt64 {
                source.readDrops().first { $0.counter.hasPrefix(counter) }!.value
            }
            #expect(dropped("wrong port") == counters[.wrongPort])
            #expect(dropped("wrong source") == counters[.wrongSource])
            #expect(dropped("wrong VLAN") == counters[.wrongVLAN])
            let listed = Set(lines.map(\.address.group))
            let fragments = frames.filter { $0.fragment != 0 && listed.contains($0.group) }
            #expect(dropped("fragment") == UInt64(fragments.count))
            // Nothing came through the program that the classifier then had to refuse.
            #expect(source.counters[.wrongPort] + source.counters[.wrongSource] == 0)
            #expect(source.counters[.wrongVLAN] + source.counters[.otherGroup] == 0)
        }
    }

    private static func receive(_ count: Int, from source: XDPSource) throws -> [[UInt8]] {
        let batch = UnsafeMutablePointer<CapturedDatagram>.allocate(capacity: 64)
        defer { batch.deallocate() }
        var received: [[UInt8]] = []
        while received.count < count {
            let taken = try source.poll(into: batch, capacity: 64)
            for index in 0..<taken {
                received.append([UInt8(batch[index].line)] + Array(batch[index].payload))
            }
            source.release(batch, count: taken)
            guard taken == 0 else { continue }
            var waiting = pollfd(
                fd: source.fileDescriptors[0], events: Int16(POLLIN), revents: 0)
            guard poll(&waiting, 1, 5000) > 0 else {
                throw XDPTestNetwork.Failure(text: "\(received.count) of \(count) came")
            }
        }
        return received
    }
}
