import Glibc

/// What a recorder writes, where, and until when.
public struct RecorderOptions: Sendable {
    /// When the next file begins; `-b` of dumpcap. Nothing set: one file.
    public struct Rotation: Sendable, Equatable {
        /// Seconds after the file's beginning.
        public var seconds: Double?
        /// When the time is a multiple of so many seconds since the Unix epoch, UTC.
        public var intervalSeconds: UInt64?
        /// After the file has reached so many bytes.
        public var bytes: UInt64?
        public var packets: UInt64?
        /// Only the newest so many files are kept; older ones of this run are deleted.
        public var keptFiles: Int?

        public init() {}

        public var isOff: Bool {
            seconds == nil && intervalSeconds == nil && bytes == nil && packets == nil
        }
    }

    /// When the recorder is done; `-a` of dumpcap.
    public struct Autostop: Sendable, Equatable {
        public var seconds: Double?
        /// After the file has reached so many bytes; begins the next file instead if files rotate.
        public var bytes: UInt64?
        /// After so many files.
        public var files: UInt64?
        public var packets: UInt64?

        public init() {}
    }

    /// An existing directory.
    public var directory: String
    public var namePattern = RecorderName.defaultPattern
    /// Replaces files that exist.
    public var overwrites = false
    public var rotation = Rotation()
    public var autostop = Autostop()
    /// Most bytes of all files of this run together: the oldest are deleted; when only one is left,
    /// recording stops. Counted in bytes written; the space reserved ahead is not.
    public var diskLimitBytes: UInt64?
    /// Compresses with this level of zstd.
    public var zstdLevel: Int32?
    /// Stands in every file's section header.
    public var comment: String?
    public var hardware: String?
    public var operatingSystem: String?
    public var userApplication = "tapeline"
    /// Most bytes kept of a frame, 1–262,144.
    public var snapLength: UInt32 = 262_144
    /// Bytes between one polling thread and the writer.
    public var inletBytes = 64 << 20
    /// Bytes of one write, a multiple of 4096.
    public var bufferBytes = 512 << 10
    /// Writes that may be under way.
    public var bufferCount = 16
    /// Bytes reserved on the disk ahead of the writes.
    public var reservedBytes: UInt64 = 64 << 20
    /// Writes past the page cache where the file system can.
    public var usesDirectIO = true
    /// Drop counters go into the file this often.
    public var statisticsSeconds: Double = 5
    /// What was captured is in the file after at most this time, if the disk keeps up.
    public var flushSeconds: Double = 1
    /// After an error of the disk the next attempt is made after this time, and succeeds if so many
    /// bytes are free: with less the recording would fail again and again.
    public var retrySeconds: Double = 1
    public var resumeBytes: UInt64 = 8 << 20

    public init(directory: String) {
        self.directory = directory
    }

    /// Throws what contradicts itself.
    public func validate() throws(RecorderError) {
        func require(_ condition: Bool, _ problem: String) throws(RecorderError) {
            if !condition { throw .options(problem: problem) }
        }
        try RecorderName.validate(namePattern, rotates: !rotation.isOff)
        try require(
            rotation.keptFiles == nil || !rotation.isOff,
            "a number of files to keep needs a duration, interval, file size or packet count to "
                + "end them")
        try require((rotation.keptFiles ?? 1) > 0, "files to keep: at least 1")
        try require(
            autostop.files == nil || !rotation.isOff,
            "stopping after a number of files needs a criterion that ends a file")
        try require((1...262_144).contains(snapLength), "snapshot length: 1 to 262144")
        try require((rotation.seconds ?? 1) > 0, "duration of a file: more than 0 seconds")
        try require(
            (1...1_000_000_000).contains(rotation.intervalSeconds ?? 1),
            "interval: 1 to 1000000000 seconds")
        try require((rotation.bytes ?? 1) > 0, "size of a file: more than 0")
        try require((rotation.packets ?? 1) > 0, "packets of a file: at least 1")
        try require((autostop.seconds ?? 1) > 0, "duration: more than 0 seconds")
        try require((autostop.packets ?? 1) > 0, "packets: at least 1")
        try require((autostop.files ?? 1) > 0, "files: at least 1")
        try require((autostop.bytes ?? 1) > 0, "file size: more than 0")
        try require((-7...19).contains(zstdLevel ?? 1), "zstd level: -7 to 19")
        try require(
            bufferBytes >= 4096 && bufferBytes % 4096 == 0 && bufferCount >= 2,
            "buffers: a multiple of 4096 bytes, at least two")
    }
}

/// Why a recording cannot begin.
public enum RecorderError: Error, Equatable, CustomStringConvertible {
    case options(problem: String)
    case exists(path: String)
    case system(path: String, call: String, code: Int32)

    public var description: String {
        switch self {
        case .options(let problem): problem
        case .exists(let path): "\(path) exists: use --force to replace it"
        case .system(let path, "io_uring_setup", let code):
            "\(path): io_uring: \(String(cString: strerror(code))): needs Linux 5.6 and "
                + "kernel.io_uring_disabled = 0"
        case .system(let path, let call, let code):
            "\(path): \(call): \(String(cString: strerror(code)))"
        }
    }
}

/// Names of a recording's files.
public enum RecorderName {
    public static let defaultPattern = "tapeline_%05N_%Y%m%d%H%M%S.pcapng"

    /// - `%N`: the file's number in the run, from 1; `%05N` pads it with zeros to five digits
    /// - `%i`: the interfaces, joined by `+`
    /// - everything else that strftime(3) knows, in UTC
    static func make(
        _ pattern: String, sequence: UInt64, interfaces: [String], utcNanoseconds: UInt64,
        isCompressed: Bool
    ) -> String {
        var format = ""
        var rest = Substring(pattern)
        while let percent = rest.firstIndex(of: "%") {
            format += rest[..<percent]
            rest = rest[rest.index(after: percent)...]
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            let letter = rest.dropFirst(digits.count).first
            switch letter {
            case "N":
                let number = String(sequence)
                let width = min(Int(digits) ?? 0, 20)
                format += String(repeating: "0", count: max(width - number.utf8.count, 0)) + number
                rest = rest.dropFirst(digits.count + 1)
            case "i" where digits.isEmpty:
                format += interfaces.joined(separator: "+").replacing("%", with: "%%")
                rest = rest.dropFirst()
            case .some(let letter):
                format += "%" + digits + String(letter)
                rest = rest.dropFirst(digits.count + 1)
            case nil:
                format += "%%" + digits
                rest = rest.dropFirst(digits.count)
            }
        }
        format += rest
        var name = timeText(format, utcNanoseconds)
        if isCompressed, !name.hasSuffix(".zst") { name += ".zst" }
        return name
    }

    private static func timeText(_ format: String, _ utcNanoseconds: UInt64) -> String {
        var seconds = time_t(utcNanoseconds / 1_000_000_000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        var text = [CChar](repeating: 0, count: 1024)
        let length = strftime(&text, text.count, format, &parts)
        return String(decoding: text[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// A pattern must name files of the directory, and a new one each time if files rotate.
    static func validate(_ pattern: String, rotates: Bool) throws(RecorderError) {
        func name(_ sequence: UInt64) -> String {
            make(
                pattern, sequence: sequence, interfaces: ["x"], utcNanoseconds: 0,
                isCompressed: false)
        }
        let first = name(1)
        guard !first.isEmpty, !first.contains("/"), first != ".", first != "..",
            first.utf8.count <= 200
        else {
            throw .options(
                problem: "name pattern '\(pattern)': must give a plain file name of at most 200 "
                    + "bytes")
        }
        guard !rotates || name(2) != first else {
            throw .options(
                problem: "name pattern '\(pattern)': needs %N, the file's number, when there are "
                    + "several files")
        }
    }
}
