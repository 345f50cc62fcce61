import CLinux
import Foundation
import TestSupport
import Testing
import Ticks
import Wire

@testable import Capture

/// The two sources that read UDP sockets.
enum SocketMethod: String, CaseIterable, CustomTestStringConvertible {
    case socket, uring

    var testDescription: String { rawValue }

    func open(
        _ line: CaptureLine, _ options: CaptureOptions = CaptureOptions(),
        tap: (any FrameTap)? = nil
    ) throws -> any PacketSource {
        switch self {
        case .socket: try SocketSource(line: line, options: options, tap: tap)
        case .uring: try UringSource(lines: [line], options: options, tap: tap)
        }
    }
}

func line(
    _ group: String, port: UInt16 = 26_500, sources: [String] = [], interface: String? = "lo",
    index: UInt16 = 0
) -> CaptureLine {
    CaptureLine(
        index: index, name: "test/\(index)",
        address: MulticastAddress(
            group: IPAddress(group)!, port: port, sources: sources.map { IPAddress($0)! },
            interface: interface))
}

/// Numbered payloads of several sizes, empty ones too.
func payloads(_ count: Int) -> [[UInt8]] {
    (0..<count).map { number in
        let size = number % 97 == 13 ? 0 : (number * 37) % 1400
        return (0..<size).map { UInt8(truncatingIfNeeded: $0 &+ number) }
    }
}

@Suite struct SocketSourceTests {
    @Test(arguments: SocketMethod.allCases)
    func handsOutEveryDatagramInOrder(_ method: SocketMethod) throws {
        let line = line("239.200.1.\(method == .socket ? 1 : 2)", index: 7)
        let taker = Taker(try method.open(line))
        let sender = try #require(LoopbackSender(to: line.address))
        let sent = payloads(600)
        var taken: [TakenDatagram] = []
        var next = 0
        // Runs of 1, 2, 3 …, so that batches of every size are asked for.
        var run = 0
        while next < sent.count {
            run += 1
            let piece = sent[next..<min(next + run, sent.count)]
            for payload in piece { #expect(sender.send(payload)) }
            taken += try taker.take(piece.count)
            next += piece.count
        }
        #expect(taken.map(\.bytes) == sent)
        #expect(taken.allSatisfy { $0.line == 7 })
        // Stamps of the kernel, or ours until it has begun to stamp; not hours away.
        let now = UInt64(Date().timeIntervalSince1970 * 1e9)
        #expect(taken.allSatisfy { $0.timeSource != .hardware && $0.timeSource != .file })
        #expect(taken.last!.timeSource == .kernel)
        #expect(taken.allSatisfy { now - 600_000_000_000 < $0.time && $0.time <= now })
        #expect(taker.source.counters[.datagrams] == 600)
        #expect(taker.source.counters[.bytes] == UInt64(sent.reduce(0) { $0 + $1.count }))
        #expect(taker.source.readDrops().map(\.value) == [0])
        #expect(try taker.poll() == 0)
    }

    @Test(arguments: SocketMethod.allCases)
    func takesListedSourcesOnly(_ method: SocketMethod) throws {
        let line = line(
            "239.200.2.\(method == .socket ? 1 : 2)", sources: ["127.0.0.2", "127.0.0.3"])
        let taker = Taker(try method.open(line))
        let senders = try (2...5).map {
            try #require(LoopbackSender(to: line.address, from: "127.0.0.\($0)"))
        }
        for number in 0..<40 as Range<UInt8> { #expect(senders[Int(number % 4)].send([number])) }
        let taken = try taker.take(20)
        #expect(taken.map(\.bytes) == (0..<40 as Range<UInt8>).filter { $0 % 4 < 2 }.map { [$0] })
        #expect(try taker.poll() == 0)
    }

    /// What the kernel lets through all the same: here, because the socket joined any source.
    @Test func countsSendersThatTheKernelLetsThrough() throws {
        let open = line("239.200.2.3")
        let filtered = line("239.200.2.3", sources: ["127.0.0.2"])
        let counters = CaptureCounters()
        let intake = DatagramIntake(
            socket: try LineSocket(line: open, options: CaptureOptions()), counters: counters,
            tap: nil, sources: filtered.address.sources)
        var received = clinux_datagram()
        let bytes: [UInt8] = [1, 2, 3]
        bytes.withUnsafeBytes { bytes in
            for last in 1...3 as ClosedRange<UInt32> {
                received.source = clinux_address(IPAddress(v4: 0x7F00_0000 + last))
                received.original_length = 3
                let datagram = intake.accept(
                    received, bytes: bytes.baseAddress!, length: 3, frame: 0)
                #expect((datagram != nil) == (last == 2))
            }
        }
        #expect(counters[.wrongSource] == 2 && counters[.datagrams] == 1)
    }

    @Test(arguments: SocketMethod.allCases)
    func otherGroupsAndPortsStayOut(_ method: SocketMethod) throws {
        let mine = line("239.200.3.\(method == .socket ? 1 : 2)")
        let otherGroup = line("239.200.3.\(method == .socket ? 3 : 4)")
        let otherPort = line(mine.address.group.description, port: 26_501)
        let taker = Taker(try method.open(mine))
        // Joined by the same host, on the same port.
        let other = try method.open(otherGroup)
        for address in [otherGroup.address, otherPort.address, mine.address] {
            let sender = try #require(LoopbackSender(to: address))
            #expect(sender.send([UInt8(truncatingIfNeeded: address.port)]))
        }
        #expect(try taker.take(1).map(\.bytes) == [[UInt8(truncatingIfNeeded: 26_500)]])
        #expect(try taker.poll() == 0)
        withExtendedLifetime(other) {}
    }

    @Test(arguments: SocketMethod.allCases)
    func countsLargerDatagramsAndKeepsThemOut(_ method: SocketMethod) throws {
        let line = line("239.200.4.\(method == .socket ? 1 : 2)")
        let taker = Taker(try method.open(line))
        let sender = try #require(LoopbackSender(to: line.address))
        let small = [UInt8](repeating: 1, count: 100)
        let jumbo = [UInt8](repeating: 2, count: 8_952)
        let tooLarge = [UInt8](repeating: 3, count: 20_000)
        for payload in [small, tooLarge, jumbo, tooLarge, tooLarge, small] {
            #expect(sender.send(payload))
        }
        #expect(try taker.take(3).map(\.bytes) == [small, jumbo, small])
        #expect(try taker.poll() == 0)
        #expect(taker.source.counters[.oversize] == 3)
        #expect(taker.source.counters[.datagrams] == 3)
    }

    /// The tail too, which no later datagram tells of.
    @Test(arguments: SocketMethod.allCases)
    func sentIsReceivedAndDropped(_ method: SocketMethod) throws {
        let line = line("239.200.5.\(method == .socket ? 1 : 2)")
        var options = CaptureOptions()
        options.receiveBufferBytes = 8 << 10
        let taker = Taker(try method.open(line, options))
        let sender = try #require(LoopbackSender(to: line.address))
        var total = 0
        for round in 1...3 {
            for _ in 0..<100 { #expect(sender.send([UInt8](repeating: 9, count: 500))) }
            let dropped = try #require(taker.source.readDrops().first)
            #expect(dropped.place == .kernel && dropped.lines == [0])
            total += try taker.take(100 * round - total - Int(dropped.value)).count
            #expect(dropped.value > 0 && total > 0)
            #expect(try taker.poll() == 0)
            #expect(total + Int(dropped.value) == 100 * round)
        }
    }

    /// Held datagrams keep their bytes; what does not fit beside them waits in the socket.
    @Test(arguments: SocketMethod.allCases)
    func heldMemoryStaysUntouched(_ method: SocketMethod) throws {
        let line = line("239.200.6.\(method == .socket ? 1 : 2)")
        var options = CaptureOptions()
        options.frameCount = 8
        let taker = Taker(try method.open(line, options))
        let sender = try #require(LoopbackSender(to: line.address))
        let sent = (0..<200).map { [UInt8](repeating: UInt8($0), count: 50 + $0) }
        for payload in sent[..<8] { #expect(sender.send(payload)) }
        try taker.poll(until: 8)
        #expect(taker.copies().map(\.bytes) == Array(sent[..<8]))
        for payload in sent[8...] { #expect(sender.send(payload)) }
        for _ in 0..<5 { #expect(try taker.poll() == 0) }
        #expect(taker.copies().map(\.bytes) == Array(sent[..<8]))

        // Released in runs that end anywhere, refilled in between: the rest comes whole.
        var seen = 0
        for run in [3, 1, 5, 2, 8, 4, 7, 1, 1, 6].cycled(100) where seen < sent.count {
            let count = min(run, taker.outCount)
            #expect(taker.copies().map(\.bytes) == Array(sent[seen..<(seen + taker.outCount)]))
            taker.release(count)
            seen += count
            try taker.poll(until: min(8, sent.count - seen))
        }
        #expect(seen == sent.count)
        #expect(taker.source.readDrops().map(\.value) == [0])
        if let uring = taker.source as? UringSource { #expect(uring.rearmCount > 0) }
    }

    /// What a thread may sleep on is readable as long as something is left to poll.
    @Test(arguments: SocketMethod.allCases)
    func descriptorsTellOfPackets(_ method: SocketMethod) throws {
        let line = line("239.200.9.\(method == .socket ? 1 : 2)")
        let taker = Taker(try method.open(line))
        let sender = try #require(LoopbackSender(to: line.address))
        #expect(try taker.poll() == 0)
        #expect(!taker.isReadable(milliseconds: 0))
        for number in 0..<10 as Range<UInt8> { #expect(sender.send([number])) }
        for _ in 0..<10 {
            #expect(taker.isReadable(milliseconds: 1000))
            #expect(try taker.poll(1) == 1)
        }
        #expect(try taker.poll() == 0)
        #expect(!taker.isReadable(milliseconds: 0))
        taker.release(10)
        #expect(!taker.isReadable(milliseconds: 0))
    }

    @Test func oneRingServesManyLines() throws {
        let lines = (0..<25).map { line("239.200.7.\($0 + 1)", index: UInt16($0)) }
        let source = try UringSource(lines: lines, options: CaptureOptions())
        let taker = Taker(source)
        let senders = try lines.map { try #require(LoopbackSender(to: $0.address)) }
        for number in 0..<250 { #expect(senders[number % 25].send([UInt8(number)])) }
        let taken = try taker.take(250)
        for line in 0..<25 {
            let bytes = taken.filter { $0.line == line }.map(\.bytes)
            #expect(bytes == stride(from: line, to: 250, by: 25).map { [UInt8($0)] })
        }
        #expect(source.readDrops().count == 25 && source.readDrops().allSatisfy { $0.value == 0 })
    }

    /// Packets that are rebuilt for the recorder, read by the dissector of capture files.
    @Test(arguments: SocketMethod.allCases)
    func tapsWholePackets(_ method: SocketMethod) throws {
        let line = line("239.200.8.\(method == .socket ? 1 : 2)")
        let tap = CollectingTap()
        let taker = Taker(try method.open(line, tap: tap))
        let sender = try #require(LoopbackSender(to: line.address))
        let sent = payloads(50) + [[UInt8](repeating: 5, count: 20_000)]
        for payload in sent { #expect(sender.send(payload)) }
        let taken = try taker.take(50)
        #expect(try taker.poll() == 0)
        #expect(taken.count == 50 && tap.packets.count == 51)
        for (packet, payload) in zip(tap.packets, sent.dropLast()) {
            let found = packet.datagram()
            #expect(found?.payload == payload)
            #expect(found?.source == IPAddress("127.0.0.1"))
            #expect(found?.destination == line.address.group)
            #expect(packet.originalLength == packet.bytes.count)
        }
        #expect(zip(tap.packets, taken).allSatisfy { $0.time == $1.time })
        #expect(tap.packets[50].originalLength == 20_028 && tap.packets[50].bytes.count < 9_300)
    }
}

/// Keeps what a source gives to its recorder.
final class CollectingTap: FrameTap {
    struct Packet {
        var bytes: [UInt8]
        var originalLength: UInt32
        var time: UInt64

        /// The datagram in it, its checksums verified.
        func datagram() -> (source: IPAddress, destination: IPAddress, payload: [UInt8])? {
            bytes.withUnsafeBytes {
                let packet = CapturedPacket(
                    bytes: $0, timeNanoseconds: time, originalLength: originalLength,
                    linkType: .raw)
                guard
                    case .datagram(let found) = PacketDissector(verifyUDPChecksum: true)
                        .dissect(packet)
                else { return nil }
                return (found.source, found.destination, Array(found.payload))
            }
        }
    }

    var packets: [Packet] = []

    func take(_ frame: UnsafeRawBufferPointer, originalLength: UInt32, time: UInt64) {
        packets.append(Packet(bytes: Array(frame), originalLength: originalLength, time: time))
    }
}

extension Array {
    /// The elements over and over, `count` times.
    func cycled(_ count: Int) -> [Element] { (0..<count).flatMap { _ in self } }
}
