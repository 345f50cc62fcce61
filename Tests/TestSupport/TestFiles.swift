import Foundation

/// Places and bytes that tests of several targets need.
public enum TestFiles {
    /// The samples' directory: `TAPELINE_SAMPLES`, else `shared/samples` beside the checkout.
    public static let samples: URL? = {
        if let path = ProcessInfo.processInfo.environment["TAPELINE_SAMPLES"] {
            return URL(filePath: path)
        }
        var place = URL(filePath: #filePath)
        while place.path.count > 1 {
            place.deleteLastPathComponent()
            let candidate = place.appending(path: "shared/samples")
            if FileManager.default.fileExists(atPath: candidate.path) { return candidate }
        }
        return nil
    }()

    /// The checkout's root.
    public static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// A sample's path if it is there.
    public static func sample(_ name: String) -> String? {
        guard let url = samples?.appending(path: name),
            FileManager.default.fileExists(atPath: url.path)
        else { return nil }
        return url.path
    }

    /// A new path in the temporary directory; the caller removes what it puts there.
    public static func temporary(_ name: String) -> String {
        FileManager.default.temporaryDirectory
            .appending(path: "tapeline-\(ProcessInfo.processInfo.processIdentifier)-\(name)").path
    }
}

/// Lower-case hexadecimal digits to bytes; blanks are ignored.
public func bytes(hex: String) -> [UInt8] {
    let digits = hex.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map {
        UInt8(digits[$0] << 4 | digits[$0 + 1])
    }
}

/// What a program printed, if it ran and returned 0.
public func output(of program: String, _ arguments: [String]) -> Data? {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [program] + arguments
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return nil }
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return process.terminationStatus == 0 ? data : nil
}
