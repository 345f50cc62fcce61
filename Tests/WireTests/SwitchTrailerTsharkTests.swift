import Foundation
import Testing
import Wire

/// Trailers of random contents, against tshark's dissectors of them.
@Suite(.enabled(if: Tool.exists("tshark"), "tshark is not installed"))
struct SwitchTrailerTsharkTests {
    private static let second: UInt32 = 1_700_000_000

    /// Frames with a random stamp within a minute of the capture time.
    private func frames(
        _ seed: UInt64, _ trailer: (inout SeededGenerator) -> [UInt8]
    ) -> [[UInt8]] {
        var random = SeededGenerator(state: seed)
        return (0..<200).map { index in
            var frame = Example.frame + [UInt8](repeating: 0, count: 8) + trailer(&random)
            if index % 2 == 0 { frame += hex("11223344") }
            return frame
        }
    }

    private func seconds(_ random: inout SeededGenerator) -> [UInt8] {
        bigEndian(Self.second - 60 + UInt32.random(in: 0...120, using: &random))
    }

    private func bigEndian(_ value: UInt32) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { [UInt8]($0) }
    }

    private func table(_ frames: [[UInt8]], heuristic: String, fields: [String]) throws
        -> [[String]]
    {
        var file = CaptureBytes.pcap(magic: 0xA1B2_3C4D)
        for frame in frames { file.addRecord(frame, seconds: Self.second, fraction: 500_000_000) }
        let scratch = try TemporaryDirectory()
        let path = try scratch.write(file.bytes, as: "capture").path
        let text = try Tool.text(
            ["TZ=UTC", "tshark", "-n", "-r", path, "--enable-heuristic", heuristic, "-T", "fields"]
                + fields.flatMap { ["-e", $0] })
        return text.split(separator: "\n").map { line in
            line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        }
    }

    @Test func metaWatch() throws {
        let frames = frames(1) { random in
            let stamp =
                seconds(&random) + bigEndian(UInt32.random(in: 0..<1_000_000_000, using: &random))
            var extensions: [UInt8] = []
            if Bool.random(using: &random) {
                extensions += bigEndian(UInt32.random(in: 0...0xFFFFFF, using: &random) << 8 | 0x21)
                if Bool.random(using: &random) { extensions += hex("00000501") }
            }
            return hex("a85f7967") + extensions + stamp + [extensions.isEmpty ? 1 : 3, 0, 42, 7]
        }
        let rows = try table(
            frames, heuristic: "metamako_eth", fields: ["metamako.tdiff"])
        #expect(rows.count == frames.count)
        let captured = UInt64(Self.second) * 1_000_000_000 + 500_000_000
        for (frame, row) in zip(frames, rows) {
            let time = stamp(.metawatch, frame, captured: captured)
            // Trailer time less capture time, as seconds with nine decimals.
            let digits = row[0].filter { $0 != "." }
            let difference = try #require(Int64(digits))
            #expect(time == UInt64(Int64(captured) + difference))
        }
    }

    @Test func exablaze() throws {
        let frames = frames(2) { random in
            hex("a85f7967 0309") + seconds(&random)
                + (0..<5).map { _ in UInt8.random(in: 0...255, using: &random) } + [0]
        }
        let rows = try table(
            frames, heuristic: "exablaze_eth",
            fields: ["exablaze.timestamp.seconds", "exablaze.timestamp.fractional_seconds"])
        #expect(rows.count == frames.count)
        let captured = UInt64(Self.second) * 1_000_000_000 + 500_000_000
        for (frame, row) in zip(frames, rows) {
            let time = stamp(.exablaze, frame, captured: captured)
            let seconds = try #require(UInt64(row[0]))
            let fraction = try #require(Double(row[1]))
            #expect(time == seconds * 1_000_000_000 + UInt64(fraction * 1e9))
        }
    }
}
