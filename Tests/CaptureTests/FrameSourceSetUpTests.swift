import Foundation
import Testing
import Wire

@testable import Capture

/// Start-up and sharing of the sources that see frames.
@Suite(.serialized, .enabled(if: PacketNetwork.isPossible, "needs root, for network namespaces"))
struct FrameSourceSetUpTests {
    private static let lines = (0..<8).map { captureLine($0, "239.9.0.\($0 + 1)") }

    @Test func aLineStaysOnOneSocketOfAFanoutGroup() throws {
        try PacketNetwork().inside {
            let group = FanoutGroup(count: 3)
            let sources = try (0..<3).map { _ in
                try PacketRingSource(
                    lines: Self.lines, interface: "tlpb", options: .init(), fanout: group)
            }
            // A second group on the same interface gets everything once more.
            let other = FanoutGroup(count: 1)
            let whole = try PacketRingSource(
                lines: Self.lines, interface: "tlpb", options: .init(), fanout: other)
            let sender = try FrameSender()
            for round in 0..<100 {
                for line in Self.lines {
                    let frame = TestFrame(
                        group: line.address.group.description, payload: be(UInt32(round)))
                    try sender.send(frame.bytes)
                }
            }
            try sender.send(TestFrame(payload: lastPayload).bytes)
            #expect(try whole.receiveAll().count == 800)
            var homes: [UInt16: Int] = [:]
            var total = 0
            let datagrams = UnsafeMutablePointer<CapturedDatagram>.allocate(capacity: 1000)
            defer { datagrams.deallocate() }
            for (index, source) in sources.enumerated() {
                let count = try source.poll(into: datagrams, capacity: 1000)
                for position in 0..<count {
                    #expect(homes[datagrams[position].line, default: index] == index)
                    homes[datagrams[position].line] = index
                    total += [UInt8](datagrams[position].payload) == lastPayload ? 0 : 1
                }
                source.release(datagrams, count: count)
            }
            #expect(total == 800)
            #expect(Set(homes.values).count > 1)
        }
    }

    @Test func theLoopbackInterfaceDeliversOnce() throws {
        try PacketNetwork().inside {
            let lines = Self.lines
            let sources: [any PacketSource] = [
                try PacketRingSource(lines: lines, interface: "lo", options: .init()),
                try PcapSource(lines: lines, interface: "lo", options: .init()),
            ]
            let sender = try FrameSender("lo")
            try sender.send(TestFrame(payload: [1]).bytes)
            try sender.send(TestFrame(payload: lastPayload).bytes)
            for source in sources {
                #expect(try source.receiveAll() == [Received(line: 0, payload: [1])])
                #expect(source.counters[.datagrams] == 2)
            }
        }
    }

    private final class Tap: FrameTap {
        var frames: [[UInt8]] = []
        func take(_ frame: UnsafeRawBufferPointer, originalLength: UInt32, time: UInt64) {
            #expect(Int(originalLength) == frame.count)
            #expect(time > 1_700_000_000_000_000_000)
            frames.append([UInt8](frame))
        }
    }

    @Test func aTapGetsFramesAsTheyWereOnTheWire() throws {
        try PacketNetwork().inside {
            let ring = try PacketRingSource(lines: Self.lines, interface: "tlpb", options: .init())
            let pcap = try PcapSource(lines: Self.lines, interface: "tlpb", options: .init())
            let (first, second) = (Tap(), Tap())
            (ring.tap, pcap.tap) = (first, second)
            let sender = try FrameSender()
            let frames = [
                TestFrame(payload: [1]), TestFrame(tags: [(0x8100, 0x6007)], payload: [2]),
                TestFrame(tags: [(0x88A8, 9)], payload: [3]), TestFrame(port: 1),
                TestFrame(payload: lastPayload),
            ].map(\.bytes)
            for frame in frames { try sender.send(frame) }
            for source in [ring, pcap] as [any PacketSource] {
                #expect(try source.receiveAll() == [Received(line: 0, payload: [1])])
                #expect(source.counters[.wrongVLAN] == 2)
            }
            #expect(first.frames == frames)
            #expect(second.frames == frames)
        }
    }

    @Test func aFilterOfTheUsersReplacesOurs() throws {
        try PacketNetwork().inside {
            var options = CaptureOptions()
            options.pcapFilter = "dst port 5000"
            let source = try PcapSource(lines: Self.lines, interface: "tlpb", options: options)
            let sender = try FrameSender()
            try sender.send(TestFrame(group: "239.9.0.99").bytes)
            try sender.send(TestFrame(port: 5001).bytes)
            try sender.send(TestFrame(payload: lastPayload).bytes)
            #expect(try source.receiveAll() == [])
            #expect(source.counters[.otherGroup] == 1)
            #expect(source.counters[.wrongPort] == 0)

            options.pcapFilter = "dst port or"
            let error = Self.failure {
                try PcapSource(lines: Self.lines, interface: "tlpb", options: options)
            }
            #expect(error.contains("dst port or"))
            #expect(error.contains("syntax error"))
        }
    }

    private static func failure(_ open: () throws -> any AnyObject) -> String {
        do {
            _ = try open()
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    private static func failures(_ interface: String) -> [String] {
        [
            failure {
                try PacketRingSource(lines: lines, interface: interface, options: .init())
            },
            failure { try PcapSource(lines: lines, interface: interface, options: .init()) },
            failure { try StrayCounter(lines: lines, interface: interface) },
        ]
    }

    @Test func interfacesThatAreNotThereOrDownHaveTheirErrors() throws {
        let network = try PacketNetwork()
        try network.inside {
            for error in Self.failures("tlpx") { #expect(error.contains("no interface 'tlpx'")) }
            try network.ip("link", "set", "tlpb", "down")
            for error in Self.failures("tlpb") {
                #expect(error.contains("'tlpb' is down: ip link set tlpb up"))
            }
        }
    }

    @Test func missingPrivilegeNamesTheCapability() throws {
        try PacketNetwork().inside {
            try Self.withoutRawSockets {
                for error in Self.failures("tlpb") {
                    #expect(error.contains("CAP_NET_RAW"), "\(error)")
                }
            }
        }
    }

    @Test func tooLargeARingNamesItsOption() throws {
        try PacketNetwork().inside {
            var options = CaptureOptions()
            options.ringBytes = 1 << 40
            let error = Self.failure {
                try PacketRingSource(lines: Self.lines, interface: "tlpb", options: options)
            }
            #expect(error.contains("PACKET_RX_RING"))
            #expect(error.contains("capture.ringBytes"))
        }
    }

    @Test(arguments: [(25, 0), (256, 0), (0, 256), (128, 128)])
    func theKernelTakesTheFilterOfManyGroups(v4: Int, v6: Int) throws {
        try PacketNetwork().inside {
            let groups = (0..<v4).map { "239.7.\($0 % 3).\($0)" } + (0..<v6).map { "ff3e::\($0)" }
            let lines = groups.enumerated().map { captureLine(UInt16($0.offset), $0.element) }
            var options = CaptureOptions()
            options.busyPollMicroseconds = 50
            let source = try PacketRingSource(lines: lines, interface: "tlpb", options: options)
            let strays = try StrayCounter(lines: lines, interface: "tlpb")
            let sender = try FrameSender()
            for group in groups {
                var frame = TestFrame(group: group, payload: [1])
                if !IPAddress(group)!.isV4 { frame.source = "fe80::1" }
                try sender.send(frame.bytes)
                frame.port = 9
                try sender.send(frame.bytes)
            }
            let last = TestFrame(
                source: v4 > 0 ? "10.0.0.1" : "fe80::1", group: groups[0], payload: lastPayload)
            try sender.send(last.bytes)
            #expect(try source.receiveAll().map(\.line) == lines.map(\.index))
            #expect(Int(source.counters[.wrongPort]) == groups.count)
            #expect(strays.read().map(\.value) == [UInt64(groups.count), 0])
        }
    }

    @Test(arguments: [CaptureMethod.packet, .pcap])
    func packetsComeAgainAfterALinkWasDown(method: CaptureMethod) throws {
        let network = try PacketNetwork()
        try network.inside {
            let source: any PacketSource =
                method == .packet
                ? try PacketRingSource(lines: Self.lines, interface: "tlpb", options: .init())
                : try PcapSource(lines: Self.lines, interface: "tlpb", options: .init())
            try network.ip("link", "set", "tlpb", "down")
            let none = UnsafeMutablePointer<CapturedDatagram>.allocate(capacity: 8)
            defer { none.deallocate() }
            #expect(try source.poll(into: none, capacity: 8) == 0)
            _ = source.readDrops()
            try network.ip("link", "set", "tlpb", "up")
            let sender = try FrameSender()
            try sender.send(TestFrame(payload: [1]).bytes)
            try sender.send(TestFrame(payload: lastPayload).bytes)
            #expect(try source.receiveAll() == [Received(line: 0, payload: [1])])
        }
    }

    /// Takes CAP_NET_RAW from the thread for a while; capabilities are each thread's own.
    private static func withoutRawSockets(_ body: () -> Void) throws {
        typealias Call = @convention(c) (UnsafeMutableRawPointer, UnsafeMutableRawPointer) -> Int32
        let get = unsafeBitCast(dlsym(nil, "capget"), to: Call.self)
        let set = unsafeBitCast(dlsym(nil, "capset"), to: Call.self)
        // _LINUX_CAPABILITY_VERSION_3, this thread; then effective, permitted, inheritable, twice.
        var header: [UInt32] = [0x2008_0522, 0]
        var sets = [UInt32](repeating: 0, count: 6)
        try #require(get(&header, &sets) == 0)
        var fewer = sets
        fewer[0] &= ~(1 << 13)
        try #require(set(&header, &fewer) == 0)
        body()
        precondition(set(&header, &sets) == 0)
    }

    @Test(arguments: [1500, 9000, 65_536], [1 << 16, 64 << 20])
    func slotsHoldTheLargestFrameAndFillTheirBlocks(mtu: Int, ringBytes: Int) {
        let layout = PacketRingLayout(ringBytes: ringBytes, frameBytes: 2048, mtu: mtu)
        // The kernel's own reckoning (net/packet/af_packet.c): both headers and 16 bytes, aligned.
        #expect(layout.slotBytes >= 80 + mtu)
        #expect(layout.slotBytes >= 2048)
        #expect(layout.slotBytes % 16 == 0)
        #expect(layout.blockBytes.nonzeroBitCount == 1)
        #expect(layout.slotsPerBlock >= 8)
        #expect(layout.slotsPerBlock * layout.slotBytes * 10 > layout.blockBytes * 8)
        #expect(layout.blockBytes * layout.blockCount <= max(ringBytes, 2 * layout.blockBytes))
    }
}
