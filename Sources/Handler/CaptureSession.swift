import Capture
import Glibc
import Logging
import Wire

/// All live lines of a run, opened: the sources that bring their packets, and who keeps their groups.
final class CaptureSession {
    /// A source with the lines that it serves.
    struct Opened {
        let source: any PacketSource
        let lines: [UInt16]
        let recorded: RecordedSource?
    }

    let lines: [CaptureLine]
    /// Of each line, by its index.
    let methods: [CaptureMethod]
    /// Of each line, by its index.
    let routes: [LineRoute]
    private(set) var opened: [Opened] = []
    /// Holds the groups of lines whose source sees frames, and watches all of them.
    let membership: MulticastMembership
    /// Interfaces of the sources that see frames, with their indexes when the sources opened: such a
    /// source hears nothing of an interface that is made anew under the same name.
    private(set) var interfaceIndexes: [String: UInt32] = [:]
    /// Of the lines' interfaces.
    let statistics: [InterfaceStatistics]
    let recording: CaptureRecording?
    /// Count what the kernel keeps from sockets, where that is allowed.
    private(set) var strays: [StrayCounter] = []

    var sources: [any PacketSource] { opened.map(\.source) }

    /// Throws `CaptureError`, and `RecorderError` for recorder options that contradict themselves.
    init(_ configuration: RunConfiguration, logger: Logger) throws {
        let recording = try configuration.recording.map {
            try CaptureRecording($0, logger: logger)
        }
        self.recording = recording
        var lines: [CaptureLine] = []
        var methods: [CaptureMethod] = []
        var routes: [LineRoute] = []
        for line in configuration.lines {
            guard case .multicast(let address) = line.source else { continue }
            lines.append(
                CaptureLine(
                    index: UInt16(lines.count), name: line.name, address: address,
                    trailer: line.trailer))
            methods.append(line.method)
            routes.append(line.route)
        }
        self.lines = lines
        self.routes = routes
        self.methods = methods
        statistics = Self.byInterface(lines).map {
            InterfaceStatistics(interface: $0.name, lines: $0.lines.map(\.index))
        }
        // Groups first: a source that is open and hears nothing would look like a silent line.
        let chosen = Dictionary(grouping: lines.indices) { methods[$0] }.mapValues {
            $0.map { lines[$0] }
        }
        let openSources = try Self.openSockets(
            chosen, configuration.capture.options, recording, logger)
        opened = openSources.map {
            Opened(
                source: $0.source, lines: $0.sockets.map(\.line.index), recorded: $0.recorded)
        }
        membership = try MulticastMembership(
            lines: zip(lines, methods).filter { $0.1.seesFrames }.map(\.0),
            sockets: openSources.flatMap(\.sockets))
        for method in [CaptureMethod.packet, .xdp, .pcap] {
            for (name, lines) in Self.byInterface(chosen[method] ?? []) {
                interfaceIndexes[name] = if_nametoindex(name)
                try openInterface(name, lines, method, configuration.capture.options, logger)
            }
        }
        let socketLines = zip(lines, methods).filter { !$0.1.seesFrames }.map(\.0)
        for (name, _) in Self.byInterface(socketLines) {
            // What other methods take is no stray.
            countStrays(lines.filter { $0.address.interface == name }, name, logger)
        }
    }

    private static func byInterface(_ lines: [CaptureLine])
        -> [(name: String, lines: [CaptureLine])]
    {
        Dictionary(grouping: lines.filter { $0.address.interface != nil }) {
            $0.address.interface ?? ""
        }.sorted { $0.key < $1.key }.map { (name: $0.key, lines: $0.value) }
    }

    private typealias OpenSockets = (
        source: any PacketSource, sockets: [LineSocket], recorded: RecordedSource?
    )

    /// Sockets are opened line by line; io_uring takes all of its lines.
    private static func openSockets(
        _ chosen: [CaptureMethod: [CaptureLine]], _ options: CaptureOptions,
        _ recording: CaptureRecording?, _ logger: Logger
    ) throws(CaptureError) -> [OpenSockets] {
        var opened: [OpenSockets] = []
        for line in chosen[.socket] ?? [] {
            let recorded = recording?.tap([line], linkType: .raw)
            let source = try SocketSource(line: line, options: options, tap: recorded?.inlet)
            opened.append((source, [source.socket], recorded))
        }
        if let lines = chosen[.uring] {
            let recorded = recording?.tap(lines, linkType: .raw)
            let source = try UringSource(lines: lines, options: options, tap: recorded?.inlet)
            opened.append((source, source.sockets, recorded))
        }
        for socket in opened.flatMap(\.sockets)
        where socket.receiveBuffer < options.receiveBufferBytes {
            logger.warning(
                """
                line \(socket.line.name): receive buffer of \(socket.receiveBuffer) bytes; raise \
                net.core.rmem_max for \(options.receiveBufferBytes)
                """)
        }
        return opened
    }

    /// Needs the right to open packet sockets; without it, strays stay uncounted.
    private func countStrays(_ lines: [CaptureLine], _ interface: String, _ logger: Logger) {
        do {
            strays.append(try StrayCounter(lines: lines, interface: interface))
        } catch {
            logger.notice("strays on \(interface) are not counted: \(error)")
        }
    }

    private func openInterface(
        _ interface: String, _ lines: [CaptureLine], _ method: CaptureMethod,
        _ options: CaptureOptions, _ logger: Logger
    ) throws(CaptureError) {
        switch method {
        case .packet:
            let group = options.fanoutCount > 1 ? FanoutGroup(count: options.fanoutCount) : nil
            for _ in 0..<options.fanoutCount {
                let source = try PacketRingSource(
                    lines: lines, interface: interface, options: options, fanout: group)
                let recorded = recording?.tap(lines, linkType: .ethernet)
                source.tap = recorded?.inlet
                add(source, lines, recorded)
            }
        case .xdp:
            let source = try XDPSource(lines: lines, interface: interface, options: options)
            for remark in source.remarks { logger.notice("\(source.name): \(remark)") }
            let recorded = recording?.tap(lines, linkType: .ethernet)
            source.tap = recorded?.inlet
            add(source, lines, recorded)
        default:
            let source = try PcapSource(lines: lines, interface: interface, options: options)
            let recorded = recording?.tap(lines, linkType: source.linkType)
            source.tap = recorded?.inlet
            add(source, lines, recorded)
        }
    }

    private func add(
        _ source: any PacketSource, _ lines: [CaptureLine], _ recorded: RecordedSource?
    ) {
        opened.append(Opened(source: source, lines: lines.map(\.index), recorded: recorded))
    }
}
