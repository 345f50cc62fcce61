import Capture
import Testing
import Ticks
import Wire

/// Which line a frame belongs to, and what is counted where it belongs to none.
@Suite struct FrameClassifierTests {
    private static func line(
        _ index: UInt16, _ group: String, _ port: UInt16, sources: [String] = [],
        vlan: UInt16 = 0
    ) throws -> CaptureLine {
        let group = try #require(IPAddress(group))
        let senders = try sources.map { try #require(IPAddress($0)) }
        return CaptureLine(
            index: index, name: "c/\(index)",
            address: MulticastAddress(
                group: group, port: port, sources: senders, interface: "eth1", vlan: vlan))
    }

    private func frame(_ source: String, _ group: String, _ port: UInt16) throws -> [UInt8] {
        let from = try #require(IPAddress(source))
        let destination = try #require(IPAddress(group))
        let builder = try #require(
            FrameBuilder(
                source: from, sourcePort: 99, destination: destination, destinationPort: port))
        var bytes: [UInt8] = []
        [UInt8]("payload".utf8).withUnsafeBytes { _ = builder.append(payload: $0, to: &bytes) }
        return bytes
    }

    /// What becomes of a frame: its line, or the one counter that it moved.
    private func outcome(
        _ bytes: [UInt8], _ lines: [CaptureLine], taken vlan: UInt16 = 0, originalLength: Int? = nil
    ) -> (line: UInt16?, counter: CaptureCounter?) {
        let counters = CaptureCounters()
        var classifier = FrameClassifier(lines: lines, counters: counters)
        let line = bytes.withUnsafeBytes { frame -> UInt16? in
            let packet = CapturedPacket(
                bytes: frame, timeNanoseconds: 77,
                originalLength: UInt32(originalLength ?? frame.count))
            guard
                let found = classifier.classify(
                    packet, timeSource: .kernel, vlan: vlan, frame: 5)
            else { return nil }
            #expect(found.time == 77 && found.timeSource == .kernel && found.frame == 5)
            #expect([UInt8](found.payload) == [UInt8]("payload".utf8))
            return found.line
        }
        let moved = CaptureCounter.allCases.filter { counters[$0] > 0 && $0 != .bytes }
        #expect(moved.count == 1)
        return (line, moved.first)
    }

    private func tagged(_ bytes: [UInt8], _ vlan: UInt8) -> [UInt8] {
        bytes[..<12] + [0x81, 0, 0, vlan] + bytes[12...]
    }

    @Test func everyReasonHasItsCounter() throws {
        let lines = [
            try Self.line(4, "239.1.1.1", 1000, sources: ["10.0.0.1", "10.0.0.2"]),
            try Self.line(7, "239.1.1.2", 2000),
            try Self.line(9, "239.1.1.2", 2001, vlan: 30),
        ]
        #expect(outcome(try frame("10.0.0.2", "239.1.1.1", 1000), lines) == (4, .datagrams))
        #expect(outcome(try frame("10.0.0.3", "239.1.1.1", 1000), lines) == (nil, .wrongSource))
        #expect(outcome(try frame("10.0.0.1", "239.1.1.1", 1001), lines) == (nil, .wrongPort))
        #expect(outcome(try frame("10.0.0.1", "239.1.1.3", 1000), lines) == (nil, .otherGroup))
        let untagged = try frame("10.9.9.9", "239.1.1.2", 2001)
        #expect(outcome(untagged, lines) == (nil, .wrongVLAN))
        #expect(outcome(tagged(untagged, 30), lines) == (9, .datagrams))
        #expect(outcome(tagged(untagged, 31), lines) == (nil, .wrongVLAN))
        #expect(outcome(untagged, lines, taken: 30) == (9, .datagrams))
        let plain = try frame("10.9.9.9", "239.1.1.2", 2000)
        #expect(outcome(plain, lines) == (7, .datagrams))
        #expect(outcome(tagged(plain, 30), lines) == (nil, .wrongVLAN))
        // A priority tag is no VLAN.
        #expect(outcome(tagged(plain, 0), lines) == (7, .datagrams))
        #expect(outcome([UInt8](plain[..<20]), lines) == (nil, .runt))
        #expect(
            outcome([UInt8](plain[..<40]), lines, originalLength: 60) == (nil, .cutBySnapLength))
        var fragment = plain
        fragment[20] = 0x20
        fragment[24] = 0
        fragment[25] = 0
        #expect(outcome(fragment, lines).line == nil)
        var arp = plain
        arp[12] = 8
        arp[13] = 6
        #expect(outcome(arp, lines) == (nil, .otherProtocol))
    }

    /// The entry that matched last must not shadow the others.
    @Test func linesTakeTurns() throws {
        let lines = try (0..<40).map {
            try Self.line(UInt16($0), "239.1.2.\($0)", 3000 + UInt16($0))
        }
        let counters = CaptureCounters()
        var classifier = FrameClassifier(lines: lines, counters: counters)
        for round in 0..<200 {
            let index = round * 7 % 40
            let bytes = try frame("10.0.0.1", "239.1.2.\(index)", 3000 + UInt16(index))
            let line = bytes.withUnsafeBytes { frame in
                classifier.classify(
                    CapturedPacket(
                        bytes: frame, timeNanoseconds: 1, originalLength: UInt32(frame.count)),
                    timeSource: .kernel, frame: 0)?.line
            }
            #expect(line == UInt16(index))
        }
        #expect(counters[.datagrams] == 200 && counters[.bytes] == 1400)
    }
}
