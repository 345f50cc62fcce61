import Capture

extension RecorderOptions {
    /// Of every source of a run. Smaller than that of `tapeline record`, since each socket line has
    /// a source of its own.
    private static let runInletBytes = 16 << 20

    /// `record` of the configuration; nil if there is none.
    static func read(_ root: ConfigurationNode, _ lines: [LineConfiguration]) throws
        -> RecorderOptions?
    {
        guard let node = try root.child("record") else { return nil }
        func number(_ key: String, in range: ClosedRange<Int>) throws -> Int? {
            guard try node.string(key) != nil else { return nil }
            return try node.integer(key, in: range, default: 0)
        }
        var options = RecorderOptions(directory: try node.required("directory"))
        if let name = try node.string("name") { options.namePattern = name }
        options.rotation.seconds = try number("durationSeconds", in: 1...1_000_000_000)
            .map(Double.init)
        options.rotation.intervalSeconds = try number("intervalSeconds", in: 1...1_000_000_000)
            .map(UInt64.init)
        options.rotation.bytes = try number("fileBytes", in: 1...(1 << 50)).map(UInt64.init)
        options.rotation.packets = try number("filePackets", in: 1...(1 << 50)).map(UInt64.init)
        options.rotation.keptFiles = try number("files", in: 1...1_000_000_000)
        options.diskLimitBytes = try number("diskLimitBytes", in: 1...(1 << 60)).map(UInt64.init)
        options.zstdLevel = try number("zstdLevel", in: -7...19).map(Int32.init)
        options.snapLength = UInt32(
            try node.integer("snapshotLength", in: 1...262_144, default: Int(options.snapLength)))
        options.inletBytes = try node.integer(
            "ringBytes", in: 65_536...(1 << 32), default: runInletBytes)
        options.comment = try node.string("comment")
        try node.finish()
        do { try options.validate() } catch { throw root.fail("record", "\(error)") }
        let hasLiveLine = lines.contains {
            if case .multicast = $0.source { true } else { false }
        }
        guard hasLiveLine else {
            throw root.fail("record", "no line comes from the network: files are not recorded")
        }
        return options
    }
}
