import Foundation
import TestSupport
import Testing
import Wire

@testable import Capture

@Suite struct RecorderTests {
    private static let hasTools =
        ToolAnswer.exists("capinfos") && ToolAnswer.exists("tshark")
        && ToolAnswer.exists("tcpdump")

    private static func options(_ directory: RecordingDirectory) -> RecorderOptions {
        var options = RecorderOptions(directory: directory.path)
        options.namePattern = "r%03N.pcapng"
        options.inletBytes = 1 << 20
        options.bufferBytes = 4096
        options.bufferCount = 4
        options.snapLength = 9000
        return options
    }

    @Test func everyFrameComesBack() throws {
        let directory = try RecordingDirectory()
        var options = Self.options(directory)
        options.comment = "host: test"
        let run = try VirtualRecording(options, interfaces: ["eth0", "eth1"])
        for index in 0..<5000 {
            run.send(8 + index % 1400, inlet: index % 2)
            run.pass(seconds: 0.000_001)
            if index % 50 == 49 { run.settle() }
        }
        run.end()
        let contents = try RecordingContents(try #require(directory.files.first))
        #expect(!contents.isCut)
        #expect(contents.names == ["eth0", "eth1"])
        for inlet in 0..<2 {
            let indices = contents.interfaces.indices.filter { contents.interfaces[$0] == inlet }
            let expected = run.sent.indices.filter { $0 % 2 == inlet }.map { run.sent[$0] }
            #expect(indices.map { contents.frames[$0] } == expected)
        }
        #expect(run.writer.report.writtenPackets == 5000)
        #expect(run.writer.report.unwrittenPackets == 0)
        let size = try FileManager.default.attributesOfItem(atPath: directory.files[0])[.size]
        #expect(size as? UInt64 == run.writer.report.writtenBytes)
    }

    @Test(.enabled(if: hasTools, "capinfos, tshark and tcpdump are not all installed"))
    func otherToolsReadItWithoutAWarning() throws {
        let directory = try RecordingDirectory()
        var options = Self.options(directory)
        options.comment = "host: test"
        options.hardware = "x86_64"
        options.operatingSystem = "Linux test"
        options.statisticsSeconds = 1
        let run = try VirtualRecording(options, interfaces: ["eth0", "eth1"])
        for index in 0..<300 {
            run.send(8 + index, inlet: index % 2)
            run.pass(seconds: 0.01)
            run.settle()
        }
        run.end()
        let file = directory.files[0]
        let information = try ToolAnswer("capinfos", "-M", file)
        #expect(information.status == 0 && information.complaints == "")
        for line in [
            "Number of packets:   300", "host: test", "Capture oper-sys:    Linux test",
            "nanoseconds (9)", "Name = eth1", "Capture length = 9000",
            // After each whole second, and at the end.
            "Number of stat entries = 4",
        ] {
            #expect(information.output.contains(line), "\(line): \(information.output)")
        }
        let dissected = try ToolAnswer(
            "tshark", "-r", file, "-T", "fields", "-e", "frame.time_epoch", "-e", "udp.length")
        let rows = dissected.output.split(separator: "\n")
        #expect(dissected.status == 0 && rows.count == 300)
        #expect(rows.first == "1773667800.000000000\t16")
        let printed = try ToolAnswer("tcpdump", "-n", "-r", file)
        #expect(printed.status == 0)
        #expect(printed.output.split(separator: "\n").count == 300)
        #expect(printed.complaints.split(separator: "\n").count == 1, "\(printed.complaints)")
    }

    @Test func rotationBySizePacketsAndTime() throws {
        for criterion in 0..<4 {
            let directory = try RecordingDirectory()
            var options = Self.options(directory)
            switch criterion {
            case 0: options.rotation.bytes = 20_000
            case 1: options.rotation.packets = 100
            case 2: options.rotation.seconds = 1
            default: options.rotation.intervalSeconds = 2
            }
            let run = try VirtualRecording(options)
            for _ in 0..<1000 {
                run.send()
                run.settle()
                run.pass(seconds: 0.01)
            }
            run.end()
            let contents = try directory.files.map { try RecordingContents($0) }
            #expect(contents.flatMap(\.frames) == run.sent)
            #expect(contents.allSatisfy { !$0.isCut && $0.names == ["eth0"] })
            let counts = contents.map(\.frames.count)
            switch criterion {
            case 0:
                // The file ends with the packet that reaches the size: 176 bytes each.
                #expect(counts.count == 9 && Set(counts.dropLast()).count == 1, "\(counts)")
            case 1: #expect(counts == Array(repeating: 100, count: 10) + [0])
            case 2: #expect(counts == Array(repeating: 100, count: 10) + [0])
            default: #expect(counts == Array(repeating: 200, count: 5) + [0])
            }
        }
    }

    @Test func onlyTheNewestFilesAreKept() throws {
        let directory = try RecordingDirectory()
        var options = Self.options(directory)
        options.rotation.packets = 10
        options.rotation.keptFiles = 3
        let run = try VirtualRecording(options)
        for _ in 0..<75 {
            run.send()
            run.settle()
            #expect(directory.files.count <= 3)
        }
        run.end()
        #expect(
            directory.files.map { $0.suffix(11) } == ["r006.pcapng", "r007.pcapng", "r008.pcapng"])
        let left = try directory.files.flatMap { try RecordingContents($0).frames }
        #expect(left == Array(run.sent[50...]))
        #expect(run.writer.report.deletedFiles == 5 && run.writer.report.writtenPackets == 75)
    }

    @Test func autostopByPacketsIsExact() throws {
        let directory = try RecordingDirectory()
        var options = Self.options(directory)
        options.autostop.packets = 123
        let run = try VirtualRecording(options)
        for _ in 0..<200 { run.send() }
        run.settle()
        #expect(run.writer.isDone)
        run.end()
        #expect(try RecordingContents(directory.files[0]).frames == Array(run.sent[..<123]))
        #expect(run.writer.report.stopReason != nil)
        #expect(run.writer.report.packetsAfterEnd == 77)
    }

    @Test func autostopByDurationFilesAndSize() throws {
        let directory = try RecordingDirectory()
        var options = Self.options(directory)
        options.rotation.packets = 10
        options.autostop.files = 4
        let files = try VirtualRecording(options)
        for _ in 0..<100 { files.send() }
        files.settle()
        #expect(files.writer.isDone && files.writer.report.writtenPackets == 40)
        #expect(directory.files.count == 4)

        let second = try RecordingDirectory()
        options = Self.options(second)
        options.autostop.seconds = 2.5
        let duration = try VirtualRecording(options)
        duration.pass(seconds: 2.4)
        duration.settle()
        #expect(!duration.writer.isDone)
        duration.pass(seconds: 0.2)
        duration.settle()
        #expect(duration.writer.isDone)

        let third = try RecordingDirectory()
        options = Self.options(third)
        options.autostop.bytes = 5000
        let size = try VirtualRecording(options)
        for _ in 0..<100 { size.send() }
        size.settle()
        #expect(size.writer.isDone && third.files.count == 1)
        #expect((5000...5500).contains(size.writer.report.writtenBytes))
    }

    @Test func theDiskLimitDeletesThenStops() throws {
        let directory = try RecordingDirectory()
        var options = Self.options(directory)
        options.rotation.bytes = 10_000
        options.diskLimitBytes = 35_000
        let run = try VirtualRecording(options)
        for _ in 0..<1000 {
            run.send()
            run.settle()
            let sizes = try directory.files.map {
                try FileManager.default.attributesOfItem(atPath: $0)[.size] as? Int ?? 0
            }
            #expect(sizes.reduce(0, +) <= 35_200)
        }
        run.end()
        #expect(run.writer.report.writtenPackets == 1000 && run.writer.report.deletedFiles > 10)

        let second = try RecordingDirectory()
        options = Self.options(second)
        options.diskLimitBytes = 35_000
        let one = try VirtualRecording(options)
        for _ in 0..<1000 { one.send() }
        one.settle()
        #expect(one.writer.isDone)
        #expect(one.writer.report.stopReason == "the disk limit is reached")
        #expect(one.writer.report.writtenBytes <= 35_200)
    }

    @Test func filesAreNotOverwrittenUnlessAsked() throws {
        let directory = try RecordingDirectory()
        var options = Self.options(directory)
        let taken = directory.path + "/r001.pcapng"
        try Data([1, 2, 3]).write(to: URL(filePath: taken))
        #expect(throws: RecorderError.exists(path: taken)) { try VirtualRecording(options) }
        #expect(try Data(contentsOf: URL(filePath: taken)) == Data([1, 2, 3]))
        options.overwrites = true
        let run = try VirtualRecording(options)
        run.send()
        run.end()
        #expect(try RecordingContents(taken).frames == run.sent)
        // A later file gives way to what is there.
        let second = try RecordingDirectory()
        options = Self.options(second)
        options.rotation.packets = 1
        try Data([1, 2, 3]).write(to: URL(filePath: second.path + "/r002.pcapng"))
        let later = try VirtualRecording(options)
        later.send()
        later.send()
        later.end()
        #expect(try RecordingContents(second.path + "/r003.pcapng").frames == [later.sent[1]])
        #expect(try Data(contentsOf: URL(filePath: second.path + "/r002.pcapng")).count == 3)
    }

    @Test func contradictionsAreRefused() throws {
        let directory = try RecordingDirectory()
        func refuses(_ change: (inout RecorderOptions) -> Void) {
            var options = Self.options(directory)
            change(&options)
            #expect(throws: RecorderError.self) { try VirtualRecording(options) }
        }
        refuses { $0.rotation.keptFiles = 3 }
        refuses { $0.autostop.files = 3 }
        refuses { $0.namePattern = "a/%N" }
        refuses { $0.snapLength = 0 }
        refuses { $0.zstdLevel = 99 }
        refuses {
            $0.namePattern = "same.pcapng"
            $0.rotation.seconds = 1
        }
        refuses { $0.directory = "/nonexistent/place" }
        #expect(directory.files.isEmpty)
    }

    @Test func names() {
        func name(_ pattern: String, _ sequence: UInt64, compressed: Bool = false) -> String {
            RecorderName.make(
                pattern, sequence: sequence, interfaces: ["eth0", "eth%1"],
                utcNanoseconds: 1_773_667_800_999_999_999, isCompressed: compressed)
        }
        #expect(name(RecorderName.defaultPattern, 7) == "tapeline_00007_20260316133000.pcapng")
        #expect(name("%i-%N.pcapng", 12, compressed: true) == "eth0+eth%1-12.pcapng.zst")
        #expect(name("%03N%%N.zst", 1234, compressed: true) == "1234%N.zst")
        #expect(name("%F", 1) == "2026-03-16")
        #expect(name("100%", 1) == "100%")
    }

    @Test func interfaceCounters() {
        let table = """
            Inter-|   Receive                                                |  Transmit
             face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets
                lo:       0       1    0    2    0     0          0         0        0       0
             eth10: 708636 1028474    3    9    0     0          0         0        5       6
            """
        let counters = InterfaceCounters(of: "eth10", table: table)
        #expect(counters.received == 1_028_474 && counters.dropped == 9)
        #expect(InterfaceCounters(of: "eth1", table: table) == InterfaceCounters(of: "", table: ""))
    }
}
