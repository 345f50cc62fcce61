import Foundation
import Glibc
import TestSupport
import Testing
import Wire

@testable import Capture

@Suite struct RecorderDiskTests {
    private static let hasTools =
        ToolAnswer.exists("capinfos") && ToolAnswer.exists("zstd")

    private static func options(_ directory: String) -> RecorderOptions {
        var options = RecorderOptions(directory: directory)
        options.namePattern = "r%03N.pcapng"
        options.inletBytes = 1 << 20
        options.bufferBytes = 4096
        options.bufferCount = 4
        return options
    }

    /// The file as it is while the recorder holds it open is what a killed one leaves.
    @Test(arguments: [nil, 1] as [Int32?])
    func anOpenFileCanBeReadUpToTheLastFlush(_ zstdLevel: Int32?) throws {
        let directory = try RecordingDirectory()
        var options = Self.options(directory.path)
        options.zstdLevel = zstdLevel
        options.flushSeconds = 1
        let run = try VirtualRecording(options)
        for index in 0..<500 {
            run.send(8 + index % 300)
            run.pass(seconds: 0.1)
            run.settle()
            guard index % 100 == 99 else { continue }
            run.pass(seconds: 1)
            run.settle()
            let copy = directory.path + "/copy"
            try? FileManager.default.removeItem(atPath: copy)
            try FileManager.default.copyItem(atPath: directory.files[0], toPath: copy)
            let contents = try RecordingContents(copy)
            #expect(contents.frames == run.sent)
            // A frame of zstd has no end yet; a plain file lacks nothing.
            #expect(contents.isCut == (zstdLevel != nil))
            try FileManager.default.removeItem(atPath: copy)
        }
        run.end()
        let contents = try RecordingContents(directory.files[0])
        #expect(contents.frames == run.sent && !contents.isCut)
    }

    @Test(.enabled(if: hasTools, "capinfos and zstd are not both installed"))
    func otherToolsReadCompressedFiles() throws {
        let directory = try RecordingDirectory()
        var options = Self.options(directory.path)
        options.zstdLevel = 3
        options.rotation.packets = 20_000
        let run = try VirtualRecording(options)
        for index in 0..<30_000 {
            run.send(8 + index % 200)
            if index % 100 == 0 { run.settle() }
        }
        run.end()
        #expect(directory.files.map { $0.hasSuffix(".pcapng.zst") } == [true, true])
        for (file, count) in zip(directory.files, [20_000, 10_000]) {
            let test = try ToolAnswer("zstd", "-q", "-t", file)
            #expect(test.status == 0 && test.complaints == "")
            let information = try ToolAnswer("capinfos", "-c", "-M", file)
            #expect(information.status == 0 && information.complaints == "")
            #expect(information.output.contains("Number of packets:   \(count)"))
        }
        #expect(try directory.files.flatMap { try RecordingContents($0).frames } == run.sent)
    }

    /// Without the cache or with it: the same file.
    @Test func directAndCachedFilesAreTheSame() throws {
        var files: [[UInt8]] = []
        for usesDirectIO in [true, false] {
            let directory = try RecordingDirectory()
            var options = Self.options(directory.path)
            options.usesDirectIO = usesDirectIO
            let run = try VirtualRecording(options)
            for index in 0..<1000 { run.send(8 + index) }
            run.end()
            files.append([UInt8](try Data(contentsOf: URL(filePath: directory.files[0]))))
        }
        #expect(files[0] == files[1] && files[0].count > 500_000)
    }

    @Test(
        .enabled(if: geteuid() == 0, "needs root, to mount a file system of a megabyte"),
        arguments: [nil, 1] as [Int32?])
    func aFullDiskIsAnAlarmAndAnExactCount(_ zstdLevel: Int32?) throws {
        let directory = try RecordingDirectory()
        guard mount("tapeline", directory.path, "tmpfs", 0, "size=1m") == 0 else {
            print("no file system can be mounted here: \(String(cString: strerror(errno)))")
            return
        }
        defer { umount2(directory.path, Int32(MNT_DETACH)) }
        let ballast = directory.path + "/ballast"
        try Data(count: 700_000).write(to: URL(filePath: ballast))
        var options = Self.options(directory.path)
        options.zstdLevel = zstdLevel
        options.rotation.bytes = 100_000
        options.flushSeconds = 0.1
        options.resumeBytes = 300_000
        let run = try VirtualRecording(options)
        func send(_ count: Int) {
            for _ in 0..<count {
                run.send(500)
                run.settle()
                run.pass(seconds: 0.001)
            }
        }
        send(1500)
        #expect(run.writer.report.isFailing && run.writer.report.unwrittenPackets > 0)
        #expect(run.alarms.count == 1 && run.alarms[0].contains("No space left on device"))
        try FileManager.default.removeItem(atPath: ballast)
        run.pass(seconds: 1)
        let resumedAt = run.sent.count
        run.settle()
        #expect(!run.writer.report.isFailing && run.alarms.count == 2)
        send(100)
        run.end()
        let report = run.writer.report
        #expect(report.writtenPackets + report.unwrittenPackets == UInt64(run.sent.count))
        #expect(report.errors == 1)
        let files = try directory.files.map { try RecordingContents($0) }
        let frames = files.flatMap(\.frames)
        #expect(frames.count == Int(report.writtenPackets))
        // Whatever was written is in order, and all that came after the disk had room again.
        #expect(frames.suffix(100) == run.sent[resumedAt...])
        #expect(frames.prefix(300) == run.sent.prefix(300))
        if zstdLevel == nil { #expect(files.allSatisfy { !$0.isCut }) }
    }

    /// The recorder with its thread, fed by two others.
    @Test func stopWritesAllThatWasTaken() throws {
        let directory = try RecordingDirectory()
        var options = Self.options(directory.path)
        options.bufferBytes = 64 << 10
        options.inletBytes = 16 << 20
        options.rotation.bytes = 1_000_000
        let recorder = try FrameRecorder(options: options) { Issue.record("alarm: \($0)") }
        let inlets = ["eth0", "eth1"].map { recorder.makeInlet(interface: $0, linkType: .ethernet) }
        try recorder.start()
        let count = 20_000
        DispatchQueue.concurrentPerform(iterations: 2) { index in
            var frame = [UInt8](repeating: UInt8(index), count: 200)
            for number in 0..<UInt64(count) {
                frame.withUnsafeMutableBytes { $0.storeBytes(of: number, as: UInt64.self) }
                frame.withUnsafeBytes {
                    inlets[index].take($0, originalLength: 1500, time: number)
                }
            }
        }
        recorder.stop()
        #expect(recorder.isDone)
        let statistics = recorder.statistics
        #expect(statistics.packets == UInt64(2 * count))
        #expect(statistics.droppedByRecorder == 0 && statistics.paths.count > 3)
        let files = try directory.files.map { try RecordingContents($0) }
        for index in 0..<2 {
            let numbers = files.flatMap { file in
                zip(file.frames, file.interfaces).filter { $0.1 == index }.map { frame, _ in
                    frame.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
                }
            }
            #expect(numbers == Array(0..<UInt64(count)))
        }
        #expect(files.allSatisfy { $0.originalLengths.allSatisfy { $0 == 1500 } })
    }
}
