import Foundation
import Protocols
import TestSupport
import Testing
import Ticks
import Wire

/// The samples of about one PITCH message each: all of it is known, and whole.
@Suite struct PitchSamplesTests {
    /// Beginnings of the samples' folders.
    private static let feeds = [
        "Byx.Equities.": "pitch-us", "Futures.": "pitch-cfe",
        "Options.Complex": "pitch-complex", "Options.Depth": "pitch-options",
    ]

    private static let folder = TestFiles.sample("one-message/Cboe")

    @Test(.enabled(if: folder != nil, "no samples: set TAPELINE_SAMPLES"))
    func everyMessageIsKnown() throws {
        let folder = try #require(Self.folder)
        var messages = 0
        for name in try FileManager.default.subpathsOfDirectory(atPath: folder).sorted() {
            guard name.hasSuffix(".pcap"), name.contains(".Pitch."),
                let feed = Self.feeds.first(where: { name.hasPrefix($0.key) })?.value
            else { continue }
            let bench = PitchBench(feed, instruments: 100)
            let bytes = try Data(contentsOf: URL(filePath: folder + "/" + name))
            let reader = try CaptureReader(bytes: Array(bytes))
            while case .packet(let packet) = try reader.next() {
                guard case .datagram(let datagram) = PacketDissector().dissect(packet) else {
                    continue
                }
                messages += try decode(datagram.payload, bench, name)
            }
            let counters = bench.decoder.snapshotCounters()
            #expect(counters.unknownType + counters.unexpectedLength == 0, "\(name)")
            #expect(counters.unrepresentable == 0, "\(name)")
        }
        #expect(messages > 50)
    }

    /// Returns the number of messages.
    private func decode(
        _ payload: UnsafeRawBufferPointer, _ bench: PitchBench, _ name: String
    ) throws -> Int {
        guard case .packet(let packet) = PITCHUnit.parse(payload) else {
            Issue.record("\(name): no unit header")
            return 0
        }
        #expect(packet.messageCount == packet.announcedCount && packet.trailingBytes == 0)
        var messages: [[UInt8]] = []
        var at = 0
        for _ in 0..<packet.messageCount {
            let end = at + Int(packet.blocks[at])
            messages.append(Array(packet.blocks[at..<end]))
            at = end
        }
        if !messages.isEmpty { _ = bench.decode(messages, sequence: packet.firstSequence) }
        return messages.count
    }
}
