import Foundation
import Wire

/// Bytes from hexadecimal digits; blanks are ignored.
func hex(_ digits: String) -> [UInt8] {
    let nibbles = digits.compactMap { $0.hexDigitValue.map { UInt8($0) } }
    return stride(from: 0, to: nibbles.count, by: 2).map { nibbles[$0] << 4 | nibbles[$0 + 1] }
}

/// Places of input and expected output, relative to the checkout.
enum Place {
    static let checkout = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    static let fixtures = checkout.appendingPathComponent("Fixtures/wire")

    /// A directory of public captures that are not part of the project, if there is one.
    static let samples: URL? = {
        if let path = ProcessInfo.processInfo.environment["TAPELINE_SAMPLES"] {
            return URL(fileURLWithPath: path)
        }
        var directory = checkout
        while directory.path != "/" {
            directory.deleteLastPathComponent()
            let candidate = directory.appendingPathComponent("shared/samples")
            if FileManager.default.fileExists(atPath: candidate.path) { return candidate }
        }
        return nil
    }()

    static func files(under directory: URL, withExtensions extensions: Set<String>) -> [URL] {
        let all = FileManager.default.enumerator(at: directory, includingPropertiesForKeys: nil)
        let urls = (all?.allObjects ?? []).compactMap { $0 as? URL }
        return urls.filter { extensions.contains($0.pathExtension) }.sorted { $0.path < $1.path }
    }

    static func bytes(_ url: URL) throws -> [UInt8] { [UInt8](try Data(contentsOf: url)) }
}

/// A directory that disappears with its owner.
final class TemporaryDirectory {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory
            .appendingPathComponent("wire-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func write(_ bytes: [UInt8], as name: String) throws -> URL {
        let file = url.appendingPathComponent(name)
        try Data(bytes).write(to: file)
        return file
    }
}

/// A program that these tests compare with.
enum Tool {
    static func exists(_ name: String) -> Bool {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
            FileManager.default.isExecutableFile(atPath: "\($0)/\(name)")
        }
    }

    struct Failure: Error { var message: String }

    /// Standard output; throws when the program ends with another status.
    static func output(
        _ arguments: [String], acceptedStatuses: Set<Int32> = [0]
    ) throws -> [UInt8] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard acceptedStatuses.contains(process.terminationStatus) else {
            throw Failure(message: "\(arguments) failed with \(process.terminationStatus)")
        }
        return [UInt8](data)
    }

    static func text(_ arguments: [String]) throws -> String {
        String(decoding: try output(arguments), as: UTF8.self)
    }

    /// tshark's view of a capture file, as the golden tables have it. A file that is cut makes
    /// tshark end with status 2 after it has printed what is there.
    static func dissect(_ file: URL, isCut: Bool = false) throws -> [GoldenRow] {
        let script = Place.fixtures.appendingPathComponent("dissect").path
        let table = try output([script, file.path], acceptedStatuses: [isCut ? 2 : 0])
        return GoldenRow.parse(String(decoding: table, as: UTF8.self))
    }
}

/// A deterministic source of numbers (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}
