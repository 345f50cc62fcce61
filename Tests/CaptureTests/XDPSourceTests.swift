import CLinux
import Capture
import Foundation
import Testing
import Ticks
import Wire

/// AF_XDP over a virtual pair in a namespace (the driver's mode), and over loopback (the stack's).
@Suite(
    "AF_XDP source", .serialized,
    .enabled(if: XDPTestNetwork.isRoot, "skipped: needs root for namespaces and BPF"))
struct XDPSourceTests {
    private struct Received: Equatable, Sendable {
        var line: UInt16
        var payload: [UInt8]
    }

    private final class FrameCollector: FrameTap {
        var frames: [[UInt8]] = []

        func take(_ frame: UnsafeRawBufferPointer, originalLength: UInt32, time: UInt64) {
            frames.append(Array(frame))
        }
    }

    /// Polls until `last` came. Every datagram is released at once.
    private static func receive(_ source: XDPSource, until last: [UInt8]) throws -> [Received] {
        let batch = UnsafeMutablePointer<CapturedDatagram>.allocate(capacity: 16)
        defer { batch.deallocate() }
        var received: [Received] = []
        while received.last?.payload != last {
            let count = try source.poll(into: batch, capacity: 16)
            for index in 0..<count {
                received.append(
                    Received(line: batch[index].line, payload: Array(batch[index].payload)))
                #expect(batch[index].timeSource == .kernel)
                let age = Int64(nowNanoseconds()) - Int64(batch[index].time)
                #expect(age >= -1_000_000 && age < 10_000_000_000, "capture time is UTC")
            }
            source.release(batch, count: count)
            if count == 0 { try wait(source) }
        }
        return received
    }

    private static func nowNanoseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    private static func wait(_ source: XDPSource) throws {
        var waiting = source.fileDescriptors.map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        guard poll(&waiting, nfds_t(waiting.count), 5000) > 0 else {
            throw XDPTestNetwork.Failure(text: "nothing came; drops: \(source.readDrops())")
        }
    }

    private static func eventually(_ condition: () throws -> Bool) throws {
        let end = ContinuousClock.now + .seconds(5)
        while try !condition() {
            guard ContinuousClock.now < end else {
                throw XDPTestNetwork.Failure(text: "not within 5 s")
            }
            sched_yield()
        }
    }

    private static func inProgram(_ source: XDPSource, of interface: String) -> [String: UInt64] {
        let tail = ", in the XDP program of \(interface)"
        var found: [String: UInt64] = [:]
        for reading in source.readDrops() where reading.counter.hasSuffix(tail) {
            found[String(reading.counter.dropLast(tail.count))] = reading.value
        }
        return found
    }

    private static func inSockets(_ source: XDPSource) -> UInt64 {
        source.readDrops().filter { $0.counter.hasPrefix("rx_") }.reduce(0) { $0 + $1.value }
    }

    /// Sends the traffic and noise, and checks what comes out.
    private static func check(receiver: String, sender: String, mode: String) throws {
        let source = try XDPSource(lines: XDPTraffic.lines, interface: receiver, options: .init())
        #expect(source.mode == mode)
        let tap = FrameCollector()
        source.tap = tap
        let wire = try RawSender(sender)
        for (frame, _) in XDPTraffic.traffic { try wire.send(frame.bytes) }
        for bytes in XDPTraffic.noise { try wire.send(bytes) }
        let last = XDPTraffic.frame(XDPTraffic.group, 9000, 99)
        try wire.send(last.bytes)
        let received = try receive(source, until: last.payload)
        var expected = XDPTraffic.traffic.compactMap { frame, line in
            line.map { Received(line: $0, payload: frame.payload) }
        }
        expected.append(Received(line: 0, payload: last.payload))
        #expect(received == expected)
        let wanted = XDPTraffic.traffic.filter { $0.line != nil }.map(\.frame.bytes)
        #expect(tap.frames == wanted + [last.bytes])
        #expect(source.counters[.datagrams] == UInt64(expected.count))
        #expect(inProgram(source, of: receiver) == XDPTraffic.expectedDrops)
        #expect(inSockets(source) == 0)
    }

    @Test("delivers exactly the lines' datagrams in the driver's mode, the rest to the stack")
    func native() throws {
        let network = try XDPTestNetwork("tlx\(getpid())a")
        defer { network.remove() }
        try network.enter {
            let stack = try RawReceiver(network.near)
            try Self.check(receiver: network.near, sender: network.far, mode: "native, copy")
            // The stack takes tags off.
            let passed = XDPTraffic.traffic.filter { $0.line == nil && $0.frame.tags.isEmpty }
            let seen = stack.frames()
            #expect(seen.count == passed.count + 2 + XDPTraffic.noise.count, "two with tags")
            for bytes in passed.map(\.frame.bytes) + XDPTraffic.noise {
                #expect(seen.contains(bytes))
            }
        }
        #expect(try !network.inside("ip -d link show \(network.near)").contains("xdp"))
    }

    @Test("delivers exactly the lines' datagrams in the stack's mode")
    func generic() throws {
        let network = try XDPTestNetwork("tlx\(getpid())b")
        defer { network.remove() }
        try network.enter {
            try Self.check(receiver: "lo", sender: "lo", mode: "generic, copy")
        }
        #expect(try !network.inside("ip -d link show lo").contains("xdp"))
    }

    @Test("counts frames that no chunk can hold, to the byte", arguments: [2048, 4096])
    func oversize(frameBytes: Int) throws {
        let network = try XDPTestNetwork("tlx\(getpid())c", mtu: 9000)
        defer { network.remove() }
        try network.enter {
            var options = CaptureOptions()
            options.frameBytes = frameBytes
            let source = try XDPSource(
                lines: XDPTraffic.lines, interface: network.near, options: options)
            let most = frameBytes - 256 - 42
            let wire = try RawSender(network.far)
            for bytes in [most, most + 1, 8972] {
                try wire.send(XDPTraffic.frame(XDPTraffic.group, 9000, 1, bytes: bytes).bytes)
            }
            try wire.send(XDPTraffic.frame(XDPTraffic.group, 9000, 2).bytes)
            let received = try Self.receive(source, until: [UInt8](repeating: 2, count: 40))
            #expect(received.map(\.payload.count) == [most, 40])
            #expect(Self.inProgram(source, of: network.near)["oversize"] == 2)
            #expect(Self.inSockets(source) == 0)
            #expect(source.remarks.contains { $0.contains("oversize") })
        }
    }

    @Test("drops and counts in the kernel while no chunk comes back, and goes on after that")
    func starvation() throws {
        let network = try XDPTestNetwork("tlx\(getpid())d")
        defer { network.remove() }
        try network.enter {
            var options = CaptureOptions()
            options.frameCount = 64
            let source = try XDPSource(
                lines: XDPTraffic.lines, interface: network.near, options: options)
            let wire = try RawSender(network.far)
            let batch = UnsafeMutablePointer<CapturedDatagram>.allocate(capacity: 256)
            defer { batch.deallocate() }
            var held = 0
            for mark in 0..<64 {
                try wire.send(XDPTraffic.frame(XDPTraffic.group, 9000, UInt8(mark)).bytes)
            }
            while held < 64 {
                let count = try source.poll(into: batch + held, capacity: 256 - held)
                held += count
                if count == 0 { try Self.wait(source) }
            }
            for _ in 0..<36 { try wire.send(XDPTraffic.frame(XDPTraffic.group, 9000, 200).bytes) }
            try Self.eventually { Self.inSockets(source) == 36 }
            #expect(try source.poll(into: batch + held, capacity: 100) == 0)
            for mark in 0..<64 { #expect(batch[mark].payload.first == UInt8(mark)) }
            // In runs of any size.
            source.release(batch, count: 1)
            source.release(batch + 1, count: 63)
            for _ in 0..<10 {
                for mark in 0..<50 {
                    try wire.send(XDPTraffic.frame(XDPTraffic.group, 9000, UInt8(mark)).bytes)
                }
                let received = try Self.receive(source, until: [UInt8](repeating: 49, count: 40))
                #expect(received.count == 50)
            }
            let losses = source.readDrops().filter { $0.value > 0 }
            #expect(losses.map(\.value) == [36])
            #expect(losses.map(\.counter) == ["rx_dropped of \(network.near) queue 0"])
            #expect(losses.map(\.place) == [.driver])
        }
    }

    @Test("takes a thousand lines with sources")
    func manyLines() throws {
        let network = try XDPTestNetwork("tlx\(getpid())e")
        defer { network.remove() }
        try network.enter {
            var lines: [CaptureLine] = []
            for index in UInt16(0)..<1024 {
                let group = IPAddress(v4: 0xEF01_0000 + UInt32(index / 2))
                lines.append(
                    XDPTraffic.line(
                        index, group, 9000 + index % 2, sources: ["10.1.1.1", "10.1.1.9"]))
            }
            let source = try XDPSource(lines: lines, interface: network.near, options: .init())
            let wire = try RawSender(network.far)
            for line in lines {
                try wire.send(
                    XDPTraffic.frame(line.address.group, line.address.port, 1, bytes: 30).bytes)
            }
            try wire.send(XDPTraffic.frame(lines[0].address.group, 9000, 2).bytes)
            let received = try Self.receive(source, until: [UInt8](repeating: 2, count: 40))
            #expect(received.map(\.line) == lines.map(\.index) + [0])
        }
    }

    @Test("serves several queues, and counts frames on one that it does not")
    func queues() throws {
        let network = try XDPTestNetwork("tlx\(getpid())f", queues: 2)
        defer { network.remove() }
        try network.enter {
            let wire = try RawSender(network.far)
            let last = XDPTraffic.frame(XDPTraffic.group, 9000, 9)
            var options = CaptureOptions()
            options.queues = [0, 1]
            do {
                let both = try XDPSource(
                    lines: XDPTraffic.lines, interface: network.near, options: options)
                #expect(both.fileDescriptors.count == 2)
                for _ in 0..<10 { try wire.send(XDPTraffic.frame(XDPTraffic.group, 9000, 1).bytes) }
                try wire.send(last.bytes)
                #expect(try Self.receive(both, until: last.payload).count == 11)
            }
            options.queues = [0]
            let one = try XDPSource(
                lines: XDPTraffic.lines, interface: network.near, options: options)
            // The sending side spreads them over its queues by flow.
            for mark in UInt8(0)..<64 {
                var frame = XDPTraffic.frame(XDPTraffic.group, 9000, mark)
                frame.source = IPAddress(v4: 0x0A01_0200 + UInt32(mark))
                try wire.send(frame.bytes)
            }
            var received = 0
            let batch = UnsafeMutablePointer<CapturedDatagram>.allocate(capacity: 64)
            defer { batch.deallocate() }
            func elsewhere() -> UInt64 {
                Self.inProgram(one, of: network.near)["queue without a socket"]!
            }
            try Self.eventually {
                let count = try one.poll(into: batch, capacity: 64)
                one.release(batch, count: count)
                received += count
                return received + Int(elsewhere()) == 64
            }
            #expect(received + Int(elsewhere()) == 64 && received > 0 && elsewhere() > 0)
        }
    }

    @Test("takes what the kernel's own stack sends, in busy polling")
    func kernelTraffic() throws {
        let network = try XDPTestNetwork("tlx\(getpid())i")
        defer { network.remove() }
        try network.inside("ip addr add 10.1.1.1/24 dev \(network.far)")
        try network.enter {
            var options = CaptureOptions()
            options.busyPollMicroseconds = 20
            let source = try XDPSource(
                lines: XDPTraffic.lines, interface: network.near, options: options)
            var step: UnsafePointer<CChar>?
            let address = XDPTraffic.group
            let group = clinux_address(high: address.high, low: address.low)
            let index = if_nametoindex(network.far)
            let sender = clinux_udp_sender(group, clinux_address(), index, &step)
            try #require(sender >= 0)
            defer { close(sender) }
            let payload = [UInt8](repeating: 1, count: 500)
            #expect(clinux_udp_send(sender, group, 9001, index, payload, payload.count) == 0)
            // In three fragments.
            let large = [UInt8](repeating: 2, count: 4000)
            #expect(clinux_udp_send(sender, group, 9000, index, large, large.count) == 0)
            #expect(clinux_udp_send(sender, group, 9000, index, [3], 1) == 0)
            let received = try Self.receive(source, until: [3])
            #expect(received.map(\.line) == [1, 0])
            #expect(received[0].payload == payload)
            #expect(Self.inProgram(source, of: network.near)["fragment"] == 3)
        }
    }

    @Test("goes on after the link was down")
    func linkFlap() throws {
        let network = try XDPTestNetwork("tlx\(getpid())j")
        defer { network.remove() }
        try network.enter {
            let source = try XDPSource(
                lines: XDPTraffic.lines, interface: network.near, options: .init())
            let wire = try RawSender(network.far)
            for mark in UInt8(1)...3 {
                let frame = XDPTraffic.frame(XDPTraffic.group, 9000, mark)
                try wire.send(frame.bytes)
                #expect(try Self.receive(source, until: frame.payload).count == 1)
                try network.inside("ip link set \(network.near) down")
                try network.inside("ip link set \(network.near) up")
                // The other end hears of it a little later, and sends nothing until then.
                for _ in 0..<500 {
                    if try network.inside("ip link show \(network.far)").contains("state UP") {
                        break
                    }
                    usleep(10_000)
                }
            }
        }
    }

    @Test("says what stands in the way")
    func errors() throws {
        let network = try XDPTestNetwork("tlx\(getpid())g")
        defer { network.remove() }
        func problem(_ interface: String, _ change: (inout CaptureOptions) -> Void = { _ in })
            throws -> String
        {
            var options = CaptureOptions()
            change(&options)
            let wanted = options
            return try network.enter {
                do {
                    _ = try XDPSource(
                        lines: XDPTraffic.lines, interface: interface, options: wanted)
                    return ""
                } catch {
                    #expect((error as? CaptureError)?.isSetup == true)
                    return "\(error)"
                }
            }
        }
        #expect(try problem("tlxnone").contains("no interface 'tlxnone'"))
        #expect(try problem(network.near) { $0.zeroCopy = .require }.contains("no zero copy"))
        #expect(try problem(network.near) { $0.queues = [1] }.contains("no receive queue 1"))
        #expect(try problem(network.near) { $0.frameBytes = 1024 }.contains("2048 or 4096"))
        try network.inside("ethtool -K \(network.near) rxvlan on")
        #expect(try problem(network.near).contains("rxvlan off"))
        try network.inside("ethtool -K \(network.near) rxvlan off")
        try network.inside("ip link set \(network.near) down")
        #expect(try problem(network.near).contains("ip link set \(network.near) up"))
        try network.inside("ip link set \(network.near) up")
        let second = try network.enter {
            let first = try XDPSource(
                lines: XDPTraffic.lines, interface: network.near, options: .init())
            return withExtendedLifetime(first) {
                do {
                    _ = try XDPSource(
                        lines: XDPTraffic.lines, interface: network.near, options: .init())
                    return ""
                } catch { return "\(error)" }
            }
        }
        #expect(second.contains("bpftool net show dev \(network.near)"))
        #expect(try problem(network.near) == "")
    }

    @Test("leaves nothing attached when the process is killed")
    func killed() async throws {
        let network = try XDPTestNetwork("tlx\(getpid())h")
        defer { network.remove() }
        let name = network.name
        await #expect(processExitsWith: .signal(SIGKILL)) { [name = name as String] in
            try XDPTestNetwork.enter(name) {
                let source = try XDPSource(
                    lines: XDPTraffic.lines, interface: "\(name)0", options: .init())
                let shown = try XDPTestNetwork.run("ip -d link show \(name)0")
                guard shown.contains("xdp") else { throw XDPTestNetwork.Failure(text: shown) }
                withExtendedLifetime(source) { _ = kill(getpid(), SIGKILL) }
            }
        }
        #expect(try !network.inside("ip -d link show \(network.near)").contains("xdp"))
        #expect(try !network.inside("bpftool net show").contains(network.near))
        try network.enter {
            _ = try XDPSource(lines: XDPTraffic.lines, interface: network.near, options: .init())
        }
    }

    @Test("names the capabilities that it lacks")
    func unprivileged() async {
        await #expect(processExitsWith: .success) {
            guard setgid(65534) == 0, setuid(65534) == 0 else { exit(2) }
            do {
                _ = try XDPSource(
                    lines: XDPTraffic.lines, interface: "lo", options: .init())
                exit(3)
            } catch {
                exit("\(error)".contains("CAP_NET_ADMIN, CAP_BPF and CAP_NET_RAW") ? 0 : 4)
            }
        }
    }
}
