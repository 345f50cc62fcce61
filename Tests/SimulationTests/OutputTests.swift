import Foundation
import Glibc
import Simulation
import Testing
import Wire

@Suite struct MessageFileWriterTests {
    private func withDirectory(_ body: (String) throws -> Void) throws {
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "tapeline-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        try body(directory.path)
    }

    @Test func framesMessagesAndEndsWithZero() throws {
        try withDirectory { directory in
            let path = directory + "/day.itch"
            var source = ScriptedSource([(0, 2), (0, 300)])
            try MessageFileWriter(path: path).finish(with: &source)
            let start: [UInt8] = [0, 2, 0, 0, 1, 44]
            let expected = start + [UInt8](repeating: 1, count: 300) + [0, 0]
            #expect(try Array(Data(contentsOf: URL(filePath: path))) == expected)
        }
    }

    @Test func writesMoreThanItsBuffer() throws {
        try withDirectory { directory in
            let path = directory + "/day.itch"
            var writer = try MessageFileWriter(path: path)
            let message = (0..<60_000).map { UInt8(truncatingIfNeeded: $0) }
            for _ in 0..<40 { try writer.append(message) }
            #expect(writer.messageCount == 40)
            try writer.finish()
            let written = try Array(Data(contentsOf: URL(filePath: path)))
            let record: [UInt8] = [0xEA, 0x60] + message
            let expected = Array(Array(repeating: record, count: 40).joined()) + [0, 0]
            #expect(written == expected)
        }
    }

    @Test func overwritesOnlyWhenAllowed() throws {
        try withDirectory { directory in
            let path = directory + "/day.itch"
            try MessageFileWriter(path: path).finish()
            let error = #expect(throws: SimulationIOError.self) {
                try MessageFileWriter(path: path).finish()
            }
            #expect(error == .fileExists(path))
            try MessageFileWriter(path: path, overwrite: true).finish()
            #expect(try Data(contentsOf: URL(filePath: path)).count == 2)
        }
    }

    @Test func namesWhatFailed() throws {
        let error = #expect(throws: SimulationIOError.self) {
            try MessageFileWriter(path: "/nowhere/at/all").finish()
        }
        #expect(error == .system(call: "open", place: "/nowhere/at/all", code: ENOENT))
        let full = #expect(throws: SimulationIOError.self) {
            var source = ScriptedSource([(0, 10)])
            try MessageFileWriter(path: "/dev/full", overwrite: true).finish(with: &source)
        }
        #expect(full == .system(call: "write", place: "/dev/full", code: ENOSPC))
    }
}

/// A socket that has joined a multicast group on the loopback interface.
private final class Receiver {
    let descriptor: Int32
    let port: UInt16

    /// Nil where the host does not let a socket join.
    init?(group: String) {
        let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        inet_pton(AF_INET, group, &address.sin_addr)
        var membership = ip_mreqn()
        membership.imr_multiaddr = address.sin_addr
        inet_pton(AF_INET, "127.0.0.1", &membership.imr_address)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        var patience = timeval(tv_sec: 5, tv_usec: 0)
        let bound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
            }
        }
        self.descriptor = descriptor
        port = UInt16(bigEndian: address.sin_port)
        let joined = setsockopt(
            descriptor, Int32(IPPROTO_IP), IP_ADD_MEMBERSHIP, &membership,
            socklen_t(MemoryLayout<ip_mreqn>.size))
        setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience,
            socklen_t(MemoryLayout<timeval>.size))
        if !bound || joined != 0 { return nil }
    }

    deinit { _ = close(descriptor) }

    func receive() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 2_048)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return count < 0 ? nil : Array(buffer[..<count])
    }
}

private func canJoin() -> Bool {
    Receiver(group: "239.192.77.1") != nil
}

@Suite struct MulticastSenderTests {
    @Test(
        .enabled(if: canJoin(), "this host lets no socket join a group on loopback"),
        arguments: [
            SendingPace.unlimited, .simulated(speed: 100), .packetsPerSecond(20_000),
        ])
    func sendsEachLineToItsGroup(_ pace: SendingPace) throws {
        let first = try #require(Receiver(group: "239.192.77.1"))
        let second = try #require(Receiver(group: "239.192.77.2"))
        let addresses = [
            LineAddress(group: "239.192.77.1", port: first.port, source: "127.0.0.1"),
            LineAddress(group: "239.192.77.2", port: second.port, source: "127.0.0.1"),
        ]
        var sender = try MulticastSender(lines: addresses, pace: pace)
        for index in 0..<20 {
            let delivery = LineDelivery(
                line: index % 3 == 0 ? 1 : 0, time: 1_000_000_000 + UInt64(index) * 10_000,
                payload: [UInt8(index)])
            try sender.send(delivery)
        }
        #expect(sender.sentPackets == [13, 7])
        #expect(sender.refusedPackets == [0, 0])
        let expected = (0..<20 as Range<UInt8>).map { [$0] }
        #expect((0..<13).map { _ in first.receive() } == expected.filter { $0[0] % 3 != 0 })
        #expect((0..<7).map { _ in second.receive() } == expected.filter { $0[0] % 3 == 0 })
    }

    @Test func refusesWhatIsNotThere() {
        let line = LineAddress.lineA
        #expect(throws: SimulationIOError.noSuchInterface("no-such-0")) {
            var sender = try MulticastSender(
                lines: [line], interface: "no-such-0", pace: .unlimited)
            try sender.send(LineDelivery(line: 0, time: 0, payload: []))
        }
        #expect(throws: SimulationIOError.notAnAddress("239.192.1")) {
            var sender = try MulticastSender(
                lines: [LineAddress(group: "239.192.1", port: 1, source: "")], pace: .unlimited)
            try sender.send(LineDelivery(line: 0, time: 0, payload: []))
        }
    }
}
