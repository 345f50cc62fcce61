import Foundation

/// A public package under measurement in a process of its own: `run` on its standard input makes it
/// do the work once and answer with one line of JSON.
final class PeerProcess {
    struct Answer: Decodable {
        var nanoseconds: Double
        var figures: [String: Double]
    }

    /// Name and version, as the script's first line tells them.
    let name: String
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()

    init(python: String, script: URL, arguments: [String]) throws {
        process.executableURL = URL(filePath: python)
        process.arguments = [script.path] + arguments
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        name = try Self.line(output)
    }

    func run() throws -> Sample {
        try input.fileHandleForWriting.write(contentsOf: Data("run\n".utf8))
        let answer = try JSONDecoder().decode(
            Answer.self, from: Data(Self.line(output).utf8))
        return Sample(nanoseconds: answer.nanoseconds, figures: answer.figures)
    }

    func stop() {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    private static func line(_ pipe: Pipe) throws -> String {
        var bytes: [UInt8] = []
        while let byte = try pipe.fileHandleForReading.read(upToCount: 1)?.first {
            if byte == UInt8(ascii: "\n") { return String(decoding: bytes, as: UTF8.self) }
            bytes.append(byte)
        }
        throw BenchmarkError.peer(
            "the script ended early: \(String(decoding: bytes, as: UTF8.self))")
    }
}
