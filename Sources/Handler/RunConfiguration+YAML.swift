import Capture
import Foundation
import Ticks
import Wire
import Yams

extension RunConfiguration {
    /// Reads a YAML file. `overrides` are `path=value` (such as `journal.directory=/data/j`) and
    /// win over the file.
    public static func load(path: String, overrides: [String] = []) throws -> RunConfiguration {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ConfigurationError(
                file: path, line: 0, column: 0, message: "cannot be read: check name and rights")
        }
        return try parse(String(decoding: data, as: UTF8.self), file: path, overrides: overrides)
    }

    public static func parse(_ text: String, file: String, overrides: [String] = []) throws
        -> RunConfiguration
    {
        var root: Node
        do {
            root = try Yams.compose(yaml: text) ?? Node.mapping(Node.Mapping([]))
        } catch let error as YamlError {
            throw place(error, file)
        }
        for override in overrides { try apply(override, to: &root) }
        let node = try ConfigurationNode(root, file: file, path: "")
        let configuration = try read(node)
        try node.finish()
        return configuration
    }

    /// What the YAML parser found, with the place that it names.
    private static func place(_ error: YamlError, _ file: String) -> ConfigurationError {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            ConfigurationError(
                file: file, line: mark.line, column: mark.column, message: problem)
        case .duplicatedKeysInMapping(let keys, let context):
            ConfigurationError(
                file: file, line: context.mark.line, column: context.mark.column,
                message: "\(keys.joined(separator: ", ")) stands here twice")
        default:
            ConfigurationError(file: file, line: 0, column: 0, message: "\(error)")
        }
    }

    /// Sets one value; numbers in the path count in lists.
    private static func apply(_ override: String, to root: inout Node) throws {
        guard let equals = override.firstIndex(of: "=") else {
            throw ConfigurationError(
                file: "override", line: 0, column: 0,
                message: "'\(override)': use path=value, such as tape.ring=65536")
        }
        let path = override[..<equals].split(separator: ".").map(String.init)
        let value = String(override[override.index(after: equals)...])
        guard !path.isEmpty, set(&root, path[...], Node(value)) else {
            throw ConfigurationError(
                file: "override", line: 0, column: 0,
                message: "'\(override)': the file has no such place")
        }
    }

    private static func set(_ node: inout Node, _ path: ArraySlice<String>, _ value: Node) -> Bool {
        guard let key = path.first else {
            node = value
            return true
        }
        if case .sequence(var items) = node {
            guard let index = Int(key), items.indices.contains(index) else { return false }
            var item = items[index]
            guard set(&item, path.dropFirst(), value) else { return false }
            items[index] = item
            node = .sequence(items)
            return true
        }
        guard case .mapping(var mapping) = node else { return false }
        var child = mapping[Node(key)] ?? Node.mapping(Node.Mapping([]))
        guard set(&child, path.dropFirst(), value) else { return false }
        mapping[Node(key)] = child
        node = .mapping(mapping)
        return true
    }

    private static func read(_ node: ConfigurationNode) throws -> RunConfiguration {
        var channels: [ChannelConfiguration] = []
        var lines: [LineConfiguration] = []
        let capture = try CaptureConfiguration.read(node)
        for feed in try node.children("feeds") {
            try readFeed(feed, capture, &channels, &lines)
        }
        let day = try readDay(node)
        let tape = try node.child("tape")
        let books = try node.child("books")
        let thread = try node.child("core")
        let core = CoreConfiguration(
            channels: channels, tradingDay: day,
            instrumentCapacity: try tape?.integer(
                "instruments", in: 1...1_000_000, default: 65_536) ?? 65_536,
            orderCapacity: try books?.integer(
                "orders", in: 1024...(1 << 28), default: 1 << 22) ?? 1 << 22,
            levelCapacity: try books?.integer(
                "levels", in: 1024...(1 << 26), default: 1 << 21) ?? 1 << 21,
            lineSilenceNanoseconds: UInt64(
                try thread?.integer(
                    "lineSilenceMilliseconds", in: 0...3_600_000, default: 5000) ?? 5000)
                * 1_000_000)
        let configuration = RunConfiguration(
            core: core, lines: lines, tapeName: try readTapeName(tape),
            ringCapacity: try readRing(tape),
            unlinksTape: try tape?.boolean("unlink", default: false) ?? false,
            journal: try readJournal(node),
            recording: try RecorderOptions.read(node, lines),
            isBusyPolling: try thread?.boolean("busyPoll", default: false) ?? false,
            capture: capture, threads: try ThreadsConfiguration.read(node))
        for section in [tape, books, thread] { try section?.finish() }
        return configuration
    }

    private static func readDay(_ node: ConfigurationNode) throws -> String {
        guard let text = try node.string("day") else {
            return try TradingDay(containing: SystemClock.utcNanoseconds()).description
        }
        do { return try TradingDay(parsing: text).description } catch {
            throw node.fail("day", "\(error)")
        }
    }

    private static func readTapeName(_ tape: ConfigurationNode?) throws -> String {
        let name = try tape?.string("name") ?? "tapeline"
        guard (1...63).contains(name.utf8.count), !name.contains("/") else {
            throw tape?.fail("name", "use 1 to 63 bytes without '/'")
                ?? ConfigurationError(file: "", line: 0, column: 0, message: "tape name")
        }
        return name
    }

    private static func readRing(_ tape: ConfigurationNode?) throws -> Int {
        let ring = try tape?.integer("ring", in: 1024...(1 << 30), default: 1 << 20) ?? 1 << 20
        if let tape, ring & (ring - 1) != 0 {
            throw tape.fail("ring", "\(ring): use a power of two")
        }
        return ring
    }

    private static func readFeed(
        _ feed: ConfigurationNode, _ capture: CaptureConfiguration,
        _ channels: inout [ChannelConfiguration],
        _ lines: inout [LineConfiguration]
    ) throws {
        let name = try feed.required("protocol")
        guard let feedProtocol = FeedProtocol(rawValue: name) else {
            let known = FeedProtocol.allCases.map(\.rawValue).joined(separator: ", ")
            throw feed.fail("protocol", "'\(name)': known are \(known)")
        }
        if feedProtocol.isForDissectOnly {
            throw feed.fail(
                "protocol", "'\(name)' flows through TCP, which only tapeline dissect reads")
        }
        let venue = try feed.string("venue") ?? feedProtocol.defaultVenue
        for node in try feed.children("channels") {
            var channel = ChannelConfiguration(
                name: try node.required("name"), feedProtocol: feedProtocol, venue: venue,
                transportChannel: UInt32(
                    try node.integer(
                        "transportChannel", in: 0...Int(UInt32.max),
                        default: Int(feedProtocol.definition.transport.defaultChannel))),
                lines: [])
            guard !channels.contains(where: { $0.name == channel.name }) else {
                throw node.fail("name", "channel '\(channel.name)' exists already")
            }
            if let window = try node.child("window") {
                channel.windowNanoseconds =
                    UInt64(try window.integer("microseconds", in: 0...60_000_000, default: 10_000))
                    * 1000
                channel.windowPackets = try window.integer(
                    "packets", in: 1...1_000_000, default: 4096)
                channel.windowBytes = try window.integer(
                    "bytes", in: 65_536...(1 << 30), default: 8 << 20)
                try window.finish()
            }
            for line in try node.children("lines") {
                let route = LineRoute(channel: channels.count, line: channel.lines.count)
                let name = try readLine(line, route, channel, capture, &lines)
                channel.lines.append(name)
            }
            guard channel.lines.count <= 250 else {
                throw node.fail("lines", "at most 250")
            }
            try node.finish()
            channels.append(channel)
        }
        try feed.finish()
    }

    /// Returns the line's name.
    private static func readLine(
        _ node: ConfigurationNode, _ route: LineRoute, _ channel: ChannelConfiguration,
        _ capture: CaptureConfiguration, _ lines: inout [LineConfiguration]
    ) throws -> String {
        let name = try node.required("name")
        let source: LineSource
        guard !channel.lines.contains(name) else {
            throw node.fail("name", "line '\(name)' exists already in channel \(channel.name)")
        }
        let port = try node.integer("port", in: 1...65_535, default: 0)
        let group = try readGroup(node)
        let address = try group.map { try readAddress(node, group: $0, port: UInt16(port)) }
        if let file = try node.string("file") {
            let destination = group.map {
                LineDestination(group: $0.description, port: UInt16(port))
            }
            source = .file(path: file, destination: destination)
        } else {
            guard let address, port > 0 else {
                throw node.fail("name", "a line needs group and port, or a file")
            }
            guard address.group.isMulticast else {
                throw node.fail(
                    "group",
                    "\(address.group) is no multicast group: use 224.0.0.0 to 239.255.255.255, or ff00::/8"
                )
            }
            source = .multicast(address)
        }
        var configuration = LineConfiguration(
            route: route, name: "\(channel.name)/\(name)", source: source,
            method: try node.choice("capture", of: CaptureMethod.self) ?? capture.method,
            trailer: try node.choice("trailer", of: SwitchTrailer.self) ?? .none)
        if case .file = source { configuration.method = .socket }
        try node.finish()
        try checkLine(configuration, node, lines)
        lines.append(configuration)
        return name
    }

    /// What a line asks of its method, and that no other line would get the same packets.
    private static func checkLine(
        _ line: LineConfiguration, _ node: ConfigurationNode, _ lines: [LineConfiguration]
    ) throws {
        if let other = lines.first(where: { $0.source.overlaps(line.source) }) {
            throw node.fail("name", "line \(other.name) has the same source already")
        }
        guard case .multicast(let address) = line.source else { return }
        if line.method.seesFrames {
            guard address.interface != nil else {
                throw node.fail("interface", "capture by \(line.method.rawValue) needs it")
            }
            guard line.trailer != .arista || line.method == .pcap else {
                throw node.fail(
                    "trailer",
                    "frames with arista's header do not pass the filter of \(line.method.rawValue):"
                        + " capture by pcap")
            }
            return
        }
        guard address.vlan == 0 else {
            throw node.fail(
                "vlan", "\(line.method.rawValue) sees no tags: name the VLAN's own interface")
        }
        guard line.trailer == .none else {
            throw node.fail(
                "trailer",
                "\(line.method.rawValue) sees no trailers: capture by xdp, packet or pcap")
        }
    }

    private static func readGroup(_ node: ConfigurationNode) throws -> IPAddress? {
        guard let text = try node.string("group") else { return nil }
        guard let group = IPAddress(text) else {
            throw node.fail("group", "'\(text)' is no address")
        }
        return group
    }

    /// Where a line comes from; its senders are one `source` or a list of `sources`.
    private static func readAddress(
        _ node: ConfigurationNode, group: IPAddress, port: UInt16
    ) throws -> MulticastAddress {
        var texts = try node.strings("sources")
        if let one = try node.string("source") { texts.append(one) }
        let sources = try texts.map { text in
            guard let source = IPAddress(text), source.isV4 == group.isV4 else {
                throw node.fail(
                    "source", "'\(text)' is no \(group.isV4 ? "IPv4" : "IPv6") address")
            }
            return source
        }
        return MulticastAddress(
            group: group, port: port, sources: sources,
            interface: try node.string("interface"),
            vlan: UInt16(try node.integer("vlan", in: 0...4094, default: 0)))
    }

    private static func readJournal(_ node: ConfigurationNode) throws -> JournalConfiguration? {
        guard let journal = try node.child("journal") else { return nil }
        func milliseconds(_ key: String, _ fallback: Int) throws -> UInt64 {
            UInt64(try journal.integer(key, in: 1...86_400_000, default: fallback)) * 1_000_000
        }
        let configuration = JournalConfiguration(
            directory: try journal.required("directory"),
            blockAgeNanosecondsMax: try milliseconds("blockAgeMilliseconds", 50),
            waitNanosecondsMax: try milliseconds("waitMaxMilliseconds", 200),
            segmentBytesMax: UInt64(
                try journal.integer("segmentBytes", in: 4096...(1 << 40), default: 256 << 20)),
            segmentNanosecondsMax: try milliseconds("segmentMilliseconds", 3_600_000))
        try journal.finish()
        return configuration
    }
}
