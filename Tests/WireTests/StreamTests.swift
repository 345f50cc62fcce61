import Foundation
import Testing
import Wire

/// Pipes and compressed files must read as the same bytes in memory do.
@Suite struct StreamTests {
    private static let zstdMissing: Comment = "the zstd command is not installed"

    /// 3 MB: more than the first buffer of a stream, with a block larger than that buffer.
    private static let large: [UInt8] = {
        var bytes: [UInt8] = []
        var writer = PcapngWriter(to: &bytes)
        writer.appendInterface(name: "eth0", to: &bytes)
        var generator = SeededGenerator(state: 3)
        let noise = (0..<2_500_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
        for index in 0..<1000 {
            if index == 500 {
                noise.withUnsafeBytes {
                    writer.appendCustom(enterprise: 1, data: $0, to: &bytes)
                }
            }
            noise[index..<2 * index].withUnsafeBytes {
                writer.appendPacket($0, interface: 0, timeNanoseconds: UInt64(index), to: &bytes)
            }
        }
        return bytes
    }()

    private func expectLarge(_ reading: Reading) {
        #expect(reading.error == nil && reading.truncation == nil)
        #expect(reading.packets.map(\.bytes.count) == Array(0..<1000))
        #expect(reading.customs.map(\.data.count) == [2_500_000])
        #expect(reading.byteOffset == UInt64(Self.large.count))
    }

    @Test func aPipeReadsAsTheFile() throws {
        let scratch = try TemporaryDirectory()
        let file = try scratch.write(Self.large, as: "large")
        let pipe = try Feeder(scratch, command: "cat \(file.path)")
        let piped = try Reading(path: pipe.path)
        expectLarge(piped)
        #expect(piped.packets == (try Reading(path: file.path).packets))
    }

    @Test func aCutPipeTellsWhere() throws {
        let scratch = try TemporaryDirectory()
        let file = try scratch.write(Array(Self.large.dropLast(1)), as: "cut")
        let pipe = try Feeder(scratch, command: "cat \(file.path)")
        let reading = try Reading(path: pipe.path)
        #expect(reading.packets.count == 999)
        #expect(reading.truncation?.part == .block)
        #expect(reading.truncation == (try Reading(path: file.path).truncation))
    }

    @Test func anEmptyPipeIsAnError() throws {
        let scratch = try TemporaryDirectory()
        let pipe = try Feeder(scratch, command: "true")
        do throws(CaptureFileError) {
            _ = try CaptureReader(path: pipe.path)
            Issue.record("opened")
        } catch {
            #expect(error.problem == .empty)
        }
    }

    @Test func aDirectoryIsAnError() throws {
        #expect(throws: CaptureFileError.self) { try CaptureReader(path: "/tmp") }
    }

    @Test(.enabled(if: Tool.exists("zstd"), zstdMissing))
    func compressedFilesAndPipes() throws {
        let scratch = try TemporaryDirectory()
        let file = try scratch.write(Self.large, as: "large")
        // The name must not matter.
        let packed = scratch.url.appendingPathComponent("packed")
        _ = try Tool.output(["zstd", "-q", "-1", "--check", file.path, "-o", packed.path])
        expectLarge(try Reading(path: packed.path))
        let pipe = try Feeder(scratch, command: "cat \(packed.path)")
        expectLarge(try Reading(path: pipe.path))
    }

    /// As parallel compressors and this project's journal write them.
    @Test(.enabled(if: Tool.exists("zstd"), zstdMissing))
    func manyFramesWithSkippableOnesBetween() throws {
        let scratch = try TemporaryDirectory()
        let skippable = hex("502a4d18 05000000 0102030405")
        var packed = skippable
        for (index, start) in [0, 3, 700_001].enumerated() {
            let end = [3, 700_001, Self.large.count][index]
            let part = try scratch.write(Array(Self.large[start..<end]), as: "part")
            packed += try Tool.output(["zstd", "-q", "-1", "-c", part.path])
            packed += hex("5f2a4d18 00000000") + skippable
        }
        expectLarge(try Reading(bytes: packed))
    }

    @Test(.enabled(if: Tool.exists("zstd"), zstdMissing))
    func cutAndDamagedCompression() throws {
        let scratch = try TemporaryDirectory()
        let file = try scratch.write(Self.large, as: "large")
        let packed = try Tool.output(["zstd", "-q", "-1", "--check", "-c", file.path])
        let cut = try Reading(bytes: Array(packed.dropLast(4)))
        #expect(cut.packets.count == 1000)
        #expect(cut.truncation?.part == .compressedFrame)
        #expect(cut.truncation?.byteOffset == UInt64(Self.large.count))
        let half = try Reading(bytes: Array(packed.prefix(packed.count / 2)))
        #expect(half.packets.count < 1000)
        #expect(half.error == nil)
        #expect(half.truncation?.part == .compressedFrame)
        var damaged = packed
        damaged[damaged.count - 1] ^= 1
        let reader = try CaptureReader(bytes: damaged)
        #expect(Reading(reader).error != nil)
        #expect(try reader.next() == nil)
        guard case .damagedCompression? = try Reading(bytes: damaged).error?.problem else {
            Issue.record("a wrong content checksum went unnoticed")
            return
        }
        let followed = try Reading(bytes: packed + [1, 2, 3, 4, 5])
        guard case .damagedCompression? = followed.error?.problem else {
            Issue.record("bytes after the last frame went unnoticed")
            return
        }
    }
}
