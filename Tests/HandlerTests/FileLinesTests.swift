import Foundation
import Lines
import TestSupport
import Testing
import Ticks
import Wire

@testable import Handler

/// Capture files as lines of a run, paced by their own time stamps.
@Suite struct FileLinesTests {
    /// A capture of one packet of line A every millisecond from 1 s on.
    private func capture(packets: Int, trailer: [UInt8] = []) throws -> URL {
        let from = try #require(IPAddress("10.0.0.1"))
        let group = try #require(IPAddress("239.1.1.1"))
        let builder = try #require(
            FrameBuilder(
                source: from, sourcePort: 1, destination: group, destinationPort: 1000))
        var bytes: [UInt8] = []
        PcapWriter.appendHeader(to: &bytes)
        for number in 0..<packets {
            var frame: [UInt8] = []
            ITCH.packet(UInt64(number + 1), [ITCH.add(UInt64(number + 1))])
                .withUnsafeBytes { _ = builder.append(payload: $0, to: &frame) }
            frame += trailer
            frame.withUnsafeBytes {
                PcapWriter.appendPacket(
                    $0, timeNanoseconds: 1_000_000_000 + UInt64(number) * 1_000_000, to: &bytes)
            }
        }
        let file = FileManager.default.temporaryDirectory.appending(
            path: "tapeline-\(UUID().uuidString).pcap")
        try Data(bytes).write(to: file)
        return file
    }

    @Test(arguments: [1.0, 4.0, 0.5])
    func packetsComeInTheirOwnTime(speed: Double) throws {
        let file = try capture(packets: 10)
        defer { try? FileManager.default.removeItem(at: file) }
        let bench = try CoreBench([CoreBench.itch()])
        var now: UInt64 = 5_000_000_000
        let lines = try FileLines(
            [
                LineConfiguration(
                    route: LineRoute(channel: 0, line: 0), name: "itch/A",
                    source: .file(path: file.path, destination: nil))
            ], speed: speed, now: { now })
        let input = CoreInput(core: bench.core, log: nil)
        for read in 1...10 {
            #expect(try lines.feed(input, most: 64) == (read < 10 ? .fed : .finished))
            #expect(lines.packetsRead == UInt64(read))
            if read == 10 { break }
            // Up to the last nanosecond before the next one is due.
            now = 5_000_000_000 + UInt64(Double(read) * 1e6 / speed) - 1
            #expect(try lines.feed(input, most: 64) == .waiting)
            now += 1
        }
        #expect(bench.flushed().count == 11)
    }

    /// A capture switch's stamp (1.123456789 s, capture-formats.md §10) stands in for the file's.
    @Test(arguments: [SwitchTrailer.metawatch, .exablaze, .none])
    func switchesStamp(trailer: SwitchTrailer) throws {
        let stamp: [UInt8] = [0, 0, 0, 1, 0x07, 0x5B, 0xCD, 0x15, 1, 0, 42, 7]
        let file = try capture(packets: 2, trailer: [1, 2, 3, 4] + stamp)
        defer { try? FileManager.default.removeItem(at: file) }
        let bench = try CoreBench([CoreBench.itch()])
        let lines = try FileLines(
            [
                LineConfiguration(
                    route: LineRoute(channel: 0, line: 0), name: "itch/A",
                    source: .file(path: file.path, destination: nil), trailer: trailer)
            ], speed: nil)
        #expect(try lines.feed(CoreInput(core: bench.core, log: nil), most: 64) == .finished)
        let add = try #require(bench.flushed().last)
        let isStamped = trailer == .metawatch
        #expect(add.timeSource == (isStamped ? .hardware : .file))
        #expect(add.captureTime == (isStamped ? 1_123_456_789 : 1_001_000_000))
        #expect(lines.withoutTrailer == (trailer == .exablaze ? 2 : 0))
    }
}
