import Foundation
import TestSupport
import Testing
import Wire

@testable import Capture

/// The packet socket's ring and libpcap on a virtual wire, with everything on it that is not ours.
@Suite(.serialized, .enabled(if: PacketNetwork.isPossible, "needs root, for network namespaces"))
struct FrameSourceTests {
    private static let lines = [
        captureLine(3, "239.9.0.1", sources: ["10.9.0.1"]), captureLine(4, "239.9.0.2"),
        captureLine(5, "ff3e::9"), captureLine(6, "239.9.0.3", vlan: 42),
    ]

    private static let v6 = TestFrame(source: "fe80::1", group: "ff3e::9", payload: [6])

    /// Frames that are wrong in one way each, and how often each counter must move.
    private static func strays() -> [(TestFrame, CaptureCounter)] {
        var fragment = TestFrame(fragment: 0x2000)
        var later = TestFrame(fragment: 0x00B9)
        fragment.payload = [UInt8](repeating: 1, count: 64)
        later.payload = [UInt8](repeating: 2, count: 64)
        var v6Fragment = v6
        v6Fragment.fragment = 0x00B9
        var v6Other = v6
        (v6Other.extensions, v6Other.ipProtocol) = ([0], 58)
        return [
            (TestFrame(port: 5001), .wrongPort), (TestFrame(source: "10.9.0.2"), .wrongSource),
            (TestFrame(tags: [(0x8100, 42)]), .wrongVLAN),
            (TestFrame(tags: [(0x9100, 42)]), .wrongVLAN),
            (TestFrame(group: "239.9.0.3"), .wrongVLAN), (fragment, .fragment),
            (later, .fragment), (v6Fragment, .fragment), (v6Other, .otherProtocol),
        ]
    }

    /// Frames that must stay in the kernel.
    private static func foreign() -> [[UInt8]] {
        var runt = TestFrame().bytes
        runt.removeLast(runt.count - 20)
        var arp: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 1, 8, 6]
        arp += [0, 1, 8, 0, 6, 4, 0, 1] + [UInt8](repeating: 7, count: 38)
        return [
            TestFrame(group: "239.9.0.9").bytes, TestFrame(ipProtocol: 6).bytes, arp, runt,
            TestFrame(group: "10.1.2.3").bytes,
        ]
    }

    private static func source(_ method: CaptureMethod, _ options: CaptureOptions = .init())
        throws -> any PacketSource
    {
        method == .packet
            ? try PacketRingSource(lines: lines, interface: "tlpb", options: options)
            : try PcapSource(lines: lines, interface: "tlpb", options: options)
    }

    @Test(arguments: [CaptureMethod.packet, .pcap])
    func getsItsDatagramsAndCountsTheOthers(method: CaptureMethod) throws {
        try PacketNetwork().inside {
            let source = try Self.source(method)
            let sender = try FrameSender()
            var expected: [Received] = []
            for round in 0..<300 {
                let payload = be(UInt32(round)) + [UInt8](repeating: 9, count: round * 4)
                switch round % 5 {
                case 0: try sender.send(TestFrame(payload: payload).bytes)
                case 1: try sender.send(TestFrame(group: "239.9.0.2", payload: payload).bytes)
                case 2:
                    var frame = Self.v6
                    frame.payload = payload
                    try sender.send(frame.bytes)
                case 3:
                    let tags: [(UInt16, UInt16)] = [(0x8100, 42)]
                    try sender.send(
                        TestFrame(tags: tags, group: "239.9.0.3", payload: payload).bytes)
                default:
                    let tags: [(UInt16, UInt16)] = [(0x88A8, 42), (0x8100, 7)]
                    try sender.send(
                        TestFrame(
                            tags: tags, group: "239.9.0.3", options: [1, 1, 1, 1],
                            payload: payload
                        ).bytes)
                }
                // libpcap's own filter looks behind one tag of the frame alone.
                if round % 5 == 4, method == .pcap { continue }
                expected.append(Received(line: [3, 4, 5, 6, 6][round % 5], payload: payload))
            }
            for (frame, _) in Self.strays() { try sender.send(frame.bytes) }
            for frame in Self.foreign() { try sender.send(frame) }
            try sender.send(TestFrame(payload: lastPayload).bytes)

            #expect(try source.receiveAll() == expected)
            for counter in CaptureCounter.allCases where counter != .bytes {
                let strays = Self.strays().count { $0.1 == counter }
                #expect(
                    Int(source.counters[counter])
                        == (counter == .datagrams ? expected.count + 1 : strays),
                    "\(counter.description)")
            }
            #expect(source.readDrops().allSatisfy { $0.value == 0 })
        }
    }

    @Test(arguments: [CaptureMethod.packet, .pcap])
    func jumboFramesComeWhole(method: CaptureMethod) throws {
        try PacketNetwork(mtu: 9000).inside {
            let source = try Self.source(method)
            let sender = try FrameSender()
            var generator = SeededGenerator(seed: 1)
            // 9000 bytes of IP packet; a tag comes on top.
            let payload = generator.bytes(9000 - 28)
            try sender.send(TestFrame(payload: payload).bytes)
            try sender.send(
                TestFrame(tags: [(0x8100, 42)], group: "239.9.0.3", payload: payload).bytes)
            try sender.send(TestFrame(payload: lastPayload).bytes)
            #expect(
                try source.receiveAll() == [
                    Received(line: 3, payload: payload), Received(line: 6, payload: payload),
                ])
            #expect(source.counters[.oversize] == 0)
        }
    }

    /// A frame above the MTU that the ring was made for, as when the MTU is raised behind our back.
    @Test(arguments: [CaptureMethod.packet, .pcap])
    func cutFramesAreCountedAndNeverHandedOut(method: CaptureMethod) throws {
        let network = try PacketNetwork()
        try network.inside {
            let source = try Self.source(method)
            try network.ip("link", "set", "tlpa", "mtu", "9000")
            try network.ip("link", "set", "tlpb", "mtu", "9000")
            let sender = try FrameSender()
            try sender.send(
                TestFrame(payload: [UInt8](repeating: 1, count: 8000)).bytes)
            try sender.send(TestFrame(payload: lastPayload).bytes)
            #expect(try source.receiveAll() == [])
            #expect(source.counters[.oversize] == 1)
            #expect(source.counters[.datagrams] == 1)
        }
    }

    @Test(arguments: [CaptureMethod.packet, .pcap])
    func whatAFullRingLosesIsCountedToThePacket(method: CaptureMethod) throws {
        try PacketNetwork().inside {
            var options = CaptureOptions()
            options.ringBytes = 1 << 18
            let source = try Self.source(method, options)
            let sender = try FrameSender()
            let total = 3000
            for index in 0..<total { try sender.send(TestFrame(payload: be(UInt32(index))).bytes) }
            // A few are taken and kept: their memory must stay theirs while the others are drained.
            let held = UnsafeMutablePointer<CapturedDatagram>.allocate(capacity: 8)
            defer { held.deallocate() }
            #expect(try source.poll(into: held, capacity: 8) == 8)
            for index in 0..<8 { #expect([UInt8](held[index].payload) == be(UInt32(index))) }
            source.release(held, count: 8)
            // Until there is room, the last one may be lost, too.
            var received = 8
            let first = try source.poll(into: held, capacity: 8)
            received += first
            source.release(held, count: first)
            try sender.send(TestFrame(payload: lastPayload).bytes)
            received += try source.receiveAll().count
            let lost = source.readDrops().reduce(0) { $0 + $1.value }
            #expect(lost > 0)
            #expect(received + Int(lost) == total)
            #expect(source.readDrops().reduce(0) { $0 + $1.value } == lost)
        }
    }

    @Test func aFrameThatIsOutIsNotHandedOutAgain() throws {
        try PacketNetwork().inside {
            var options = CaptureOptions()
            options.ringBytes = 1 << 17
            let source = try PacketRingSource(
                lines: Self.lines, interface: "tlpb", options: options)
            let sender = try FrameSender()
            let capacity = source.slotCount + 50
            let out = UnsafeMutablePointer<CapturedDatagram>.allocate(capacity: capacity)
            defer { out.deallocate() }
            for index in 0..<capacity {
                try sender.send(TestFrame(payload: be(UInt32(index))).bytes)
            }
            source.awaitDrops(50)
            let count = try source.poll(into: out, capacity: capacity)
            #expect(count == source.slotCount)
            #expect(try source.poll(into: out + count, capacity: 50) == 0)
            source.release(out, count: 10)
            for index in 0..<20 { try sender.send(TestFrame(payload: be(UInt32(index))).bytes) }
            source.awaitDrops(60)
            #expect(try source.poll(into: out + count, capacity: 50) == 10)
            #expect([UInt8](out[10].payload) == be(UInt32(10)))
            source.release(out + 10, count: count)
            #expect(source.readDrops()[0].value == 50 + 10)
        }
    }
}
