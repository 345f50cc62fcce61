import Foundation
import Synchronization
import TestSupport
import Wire

@testable import Capture

/// A directory for recordings that disappears with its owner.
final class RecordingDirectory {
    let path: String

    init() throws {
        path = TestFiles.temporary("record-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Paths of what is there, by name.
    var files: [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.sorted().map { path + "/" + $0 }
    }
}

/// A program's answer.
struct ToolAnswer {
    var status: Int32
    var output: String
    var complaints: String

    static func exists(_ name: String) -> Bool { TestSupport.output(of: "which", [name]) != nil }

    init(_ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = arguments
        let scratch = TestFiles.temporary("answer-\(UUID().uuidString)")
        _ = FileManager.default.createFile(atPath: scratch, contents: nil)
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = try FileHandle(forWritingTo: URL(filePath: scratch))
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        status = process.terminationStatus
        output = String(decoding: data, as: UTF8.self)
        complaints = try String(contentsOfFile: scratch, encoding: .utf8)
    }
}

/// A writer in virtual time, with inlets that the test fills.
final class VirtualRecording {
    let writer: RecordingWriter
    let inlets: [RecorderInlet]
    private let alarmTexts: AlarmTexts
    /// 2026-03-16 13:30:00 UTC.
    var now = RecorderTime(utc: 1_773_667_800_000_000_000, monotonic: 5_000_000_000)
    private(set) var sent: [[UInt8]] = []
    private var generator = SeededGenerator(seed: 1)

    var alarms: [String] { alarmTexts.all }

    init(
        _ options: RecorderOptions, interfaces: [String] = ["eth0"], begins: Bool = true
    ) throws {
        let texts = AlarmTexts()
        alarmTexts = texts
        inlets = interfaces.enumerated().map { index, name in
            RecorderInlet(
                name: name, linkType: .ethernet, filter: nil, index: UInt32(index),
                capacity: options.inletBytes, snapLength: options.snapLength, readings: nil)
        }
        writer = try RecordingWriter(options: options, inlets: inlets) { texts.add($0) }
        if begins { try writer.begin(now) }
    }

    /// Sends a numbered UDP datagram of so many payload bytes through an inlet.
    func send(_ length: Int = 100, inlet: Int = 0) {
        var payload = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
        withUnsafeBytes(of: UInt64(sent.count)) { payload.replaceSubrange(0..<8, with: $0) }
        let builder = FrameBuilder(
            source: IPAddress(v4: 0x0A00_0001), sourcePort: 1000,
            destination: IPAddress(v4: 0xEF81_0203), destinationPort: 26_400)
        var frame: [UInt8] = []
        _ = payload.withUnsafeBytes { builder?.append(payload: $0, to: &frame) }
        sent.append(frame)
        frame.withUnsafeBytes {
            inlets[inlet].take($0, originalLength: UInt32($0.count), time: now.utc)
        }
    }

    func pass(seconds: Double) {
        let nanoseconds = UInt64(seconds * 1e9)
        now.utc += nanoseconds
        now.monotonic += nanoseconds
    }

    /// Lets the writer work until nothing waits and the disk has answered.
    func settle() {
        repeat { while writer.turn(now) {} } while !writer.file.isIdle
        _ = writer.turn(now)
    }

    func end() { writer.end(now) }
}

final class AlarmTexts: Sendable {
    private let texts = Mutex<[String]>([])

    func add(_ text: String) { texts.withLock { $0.append(text) } }
    var all: [String] { texts.withLock { $0 } }
}

/// What our own reader finds in a recording.
struct RecordingContents {
    var frames: [[UInt8]] = []
    var times: [UInt64] = []
    var interfaces: [Int] = []
    var names: [String?] = []
    var originalLengths: [UInt32] = []
    var isCut = false

    init(_ path: String) throws {
        let reader = try CaptureReader(path: path)
        while let record = try reader.next() {
            guard case .packet(let packet) = record else { continue }
            frames.append([UInt8](packet.bytes))
            times.append(packet.timeNanoseconds)
            interfaces.append(packet.interface)
            originalLengths.append(packet.originalLength)
        }
        names = reader.interfaces.map(\.name)
        isCut = reader.truncation != nil
    }
}
