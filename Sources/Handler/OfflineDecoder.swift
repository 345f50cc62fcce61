import Protocols
import Ticks
import Wire

/// Which line of which channel a datagram belongs to.
public struct LineRoute: Hashable, Sendable {
    public var channel: Int
    public var line: Int

    public init(channel: Int, line: Int) {
        self.channel = channel
        self.line = line
    }
}

/// A line's place on the wire.
public struct LineDestination: Hashable, Sendable, Codable {
    public var group: String
    public var port: UInt16

    public init(group: String, port: UInt16) {
        self.group = group
        self.port = port
    }
}

/// Runs captures and message files through the core: the whole pipeline, offline.
public final class OfflineDecoder {
    /// What the input came to, besides the core's own totals.
    public struct Report: Sendable {
        public var packetsRead: UInt64 = 0
        /// Packets that are no UDP datagram, by reason.
        public var rejected: [PacketRejection: UInt64] = [:]
        /// Datagrams to groups and ports of no line.
        public var unmatched: UInt64 = 0
        /// Files that are cut, with where.
        public var truncations: [(path: String, truncation: CaptureTruncation)] = []
    }

    @exclusivity(unchecked) public private(set) var report = Report()
    private let core: FeedCore
    private let dissector: PacketDissector
    private var routes: [DestinationKey: LineRoute]
    /// Destinations become lines in the order of their first packet.
    private let assignsLines: Bool
    /// The input says itself which line each packet came on.
    private let isInputLog: Bool
    private var assignedLines = 0

    struct DestinationKey: Hashable {
        var address: IPAddress
        var port: UInt16
    }

    /// `routes` says which destinations carry which line; where it is empty, every new destination
    /// becomes the next line of channel 0, as far as the channel has lines.
    public init(
        core: FeedCore, routes: [LineDestination: LineRoute] = [:], verifyUDPChecksum: Bool = false,
        isInputLog: Bool = false
    ) {
        self.core = core
        self.isInputLog = isInputLog
        dissector = PacketDissector(verifyUDPChecksum: verifyUDPChecksum)
        self.routes = [:]
        for (address, route) in routes {
            guard let group = IPAddress(address.group) else { continue }
            self.routes[DestinationKey(address: group, port: address.port)] = route
        }
        assignsLines = routes.isEmpty
    }

    /// Decodes one file, or standard input for "-". Throws where the file is damaged; what stands
    /// before the damage has been decoded.
    public func decode(path: String) throws {
        try decode(try InputFile.open(path: path), path: path)
    }

    public func decode(_ input: InputFile, path: String) throws {
        switch input {
        case .capture(let reader):
            defer { if let cut = reader.truncation { report.truncations.append((path, cut)) } }
            while let record = try reader.next() {
                switch record {
                case .packet(let packet):
                    if isInputLog { takeLogged(packet, reader) } else { take(packet) }
                case .custom(let enterprise, let data):
                    if isInputLog { takeEntry(InputLog.decode(enterprise: enterprise, data: data)) }
                }
            }
        case .messages(let reader):
            defer { if let cut = reader.truncation { report.truncations.append((path, cut)) } }
            try decodeMessages(reader)
        }
    }

    /// A packet of an input log: its interface says everything.
    private func takeLogged(_ packet: CapturedPacket, _ reader: CaptureReader) {
        report.packetsRead += 1
        guard case .datagram(let datagram) = dissector.dissect(packet),
            let (route, source) = InputLog.route(reader.interfaces[packet.interface]),
            route.channel < core.configuration.channels.count,
            route.line < core.configuration.channels[route.channel].lines.count
        else {
            report.unmatched += 1
            return
        }
        core.packet(
            channel: route.channel, line: route.line, captureTime: packet.timeNanoseconds,
            timeSource: source, payload: datagram.payload)
    }

    private func takeEntry(_ entry: InputLog.Entry?) {
        switch entry {
        case .clock(let time): core.clock(time)
        case .alert(let cause, let sequence, let quantity):
            core.alert(cause, sequence: sequence, quantity: quantity)
        case .lineState(let route, let state, let loss): core.lineState(route, state, loss)
        case .clockStep(let nanoseconds): core.clockStep(nanoseconds: nanoseconds)
        case .configuration, .resume, .finish, nil: break
        }
    }

    private func decodeMessages(_ reader: MessageFileReader) throws {
        guard core.channels[0].framing == .mold else {
            throw CoreError.noMessageFile(
                feed: core.channels[0].configuration.feedProtocol.rawValue)
        }
        var sequence: UInt64 = 1
        while let (blocks, count) = try reader.next() {
            report.packetsRead += 1
            core.messages(channel: 0, blocks: blocks, count: count, firstSequence: sequence)
            sequence += UInt64(count)
        }
    }

    @inline(__always)
    private func take(_ packet: CapturedPacket) {
        report.packetsRead += 1
        switch dissector.dissect(packet) {
        case .rejected(let reason):
            report.rejected[reason, default: 0] += 1
        case .datagram(let datagram):
            guard let route = route(datagram) else {
                report.unmatched += 1
                return
            }
            core.packet(
                channel: route.channel, line: route.line,
                captureTime: packet.hasTime ? packet.timeNanoseconds : 0, timeSource: .file,
                payload: datagram.payload)
        }
    }

    /// The destination of the packet before: most packets come in runs.
    @exclusivity(unchecked) private var lastKey: DestinationKey?
    @exclusivity(unchecked) private var lastRoute: LineRoute?

    private func route(_ datagram: Datagram) -> LineRoute? {
        let key = DestinationKey(
            address: datagram.destination, port: datagram.destinationPort)
        if key == lastKey { return lastRoute }
        var route = routes[key]
        if route == nil, assignsLines { route = assign(key, datagram) }
        lastKey = key
        lastRoute = route
        return route
    }

    /// A destination becomes a line if its packet is one of the channel's transport.
    private func assign(_ key: DestinationKey, _ datagram: Datagram) -> LineRoute? {
        let channel = core.configuration.channels[0]
        guard assignedLines < channel.lines.count,
            case .packet = core.channels[0].parse(datagram.payload)
        else { return nil }
        let route = LineRoute(channel: 0, line: assignedLines)
        assignedLines += 1
        routes[key] = route
        return route
    }
}
